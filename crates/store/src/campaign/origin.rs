//! The `origin` table: what a message was sent for, so that reports, branches and clicks find their way back.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{StoreError, Tx};
use postrider_campaign::origin::{Kind, Origin};
use postrider_model::{MessageId, PhoneNumber};

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

/// What the message that last left for a number was sent for; `None` if it was sent for nothing, or nothing left.
///
/// # Errors
/// SQLite's own.
pub fn last_to(connection: &Connection, number: &PhoneNumber) -> Result<Option<Origin>, StoreError> {
    // What was accepted last need not have left last; few messages lie between.
    let mut statement = connection.prepare_cached(
        "SELECT m.id FROM (SELECT id, changed_at FROM message WHERE recipient = ?1 AND state IN ('leased', 'sent', \
         'delivered', 'partially_delivered', 'undelivered', 'uncertain') ORDER BY id DESC LIMIT 20) m \
         ORDER BY coalesce((SELECT min(at) FROM submission s WHERE s.message = m.id), m.changed_at) DESC, m.id DESC LIMIT 1",
    )?;
    let last: Option<i64> = statement.query_row([number.as_str()], |row| row.get(0)).optional()?;
    last.and_then(MessageId::from_i64).map_or(Ok(None), |message| of(connection, message))
}
