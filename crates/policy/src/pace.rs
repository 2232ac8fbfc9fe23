//! Decides when the next message of one SIM may leave: a gap after each segment, with jitter, and a pause when the network is busy.
//!
//! The segments of one message leave together, since a handset joins them and a modem keeps its channel open for them; the
//! gap of all of them follows. The state that outlives a restart is one instant.

use std::time::Duration;

use postrider_model::{Random, Timestamp};

/// The longest wait that a kept instant may cause: beyond it, the clock was set back.
const WAIT_MAX: Duration = Duration::from_secs(3600);
/// The longest pause for a busy network.
const PAUSE_MAX: Duration = Duration::from_secs(900);
/// After so long without a complaint of the network, pauses begin small again.
const CALM_AFTER: Duration = Duration::from_secs(900);

/// How a SIM is paced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The gap after each segment; zero is none.
    pub gap: Duration,
    /// By how much of itself the gap may grow or shrink, in percent up to 100.
    pub jitter_percent: u8,
}

impl Default for Pace {
    fn default() -> Self {
        Self { gap: Duration::from_secs(5), jitter_percent: 40 }
    }
}

impl Pace {
    /// No gap at all.
    pub const NONE: Self = Self { gap: Duration::ZERO, jitter_percent: 0 };
}

/// The pace of one SIM as it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pacer {
    next: Timestamp,
    paused_until: Timestamp,
    pause: Duration,
    complained_at: Timestamp,
    /// Whether `next` is what the store kept, and was not held against the clock yet.
    kept: bool,
}

impl Pacer {
    /// Continues from `next`, as the store kept it.
    pub fn new(next: Timestamp) -> Self {
        Self { next, kept: true, ..Self::default() }
    }

    /// What the store keeps.
    pub fn next(&self) -> Timestamp {
        self.next
    }

    /// Holds what the store kept against the clock, once: the longest gap from now on the next message may leave. An instant
    /// farther ahead was planned by a process that ended before, or is damaged.
    pub fn resume(&mut self, pace: Pace, now: Timestamp) {
        if std::mem::take(&mut self.kept) {
            let gap = pace.gap * (100 + u32::from(pace.jitter_percent.min(100))) / 100;
            self.next = self.next.min(now.plus(gap));
        }
    }

    /// Goes along with a clock that was set by so many milliseconds.
    pub fn shift(&mut self, millis: i64) {
        for at in [&mut self.next, &mut self.paused_until, &mut self.complained_at] {
            *at = at.shifted(millis);
        }
    }

    /// When the next message may leave.
    pub fn ready_at(&self, now: Timestamp) -> Timestamp {
        let held = |until: Timestamp| if until.since(now) > WAIT_MAX { now } else { until.max(now) };
        held(self.next).max(held(self.paused_until))
    }

    /// Lets `segments` leave and returns the instant before which no byte of them may. `seed` tells SIMs apart.
    pub fn reserve(&mut self, pace: Pace, segments: u32, seed: u64, now: Timestamp) -> Timestamp {
        let ready = self.ready_at(now);
        let mut random = Random::new(seed ^ ready.as_millis().cast_unsigned());
        let share = u32::from(pace.jitter_percent.min(100));
        let mut gap = || random.between(pace.gap * (100 - share) / 100, pace.gap * (100 + share) / 100);
        self.next = (0..segments).fold(ready, |at, _| if pace.gap.is_zero() { at } else { at.plus(gap()) });
        ready
    }

    /// The network is busy: leaves the SIM alone for at least `pause`, for longer each time while it goes on.
    pub fn slow_down(&mut self, now: Timestamp, pause: Duration) {
        // Answers that were under way when the pause began tell nothing new.
        if self.paused_until > now && self.complained_at <= now {
            return;
        }
        let again = now.since(self.complained_at) < CALM_AFTER && self.complained_at <= now;
        self.pause = if again { (self.pause * 2).max(pause) } else { pause }.min(PAUSE_MAX);
        self.complained_at = now;
        self.paused_until = now.plus(self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn gaps_differ_and_stay_within_the_jitter() {
        let pace = Pace { gap: SECOND * 10, jitter_percent: 40 };
        let (mut pacer, mut gaps) = (Pacer::default(), Vec::new());
        let mut last = pacer.reserve(pace, 1, 7, NOW);
        for _ in 0..200 {
            let at = pacer.reserve(pace, 1, 7, NOW);
            gaps.push(at.since(last));
            last = at;
            if pacer.ready_at(NOW).since(NOW) > SECOND * 3000 {
                break;
            }
        }
        assert!(gaps.iter().all(|gap| (6..=14).contains(&gap.as_secs())), "{gaps:?}");
        let mean = gaps.iter().sum::<Duration>() / u32::try_from(gaps.len()).unwrap();
        assert!((9..=11).contains(&mean.as_secs()), "{mean:?}");
        gaps.sort();
        gaps.dedup();
        assert!(gaps.len() > 100);
    }

    #[test]
    fn a_long_message_leaves_at_once_and_its_gaps_follow() {
        let pace = Pace { gap: SECOND * 10, jitter_percent: 0 };
        let mut pacer = Pacer::default();
        assert_eq!(pacer.reserve(pace, 3, 0, NOW), NOW);
        assert_eq!(pacer.ready_at(NOW), NOW.plus(SECOND * 30));
        assert_eq!(Pacer::new(pacer.next()).ready_at(NOW), NOW.plus(SECOND * 30), "over a restart too");
    }

    #[test]
    fn a_clock_set_back_does_not_stall() {
        let mut pacer = Pacer::default();
        pacer.reserve(Pace::default(), 1, 0, NOW.plus(SECOND * 86_400));
        pacer.slow_down(NOW.plus(SECOND * 86_400), SECOND);
        assert_eq!(pacer.ready_at(NOW), NOW);
        pacer.slow_down(NOW, SECOND);
        assert_eq!(pacer.ready_at(NOW), NOW.plus(SECOND));
    }

    #[test]
    fn a_busy_network_is_left_alone_for_longer_each_time_and_no_longer_than_a_quarter_hour() {
        let (mut pacer, mut now, mut waits) = (Pacer::default(), NOW, Vec::new());
        for _ in 0..8 {
            pacer.slow_down(now, SECOND * 30);
            pacer.slow_down(now, SECOND * 30);
            waits.push(pacer.ready_at(now).since(now).as_secs());
            now = pacer.ready_at(now);
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 30, 60], "after a whole quarter hour it begins anew");
    }

    #[test]
    fn without_a_gap_nothing_waits() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.reserve(Pace::NONE, 200, 1, NOW), NOW);
        assert_eq!(pacer.ready_at(NOW), NOW);
    }

    #[test]
    fn a_kept_instant_far_ahead_is_cut_to_the_longest_gap() {
        let now = Timestamp::from_millis(1_795_305_600_000);
        let pace = Pace { gap: Duration::from_secs(10), jitter_percent: 50 };
        for (ahead, wait) in [(4, 4), (15, 15), (16, 15), (3_000, 15), (1_000_000, 15)] {
            let mut pacer = Pacer::new(now.plus(Duration::from_secs(ahead)));
            pacer.resume(pace, now);
            assert_eq!(pacer.ready_at(now).since(now).as_secs(), wait, "{ahead} s ahead");
        }
    }
}
