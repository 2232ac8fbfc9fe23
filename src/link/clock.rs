//! Reads both clocks, once per turn.

use std::time::Instant;

use crate::model::Timestamp;

/// One moment on the clock that never jumps and on the one that people read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub now: Instant,
    pub wall: Timestamp,
}

impl Moment {
    #[expect(clippy::disallowed_methods, reason = "this is the door where the link reads the time")]
    pub fn read() -> Self {
        Self { now: Instant::now(), wall: jiff::Timestamp::now().into() }
    }

    /// `at` on the wall clock.
    pub fn wall_at(&self, at: Instant) -> Timestamp {
        self.wall.plus(at.saturating_duration_since(self.now))
    }
}
