//! The `id_relation` table: how the ids of a carrier's receipts follow from those of its answers, as pairs proved it.

use rusqlite::{Connection, params};

use super::{StoreError, Tx, row};
use postrider_model::{CarrierMessageId, IdRelation, Timestamp};

/// A pair that could be read in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The carrier.
    pub link_group: String,
    /// What the pair proves.
    pub relation: IdRelation,
    /// When it came first.
    pub at: Timestamp,
    /// The id in the answer.
    pub answer_id: String,
    /// The id in the receipt.
    pub receipt_id: String,
}

/// What was proved of a carrier: one row for each relation, more than one where pairs contradict each other.
///
/// # Errors
/// SQLite's own.
pub fn of_group(tx: &Tx<'_>, link_group: &str) -> Result<Vec<IdRelation>, StoreError> {
    let mut statement =
        tx.sql().prepare_cached("SELECT relation FROM id_relation WHERE link_group = ?1 ORDER BY at")?;
    let mut rows = statement.query([link_group])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(row::parsed(row, 0)?);
    }
    Ok(all)
}

/// Keeps a proof; `false` if the same was proved before.
///
/// # Errors
/// SQLite's own.
pub fn prove(
    tx: &Tx<'_>,
    link_group: &str,
    relation: IdRelation,
    (answer, receipt): (&str, &CarrierMessageId),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let rows = tx
        .sql()
        .prepare_cached("INSERT OR IGNORE INTO id_relation VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![link_group, relation.as_str(), now.as_millis(), answer, receipt.as_str()])?;
    Ok(rows == 1)
}

/// All proofs, by carrier and age.
///
/// # Errors
/// SQLite's own.
pub fn all(connection: &Connection) -> Result<Vec<Proof>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM id_relation ORDER BY link_group, at")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Proof {
            link_group: row.get("link_group")?,
            relation: row::parsed(row, "relation")?,
            at: row::time(row, "at")?,
            answer_id: row.get("answer_id")?,
            receipt_id: row.get("receipt_id")?,
        });
    }
    Ok(all)
}
