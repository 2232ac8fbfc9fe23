//! The `segment` table, and running compiled segments: counting, sampling, walking.

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::{live, point};
use crate::{StoreError, Tx, row};
use postrider_campaign::segment::{self, Calendars, Compiled, Tree, ready};
use postrider_model::{Random, Timestamp};

pub use super::live::make_live;

/// A segment that a shop defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// Its conditions, as JSON.
    pub tree: String,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// Defines a segment, or changes the one of this name; says whether it is new.
///
/// # Errors
/// SQLite's own.
pub fn define(tx: &Tx<'_>, name: &str, title: &str, tree: &str, now: Timestamp) -> Result<bool, StoreError> {
    let known = find(tx.sql(), name)?;
    tx.sql()
        .prepare_cached(
            "INSERT INTO segment VALUES (?1, ?2, ?3, ?4, ?4) \
             ON CONFLICT DO UPDATE SET title = ?2, tree = ?3, changed_at = ?4",
        )?
        .execute(params![name, title, tree, now.as_millis()])?;
    if known.as_ref().is_some_and(|known| known.tree != tree) {
        live::redefined(tx, name, now)?;
    }
    Ok(known.is_none())
}

/// The checked conditions of a segment, of the shop's own or of those that come with the program.
///
/// # Errors
/// SQLite's own, or conditions that this version cannot read.
pub fn tree(connection: &Connection, name: &str) -> Result<Option<Tree>, StoreError> {
    let wrong = |error: &dyn std::fmt::Display| StoreError::Row(format!("segment {name}: {error}"));
    let json = match ready::named(name) {
        Some(ready) => ready.tree,
        None => match find(connection, name)? {
            Some(stored) => serde_json::from_str(&stored.tree).map_err(|error| wrong(&error))?,
            None => return Ok(None),
        },
    };
    let first = |faults: Vec<_>| faults.first().map_or_else(String::new, ToString::to_string);
    segment::read(&json).map(Some).map_err(|faults| wrong(&first(faults)))
}

/// Removes a segment; says whether there was one.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    if ready::named(name).is_none() {
        live::end(tx, name)?;
    }
    Ok(tx.sql().execute("DELETE FROM segment WHERE name = ?1", [name])? > 0)
}

fn stored_of(row: &Row<'_>) -> Result<Stored, StoreError> {
    Ok(Stored {
        name: row.get("name")?,
        title: row.get("title")?,
        tree: row.get("tree")?,
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

/// The segment of this name.
///
/// # Errors
/// SQLite's own.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM segment WHERE name = ?1")?;
    statement.query_row([name], |row| Ok(stored_of(row))).optional()?.transpose()
}

/// All segments that were defined, by name.
///
/// # Errors
/// SQLite's own.
pub fn list(connection: &Connection) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM segment ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(stored_of(row)?);
    }
    Ok(all)
}

/// The present day in every time zone that contacts have.
///
/// # Errors
/// SQLite's own.
pub fn calendars(connection: &Connection, now: Timestamp) -> Result<Calendars, StoreError> {
    Ok(Calendars::new(now, super::point::zones(connection)?))
}

/// How many contacts a segment has.
///
/// # Errors
/// SQLite's own.
pub fn count(connection: &Connection, segment: &Compiled) -> Result<i64, StoreError> {
    let sql = format!("SELECT count(*) FROM {} WHERE {}", segment.tables(), segment.condition);
    let mut statement = connection.prepare(&sql)?;
    Ok(statement.query_row(params_from_iter(segment.params.iter().map(point::sql)), |row| row.get(0))?)
}

/// How many contacts a segment has, and the row ids of `size` of them, each contact as likely as any other. One pass
/// over the rows does both.
///
/// # Errors
/// SQLite's own.
pub fn sample(
    connection: &Connection,
    segment: &Compiled,
    size: usize,
    random: &mut Random,
) -> Result<(i64, Vec<i64>), StoreError> {
    let sql = format!("SELECT p.contact FROM {} WHERE {}", segment.tables(), segment.condition);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(segment.params.iter().map(point::sql)))?;
    let (mut seen, mut kept) = (0_u64, Vec::with_capacity(size));
    while let Some(row) = rows.next()? {
        seen += 1;
        if kept.len() < size {
            kept.push(row.get(0)?);
            continue;
        }
        let place = usize::try_from(random.below(seen)).unwrap_or(usize::MAX);
        if let Some(slot) = kept.get_mut(place) {
            *slot = row.get(0)?;
        }
    }
    kept.sort_unstable();
    Ok((i64::try_from(seen).unwrap_or(i64::MAX), kept))
}

/// The row ids of a segment's contacts after `after`, in order, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn page(connection: &Connection, segment: &Compiled, after: i64, limit: usize) -> Result<Vec<i64>, StoreError> {
    let own = segment.params.len();
    let sql = format!(
        "SELECT p.contact FROM {} WHERE p.contact > ?{} AND {} ORDER BY p.contact LIMIT ?{}",
        segment.tables(),
        own + 1,
        segment.condition,
        own + 2
    );
    let mut statement = connection.prepare(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = segment.params.iter().map(point::sql).chain([after.into(), limit.into()]);
    let rows = statement.query_map(params_from_iter(params), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Those of a segment among the contacts from `first` to `last`, in order; the segment is compiled for spans.
///
/// # Errors
/// SQLite's own.
pub fn within(connection: &Connection, segment: &Compiled, first: i64, last: i64) -> Result<Vec<i64>, StoreError> {
    assert!(segment.spans, "a segment that is asked about a span is compiled for spans");
    let sql = format!(
        "SELECT p.contact FROM {} WHERE p.contact BETWEEN ?1 AND ?2 AND {} ORDER BY p.contact",
        segment.tables(),
        segment.condition
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let ends = [first.into(), last.into()].into_iter();
    let params = ends.chain(segment.params.iter().skip(2).map(point::sql));
    let rows = statement.query_map(params_from_iter(params), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The last of the next `size` contacts after `after`: where a span may end.
///
/// # Errors
/// SQLite's own.
pub fn span_end(connection: &Connection, after: i64, size: usize) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT max(contact) FROM (SELECT contact FROM contact_point WHERE contact > ?1 ORDER BY contact LIMIT ?2)",
    )?;
    Ok(statement.query_row(params![after, size], |row| row.get(0))?)
}

/// Whether one contact belongs to a segment. Compiled for spans, this looks at the rows of this contact alone.
///
/// # Errors
/// SQLite's own.
pub fn has(connection: &Connection, segment: &Compiled, contact: i64) -> Result<bool, StoreError> {
    if segment.spans {
        return Ok(!within(connection, segment, contact, contact)?.is_empty());
    }
    let sql = format!(
        "SELECT 1 FROM {} WHERE p.contact = ?{} AND {}",
        segment.tables(),
        segment.params.len() + 1,
        segment.condition
    );
    let mut statement = connection.prepare(&sql)?;
    let params = segment.params.iter().map(point::sql).chain([contact.into()]);
    Ok(statement.query_row(params_from_iter(params), |_| Ok(())).optional()?.is_some())
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
