//! The `contact` table and its followers: attributes, tags and lists in the order in which segments ask for them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::{contest, coupon, link, live, point, survey};
use crate::{StoreError, Tx, row};
use postrider_campaign::attribute::{self, Attribute, Attributes};
use postrider_campaign::contact::{Contact, ContactChange};
use postrider_campaign::fault::Fault;
use postrider_campaign::point::day_number;
use postrider_model::{PhoneNumber, Timestamp};

/// A contact as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its row.
    pub id: i64,
    /// The contact.
    pub contact: Contact,
    /// When it came into the list.
    pub created_at: Timestamp,
    /// When the shop last changed it.
    pub changed_at: Timestamp,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// There is a new contact.
    Created,
    /// The contact changed.
    Changed,
    /// It was like that already.
    Unchanged,
}

impl Upserted {
    /// The outcome's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Brings a change in; the contact is made if there is none. The inner error is a change that cannot be.
///
/// # Errors
/// SQLite's own.
pub fn upsert(tx: &Tx<'_>, change: &ContactChange, now: Timestamp) -> Result<Result<Upserted, Fault>, StoreError> {
    let Some(stored) = find(tx.sql(), &change.number)? else {
        let mut contact = Contact::new(change.number.clone());
        if let Err(fault) = change.apply(&mut contact) {
            return Ok(Err(fault));
        }
        insert(tx, &contact, now)?;
        return Ok(Ok(Upserted::Created));
    };
    let mut contact = stored.contact.clone();
    if let Err(fault) = change.apply(&mut contact) {
        return Ok(Err(fault));
    }
    if contact == stored.contact {
        return Ok(Ok(Upserted::Unchanged));
    }
    update(tx, &stored, &contact, now)?;
    Ok(Ok(Upserted::Changed))
}

/// The row id of the contact with this number, which is made if there is none.
///
/// # Errors
/// SQLite's own.
pub fn ensure(tx: &Tx<'_>, number: &PhoneNumber, now: Timestamp) -> Result<i64, StoreError> {
    match id_of(tx.sql(), number)? {
        Some(id) => Ok(id),
        None => insert(tx, &Contact::new(number.clone()), now),
    }
}

/// The row id of the contact with this number.
///
/// # Errors
/// SQLite's own.
pub fn id_of(connection: &Connection, number: &PhoneNumber) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM contact WHERE number = ?1")?;
    Ok(statement.query_row([number.as_str()], |row| row.get(0)).optional()?)
}

fn insert(tx: &Tx<'_>, contact: &Contact, now: Timestamp) -> Result<i64, StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO contact (number, name, locale, zone, attributes, tags, lists, created_at, changed_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        )?
        .execute(params![
            contact.number.as_str(),
            contact.name,
            contact.locale.as_ref().map(|locale| locale.as_str()),
            contact.zone,
            attributes_json(&contact.attributes),
            labels_json(&contact.tags),
            labels_json(&contact.lists),
            now.as_millis(),
        ])?;
    let id = tx.sql().last_insert_rowid();
    point::insert(tx, id, contact, now)?;
    let none = BTreeSet::new();
    follow_labels(tx, &TAGS, id, &none, &contact.tags)?;
    follow_labels(tx, &LISTS, id, &none, &contact.lists)?;
    follow_attributes(tx, id, &Attributes::new(), &contact.attributes)?;
    live::touch(tx, id)?;
    Ok(id)
}

fn update(tx: &Tx<'_>, stored: &Stored, contact: &Contact, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "UPDATE contact SET name = ?2, locale = ?3, zone = ?4, attributes = ?5, tags = ?6, lists = ?7, \
             changed_at = ?8 WHERE id = ?1",
        )?
        .execute(params![
            stored.id,
            contact.name,
            contact.locale.as_ref().map(|locale| locale.as_str()),
            contact.zone,
            attributes_json(&contact.attributes),
            labels_json(&contact.tags),
            labels_json(&contact.lists),
            now.as_millis(),
        ])?;
    point::follow(tx, stored.id, contact)?;
    follow_labels(tx, &TAGS, stored.id, &stored.contact.tags, &contact.tags)?;
    follow_labels(tx, &LISTS, stored.id, &stored.contact.lists, &contact.lists)?;
    follow_attributes(tx, stored.id, &stored.contact.attributes, &contact.attributes)?;
    live::touch(tx, stored.id)
}

/// The statements of one kind of labels: to add one and to take one away.
struct LabelTable {
    add: &'static str,
    remove: &'static str,
}

const TAGS: LabelTable = LabelTable {
    add: "INSERT INTO contact_tag VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    remove: "DELETE FROM contact_tag WHERE tag = ?1 AND contact = ?2",
};
const LISTS: LabelTable = LabelTable {
    add: "INSERT INTO contact_list VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    remove: "DELETE FROM contact_list WHERE list = ?1 AND contact = ?2",
};

fn follow_labels(
    tx: &Tx<'_>,
    table: &LabelTable,
    contact: i64,
    was: &BTreeSet<String>,
    is: &BTreeSet<String>,
) -> Result<(), StoreError> {
    for gone in was.difference(is) {
        tx.sql().prepare_cached(table.remove)?.execute(params![gone, contact])?;
    }
    for new in is.difference(was) {
        tx.sql().prepare_cached(table.add)?.execute(params![new, contact])?;
    }
    Ok(())
}

fn follow_attributes(tx: &Tx<'_>, contact: i64, was: &Attributes, is: &Attributes) -> Result<(), StoreError> {
    for (name, value) in was {
        if is.get(name) != Some(value) {
            let mut remove =
                tx.sql().prepare_cached("DELETE FROM contact_attribute WHERE name = ?1 AND contact = ?2")?;
            remove.execute(params![name, contact])?;
        }
    }
    for (name, value) in is {
        if was.get(name) != Some(value) {
            add_attribute(tx, contact, name, value)?;
        }
    }
    Ok(())
}

fn add_attribute(tx: &Tx<'_>, contact: i64, name: &str, value: &Attribute) -> Result<(), StoreError> {
    let mut add = tx.sql().prepare_cached("INSERT INTO contact_attribute VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let (number, text) = match value {
        Attribute::List(entries) => {
            for (n, entry) in entries.iter().enumerate() {
                add.execute(params![name, contact, n, None::<f64>, entry])?;
            }
            return Ok(());
        }
        Attribute::Number(number) => (Some(*number), None),
        Attribute::Boolean(flag) => (Some(f64::from(u8::from(*flag))), None),
        #[expect(clippy::cast_precision_loss, reason = "days of the calendar are small numbers")]
        Attribute::Date(day) => (Some(day_number(*day) as f64), None),
        Attribute::Text(text) => (None, Some(text)),
    };
    add.execute(params![name, contact, 0, number, text])?;
    Ok(())
}

fn attributes_json(attributes: &Attributes) -> Option<String> {
    let json: BTreeMap<_, _> = attributes.iter().map(|(name, value)| (name, value.to_json())).collect();
    if json.is_empty() { None } else { serde_json::to_string(&json).ok() }
}

fn labels_json(labels: &BTreeSet<String>) -> Option<String> {
    if labels.is_empty() { None } else { serde_json::to_string(labels).ok() }
}

fn stored_of(row: &Row<'_>) -> Result<Stored, StoreError> {
    let wrong = |what: &str, error: &dyn std::fmt::Display| StoreError::Row(format!("contact {what}: {error}"));
    let attributes = match row.get::<_, Option<String>>("attributes")? {
        None => Attributes::new(),
        Some(text) => {
            let json: Value = serde_json::from_str(&text).map_err(|error| wrong("attributes", &error))?;
            let read = attribute::read(&json).map_err(|faults| wrong("attributes", &format!("{faults:?}")))?;
            read.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
        }
    };
    let labels = |column: &str| match row.get::<_, Option<String>>(column)? {
        None => Ok(BTreeSet::new()),
        Some(text) => serde_json::from_str(&text).map_err(|error| wrong(column, &error)),
    };
    let locale: Option<String> = row.get("locale")?;
    let locale = locale.map(|word| word.parse().map_err(|error: String| wrong("locale", &error))).transpose()?;
    Ok(Stored {
        id: row.get("id")?,
        contact: Contact {
            number: row::parsed(row, "number")?,
            name: row.get("name")?,
            locale,
            zone: row.get("zone")?,
            attributes,
            tags: labels("tags")?,
            lists: labels("lists")?,
        },
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

/// The contact with this number.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn find(connection: &Connection, number: &PhoneNumber) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM contact WHERE number = ?1")?;
    let mut rows = statement.query([number.as_str()])?;
    rows.next()?.map(stored_of).transpose()
}

/// The contact with this row id.
///
/// # Errors
/// As [`find`].
pub fn by_id(connection: &Connection, id: i64) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM contact WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(stored_of).transpose()
}

/// Which contacts are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only those with this tag.
    pub tag: Option<String>,
    /// Only those on this list.
    pub list: Option<String>,
    /// Only those after this row id.
    pub after: i64,
}

/// Contacts in the order in which they came, and the `after` of the next page.
///
/// # Errors
/// As [`find`].
pub fn list(connection: &Connection, filter: &Filter, limit: usize) -> Result<(Vec<Stored>, Option<i64>), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM contact c WHERE id > ?1 \
         AND (?2 IS NULL OR EXISTS (SELECT 1 FROM contact_tag t WHERE t.tag = ?2 AND t.contact = c.id)) \
         AND (?3 IS NULL OR EXISTS (SELECT 1 FROM contact_list l WHERE l.list = ?3 AND l.contact = c.id)) \
         ORDER BY id LIMIT ?4",
    )?;
    let mut rows = statement.query(params![filter.after, filter.tag, filter.list, limit + 1])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(stored_of(row)?);
    }
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| last.id);
    Ok((all, next))
}

/// How many contacts there are.
///
/// # Errors
/// SQLite's own.
pub fn count(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM contact_point", [], |row| row.get(0))?)
}

/// Removes a contact with everything that these tables hold of it; says whether there was one.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, number: &PhoneNumber) -> Result<bool, StoreError> {
    let Some(stored) = find(tx.sql(), number)? else { return Ok(false) };
    let none = BTreeSet::new();
    follow_labels(tx, &TAGS, stored.id, &stored.contact.tags, &none)?;
    follow_labels(tx, &LISTS, stored.id, &stored.contact.lists, &none)?;
    follow_attributes(tx, stored.id, &stored.contact.attributes, &Attributes::new())?;
    coupon::forget_holder(tx, number)?;
    link::forget(tx, stored.id)?;
    super::run::recipient::forget(tx, stored.id)?;
    survey::forget(tx, stored.id)?;
    contest::forget(tx, stored.id)?;
    live::forget(tx, stored.id)?;
    for sql in [
        "DELETE FROM visit WHERE enrolment IN (SELECT id FROM enrolment WHERE contact = ?1)",
        "DELETE FROM enrolment WHERE contact = ?1",
        "DELETE FROM happening WHERE contact = ?1",
        "DELETE FROM origin WHERE contact = ?1",
        "DELETE FROM short_link WHERE contact = ?1",
        "DELETE FROM contact_event WHERE contact = ?1",
        "DELETE FROM contact_point WHERE contact = ?1",
        "DELETE FROM contact WHERE id = ?1",
    ] {
        tx.sql().prepare_cached(sql)?.execute([stored.id])?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Database;
    use postrider_campaign::point::Point;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn change(value: &Value) -> ContactChange {
        ContactChange::from_json(value, None, None).unwrap()
    }

    fn rows(database: &Database, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        database.read(|c| Ok(c.query_row(&sql, [], |row| row.get(0))?)).unwrap()
    }

    #[test]
    fn a_contact_comes_back_as_it_was_written_and_goes_without_a_trace() {
        let mut database = Database::in_memory().unwrap();
        let full = json!({"number": "+821012345678", "name": "Jisoo", "locale": "ko", "time_zone": "Asia/Seoul", "tags": ["a", "b"],
            "lists": ["news"], "attributes": {"size": 42, "likes": ["tea", "pots"], "birthday": "1990-02-28", "vip": true}});
        let upserted = database.write(|tx| upsert(tx, &change(&full), NOW)).unwrap();
        assert_eq!(upserted, Ok(Upserted::Created));
        assert_eq!(database.write(|tx| upsert(tx, &change(&full), NOW)).unwrap(), Ok(Upserted::Unchanged));
        let number: PhoneNumber = "+821012345678".parse().unwrap();
        let stored = database.read(|c| find(c, &number)).unwrap().unwrap();
        let mut expected = Contact::new(number.clone());
        change(&full).apply(&mut expected).unwrap();
        assert_eq!((stored.contact, stored.created_at), (expected, NOW));
        assert_eq!((rows(&database, "contact_attribute"), rows(&database, "contact_tag")), (5, 2));
        let points = database.read(|c| point::of(c, stored.id)).unwrap();
        assert_eq!((points.text(Point::Country), points.integer(Point::Birthday)), (Some("KR"), Some(7_363)));
        assert!(database.write(|tx| remove(tx, &number)).unwrap());
        assert!(!database.write(|tx| remove(tx, &number)).unwrap());
        for table in ["contact", "contact_point", "contact_tag", "contact_list", "contact_attribute"] {
            assert_eq!(rows(&database, table), 0, "{table}");
        }
    }

    #[test]
    fn the_followers_follow_a_change() {
        let mut database = Database::in_memory().unwrap();
        let mut write = |value: Value| database.write(|tx| upsert(tx, &change(&value), NOW)).unwrap().unwrap();
        write(
            json!({"number": "+821012345678", "tags": ["a", "b"], "attributes": {"likes": ["tea", "pots"], "size": 1}}),
        );
        let second = json!({"number": "+821012345678", "add_tags": ["c"], "remove_tags": ["a"], "locale": "th",
            "attributes": {"likes": ["tea"], "size": null, "birthday": "2000-02-29"}});
        assert_eq!(write(second), Upserted::Changed);
        let read = |sql: &str| -> Vec<String> {
            database.read(|c| Ok(c.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)).unwrap()
        };
        assert_eq!(read("SELECT tag FROM contact_tag"), ["b", "c"]);
        assert_eq!(read("SELECT name FROM contact_attribute"), ["birthday", "likes"]);
        assert_eq!(read("SELECT language || birthday_place FROM contact_point"), ["th365"]);
    }

    #[test]
    fn lists_go_page_by_page() {
        let mut database = Database::in_memory().unwrap();
        for n in 0..5 {
            let value =
                json!({"number": format!("+82101234567{n}"), "tags": if n % 2 == 0 { vec!["even"] } else { vec![] }});
            database.write(|tx| upsert(tx, &change(&value), NOW)).unwrap().unwrap();
        }
        let page = |filter: &Filter| database.read(|c| list(c, filter, 2)).unwrap();
        let (first, next) = page(&Filter::default());
        assert_eq!((first.len(), next.is_some()), (2, true));
        let (last, end) = page(&Filter { after: next.unwrap() + 2, ..Filter::default() });
        assert_eq!((last.len(), end), (1, None));
        let even = Filter { tag: Some("even".to_owned()), ..Filter::default() };
        assert_eq!(page(&even).0.len(), 2);
        assert_eq!(database.read(count).unwrap(), 5);
    }

    #[test]
    fn a_change_that_cannot_be_changes_nothing() {
        let mut database = Database::in_memory().unwrap();
        for n in 0..2 {
            let tags: Vec<_> = (0..60).map(|tag| format!("{n}-{tag}")).collect();
            let value = json!({"number": "+821012345678", "add_tags": tags});
            assert_eq!(database.write(|tx| upsert(tx, &change(&value), NOW)).unwrap().is_ok(), n == 0);
        }
        assert_eq!(rows(&database, "contact_tag"), 60);
    }
}
