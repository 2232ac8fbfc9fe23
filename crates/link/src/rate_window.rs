//! Keeps the rate of a contract on what really left: no second holds more than is allowed, with both of its ends.
//!
//! The dispatcher's throttle plans when each segment leaves. Timers are late, by a little or after a stall, and one
//! that left late followed by one that leaves on time are closer than planned. So the last departures of all links that
//! share a contract are remembered, and the next waits until the one that is as many back as the contract allows is more
//! than a second old. See docs/decisions/0019.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use postrider_model::RATE_MARGIN;

/// Departures that are remembered at most; a contract that allows more in its span is held over a shorter span.
const DEPARTURES_MAX: f64 = 10_000.0;

/// The last departures under one contract.
#[derive(Debug, Clone)]
pub struct RateWindow {
    limit: Option<Limit>,
    /// In their order; each with its number.
    left: VecDeque<(u64, Instant)>,
    number: u64,
    /// What left before the process began is not known; one segment may have left right before.
    began: Instant,
}

/// At most so many departures within so long, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    most: usize,
    span: Duration,
}

impl Limit {
    /// A whole number of segments: a second for a whole rate, two seconds for half a segment a second.
    fn of(rate: f64) -> Option<Self> {
        let most = rate.ceil().clamp(1.0, DEPARTURES_MAX);
        let span = Duration::try_from_secs_f64(most / rate * RATE_MARGIN).ok()?;
        Some(Self { most: most as usize, span })
    }
}

impl RateWindow {
    /// The window of a contract of `rate` segments a second, or of none, in a process that began at `now`.
    pub fn new(rate: Option<f64>, now: Instant) -> Self {
        let mut window = Self { limit: None, left: VecDeque::new(), number: 0, began: now };
        window.set_rate(rate);
        window
    }

    /// Takes another rate from a changed configuration. What left still counts.
    pub fn set_rate(&mut self, rate: Option<f64>) {
        self.limit = rate.filter(|rate| *rate > 0.0).and_then(Limit::of);
    }

    /// When the next segment may leave; `None` is at any time.
    pub fn ready_at(&self) -> Option<Instant> {
        let limit = self.limit?;
        let first = self.began + limit.span / u32::try_from(limit.most).unwrap_or(u32::MAX);
        let place = self.left.len().checked_sub(limit.most);
        let window = place.and_then(|place| self.left.get(place)).map(|(_, at)| *at + limit.span);
        Some(window.map_or(first, |at| at.max(first)))
    }

    /// A segment leaves at `now`, if it may; gives the number of its departure.
    pub fn claim(&mut self, now: Instant) -> Option<u64> {
        if self.ready_at().is_some_and(|at| at > now) {
            return None;
        }
        self.number += 1;
        let Some(limit) = self.limit else { return Some(self.number) };
        self.left.push_back((self.number, now));
        while self.left.len() > limit.most {
            self.left.pop_front();
        }
        Some(self.number)
    }

    /// The octets of the departures from number `from` on were written at `now`, which may be later than they were claimed.
    pub fn written(&mut self, from: u64, now: Instant) {
        // Other links' departures in between count as late, too: the order holds, and nobody leaves too early.
        for (_, at) in self.left.iter_mut().rev().take_while(|(number, _)| *number >= from) {
            *at = (*at).max(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_model::Random;

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn start() -> Instant {
        Instant::now()
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// The most departures in any closed interval of `span`.
    fn most_within(left: &[Instant], span: Duration) -> usize {
        (0..left.len())
            .map(|place| left[place..].iter().take_while(|at| **at <= left[place] + span).count())
            .max()
            .unwrap_or(0)
    }

    /// Departures for `seconds` with a timer that is late by up to `late`, and writes that take up to `write`.
    fn run(rate: f64, seconds: u64, late: Duration, write: Duration, random: &mut Random) -> Vec<Instant> {
        let (begin, mut left) = (start(), Vec::new());
        let mut window = RateWindow::new(Some(rate), begin);
        let mut now = begin;
        while now < begin + SECOND * u32::try_from(seconds).unwrap() {
            now = window.ready_at().unwrap().max(now) + random.between(Duration::ZERO, late);
            if let Some(number) = window.claim(now) {
                now += random.between(Duration::ZERO, write);
                window.written(number, now);
                left.push(now);
            }
        }
        left
    }

    #[test]
    fn no_closed_second_holds_more_than_the_contract_whatever_the_clocks_do() {
        let mut random = Random::new(7);
        for rate in [0.5, 0.7, 1.0, 2.5, 3.0, 7.0, 100.0, 1_000.0] {
            for late in [0, 2, 30, 400].map(Duration::from_millis) {
                for write in [Duration::ZERO, late] {
                    let left = run(rate, 20, late, write, &mut random);
                    let most = most_within(&left, SECOND);
                    assert!(most <= rate.ceil() as usize, "{most} at {rate} with {late:?}");
                    let whole = Duration::from_secs_f64(rate.ceil() / rate);
                    let most = most_within(&left, whole);
                    assert!(most <= rate.ceil() as usize, "{most} within {whole:?} at {rate} with {late:?}");
                }
            }
        }
    }

    #[test]
    fn a_timer_that_is_late_by_a_millisecond_costs_less_than_a_hundredth_of_the_contract() {
        let mut random = Random::new(7);
        for rate in [1.0, 3.0, 7.0, 100.0, 1_000.0] {
            let late = Duration::from_millis(1);
            let left = run(rate, 100, late, Duration::ZERO, &mut random);
            let used = (left.len() - 1) as f64 / left[left.len() - 1].duration_since(left[0]).as_secs_f64() / rate;
            assert!(used >= 0.99, "{used} of {rate}");
        }
    }

    #[test]
    fn links_that_share_a_contract_share_its_departures() {
        let now = start();
        let mut window = RateWindow::new(Some(2.0), now - SECOND);
        let (first, second) = (window.claim(now).unwrap(), window.claim(now).unwrap());
        assert_eq!(window.claim(now), None);
        // The first link's write took longer than the second's.
        window.written(second, now);
        window.written(first, now + SECOND / 2);
        assert_eq!(window.claim(now + SECOND.mul_f64(1.3)), None);
        assert!(window.claim(now + SECOND.mul_f64(1.51)).is_some());
    }

    #[test]
    fn a_process_that_just_began_does_not_know_what_left_before() {
        let now = start();
        let mut window = RateWindow::new(Some(1.0), now);
        assert_eq!(window.claim(now + SECOND), None);
        assert!(window.claim(now + SECOND.mul_f64(1.01)).is_some());
        window.set_rate(None);
        assert!(window.claim(now).is_some());
    }
}
