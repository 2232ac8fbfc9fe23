//! Prints contacts: one line each, or all that is known of one.

use rusqlite::Connection;
use serde_json::Value;

use crate::cli::out;
use crate::daemon::now;
use crate::http::{contact_json, contact_points_json};
use crate::store::campaign::contact::Stored;
use crate::store::campaign::{event, point};

/// The newest events that are shown.
const EVENTS_SHOWN: usize = 20;

/// One line for each contact, or one JSON object.
pub fn lines(all: &[Stored], json: bool) -> anyhow::Result<()> {
    if json {
        for stored in all {
            out::line(Value::Object(contact_json(stored)))?;
        }
        return Ok(());
    }
    if all.is_empty() {
        out::line("no contacts")?;
        return Ok(());
    }
    let mut rows = vec![["number", "name", "locale", "tags", "lists"].map(str::to_owned)];
    rows.extend(all.iter().map(|stored| {
        let contact = &stored.contact;
        let joined =
            |labels: &std::collections::BTreeSet<String>| labels.iter().cloned().collect::<Vec<_>>().join(", ");
        [
            contact.number.to_string(),
            contact.name.clone().unwrap_or_default(),
            contact.locale.as_ref().map(ToString::to_string).unwrap_or_default(),
            joined(&contact.tags),
            joined(&contact.lists),
        ]
    }));
    for line in out::columns(&rows) {
        out::line(line)?;
    }
    Ok(())
}

/// All that is known of a contact.
pub fn whole(connection: &Connection, stored: &Stored, json: bool) -> anyhow::Result<()> {
    let points = contact_points_json(stored, &point::of(connection, stored.id)?, now());
    let events = event::of(connection, stored.id, EVENTS_SHOWN)?;
    let mut fields = contact_json(stored);
    if json {
        fields.insert("points".to_owned(), Value::Object(points));
        fields.insert("events".to_owned(), serde_json::json!(events));
        out::line(Value::Object(fields))?;
        return Ok(());
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut rows: Vec<[String; 2]> = Vec::new();
    for (name, value) in fields.iter().chain(&points) {
        match value {
            Value::Object(inner) => rows.extend(inner.iter().map(|(inner, value)| [inner.clone(), text(value)])),
            Value::Array(entries) if entries.is_empty() => {}
            Value::Array(entries) => rows.push([name.clone(), entries.iter().map(text).collect::<Vec<_>>().join(", ")]),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                rows.push([name.clone(), text(value)])
            }
        }
    }
    for line in out::columns(&rows) {
        out::line(line)?;
    }
    if !events.is_empty() {
        out::gap()?;
    }
    for event in events {
        let part = |name: &str| event.get(name).map(text).unwrap_or_default();
        out::line(format!("{}  {} {} {}", part("at"), part("type"), part("amount"), part("currency")).trim_end())?;
    }
    Ok(())
}
