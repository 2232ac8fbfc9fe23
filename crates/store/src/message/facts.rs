//! Single facts of messages that only few decisions ask for.

use rusqlite::{OptionalExtension, params};

use crate::{StoreError, Tx, row};
use postrider_model::{MessageId, Sender, Timestamp};

/// The sender of a message, if it names one.
///
/// # Errors
/// SQLite's own.
pub fn sender_of(tx: &Tx<'_>, id: MessageId) -> Result<Option<Sender>, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT sender FROM message WHERE id = ?1")?;
    let text: Option<String> = statement.query_row([id.as_i64()], |row| row.get(0)).optional()?.flatten();
    Ok(text.map(|text| Sender::from_network(&text)))
}

/// The messages to `recipient` whose state changed at or after `since`, newest first, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn changed_since(
    tx: &Tx<'_>,
    recipient: &str,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<MessageId>, StoreError> {
    ids(
        tx,
        "SELECT id FROM message WHERE recipient = ?1 AND changed_at >= ?2 ORDER BY id DESC LIMIT ?3",
        params![recipient, since.as_millis(), limit],
    )
}

/// The messages leased to a link just now whose recipient ends in `digits`, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn leased_to_suffix(tx: &Tx<'_>, digits: &str, limit: usize) -> Result<Vec<MessageId>, StoreError> {
    ids(
        tx,
        "SELECT id FROM message WHERE state = 'leased' AND substr(recipient, -length(?1)) = ?1 LIMIT ?2",
        params![digits, limit],
    )
}

fn ids(tx: &Tx<'_>, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<MessageId>, StoreError> {
    let mut statement = tx.sql().prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(row::id(row, 0)?);
    }
    Ok(all)
}

/// When a message's state changed last.
///
/// # Errors
/// SQLite's own.
pub fn changed_at(tx: &Tx<'_>, id: MessageId) -> Result<Timestamp, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT changed_at FROM message WHERE id = ?1")?;
    Ok(Timestamp::from_millis(statement.query_row([id.as_i64()], |row| row.get(0))?))
}
