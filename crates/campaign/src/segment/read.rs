//! Reads a tree of conditions from JSON and checks all of it; every mistake is named with its place.

use serde_json::{Map, Value};

use super::event::event;
use super::message::{Response, message};
use super::moment::{self, Moment};
use super::test::{Sort, tests};
use super::tree::{Condition, EventCondition, Field, Order, Test, Tree};
use crate::attribute::check_name;
use crate::fault::{Fault, kind_of, nearest, pointer_part, short};
use crate::point::{Kind, Point};

/// How deep a tree may be.
pub const DEPTH_MAX: usize = 12;
/// How many conditions a tree may have.
pub const CONDITIONS_MAX: usize = 200;
/// How many texts one condition may name.
pub(super) const TEXTS_MAX: usize = 200;
/// How many mistakes are told at once.
const FAULTS_MAX: usize = 20;

const SUBJECTS: [&str; 13] = [
    "all",
    "any",
    "not",
    "point",
    "attribute",
    "field",
    "tag",
    "list",
    "event",
    "received",
    "sent",
    "clicked",
    "replied",
];

/// Reads a tree.
///
/// # Errors
/// Every mistake, with a pointer that starts at the tree.
pub fn read(value: &Value) -> Result<Tree, Vec<Fault>> {
    let mut reader = Reader { faults: Vec::new(), conditions: 0 };
    let tree = reader.tree(value, "", 0);
    match tree {
        Some(tree) if reader.faults.is_empty() => Ok(tree),
        _ => {
            reader.faults.truncate(FAULTS_MAX);
            Err(reader.faults)
        }
    }
}

pub(super) struct Reader {
    faults: Vec<Fault>,
    conditions: usize,
}

impl Reader {
    pub(super) fn fault(&mut self, place: &str, code: &'static str, detail: impl Into<String>) {
        self.faults.push(Fault::new(place, code, detail));
    }

    fn tree(&mut self, value: &Value, place: &str, depth: usize) -> Option<Tree> {
        let Value::Object(fields) = value else {
            self.fault(place, "wrong_type", format!("a condition is an object, not {}", kind_of(value)));
            return None;
        };
        if depth > DEPTH_MAX {
            self.fault(place, "too_deep", format!("conditions lie at most {DEPTH_MAX} deep"));
            return None;
        }
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            self.fault(place, "too_many", format!("a segment has at most {CONDITIONS_MAX} conditions"));
            return None;
        }
        let subjects: Vec<&str> = SUBJECTS.into_iter().filter(|name| fields.contains_key(*name)).collect();
        let [subject] = subjects.as_slice() else {
            self.no_subject(fields, place, &subjects);
            return None;
        };
        let inner = fields.get(*subject)?;
        let at = format!("{place}/{subject}");
        match *subject {
            "all" | "any" => {
                self.only(fields, &[subject], place);
                let trees = self.trees(inner, &at, depth)?;
                Some(if *subject == "all" { Tree::All(trees) } else { Tree::Any(trees) })
            }
            "not" => {
                self.only(fields, &[subject], place);
                self.tree(inner, &at, depth + 1).map(|tree| Tree::Not(Box::new(tree)))
            }
            _ => self.condition(subject, fields, inner, place).map(Tree::Is),
        }
    }

    fn no_subject(&mut self, fields: &Map<String, Value>, place: &str, found: &[&str]) {
        if found.len() > 1 {
            let detail =
                format!("one condition has {} at once; put each in one of its own, in \"all\"", found.join(" and "));
            return self.fault(place, "several_subjects", detail);
        }
        let first = fields.keys().next().map_or("", String::as_str);
        let hint = nearest(first, SUBJECTS).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        let detail = format!("a condition has one of {}{hint}", SUBJECTS.join(", "));
        self.fault(place, "no_subject", detail);
    }

    /// Complains about fields that a condition does not have.
    pub(super) fn only(&mut self, fields: &Map<String, Value>, known: &[&str], place: &str) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            let hint = nearest(name, known.iter().copied()).map(|near| format!("; did you mean \"{near}\"?"));
            let detail = format!("\"{}\" has no meaning here{}", short(name), hint.unwrap_or_default());
            self.fault(&format!("{place}/{}", pointer_part(name)), "unknown_field", detail);
        }
    }

    fn trees(&mut self, value: &Value, place: &str, depth: usize) -> Option<Vec<Tree>> {
        let Value::Array(entries) = value else {
            self.fault(place, "wrong_type", format!("this is an array of conditions, not {}", kind_of(value)));
            return None;
        };
        let read = |(n, entry): (usize, &Value)| {
            // After so many mistakes nobody reads further ones.
            if self.faults.len() > FAULTS_MAX { None } else { self.tree(entry, &format!("{place}/{n}"), depth + 1) }
        };
        let trees: Vec<_> = entries.iter().enumerate().map(read).collect();
        trees.into_iter().collect()
    }

    fn condition(
        &mut self,
        subject: &str,
        fields: &Map<String, Value>,
        inner: &Value,
        place: &str,
    ) -> Option<Condition> {
        let at = format!("{place}/{subject}");
        match subject {
            "tag" | "list" => {
                self.only(fields, &[subject], place);
                let labels = self.texts(inner, &at)?;
                Some(if subject == "tag" { Condition::Tag(labels) } else { Condition::List(labels) })
            }
            "event" => event(self, fields, place).map(Condition::Event),
            "received" | "sent" | "clicked" | "replied" => {
                self.only(fields, &[subject], place);
                let response = Response::ALL.into_iter().find(|response| response.as_str() == subject)?;
                message(self, response, inner, &at)
            }
            "point" => {
                let name = self.text(inner, &at)?;
                let Some(point) = Point::named(&name) else {
                    let hint = nearest(&name, Point::ALL.iter().map(|point| point.name()));
                    let hint = hint.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
                    self.fault(&at, "unknown_point", format!("there is no data point \"{}\"{hint}", short(&name)));
                    return None;
                };
                let sort = match point.kind() {
                    Kind::Count | Kind::Number | Kind::Money => Sort::Number,
                    Kind::Time => Sort::Time,
                    Kind::Day => Sort::Day,
                    Kind::Text => Sort::Text,
                };
                self.tests(subject, fields, sort, place).map(|tests| Condition::Point(point, tests))
            }
            "attribute" => {
                let name = self.text(inner, &at)?;
                if let Err(fault) = check_name(&name) {
                    self.faults.push(fault.under(&at));
                    return None;
                }
                self.tests(subject, fields, Sort::Any, place).map(|tests| Condition::Attribute(name, tests))
            }
            _ => {
                let name = self.text(inner, &at)?;
                let Some((_, field, _)) = Field::ALL.into_iter().find(|(known, _, _)| *known == name) else {
                    let known: Vec<_> = Field::ALL.iter().map(|(name, _, _)| *name).collect();
                    self.fault(
                        &at,
                        "unknown_field",
                        format!("a field is one of {}; others are attributes", known.join(", ")),
                    );
                    return None;
                };
                self.tests(subject, fields, Sort::Text, place).map(|tests| Condition::Field(field, tests))
            }
        }
    }

    fn tests(&mut self, subject: &str, fields: &Map<String, Value>, sort: Sort, place: &str) -> Option<Vec<Test>> {
        let tests = tests(self, subject, fields, sort, place);
        if fields.len() == 1 {
            self.fault(place, "no_test", format!("a condition on \"{subject}\" needs a test, like \"known\": true"));
            return None;
        }
        tests
    }

    /// The window that `within`, `since` and `before` describe.
    pub(super) fn window(
        &mut self,
        fields: &Map<String, Value>,
        place: &str,
    ) -> Option<(Option<Moment>, Option<Moment>)> {
        let mut read = |name: &str, parse: fn(&str) -> Result<Moment, String>| match fields.get(name) {
            None => Ok(None),
            Some(value) => {
                let at = format!("{place}/{name}");
                let moment = self.text(value, &at).and_then(|text| match parse(&text) {
                    Ok(moment) => Some(moment),
                    Err(detail) => {
                        self.fault(&at, "wrong_moment", detail);
                        None
                    }
                });
                moment.map(Some).ok_or(())
            }
        };
        let (within, since, before) =
            (read("within", moment::back), read("since", Moment::parse), read("before", Moment::parse));
        let (within, since, before) = (within.ok()?, since.ok()?, before.ok()?);
        if within.is_some() && since.is_some() {
            self.fault(place, "two_beginnings", "\"within\" and \"since\" both say when the window begins");
            return None;
        }
        Some((within.or(since), before))
    }

    pub(super) fn text(&mut self, value: &Value, place: &str) -> Option<String> {
        let Value::String(text) = value else {
            self.fault(place, "wrong_type", format!("this is a text, not {}", kind_of(value)));
            return None;
        };
        if text.is_empty() || text.chars().count() > 500 {
            self.fault(place, "wrong_length", "a text here has 1 to 500 characters");
            return None;
        }
        Some(text.clone())
    }

    /// One text, or an array of them.
    pub(super) fn texts(&mut self, value: &Value, place: &str) -> Option<Vec<String>> {
        let Value::Array(entries) = value else { return self.text(value, place).map(|text| vec![text]) };
        if entries.is_empty() || entries.len() > TEXTS_MAX {
            self.fault(place, "wrong_length", format!("1 to {TEXTS_MAX} texts stand here, not {}", entries.len()));
            return None;
        }
        let texts: Vec<_> =
            entries.iter().enumerate().map(|(n, entry)| self.text(entry, &format!("{place}/{n}"))).collect();
        texts.into_iter().collect()
    }

    pub(super) fn number(&mut self, value: &Value, place: &str) -> Option<f64> {
        let number = value.as_f64().filter(|number| number.abs() <= 1e12);
        if number.is_none() {
            self.fault(place, "wrong_type", format!("this is a number, not {}", kind_of(value)));
        }
        number
    }

    /// Comparisons of a number: a number alone, or an object like `{"at_least": 2}`.
    pub(super) fn orders(&mut self, value: &Value, place: &str) -> Option<Vec<(Order, f64)>> {
        let Value::Object(fields) = value else {
            return self.number(value, place).map(|number| vec![(Order::Equal, number)]);
        };
        self.only(fields, &ORDERS.map(|(name, _)| name), place);
        let mut orders = Vec::new();
        for (name, order) in ORDERS {
            if let Some(value) = fields.get(name) {
                orders.push((order, self.number(value, &format!("{place}/{name}"))?));
            }
        }
        if orders.is_empty() {
            self.fault(place, "no_test", "a comparison is needed, like \"at_least\": 2");
            return None;
        }
        Some(orders)
    }
}

/// The words for comparisons.
pub(super) const ORDERS: [(&str, Order); 5] = [
    ("is", Order::Equal),
    ("above", Order::Above),
    ("at_least", Order::AtLeast),
    ("below", Order::Below),
    ("at_most", Order::AtMost),
];

impl EventCondition {
    /// At least one event of this kind in a window.
    pub(super) fn of(kind: &str, since: Option<Moment>, before: Option<Moment>) -> Self {
        Self {
            kind: kind.to_owned(),
            since,
            before,
            amount: Vec::new(),
            currency: None,
            product: None,
            category: None,
            properties: Vec::new(),
            count: vec![(Order::AtLeast, 1.0)],
            sum: Vec::new(),
        }
    }
}
