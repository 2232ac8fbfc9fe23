//! The `suppression` table: who must not be written to. It is asked for every message, and nothing but a lift removes a row.

use rusqlite::{Connection, Row, params};

use super::{Person, StoreError, Tx, row};
use postrider_campaign::consent::{Covers, Source};
use postrider_model::{PhoneNumber, Timestamp};

/// One suppression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Its row.
    pub id: i64,
    /// The number, unless the person was erased.
    pub number: Option<String>,
    /// The sender that it is about; `None` for all.
    pub scope: Option<String>,
    /// What it keeps back.
    pub covers: Covers,
    /// Since when.
    pub since: Timestamp,
    /// By what it came.
    pub source: Source,
    /// Why, for people.
    pub reason: String,
}

impl Suppression {
    /// Whether it is about messages from `sender`. Where no sender is known it may be this one, so it is.
    pub fn is_about(&self, sender: Option<&str>) -> bool {
        match (&self.scope, sender) {
            (None, _) | (_, None) => true,
            (Some(only), Some(sender)) => only == sender,
        }
    }
}

fn suppression_of(row: &Row<'_>) -> Result<Suppression, StoreError> {
    Ok(Suppression {
        id: row.get("id")?,
        number: row.get("number")?,
        scope: row.get::<_, Option<String>>("scope")?.filter(|scope| !scope.is_empty()),
        covers: row::parsed(row, "covers")?,
        since: row::time(row, "since")?,
        source: row::parsed(row, "source")?,
        reason: row.get("reason")?,
    })
}

/// The suppressions of a person in a transaction.
///
/// # Errors
/// SQLite's own.
pub fn find(tx: &Tx<'_>, person: Person) -> Result<Vec<Suppression>, StoreError> {
    of(tx.sql(), person)
}

/// The suppressions of a person on a reading connection.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, person: Person) -> Result<Vec<Suppression>, StoreError> {
    collect(connection, "SELECT * FROM suppression WHERE person = ?1", params![person])
}

/// The newest suppressions before row `before`, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn list(connection: &Connection, before: Option<i64>, limit: usize) -> Result<Vec<Suppression>, StoreError> {
    let before = before.unwrap_or(i64::MAX);
    collect(connection, "SELECT * FROM suppression WHERE id < ?1 ORDER BY id DESC LIMIT ?2", params![before, limit])
}

fn collect(
    connection: &Connection,
    sql: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<Suppression>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(suppression_of(row)?);
    }
    Ok(all)
}

/// What a new suppression says.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The sender that it is about; `None` for all.
    pub scope: Option<&'a str>,
    /// What it keeps back.
    pub covers: Covers,
    /// By what it came.
    pub source: Source,
    /// Why, for people.
    pub reason: &'a str,
}

/// Suppresses `number`. One that is there already is only ever widened. Returns whether anything changed.
///
/// # Errors
/// SQLite's own.
pub fn put(tx: &Tx<'_>, number: &PhoneNumber, new: New<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let person = tx.person(number);
    let scope = new.scope.unwrap_or_default();
    let there = find(tx, person)?.into_iter().find(|old| old.scope.as_deref().unwrap_or_default() == scope);
    if there.as_ref().is_some_and(|old| old.covers >= new.covers && old.number.is_some()) {
        return Ok(false);
    }
    let covers = there.as_ref().map_or(new.covers, |old| old.covers.max(new.covers));
    let since = there.as_ref().map_or(now, |old| old.since);
    tx.sql()
        .prepare_cached(
            "INSERT INTO suppression (person, number, scope, covers, since, source, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (person, scope) DO UPDATE SET number = excluded.number, covers = excluded.covers, \
             source = excluded.source, reason = excluded.reason",
        )?
        .execute(params![
            person,
            number.as_str(),
            scope,
            covers.as_str(),
            since.as_millis(),
            new.source.as_str(),
            new.reason
        ])?;
    Ok(there.is_none_or(|old| old.covers < new.covers))
}

/// Takes the suppressions of a person away: those about `scope` and those about all senders, or all of them without a scope.
/// Returns how many there were.
///
/// # Errors
/// SQLite's own.
pub fn lift(tx: &Tx<'_>, person: Person, scope: Option<&str>) -> Result<usize, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached("DELETE FROM suppression WHERE person = ?1 AND (?2 IS NULL OR scope IN (?2, ''))")?
        .execute(params![person, scope])?)
}

/// Takes the number out of a person's suppressions, which stay; returns how many there are.
///
/// # Errors
/// SQLite's own.
pub fn erase(tx: &Tx<'_>, person: Person) -> Result<usize, StoreError> {
    Ok(tx.sql().prepare_cached("UPDATE suppression SET number = NULL WHERE person = ?1")?.execute([person])?)
}
