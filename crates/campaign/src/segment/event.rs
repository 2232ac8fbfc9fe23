//! Reads a condition on the events of a window.

use serde_json::{Map, Value};

use super::read::Reader;
use super::tree::{EventCondition, PropertyValue};
use crate::attribute::check_name;
use crate::event::check_kind;
use crate::fault::{kind_of, pointer_part};

/// Reads `{"event": "purchase", "within": "90d", "count": {"at_least": 2}, "where": {…}}`.
pub fn event(reader: &mut Reader, fields: &Map<String, Value>, place: &str) -> Option<EventCondition> {
    reader.only(fields, &["event", "within", "since", "before", "where", "count", "sum"], place);
    let at = format!("{place}/event");
    let kind = reader.text(fields.get("event")?, &at)?;
    if let Err(fault) = check_kind(&kind) {
        reader.fault(&at, fault.code, fault.detail);
        return None;
    }
    let (since, before) = reader.window(fields, place)?;
    let mut condition = EventCondition::of(&kind, since, before);
    if let Some(value) = fields.get("sum") {
        condition.sum = reader.orders(value, &format!("{place}/sum"))?;
        // A sum alone says enough: it may be asked of those without events, too.
        condition.count.clear();
    }
    if let Some(value) = fields.get("count") {
        condition.count = reader.orders(value, &format!("{place}/count"))?;
    }
    if let Some(value) = fields.get("where") {
        filters(reader, value, &format!("{place}/where"), &mut condition)?;
    }
    Some(condition)
}

fn filters(reader: &mut Reader, value: &Value, place: &str, condition: &mut EventCondition) -> Option<()> {
    let Value::Object(fields) = value else {
        reader.fault(place, "wrong_type", format!("\"where\" is an object, not {}", kind_of(value)));
        return None;
    };
    reader.only(fields, &["amount", "currency", "product", "category", "properties"], place);
    if let Some(value) = fields.get("amount") {
        condition.amount = reader.orders(value, &format!("{place}/amount"))?;
    }
    let mut text = |name: &str| match fields.get(name) {
        None => Some(None),
        Some(value) => reader.text(value, &format!("{place}/{name}")).map(Some),
    };
    (condition.currency, condition.product, condition.category) =
        (text("currency")?, text("product")?, text("category")?);
    match fields.get("properties") {
        None => Some(()),
        Some(Value::Object(properties)) => {
            for (name, value) in properties {
                let at = format!("{place}/properties/{}", pointer_part(name));
                condition.properties.push((name.clone(), property(reader, name, value, &at)?));
            }
            Some(())
        }
        Some(other) => {
            let detail = format!("\"properties\" is an object, not {}", kind_of(other));
            reader.fault(&format!("{place}/properties"), "wrong_type", detail);
            None
        }
    }
}

fn property(reader: &mut Reader, name: &str, value: &Value, at: &str) -> Option<PropertyValue> {
    if let Err(fault) = check_name(name) {
        reader.fault(at, fault.code, fault.detail);
        return None;
    }
    match value {
        Value::String(_) => reader.text(value, at).map(PropertyValue::Text),
        Value::Number(_) => reader.number(value, at).map(PropertyValue::Number),
        Value::Bool(flag) => Some(PropertyValue::Flag(*flag)),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            let detail = format!("a property is compared with a text, a number, true or false, not {}", kind_of(value));
            reader.fault(at, "wrong_type", detail);
            None
        }
    }
}
