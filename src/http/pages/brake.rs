//! Decides how much one address may ask, in memory of a fixed size; guessing codes costs more than following links.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Addresses share so many places; two that meet in one share their allowance.
const PLACES: usize = 4_096;
/// What a code that leads nowhere costs, in requests: guessing ends soon.
pub const MISS: u32 = 10;
/// What a form costs, in requests: it is written down.
pub const FORM: u32 = 5;
/// The span over which requests are counted.
const SPAN_MICROS: i64 = 60_000_000;

/// The allowances of all addresses.
pub struct Brake {
    /// When the allowance of each place would be whole again, in microseconds since `since`.
    whole_at: Mutex<Vec<i64>>,
    /// Counted on the clock that nobody sets.
    since: Instant,
    /// How long one request takes to be forgotten.
    each_micros: i64,
    places: RandomState,
}

impl Brake {
    /// A brake that lets `requests_max` requests a minute through for each address.
    pub fn new(requests_max: u32, now: Instant) -> Self {
        let each_micros = SPAN_MICROS / i64::from(requests_max.max(1));
        Self { whole_at: Mutex::new(vec![0; PLACES]), since: now, each_micros, places: RandomState::new() }
    }

    /// Takes `cost` requests from the allowance of `address`; says whether there was still any.
    pub fn take(&self, address: Option<IpAddr>, cost: u32, now: Instant) -> bool {
        let place = usize::try_from(self.places.hash_one(network(address)) % PLACES as u64).unwrap_or(0);
        let now = i64::try_from(now.saturating_duration_since(self.since).as_micros()).unwrap_or(i64::MAX);
        let mut all = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(whole_at) = all.get_mut(place) else { return true };
        let from = (*whole_at).max(now);
        if from.saturating_sub(now) >= SPAN_MICROS {
            return false;
        }
        *whole_at = from.saturating_add(self.each_micros.saturating_mul(i64::from(cost)));
        true
    }
}

/// An address, or of IPv6 the network of one household, in which addresses are as many as one likes.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    match address?.to_canonical() {
        IpAddr::V4(address) => Some(IpAddr::V4(address)),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Some(IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn origin() -> Instant {
        Instant::now()
    }

    #[test]
    fn an_address_has_its_allowance_and_gets_it_back() {
        let now = origin();
        let brake = Brake::new(60, now);
        let one = Some("192.0.2.7".parse().unwrap());
        assert_eq!((0..100).filter(|_| brake.take(one, 1, now)).count(), 60);
        let later = now + Duration::from_secs(10);
        assert_eq!((0..100).filter(|_| brake.take(one, 1, later)).count(), 10);
        let guesses = (0..100).filter(|_| brake.take(Some("192.0.2.99".parse().unwrap()), MISS, now)).count();
        assert_eq!(guesses, 6);
    }

    #[test]
    fn a_household_is_one() {
        let address = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(address("2001:db8:1:2:3::4"), address("2001:db8:1:2:ffff::"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.7"), address("192.0.2.7"));
    }
}
