//! The fields that a template can name, and their values for one contact.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use minijinja::Value;

use crate::attribute::Attribute;
use crate::contact::Contact;
use crate::law;
use crate::locale::Locale;
use crate::money::Money;
use crate::point::{Kind, Point, PointValue, Points, Today, day_of};
use postrider_model::Timestamp;

/// Fields of the contact itself.
pub const OF_CONTACT: [&str; 5] = ["number", "name", "first_name", "locale", "points"];
/// The object of the shop's own fields.
pub const ATTRIBUTE: &str = "attribute";
/// The object of what happened: the event that a workflow was begun by.
pub const EVENT: &str = "event";
/// The shop's name.
pub const SHOP: &str = "shop";

/// Whether a template may name this.
pub fn is_known(name: &str) -> bool {
    OF_CONTACT.contains(&name) || [ATTRIBUTE, EVENT, SHOP].contains(&name) || Point::named(name).is_some()
}

/// All names, for hints.
pub fn names() -> impl Iterator<Item = &'static str> {
    OF_CONTACT.into_iter().chain([ATTRIBUTE, EVENT, SHOP]).chain(Point::ALL.iter().map(|point| point.name()))
}

/// The values for one contact. Empty texts are not among them: they are missing.
#[derive(Debug, Clone)]
pub struct Fields {
    own: BTreeMap<&'static str, Value>,
    points: Arc<Points>,
    today: Today,
    /// The shop's own fields.
    pub attributes: BTreeMap<String, Value>,
    /// What happened, if the text is about an event.
    pub event: BTreeMap<String, Value>,
    /// What the contact reads.
    pub locale: Option<Locale>,
    /// The contact's currency.
    pub currency: Option<String>,
    /// The contact's time zone.
    pub zone: TimeZone,
}

impl Fields {
    /// The fields of a contact at `now`.
    pub fn of(contact: &Contact, points: &Points, now: Timestamp) -> Self {
        let zone = contact.calendar().and_then(law::zone).unwrap_or(TimeZone::UTC);
        let mut own = BTreeMap::from([("number", Value::from(contact.number.as_str()))]);
        if let Some(name) = contact.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            own.insert("name", Value::from(name));
            own.insert("first_name", Value::from(name.split_whitespace().next().unwrap_or(name)));
        }
        if let Some(locale) = &contact.locale {
            own.insert("locale", Value::from(locale.as_str()));
        }
        let attributes =
            contact.attributes.iter().filter_map(|(name, value)| Some((name.clone(), attribute_of(value)?)));
        Self {
            own,
            points: Arc::new(points.clone()),
            today: Today::of(now, &zone),
            attributes: attributes.collect(),
            event: BTreeMap::new(),
            locale: contact.locale.clone(),
            currency: points.text(Point::Currency).map(str::to_owned),
            zone,
        }
    }

    /// What can be named of a reader of whom nothing is known.
    pub fn of_nobody(now: Timestamp) -> Self {
        Self {
            own: BTreeMap::new(),
            points: Arc::default(),
            today: Today::of(now, &TimeZone::UTC),
            attributes: BTreeMap::new(),
            event: BTreeMap::new(),
            locale: None,
            currency: None,
            zone: TimeZone::UTC,
        }
    }

    /// The value of a field that is neither the shop's own nor the event's.
    pub fn value(&self, name: &str) -> Option<Value> {
        if let Some(own) = self.own.get(name) {
            return Some(own.clone());
        }
        let point = if name == "points" { Point::PointsBalance } else { Point::named(name)? };
        value_of(point, self.points.value(point, &self.today)?)
    }

    /// With what happened: the properties of an event, its `amount`, and its first product as `product`.
    #[must_use]
    pub fn with_event(mut self, event: &serde_json::Map<String, serde_json::Value>) -> Self {
        let is_there = |value: &Value| !value.is_none() && value.as_str().is_none_or(|text| !text.trim().is_empty());
        let values = event.iter().map(|(name, value)| (name.clone(), json_value(value)));
        self.event = values.filter(|(_, value)| is_there(value)).collect();
        // Who bought nothing yet has no currency; the amount that the text is about has one.
        if self.currency.is_none() {
            self.currency = event.get("currency").and_then(serde_json::Value::as_str).map(str::to_owned);
        }
        self
    }

    /// With the name of the shop.
    #[must_use]
    pub fn with_shop(mut self, name: Option<&str>) -> Self {
        if let Some(name) = name {
            self.own.insert(SHOP, Value::from(name));
        }
        self
    }
}

fn value_of(point: Point, value: PointValue) -> Option<Value> {
    Some(match (point.kind(), value) {
        (Kind::Money, PointValue::Integer(parts)) => number(Money::from_parts(parts).units()),
        (Kind::Time, PointValue::Integer(millis)) => Value::from(Timestamp::from_millis(millis).to_string()),
        (Kind::Day, PointValue::Integer(day)) => Value::from(day_of(day)?.to_string()),
        (_, PointValue::Integer(number)) => Value::from(number),
        (_, PointValue::Real(value)) => number(value),
        (_, PointValue::Text(text)) if text.trim().is_empty() => return None,
        (_, PointValue::Text(text)) => Value::from(text),
    })
}

/// A number that is written without a point when it is whole.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    let whole = (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64);
    whole.map_or_else(|| Value::from(value), Value::from)
}

fn json_value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::Number(value) => value.as_f64().map_or_else(|| Value::from(()), number),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(entries) => entries.iter().map(json_value).collect(),
        serde_json::Value::Object(fields) => {
            Value::from_pairs(fields.iter().map(|(name, value)| (name.as_str(), json_value(value))))
        }
    }
}

fn attribute_of(attribute: &Attribute) -> Option<Value> {
    Some(match attribute {
        Attribute::Number(value) => number(*value),
        Attribute::Text(text) if text.trim().is_empty() => return None,
        Attribute::Text(text) => Value::from(text.as_str()),
        Attribute::Date(day) => Value::from(day.to_string()),
        Attribute::Boolean(flag) => Value::from(*flag),
        Attribute::List(entries) if entries.is_empty() => return None,
        Attribute::List(entries) => entries.iter().map(|entry| Value::from(entry.as_str())).collect(),
    })
}
