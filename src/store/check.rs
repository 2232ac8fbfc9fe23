//! Looks a whole database file over, as after a power cut.

use std::path::Path;

use super::{StoreError, open_reader};

/// Whether the file's pages agree with each other. It reads the whole file.
///
/// # Errors
/// [`StoreError::Damaged`] with the first fault, or why the file cannot be read.
pub fn quick_check(path: &Path) -> Result<(), StoreError> {
    let connection = open_reader(path)?;
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(StoreError::Damaged(said.replace('\n', " "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Database, Options};

    #[test]
    fn a_page_that_was_overwritten_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(Database::open(&Options::at(&path)).unwrap());
        quick_check(&path).unwrap();
        let mut octets = std::fs::read(&path).unwrap();
        let end = octets.len();
        octets[end - 4096..].fill(0x5a);
        std::fs::write(&path, octets).unwrap();
        assert!(matches!(quick_check(&path), Err(StoreError::Damaged(_))));
    }
}
