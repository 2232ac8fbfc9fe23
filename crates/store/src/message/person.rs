//! All messages of one person: what waits for him, what went to him lately, and what is known of him.

use rusqlite::{Connection, Row, params};

use super::{Head, View, head_of, look};
use crate::{StoreError, Tx, row};
use postrider_model::{MessageId, PhoneNumber, Timestamp};

/// The messages that wait to go to `recipient`, at most `limit`, each with its sender.
///
/// # Errors
/// SQLite's own.
pub fn waiting_for(
    tx: &Tx<'_>,
    recipient: &PhoneNumber,
    limit: usize,
) -> Result<Vec<(Head, Option<String>)>, StoreError> {
    let mut statement = tx.sql().prepare_cached(concat_head!(
        ", sender",
        "WHERE recipient = ?1 AND (due_at IS NOT NULL OR held IS NOT NULL) LIMIT ?2"
    ))?;
    let read = |row: &Row<'_>| Ok((head_of(row)?, row.get("sender")?));
    super::queue(tx, &mut statement, params![recipient.as_str(), limit], read)
}

/// When marketing went to `recipient` since `since`, and with `waiting` when more of it is due. `but` does not count.
///
/// # Errors
/// SQLite's own.
pub fn marketing_times(
    connection: &Connection,
    recipient: &PhoneNumber,
    since: Timestamp,
    waiting: bool,
    but: Option<MessageId>,
) -> Result<Vec<Timestamp>, StoreError> {
    // A message counts from its first lease on; what never left does not.
    let mut statement = connection.prepare_cached(
        "SELECT coalesce((SELECT min(at) FROM event WHERE event.message = message.id AND event.state = 'leased'), \
         CASE WHEN ?3 THEN due_at + coalesce((SELECT shift FROM clock_line WHERE clock_line.n = message.clock), 0) END) \
         AS at FROM message WHERE recipient = ?1 AND class = 'marketing' AND id IS NOT ?4 \
         AND changed_at >= ?2 AND state NOT IN ('blocked', 'canceled') LIMIT 1000",
    )?;
    let but = but.map(MessageId::as_i64);
    let mut rows = statement.query(params![recipient.as_str(), since.as_millis(), waiting, but])?;
    let mut times = Vec::new();
    while let Some(row) = rows.next()? {
        times.extend(row::maybe_time(row, "at")?);
    }
    Ok(times)
}

/// All messages to `recipient`, the newest first, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn all_of(connection: &Connection, recipient: &PhoneNumber, limit: usize) -> Result<Vec<View>, StoreError> {
    let filter = look::Filter { recipient: Some(recipient.clone()), ..look::Filter::default() };
    Ok(look::list(connection, &filter, limit)?.0)
}

/// The heads of messages to `recipient`, at most `limit`, whatever their state.
///
/// # Errors
/// SQLite's own.
pub fn heads_of(tx: &Tx<'_>, recipient: &PhoneNumber, limit: usize) -> Result<Vec<Head>, StoreError> {
    super::heads(tx, concat_head!("WHERE recipient = ?1 LIMIT ?2"), params![recipient.as_str(), limit])
}
