//! Looks a whole database file over, as after a power cut.

use std::path::Path;

use super::{StoreError, open_reader};

/// How many faults are read: those of pages come before those of rows.
const FAULTS_MAX: i64 = 100;

/// Whether the file's pages agree with each other. It reads the whole file. A row that holds a value of another type than its
/// column has is no fault of the file: whoever reads it sets it aside.
///
/// # Errors
/// [`StoreError::Damaged`] with the first fault, or why the file cannot be read.
pub fn quick_check(path: &Path) -> Result<(), StoreError> {
    let connection = open_reader(path)?;
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({FAULTS_MAX})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        if said != "ok" && !said.contains(" value in ") {
            return Err(StoreError::Damaged(said.replace('\n', " ")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Database, Options};

    #[test]
    fn a_page_that_was_overwritten_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(Database::open(&Options::at(&path)).unwrap());
        quick_check(&path).unwrap();
        // A row that another program filled with a value of another type.
        for (old, new, then) in [
            (" STRICT, WITHOUT", " WITHOUT", "SELECT 1"),
            ("", "", "INSERT INTO throttle VALUES ('north', 'soon')"),
            (" WITHOUT", " STRICT, WITHOUT", "SELECT 1"),
        ] {
            let other = rusqlite::Connection::open(&path).unwrap();
            let change = "UPDATE sqlite_schema SET sql = replace(sql, ?1, ?2) WHERE name = 'throttle'";
            other.pragma_update(None, "writable_schema", true).unwrap();
            other.execute(change, [old, new]).unwrap();
            other.execute_batch(then).unwrap();
        }
        let said: String =
            rusqlite::Connection::open(&path).unwrap().query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
        assert!(said.contains("throttle.next_nanos"), "{said}");
        quick_check(&path).unwrap();
        let mut octets = std::fs::read(&path).unwrap();
        let end = octets.len();
        octets[end - 4096..].fill(0x5a);
        std::fs::write(&path, octets).unwrap();
        assert!(matches!(quick_check(&path), Err(StoreError::Damaged(_))));
    }
}
