//! The `contact_event` table: what happened, once for each id, with the data points that follow in the same transaction.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value, json};

use super::{contact, happening, point};
use crate::{StoreError, Tx, row};
use postrider_campaign::event::{Event, Product};
use postrider_campaign::money::Money;
use postrider_model::{PhoneNumber, Timestamp};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is new.
    New,
    /// It came before; nothing was done.
    Repeated,
}

impl Recorded {
    /// The outcome's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "recorded",
            Self::Repeated => "repeated",
        }
    }
}

/// Writes an event and brings it into the contact's data points. A number of which no contact is known becomes one.
///
/// # Errors
/// SQLite's own.
pub fn record(tx: &Tx<'_>, event: &Event, now: Timestamp) -> Result<Recorded, StoreError> {
    if let Some(id) = &event.id {
        let known = tx
            .sql()
            .prepare_cached("SELECT 1 FROM contact_event WHERE external = ?1 AND kind = ?2")?
            .query_row(params![id, event.kind], |_| Ok(()))
            .optional()?;
        if known.is_some() {
            return Ok(Recorded::Repeated);
        }
    }
    let contact = contact::ensure(tx, &event.number, now)?;
    tx.sql()
        .prepare_cached(
            "INSERT INTO contact_event (contact, kind, at, external, amount, currency, products, properties, received_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            contact,
            event.kind,
            event.at.as_millis(),
            event.id,
            event.amount.map(Money::parts),
            event.currency,
            products_json(&event.products),
            if event.properties.is_empty() { None } else { serde_json::to_string(&event.properties).ok() },
            now.as_millis(),
        ])?;
    happening::queue(tx, &event.kind, contact, tx.sql().last_insert_rowid())?;
    let mut points = point::of(tx.sql(), contact)?;
    points.record(event);
    point::save(tx, contact, &points)?;
    Ok(Recorded::New)
}

fn products_json(products: &[Product]) -> Option<String> {
    let json: Vec<_> = products.iter().map(Product::to_json).collect();
    if json.is_empty() { None } else { serde_json::to_string(&json).ok() }
}

/// Whose the event of this kind and id was.
///
/// # Errors
/// SQLite's own.
pub fn whose(connection: &Connection, kind: &str, id: &str) -> Result<Option<PhoneNumber>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT c.number FROM contact_event e JOIN contact c ON c.id = e.contact \
         WHERE e.external = ?1 AND e.kind = ?2",
    )?;
    let mut rows = statement.query([id, kind])?;
    rows.next()?.map(|row| row::parsed(row, "number")).transpose()
}

/// The newest events of a contact, as JSON.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, contact: i64, limit: usize) -> Result<Vec<Map<String, Value>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, at, external, amount, currency, products, properties FROM contact_event WHERE contact = ?1 \
         ORDER BY at DESC, id DESC LIMIT ?2",
    )?;
    let mut rows = statement.query(params![contact, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(fields_of(row)?);
    }
    Ok(all)
}

/// The event with this row, as JSON.
///
/// # Errors
/// SQLite's own.
pub fn by_id(connection: &Connection, id: i64) -> Result<Option<Map<String, Value>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, at, external, amount, currency, products, properties FROM contact_event WHERE id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(fields_of).transpose()
}

fn fields_of(row: &Row<'_>) -> Result<Map<String, Value>, StoreError> {
    let mut fields = Map::new();
    fields.insert("type".to_owned(), json!(row.get::<_, String>("kind")?));
    fields.insert("at".to_owned(), json!(row::time(row, "at")?.to_string()));
    for (name, column) in [("id", "external"), ("currency", "currency")] {
        if let Some(text) = row.get::<_, Option<String>>(column)? {
            fields.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(parts) = row.get("amount")? {
        fields.insert("amount".to_owned(), Money::from_parts(parts).to_json());
    }
    for column in ["products", "properties"] {
        if let Some(text) = row.get::<_, Option<String>>(column)? {
            let json = serde_json::from_str(&text);
            fields.insert(column.to_owned(), json.map_err(|error| StoreError::Row(format!("{column}: {error}")))?);
        }
    }
    Ok(fields)
}

/// The rows of a contact's events of a type that happened at an instant or later and were recorded after the row `after`.
///
/// # Errors
/// SQLite's own.
pub fn since(
    connection: &Connection,
    contact: i64,
    kind: &str,
    (after, at): (i64, Timestamp),
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM contact_event WHERE kind = ?2 AND contact = ?1 AND at >= ?4 AND id > ?3 ORDER BY at DESC LIMIT ?5",
    )?;
    let rows = statement.query_map(params![contact, kind, after, at.as_millis(), limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;
    use postrider_campaign::point::Point;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn event(value: &Value) -> Event {
        Event::from_json(value, None, NOW).unwrap()
    }

    #[test]
    fn an_event_makes_its_contact_and_counts_once() {
        let mut database = Database::in_memory().unwrap();
        let value = json!({"id": "1001", "type": "purchase", "contact": "+821012345678", "amount": 5, "currency": "EUR",
            "products": [{"name": "Tea", "quantity": 1}], "properties": {"store": 3}});
        let purchase = event(&value);
        assert_eq!(database.write(|tx| record(tx, &purchase, NOW)).unwrap(), Recorded::New);
        assert_eq!(database.write(|tx| record(tx, &purchase, NOW)).unwrap(), Recorded::Repeated);
        let shipped = event(&json!({"id": "1001", "type": "order_shipped", "contact": "+821012345678"}));
        assert_eq!(
            database.write(|tx| record(tx, &shipped, NOW)).unwrap(),
            Recorded::New,
            "another type, another event"
        );
        let id = database.read(|c| contact::id_of(c, &purchase.number)).unwrap().unwrap();
        let points = database.read(|c| point::of(c, id)).unwrap();
        assert_eq!((points.integer(Point::Purchases), points.integer(Point::Events)), (Some(1), Some(2)));
        let mut shown = database.read(|c| of(c, id, 10)).unwrap().pop().unwrap();
        shown.insert("contact".to_owned(), json!("+821012345678"));
        assert_eq!(event(&Value::Object(shown)), purchase);
    }
}
