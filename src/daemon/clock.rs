//! The daemon's only reading of the wall clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::model::Timestamp;

/// How far the clock was put forward, in milliseconds. Only the demo does that, to show weeks in a minute.
static AHEAD_MILLIS: AtomicI64 = AtomicI64::new(0);

/// The present.
#[expect(clippy::disallowed_methods, reason = "this is the door through which time comes in")]
pub fn now() -> Timestamp {
    let ahead = Duration::from_millis(AHEAD_MILLIS.load(Ordering::Relaxed).unsigned_abs());
    Timestamp::from(jiff::Timestamp::now()).plus(ahead)
}

/// Puts the clock forward for the whole process.
pub(super) fn put_forward(by: Duration) {
    AHEAD_MILLIS.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
}
