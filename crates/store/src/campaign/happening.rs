//! The `happening` table: events that workflows and live segments still have to look at. An event is put into it in the
//! transaction that records it, if anybody waits for its kind; so none is lost, and nobody pays for what nobody awaits.

use rusqlite::{Connection, params};

use crate::{StoreError, Tx};

/// The word for all kinds.
pub const ANY: &str = "*";

/// An event to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happening {
    /// Its place in the queue.
    pub id: i64,
    /// To whom it happened.
    pub contact: i64,
    /// The row in `contact_event`.
    pub event: i64,
}

/// Queues an event that was just recorded, if anybody waits for its kind. Returns whether somebody does.
///
/// # Errors
/// SQLite's own.
pub(super) fn queue(tx: &Tx<'_>, kind: &str, contact: i64, event: i64) -> Result<bool, StoreError> {
    let written = tx
        .sql()
        .prepare_cached(
            "INSERT INTO happening (contact, event) SELECT ?2, ?3 \
             WHERE EXISTS (SELECT 1 FROM awaited WHERE kind = ?1 OR kind = '*')",
        )?
        .execute(params![kind, contact, event])?;
    Ok(written > 0)
}

/// From now on `who` (`workflow:NAME`, `segment:NAME`) waits for these kinds and no others.
///
/// # Errors
/// SQLite's own.
pub fn await_kinds<'a>(tx: &Tx<'_>, who: &str, kinds: impl IntoIterator<Item = &'a str>) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM awaited WHERE who = ?1")?.execute([who])?;
    let mut insert = tx.sql().prepare_cached("INSERT OR IGNORE INTO awaited (kind, who) VALUES (?1, ?2)")?;
    kinds.into_iter().try_for_each(|kind| insert.execute([kind, who]).map(drop))?;
    Ok(())
}

/// The oldest events that nobody looked at yet.
///
/// # Errors
/// SQLite's own.
pub fn next(connection: &Connection, limit: usize) -> Result<Vec<Happening>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, contact, event FROM happening ORDER BY id LIMIT ?1")?;
    let rows = statement
        .query_map([limit], |row| Ok(Happening { id: row.get(0)?, contact: row.get(1)?, event: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An event was looked at.
///
/// # Errors
/// SQLite's own.
pub fn done(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM happening WHERE id = ?1")?.execute([id])?;
    Ok(())
}
