//! Spans of time as people write them (`90s 15m 24h 3d 2w`), added by the contact's calendar: a day ends at the same hour on
//! the next day, also where clocks change.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::fault::short;
use postrider_model::Timestamp;

/// The longest span.
const DAYS_MAX: i64 = 3_660;
const DAY_MILLIS: i64 = 86_400_000;

/// A span: whole days of the calendar, or exact time. It may reach back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    days: i32,
    millis: i64,
}

impl Span {
    /// So many days.
    pub const fn days(days: i32) -> Self {
        Self { days, millis: 0 }
    }

    /// Reads `3d`, and with a sign in front also what reaches back: `-12h`.
    ///
    /// # Errors
    /// Says how spans are written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("\"{}\" is no span; write one like \"90s\", \"15m\", \"24h\", \"3d\" or \"2w\"", short(text));
        let (sign, rest) = match text.as_bytes().first() {
            Some(b'-') => (-1, text.get(1..)),
            Some(b'+') => (1, text.get(1..)),
            _ => (1, Some(text)),
        };
        let rest = rest.unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (digits, unit) = rest.split_at(end);
        let number: i64 = digits.parse().map_err(|_| wrong())?;
        let span = match unit {
            "s" => Self { days: 0, millis: number.saturating_mul(1_000) },
            "m" => Self { days: 0, millis: number.saturating_mul(60_000) },
            "h" => Self { days: 0, millis: number.saturating_mul(3_600_000) },
            "d" => Self { days: i32::try_from(number).unwrap_or(i32::MAX), millis: 0 },
            "w" => Self { days: i32::try_from(number.saturating_mul(7)).unwrap_or(i32::MAX), millis: 0 },
            _ => return Err(wrong()),
        };
        if span.rough_millis() > DAYS_MAX * DAY_MILLIS {
            return Err(format!("\"{}\" is longer than {DAYS_MAX} days", short(text)));
        }
        Ok(if sign < 0 { Self { days: -span.days, millis: -span.millis } } else { span })
    }

    /// Whether it reaches back.
    pub const fn is_back(self) -> bool {
        self.days < 0 || self.millis < 0
    }

    /// Whether it is whole days of the calendar.
    pub const fn is_days(self) -> bool {
        self.millis == 0
    }

    /// The days, if it is whole days.
    pub const fn whole_days(self) -> i32 {
        self.days
    }

    /// How long it is, days counted as 24 hours.
    pub fn rough_millis(self) -> i64 {
        i64::from(self.days).saturating_mul(DAY_MILLIS).saturating_add(self.millis)
    }

    /// The same span the other way.
    #[must_use]
    pub const fn turned(self) -> Self {
        Self { days: -self.days, millis: -self.millis }
    }

    /// `at` moved by the span, by the calendar of `zone`.
    pub fn from(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let days = jiff::Span::new().try_days(self.days);
        let moved = days.ok().filter(|_| self.days != 0).and_then(|days| {
            let there = at.to_jiff().to_zoned(zone.clone()).checked_add(days).ok()?;
            Some(Timestamp::from(there.timestamp()))
        });
        let moved = moved.unwrap_or_else(|| Timestamp::from_millis(at.as_millis() + i64::from(self.days) * DAY_MILLIS));
        Timestamp::from_millis(moved.as_millis().saturating_add(self.millis))
    }

    /// `day` moved by the span's whole days.
    pub fn from_day(self, day: Date) -> Option<Date> {
        day.checked_add(jiff::Span::new().try_days(self.days).ok()?).ok()
    }
}

impl fmt::Display for Span {
    /// As it is written: `-7d`, `90s`, `24h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.days, self.millis) {
            (0, 0) => f.write_str("0d"),
            (0, millis) if millis % 3_600_000 == 0 => write!(f, "{}h", millis / 3_600_000),
            (0, millis) if millis % 60_000 == 0 => write!(f, "{}m", millis / 60_000),
            (0, millis) => write!(f, "{}s", millis / 1_000),
            (days, _) => write!(f, "{days}d"),
        }
    }
}

/// Reads a local time: `10:00`.
///
/// # Errors
/// Says how times are written.
pub fn local_time(text: &str) -> Result<Time, String> {
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let digits =
            |part: &str| (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse());
        Time::new(digits(hours)?.ok()?, digits(minutes)?.ok()?, 0, 0).ok()
    };
    read().ok_or_else(|| format!("\"{}\" is no local time; write one like \"09:00\" or \"17:30\"", short(text)))
}

/// The instant of a local time. A time that clocks skip is the same span after the skip; of one that comes twice, the first.
pub fn instant(day: Date, time: Time, zone: &TimeZone) -> Timestamp {
    let there = day.to_datetime(time).to_zoned(zone.clone());
    // A day at the end of the calendar has no instant everywhere; then it never comes.
    there.map_or(Timestamp::from_millis(i64::MAX), |there| Timestamp::from(there.timestamp()))
}

/// The first instant from `at` on that is this local time.
pub fn next_at(at: Timestamp, time: Time, zone: &TimeZone) -> Timestamp {
    let day = at.to_jiff().to_zoned(zone.clone()).date();
    let today = instant(day, time, zone);
    if today >= at {
        return today;
    }
    day.tomorrow().map_or(at, |day| instant(day, time, zone))
}

/// A part of each day. It may reach over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// When it begins.
    pub from: Time,
    /// When it is over.
    pub until: Time,
}

impl Hours {
    /// When it is open first from `at` on: at once, or at its next beginning.
    pub fn open_at(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let time = at.to_jiff().to_zoned(zone.clone()).time();
        let is_open = if self.from <= self.until {
            (self.from..self.until).contains(&time)
        } else {
            time >= self.from || time < self.until
        };
        if is_open { at } else { next_at(at, self.from, zone) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn spans_are_read_and_written() {
        for text in ["90s", "15m", "24h", "3d", "-7d", "-12h", "0d"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Span::parse("2w"), Ok(Span::days(14)));
        for text in ["", "3", "d", "3 d", "1.5h", "--3d", "3mo", "9999999999999999999d", "99999d", "é"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_ends_at_the_same_hour_also_when_clocks_change() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let before = at("2026-10-24T10:00:00+02:00");
        assert_eq!(Span::days(1).from(before, &berlin), at("2026-10-25T10:00:00+01:00"));
        assert_eq!(Span::parse("24h").unwrap().from(before, &berlin), at("2026-10-25T09:00:00+01:00"));
        assert_eq!(Span::days(-1).from(at("2026-10-25T10:00:00+01:00"), &berlin), before);
    }

    #[test]
    fn a_local_time_that_is_skipped_comes_after_the_skip() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let half_past_two = local_time("02:30").unwrap();
        let day = jiff::civil::date(2026, 3, 29);
        assert_eq!(instant(day, half_past_two, &berlin), at("2026-03-29T03:30:00+02:00"));
        assert_eq!(next_at(at("2026-03-29T03:31:00+02:00"), half_past_two, &berlin), at("2026-03-30T02:30:00+02:00"));
        assert_eq!(next_at(at("2026-03-29T03:30:00+02:00"), half_past_two, &berlin), at("2026-03-29T03:30:00+02:00"));
        for text in ["9:00", "24:00", "12:60", "noon", "12-30", "+1:00"] {
            assert!(local_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hours_open_at_their_beginning_also_over_midnight() {
        let seoul = TimeZone::get("Asia/Seoul").unwrap();
        let hours =
            |from: &str, until: &str| Hours { from: local_time(from).unwrap(), until: local_time(until).unwrap() };
        let day = hours("09:00", "20:00");
        assert_eq!(day.open_at(at("2026-11-22T12:00:00+09:00"), &seoul), at("2026-11-22T12:00:00+09:00"));
        assert_eq!(day.open_at(at("2026-11-22T20:00:00+09:00"), &seoul), at("2026-11-23T09:00:00+09:00"));
        let night = hours("22:00", "02:00");
        assert_eq!(night.open_at(at("2026-11-22T01:59:00+09:00"), &seoul), at("2026-11-22T01:59:00+09:00"));
        assert_eq!(night.open_at(at("2026-11-22T02:00:00+09:00"), &seoul), at("2026-11-22T22:00:00+09:00"));
    }
}
