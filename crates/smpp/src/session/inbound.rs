//! Counts the peer's requests that wait for our answer, and says when to read no further.
//!
//! ```text
//!         full                     STALL_MAX                     an answer
//! Open ─────────▶ Full (not read) ───────────▶ Refusing (read) ───────────▶ Open
//!   ▲               │ an answer
//!   └───────────────┘
//! ```
//!
//! Not reading for a moment is the gentle brake: TCP slows the peer and nothing is refused. When our side stays stuck,
//! reading goes on and requests above the limit are refused, so that `enquire_link` is still answered.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long a full inbound window stops the reading before requests are refused instead.
pub const STALL_MAX: Duration = Duration::from_secs(5);

/// The peer's unanswered requests.
#[derive(Debug)]
pub struct Inbound<K> {
    size: usize,
    /// What waits, with its place among all that came: some peers repeat a number before it is answered.
    waiting: BTreeSet<(u32, K, u64)>,
    /// The places of what waits.
    open: BTreeSet<u64>,
    /// The place of the newest.
    last: u64,
    full_since: Option<Instant>,
}

impl<K: Copy + Ord> Inbound<K> {
    /// A window for `size` requests.
    pub fn new(size: usize) -> Self {
        Self { size: size.max(1), waiting: BTreeSet::new(), open: BTreeSet::new(), last: 0, full_since: None }
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// So many of the requests that came, counted from the first, have their answer.
    pub fn answered_to(&self) -> u64 {
        self.open.first().map_or(self.last, |first| first - 1)
    }

    /// Whether another request fits.
    pub fn has_room(&self) -> bool {
        self.len() < self.size
    }

    /// Whether the stream is to be left alone for now.
    pub fn is_holding(&self, now: Instant) -> bool {
        self.full_since.is_some_and(|since| now < since + STALL_MAX)
    }

    /// When holding ends by itself.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.full_since.map(|since| since + STALL_MAX)
    }

    /// Keeps a request that is to be answered later, and gives its place among all of them, from 1; `None` if there is no
    /// room for it.
    pub fn insert(&mut self, now: Instant, sequence: u32, command: K) -> Option<u64> {
        if !self.has_room() {
            return None;
        }
        self.last += 1;
        self.waiting.insert((sequence, command, self.last));
        self.open.insert(self.last);
        if !self.has_room() {
            self.full_since = Some(now);
        }
        Some(self.last)
    }

    /// Everything that waits, which then no longer does.
    pub fn drain(&mut self) -> Vec<(u32, K)> {
        self.full_since = None;
        self.open.clear();
        std::mem::take(&mut self.waiting).into_iter().map(|(sequence, command, _)| (sequence, command)).collect()
    }

    /// Whether this request waits, and no longer does.
    pub fn take(&mut self, sequence: u32, command: K) -> bool {
        let named = (sequence, command, 0)..=(sequence, command, u64::MAX);
        let Some(oldest) = self.waiting.range(named).next().copied() else { return false };
        self.waiting.remove(&oldest);
        self.open.remove(&oldest.2);
        self.full_since = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "the tests' zero")]
        Instant::now()
    }

    #[test]
    fn a_full_window_holds_for_a_while_and_an_answer_opens_it() {
        let start = start();
        let mut inbound = Inbound::new(2);
        assert!(inbound.insert(start, 1, 'd').is_some());
        assert!(!inbound.is_holding(start));
        assert!(inbound.insert(start, 2, 'd').is_some());
        assert!(inbound.is_holding(start));
        assert!(inbound.insert(start, 3, 'd').is_none());
        assert!(!inbound.is_holding(start + STALL_MAX), "stuck for too long: read and refuse");
        assert!(inbound.take(1, 'd'));
        assert!(!inbound.is_holding(start));
        assert!(inbound.insert(start, 3, 'd').is_some());
    }

    #[test]
    fn a_number_that_the_peer_repeats_is_answered_as_often() {
        let start = start();
        let mut inbound = Inbound::new(5);
        assert!(inbound.insert(start, 1, 'd').is_some());
        assert!(inbound.insert(start, 1, 'd').is_some());
        assert!(!inbound.take(1, 'x'));
        assert!(inbound.take(1, 'd'));
        assert!(inbound.take(1, 'd'));
        assert!(!inbound.take(1, 'd'));
        assert!(inbound.is_empty());
    }
    #[test]
    fn what_is_answered_is_counted_without_gaps() {
        let start = start();
        let mut inbound = Inbound::new(5);
        assert_eq!(inbound.answered_to(), 0);
        let places: Vec<_> = [7, 8, 7].map(|sequence| inbound.insert(start, sequence, 'd')).into();
        assert_eq!(places, [Some(1), Some(2), Some(3)]);
        assert!(inbound.take(8, 'd'));
        assert_eq!(inbound.answered_to(), 0, "the first still waits");
        assert!(inbound.take(7, 'd'));
        assert_eq!(inbound.answered_to(), 2);
        assert!(inbound.take(7, 'd'));
        assert_eq!(inbound.answered_to(), 3);
    }
}
