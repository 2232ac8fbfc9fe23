//! The tests' zero, from which they make up their instants.

use std::time::Instant;

/// An instant.
pub(super) fn zero() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the tests' zero")]
    Instant::now()
}
