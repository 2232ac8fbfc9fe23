//! The `consent` table: the ledger of who agreed to what. Rows are only added; erasure empties, it does not remove.

use rusqlite::{Connection, Row, params};

use super::{Person, StoreError, Tx, row};
use postrider_campaign::consent::Entry;
use postrider_model::{PhoneNumber, Timestamp};

/// Writes one row; returns its id.
///
/// # Errors
/// SQLite's own.
pub fn add(tx: &Tx<'_>, number: &PhoneNumber, entry: &Entry, token: i64) -> Result<i64, StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO consent (person, number, purpose, word, scope, at, source, words, proof, token) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            tx.person(number),
            number.as_str(),
            entry.purpose.as_str(),
            entry.word.as_str(),
            entry.scope,
            entry.at.as_millis(),
            entry.source.as_str(),
            entry.words,
            entry.proof,
            token,
        ])?;
    Ok(tx.sql().last_insert_rowid())
}

/// The rows of a person in a transaction, in the order in which they were written.
///
/// # Errors
/// SQLite's own.
pub fn entries(tx: &Tx<'_>, person: Person) -> Result<Vec<Entry>, StoreError> {
    of(tx.sql(), person)
}

/// The rows of a person on a reading connection.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, person: Person) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT purpose, word, scope, at, source, words, proof FROM consent WHERE person = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([person])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry_of(row)?);
    }
    Ok(entries)
}

fn entry_of(row: &Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        purpose: row::parsed(row, "purpose")?,
        word: row::parsed(row, "word")?,
        scope: row.get("scope")?,
        at: row::time(row, "at")?,
        source: row::parsed(row, "source")?,
        words: row.get("words")?,
        proof: row.get("proof")?,
    })
}

/// The newest rows of all persons, at most `limit`, before row `before`: the row's id, its number unless erased, and what it
/// says.
///
/// # Errors
/// SQLite's own.
pub fn list(
    connection: &Connection,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<(i64, Option<String>, Entry)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM consent WHERE id < ?1 ORDER BY id DESC LIMIT ?2")?;
    let mut rows = statement.query(params![before.unwrap_or(i64::MAX), limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((row.get("id")?, row.get("number")?, entry_of(row)?));
    }
    Ok(all)
}

/// Takes number, words and proof out of a person's rows; returns how many there are.
///
/// # Errors
/// SQLite's own.
pub fn erase(tx: &Tx<'_>, person: Person) -> Result<usize, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached("UPDATE consent SET number = NULL, words = NULL, proof = NULL WHERE person = ?1")?
        .execute([person])?)
}

/// Removes rows of refusals and of what came before them once they are older than `before`; returns how many. What nobody
/// withdrew is kept, since it is still in use.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "DELETE FROM consent WHERE id IN (SELECT old.id FROM consent AS old WHERE old.at < ?1 AND EXISTS (SELECT 1 FROM \
             consent AS no WHERE no.person = old.person AND no.word = 'withdrawn' AND no.id >= old.id AND no.at < ?1) LIMIT 500)",
        )?
        .execute([before.as_millis()])?)
}
