//! Decides how many of the peer's requests are known to have got our answer, and when to ask for a sign of it.
//!
//! ```text
//!            an answer of ours leaves                  PROOF_WAIT
//! All read ─────────────────────────▶ Unasked ─────────────────────────▶ enquire_link ─▶ Asked
//!    ▲                                   └──── any request of ours leaves ────────────────▶ │
//!    └──────────────────────── the peer answers that request ───────────────────────────────┘
//! ```
//!
//! One TCP connection keeps the order of octets, so a peer that answers a request of ours has read every answer that left
//! before that request. Nothing else shows it: what the kernel took may never arrive.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long an answer may stay unproven before an `enquire_link` asks for a sign. A busy receiver would otherwise never be
/// asked, since all that it delivers counts as a sign of life.
pub const PROOF_WAIT: Duration = Duration::from_secs(2);

/// Control requests that may wait for their answers before the oldest is given up.
const ASKED_MAX: usize = 8;

/// What is known of the answers of one session. Requests of the peer are counted from 1; "up to n" means the first n.
#[derive(Debug, Default)]
pub struct Proof {
    /// The peer read the answers up to here.
    read_to: u64,
    /// A request of ours left after the answers up to here.
    covered_to: u64,
    /// Our control requests that wait, with what each one covers.
    asked: VecDeque<(u32, u64)>,
    due: Option<Instant>,
}

impl Proof {
    /// The peer read the answers to so many of its requests.
    pub fn read_to(&self) -> u64 {
        self.read_to
    }

    /// Answers up to `answered_to` have been written.
    pub fn handle_answered(&mut self, now: Instant, answered_to: u64) {
        if answered_to > self.covered_to && self.due.is_none() {
            self.due = Some(now + PROOF_WAIT);
        }
    }

    /// A request was written behind the answers up to `answered_to`; whoever keeps it tells of its answer by
    /// [`Proof::handle_read`].
    pub fn handle_request(&mut self, answered_to: u64) {
        self.covered_to = self.covered_to.max(answered_to);
        self.due = None;
    }

    /// A control request with this number was written behind the answers up to `answered_to`.
    pub fn handle_control(&mut self, sequence: u32, answered_to: u64) {
        self.handle_request(answered_to);
        if self.asked.len() >= ASKED_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back((sequence, answered_to));
    }

    /// The peer answered a request that covers the answers up to `covers`; `true` if that is news.
    pub fn handle_read(&mut self, covers: u64) -> bool {
        let news = covers > self.read_to;
        self.read_to = self.read_to.max(covers);
        news
    }

    /// The peer answered the control request with this number, if it was one; `true` if that is news.
    pub fn handle_control_answer(&mut self, sequence: u32) -> bool {
        let Some(place) = self.asked.iter().position(|(asked, _)| *asked == sequence) else { return false };
        // Those before it are overtaken: what they cover, this one covers.
        let covers = self.asked.drain(..=place).next_back().map_or(0, |(_, covers)| covers);
        self.handle_read(covers)
    }

    /// When an `enquire_link` is to ask for a sign.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.due
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
    fn only_an_answer_to_a_later_request_proves_anything() {
        let mut proof = Proof::default();
        proof.handle_control(7, 0);
        proof.handle_answered(start(), 3);
        assert!(!proof.handle_control_answer(7), "asked before the answers left");
        assert_eq!(proof.read_to(), 0);
        proof.handle_control(8, 3);
        assert!(proof.handle_control_answer(8));
        assert_eq!(proof.read_to(), 3);
        assert!(!proof.handle_control_answer(8), "a doubled answer is no news");
    }

    #[test]
    fn a_sign_is_asked_for_once_after_a_while_and_not_when_a_request_left_anyway() {
        let (start, mut proof) = (start(), Proof::default());
        assert_eq!(proof.poll_timeout(), None);
        proof.handle_answered(start, 1);
        proof.handle_answered(start + Duration::from_secs(1), 2);
        assert_eq!(proof.poll_timeout(), Some(start + PROOF_WAIT), "the first one sets the time");
        proof.handle_request(2);
        assert_eq!(proof.poll_timeout(), None);
        proof.handle_answered(start, 2);
        assert_eq!(proof.poll_timeout(), None, "covered already");
    }

    #[test]
    fn an_unanswered_question_is_overtaken_by_the_next() {
        let mut proof = Proof::default();
        for sequence in 1..=20 {
            proof.handle_control(sequence, u64::from(sequence));
        }
        assert_eq!(proof.asked.len(), ASKED_MAX);
        assert!(!proof.handle_control_answer(1), "given up");
        assert!(proof.handle_control_answer(20));
        assert_eq!((proof.read_to(), proof.asked.len()), (20, 0));
    }
}
