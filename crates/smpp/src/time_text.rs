//! Instants as SMPP writes them (3.4, 7.1.1), and the dates of receipts, which have no zone.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::profile::TimeForm;
use postrider_model::Timestamp;

/// `at` in a carrier's form; empty when the carrier gets none. A relative span counts from `now` and is at least a
/// minute, since a carrier refuses one that is over.
pub fn write(form: TimeForm, at: Timestamp, now: Timestamp) -> String {
    match form {
        TimeForm::Absent => String::new(),
        TimeForm::Absolute => {
            let utc = at.to_jiff().to_zoned(TimeZone::UTC).datetime();
            let tenths = utc.subsec_nanosecond() / 100_000_000;
            let (year, month, day) = (utc.year().rem_euclid(100), utc.month(), utc.day());
            let (hour, minute, second) = (utc.hour(), utc.minute(), utc.second());
            format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}{tenths}00+")
        }
        TimeForm::Relative => write_span(at.since(now).as_secs().max(60)),
    }
}

/// Months have 30 days here, as no carrier says otherwise.
fn write_span(seconds: u64) -> String {
    let days = (seconds / 86_400).min(360 * 63);
    let (years, months, days) = (days / 360, days % 360 / 30, days % 30);
    let (hours, minutes, seconds) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{years:02}{months:02}{days:02}{hours:02}{minutes:02}{seconds:02}000R")
}

/// Reads a date of 10 (YYMMDDhhmm), 12 (with seconds) or 14 digits (with century) in `zone`, or an absolute SMPP time
/// of 16 characters. `None` if it is none of these, or all zeros.
pub fn read(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() == 16 {
        return read_absolute(text);
    }
    if !matches!(text.len(), 10 | 12 | 14) {
        return None;
    }
    let (year, rest) =
        if text.len() == 14 { number(text, 0, 4)? } else { number(text, 0, 2).map(|(y, r)| (y + 2000, r))? };
    let at = civil(year, rest)?;
    Some(zone.to_ambiguous_zoned(at).compatible().ok()?.timestamp().into())
}

/// `YYMMDDhhmmsstnnp` with `p` `+` or `-`.
fn read_absolute(text: &str) -> Option<Timestamp> {
    let (year, rest) = number(text, 0, 2)?;
    let at = civil(year + 2000, rest.get(..10)?)?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let (quarters, sign) = number(rest, 11, 2)?;
    let ahead = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let offset = i64::from(quarters) * 15 * 60 * 1000 * ahead;
    Some(Timestamp::from_millis(at.as_millisecond().checked_sub(offset)?))
}

/// Month to minute, and seconds if there are any.
fn civil(year: i16, rest: &str) -> Option<DateTime> {
    let (month, rest) = number(rest, 0, 2)?;
    let (day, rest) = number(rest, 0, 2)?;
    let (hour, rest) = number(rest, 0, 2)?;
    let (minute, rest) = number(rest, 0, 2)?;
    let second = if rest.is_empty() { 0 } else { number(rest, 0, 2)?.0 };
    let small = |value: i16| i8::try_from(value).ok();
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0).ok()
}

/// The number in `length` digits from `start`, and what follows it.
fn number(text: &str, start: usize, length: usize) -> Option<(i16, &str)> {
    let digits = text.get(start..start + length)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, text.get(start + length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn absolute_times_are_utc_and_relative_ones_count_from_now() {
        let now = at("2026-11-21T05:30:00Z");
        let until = at("2026-11-23T05:30:00.3Z");
        assert_eq!(write(TimeForm::Absolute, until, now), "261123053000300+");
        assert_eq!(write(TimeForm::Relative, until, now), "000002000000000R");
        assert_eq!(write(TimeForm::Absent, until, now), "");
        assert_eq!(write(TimeForm::Relative, now, until), "000000000100000R", "over already: a minute");
        assert_eq!(write(TimeForm::Relative, at("2026-12-31T06:31:05Z"), now), "000110010105000R");
    }

    #[test]
    fn dates_of_every_length_are_read_in_the_carriers_zone() {
        let seoul = TimeZone::fixed(jiff::tz::offset(9));
        let expected = Some(at("2026-11-21T05:30:00Z"));
        for text in ["2611211430", "261121143000", "20261121143000", "261121143000036+", "261121003000020-"] {
            assert_eq!(read(text, &seoul), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        let texts = [
            "",
            "0000000000",
            "000000000000",
            "2613211430",
            "26112114",
            "2611211430x",
            "000002000000000R",
            "２６112114",
        ];
        for text in texts {
            assert_eq!(read(text, &TimeZone::UTC), None, "{text}");
        }
    }
}
