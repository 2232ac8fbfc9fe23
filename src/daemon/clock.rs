//! The daemon's only reading of the wall clock.

use crate::link::clock_ahead;
use crate::model::Timestamp;

/// The present. Only the demo puts the clock forward, to show weeks in a minute.
#[expect(clippy::disallowed_methods, reason = "this is the door through which time comes in")]
pub fn now() -> Timestamp {
    Timestamp::from(jiff::Timestamp::now()).plus(clock_ahead())
}
