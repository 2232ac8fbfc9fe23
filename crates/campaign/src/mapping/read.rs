//! Follows the rules of a mapping for one body.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::selector::{Selector, plain};
use super::{Condition, ConsentRule, ContactRule, EventRule, Mapping, Rule, Want};
use crate::attribute;
use crate::contact::{ContactChange, check_label, check_locale, check_person, read_number};
use crate::event::{Event, ID_MAX, PRODUCTS_MAX, TEXT_MAX};
use postrider_model::{Country, PhoneNumber, Timestamp};

/// Most entries of an array that one body is read by.
const ENTRIES_MAX: usize = 100;

/// Finds whose an earlier event was, by its kind and id.
pub type Known<'a> = &'a dyn Fn(&str, &str) -> Option<PhoneNumber>;

/// A consent that a body tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whose.
    pub number: PhoneNumber,
    /// Whether it is given.
    pub given: bool,
    /// When.
    pub at: Timestamp,
    /// Whether the body says when; a refusal counts from now otherwise.
    pub is_dated: bool,
    /// In which words.
    pub words: Option<String>,
    /// What proves it.
    pub proof: String,
}

/// What a body tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// Events.
    pub events: Vec<Event>,
    /// What is learnt of contacts.
    pub changes: Vec<ContactChange>,
    /// Consents.
    pub consents: Vec<Said>,
    /// Why something was left out, once each.
    pub left_out: BTreeSet<String>,
}

impl Mapping {
    /// What a body with this topic tells. Numbers without a country code are those of the rule's country, else of
    /// `country`.
    pub fn read(&self, topic: &str, body: &Value, country: Option<Country>, now: Timestamp, known: Known<'_>) -> Found {
        let mut found = Found::default();
        let mut any = false;
        for rule in self.rules.iter().filter(|rule| rule.topics.iter().any(|known| known == topic || known == "*")) {
            any = true;
            if !rule.when.iter().all(|condition| condition.holds(body)) {
                continue;
            }
            match &rule.each {
                None => rule.read(body, body, country, now, known, &mut found),
                Some(path) => {
                    for entries in path.all(body, body).into_iter().filter_map(Value::as_array) {
                        for entry in entries.iter().take(ENTRIES_MAX) {
                            rule.read(body, entry, country, now, known, &mut found);
                        }
                    }
                }
            }
        }
        let nothing = found.events.is_empty() && found.changes.is_empty() && found.consents.is_empty();
        if !any {
            let topic: String = topic.chars().take(60).collect();
            found.left_out.insert(format!("the mapping has no rule for the topic \"{topic}\""));
        } else if nothing && found.left_out.is_empty() {
            found.left_out.insert("no rule for this topic fits what the body says".to_owned());
        }
        found
    }

    /// All topics that its rules name.
    pub fn topics(&self) -> BTreeSet<&str> {
        self.rules.iter().flat_map(|rule| &rule.topics).map(String::as_str).collect()
    }
}

impl Condition {
    fn holds(&self, body: &Value) -> bool {
        let found = self.path.all(body, body);
        let is_one =
            |wanted: &[String]| found.iter().filter_map(|value| plain(value)).any(|value| wanted.contains(&value));
        match &self.want {
            Want::Known(there) => *there != found.is_empty(),
            Want::OneOf(wanted) => is_one(wanted),
            Want::NoneOf(wanted) => !found.is_empty() && !is_one(wanted),
        }
    }
}

impl Rule {
    fn read(
        &self,
        top: &Value,
        here: &Value,
        country: Option<Country>,
        now: Timestamp,
        known: Known<'_>,
        found: &mut Found,
    ) {
        let own = self.country.as_ref().and_then(|country| country.text(top, here)?.to_uppercase().parse().ok());
        let country = own.or(country);
        let at = self.at.as_ref().and_then(|at| instant(&at.text(top, here)?)).unwrap_or(now).min(now);
        let number = match self.whose(top, here, country, known) {
            Ok(number) => number,
            Err(reason) => {
                found.left_out.insert(reason);
                self.read_consents(top, here, None, country, now, found);
                return;
            }
        };
        if let Some(event) = &self.event {
            match event.read(top, here, &number, at, now) {
                Ok(event) => found.events.push(event),
                Err(reasons) => found.left_out.extend(reasons),
            }
        }
        if let Some(contact) = &self.contact {
            found.changes.push(contact.read(top, here, &number));
        }
        self.read_consents(top, here, Some(&number), country, now, found);
    }

    /// What is said about consent; of a number of its own also where the rule's own number is missing.
    fn read_consents(
        &self,
        top: &Value,
        here: &Value,
        number: Option<&PhoneNumber>,
        country: Option<Country>,
        now: Timestamp,
        found: &mut Found,
    ) {
        for rule in self.consents.iter().filter(|rule| rule.when.iter().all(|condition| condition.holds(here))) {
            match rule.read(top, here, number, country, now) {
                Ok(said) => found.consents.push(said),
                Err(reason) => {
                    let what = if rule.given { "consent" } else { "refusal" };
                    found.left_out.insert(format!("a {what}: {reason}"));
                }
            }
        }
    }

    fn whose(
        &self,
        top: &Value,
        here: &Value,
        country: Option<Country>,
        known: Known<'_>,
    ) -> Result<PhoneNumber, String> {
        let mut wrong = None;
        if let Some(selector) = &self.number {
            match number_at(selector, top, here, country) {
                Ok(number) => return Ok(number),
                Err(reason) => wrong = Some(reason),
            }
        }
        let Some(earlier) = &self.contact_of else {
            return Err(wrong.unwrap_or_else(|| "the rule has no number".to_owned()));
        };
        let id = earlier.id.text(top, here);
        id.and_then(|id| known(&earlier.kind, &id)).ok_or_else(|| {
            let none = format!("no earlier {} tells whose it is", earlier.kind);
            wrong.map_or_else(|| none.clone(), |wrong| format!("{wrong}, and {none}"))
        })
    }
}

fn number_at(selector: &Selector, top: &Value, here: &Value, country: Option<Country>) -> Result<PhoneNumber, String> {
    let mut wrong = None;
    for text in selector.each(top, here).filter_map(|value| plain(&value)) {
        match read_number(&text, country) {
            Ok(number) => return Ok(number),
            // What stood there is somebody's number: the reason is told without it.
            Err(fault) => wrong = Some(fault.code),
        }
    }
    Err(match wrong {
        None => format!("there is no number at {}", selector.written()),
        Some(code) => format!("no usable number at {} ({code})", selector.written()),
    })
}

/// An instant; without an offset it is read as UTC, as shops mean it.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(Timestamp::from(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()))
    })
}

fn cut(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect::<String>().trim().to_owned()
}

impl EventRule {
    fn read(
        &self,
        top: &Value,
        here: &Value,
        number: &PhoneNumber,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Event, Vec<String>> {
        let Some(id) = self.id.text(top, here) else {
            return Err(vec![format!("there is no id at {}", self.id.written())]);
        };
        let mut fields = Map::new();
        fields.insert("type".to_owned(), json!(self.kind));
        fields.insert("contact".to_owned(), json!(number.as_str()));
        fields.insert("at".to_owned(), json!(at.to_string()));
        fields.insert("id".to_owned(), json!(cut(&id, ID_MAX)));
        for (name, selector) in [("amount", &self.amount), ("currency", &self.currency)] {
            if let Some(value) = selector.as_ref().and_then(|selector| selector.first(top, here)) {
                fields.insert(name.to_owned(), value);
            }
        }
        if let Some(rule) = &self.products {
            let entries = rule.each.all(top, here).into_iter().filter_map(Value::as_array).flatten();
            let product = |entry: &Value| {
                let fields = rule.fields.iter().filter_map(|(name, selector)| {
                    Some(((*name).to_owned(), product_field(name, selector.first(top, entry)?)?))
                });
                Value::Object(fields.collect())
            };
            fields.insert("products".to_owned(), entries.take(PRODUCTS_MAX).map(product).collect());
        }
        let properties = self.properties.iter().filter_map(|(name, selector)| {
            let value = match selector.first(top, here)? {
                Value::String(text) => Value::String(cut(&text, TEXT_MAX)),
                scalar @ (Value::Bool(_) | Value::Number(_)) => scalar,
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            };
            Some((name.clone(), value))
        });
        fields.insert("properties".to_owned(), Value::Object(properties.collect()));
        let read = Event::from_json(&Value::Object(fields), None, now);
        read.map_err(|faults| faults.iter().map(|fault| format!("{}: {}", self.kind, fault)).collect())
    }
}

/// A field of a product in the form that events have; what does not fit is left out, for the order counts without it.
fn product_field(name: &str, value: Value) -> Option<Value> {
    match name {
        "price" => Some(value),
        "quantity" => {
            let number = value.as_u64().or_else(|| plain(&value)?.parse().ok());
            Some(json!(number.unwrap_or(1)))
        }
        "id" | "category" => plain(&value).map(|text| json!(cut(&text, ID_MAX))),
        _ => plain(&value).map(|text| json!(cut(&text, TEXT_MAX))),
    }
}

impl ContactRule {
    fn read(&self, top: &Value, here: &Value, number: &PhoneNumber) -> ContactChange {
        let mut change = ContactChange::new(number.clone());
        let text = |selector: &Option<Selector>| selector.as_ref().and_then(|selector| selector.text(top, here));
        // What does not fit is left out: the rest is still worth knowing.
        change.name = text(&self.name).and_then(|name| check_person(&name).ok()).map(Some);
        change.locale = text(&self.locale).and_then(|locale| check_locale(&locale.replace('_', "-")).ok()).map(Some);
        for (name, selector) in &self.attributes {
            let read = selector.first(top, here).and_then(|value| attribute::Attribute::from_json(&value).ok());
            if let Some(value) = read {
                change.attributes.insert(name.clone(), Some(value));
            }
        }
        change.tags.add.extend(self.tags.iter().filter_map(|tag| check_label(tag).ok()));
        change.lists.add.extend(self.lists.iter().filter_map(|list| check_label(list).ok()));
        change
    }
}

impl ConsentRule {
    fn read(
        &self,
        top: &Value,
        here: &Value,
        number: Option<&PhoneNumber>,
        country: Option<Country>,
        now: Timestamp,
    ) -> Result<Said, String> {
        let own = self.number.as_ref().map(|selector| number_at(selector, top, here, country));
        let number = match (own, number) {
            (Some(Ok(own)), _) => own,
            // A refusal holds for whoever the body is about, if that is all that is known.
            (Some(Err(_)), Some(number)) if !self.given => number.clone(),
            (Some(Err(reason)), _) => return Err(reason),
            (None, Some(number)) => number.clone(),
            (None, None) => return Err("there is no number".to_owned()),
        };
        let at = self.at.text(top, here).and_then(|at| instant(&at)).map(|at| at.min(now));
        let proof = self.proof.text(top, here);
        let words = self.words.as_ref().and_then(|words| words.text(top, here));
        // Without its moment and its proof a consent is none. A refusal needs neither.
        let (at, is_dated, proof) = match (at, proof) {
            (Some(at), Some(proof)) => (at, true, proof),
            (at, proof) if !self.given => {
                (at.unwrap_or(now), at.is_some(), proof.unwrap_or_else(|| "told by the shop's system".to_owned()))
            }
            (None, _) => return Err(format!("there is no time at {}", self.at.written())),
            (Some(_), None) => return Err(format!("there is no proof at {}", self.proof.written())),
        };
        Ok(Said { number, given: self.given, at, is_dated, words, proof })
    }
}
