//! What the daemon holds of a running link: how much it can take, what it says of itself, and how to stop it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use super::status::LinkStatus;
use crate::model::{AckToken, Capacity, LinkHealth, LinkName, Submission};

/// The longest that the loop of a link waits for anything before it turns.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(10);

/// What the store made of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckResult {
    /// It is stored; the carrier may forget it.
    Ok,
    /// Not now: the carrier is to deliver it again later.
    Temporary,
    /// It will never be taken.
    Permanent,
}

/// What handle and task share.
#[derive(Debug)]
pub(super) struct Shared {
    up: AtomicBool,
    held: AtomicUsize,
    held_max: usize,
    status: Mutex<LinkStatus>,
    wake: Arc<Notify>,
    turns: AtomicU64,
}

impl Shared {
    pub fn new(status: LinkStatus, held_max: usize, wake: Arc<Notify>) -> Self {
        Self {
            up: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            held_max,
            status: Mutex::new(status),
            wake,
            turns: AtomicU64::new(0),
        }
    }

    /// Changes the snapshot. It is a value and nothing depends on it, so a poisoned lock is as good as a clean one.
    pub fn status(&self) -> MutexGuard<'_, LinkStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The link's loop turned once more. It does so at least every [`IDLE_MAX`], whatever it waits for, so that one that
    /// is stuck can be told from one that is idle.
    pub fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// Opens or closes the door for submissions; opening rings for work.
    pub fn set_up(&self, up: bool) {
        if !self.up.swap(up, Ordering::AcqRel) && up {
            self.wake.notify_one();
        }
    }

    /// Segments got their first outcome. Rings when enough places are free for a message of any length, and only at the
    /// moment when they become so: a ring for each answer would keep the dispatcher busy with crumbs.
    pub fn release(&self, segments: usize) {
        if segments == 0 {
            return;
        }
        let before = self.held.fetch_sub(segments, Ordering::AcqRel);
        let (free_before, free_after) = (self.free(before), self.free(before.saturating_sub(segments)));
        let enough = self.held_max / 4;
        if free_before < enough && free_after >= enough {
            self.wake.notify_one();
        }
    }

    pub fn held(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    fn free(&self, held: usize) -> usize {
        self.held_max.saturating_sub(held)
    }

    fn capacity(&self) -> usize {
        if self.up.load(Ordering::Acquire) { self.free(self.held()) } else { 0 }
    }

    /// Takes places for `segments`, if the link is up and they are free. A message longer than the whole link is taken
    /// when nothing else is held.
    fn reserve(&self, segments: usize) -> bool {
        let fits = |held: usize| (held == 0 || segments <= self.free(held)).then_some(held + segments);
        self.up.load(Ordering::Acquire) && self.held.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok()
    }
}

/// A running link.
#[derive(Debug, Clone)]
pub struct LinkHandle {
    pub(super) name: LinkName,
    pub(super) shared: Arc<Shared>,
    pub(super) offers: mpsc::Sender<Submission>,
    pub(super) acks: mpsc::Sender<(AckToken, AckResult)>,
    pub(super) stop: watch::Sender<Option<Duration>>,
    pub(super) stopped: watch::Receiver<bool>,
}

impl LinkHandle {
    /// The link's name.
    pub fn name(&self) -> &LinkName {
        &self.name
    }

    /// How often its loop turned.
    pub fn turns(&self) -> u64 {
        self.shared.turns.load(Ordering::Relaxed)
    }

    /// How many segments it can take now.
    pub fn capacity(&self) -> Capacity {
        Capacity { free_segments: self.shared.capacity() }
    }

    /// Hands over a leased message. Each of its turns gets an outcome.
    ///
    /// # Errors
    /// Gives the submission back when the link is down, paused or full; no byte of it left.
    pub fn offer(&self, submission: Submission) -> Result<(), Submission> {
        let segments = submission.turns.len();
        if segments == 0 {
            return Ok(());
        }
        if !self.shared.reserve(segments) {
            return Err(submission);
        }
        self.offers.try_send(submission).map_err(|refused| {
            self.shared.release(segments);
            match refused {
                mpsc::error::TrySendError::Full(submission) | mpsc::error::TrySendError::Closed(submission) => {
                    submission
                }
            }
        })
    }

    /// Answers a delivery. A token of a session that is gone is dropped: the carrier delivers it again.
    pub fn ack(&self, token: AckToken, result: AckResult) {
        // The channel holds more than the inbound window, so it is full only when the link is stuck. Then the carrier
        // delivers again, which is what a lost answer means anyway.
        let _ = self.acks.try_send((token, result));
    }

    /// How the link is, as the dispatcher sees it.
    pub fn health(&self) -> LinkHealth {
        self.shared.status().health.clone()
    }

    /// A snapshot of everything that is known of it.
    pub fn status(&self) -> LinkStatus {
        let mut status = self.shared.status().clone();
        status.held = self.shared.held();
        status
    }

    /// Begins to stop: nothing new is taken, what never left comes back, what waits for answers gets up to `limit`.
    pub fn begin_shutdown(&self, limit: Duration) {
        self.stop.send_if_modified(|asked| {
            let first = asked.is_none();
            *asked = Some(limit);
            first
        });
    }

    /// Waits until every segment has its outcome and the connection is closed.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.clone();
        // An error means that the task is gone, which is what is waited for.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }

    /// Stops within `limit`: the window settles, then `unbind`, then the connection closes.
    pub async fn shutdown(&self, limit: Duration) {
        self.begin_shutdown(limit);
        self.stopped().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn shared(held_max: usize) -> Shared {
        let status = LinkStatus::new(LinkName::new("north", 1), String::new(), 10, Timestamp::default());
        Shared::new(status, held_max, Arc::new(Notify::new()))
    }

    fn rang(shared: &Shared) -> bool {
        use std::future::Future;
        use std::task::{Context, Waker};
        let mut ring = std::pin::pin!(shared.wake.notified());
        ring.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn nothing_is_taken_while_the_link_is_down() {
        let shared = shared(40);
        assert_eq!(shared.capacity(), 0);
        assert!(!shared.reserve(1));
        shared.set_up(true);
        assert!(rang(&shared), "coming up rings for work");
        assert_eq!(shared.capacity(), 40);
    }

    #[test]
    fn places_are_reserved_whole_or_not_at_all() {
        let shared = shared(40);
        shared.set_up(true);
        assert!(shared.reserve(35));
        assert!(!shared.reserve(6));
        assert!(shared.reserve(5));
        assert_eq!(shared.capacity(), 0);
        shared.release(40);
        assert!(shared.reserve(255), "longer than the link, and alone");
        assert!(!shared.reserve(1));
    }

    #[test]
    fn the_bell_rings_once_when_enough_is_free() {
        let shared = shared(40);
        shared.set_up(true);
        assert!(rang(&shared) && shared.reserve(40));
        let rings = (0..40)
            .filter(|_| {
                shared.release(1);
                rang(&shared)
            })
            .count();
        assert_eq!(rings, 1);
    }
}
