//! What a shop itself knows of a contact: named values of five types.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::fault::{Fault, kind_of, pointer_part, short};

/// Most attributes of one contact.
pub const ATTRIBUTES_MAX: usize = 64;
/// The longest name.
pub const NAME_MAX: usize = 40;
/// The longest text, in characters; of one entry in a list as well.
pub const TEXT_MAX: usize = 500;
/// Most entries of a list.
pub const LIST_MAX: usize = 50;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A day of the calendar, without time and zone.
    Date(Date),
    /// Yes or no.
    Boolean(bool),
    /// Several texts.
    List(Vec<String>),
}

/// The attributes by name.
pub type Attributes = BTreeMap<String, Attribute>;

impl Attribute {
    /// Reads a JSON value: a number, `true` or `false`, an array of texts, and of texts those like `2026-11-22` as days.
    ///
    /// # Errors
    /// Says what is wrong with the value, with a pointer that starts at it.
    pub fn from_json(value: &Value) -> Result<Self, Fault> {
        let wrong = |detail: String| Err(Fault::new("", "wrong_type", detail));
        match value {
            Value::Bool(flag) => Ok(Self::Boolean(*flag)),
            Value::Number(number) => match number.as_f64().filter(|number| number.is_finite()) {
                Some(number) => Ok(Self::Number(number)),
                None => wrong(format!("{number} is too large a number")),
            },
            Value::String(text) => Self::from_text(text),
            Value::Array(entries) => list(entries),
            Value::Null | Value::Object(_) => wrong(format!(
                "an attribute is a number, a text, a date like \"2026-11-22\", true or false, or an array of texts, not {}",
                kind_of(value)
            )),
        }
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        if let Some(day) = day(text) {
            return Ok(Self::Date(day));
        }
        checked_text(text).map(Self::Text)
    }

    /// The value as JSON, as [`Attribute::from_json`] reads it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Number(number) => number_json(*number),
            Self::Text(text) => json!(text),
            Self::Date(day) => json!(day.to_string()),
            Self::Boolean(flag) => json!(flag),
            Self::List(entries) => json!(entries),
        }
    }
}

/// A number as JSON: whole ones without a point.
pub fn number_json(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, so nothing is cut off")]
    let whole = (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    whole.map_or_else(|| json!(number), |whole| json!(whole))
}

/// A day written as `2026-11-22`, and nothing else.
pub fn day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    let digits = bytes.iter().enumerate().all(|(place, byte)| place == 4 || place == 7 || byte.is_ascii_digit());
    if shaped && digits { text.parse().ok() } else { None }
}

pub(super) fn checked_text(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.chars().count() > TEXT_MAX {
        return Err(Fault::new("", "too_long", format!("\"{}\" is longer than {TEXT_MAX} characters", short(text))));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Fault::new("", "control_character", format!("\"{}\" has control characters", short(text))));
    }
    Ok(text.to_owned())
}

fn list(entries: &[Value]) -> Result<Attribute, Fault> {
    if entries.len() > LIST_MAX {
        return Err(Fault::new(
            "",
            "too_many",
            format!("a list has at most {LIST_MAX} entries, not {}", entries.len()),
        ));
    }
    let mut texts = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let Value::String(text) = entry else {
            let detail = format!("an entry of a list is a text, not {}", kind_of(entry));
            return Err(Fault::new(format!("/{place}"), "wrong_type", detail));
        };
        texts.push(checked_text(text).map_err(|fault| fault.under(&format!("/{place}")))?);
    }
    Ok(Attribute::List(texts))
}

/// Checks the name of an attribute: small letters, digits and `_`, a letter first.
///
/// # Errors
/// Says how names are written.
pub fn check_name(name: &str) -> Result<(), Fault> {
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= NAME_MAX
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if good {
        return Ok(());
    }
    let detail = format!(
        "\"{}\" is no name of an attribute: small letters, digits and _, a letter first, at most {NAME_MAX}",
        short(name)
    );
    Err(Fault::new("", "wrong_name", detail))
}

/// Reads an object of attributes; `null` stands for one that is to go.
///
/// # Errors
/// Every value that is wrong, with a pointer that starts at the object.
pub fn read(value: &Value) -> Result<BTreeMap<String, Option<Attribute>>, Vec<Fault>> {
    let Value::Object(fields) = value else {
        return Err(vec![Fault::new("", "wrong_type", format!("attributes are an object, not {}", kind_of(value)))]);
    };
    if fields.len() > ATTRIBUTES_MAX {
        let detail = format!("a contact has at most {ATTRIBUTES_MAX} attributes, not {}", fields.len());
        return Err(vec![Fault::new("", "too_many", detail)]);
    }
    let (mut read, mut faults) = (BTreeMap::new(), Vec::new());
    for (name, value) in fields {
        let checked = check_name(name)
            .and_then(|()| if value.is_null() { Ok(None) } else { Attribute::from_json(value).map(Some) });
        match checked {
            Ok(attribute) => drop(read.insert(name.clone(), attribute)),
            Err(fault) => faults.push(fault.under(&format!("/{}", pointer_part(name)))),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_read_and_written_alike() {
        let given =
            json!({"size": 42, "weight": 3.5, "color": "red", "birthday": "1990-02-28", "vip": true, "likes": ["tea"]});
        let read = read(&given).unwrap();
        assert_eq!(read["birthday"], Some(Attribute::Date(jiff::civil::date(1990, 2, 28))));
        let written: serde_json::Map<_, _> = read.into_iter().map(|(k, v)| (k, v.unwrap().to_json())).collect();
        assert_eq!(Value::Object(written), given);
    }

    #[test]
    fn a_text_that_is_nearly_a_day_stays_a_text() {
        for text in ["2026-13-01", "2026-1-01", "20260101", "2026-11-22T00:00"] {
            assert_eq!(Attribute::from_json(&json!(text)), Ok(Attribute::Text(text.to_owned())));
        }
    }

    #[test]
    fn wrong_values_and_names_are_each_named() {
        let faults =
            read(&json!({"Color": "red", "a/b": 1, "likes": ["tea", 3], "x": {"y": 1}, "gone": null})).unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/Color", "/a~1b", "/likes/1", "/x"]);
        assert!(read(&json!([])).is_err());
        assert!(read(&json!({"t": "a".repeat(501)})).is_err() && read(&json!({"t": "a".repeat(500)})).is_ok());
    }
}
