//! The daemon's only reading of the wall clock.

use crate::model::Timestamp;

/// The present.
#[expect(clippy::disallowed_methods, reason = "this is the door through which time comes in")]
pub fn now() -> Timestamp {
    Timestamp::from(jiff::Timestamp::now())
}
