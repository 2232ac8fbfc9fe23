//! The running links: who can take what, and who gets an answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use crate::link::{AckResult, LinkHandle, SmppLinkSettings, spawn};
use crate::model::{AckToken, LinkEvent, LinkName, Submission, SubmitOutcome, SubmitResult};
use crate::pipeline::LinkOffer;

/// Events of one read of one link.
pub type LinkEvents = (LinkName, Vec<LinkEvent>);

/// The links that run, by name. Reloading the configuration adds and removes some without touching the others.
#[derive(Clone)]
pub struct Links {
    running: Arc<Mutex<BTreeMap<LinkName, LinkHandle>>>,
    /// Weak, since the settler holds the links too and ends when the last strong one is gone.
    events: mpsc::WeakSender<LinkEvents>,
    wake: Arc<Notify>,
}

impl Links {
    /// No links yet; those that start report to `events` and ring `wake` when they have room.
    pub fn new(events: &mpsc::Sender<LinkEvents>, wake: Arc<Notify>) -> Self {
        Self { running: Arc::default(), events: events.downgrade(), wake }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LinkName, LinkHandle>> {
        // The map is whole after every statement, so a panic elsewhere leaves it usable.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a link.
    pub fn start(&self, mut settings: SmppLinkSettings) {
        // Nobody settles any more: the daemon stops.
        let Some(events) = self.events.upgrade() else { return };
        settings.wake = self.wake.clone();
        let name = settings.name.clone();
        let handle = spawn(settings, events);
        self.lock().insert(name, handle);
    }

    /// Stops a link: what waits for answers gets up to `limit`.
    pub async fn stop(&self, name: &LinkName, limit: Duration) {
        let handle = self.lock().get(name).cloned();
        if let Some(handle) = handle {
            handle.shutdown(limit).await;
            self.lock().remove(name);
        }
    }

    /// Stops all links at once, each within `limit`. Returns those that still waited for answers when they were asked.
    pub async fn stop_all(&self, limit: Duration) -> Vec<(LinkName, usize)> {
        let handles: Vec<LinkHandle> = self.handles();
        for handle in &handles {
            handle.begin_shutdown(limit);
        }
        let mut awaited = Vec::new();
        for handle in handles {
            let held = handle.status().held;
            if held > 0 {
                awaited.push((handle.name().clone(), held));
            }
            handle.stopped().await;
        }
        self.lock().clear();
        awaited
    }

    /// The handles of all links, in the order of their names.
    pub fn handles(&self) -> Vec<LinkHandle> {
        self.lock().values().cloned().collect()
    }

    /// What the links that are up can take now.
    pub fn offers(&self) -> Vec<LinkOffer> {
        self.lock()
            .values()
            .filter(|handle| matches!(handle.health(), crate::model::LinkHealth::Up))
            .map(|handle| {
                let free = handle.capacity().free_segments;
                LinkOffer::new(handle.name().clone(), free, handle.status().held == 0)
            })
            .collect()
    }

    /// Whether a link has room that it will not ring for: it rings only at the moment when a quarter becomes free.
    pub fn have_room(&self) -> bool {
        self.lock().values().any(|handle| {
            let free = handle.capacity().free_segments;
            free > 0 && free * 4 >= free + handle.status().held
        })
    }

    /// Hands a leased message over. What a link does not take any more is reported as certainly not sent.
    pub fn offer(&self, name: &LinkName, submission: Submission) -> Option<LinkEvents> {
        let handle = self.lock().get(name).cloned();
        let back = match handle {
            Some(handle) => handle.offer(submission).err()?,
            None => submission,
        };
        let events = back.turns.iter().map(|turn| {
            let outcome = SubmitOutcome::NotSent { reason: format!("link {name} took no more") };
            let (message, attempt) = (back.message, back.attempt);
            LinkEvent::Submit(SubmitResult { message, attempt, index: turn.index, outcome })
        });
        Some((name.clone(), events.collect()))
    }

    /// Answers what a link delivered, after the store has it.
    pub fn ack(&self, name: &LinkName, tokens: impl IntoIterator<Item = AckToken>, result: AckResult) {
        let Some(handle) = self.lock().get(name).cloned() else { return };
        for token in tokens {
            handle.ack(token, result);
        }
    }
}
