//! The `inbound_seen` table: what modems handed over, so that a slot that is read again makes no second message.

use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx, row};
use postrider_model::{InboundPart, MessageId, Timestamp};

/// What tells one part from all others: its SIM, its sender, the network's time, its place and its content. `None` without a
/// network time: then a person who repeats himself could not be told from a repetition.
pub fn digest(sim: &str, part: &InboundPart) -> Option<i64> {
    let at = part.network_time?;
    let place = part.part_of.map_or([0; 4], |of| {
        let [high, low] = of.reference.to_be_bytes();
        [high, low, of.total, of.number]
    });
    let time = at.as_millis().to_be_bytes();
    Some(row::hash(&[sim.as_bytes(), part.from.as_str().as_bytes(), &time, &place, &part.elements, &part.payload]))
}

/// Notes that the part with this digest came; `false` if it came before, which is counted on its message.
///
/// # Errors
/// SQLite's own.
pub fn first(tx: &Tx<'_>, digest: i64, now: Timestamp) -> Result<bool, StoreError> {
    let rows = tx
        .sql()
        .prepare_cached("INSERT OR IGNORE INTO inbound_seen VALUES (?1, NULL, ?2)")?
        .execute(params![digest, now.as_millis()])?;
    if rows == 0 {
        let message: Option<i64> = tx
            .sql()
            .prepare_cached("SELECT message FROM inbound_seen WHERE digest = ?1")?
            .query_row([digest], |row| row.get(0))
            .optional()?
            .flatten();
        tx.sql().prepare_cached("UPDATE inbound SET copies = copies + 1 WHERE id = ?1")?.execute([message])?;
    }
    Ok(rows == 1)
}

/// Notes which message a part became.
///
/// # Errors
/// SQLite's own.
pub fn became(tx: &Tx<'_>, digest: i64, message: MessageId) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE inbound_seen SET message = ?2 WHERE digest = ?1")?
        .execute(params![digest, message.as_i64()])?;
    Ok(())
}

/// Forgets parts that came before `before`.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "DELETE FROM inbound_seen WHERE digest IN (SELECT digest FROM inbound_seen WHERE at < ?1 LIMIT 1000)",
        )?
        .execute([before.as_millis()])?;
    Ok(())
}
