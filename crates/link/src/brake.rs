//! Decides how far a link goes after the carrier said that it is too fast.
//!
//! ```text
//!         throttled: half the window, rest                 rest is over
//! Free ─────────────────────────────────────▶ Resting ─────────────────────▶ Free
//! ```
//! The window opens again by one place for every window that was accepted. A full queue may be one recipient's own, so
//! it brakes the link only when it comes several times in a row.

use std::time::{Duration, Instant};

/// So many "queue full" in a row are the carrier's, not a recipient's.
const QUEUE_FULL_RUN: u32 = 3;
/// Nothing but "too fast" for so long is worth a person's look: a used-up quota often says so.
const ALERT_AFTER: Duration = Duration::from_secs(5 * 60);

/// The machine.
#[derive(Debug)]
pub struct Brake {
    window: usize,
    allowed: usize,
    accepted: usize,
    resting_until: Option<Instant>,
    queue_full_run: u32,
    throttled_since: Option<Instant>,
    alerted: bool,
}

/// What a refusal means for the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: the link rests already, or it is one recipient's matter.
    No,
    /// The link rests from now until the instant.
    Until(Instant),
}

impl Brake {
    /// A free link with a window of `window`.
    pub const fn new(window: usize) -> Self {
        Self {
            window,
            allowed: window,
            accepted: 0,
            resting_until: None,
            queue_full_run: 0,
            throttled_since: None,
            alerted: false,
        }
    }

    /// How many requests may wait for their answers now.
    pub fn allowed(&self, now: Instant) -> usize {
        if self.resting_until.is_some_and(|until| now < until) { 0 } else { self.allowed }
    }

    /// When the link may go on.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.resting_until
    }

    /// Whether a rest has just ended.
    pub fn handle_timeout(&mut self, now: Instant) -> bool {
        let over = self.resting_until.is_some_and(|until| until <= now);
        if over {
            self.resting_until = None;
        }
        over
    }

    /// The carrier took a segment.
    pub fn handle_accepted(&mut self) {
        (self.queue_full_run, self.throttled_since, self.alerted) = (0, None, false);
        if self.allowed >= self.window {
            return;
        }
        self.accepted += 1;
        if self.accepted >= self.allowed {
            (self.accepted, self.allowed) = (0, self.allowed + 1);
        }
    }

    /// The carrier says that the link is too fast.
    pub fn handle_throttled(&mut self, pause: Duration, now: Instant) -> Rest {
        self.throttled_since.get_or_insert(now);
        // A whole window may come back with the same word; it counts once.
        if self.resting_until.is_some() {
            return Rest::No;
        }
        (self.accepted, self.allowed) = (0, (self.allowed / 2).max(1));
        let until = now + pause;
        self.resting_until = Some(until);
        Rest::Until(until)
    }

    /// The carrier says that a queue is full.
    pub fn handle_queue_full(&mut self, pause: Duration, now: Instant) -> Rest {
        self.queue_full_run = self.queue_full_run.saturating_add(1);
        if self.queue_full_run < QUEUE_FULL_RUN {
            return Rest::No;
        }
        self.queue_full_run = 0;
        self.handle_throttled(pause, now)
    }

    /// Says once that nothing else has been heard for minutes.
    pub fn poll_alert(&mut self, now: Instant) -> bool {
        let due = self.throttled_since.is_some_and(|since| now.saturating_duration_since(since) >= ALERT_AFTER);
        if !due || self.alerted {
            return false;
        }
        self.alerted = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn origin() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_throttled_window_halves_once_and_opens_slowly() {
        let now = origin();
        let mut brake = Brake::new(8);
        assert_eq!(brake.handle_throttled(PAUSE, now), Rest::Until(now + PAUSE));
        assert_eq!(brake.handle_throttled(PAUSE, now), Rest::No);
        assert_eq!(brake.allowed(now), 0);
        assert!(!brake.handle_timeout(now) && brake.handle_timeout(now + PAUSE));
        assert_eq!(brake.allowed(now + PAUSE), 4);
        (0..4).for_each(|_| brake.handle_accepted());
        assert_eq!(brake.allowed(now + PAUSE), 5);
        (0..1000).for_each(|_| brake.handle_accepted());
        assert_eq!(brake.allowed(now + PAUSE), 8);
    }

    #[test]
    fn the_window_never_closes_for_good() {
        let mut now = origin();
        let mut brake = Brake::new(2);
        for _ in 0..10 {
            brake.handle_throttled(PAUSE, now);
            now += PAUSE;
            brake.handle_timeout(now);
        }
        assert_eq!(brake.allowed(now), 1);
    }

    #[test]
    fn one_recipients_full_queue_does_not_stop_the_others() {
        let now = origin();
        let mut brake = Brake::new(8);
        for _ in 0..10 {
            assert_eq!(brake.handle_queue_full(PAUSE, now), Rest::No);
            brake.handle_accepted();
        }
        assert_eq!(brake.handle_queue_full(PAUSE, now), Rest::No);
        assert_eq!(brake.handle_queue_full(PAUSE, now), Rest::No);
        assert_eq!(brake.handle_queue_full(PAUSE, now), Rest::Until(now + PAUSE));
    }

    #[test]
    fn minutes_of_nothing_but_throttling_are_told_once() {
        let now = origin();
        let mut brake = Brake::new(8);
        brake.handle_throttled(PAUSE, now);
        assert!(!brake.poll_alert(now + Duration::from_secs(299)));
        assert!(brake.poll_alert(now + ALERT_AFTER));
        assert!(!brake.poll_alert(now + ALERT_AFTER * 2));
        brake.handle_accepted();
        assert!(!brake.poll_alert(now + ALERT_AFTER * 3));
    }
}
