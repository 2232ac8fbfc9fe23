//! The `token` table: who may use the API. Only hashes of the secrets are kept.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{StoreError, Tx, row};
use postrider_model::Timestamp;

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its row.
    pub id: i64,
    /// What the operator called it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

fn token_of(row: &Row<'_>) -> Result<Token, StoreError> {
    let scopes: String = row.get("scopes")?;
    Ok(Token {
        id: row.get("id")?,
        name: row.get("name")?,
        scopes: serde_json::from_str(&scopes).map_err(|error| StoreError::Row(format!("token scopes: {error}")))?,
        created_at: row::time(row, "created_at")?,
        revoked_at: row::maybe_time(row, "revoked_at")?,
    })
}

/// Writes a new token; returns its row id.
///
/// # Errors
/// SQLite's own.
pub fn insert(tx: &Tx<'_>, name: &str, hash: &[u8], scopes: &[String], now: Timestamp) -> Result<i64, StoreError> {
    let scopes = serde_json::to_string(scopes).unwrap_or_default();
    tx.sql()
        .prepare_cached("INSERT INTO token (name, hash, scopes, created_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![name, hash, scopes, now.as_millis()])?;
    Ok(tx.sql().last_insert_rowid())
}

/// Gives the token of this name another secret, or makes it; returns its row id.
///
/// # Errors
/// SQLite's own.
pub fn renew(tx: &Tx<'_>, name: &str, hash: &[u8], scopes: &[String], now: Timestamp) -> Result<i64, StoreError> {
    let text = serde_json::to_string(scopes).unwrap_or_default();
    let found = tx
        .sql()
        .prepare_cached(
            "UPDATE token SET hash = ?2, scopes = ?3, created_at = ?4 WHERE name = ?1 AND revoked_at IS NULL \
             RETURNING id",
        )?
        .query_row(params![name, hash, text, now.as_millis()], |row| row.get(0))
        .optional()?;
    found.map_or_else(|| insert(tx, name, hash, scopes, now), Ok)
}

/// The token with this hash, unless it was withdrawn.
///
/// # Errors
/// SQLite's own.
pub fn by_hash(connection: &Connection, hash: &[u8]) -> Result<Option<Token>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM token WHERE hash = ?1 AND revoked_at IS NULL")?;
    let mut rows = statement.query([hash])?;
    rows.next()?.map(token_of).transpose()
}

/// All tokens, oldest first.
///
/// # Errors
/// SQLite's own.
pub fn list(connection: &Connection) -> Result<Vec<Token>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM token ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(token_of(row)?);
    }
    Ok(all)
}

/// Withdraws the token with this name or row id; returns the name, or `None` if there is no such valid token.
///
/// # Errors
/// SQLite's own.
pub fn revoke(tx: &Tx<'_>, name_or_id: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "UPDATE token SET revoked_at = ?2 WHERE (name = ?1 OR CAST(id AS TEXT) = ?1) AND revoked_at IS NULL \
             RETURNING name",
        )?
        .query_row(params![name_or_id, now.as_millis()], |row| row.get(0))
        .optional()?)
}
