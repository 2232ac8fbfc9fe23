//! Moments in conditions: `2026-11-22`, an instant, `today-30d`, `now-24h`; days are those of the contact's calendar.

use std::fmt;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::attribute;
use crate::fault::short;
use crate::point::{Today, day_number};
use postrider_model::Timestamp;

/// The farthest that a moment may lie from now, in days.
const DAYS_MAX: i64 = 36_600;

/// A point in time that a condition compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// An instant, the same for everybody.
    Instant(Timestamp),
    /// So many milliseconds from now.
    Now(i64),
    /// A day of everybody's own calendar.
    Day(Date),
    /// A day so many months and days from today, by the contact's own calendar.
    Today {
        /// Months, before the days are counted.
        months: i32,
        /// Days.
        days: i32,
    },
}

impl Moment {
    /// Reads a moment.
    ///
    /// # Errors
    /// Says how moments are written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("today") {
            return relative_day(rest).ok_or_else(|| wrong(text));
        }
        if let Some(rest) = text.strip_prefix("now") {
            return relative_instant(rest).ok_or_else(|| wrong(text));
        }
        if let Some(day) = attribute::day(text) {
            return Ok(Self::Day(day));
        }
        text.parse().map(Self::Instant).map_err(|_| wrong(text))
    }

    /// Whether it is a whole day.
    pub const fn is_day(self) -> bool {
        matches!(self, Self::Day(_) | Self::Today { .. })
    }

    /// The day, for a contact whose today is this; `None` for instants.
    pub fn day(self, today: &Today) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            Self::Today { months, days } => {
                let span = Span::new().try_months(months).ok()?.try_days(days).ok()?;
                today.date.checked_add(span).ok()
            }
            Self::Instant(_) | Self::Now(_) => None,
        }
    }

    /// The number of the day, as rows hold it.
    pub fn day_number(self, today: &Today) -> Option<i64> {
        self.day(today).map(day_number)
    }

    /// The milliseconds at which the moment begins, and at which what follows it begins: a day has a length.
    pub fn bounds(self, today: &Today, zone: &TimeZone) -> (i64, i64) {
        let instant = |millis: i64| (millis, millis);
        match self {
            Self::Instant(at) => instant(at.as_millis()),
            Self::Now(offset) => instant(today.now.as_millis().saturating_add(offset)),
            Self::Day(_) | Self::Today { .. } => {
                let day = self.day(today).unwrap_or(today.date);
                let begins = |day: Date| {
                    day.to_zoned(zone.clone())
                        .map_or(today.start, |begin| Timestamp::from(begin.timestamp()))
                        .as_millis()
                };
                let start = begins(day);
                (start, day.tomorrow().map_or(start, begins))
            }
        }
    }
}

fn wrong(text: &str) -> String {
    format!(
        "\"{}\" is no moment; write \"today\", \"today-30d\", \"today+7d\", \"today-1mo\", \"now-24h\", a day like \
         \"2026-11-22\", or an instant like \"2026-11-22T09:00:00+09:00\"",
        short(text)
    )
}

fn signed(text: &str) -> Option<(i64, &str)> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = rest.split_at(end);
    let number: i64 = digits.parse().ok().filter(|number| *number <= DAYS_MAX * 24 * 60)?;
    Some((sign * number, unit))
}

fn relative_day(rest: &str) -> Option<Moment> {
    if rest.is_empty() {
        return Some(Moment::Today { months: 0, days: 0 });
    }
    let (number, unit) = signed(rest)?;
    let (months, days) = match unit {
        "d" => (0, number),
        "w" => (0, number * 7),
        "mo" => (number, 0),
        "y" => (number * 12, 0),
        _ => return None,
    };
    if months.abs() > DAYS_MAX / 31 || days.abs() > DAYS_MAX {
        return None;
    }
    Some(Moment::Today { months: i32::try_from(months).ok()?, days: i32::try_from(days).ok()? })
}

fn relative_instant(rest: &str) -> Option<Moment> {
    if rest.is_empty() {
        return Some(Moment::Now(0));
    }
    let (number, unit) = signed(rest)?;
    let minutes = match unit {
        "min" => number,
        "h" => number * 60,
        "d" => number * 1_440,
        "w" => number * 10_080,
        _ => return None,
    };
    if minutes.abs() > DAYS_MAX * 1_440 { None } else { Some(Moment::Now(minutes * 60_000)) }
}

/// A span that reaches back from now: `24h` exactly, `30d` to the beginning of that day of the contact's calendar.
///
/// # Errors
/// Says how spans are written.
pub fn back(text: &str) -> Result<Moment, String> {
    let text = text.trim();
    let written = format!("-{text}");
    let moment = relative_day(&written).or_else(|| relative_instant(&written));
    moment.filter(|_| !text.is_empty() && !text.starts_with(['+', '-'])).ok_or_else(|| {
        format!("\"{}\" is no span; write one like \"30d\", \"2w\", \"6mo\", \"1y\", \"24h\" or \"90min\"", short(text))
    })
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant(at) => write!(f, "{at}"),
            Self::Now(offset) => write!(f, "now{:+}min", offset / 60_000),
            Self::Day(day) => write!(f, "{day}"),
            Self::Today { months: 0, days } => write!(f, "today{days:+}d"),
            Self::Today { months, .. } => write!(f, "today{months:+}mo"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(Moment::parse("today"), Ok(Moment::Today { months: 0, days: 0 }));
        assert_eq!(Moment::parse("today-30d"), Ok(Moment::Today { months: 0, days: -30 }));
        assert_eq!(Moment::parse("today+2w"), Ok(Moment::Today { months: 0, days: 14 }));
        assert_eq!(Moment::parse("today-1y"), Ok(Moment::Today { months: -12, days: 0 }));
        assert_eq!(Moment::parse("now-24h"), Ok(Moment::Now(-86_400_000)));
        assert!(matches!(Moment::parse("2026-11-22"), Ok(Moment::Day(_))));
        assert!(matches!(Moment::parse("2026-11-22T09:00:00+09:00"), Ok(Moment::Instant(_))));
        for text in
            ["", "yesterday", "today-30", "today30d", "today-30h", "now-1mo", "today-99999999d", "today--1d", "now-é"]
        {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
        assert_eq!(back("30d"), Ok(Moment::Today { months: 0, days: -30 }));
        assert_eq!(back("24h"), Ok(Moment::Now(-86_400_000)));
        for text in ["", "30", "-30d", "+1d", "soon"] {
            assert!(back(text).is_err(), "{text}");
        }
    }

    #[test]
    fn days_begin_at_the_contacts_midnight_also_when_clocks_change() {
        let bounds = |text: &str, zone: &str| {
            let zone = TimeZone::get(zone).unwrap();
            let today = Today::of("2026-10-26T12:00:00Z".parse().unwrap(), &zone);
            let (start, end) = Moment::parse(text).unwrap().bounds(&today, &zone);
            (Timestamp::from_millis(start).to_string(), (end - start) / 3_600_000)
        };
        assert_eq!(bounds("today-1d", "Asia/Seoul"), ("2026-10-24T15:00:00.000Z".to_owned(), 24));
        assert_eq!(bounds("today-1d", "Europe/Berlin"), ("2026-10-24T22:00:00.000Z".to_owned(), 25));
        assert_eq!(bounds("now-24h", "Europe/Berlin"), ("2026-10-25T12:00:00.000Z".to_owned(), 0));
    }
}
