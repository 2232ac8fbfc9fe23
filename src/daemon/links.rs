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
<<<<<<< HEAD
<<<<<<< HEAD
    /// Weak, since the settler holds the links too and ends when the last strong one is gone.
=======
    /// Weak, since the settler holds the links too: it ends when the last link and the dispatcher are gone.
>>>>>>> cli
    events: mpsc::WeakSender<LinkEvents>,
=======
    /// Gone once all links were stopped. The settler holds a clone of this and ends when nobody can report any more, so
    /// a sender that stayed here would keep the settler, and the process, waiting for itself.
    events: Arc<Mutex<Option<mpsc::Sender<LinkEvents>>>>,
>>>>>>> interop
    wake: Arc<Notify>,
}

impl Links {
    /// No links yet; those that start report to `events` and ring `wake` when they have room.
<<<<<<< HEAD
    pub fn new(events: &mpsc::Sender<LinkEvents>, wake: Arc<Notify>) -> Self {
        Self { running: Arc::default(), events: events.downgrade(), wake }
=======
    pub fn new(events: mpsc::Sender<LinkEvents>, wake: Arc<Notify>) -> Self {
        Self { running: Arc::default(), events: Arc::new(Mutex::new(Some(events))), wake }
>>>>>>> interop
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LinkName, LinkHandle>> {
        // The map is whole after every statement, so a panic elsewhere leaves it usable.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

<<<<<<< HEAD
    /// Starts a link, unless the daemon stops.
    pub fn start(&self, mut settings: SmppLinkSettings) {
<<<<<<< HEAD
        // Nobody settles any more: the daemon stops.
=======
>>>>>>> cli
        let Some(events) = self.events.upgrade() else { return };
=======
    /// Starts a link, unless all were stopped.
    pub fn start(&self, mut settings: SmppLinkSettings) {
        let Some(events) = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
>>>>>>> interop
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

    /// Stops all links at once and for good, each within `limit`. Returns those that still waited for answers when they
    /// were asked.
    pub async fn stop_all(&self, limit: Duration) -> Vec<(LinkName, usize)> {
        drop(self.events.lock().unwrap_or_else(PoisonError::into_inner).take());
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
                LinkOffer { name: handle.name().clone(), free, idle: handle.status().held == 0 }
            })
            .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_listens_to_the_links_hears_that_all_are_gone_though_it_holds_them_itself() {
        let (events, mut reported) = mpsc::channel(1);
        let links = Links::new(events, Arc::default());
        let held_by_the_listener = links.clone();
        links.stop_all(Duration::ZERO).await;
        assert!(reported.recv().await.is_none());
        drop(held_by_the_listener);
    }
}
