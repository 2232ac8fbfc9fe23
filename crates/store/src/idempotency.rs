//! The `idempotency` table: what was answered to a request with a key.

use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx};
use postrider_model::Timestamp;

/// The digest and the answer kept for `key` of `token`.
///
/// # Errors
/// SQLite's own.
pub fn find(tx: &Tx<'_>, token: i64, key: &str) -> Result<Option<(Vec<u8>, String)>, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached("SELECT digest, answer FROM idempotency WHERE token = ?1 AND key = ?2")?
        .query_row(params![token, key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Keeps the answer to a request.
///
/// # Errors
/// SQLite's own.
pub fn keep(tx: &Tx<'_>, token: i64, key: &str, digest: &[u8], answer: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.sql().prepare_cached("INSERT INTO idempotency VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        token,
        key,
        digest,
        answer,
        now.as_millis()
    ])?;
    Ok(())
}

/// Forgets answers given before `before`; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "DELETE FROM idempotency WHERE (token, key) IN \
             (SELECT token, key FROM idempotency WHERE created_at < ?1 LIMIT 1000)",
        )?
        .execute([before.as_millis()])?)
}
