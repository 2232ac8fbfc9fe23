//! The `contact_point` table: one row of data points for each contact, in the columns that `campaign::point` names.

use std::sync::LazyLock;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::{StoreError, Tx};
use postrider_campaign::contact::Contact;
use postrider_campaign::point::{Point, PointValue, Points, birthday_place, day_number};
use postrider_model::{PhoneNumber, State, Timestamp};

/// A value as a parameter of a statement.
pub(super) fn sql(value: &PointValue) -> ToSqlOutput<'_> {
    match value {
        PointValue::Integer(number) => ToSqlOutput::from(*number),
        PointValue::Real(number) => ToSqlOutput::from(*number),
        PointValue::Text(text) => ToSqlOutput::from(text.as_str()),
    }
}

static READ: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<_> = Point::stored().map(Point::name).collect();
    format!("SELECT {} FROM contact_point WHERE contact = ?1", columns.join(", "))
});

static WRITE: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<_> =
        Point::stored().enumerate().map(|(n, point)| format!("{} = ?{}", point.name(), n + 2)).collect();
    format!("UPDATE contact_point SET {} WHERE contact = ?1", columns.join(", "))
});

/// The stored data points of a contact.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, contact: i64) -> Result<Points, StoreError> {
    let mut statement = connection.prepare_cached(&READ)?;
    let points = statement.query_row([contact], |row| Ok(points_of(row))).optional()?;
    points.unwrap_or_else(|| Err(StoreError::Row(format!("contact {contact} has no data points"))))
}

fn points_of(row: &Row<'_>) -> Result<Points, StoreError> {
    let mut points = Points::default();
    for (column, point) in Point::stored().enumerate() {
        let value = match row.get_ref(column)? {
            ValueRef::Null => continue,
            ValueRef::Integer(number) => PointValue::Integer(number),
            ValueRef::Real(number) => PointValue::Real(number),
            ValueRef::Text(text) => PointValue::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(_) => return Err(StoreError::Row(format!("column {} is a blob", point.name()))),
        };
        points.set(point, Some(value));
    }
    Ok(points)
}

/// Writes the data points of a contact.
///
/// # Errors
/// SQLite's own.
pub fn save(tx: &Tx<'_>, contact: i64, points: &Points) -> Result<(), StoreError> {
    let values = Point::stored().map(|point| points.get(point).map(sql));
    let values = std::iter::once(Some(ToSqlOutput::from(contact))).chain(values);
    tx.sql().prepare_cached(&WRITE)?.execute(params_from_iter(values))?;
    Ok(())
}

/// What follows from the contact itself.
struct OfContact<'a> {
    zone: i64,
    birthday: Option<i64>,
    birthday_place: Option<i64>,
    country: Option<&'a str>,
    language: Option<&'a str>,
}

impl<'a> OfContact<'a> {
    fn of(tx: &Tx<'_>, contact: &'a Contact) -> Result<Self, StoreError> {
        Ok(Self {
            zone: zone_id(tx, contact.calendar())?,
            birthday: contact.birthday().map(day_number),
            birthday_place: contact.birthday().map(birthday_place),
            country: contact.country(),
            language: contact.locale.as_ref().map(|locale| locale.language()),
        })
    }
}

/// The row of a new contact.
///
/// # Errors
/// SQLite's own.
pub(super) fn insert(tx: &Tx<'_>, id: i64, contact: &Contact, now: Timestamp) -> Result<(), StoreError> {
    let of = OfContact::of(tx, contact)?;
    tx.sql()
        .prepare_cached(
            "INSERT INTO contact_point (contact, zone, birthday_place, contact_since, country, language, birthday) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![id, of.zone, of.birthday_place, now.as_millis(), of.country, of.language, of.birthday])?;
    Ok(())
}

/// The row of a contact that changed.
///
/// # Errors
/// SQLite's own.
pub(super) fn follow(tx: &Tx<'_>, id: i64, contact: &Contact) -> Result<(), StoreError> {
    let of = OfContact::of(tx, contact)?;
    tx.sql()
        .prepare_cached(
            "UPDATE contact_point SET zone = ?2, birthday_place = ?3, country = ?4, language = ?5, birthday = ?6 \
             WHERE contact = ?1",
        )?
        .execute(params![id, of.zone, of.birthday_place, of.country, of.language, of.birthday])?;
    Ok(())
}

fn zone_id(tx: &Tx<'_>, name: Option<&str>) -> Result<i64, StoreError> {
    let Some(name) = name else { return Ok(0) };
    let mut find = tx.sql().prepare_cached("SELECT id FROM contact_zone WHERE name = ?1")?;
    if let Some(id) = find.query_row([name], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    tx.sql().execute("INSERT INTO contact_zone (name) VALUES (?1)", [name])?;
    Ok(tx.sql().last_insert_rowid())
}

/// The time zones that contacts have, by the number that their rows hold.
///
/// # Errors
/// SQLite's own.
pub fn zones(connection: &Connection) -> Result<Vec<(i64, String)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM contact_zone ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A message to a contact was sent or arrived; numbers of which no contact is known are passed over.
///
/// # Errors
/// SQLite's own.
pub fn message_changed(tx: &Tx<'_>, number: &PhoneNumber, state: State, now: Timestamp) -> Result<(), StoreError> {
    let sql = match state {
        State::Sent => {
            "UPDATE contact_point SET messages_sent = coalesce(messages_sent, 0) + 1, last_message_at = ?2 \
             WHERE contact = (SELECT id FROM contact WHERE number = ?1)"
        }
        State::Delivered => {
            "UPDATE contact_point SET messages_delivered = coalesce(messages_delivered, 0) + 1, last_delivered_at = ?2 \
             WHERE contact = (SELECT id FROM contact WHERE number = ?1)"
        }
        State::Scheduled
        | State::Queued
        | State::Leased
        | State::PartiallyDelivered
        | State::Undelivered
        | State::Failed
        | State::Expired
        | State::Canceled
        | State::Blocked
        | State::Uncertain => return Ok(()),
    };
    tx.sql().prepare_cached(sql)?.execute(params![number.as_str(), now.as_millis()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;
    use postrider_campaign::point::Kind;

    fn column_type(point: Point) -> &'static str {
        match point.kind() {
            Kind::Count | Kind::Money | Kind::Time | Kind::Day => "INTEGER",
            Kind::Number => "REAL",
            Kind::Text => "TEXT",
        }
    }

    #[test]
    fn the_columns_are_the_stored_points_with_their_types() {
        let database = Database::in_memory().unwrap();
        let columns: Vec<(String, String)> = database
            .read(|c| {
                let mut statement = c.prepare("SELECT name, type FROM pragma_table_info('contact_point')")?;
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .unwrap();
        let stored: Vec<_> =
            Point::stored().map(|point| (point.name().to_owned(), column_type(point).to_owned())).collect();
        assert_eq!(columns[3..], stored[..]);
    }
}
