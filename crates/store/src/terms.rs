//! The `terms` table: what a message was granted, for the few that were granted anything.

use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx};
use postrider_model::MessageId;

/// What a message was granted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The recipient's own time zone, by its IANA name.
    pub zone: Option<String>,
    /// Why hours, caps and missing consent do not hold for it.
    pub exempt: Option<String>,
    /// It is the gateway's answer to a keyword, which reaches also who opted out.
    pub own_answer: bool,
}

/// Writes what `message` was granted.
///
/// # Errors
/// SQLite's own.
pub fn put(tx: &Tx<'_>, message: MessageId, terms: &Terms) -> Result<(), StoreError> {
    tx.sql().prepare_cached("INSERT INTO terms VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        message.as_i64(),
        terms.zone,
        terms.exempt,
        terms.own_answer
    ])?;
    Ok(())
}

/// What `message` was granted; nothing for most.
///
/// # Errors
/// SQLite's own.
pub fn of(tx: &Tx<'_>, message: MessageId) -> Result<Terms, StoreError> {
    let found = tx
        .sql()
        .prepare_cached("SELECT zone, exempt, own_answer FROM terms WHERE message = ?1")?
        .query_row([message.as_i64()], |row| {
            Ok(Terms { zone: row.get(0)?, exempt: row.get(1)?, own_answer: row.get(2)? })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}
