//! Decides when a bound session sends `enquire_link`, and when the peer counts as lost.
//!
//! ```text
//!           idle                        response, misses_max times
//! Quiet ───────────▶ Waiting ───────────────────────────────────▶ lost
//!   ▲                 │   ▲ │
//!   │   any octet     │   └─┘ response: one more enquire_link
//!   └─────────────────┘
//! ```

use std::time::{Duration, Instant};

/// Watches the silence of one peer.
#[derive(Debug)]
pub struct Keepalive {
    idle: Duration,
    response: Duration,
    misses_max: u32,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Nothing is asked; the peer was last heard at this instant.
    Quiet { heard_at: Instant },
    /// An `enquire_link` waits for its answer since this instant, after so many unanswered ones.
    Waiting { asked_at: Instant, misses: u32 },
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Wait,
    /// Send `enquire_link`.
    Ask,
    /// The peer is gone: close.
    Lost,
}

impl Keepalive {
    /// Starts watching at `now`: ask after `idle` of silence, give up after `misses_max` questions of `response` each.
    pub fn new(now: Instant, idle: Duration, response: Duration, misses_max: u32) -> Self {
        Self { idle, response, misses_max: misses_max.max(1), state: State::Quiet { heard_at: now } }
    }

    /// Whatever comes from the peer proves it alive.
    pub fn handle_heard(&mut self, now: Instant) {
        self.state = State::Quiet { heard_at: now };
    }

    /// The next instant at which [`Keepalive::handle_timeout`] has something to say.
    pub fn poll_timeout(&self) -> Instant {
        match self.state {
            State::Quiet { heard_at } => heard_at + self.idle,
            State::Waiting { asked_at, .. } => asked_at + self.response,
        }
    }

    /// Says what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) -> Verdict {
        if now < self.poll_timeout() {
            return Verdict::Wait;
        }
        let misses = match self.state {
            State::Quiet { .. } => 0,
            State::Waiting { misses, .. } => misses + 1,
        };
        if misses >= self.misses_max {
            return Verdict::Lost;
        }
        self.state = State::Waiting { asked_at: now, misses };
        Verdict::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(30);
    const RESPONSE: Duration = Duration::from_secs(10);

    fn keepalive() -> (Keepalive, Instant) {
        #[expect(clippy::disallowed_methods, reason = "the tests' zero")]
        let start = Instant::now();
        (Keepalive::new(start, IDLE, RESPONSE, 2), start)
    }

    #[test]
    fn silence_is_asked_about_once_it_has_lasted() {
        let (mut keepalive, start) = keepalive();
        assert_eq!(keepalive.handle_timeout(start + IDLE - Duration::from_millis(1)), Verdict::Wait);
        assert_eq!(keepalive.handle_timeout(start + IDLE), Verdict::Ask);
        assert_eq!(keepalive.poll_timeout(), start + IDLE + RESPONSE);
    }

    #[test]
    fn two_unanswered_questions_are_the_end() {
        let (mut keepalive, start) = keepalive();
        assert_eq!(keepalive.handle_timeout(start + IDLE), Verdict::Ask);
        assert_eq!(keepalive.handle_timeout(start + IDLE + RESPONSE), Verdict::Ask);
        assert_eq!(keepalive.handle_timeout(start + IDLE + RESPONSE * 2), Verdict::Lost);
    }

    #[test]
    fn any_octet_starts_the_count_again() {
        let (mut keepalive, start) = keepalive();
        assert_eq!(keepalive.handle_timeout(start + IDLE), Verdict::Ask);
        keepalive.handle_heard(start + IDLE + RESPONSE);
        assert_eq!(keepalive.handle_timeout(start + IDLE + RESPONSE), Verdict::Wait);
        assert_eq!(keepalive.poll_timeout(), start + IDLE + RESPONSE + IDLE);
    }
}
