//! The `playbook` and `playbook_asset` tables: what is installed, and what each thing that it brought looked like then.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{StoreError, Tx, row};
use postrider_model::Timestamp;

/// A playbook that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// The shop's own values, as JSON.
    pub parameters: String,
    /// SHA-256 of the file.
    pub hash: String,
    /// When it was first installed.
    pub installed_at: Timestamp,
    /// When it was last installed.
    pub changed_at: Timestamp,
}

/// Something that a playbook brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// What it is.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whose.
    pub playbook: String,
    /// SHA-256 of what it looked like.
    pub hash: String,
}

/// Writes that a playbook is installed; says whether it was not before.
///
/// # Errors
/// SQLite's own.
pub fn put(tx: &Tx<'_>, name: &str, parameters: &str, hash: &str, now: Timestamp) -> Result<bool, StoreError> {
    let known = find(tx.sql(), name)?.is_some();
    tx.sql()
        .prepare_cached(
            "INSERT INTO playbook VALUES (?1, ?2, ?3, ?4, ?4) \
             ON CONFLICT DO UPDATE SET parameters = ?2, hash = ?3, changed_at = ?4",
        )?
        .execute(params![name, parameters, hash, now.as_millis()])?;
    Ok(!known)
}

/// Writes what something of a playbook looks like now.
///
/// # Errors
/// SQLite's own.
pub fn own(tx: &Tx<'_>, owned: &Owned) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO playbook_asset VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET playbook = ?3, hash = ?4",
        )?
        .execute(params![owned.kind, owned.name, owned.playbook, owned.hash])?;
    Ok(())
}

/// Forgets that something came with a playbook.
///
/// # Errors
/// SQLite's own.
pub fn disown(tx: &Tx<'_>, kind: &str, name: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM playbook_asset WHERE kind = ?1 AND name = ?2";
    tx.sql().prepare_cached(sql)?.execute([kind, name])?;
    Ok(())
}

/// Forgets that a playbook is installed; says whether it was.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    tx.sql().execute("DELETE FROM playbook_asset WHERE playbook = ?1", [name])?;
    Ok(tx.sql().execute("DELETE FROM playbook WHERE name = ?1", [name])? > 0)
}

fn stored_of(row: &Row<'_>) -> Result<Stored, StoreError> {
    Ok(Stored {
        name: row.get("name")?,
        parameters: row.get("parameters")?,
        hash: row.get("hash")?,
        installed_at: row::time(row, "installed_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

/// The installed playbook of this name.
///
/// # Errors
/// SQLite's own.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM playbook WHERE name = ?1")?;
    statement.query_row([name], |row| Ok(stored_of(row))).optional()?.transpose()
}

/// All installed playbooks, by name.
///
/// # Errors
/// SQLite's own.
pub fn list(connection: &Connection) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM playbook ORDER BY name LIMIT 1000")?;
    let rows = statement.query_map([], |row| Ok(stored_of(row)))?;
    rows.map(|row| row?).collect()
}

fn owned_of(row: &Row<'_>) -> rusqlite::Result<Owned> {
    Ok(Owned { kind: row.get("kind")?, name: row.get("name")?, playbook: row.get("playbook")?, hash: row.get("hash")? })
}

/// What a playbook brought.
///
/// # Errors
/// SQLite's own.
pub fn owned(connection: &Connection, playbook: &str) -> Result<Vec<Owned>, StoreError> {
    let sql = "SELECT * FROM playbook_asset WHERE playbook = ?1 ORDER BY kind, name";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([playbook], owned_of)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Which playbook brought something, and what it looked like then.
///
/// # Errors
/// SQLite's own.
pub fn owner(connection: &Connection, kind: &str, name: &str) -> Result<Option<Owned>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM playbook_asset WHERE kind = ?1 AND name = ?2")?;
    Ok(statement.query_row([kind, name], owned_of).optional()?)
}

/// Whether a page stands behind a short link that somebody has.
///
/// # Errors
/// SQLite's own.
pub fn is_linked(connection: &Connection, page: &str) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM short_link WHERE target = 'page:' || ?1 LIMIT 1")?;
    Ok(statement.exists([page])?)
}

/// How many contacts are in a workflow now.
///
/// # Errors
/// SQLite's own.
pub fn running(connection: &Connection, workflow: &str) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM enrolment WHERE workflow = ?1 AND outcome IS NULL";
    Ok(connection.prepare_cached(sql)?.query_row([workflow], |row| row.get(0))?)
}
