//! Reads the tests of a condition, as far as the kind of value has them.

use serde_json::{Map, Value};

use super::moment::Moment;
use super::read::{ORDERS, Reader};
use super::tree::{Operand, Order, Relation, Test};
use crate::fault::{kind_of, short};
use crate::point::{Kind, Point};

/// What kind of value is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A number.
    Number,
    /// An instant.
    Time,
    /// A day.
    Day,
    /// A text.
    Text,
    /// An attribute, which may be anything.
    Any,
}

impl Sort {
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Number => &["known", "is", "is_not", "above", "at_least", "below", "at_most", "between"],
            Self::Time | Self::Day => &["known", "before", "after", "since", "until", "on", "between"],
            Self::Text => &["known", "is", "is_not", "in", "not_in", "contains", "starts_with"],
            Self::Any => &[
                "known",
                "is",
                "is_not",
                "in",
                "not_in",
                "contains",
                "starts_with",
                "above",
                "at_least",
                "below",
                "at_most",
                "between",
                "before",
                "after",
                "since",
                "until",
                "on",
            ],
        }
    }
}

const RELATIONS: [(&str, Relation); 5] = [
    ("before", Relation::Before),
    ("after", Relation::After),
    ("since", Relation::Since),
    ("until", Relation::Until),
    ("on", Relation::On),
];

/// All tests of a condition on `subject`; all of them must pass.
pub fn tests(
    reader: &mut Reader,
    subject: &str,
    fields: &Map<String, Value>,
    sort: Sort,
    place: &str,
) -> Option<Vec<Test>> {
    let known: Vec<&str> = std::iter::once(subject).chain(sort.words().iter().copied()).collect();
    reader.only(fields, &known, place);
    let mut tests = Vec::new();
    let mut whole = true;
    for word in sort.words() {
        let Some(value) = fields.get(*word) else { continue };
        match test(reader, word, value, sort, &format!("{place}/{word}")) {
            Some(found) => tests.extend(found),
            None => whole = false,
        }
    }
    whole.then_some(tests)
}

fn test(reader: &mut Reader, word: &str, value: &Value, sort: Sort, at: &str) -> Option<Vec<Test>> {
    let one = |test: Test| Some(vec![test]);
    match word {
        "known" => {
            let Value::Bool(flag) = value else {
                reader.fault(at, "wrong_type", format!("\"known\" is true or false, not {}", kind_of(value)));
                return None;
            };
            one(Test::Known(*flag))
        }
        "is" => one(equal(reader, value, sort, at)?),
        "is_not" => one(Test::Not(Box::new(equal(reader, value, sort, at)?))),
        "in" => one(Test::OneOf(reader.texts(value, at)?)),
        "not_in" => one(Test::Not(Box::new(Test::OneOf(reader.texts(value, at)?)))),
        "contains" => one(Test::Contains(reader.text(value, at)?)),
        "starts_with" => one(Test::StartsWith(reader.text(value, at)?)),
        "between" => between(reader, value, sort, at),
        _ => {
            if let Some((_, relation)) = RELATIONS.into_iter().find(|(name, _)| *name == word) {
                return one(Test::Moment(relation, moment(reader, value, relation, sort, at)?));
            }
            let (_, order) = ORDERS.into_iter().find(|(name, _)| *name == word)?;
            one(Test::Number(order, operand(reader, value, sort, at)?))
        }
    }
}

fn equal(reader: &mut Reader, value: &Value, sort: Sort, at: &str) -> Option<Test> {
    match (value, sort) {
        (Value::Bool(flag), Sort::Any) => Some(Test::Flag(*flag)),
        (Value::Number(_) | Value::Object(_), Sort::Number | Sort::Any) => {
            operand(reader, value, sort, at).map(|operand| Test::Number(Order::Equal, operand))
        }
        (Value::String(_), Sort::Text | Sort::Any) => reader.text(value, at).map(|text| Test::OneOf(vec![text])),
        (other, _) => {
            let wanted = if sort == Sort::Number { "a number" } else { "a text" };
            reader.fault(at, "wrong_type", format!("this is compared with {wanted}, not {}", kind_of(other)));
            None
        }
    }
}

/// Both ends belong to it.
fn between(reader: &mut Reader, value: &Value, sort: Sort, at: &str) -> Option<Vec<Test>> {
    let Some([low, high]) = value.as_array().map(Vec::as_slice) else {
        reader.fault(at, "wrong_type", "\"between\" has two values in an array, the lower first");
        return None;
    };
    let (first, second) = (format!("{at}/0"), format!("{at}/1"));
    let moments = matches!(sort, Sort::Time | Sort::Day) || sort == Sort::Any && low.is_string();
    if moments {
        let since = moment(reader, low, Relation::Since, sort, &first);
        let until = moment(reader, high, Relation::Until, sort, &second);
        return Some(vec![Test::Moment(Relation::Since, since?), Test::Moment(Relation::Until, until?)]);
    }
    let (low, high) = (operand(reader, low, sort, &first), operand(reader, high, sort, &second));
    Some(vec![Test::Number(Order::AtLeast, low?), Test::Number(Order::AtMost, high?)])
}

fn moment(reader: &mut Reader, value: &Value, relation: Relation, sort: Sort, at: &str) -> Option<Moment> {
    let text = reader.text(value, at)?;
    let moment = match Moment::parse(&text) {
        Ok(moment) => moment,
        Err(detail) => {
            reader.fault(at, "wrong_moment", detail);
            return None;
        }
    };
    if !moment.is_day() && (relation == Relation::On || sort == Sort::Day || sort == Sort::Any) {
        let detail = format!("\"{}\" is an instant; a day is needed here, like \"today-30d\"", short(&text));
        reader.fault(at, "not_a_day", detail);
        return None;
    }
    Some(moment)
}

/// A number, or `{"point": NAME, "times": 2, "plus": 7}` for points.
fn operand(reader: &mut Reader, value: &Value, sort: Sort, at: &str) -> Option<Operand> {
    let (Value::Object(fields), Sort::Number) = (value, sort) else {
        return reader.number(value, at).map(Operand::Number);
    };
    reader.only(fields, &["point", "times", "plus"], at);
    let name = reader.text(fields.get("point").unwrap_or(&Value::Null), &format!("{at}/point"))?;
    let numeric = |point: &Point| matches!(point.kind(), Kind::Count | Kind::Number | Kind::Money);
    let Some(point) = Point::named(&name).filter(numeric) else {
        let detail = format!("\"{}\" is no data point that is a number", short(&name));
        reader.fault(&format!("{at}/point"), "unknown_point", detail);
        return None;
    };
    let mut number = |name: &str, usual: f64| match fields.get(name) {
        None => Some(usual),
        Some(value) => reader.number(value, &format!("{at}/{name}")),
    };
    let (times, plus) = (number("times", 1.0)?, number("plus", 0.0)?);
    Some(Operand::Point { point, times, plus })
}
