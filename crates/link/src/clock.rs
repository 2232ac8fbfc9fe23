//! The time of this process: the wall clock, held to the clock that counts from the boot, and read once per turn.
//!
//! A wall clock that is set must not be seen by one half of the house before the other: stored waits are moved with it in
//! one transaction. Until that is written, time goes on here as if nothing had been set; then [`shift_line`] lets it jump.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use postrider_model::Timestamp;

/// What the wall clock may differ from the time that passed without having been set; the same as `policy::wall_clock` has.
pub const STEP_MIN_MILLIS: i64 = 1_000;
/// Both clocks are read one after the other; whoever was held up between them for longer reads again.
const HELD_UP_MAX_MILLIS: i64 = 20;
const READS_MAX: u32 = 8;
const UNKNOWN: i64 = i64::MIN;

/// How far the clock that people read was put forward, in milliseconds.
static AHEAD_MILLIS: AtomicU64 = AtomicU64::new(0);
/// By how many milliseconds the wall clock is ahead of the time since the boot, as far as that is taken for true.
static LINE_MILLIS: AtomicI64 = AtomicI64::new(UNKNOWN);

/// Puts the clock that people read forward, for all links of this process.
pub fn put_clock_forward(by: Duration) {
    AHEAD_MILLIS.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
}

/// How far it was put forward.
fn clock_ahead() -> Duration {
    Duration::from_millis(AHEAD_MILLIS.load(Ordering::Relaxed))
}

/// Both clocks, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    up: i64,
    wall: i64,
}

impl Clocks {
    fn read() -> Self {
        let mut clocks = Self::read_once();
        for _ in 1..READS_MAX {
            if clocks.1 <= HELD_UP_MAX_MILLIS {
                break;
            }
            clocks = Self::read_once();
        }
        clocks.0
    }

    /// One reading, and how long it took.
    #[expect(clippy::disallowed_methods, reason = "this is the door through which time comes in")]
    fn read_once() -> (Self, i64) {
        let before = up_millis();
        let wall = jiff::Timestamp::now().as_millisecond();
        let up = up_millis();
        (Self { up, wall }, up - before)
    }

    /// By how much the wall clock was set, beyond `line`; 0 for what slewing does.
    fn step(self, line: i64) -> i64 {
        let off = self.wall - self.up - line;
        if off.abs() < STEP_MIN_MILLIS { 0 } else { off }
    }
}

/// Milliseconds since the boot of the machine; the time that it was suspended counts.
pub fn up_millis() -> i64 {
    let at = clock_gettime(ClockId::Boottime);
    at.tv_sec * 1_000 + at.tv_nsec / 1_000_000
}

/// The present.
pub fn now() -> Timestamp {
    let clocks = Clocks::read();
    let line = LINE_MILLIS.load(Ordering::Relaxed);
    if line != UNKNOWN && clocks.step(line) != 0 {
        return Timestamp::from_millis(clocks.up + line).plus(clock_ahead());
    }
    // What slewing does is followed from reading to reading. A jump that was let through meanwhile is not taken back.
    let _ = LINE_MILLIS.compare_exchange(line, clocks.wall - clocks.up, Ordering::Relaxed, Ordering::Relaxed);
    Timestamp::from_millis(clocks.wall).plus(clock_ahead())
}

/// By how many milliseconds the wall clock was set and is not followed yet; 0 if it was not.
pub fn clock_step() -> i64 {
    match LINE_MILLIS.load(Ordering::Relaxed) {
        UNKNOWN => 0,
        line => Clocks::read().step(line),
    }
}

/// Lets the time of this process jump by so many milliseconds: what is stored was moved with it, or is no longer.
pub fn shift_line(millis: i64) {
    LINE_MILLIS.fetch_add(millis, Ordering::Relaxed);
}

/// One moment on the clock that never jumps and on the one that people read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub now: Instant,
    pub wall: Timestamp,
}

impl Moment {
    #[expect(clippy::disallowed_methods, reason = "this is the door where the link reads the time")]
    pub fn read() -> Self {
        Self { now: Instant::now(), wall: now() }
    }

    /// `at` on the wall clock.
    pub fn wall_at(&self, at: Instant) -> Timestamp {
        self.wall.plus(at.saturating_duration_since(self.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slewing_is_no_step_and_setting_is() {
        let clocks = |up, wall| Clocks { up, wall };
        assert_eq!(clocks(5_000, 1_005_900).step(1_000_000), 0);
        assert_eq!(clocks(5_000, 1_004_100).step(1_000_000), 0);
        assert_eq!(clocks(5_000, 4_605_000).step(1_000_000), 3_600_000);
        assert_eq!(clocks(5_000_000, 2_395_000).step(1_000_000), -3_605_000);
    }

    #[test]
    fn the_present_follows_the_wall_clock_while_nobody_sets_it() {
        let (one, two) = (now(), now());
        assert!(one <= two && two.since(one) < Duration::from_secs(60));
        assert_eq!(clock_step(), 0);
        assert!(up_millis() > 0);
    }
}
