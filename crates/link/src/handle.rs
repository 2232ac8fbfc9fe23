//! What the daemon holds of a running link: how much it can take, what it says of itself, and how to stop it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use super::status::LinkStatus;
use super::trace::{Shown, Trace};
use postrider_model::{AckToken, Capacity, LinkHealth, LinkName, Submission, TraceLine};

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
    /// Segments that were taken and have no outcome yet.
    held: AtomicUsize,
    /// Of those, the ones of a modem's present message: they take no room, so that its next message can be there in time.
    leaving: AtomicUsize,
    held_max: AtomicUsize,
    status: Mutex<LinkStatus>,
    wake: Arc<Notify>,
    turns: AtomicU64,
    /// What passed lately.
    pub trace: Arc<Trace>,
}

impl Shared {
    pub fn new(status: LinkStatus, held_max: usize, wake: Arc<Notify>) -> Self {
        Self {
            up: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            leaving: AtomicUsize::new(0),
            held_max: AtomicUsize::new(held_max),
            status: Mutex::new(status),
            wake,
            turns: AtomicU64::new(0),
            trace: Arc::default(),
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

    /// Segments got their first outcome.
    pub fn release(&self, segments: usize) {
        if segments > 0 {
            self.ring_for(|| {
                self.held.fetch_sub(segments, Ordering::AcqRel);
            });
        }
    }

    /// How many segments belong to the message that leaves now.
    pub fn set_leaving(&self, segments: usize) {
        self.ring_for(|| self.leaving.store(segments, Ordering::Release));
    }

    /// How many segments may be held besides those that leave now.
    pub fn set_held_max(&self, segments: usize) {
        self.ring_for(|| self.held_max.store(segments, Ordering::Release));
    }

    /// Rings when a change makes enough places free for a message of any length, and only at the moment when they become
    /// so: a ring for each answer would keep the dispatcher busy with crumbs.
    fn ring_for(&self, change: impl FnOnce()) {
        let before = self.has_room();
        change();
        if !before && self.has_room() {
            self.wake.notify_one();
        }
    }

    pub fn held(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    fn free(&self, held: usize) -> usize {
        let room = self.held_max.load(Ordering::Acquire) + self.leaving.load(Ordering::Acquire);
        room.saturating_sub(held)
    }

    /// Whether a quarter of its places is free; it rings when that becomes so.
    fn has_room(&self) -> bool {
        self.free(self.held()) >= (self.held_max.load(Ordering::Acquire) / 4).max(1)
    }

    fn capacity(&self) -> usize {
        if self.up.load(Ordering::Acquire) { self.free(self.held()) } else { 0 }
    }

    /// Whether nothing waits behind what leaves now.
    fn is_idle(&self, held: usize) -> bool {
        held <= self.leaving.load(Ordering::Acquire)
    }

    /// Takes places for `segments`, if the link is up and they are free. A message longer than the whole link is taken
    /// when nothing else waits.
    fn reserve(&self, segments: usize) -> bool {
        let fits = |held: usize| (self.is_idle(held) || segments <= self.free(held)).then_some(held + segments);
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

    /// Whether it takes one message of any length now: nothing waits behind the one that is leaving.
    pub fn is_idle(&self) -> bool {
        self.shared.is_idle(self.shared.held())
    }

    /// Whether it has room that it will not ring for: it rings only at the moment when there becomes enough.
    pub fn has_room(&self) -> bool {
        self.shared.capacity() > 0 && self.shared.has_room()
    }

    /// Hands over a leased message. Each of its turns gets an outcome.
    ///
    /// # Errors
    /// Gives the submission back when the link is down, paused or full; no byte of it left.
    #[expect(clippy::result_large_err, reason = "it is given back as it came, and seldom")]
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

    /// Segments that it holds, sent or not.
    pub fn held(&self) -> usize {
        self.shared.held()
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

    /// What passed over it lately, oldest first.
    pub fn trace(&self, shown: Shown) -> Vec<TraceLine> {
        self.shared.trace.lines(shown)
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
    use postrider_model::Timestamp;

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

    #[test]
    fn a_slow_modem_has_its_next_message_and_no_more() {
        let shared = shared(1);
        shared.set_up(true);
        assert!(rang(&shared) && shared.reserve(3));
        assert_eq!(shared.capacity(), 0);
        shared.set_leaving(3);
        assert!(rang(&shared), "the message leaves, so the next one may come");
        assert!(shared.reserve(5), "a message of any length");
        assert!(!shared.reserve(1));
        for left in [2, 1, 0] {
            shared.set_leaving(left);
            shared.release(1);
            assert!(!rang(&shared) && !shared.reserve(1));
        }
        shared.set_leaving(5);
        assert!(rang(&shared) && shared.reserve(1));
    }

    #[test]
    fn a_modem_that_turns_out_fast_takes_more_at_a_time() {
        let shared = shared(1);
        shared.set_up(true);
        assert!(rang(&shared) && shared.reserve(1));
        shared.set_held_max(16);
        assert!(rang(&shared));
        assert_eq!(shared.capacity(), 15);
    }
}
