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

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a full inbound window stops the reading before requests are refused instead.
pub const STALL_MAX: Duration = Duration::from_secs(5);

/// The peer's unanswered requests.
#[derive(Debug)]
pub struct Inbound<K> {
    size: usize,
    /// How often a sequence number waits: some peers repeat one before it is answered.
    waiting: BTreeMap<(u32, K), u32>,
    count: usize,
    full_since: Option<Instant>,
}

impl<K: Copy + Ord> Inbound<K> {
    /// A window for `size` requests.
    pub fn new(size: usize) -> Self {
        Self { size: size.max(1), waiting: BTreeMap::new(), count: 0, full_since: None }
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether another request fits.
    pub fn has_room(&self) -> bool {
        self.count < self.size
    }

    /// Whether the stream is to be left alone for now.
    pub fn is_holding(&self, now: Instant) -> bool {
        self.full_since.is_some_and(|since| now < since + STALL_MAX)
    }

    /// When holding ends by itself.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.full_since.map(|since| since + STALL_MAX)
    }

    /// Keeps a request that is to be answered later; `false` if there is no room for it.
    pub fn insert(&mut self, now: Instant, sequence: u32, command: K) -> bool {
        if !self.has_room() {
            return false;
        }
        *self.waiting.entry((sequence, command)).or_insert(0) += 1;
        self.count += 1;
        if !self.has_room() {
            self.full_since = Some(now);
        }
        true
    }

    /// Everything that waits, which then no longer does.
    pub fn drain(&mut self) -> Vec<(u32, K)> {
        (self.count, self.full_since) = (0, None);
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting.flat_map(|(key, times)| std::iter::repeat_n(key, times as usize)).collect()
    }

    /// Whether this request waits, and no longer does.
    pub fn take(&mut self, sequence: u32, command: K) -> bool {
        let key = (sequence, command);
        let Some(times) = self.waiting.get_mut(&key) else { return false };
        *times -= 1;
        if *times == 0 {
            self.waiting.remove(&key);
        }
        self.count -= 1;
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
        assert!(inbound.insert(start, 1, 'd'));
        assert!(!inbound.is_holding(start));
        assert!(inbound.insert(start, 2, 'd'));
        assert!(inbound.is_holding(start));
        assert!(!inbound.insert(start, 3, 'd'));
        assert!(!inbound.is_holding(start + STALL_MAX), "stuck for too long: read and refuse");
        assert!(inbound.take(1, 'd'));
        assert!(!inbound.is_holding(start));
        assert!(inbound.insert(start, 3, 'd'));
    }

    #[test]
    fn a_number_that_the_peer_repeats_is_answered_as_often() {
        let start = start();
        let mut inbound = Inbound::new(5);
        assert!(inbound.insert(start, 1, 'd'));
        assert!(inbound.insert(start, 1, 'd'));
        assert!(!inbound.take(1, 'x'));
        assert!(inbound.take(1, 'd'));
        assert!(inbound.take(1, 'd'));
        assert!(!inbound.take(1, 'd'));
        assert!(inbound.is_empty());
    }
}
