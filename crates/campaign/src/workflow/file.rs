//! Reads TOML as JSON, and keeps the line of every key, so that a mistake at a JSON pointer is told by its line.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::definition::Workflow;
use crate::fault::{Fault, pointer_part};

/// A mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The key, as a path: `step.2.send`; empty if the text is no TOML there.
    pub key: String,
    /// What is wrong.
    pub detail: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if self.key.is_empty() { Ok(()) } else { write!(f, "{}: ", self.key) }?;
        f.write_str(&self.detail)
    }
}

/// A document: its value, and where everything in it stands.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The value, as JSON has it.
    pub value: Value,
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// Reads TOML.
    ///
    /// # Errors
    /// Every line that is none.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let line_of = |offset: usize| starts.partition_point(|start| *start <= offset);
        if !errors.is_empty() {
            let mut mistakes: Vec<Mistake> = errors
                .iter()
                .map(|error| Mistake {
                    line: error.span().map_or(1, |span| line_of(span.start)),
                    key: String::new(),
                    detail: format!("this is not TOML: {}", error.message().replace('\n', "; ")),
                })
                .collect();
            // One slip confuses the parser for the rest of its line.
            mistakes.dedup_by_key(|mistake| mistake.line);
            return Err(mistakes);
        }
        let mut lines = BTreeMap::new();
        let value = table_of(table.get_ref(), "", &line_of, &mut lines);
        Ok(Self { value, lines })
    }

    /// Reads JSON; its mistakes know no lines but those of the syntax.
    ///
    /// # Errors
    /// The line that is none.
    pub fn parse_json(text: &str) -> Result<Self, Vec<Mistake>> {
        let value = serde_json::from_str(text).map_err(|error| {
            vec![Mistake { line: error.line(), key: String::new(), detail: format!("this is not JSON: {error}") }]
        })?;
        Ok(Self { value, lines: BTreeMap::new() })
    }

    /// The line of what is at a pointer: its own, else that of what it is in.
    pub fn line(&self, pointer: &str) -> usize {
        let mut rest = pointer;
        loop {
            if let Some(line) = self.lines.get(rest) {
                return *line;
            }
            match rest.rsplit_once('/') {
                Some((outer, _)) => rest = outer,
                None => return 1,
            }
        }
    }

    /// A fault as a mistake in this file.
    pub fn mistake(&self, fault: &Fault) -> Mistake {
        let key = fault.pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~");
        Mistake { line: self.line(&fault.pointer), key, detail: fault.detail.clone() }
    }

    /// The workflow that the document is.
    ///
    /// # Errors
    /// Every mistake, by line.
    pub fn workflow(&self) -> Result<Workflow, Vec<Mistake>> {
        super::read(&self.value).map_err(|faults| {
            let mut mistakes: Vec<Mistake> = faults.iter().map(|fault| self.mistake(fault)).collect();
            mistakes.sort();
            mistakes
        })
    }
}

fn table_of(
    table: &DeTable<'_>,
    place: &str,
    line_of: &dyn Fn(usize) -> usize,
    lines: &mut BTreeMap<String, usize>,
) -> Value {
    let mut fields = Map::new();
    for (name, value) in table {
        let at = format!("{place}/{}", pointer_part(name.get_ref()));
        // A table that is written in several places is where its key first stands.
        lines.insert(at.clone(), line_of(name.span().start));
        fields.insert(name.get_ref().to_string(), value_of(value, &at, line_of, lines));
    }
    Value::Object(fields)
}

fn value_of(
    value: &Spanned<DeValue<'_>>,
    place: &str,
    line_of: &dyn Fn(usize) -> usize,
    lines: &mut BTreeMap<String, usize>,
) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        // Days and instants are texts in JSON.
        DeValue::Datetime(at) => Value::String(at.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().replace('_', "").parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Array(entries) => {
            let each = entries.iter().enumerate().map(|(n, entry)| {
                let at = format!("{place}/{n}");
                lines.insert(at.clone(), line_of(entry.span().start));
                value_of(entry, &at, line_of, lines)
            });
            Value::Array(each.collect())
        }
        DeValue::Table(table) => table_of(table, place, line_of, lines),
    }
}
