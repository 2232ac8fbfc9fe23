//! The housekeeper's loop: timers of messages, room on the disk, and the proof of life for systemd.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::bells::Bells;
use super::clock::now;
use super::systemd::Systemd;
use super::watch::{Beat, Change, PATIENCE, Watch};
use crate::model::catalog;
use crate::pipeline::{Turn, Wakes, sweep};
use crate::store::{Store, StoreError};

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);
/// How many bounded sweeps one look does at the most.
const SWEEPS_MAX: usize = 20;

/// Whether there is room for new messages on the disk.
#[derive(Debug, Clone, Default)]
pub struct DiskRoom(Arc<AtomicBool>);

impl DiskRoom {
    /// Whether the disk has less room than the configuration keeps free.
    pub fn is_short(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the loop needs.
pub struct HousekeeperTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// The database file; its disk is watched.
    pub path: PathBuf,
    /// New messages are refused while less than this is free.
    pub disk_free_min_bytes: u64,
    /// Where the result of that watch goes.
    pub disk: DiskRoom,
    /// The service manager.
    pub systemd: Systemd,
    /// One line about the whole, for `systemctl status`.
    pub status: Box<dyn Fn() -> String + Send + Sync>,
    /// The turns of every other loop, by its name.
    pub turns: Box<dyn Fn() -> Vec<(String, u64)> + Send + Sync>,
}

/// A sweep that the writer may hold up; it is waited for in pieces, so that the rest goes on.
type Sweep = Pin<Box<dyn Future<Output = ()> + Send>>;

impl HousekeeperTask {
    /// Runs until the stop.
    pub async fn run(self) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.bells.stop.clone();
        let (mut watch, writer) = (Watch::default(), Beat::default());
        let mut sweeping: Option<Sweep> = None;
        let mut status_at = None;
        let mut syncing = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.watch_disk();
            if syncing.as_ref().is_none_or(tokio::task::JoinHandle::is_finished) {
                let store = self.store.clone();
                syncing = Some(tokio::task::spawn_blocking(move || store.sync_epoch()));
            }
            // The sweep goes through the writer: if it comes back, the writer turns.
            let sweep = sweeping.get_or_insert_with(|| Box::pin(sweeps(self.store.clone(), self.bells.clone())));
            if timeout(PERIOD, sweep).await.is_ok() {
                writer.turn();
                sweeping = None;
            }
            self.feed(&mut watch, &writer);
            let line = (self.status)();
            if status_at.as_ref() != Some(&line) {
                self.systemd.status(&line);
                status_at = Some(line);
            }
        }
    }

    /// Feeds the watchdog if every loop turns, and says which does not.
    fn feed(&self, watch: &mut Watch, writer: &Beat) {
        let mut turns = (self.turns)();
        turns.push(("writer".to_owned(), writer.turns()));
        for change in watch.look(Instant::now().into_std(), turns) {
            match change {
                Change::Stuck(name) => tracing::error!(
                    message_id = catalog::LOOP_STUCK.id,
                    postrider.task = name,
                    "The {name} has not turned for {} s: the watchdog is fed no more, and the service manager will start \
                     postrider anew",
                    PATIENCE.as_secs()
                ),
                Change::Again(name, after) => tracing::warn!(
                    postrider.task = name,
                    "The {name} turns again, after {} s; the watchdog is fed",
                    after.as_secs()
                ),
            }
        }
        if watch.all_turn() {
            self.systemd.watchdog();
        }
    }

    fn watch_disk(&self) {
        let dir = self.path.parent().unwrap_or(&self.path);
        let Ok(stat) = rustix::fs::statvfs(dir) else { return };
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        let short = free < self.disk_free_min_bytes;
        if self.disk.0.swap(short, Ordering::Relaxed) != short {
            let (free, min) = (free >> 20, self.disk_free_min_bytes >> 20);
            if short {
                tracing::error!(
                    message_id = catalog::DISK_SHORT.id,
                    "Only {free} MiB are free on the disk of {}; new messages are refused until it is {min} MiB",
                    self.path.display()
                );
            } else {
                tracing::info!("The disk has room again ({free} MiB); new messages are accepted");
                self.bells.ring(Wakes { dispatch: true, callbacks: true, steps: true });
            }
        }
    }
}

/// Sweeps until nothing is due, in bounded steps. A sweep that the store refuses has turned the writer all the same.
async fn sweeps(store: Store, bells: Bells) {
    let mut careful = false;
    for _ in 0..SWEEPS_MAX {
        let settings = bells.settings();
        let turn = store.write(move |tx| {
            let turn = Turn::new(tx, &settings, now()).carefully(careful);
            Ok((sweep(&turn)?, turn.wakes()))
        });
        match turn.await {
            Ok((swept, wakes)) => {
                bells.ring(wakes);
                if !swept.more {
                    return;
                }
            }
            // Once more at once, and message by message: the others have their timers.
            Err(StoreError::Row(_)) if !careful => careful = true,
            Err(error) => {
                tracing::warn!(%error, "The sweep of timers failed: {error}");
                return;
            }
        }
    }
}
