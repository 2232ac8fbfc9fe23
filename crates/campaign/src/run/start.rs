//! When a contact's turn is: at the campaign's moment, or at a local time of the contact's own day.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::law;
use postrider_model::{PhoneNumber, Timestamp, country_of};

/// When a campaign begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// When somebody starts it.
    #[default]
    AtOnce,
    /// At an instant.
    At(Timestamp),
    /// At this time of each contact's own calendar and clock.
    Local(DateTime),
}

/// No place on earth is further ahead of UTC.
const AHEAD_HOURS: i8 = 14;

impl Start {
    /// When the campaign takes its recipients: for local times, when the first place on earth has it.
    pub fn begins_at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::AtOnce => now,
            Self::At(at) => at.max(now),
            Self::Local(local) => {
                let first = Offset::constant(AHEAD_HOURS).to_timestamp(local);
                first.map_or(now, |at| Timestamp::from(at).max(now))
            }
        }
    }

    /// A contact's moment in a campaign that began at `began_at`. Where the zone is not known, the last one of the country's
    /// counts, so that nobody hears of it earlier than said.
    pub fn due_at(self, number: &PhoneNumber, zone: Option<&str>, began_at: Timestamp) -> Timestamp {
        let Self::Local(local) = self else { return began_at };
        let at = |zone: &TimeZone| local.to_zoned(zone.clone()).ok().map(|at| Timestamp::from(at.timestamp()));
        let own = zone.and_then(law::zone).and_then(|zone| at(&zone));
        let guessed = || law::area_of(number, country_of(number)).zones.iter().filter_map(at).max();
        own.or_else(guessed).or_else(|| at(&TimeZone::UTC)).unwrap_or(began_at).max(began_at)
    }
}

/// The share of `window` that is over when number `n` of `count` has its turn: all are evenly apart.
pub fn spread(window: Duration, n: u64, count: u64) -> Duration {
    let millis = u128::from(n.min(count)) * window.as_millis() / u128::from(count.max(1));
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn number(text: &str) -> PhoneNumber {
        text.parse().unwrap()
    }

    #[test]
    fn everybody_has_the_same_local_time() {
        let start = Start::Local("2026-11-25T10:00".parse().unwrap());
        let now = at("2026-11-20T00:00:00Z");
        assert_eq!(start.begins_at(now), at("2026-11-24T20:00:00Z"));
        let due = |text: &str, zone: Option<&str>| start.due_at(&number(text), zone, now);
        assert_eq!(due("+821012345678", None), at("2026-11-25T01:00:00Z"));
        assert_eq!(due("+821012345678", Some("Europe/Berlin")), at("2026-11-25T09:00:00Z"));
        assert_eq!(due("+66812345678", None), at("2026-11-25T03:00:00Z"));
    }

    #[test]
    fn where_the_zone_is_not_known_nobody_hears_of_it_too_early() {
        let start = Start::Local("2026-11-25T10:00".parse().unwrap());
        let due = start.due_at(&number("+61412345678"), None, at("2026-11-20T00:00:00Z"));
        assert_eq!(due, at("2026-11-25T02:00:00Z"), "Perth is the last of Australia");
    }

    #[test]
    fn who_is_past_the_time_has_his_turn_at_once() {
        let start = Start::Local("2026-11-25T10:00".parse().unwrap());
        let began = at("2026-11-25T05:00:00Z");
        assert_eq!(start.due_at(&number("+821012345678"), None, began), began);
        assert_eq!(start.begins_at(began), began);
    }

    #[test]
    fn turns_are_evenly_apart() {
        let hour = Duration::from_secs(3_600);
        let turns: Vec<_> = (0..4).map(|n| spread(hour, n, 4).as_secs()).collect();
        assert_eq!(turns, [0, 900, 1_800, 2_700]);
        assert_eq!(spread(hour, 5, 0), Duration::ZERO);
    }
}
