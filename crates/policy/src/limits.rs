//! Limits that several stages must agree on, each written once.

use std::time::Duration;

/// A lease that no link reports on for so long has lost its link; it ends in doubt.
const LEASE: Duration = Duration::from_secs(900);
/// A modem sends one segment after the other, and a network may take three minutes for each, and for those before it.
const LEASE_OF_MODEM_SEGMENT: Duration = Duration::from_secs(400);

/// How long a lease of a message of `segments` lasts before it counts as lost, and so how long before a doubt was written its
/// segments may have left.
pub fn lease_max(segments: usize, over_modem: bool) -> Duration {
    if !over_modem {
        return LEASE;
    }
    let segments = u32::try_from(segments).unwrap_or(u32::MAX);
    LEASE.saturating_add(LEASE_OF_MODEM_SEGMENT.saturating_mul(segments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modem_has_longer_for_a_long_message() {
        assert_eq!(lease_max(10, false), lease_max(1, false));
        assert_eq!(lease_max(3, true) - lease_max(1, true), LEASE_OF_MODEM_SEGMENT * 2);
        assert!(lease_max(usize::MAX, true) > Duration::from_secs(86_400), "it does not wrap");
    }
}
