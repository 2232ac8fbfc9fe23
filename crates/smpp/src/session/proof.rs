//! Decides which of the peer's requests are known to have got our answer, and when to ask for a sign of it.
//!
//! ```text
//!            an answer of ours leaves             PROOF_WAIT, or any request of ours
//! Quiet ─────────────────────────▶ Unasked ───────────────────────────────────────▶ Asked
//!   ▲                                          the peer answers that request: read   │
//!   └──────────────────────────── it does not, though it answers later ones: missed ─┘
//! ```
//!
//! One TCP connection keeps the order of octets, so a peer that answers a request of ours has read what left before it.
//! It is the first request behind an answer that counts: a peer that hung for a while and threw away what it was sent
//! answers later ones, too. Nothing else shows it: what the kernel took may never arrive.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long an answer may stay unproven before an `enquire_link` asks for a sign. A busy receiver would otherwise never be
/// asked, since all that it delivers counts as a sign of life.
pub const PROOF_WAIT: Duration = Duration::from_secs(2);

/// Answers whose sign is awaited at a time, as spans; more than a window of requests can make.
const SPANS_MAX: usize = 1_024;

/// What is known of some answers in a row. Requests of the peer are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The last one before them.
    pub after: u64,
    /// The last of them.
    pub up_to: u64,
    /// Whether the peer read them for certain; otherwise that will never be known.
    pub read: bool,
}

/// The answers between two requests of ours. The second one proves them.
#[derive(Debug)]
struct Span {
    sequence: u32,
    up_to: u64,
    /// An `enquire_link` or `unbind`, which peers answer before anything that is sent later.
    control: bool,
    read: Option<bool>,
}

/// The answers of one session.
#[derive(Debug, Default)]
pub struct Proof {
    /// Everything up to here is known.
    known_to: u64,
    /// A request of ours left behind the answers up to here.
    covered_to: u64,
    spans: VecDeque<Span>,
    due: Option<Instant>,
}

impl Proof {
    /// Answers up to `answered_to` have been written.
    pub fn handle_answered(&mut self, now: Instant, answered_to: u64) {
        if answered_to > self.covered_to && self.due.is_none() {
            self.due = Some(now + PROOF_WAIT);
        }
    }

    /// A request of ours was written behind the answers up to `answered_to`.
    pub fn handle_request(&mut self, sequence: u32, control: bool, answered_to: u64) {
        self.due = None;
        // Answers beyond the bound stay unproven: they join the span of the next request that has one.
        if answered_to > self.covered_to && self.spans.len() < SPANS_MAX {
            self.covered_to = answered_to;
            self.spans.push_back(Span { sequence, up_to: answered_to, control, read: None });
        }
    }

    /// The peer answered our request with this number.
    pub fn handle_response(&mut self, sequence: u32) {
        let Some(place) = self.spans.iter().position(|span| span.sequence == sequence) else {
            // A control request that proves nothing new shows all the same that the ones before it were thrown away.
            return self.overtake(|span| span.sequence < sequence);
        };
        if let Some(span) = self.spans.get_mut(place)
            && span.read.is_none()
        {
            span.read = Some(true);
        }
        let up_to = self.spans.get(place).map_or(0, |span| span.up_to);
        self.overtake(|span| span.up_to < up_to);
    }

    fn overtake(&mut self, before: impl Fn(&Span) -> bool) {
        let passed = self.spans.iter_mut().filter(|span| span.control && span.read.is_none() && before(span));
        passed.for_each(|span| span.read = Some(false));
    }

    /// Our request with this number will not be answered in time.
    pub fn handle_expired(&mut self, sequence: u32) {
        if let Some(span) = self.spans.iter_mut().find(|span| span.sequence == sequence && span.read.is_none()) {
            span.read = Some(false);
        }
    }

    /// The peer ended the session in order, after it got our answers up to `answered_to`.
    pub fn handle_end(&mut self, answered_to: u64) {
        self.spans.iter_mut().filter(|span| span.read.is_none()).for_each(|span| span.read = Some(true));
        if answered_to > self.covered_to {
            self.covered_to = answered_to;
            self.spans.push_back(Span { sequence: 0, up_to: answered_to, control: true, read: Some(true) });
        }
    }

    /// What became known, in order; call it until it is `None`.
    pub fn poll_known(&mut self) -> Option<Known> {
        let read = self.spans.front()?.read?;
        let after = self.known_to;
        while let Some(span) = self.spans.pop_front_if(|span| span.read == Some(read)) {
            self.known_to = span.up_to;
        }
        Some(Known { after, up_to: self.known_to, read })
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

    fn known(after: u64, up_to: u64, read: bool) -> Option<Known> {
        Some(Known { after, up_to, read })
    }

    #[test]
    fn only_a_response_to_a_later_request_proves_anything() {
        let mut proof = Proof::default();
        proof.handle_request(7, true, 0);
        proof.handle_answered(start(), 3);
        proof.handle_response(7);
        assert_eq!(proof.poll_known(), None, "asked before the answers left");
        proof.handle_request(8, true, 3);
        assert_eq!(proof.poll_known(), None);
        proof.handle_response(8);
        assert_eq!((proof.poll_known(), proof.poll_known()), (known(0, 3, true), None));
        proof.handle_response(8);
        assert_eq!(proof.poll_known(), None, "a doubled response is no news");
    }

    #[test]
    fn a_sign_is_asked_for_once_after_a_while_and_not_when_a_request_left_anyway() {
        let (start, mut proof) = (start(), Proof::default());
        assert_eq!(proof.poll_timeout(), None);
        proof.handle_answered(start, 1);
        proof.handle_answered(start + Duration::from_secs(1), 2);
        assert_eq!(proof.poll_timeout(), Some(start + PROOF_WAIT), "the first one sets the time");
        proof.handle_request(1, false, 2);
        assert_eq!(proof.poll_timeout(), None);
        proof.handle_answered(start, 2);
        assert_eq!(proof.poll_timeout(), None, "covered already");
    }

    #[test]
    fn a_peer_that_threw_away_what_it_was_sent_proves_nothing_of_that_time() {
        let mut proof = Proof::default();
        proof.handle_request(1, true, 1);
        proof.handle_request(2, true, 1);
        proof.handle_response(2);
        assert_eq!(proof.poll_known(), known(0, 1, false), "the first question was ignored");
        proof.handle_request(3, false, 2);
        proof.handle_request(4, false, 3);
        proof.handle_response(4);
        assert_eq!(proof.poll_known(), None, "submissions are answered in any order");
        proof.handle_expired(3);
        assert_eq!(proof.poll_known(), known(1, 2, false));
        assert_eq!(proof.poll_known(), known(2, 3, true));
        proof.handle_response(3);
        assert_eq!(proof.poll_known(), None, "too late");
    }

    #[test]
    fn an_orderly_end_proves_the_rest() {
        let mut proof = Proof::default();
        proof.handle_request(1, false, 1);
        proof.handle_end(4);
        assert_eq!((proof.poll_known(), proof.poll_known()), (known(0, 4, true), None));
    }

    #[test]
    fn what_is_awaited_is_bounded() {
        let mut proof = Proof::default();
        for sequence in 1..=2_000 {
            proof.handle_request(sequence, false, u64::from(sequence));
        }
        assert_eq!(proof.spans.len(), SPANS_MAX);
        (1..=2_000).for_each(|sequence| proof.handle_response(sequence));
        assert_eq!(proof.poll_known(), known(0, SPANS_MAX as u64, true));
        proof.handle_request(2_001, false, 2_000);
        proof.handle_response(2_001);
        assert_eq!(proof.poll_known(), known(SPANS_MAX as u64, 2_000, true));
    }
}
