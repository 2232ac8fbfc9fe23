//! Decides what the seven octets of a time stamp say (3GPP TS 23.040, 9.2.3.11), and writes them.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::Offset;

use postrider_model::Timestamp;

const QUARTER_SECONDS: i32 = 15 * 60;
/// The largest offset of the world is +14:00; what says more is no zone.
const QUARTERS_MAX: i8 = 14 * 4;

/// TP-SCTS, TP-DT or an absolute TP-VP exactly as it travels: local time and its distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeStamp(pub [u8; 7]);

impl TimeStamp {
    /// `at` as a clock shows it that is `quarters` quarters of an hour ahead of UTC, to the second.
    ///
    /// Two digits name a year of 1990 to 2089; an instant outside is written as if it were inside.
    pub fn new(at: Timestamp, quarters: i8) -> Self {
        let quarters = quarters.clamp(-QUARTERS_MAX, QUARTERS_MAX);
        let local = offset(quarters).to_datetime(at.to_jiff());
        let two_digits = |value: i16| u8::try_from(value.rem_euclid(100)).unwrap_or(0);
        let small = |value: i8| swapped(value.unsigned_abs());
        let zone = swapped(quarters.unsigned_abs()) | if quarters < 0 { SIGN } else { 0 };
        Self([
            swapped(two_digits(local.year())),
            small(local.month()),
            small(local.day()),
            small(local.hour()),
            small(local.minute()),
            small(local.second()),
            zone,
        ])
    }

    /// The instant; `None` for zeros and for what is no date. Without a readable zone the time counts as UTC.
    pub fn to_timestamp(self) -> Option<Timestamp> {
        let local = self.local()?;
        let zone = offset(self.quarters().unwrap_or(0));
        zone.to_timestamp(local).ok().map(Timestamp::from)
    }

    /// Quarters of an hour ahead of UTC; `None` if no such zone is.
    pub fn quarters(self) -> Option<i8> {
        let zone = self.0[6];
        // Some centres count on in hexadecimal where a decimal digit ends.
        let count = (zone & 7) * 10 + (zone >> 4);
        let count = i8::try_from(count).ok().filter(|&count| count <= QUARTERS_MAX)?;
        Some(if zone & SIGN == 0 { count } else { -count })
    }

    /// The time on the wall at the service centre.
    fn local(self) -> Option<DateTime> {
        let [year, month, day, hour, minute, second, _] = self.0;
        let year = i16::from(two_digits(year)?);
        let field = |octet| two_digits(octet).and_then(|value| i8::try_from(value).ok());
        let year = if year >= 90 { 1900 + year } else { 2000 + year };
        DateTime::new(year, field(month)?, field(day)?, field(hour)?, field(minute)?, field(second)?, 0).ok()
    }
}

/// `26-11-21T14:35:22+09:00`, or the octets when they are no date.
impl fmt::Display for TimeStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(local) = self.local() else { return f.write_str(&super::to_hex(&self.0)) };
        let quarters = self.quarters().unwrap_or(0);
        let sign = if self.0[6] & SIGN == 0 { '+' } else { '-' };
        let minutes = u32::from(quarters.unsigned_abs()) * 15;
        write!(f, "{}{sign}{:02}:{:02}", local.strftime("%y-%m-%dT%H:%M:%S"), minutes / 60, minutes % 60)
    }
}

/// The sign of the zone: the high bit of its tens.
const SIGN: u8 = 0x08;

fn offset(quarters: i8) -> Offset {
    Offset::from_seconds(i32::from(quarters) * QUARTER_SECONDS).unwrap_or(Offset::UTC)
}

/// Two decimal digits, the tens in the low half.
pub(super) fn two_digits(octet: u8) -> Option<u8> {
    let (tens, ones) = (octet & 0x0f, octet >> 4);
    (tens <= 9 && ones <= 9).then_some(tens * 10 + ones)
}

/// Two decimal digits with the tens in the low half.
pub(super) const fn swapped(value: u8) -> u8 {
    (value / 10 % 10) | ((value % 10) << 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(hex: &str) -> TimeStamp {
        TimeStamp(super::super::parse_hex(hex).unwrap().try_into().unwrap())
    }

    #[test]
    fn local_time_and_zone_give_the_instant() {
        for (hex, shown, instant) in [
            ("62111241532263", "26-11-21T14:35:22+09:00", "2026-11-21T05:35:22Z"),
            ("6060605130308A", "06-06-06T15:03:03-07:00", "2006-06-06T22:03:03Z"),
            ("62111241532222", "26-11-21T14:35:22+05:30", "2026-11-21T09:05:22Z"),
            ("99309251619580", "99-03-29T15:16:59+02:00", "1999-03-29T13:16:59Z"),
            ("62111241532208", "26-11-21T14:35:22-00:00", "2026-11-21T14:35:22Z"),
        ] {
            assert_eq!(stamp(hex).to_string(), shown);
            assert_eq!(stamp(hex).to_timestamp(), Some(instant.parse().unwrap()), "{hex}");
        }
    }

    #[test]
    fn what_is_no_date_gives_no_instant() {
        for hex in ["00000000000000", "FFFFFFFFFFFFFF", "62311241532263", "62111242532263", "620A1241532263"] {
            assert_eq!(stamp(hex).to_timestamp(), None, "{hex}");
            assert_eq!(stamp(hex).to_string(), hex);
        }
        assert_eq!(stamp("621112415322A0").quarters(), Some(10), "ten as one digit");
        let no_zone = stamp("621112415322FF");
        assert_eq!((no_zone.quarters(), no_zone.to_timestamp().is_some()), (None, true));
    }

    #[test]
    fn an_instant_is_written_for_each_zone() {
        let at: Timestamp = "2026-11-21T05:35:22.900Z".parse().unwrap();
        for (quarters, shown) in
            [(36, "26-11-21T14:35:22+09:00"), (-20, "26-11-21T00:35:22-05:00"), (0, "26-11-21T05:35:22+00:00")]
        {
            let stamp = TimeStamp::new(at, quarters);
            assert_eq!(stamp.to_string(), shown);
            assert_eq!(stamp.to_timestamp().unwrap().as_seconds(), at.as_seconds());
            assert_eq!(stamp.quarters(), Some(quarters));
        }
    }
}
