//! Says what is wrong with a value from outside: where it is, a lasting word, and a sentence for the person who wrote it.

use std::fmt::{self, Display};

use serde_json::Value;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it is: a JSON pointer (RFC 6901), empty for the whole.
    pub pointer: String,
    /// A word that stays the same over versions.
    pub code: &'static str,
    /// What is wrong, for people.
    pub detail: String,
}

impl Fault {
    /// `code` and `detail` about what is at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }

    /// The same fault inside of something at `pointer`.
    #[must_use]
    pub fn under(mut self, pointer: &str) -> Self {
        self.pointer.insert_str(0, pointer);
        self
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.detail),
            place => write!(f, "{place}: {}", self.detail),
        }
    }
}

impl std::error::Error for Fault {}

/// A name as a part of a JSON pointer.
pub fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What kind of value stands there, for a sentence.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The beginning of a text that somebody sent, for a sentence about it.
pub fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// The known name that is nearest to `name`, for a sentence about a wrong one.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (distance(name, known), known))
        .filter(|(far, known)| *far <= 3 && *far * 2 <= known.len())
        .min()
        .map(|(_, known)| known)
}

/// How many letters must be put in, taken out or changed to turn one name into the other; 40 letters are looked at.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, letter) in a.chars().take(40).enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&b) {
            let change = diagonal + usize::from(letter != *other);
            diagonal = *cell;
            left = change.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_its_place() {
        let fault = Fault::new("/tags/1", "wrong_type", "a tag is a text").under("/3");
        assert_eq!(fault.to_string(), "/3/tags/1: a tag is a text");
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["last_purchase_at", "last_visit_at", "purchases"];
        assert_eq!(nearest("last_purchas_at", known), Some("last_purchase_at"));
        assert_eq!(nearest("purchase", known), Some("purchases"));
        assert_eq!(nearest("weather", known), None);
    }
}
