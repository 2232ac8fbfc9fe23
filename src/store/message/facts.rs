//! Single facts of messages that only few decisions ask for.

use rusqlite::{OptionalExtension, params};

use crate::model::{MessageId, PhoneNumber, Sender, Timestamp};
use crate::store::{StoreError, Tx};

/// The sender of a message, if it names one.
///
/// # Errors
/// SQLite's own.
pub fn sender_of(tx: &Tx<'_>, id: MessageId) -> Result<Option<Sender>, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT sender FROM message WHERE id = ?1")?;
    let text: Option<String> = statement.query_row([id.as_i64()], |row| row.get(0)).optional()?.flatten();
    Ok(text.map(|text| Sender::from_network(&text)))
}

/// Whether a message to `recipient` other than `except` is leased to a link just now.
///
/// # Errors
/// SQLite's own.
pub fn another_is_leased(tx: &Tx<'_>, recipient: &PhoneNumber, except: MessageId) -> Result<bool, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM message WHERE recipient = ?1 AND state = 'leased' AND id <> ?2)",
    )?;
    Ok(statement.query_row(params![recipient.as_str(), except.as_i64()], |row| row.get(0))?)
}

/// When a message's state changed last.
///
/// # Errors
/// SQLite's own.
pub fn changed_at(tx: &Tx<'_>, id: MessageId) -> Result<Timestamp, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT changed_at FROM message WHERE id = ?1")?;
    Ok(Timestamp::from_millis(statement.query_row([id.as_i64()], |row| row.get(0))?))
}
