//! Reads durations ("30s", "1h 30m", "3 days") and sizes ("512 KiB", "1 MiB"), and writes them back.

use std::time::Duration;

const DURATIONS: [(&[&str], u64); 6] = [
    (&["ms", "millisecond", "milliseconds"], 1),
    (&["s", "sec", "second", "seconds"], 1_000),
    (&["m", "min", "minute", "minutes"], 60_000),
    (&["h", "hour", "hours"], 3_600_000),
    (&["d", "day", "days"], 86_400_000),
    (&["w", "week", "weeks"], 604_800_000),
];

const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Reads one or more numbers with their units; `None` if the text is no duration.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = number(rest)?;
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let (_, millis) = DURATIONS.iter().find(|(names, _)| names.contains(&unit))?;
        total = total.checked_add(number.checked_mul(*millis)?)?;
        rest = after.trim_start();
    }
    Some(Duration::from_millis(total))
}

/// Reads a number of octets with a unit; `None` if the text is no size.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = number(text.trim())?;
    let (_, octets) = SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.checked_mul(*octets)
}

/// The decimal number in front of a text, with `_` between its digits, and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.replace('_', "").parse().ok()?, rest))
}

/// The shortest usual way to write a duration.
pub(super) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    // Weeks read worse than days, so they are not offered.
    let unit = DURATIONS[..5].iter().rev().find(|(_, unit)| millis > 0 && millis.is_multiple_of(u128::from(*unit)));
    match unit {
        Some((names, unit)) => format!("{}{}", millis / u128::from(*unit), names[0]),
        None => "0s".to_owned(),
    }
}

/// The shortest usual way to write a size.
pub(super) fn show_size(octets: u64) -> String {
    let unit = SIZES[..4].iter().rev().find(|(_, unit)| octets >= *unit && octets.is_multiple_of(*unit));
    match unit {
        Some((name, unit)) => format!("{} {name}", octets / unit),
        None => "0 B".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in
            [("30s", 30), ("10m", 600), ("24h", 86_400), ("3 days", 259_200), ("1h 30m", 5_400), ("1 week", 604_800)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_duration("250 ms"), Some(Duration::from_millis(250)));
        for text in ["", "30", "s", "3 fortnights", "-1s", "1.5h", "99999999999999999999s", "9999999999999999 days"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, octets) in [("1 MiB", 1 << 20), ("512KiB", 512 << 10), ("2 gb", 2_000_000_000), ("100 B", 100)] {
            assert_eq!(parse_size(text), Some(octets), "{text}");
        }
        for text in ["", "MiB", "1 MiX", "1.5 MiB", "99999999999 GiB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["30s", "10m", "24h", "1500ms", "90d"] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(parse_duration(&show_duration(duration)), Some(duration));
        }
        assert_eq!(show_duration(Duration::from_secs(86_400)), "1d");
        assert_eq!(show_size(16 << 20), "16 MiB");
        assert_eq!(show_size(1_500), "1500 B");
    }
}
