//! The command line's clock, and how it shows times and reads spans.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::model::Timestamp;

/// The present, for measuring.
#[expect(clippy::disallowed_methods, reason = "this is the door through which a tool's time comes in")]
pub fn instant() -> Instant {
    Instant::now()
}

/// An instant in the zone of this machine, with milliseconds: `2026-11-22 09:00:00.250`.
pub fn local(at: Timestamp) -> String {
    at.to_jiff().to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// The offset of this machine's zone at `at`: `+09:00`.
pub fn offset(at: Timestamp) -> String {
    at.to_jiff().to_zoned(TimeZone::system()).strftime("%:z").to_string()
}

/// Reads `5ms`, `2s`, `1h 30m`.
///
/// # Errors
/// Says how a span is written.
pub fn span(text: &str) -> Result<Duration, String> {
    let read: Option<Duration> = text.parse::<SignedDuration>().ok().and_then(|span| span.try_into().ok());
    read.ok_or_else(|| format!("\"{text}\" is no span of time like 5ms, 2s or 1h30m"))
}

/// Reads `5ms`, or `5ms..20ms`: the shortest and the longest.
///
/// # Errors
/// Says how a range is written.
pub fn spans(text: &str) -> Result<(Duration, Duration), String> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    match (span(low)?, span(high)?) {
        (low, high) if low <= high => Ok((low, high)),
        _ => Err(format!("\"{text}\" ends before it begins")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(span("5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(span("1h 30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(spans("5ms..2s"), Ok((Duration::from_millis(5), Duration::from_secs(2))));
        assert_eq!(spans("50ms"), Ok((Duration::from_millis(50), Duration::from_millis(50))));
        for text in ["", "5", "soon", "-1s", "2s..1s"] {
            assert!(spans(text).is_err(), "{text}");
        }
    }
}
