//! The `origin` table: what a message was sent for, so that reports, branches and clicks find their way back.

use rusqlite::{Connection, OptionalExtension, params};

use crate::campaign::origin::{Kind, Origin};
use crate::model::MessageId;
use crate::store::{StoreError, Tx};

/// Notes what a message was sent for, and to which contact.
///
/// # Errors
/// SQLite's own.
pub fn insert(tx: &Tx<'_>, message: MessageId, contact: i64, origin: &Origin) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("INSERT INTO origin (message, kind, source, part, contact) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![message.as_i64(), origin.kind.as_str(), origin.source, origin.part, contact])?;
    Ok(())
}

/// What a message was sent for, if it was sent for anything.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, message: MessageId) -> Result<Option<Origin>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT kind, source, part FROM origin WHERE message = ?1")?;
    let row = statement
        .query_row([message.as_i64()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    row.map(|(kind, source, part)| {
        let kind: Kind = kind.parse().map_err(|error| StoreError::Row(format!("origin of {message}: {error}")))?;
        Ok(Origin { kind, source, part })
    })
    .transpose()
}
