//! Spans of time as definitions write them: `90s`, `15m`, `24h`, `3d`, `2w`.

use std::time::Duration;

const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a span.
///
/// # Errors
/// Says how spans are written.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let read = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let (_, seconds) = UNITS.into_iter().find(|(letter, _)| unit.starts_with(*letter))?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| number.parse::<u64>().ok()?.checked_mul(seconds)).flatten()
    };
    let shown: String = text.chars().take(40).collect();
    read()
        .map(Duration::from_secs)
        .ok_or_else(|| format!("\"{shown}\" is no span of time; write one like 90s, 15m, 24h, 3d, 2w"))
}

/// The shortest way to write a span.
pub fn show_span(span: Duration) -> String {
    let seconds = span.as_secs();
    let unit = UNITS.into_iter().find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{seconds}s"), |(letter, unit)| format!("{}{letter}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("24h", 86_400), ("3d", 259_200), ("2w", 1_209_600)] {
            assert_eq!(parse_span(text), Ok(Duration::from_secs(seconds)), "{text}");
            assert_eq!(parse_span(&show_span(Duration::from_secs(seconds))), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "s", "5", "-5m", "1.5h", "5 m", "5분", "99999999999999999999w", "99999999999999999w"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }
}
