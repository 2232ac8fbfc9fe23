//! Points at values in a JSON body: `customer.phone | shipping_address.phone`, `"{first_name} {last_name}"`, `'paid'`.
//!
//! | written | is |
//! |---|---|
//! | `a.b`, `a[0].b`, `a[-1]` | the field, the first entry, the last one |
//! | `a[*].b` | that field of every entry |
//! | `a[key=name].value` | of the entries whose `key` is `name` |
//! | `$.a` | from the top of the body, where entries of an array are read one by one |
//! | `'text'` | this text |
//! | `{a} {b}` | texts with values in them; nothing if none of the values is there |
//! | `sum(a[*].b)` | the amounts together |
//! | `x | y` | the first of them that is there |

use serde_json::Value;

use crate::fault::short;
use crate::money::Money;

/// Most alternatives, steps of a path, and pieces of a text.
const PARTS_MAX: usize = 20;

/// One way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    from_top: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    At(usize),
    FromEnd(usize),
    All,
    Where(String, String),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (from_top, rest) = text.strip_prefix("$.").map_or((false, text), |rest| (true, rest));
        let mut steps = Vec::new();
        for part in parts(rest) {
            let (name, brackets) = part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
            let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            if name.is_empty() || !name.chars().all(good) {
                return Err(format!("\"{}\" is no path like customer.phone or line_items[0].price", short(text)));
            }
            steps.push(Step::Field(name.to_owned()));
            for inner in brackets.into_iter().flat_map(|brackets| brackets.split('[')) {
                steps.push(
                    step(inner)
                        .ok_or_else(|| format!("\"[{}\" is none of [0], [-1], [*] and [key=value]", short(inner)))?,
                );
            }
        }
        if steps.is_empty() || steps.len() > PARTS_MAX {
            return Err(format!("a path has 1 to {PARTS_MAX} steps"));
        }
        Ok(Self { from_top, steps })
    }

    /// All values that it leads to.
    pub fn all<'v>(&self, top: &'v Value, here: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![if self.from_top { top } else { here }];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| taken(step, value)).collect();
        }
        found.retain(|value| !is_empty(value));
        found
    }
}

/// The parts of a path: points inside of brackets part nothing.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '.' && depth == 0
    })
}

fn step(inner: &str) -> Option<Step> {
    let inner = inner.strip_suffix(']')?;
    if inner == "*" {
        return Some(Step::All);
    }
    if let Some((key, value)) = inner.split_once('=') {
        return Some(Step::Where(key.trim().to_owned(), value.trim().to_owned()));
    }
    match inner.strip_prefix('-') {
        Some(digits) => digits.parse().ok().filter(|place| *place > 0).map(Step::FromEnd),
        None => inner.parse().ok().map(Step::At),
    }
}

fn taken<'v>(step: &Step, value: &'v Value) -> Vec<&'v Value> {
    let entries = || value.as_array().map(Vec::as_slice).unwrap_or_default();
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::At(place) => entries().get(*place).into_iter().collect(),
        Step::FromEnd(place) => {
            entries().len().checked_sub(*place).and_then(|at| entries().get(at)).into_iter().collect()
        }
        Step::All => entries().iter().collect(),
        Step::Where(key, wanted) => {
            entries().iter().filter(|entry| entry.get(key).and_then(plain).as_deref() == Some(wanted)).collect()
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// A value as a text, if it is one that texts can hold.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A way to a value, with others to take if it leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    written: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Path(Path),
    Text(String),
    Pieces(Vec<Piece>),
    Sum(Path),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Path(Path),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = alternatives(text).into_iter().map(|part| part_of(part.trim())).collect::<Result<Vec<_>, _>>()?;
        if parts.len() > PARTS_MAX {
            return Err(format!("at most {PARTS_MAX} ways may stand beside each other"));
        }
        Ok(Self { written: text.to_owned(), parts })
    }

    /// How it was written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The first value that is there.
    pub fn first(&self, top: &Value, here: &Value) -> Option<Value> {
        self.each(top, here).next()
    }

    /// The first value that is there, as a text.
    pub fn text(&self, top: &Value, here: &Value) -> Option<String> {
        self.each(top, here).find_map(|value| plain(&value))
    }

    /// The values of all its ways, in their order.
    pub fn each<'a>(&'a self, top: &'a Value, here: &'a Value) -> impl Iterator<Item = Value> + 'a {
        self.parts.iter().flat_map(move |part| match part {
            Part::Path(path) => path.all(top, here).into_iter().cloned().collect(),
            Part::Text(text) => vec![Value::String(text.clone())],
            Part::Pieces(pieces) => joined(pieces, top, here).into_iter().map(Value::String).collect(),
            Part::Sum(path) => sum(&path.all(top, here)).into_iter().collect::<Vec<_>>(),
        })
    }
}

/// The ways of a selector: bars inside of quotes and braces part nothing.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut quoted, mut depth) = (false, 0_usize);
    text.split(move |c| {
        match c {
            '\'' => quoted = !quoted,
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '|' && !quoted && depth == 0
    })
    .collect()
}

fn part_of(text: &str) -> Result<Part, String> {
    if text.is_empty() {
        return Err("is empty; write a path like customer.phone".to_owned());
    }
    if let Some(inner) = text.strip_prefix('\'') {
        let inner = inner.strip_suffix('\'').ok_or_else(|| format!("{} has no second quote", short(text)))?;
        return Ok(Part::Text(inner.to_owned()));
    }
    if let Some(inner) = text.strip_prefix("sum(").and_then(|rest| rest.strip_suffix(')')) {
        return Path::parse(inner).map(Part::Sum);
    }
    if !text.contains('{') {
        return Path::parse(text).map(Part::Path);
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (path, behind) = after.split_once('}').ok_or_else(|| format!("\"{}\" lacks a brace", short(text)))?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Path(Path::parse(path)?));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    if pieces.len() > PARTS_MAX {
        return Err(format!("a text has at most {PARTS_MAX} pieces"));
    }
    Ok(Part::Pieces(pieces))
}

fn joined(pieces: &[Piece], top: &Value, here: &Value) -> Option<String> {
    let mut text = String::new();
    let mut any = false;
    for piece in pieces {
        match piece {
            Piece::Text(literal) => text.push_str(literal),
            Piece::Path(path) => {
                if let Some(value) = path.all(top, here).into_iter().find_map(plain) {
                    any = true;
                    text.push_str(&value);
                }
            }
        }
    }
    any.then(|| text.trim().to_owned())
}

fn sum(values: &[&Value]) -> Option<Value> {
    let amounts: Vec<Money> = values.iter().filter_map(|value| Money::from_json(value).ok()).collect();
    (!amounts.is_empty()).then(|| amounts.into_iter().fold(Money::default(), Money::plus).to_json())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(selector: &str, body: &Value) -> Option<Value> {
        Selector::parse(selector).unwrap().first(body, body)
    }

    #[test]
    fn the_first_way_that_leads_somewhere_is_taken() {
        let body = json!({"phone": null, "customer": {"phone": "", "first_name": "Ana"}, "billing": {"phone": " 12 "},
            "items": [{"price": "1.50"}, {"price": 2}], "meta": [{"key": "a", "value": 1}, {"key": "b", "value": 2}]});
        for (selector, expected) in [
            ("phone | customer.phone | billing.phone", Some(json!(" 12 "))),
            ("items[0].price", Some(json!("1.50"))),
            ("items[-1].price", Some(json!(2))),
            ("items[5].price | items[*].price", Some(json!("1.50"))),
            ("meta[key=b].value", Some(json!(2))),
            ("sum(items[*].price)", Some(json!(3.5))),
            ("{customer.first_name} {customer.last_name}", Some(json!("Ana"))),
            ("{phone}-{customer.phone} | 'a|b'", Some(json!("a|b"))),
            ("nothing.at.all", None),
        ] {
            assert_eq!(found(selector, &body), expected, "{selector}");
        }
        let entry = json!({"id": 7});
        assert_eq!(Selector::parse("{$.customer.first_name}-{id}").unwrap().text(&body, &entry).unwrap(), "Ana-7");
    }

    #[test]
    fn what_is_no_way_is_refused_with_the_reason() {
        for wrong in ["", "a | ", "a..b", "a[x]", "a[-0]", "'a", "{a", "a b", "sum(a[)"] {
            assert!(Selector::parse(wrong).is_err(), "{wrong}");
        }
    }
}
