//! The `early_receipt` table: receipts that came before anybody could match them.

use rusqlite::{Row, params};

use super::{StoreError, Tx, row};
use crate::model::{CarrierMessageId, Receipt, State, Timestamp};

/// A kept receipt.
#[derive(Debug, Clone)]
pub struct Early {
    /// Its row.
    pub id: i64,
    /// The receipt.
    pub receipt: Receipt,
    /// When it came.
    pub received_at: Timestamp,
}

/// Keeps `receipt` under `key` until its submit answer comes.
///
/// # Errors
/// SQLite's own.
pub fn keep(
    tx: &Tx<'_>,
    key: i64,
    link_group: &str,
    id: &CarrierMessageId,
    receipt: &Receipt,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO early_receipt (carrier_key, link_group, carrier_id, state, raw_state, error, recipient, done_at, \
             received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            key,
            link_group,
            id.as_str(),
            receipt.state.as_str(),
            receipt.raw_state,
            receipt.error,
            receipt.recipient.as_ref().map(ToString::to_string),
            receipt.done_at.map(Timestamp::as_millis),
            now.as_millis(),
        ])?;
    Ok(())
}

/// Whether any receipt is kept at all; nearly always none is.
///
/// # Errors
/// SQLite's own.
pub fn any(tx: &Tx<'_>) -> Result<bool, StoreError> {
    Ok(tx.sql().prepare_cached("SELECT EXISTS (SELECT 1 FROM early_receipt)")?.query_row([], |row| row.get(0))?)
}

/// The receipts kept under `key`, oldest first.
///
/// # Errors
/// SQLite's own.
pub fn early(tx: &Tx<'_>, key: i64) -> Result<Vec<Early>, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT * FROM early_receipt WHERE carrier_key = ?1 ORDER BY id")?;
    let mut rows = statement.query([key])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(early_of(row)?);
    }
    Ok(all)
}

/// The receipts of a link group that came at or after `since`, oldest first, a bounded number.
///
/// # Errors
/// SQLite's own.
pub fn of_group(tx: &Tx<'_>, link_group: &str, since: Timestamp) -> Result<Vec<Early>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT * FROM early_receipt WHERE link_group = ?1 AND received_at >= ?2 ORDER BY id LIMIT 1000",
    )?;
    let mut rows = statement.query(params![link_group, since.as_millis()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(early_of(row)?);
    }
    Ok(all)
}

fn early_of(row: &Row<'_>) -> Result<Early, StoreError> {
    let recipient: Option<String> = row.get("recipient")?;
    let state: State = row::parsed(row, "state")?;
    Ok(Early {
        id: row.get("id")?,
        receipt: Receipt {
            ids: CarrierMessageId::new(&row.get::<_, String>("carrier_id")?).into_iter().collect(),
            state,
            raw_state: row.get("raw_state")?,
            error: row.get("error")?,
            recipient: recipient.and_then(|text| text.parse().ok()),
            sender: None,
            done_at: row::maybe_time(row, "done_at")?,
        },
        received_at: row::time(row, "received_at")?,
    })
}

/// Forgets one kept receipt.
///
/// # Errors
/// SQLite's own.
pub fn forget(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM early_receipt WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Forgets receipts that came before `before`; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "DELETE FROM early_receipt WHERE id IN (SELECT id FROM early_receipt WHERE received_at < ?1 LIMIT 1000)",
        )?
        .execute([before.as_millis()])?)
}
