//! Reads the fields of JSON objects one by one and keeps every mistake with its place; what nobody asked for is unknown.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::fault::{Fault, kind_of, nearest, pointer_part, short};

/// How many mistakes are told at once.
const FAULTS_MAX: usize = 50;

/// The mistakes that were found so far.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// Keeps one.
    pub fn add(&self, pointer: &str, code: &'static str, detail: impl Into<String>) {
        let mut all = self.0.borrow_mut();
        if all.len() < FAULTS_MAX {
            all.push(Fault::new(pointer, code, detail));
        }
    }

    /// Keeps one that knows its place below `pointer`.
    pub fn under(&self, pointer: &str, fault: Fault) {
        let fault = fault.under(pointer);
        self.add(&fault.pointer, fault.code, fault.detail);
    }

    /// All of them.
    pub fn into_inner(self) -> Vec<Fault> {
        self.0.into_inner()
    }
}

/// An object that is being read.
pub struct Object<'a> {
    fields: &'a Map<String, Value>,
    /// Its JSON pointer.
    pub place: String,
    faults: &'a Faults,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Object<'a> {
    /// The object at `place`, if it is one.
    pub fn of(value: &'a Value, place: &str, what: &str, faults: &'a Faults) -> Option<Self> {
        let Value::Object(fields) = value else {
            faults.add(place, "wrong_type", format!("{what} is an object, not {}", kind_of(value)));
            return None;
        };
        Some(Self { fields, place: place.to_owned(), faults, known: RefCell::default() })
    }

    /// Where a field stands.
    pub fn at(&self, name: &str) -> String {
        format!("{}/{}", self.place, pointer_part(name))
    }

    /// Keeps a mistake about a field; an empty name is the whole.
    pub fn fault(&self, name: &str, code: &'static str, detail: impl Into<String>) {
        let place = if name.is_empty() { self.place.clone() } else { self.at(name) };
        self.faults.add(&place, code, detail);
    }

    /// The mistakes.
    pub const fn faults(&self) -> &'a Faults {
        self.faults
    }

    /// The value of a field.
    pub fn value(&self, name: &'static str) -> Option<&'a Value> {
        self.known.borrow_mut().push(name);
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Whether a field is there.
    pub fn has(&self, name: &'static str) -> bool {
        self.value(name).is_some()
    }

    /// A text.
    pub fn text(&self, name: &'static str) -> Option<&'a str> {
        let value = self.value(name)?;
        match value {
            Value::String(text) if text.trim().is_empty() => self.fault(name, "empty", format!("{name} is empty")),
            Value::String(text) => return Some(text.trim()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.fault(name, "wrong_type", format!("{name} is a text, not {}", kind_of(value)));
            }
        }
        None
    }

    /// A text that is read further.
    pub fn read<T>(&self, name: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        read(self.text(name)?).map_err(|detail| self.fault(name, "wrong_value", detail)).ok()
    }

    /// Yes or no; no if it is not there.
    pub fn flag(&self, name: &'static str) -> bool {
        match self.value(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.fault(name, "wrong_type", format!("{name} is true or false, not {}", kind_of(other)));
                false
            }
        }
    }

    /// A name: 1 to 60 of `a-z 0-9 - _`.
    pub fn name(&self, name: &'static str) -> Option<String> {
        self.read(name, |text| plain_name(text).map(str::to_owned))
    }

    /// The entries of a list with their places; a missing list has none.
    pub fn entries(&self, name: &'static str, most: usize) -> Vec<(&'a Value, String)> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Array(entries)) if entries.len() > most => {
                self.fault(name, "too_many", format!("there are at most {most} of {name}, not {}", entries.len()));
                Vec::new()
            }
            Some(Value::Array(entries)) => {
                entries.iter().enumerate().map(|(n, entry)| (entry, format!("{}/{n}", self.at(name)))).collect()
            }
            Some(other) => {
                self.fault(name, "wrong_type", format!("{name} is a list, not {}", kind_of(other)));
                Vec::new()
            }
        }
    }

    /// One text or several.
    pub fn texts(&self, name: &'static str, most: usize) -> Option<Vec<String>> {
        if let Some(Value::String(_)) = self.fields.get(name) {
            return self.text(name).map(|text| vec![text.to_owned()]);
        }
        let read = |(value, place): (&Value, String)| match value {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_)) => {
                self.faults.add(&place, "wrong_type", format!("this is a text, not {}", kind_of(other)));
                None
            }
        };
        self.value(name)?;
        let texts: Vec<String> = self.entries(name, most).into_iter().filter_map(read).collect();
        if texts.is_empty() {
            self.fault(name, "empty", format!("{name} names nothing"));
        }
        Some(texts)
    }

    /// The fields of an object; none if it is missing.
    pub fn map(&self, name: &'static str) -> Vec<(&'a String, &'a Value, String)> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Object(fields)) => {
                let place = self.at(name);
                fields.iter().map(|(key, value)| (key, value, format!("{place}/{}", pointer_part(key)))).collect()
            }
            Some(other) => {
                self.fault(name, "wrong_type", format!("{name} is a table, not {}", kind_of(other)));
                Vec::new()
            }
        }
    }

    /// Complains about every field that nobody asked for.
    pub fn finish(self, what: &str) {
        let known = self.known.borrow();
        for name in self.fields.keys().filter(|name| !known.contains(&name.as_str())) {
            let hint = nearest(name, known.iter().copied()).map(|near| format!("; did you mean \"{near}\"?"));
            let detail = format!("{what} has no field \"{}\"{}", short(name), hint.unwrap_or_default());
            self.faults.add(&self.at(name), "unknown_field", detail);
        }
    }
}

/// Checks a name.
///
/// # Errors
/// Says how names are written.
pub fn plain_name(text: &str) -> Result<&str, String> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if (1..=60).contains(&text.len()) && text.bytes().all(letters) {
        return Ok(text);
    }
    Err(format!("\"{}\" is no name: 1 to 60 small letters, digits, - and _", short(text)))
}
