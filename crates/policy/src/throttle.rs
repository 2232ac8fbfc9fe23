//! Decides when the next segment of a link group may leave, so that a contract's rate holds at every moment.
//!
//! A generic cell rate algorithm without burst: each segment gets the earliest instant at which it may leave, one
//! interval after the one before. The state is a single number that the store keeps, so a restart forgets nothing.

use std::time::Duration;

use postrider_model::{Allowance, Timestamp};

const NANOS_PER_MILLI: i64 = 1_000_000;
/// A slowed link never falls below this share of its rate, in thousandths.
const SHARE_MIN: u32 = 60;
const SHARE_FULL: u32 = 1000;
/// After a throttling answer the share grows by this much every second.
const SHARE_STEP_PER_SECOND: u32 = 50;
/// The longest interval that is reckoned with.
const INTERVAL_MAX: Duration = Duration::from_secs(10_000);
/// A message has so many segments at the most; all of them are reserved at once.
const MESSAGE_MAX: u32 = 255;
/// Segments are reserved a little before they leave.
const LEASED_AHEAD_MAX: Duration = Duration::from_secs(1);
/// A second throttling answer within this time is the same event.
const SLOW_AGAIN_AFTER: Duration = Duration::from_millis(1000);

/// The pace of one link group.
#[derive(Debug, Clone, PartialEq)]
pub struct Throttle {
    /// Segments a second; `None` is as fast as the window allows.
    rate: Option<f64>,
    /// When the next segment may leave, in nanoseconds since 1970.
    next_nanos: i64,
    /// The share of the rate that is in use, in thousandths.
    share: u32,
    share_at: Timestamp,
    paused_until: Timestamp,
    /// Whether `next_nanos` is what the store kept, and was not held against the clock yet.
    kept: bool,
}

impl Throttle {
    /// A throttle at `rate` segments a second that continues from `next_nanos`, as the store kept it.
    pub fn new(rate: Option<f64>, next_nanos: i64) -> Self {
        Self {
            rate: rate.filter(|rate| *rate > 0.0),
            next_nanos,
            share: SHARE_FULL,
            share_at: Timestamp::default(),
            paused_until: Timestamp::default(),
            kept: true,
        }
    }

    /// What the store keeps.
    pub fn next_nanos(&self) -> i64 {
        self.next_nanos
    }

    /// Takes another rate from a changed configuration.
    pub fn set_rate(&mut self, rate: Option<f64>) {
        self.rate = rate.filter(|rate| *rate > 0.0);
    }

    /// Holds what the store kept against the clock, once. Nothing left after the process that kept it ended, so one interval from
    /// now on the next segment may leave; an instant farther ahead was planned and never used, or is damaged.
    pub fn resume(&mut self, now: Timestamp) {
        if let Some(rate) = self.rate.filter(|_| std::mem::take(&mut self.kept)) {
            let latest = now.as_millis().saturating_mul(NANOS_PER_MILLI).saturating_add(interval_nanos(rate));
            self.next_nanos = self.next_nanos.min(latest);
        }
    }

    /// The earliest instant at which one more segment may leave.
    pub fn ready_at(&self, now: Timestamp) -> Timestamp {
        let paced = match self.rate {
            None => now,
            Some(_) => Timestamp::from_millis(self.next_nanos.saturating_add(NANOS_PER_MILLI - 1) / NANOS_PER_MILLI),
        };
        paced.max(self.paused_until).max(now)
    }

    /// Goes along with a clock that was set by so many milliseconds.
    pub fn shift(&mut self, millis: i64) {
        self.next_nanos = self.next_nanos.saturating_add(millis.saturating_mul(NANOS_PER_MILLI));
        self.share_at = self.share_at.shifted(millis);
        self.paused_until = self.paused_until.shifted(millis);
    }

    /// Cuts a wait that the rate cannot have caused to one interval: a row that is damaged, or of a clock that was wrong.
    pub fn cut(&mut self, now: Timestamp) {
        let Some(rate) = self.rate_now() else { return };
        let interval = Duration::from_nanos(interval_nanos(rate).unsigned_abs()).min(INTERVAL_MAX);
        let longest = now.plus(interval.saturating_mul(MESSAGE_MAX)).plus(LEASED_AHEAD_MAX);
        if self.next_nanos / NANOS_PER_MILLI > longest.as_millis() {
            let now = now.as_millis().saturating_mul(NANOS_PER_MILLI);
            self.next_nanos = now.saturating_add(i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX));
        }
    }

    /// Reserves one segment and returns the instant before which no byte of it may leave.
    pub fn reserve(&mut self, now: Timestamp) -> Timestamp {
        let ready = self.ready_at(now);
        self.recover(now);
        if let Some(rate) = self.rate_now() {
            let interval = interval_nanos(rate);
            let ready_nanos = ready.as_millis().saturating_mul(NANOS_PER_MILLI);
            // Continue from the exact instant, so that rounding to milliseconds costs no rate.
            let exact = (0..NANOS_PER_MILLI).contains(&ready_nanos.saturating_sub(self.next_nanos));
            let from = if exact { self.next_nanos } else { ready_nanos };
            self.next_nanos = from.saturating_add(interval);
        }
        ready
    }

    /// The carrier said that we are too fast: pause for `pause`, then go on at half the rate and grow again.
    pub fn slow_down(&mut self, now: Timestamp, pause: Duration) {
        self.recover(now);
        self.paused_until = self.paused_until.max(now.plus(pause));
        if now.since(self.share_at) >= SLOW_AGAIN_AFTER || self.share == SHARE_FULL {
            self.share = (self.share / 2).max(SHARE_MIN);
            self.share_at = now;
        }
    }

    /// The rate in use now, in segments a second.
    pub fn rate_now(&self) -> Option<f64> {
        self.rate.map(|rate| rate * f64::from(self.share) / f64::from(SHARE_FULL))
    }

    fn recover(&mut self, now: Timestamp) {
        let seconds = u32::try_from(now.since(self.share_at).as_secs()).unwrap_or(u32::MAX);
        if self.share < SHARE_FULL && seconds > 0 {
            self.share = self.share.saturating_add(seconds.saturating_mul(SHARE_STEP_PER_SECOND)).min(SHARE_FULL);
            self.share_at = now;
        }
    }
}

/// The time between two segments at `rate` a second.
fn interval_nanos(rate: f64) -> i64 {
    let interval = Allowance::of(rate).map_or(Duration::ZERO, Allowance::interval);
    i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn departures(throttle: &mut Throttle, count: usize, from: Timestamp) -> Vec<i64> {
        (0..count).map(|_| throttle.reserve(from).as_millis() - NOW.as_millis()).collect()
    }

    #[test]
    fn segments_leave_one_interval_apart() {
        let mut throttle = Throttle::new(Some(10.0), 0);
        assert_eq!(departures(&mut throttle, 4, NOW), [0, 101, 202, 302], "a little more than a tenth of a second");
    }

    #[test]
    fn no_second_holds_more_than_the_rate_whatever_the_restarts() {
        for rate in [0.4, 1.0, 7.0, 33.0, 500.0] {
            let (mut kept, mut seen) = (0, Vec::new());
            for turn in 0..200 {
                let mut throttle = Throttle::new(Some(rate), kept);
                seen.extend(departures(&mut throttle, 5, NOW.plus(Duration::from_millis(turn * 7))));
                kept = throttle.next_nanos();
            }
            for (place, start) in seen.iter().enumerate() {
                let within = seen[place..].iter().take_while(|at| **at <= start + 1000).count();
                assert!(within as f64 <= rate.floor().max(1.0), "{within} within a second at {rate}");
            }
        }
    }

    #[test]
    fn an_idle_link_saves_nothing_up() {
        let mut throttle = Throttle::new(Some(10.0), 0);
        departures(&mut throttle, 1, NOW);
        assert_eq!(departures(&mut throttle, 3, NOW.plus(Duration::from_secs(60))), [60_000, 60_101, 60_202]);
    }

    #[test]
    fn a_throttling_answer_pauses_halves_and_recovers() {
        let mut throttle = Throttle::new(Some(100.0), 0);
        throttle.slow_down(NOW, Duration::from_secs(1));
        throttle.slow_down(NOW, Duration::from_secs(1));
        assert_eq!(throttle.rate_now(), Some(50.0), "answers of one window count once");
        assert_eq!(departures(&mut throttle, 2, NOW), [1000, 1021]);
        throttle.reserve(NOW.plus(Duration::from_secs(30)));
        assert_eq!(throttle.rate_now(), Some(100.0));
    }

    #[test]
    fn without_a_rate_only_the_pause_holds() {
        let mut throttle = Throttle::new(None, 0);
        assert_eq!(departures(&mut throttle, 2, NOW), [0, 0]);
        throttle.slow_down(NOW, Duration::from_secs(1));
        assert_eq!(departures(&mut throttle, 1, NOW), [1000]);
    }

    #[test]
    fn a_wait_that_lies_far_ahead_is_cut_to_one_interval() {
        for ahead in [60, 3_600, 86_400, 400_000_000] {
            let mut throttle = Throttle::new(Some(10.0), 0);
            throttle.reserve(NOW.plus(Duration::from_secs(ahead)));
            throttle.cut(NOW);
            assert_eq!(departures(&mut throttle, 2, NOW), [101, 202], "{ahead} s");
        }
        let mut damaged = Throttle::new(Some(2.0), i64::MAX);
        damaged.cut(NOW);
        assert_eq!(departures(&mut damaged, 1, NOW), [504]);
    }

    #[test]
    fn what_a_long_message_has_reserved_is_not_cut() {
        let mut throttle = Throttle::new(Some(10.0), 0);
        departures(&mut throttle, 255, NOW);
        throttle.cut(NOW);
        assert_eq!(departures(&mut throttle, 1, NOW), [25_654]);
        let mut slowed = Throttle::new(Some(10.0), 0);
        slowed.slow_down(NOW, Duration::from_secs(7_200));
        slowed.cut(NOW);
        assert_eq!(departures(&mut slowed, 1, NOW), [7_200_000], "who asked to be left alone is");
    }

    #[test]
    fn the_pace_goes_along_with_a_clock_that_is_set() {
        for step in [-3_600_000, 86_400_000, -86_400_000 * 365] {
            let mut throttle = Throttle::new(Some(10.0), 0);
            departures(&mut throttle, 3, NOW);
            throttle.slow_down(NOW, Duration::from_secs(5));
            throttle.shift(step);
            let now = NOW.shifted(step);
            assert_eq!(throttle.ready_at(now).as_millis() - now.as_millis(), 5_000, "{step}");
            assert_eq!(throttle.rate_now(), Some(5.0));
        }
    }

    #[test]
    fn a_kept_instant_far_ahead_is_cut_to_one_interval() {
        let now = Timestamp::from_millis(1_795_305_600_000);
        for ahead in [40_i64, 900, 1_800_000, i64::MAX / NANOS_PER_MILLI - now.as_millis()] {
            let kept = (now.as_millis() + ahead).saturating_mul(NANOS_PER_MILLI);
            let mut throttle = Throttle::new(Some(10.0), kept);
            throttle.resume(now);
            let wait = throttle.ready_at(now).since(now);
            assert_eq!(wait, Duration::from_millis(ahead.min(101).cast_unsigned()), "{ahead}");
        }
        let mut throttle = Throttle::new(Some(10.0), 0);
        throttle.resume(now);
        for _ in 0..20 {
            throttle.reserve(now);
        }
        throttle.resume(now);
        assert_eq!(throttle.ready_at(now).since(now).as_millis() / 10, 201, "what this process planned stands");
    }
}
