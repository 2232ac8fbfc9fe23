//! Decides when a carrier that stays bound but answers no submission counts as lost.
//!
//! ```text
//!            submit                    silence_max
//! Quiet ───────────────▶ Waiting ───────────────────▶ Silent
//!   ▲                       │
//!   └── answer, none open ──┘  (an answer with others open starts the wait anew)
//! ```
//! `enquire_link` finds a dead connection; this finds a carrier whose front answers `enquire_link` while what stands
//! behind it is gone. A request that was given up without answer keeps the wait running.

use std::time::{Duration, Instant};

/// The machine.
#[derive(Debug)]
pub struct Silence {
    silence_max: Duration,
    waiting_since: Option<Instant>,
}

impl Silence {
    /// Nothing is awaited yet.
    pub const fn new(silence_max: Duration) -> Self {
        Self { silence_max, waiting_since: None }
    }

    /// A submission left.
    pub fn handle_submit(&mut self, now: Instant) {
        self.waiting_since.get_or_insert(now);
    }

    /// An answer to a submission came, and `open` others still wait for theirs.
    pub fn handle_answer(&mut self, open: usize, now: Instant) {
        self.waiting_since = (open > 0).then_some(now);
    }

    /// When the carrier counts as silent, unless an answer comes.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting_since.map(|since| since + self.silence_max)
    }

    /// Whether the carrier is silent.
    pub fn is_silent(&self, now: Instant) -> bool {
        self.poll_timeout().is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_secs(90);

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn origin() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_carrier_that_answers_nothing_is_silent_after_a_while() {
        let now = origin();
        let mut silence = Silence::new(MAX);
        assert!(!silence.is_silent(now + MAX * 10), "nothing is awaited");
        silence.handle_submit(now);
        silence.handle_submit(now + Duration::from_secs(80));
        assert!(!silence.is_silent(now + Duration::from_secs(89)));
        assert!(silence.is_silent(now + MAX));
    }

    #[test]
    fn every_answer_starts_the_wait_anew() {
        let now = origin();
        let mut silence = Silence::new(MAX);
        silence.handle_submit(now);
        silence.handle_answer(3, now + Duration::from_secs(60));
        assert!(!silence.is_silent(now + Duration::from_secs(149)));
        assert!(silence.is_silent(now + Duration::from_secs(150)));
        silence.handle_answer(0, now + Duration::from_secs(149));
        assert_eq!(silence.poll_timeout(), None);
    }
}
