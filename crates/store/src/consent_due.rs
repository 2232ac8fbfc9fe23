//! The `consent_due` and `answered` tables: what is still to be told to whom, and who was answered when.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use super::{Person, StoreError, Tx, row};
use postrider_model::{PhoneNumber, Timestamp};

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// That a consent is on record.
    ToldStart,
    /// That a refusal is.
    ToldStop,
    /// That a consent is two years old, or whatever the country asks.
    Renew,
}

impl Kind {
    const ALL: [Self; 3] = [Self::ToldStart, Self::ToldStop, Self::Renew];

    /// The word in rows and callbacks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToldStart => "told_start",
            Self::ToldStop => "told_stop",
            Self::Renew => "renew",
        }
    }
}

/// One thing that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// To whom.
    pub number: PhoneNumber,
    /// What.
    pub kind: Kind,
    /// When the consent or refusal was said.
    pub said_at: Timestamp,
    /// When it is to be told.
    pub due_at: Timestamp,
}

/// Notes a task; a later one of the same kind takes its place.
///
/// # Errors
/// SQLite's own.
pub fn put(tx: &Tx<'_>, task: &Task) -> Result<(), StoreError> {
    tx.sql().prepare_cached("INSERT OR REPLACE INTO consent_due VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        tx.person(&task.number),
        task.kind.as_str(),
        task.number.as_str(),
        task.said_at.as_millis(),
        task.due_at.as_millis(),
    ])?;
    Ok(())
}

/// Strikes out a task.
///
/// # Errors
/// SQLite's own.
pub fn done(tx: &Tx<'_>, person: Person, kind: Kind) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("DELETE FROM consent_due WHERE person = ?1 AND kind = ?2")?
        .execute(params![person, kind.as_str()])?;
    Ok(())
}

/// The tasks that are due at `now`, the oldest first.
///
/// # Errors
/// SQLite's own.
pub fn due(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<Task>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT kind, number, said_at, due_at FROM consent_due WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
    )?;
    let mut rows = statement.query(params![now.as_millis(), limit])?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        let word: String = row.get("kind")?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
        tasks.push(Task {
            number: row::parsed(row, "number")?,
            kind: kind.ok_or_else(|| StoreError::Row(format!("column kind: {word}")))?,
            said_at: row::time(row, "said_at")?,
            due_at: row::time(row, "due_at")?,
        });
    }
    Ok(tasks)
}

/// Whether a person may be given this answer now, which is then noted: one of a kind in `pause`.
///
/// # Errors
/// SQLite's own.
pub fn may_answer(
    tx: &Tx<'_>,
    person: Person,
    answer: &str,
    pause: Duration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let last: Option<i64> = tx
        .sql()
        .prepare_cached("SELECT at FROM answered WHERE person = ?1 AND answer = ?2")?
        .query_row(params![person, answer], |row| row.get(0))
        .optional()?;
    // A clock that went back does not silence the gateway for ever.
    let recent = |last: i64| last > now.minus(pause).as_millis() && last <= now.as_millis();
    if last.is_some_and(recent) {
        return Ok(false);
    }
    tx.sql().prepare_cached("INSERT OR REPLACE INTO answered VALUES (?1, ?2, ?3)")?.execute(params![
        person,
        answer,
        now.as_millis()
    ])?;
    Ok(true)
}

/// Forgets tasks of a person.
///
/// # Errors
/// SQLite's own.
pub fn erase(tx: &Tx<'_>, person: Person) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM consent_due WHERE person = ?1")?.execute([person])?;
    tx.sql().prepare_cached("DELETE FROM answered WHERE person = ?1")?.execute([person])?;
    Ok(())
}

/// Forgets answers before `before`.
///
/// # Errors
/// SQLite's own.
pub fn forget_answers(tx: &Tx<'_>, before: Timestamp) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM answered WHERE at < ?1")?.execute([before.as_millis()])?;
    Ok(())
}
