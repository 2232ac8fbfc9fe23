//! One TOML value to one checked Rust value, or the rest of a sentence that begins with the key.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::problem::did_you_mean;
use super::units::{parse_duration, parse_size, show_duration, show_size};

/// What a check gives: the value, or a predicate such as `must be a number, not "ten"`.
pub(super) type Checked<T> = Result<T, String>;

/// How a value is shown in a sentence.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

pub(super) fn must_be(what: impl Display, value: &DeValue<'_>) -> String {
    format!("must be {what}, not {}", shown(value))
}

/// The text of a string value.
pub(super) fn str_of<'a>(value: &'a DeValue<'_>, what: &str) -> Checked<&'a str> {
    value.as_str().ok_or_else(|| must_be(what, value))
}

/// Any text, also an empty one.
pub(super) fn text(value: &DeValue<'_>) -> Checked<String> {
    str_of(value, "a text in quotes").map(str::to_owned)
}

/// A text that says something.
pub(super) fn filled(value: &DeValue<'_>) -> Checked<String> {
    match text(value)? {
        text if text.trim().is_empty() => Err("is empty; write a value or leave the key out".to_owned()),
        text => Ok(text),
    }
}

/// Printable ASCII of at most `length_max` characters, as the fields of SMPP take it.
pub(super) fn ascii(length_max: usize) -> impl Fn(&DeValue<'_>) -> Checked<String> {
    move |value| {
        let text = text(value)?;
        if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            return Err(format!("must be printable ASCII characters, not \"{text}\""));
        }
        match text.len() {
            length if length > length_max => {
                Err(format!("has {length} characters; the protocol has room for {length_max}"))
            }
            _ => Ok(text),
        }
    }
}

pub(super) fn flag(value: &DeValue<'_>) -> Checked<bool> {
    value.as_bool().ok_or_else(|| must_be("true or false", value))
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
}

/// A whole number as a text, as the files of others write it.
pub(super) fn integer_text(value: &DeValue<'_>) -> Option<String> {
    integer(value).map(|number| number.to_string())
}

/// A whole number within `range`.
pub(super) fn whole<T: TryFrom<i64>>(range: RangeInclusive<i64>) -> impl Fn(&DeValue<'_>) -> Checked<T> {
    move |value| {
        let number = integer(value).filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| must_be(format_args!("a number from {} to {}", range.start(), range.end()), value))
    }
}

/// A rate a second above zero.
pub(super) fn rate(value: &DeValue<'_>) -> Checked<f64> {
    let number = match value.as_float() {
        Some(number) => number.as_str().replace('_', "").parse().ok(),
        None => integer(value).and_then(|number| u32::try_from(number).ok()).map(f64::from),
    };
    let possible = number.filter(|rate: &f64| (0.001..=1_000_000.0).contains(rate));
    possible.ok_or_else(|| must_be("a number from 0.001 to 1000000; leave it out for no limit", value))
}

/// A duration with its unit, within `range`.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&DeValue<'_>) -> Checked<Duration> {
    move |value| {
        let Some(duration) = value.as_str().and_then(parse_duration) else {
            return Err(must_be("a duration in quotes like \"30s\", \"10m\", \"24h\" or \"3 days\"", value));
        };
        if range.contains(&duration) {
            return Ok(duration);
        }
        let (least, most) = (show_duration(*range.start()), show_duration(*range.end()));
        Err(must_be(format_args!("a duration from {least} to {most}"), value))
    }
}

/// Seconds, for the ranges of durations.
pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Days, for the ranges of durations.
pub(super) const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// A size with its unit, or a number of octets, within `range`.
pub(super) fn size<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&DeValue<'_>) -> Checked<T> {
    move |value| {
        let read = match value.as_str() {
            Some(text) => parse_size(text),
            None => integer(value).and_then(|number| u64::try_from(number).ok()),
        };
        let Some(octets) = read else {
            return Err(must_be("a size in quotes like \"512 KiB\" or \"1 MiB\"", value));
        };
        let fits = Some(octets).filter(|octets| range.contains(octets)).and_then(|octets| T::try_from(octets).ok());
        fits.ok_or_else(|| {
            let (least, most) = (show_size(*range.start()), show_size(*range.end()));
            must_be(format_args!("a size from {least} to {most}"), value)
        })
    }
}

/// One of some words.
pub(super) fn one_of<T: Copy>(words: impl AsRef<[(&'static str, T)]>) -> impl Fn(&DeValue<'_>) -> Checked<T> {
    move |value| {
        let words = words.as_ref();
        let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let text = str_of(value, &format!("one of {}", all.join(", ")))?;
        words.iter().find(|(word, _)| *word == text).map(|(_, known)| *known).ok_or_else(|| {
            let hint = did_you_mean(text, all.iter().copied());
            let hint = hint.map(|word| format!("; did you mean \"{word}\"?")).unwrap_or_default();
            format!("must be one of {}, not \"{text}\"{hint}", all.join(", "))
        })
    }
}

/// One of the values of an enumeration, by its word.
pub(super) fn word<T: Copy + 'static>(
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> impl Fn(&DeValue<'_>) -> Checked<T> {
    one_of(all.iter().map(|&known| (as_str(known), known)).collect::<Vec<_>>())
}
