//! Reads both clocks, once per turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::model::Timestamp;

/// How far the clock that people read was put forward, in milliseconds.
static AHEAD_MILLIS: AtomicU64 = AtomicU64::new(0);

/// Puts the clock that people read forward, for all links of this process.
pub fn put_clock_forward(by: Duration) {
    AHEAD_MILLIS.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
}

/// How far it was put forward.
pub fn clock_ahead() -> Duration {
    Duration::from_millis(AHEAD_MILLIS.load(Ordering::Relaxed))
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
        let wall = Timestamp::from(jiff::Timestamp::now());
        Self { now: Instant::now(), wall: wall.plus(clock_ahead()) }
    }

    /// `at` on the wall clock.
    pub fn wall_at(&self, at: Instant) -> Timestamp {
        self.wall.plus(at.saturating_duration_since(self.now))
    }
}
