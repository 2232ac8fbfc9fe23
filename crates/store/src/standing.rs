//! How a database stands besides its messages: whether it holds what it has, and how many of its rows are set aside.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;

/// How a database stands besides its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Messages up to this id are held because the file was put back.
    pub held_upto: Option<i64>,
    /// Rows that are set aside because they cannot be read.
    pub damaged: usize,
}

/// Reads how the database stands.
///
/// # Errors
/// SQLite's own.
pub fn standing(connection: &Connection) -> Result<Standing, StoreError> {
    let held_upto = connection
        .prepare_cached("SELECT held_upto FROM epoch WHERE one = 1")?
        .query_row([], |row| row.get(0))
        .optional()
        .map_err(StoreError::from);
    // A row that cannot be read is written anew when a run begins, and counts as that of another database.
    let held_upto = match held_upto {
        Err(StoreError::Row(_)) => None,
        other => other?.flatten(),
    };
    let damaged = connection.prepare_cached("SELECT count(*) FROM damaged")?.query_row([], |row| row.get(0))?;
    Ok(Standing { held_upto, damaged })
}
