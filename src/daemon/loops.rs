//! The loops of a running daemon, and what they share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::bells::Bells;
use super::caretaker::CaretakerTask;
use super::dispatcher::{DispatcherTask, SLOW_MAX};
use super::housekeeper::{DiskRoom, HousekeeperTask};
use super::intake::FolderTask;
use super::links::{LinkEvents, Links};
use super::metrics::Metrics;
use super::notifier::NotifierTask;
use super::notifier_metrics::NotifierMetrics;
use super::settler::SettlerTask;
use super::status::Overview;
use super::stepper::StepperTask;
use super::supervisor::Supervisor;
use super::surroundings::House;
use super::systemd::Systemd;
use super::timekeeper::TimekeeperTask;
use crate::callback::{Poster, Signer};
use crate::config;
use crate::http::{HttpMetrics, PagesMetrics};
use crate::store::Store;

/// What every loop works on.
#[derive(Clone)]
pub struct Core {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// The links.
    pub links: Links,
    /// Where links report.
    pub events: mpsc::Sender<LinkEvents>,
}

/// What is counted and seen of a running daemon.
#[derive(Default)]
pub struct Observed {
    /// Of the API.
    pub http: HttpMetrics,
    /// Of short links and pages.
    pub pages: PagesMetrics,
    /// Of callbacks.
    pub notifier: NotifierMetrics,
    /// Whether the disk has room.
    pub disk: DiskRoom,
}

/// How callbacks are told.
pub struct Callbacks {
    /// Posts them.
    pub poster: Poster,
    /// Signs them.
    pub signer: Signer,
    /// How many are posted to one target at a time.
    pub concurrency: usize,
    /// The age at which one becomes a dead letter.
    pub give_up_after: Duration,
}

/// What single loops need.
pub struct LoopParts {
    /// What the links report.
    pub reports: mpsc::Receiver<LinkEvents>,
    /// What the store kept of the throttles.
    pub kept: BTreeMap<String, i64>,
    /// How callbacks are told.
    pub callbacks: Callbacks,
    /// The folders from which files are taken.
    pub watches: Vec<config::Watch>,
    /// The database file.
    pub path: PathBuf,
    /// New messages are refused while less than this is free on its disk.
    pub disk_free_min_bytes: u64,
}

/// The loops that run.
pub struct Running {
    /// Ends when the last link has reported.
    pub settler: JoinHandle<()>,
    /// The others, which end at the stop.
    pub others: Vec<JoinHandle<()>>,
}

impl Core {
    /// The daemon as the HTTP side sees it.
    pub fn house(&self, observed: &Observed) -> Arc<House> {
        let metrics = Metrics::new(self.store.clone(), &observed.http, &observed.pages, &observed.notifier);
        let (bells, links, disk) = (self.bells.clone(), self.links.clone(), observed.disk.clone());
        Arc::new(House { bells, links, disk, metrics })
    }

    /// Starts every loop.
    pub fn spawn(&self, supervisor: &Supervisor, parts: LoopParts, observed: &Observed) -> Running {
        let Core { store, bells, links, events } = self.clone();
        let LoopParts { reports, kept, callbacks, watches, path, disk_free_min_bytes } = parts;
        let (slow_in, slow) = mpsc::channel(SLOW_MAX);
        let settler = supervisor.spawn_loop("settler", |beat| {
            let (store, bells, links) = (store.clone(), bells.clone(), links.clone());
            SettlerTask { store, bells, links, events: reports, slow: slow_in, beat }.run()
        });
        let mut others = Vec::new();
        others.push(supervisor.spawn_loop("dispatcher", |beat| {
            let (store, bells, links, events) = (store.clone(), bells.clone(), links.clone(), events.clone());
            DispatcherTask { store, bells, links, events, slow, kept, beat }.run()
        }));
        others.push(supervisor.spawn_loop("notifier", |beat| {
            let Callbacks { poster, signer, concurrency, give_up_after } = callbacks;
            let (store, bells, metrics) = (store.clone(), bells.clone(), observed.notifier.clone());
            let (poster, signer) = (Arc::new(poster), Arc::new(signer));
            NotifierTask { store, bells, poster, signer, give_up_after, concurrency, metrics, beat }.run()
        }));
        others.push(supervisor.spawn_loop("timekeeper", |beat| {
            TimekeeperTask { store: store.clone(), bells: bells.clone(), beat }.run()
        }));
        others.push(supervisor.spawn_loop("caretaker", |beat| {
            let (store, bells, links, events) = (store.clone(), bells.clone(), links.clone(), events.clone());
            CaretakerTask { store, bells, links, events, beat }.run()
        }));
        others.push(
            supervisor
                .spawn_loop("stepper", |beat| StepperTask { store: store.clone(), bells: bells.clone(), beat }.run()),
        );
        for watch in watches {
            let name = format!("folder {}", watch.folder.display());
            others.push(supervisor.spawn_loop(&name, |beat| {
                FolderTask { store: store.clone(), bells: bells.clone(), watch, beat }.run()
            }));
        }
        let disk = observed.disk.clone();
        others.push(self.spawn_housekeeper(supervisor, path, disk_free_min_bytes, disk));
        Running { settler, others }
    }

    /// The housekeeper asks all others whether they turn. It feeds the watchdog itself, and so needs no beat.
    fn spawn_housekeeper(
        &self,
        supervisor: &Supervisor,
        path: PathBuf,
        disk_free_min_bytes: u64,
        disk: DiskRoom,
    ) -> JoinHandle<()> {
        let Core { store, bells, links, .. } = self.clone();
        let (beats, turning, tallied, shown) = (supervisor.beats(), links.clone(), store.clone(), links);
        let task = HousekeeperTask {
            store,
            bells,
            path,
            disk_free_min_bytes,
            disk,
            systemd: Systemd,
            status: Box::new(move || Overview::of(&shown, &tallied.tally(), tallied.standing()).line()),
            turns: Box::new(move || {
                let links = turning.handles().into_iter();
                let links = links.map(|handle| (format!("link {}", handle.name()), handle.turns()));
                beats.turns().into_iter().chain(links).collect()
            }),
        };
        supervisor.spawn("housekeeper", task.run())
    }
}
