//! The `damaged` table: rows that cannot be read. One of them stops nobody: it is set aside by its key in the transaction that
//! met it, which takes it out of every queue and leaves it where it is, and whoever reads many rows goes on with the others.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Rows, params};

use super::{StoreError, Tx};

/// What a queue gives up looking for after so many looks that found only rows to set aside.
pub(super) const LOOKS_MAX: usize = 1_000;

/// The rows of a query that could be read, and the others with their keys.
#[derive(Debug)]
pub(super) struct Sorted<K, T> {
    /// Those that could be read.
    pub good: Vec<T>,
    /// The keys of the others, and what is wrong with each.
    pub bad: Vec<(K, String)>,
}

/// Reads every row with `read`. Whatever is wrong with a row is kept with its `key`; all other errors end the reading.
pub(super) fn sort<K, T>(
    rows: &mut Rows<'_>,
    key: impl Fn(&Row<'_>) -> Result<K, StoreError>,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Sorted<K, T>, StoreError> {
    let mut sorted = Sorted { good: Vec::new(), bad: Vec::new() };
    while let Some(row) = rows.next()? {
        match read(row) {
            Ok(value) => sorted.good.push(value),
            Err(StoreError::Row(why)) => sorted.bad.push((key(row)?, why)),
            Err(other) => return Err(other),
        }
    }
    Ok(sorted)
}

/// Columns of a row as they are, whatever they hold: the key of one that cannot be read.
pub(super) fn raw<const N: usize>(row: &Row<'_>) -> Result<[Value; N], StoreError> {
    let mut values = [const { Value::Null }; N];
    for (place, value) in values.iter_mut().enumerate() {
        // A text that is no UTF-8 is no value of Rust; as octets it still names its row.
        let found = row.get_ref(place)?;
        *value = Value::try_from(found).unwrap_or_else(|_| Value::Blob(found.as_bytes().unwrap_or_default().to_vec()));
    }
    Ok(values)
}

/// A key as people read it.
pub(super) fn shown(values: &[Value]) -> String {
    let one = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.chars().filter(|c| !c.is_control()).take(80).collect(),
        Value::Blob(octets) => octets.escape_ascii().to_string().chars().take(80).collect(),
    };
    values.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Notes that the row `row` of the table `kind` is set aside, and what was taken out of it for that. The caller has taken it
/// out of the table's queues.
///
/// # Errors
/// SQLite's own.
pub(super) fn note(tx: &Tx<'_>, kind: &str, row: &str, what: &str, was: Option<&str>) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO damaged (kind, row, what, was) VALUES (?1, ?2, ?3, ?4)";
    if tx.sql().prepare_cached(sql)?.execute(params![kind, row, what, was])? > 0 {
        tx.set_aside(format!("{kind} {row}: {what}"));
    }
    Ok(())
}

/// Forgets that a row was set aside, once it is gone.
pub(super) fn forget(tx: &Tx<'_>, kind: &str, row: &str) -> Result<(), StoreError> {
    if tx.damaged() > 0 {
        let gone = tx.sql().prepare_cached("DELETE FROM damaged WHERE kind = ?1 AND row = ?2")?.execute([kind, row])?;
        tx.taken_back(gone);
    }
    Ok(())
}

/// A row that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Its table.
    pub kind: String,
    /// Its key.
    pub row: String,
    /// What is wrong with it.
    pub what: String,
}

/// The rows that are set aside, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn list(connection: &Connection, limit: usize) -> Result<Vec<Damaged>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT kind, row, what FROM damaged ORDER BY kind, row LIMIT ?1")?;
    let rows =
        statement.query_map([limit], |row| Ok(Damaged { kind: row.get(0)?, row: row.get(1)?, what: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
