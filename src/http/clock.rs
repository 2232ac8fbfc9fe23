//! Where the HTTP side reads the wall clock: once per request, at the door.

use std::time::Instant;

use crate::model::Timestamp;

/// A source of `now`; tests give their own.
pub type Clock = fn() -> Timestamp;

/// The clock that nobody sets, for limits.
#[expect(clippy::disallowed_methods, reason = "the door is where time is read")]
pub fn instant() -> Instant {
    Instant::now()
}

/// The system's clock.
#[expect(clippy::disallowed_methods, reason = "the door is where time is read")]
pub fn system() -> Timestamp {
    Timestamp::from(jiff::Timestamp::now())
}
