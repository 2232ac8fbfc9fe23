//! The `event` table: a message's timeline.

use rusqlite::{Connection, params};

use super::{StoreError, Tx, row};
use postrider_model::{MessageId, State, Timestamp};

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The message's state from then on.
    pub state: State,
    /// The link concerned.
    pub link: Option<String>,
    /// What happened, for people.
    pub note: Option<String>,
}

/// Adds line number `n` to the timeline of `message`.
///
/// # Errors
/// SQLite's own.
pub fn add(
    tx: &Tx<'_>,
    message: MessageId,
    n: u32,
    at: Timestamp,
    state: State,
    link: Option<&str>,
    note: Option<&str>,
) -> Result<(), StoreError> {
    tx.sql().prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        message.as_i64(),
        n,
        at.as_millis(),
        state.as_str(),
        link,
        note
    ])?;
    Ok(())
}

/// The timeline of `message`, oldest line first.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, message: MessageId) -> Result<Vec<Event>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT at, state, link, note FROM event WHERE message = ?1 ORDER BY n")?;
    let mut rows = statement.query([message.as_i64()])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(Event {
            at: row::time(row, "at")?,
            state: row::parsed(row, "state")?,
            link: row.get("link")?,
            note: row.get("note")?,
        });
    }
    Ok(events)
}
