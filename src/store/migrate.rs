//! Brings a database file to this program's schema, step by step on `PRAGMA user_version`.

use rusqlite::Connection;

use super::StoreError;

/// The whole schema of the present version.
const SCHEMA: &str = include_str!("schema.sql");
/// The steps from each version to the next. A new file takes them all; the first one is the first schema itself.
const STEPS: &[&str] = &[SCHEMA];

/// The version that this program reads and writes.
pub fn known_version() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Applies the steps that the file lacks, each in a transaction of its own.
///
/// # Errors
/// [`StoreError::Newer`] if the file was written by a later version; it is then left untouched.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = known_version();
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (step, version) in STEPS.iter().zip(1..).skip(usize::try_from(found).unwrap_or(0)) {
        let tx = connection.transaction()?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", version)?;
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(connection: &Connection) -> Vec<(String, String)> {
        let mut rows = connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn the_steps_lead_to_the_schema_that_is_read() {
        let mut stepped = Connection::open_in_memory().unwrap();
        migrate(&mut stepped).unwrap();
        migrate(&mut stepped).unwrap();
        let written = Connection::open_in_memory().unwrap();
        written.execute_batch(SCHEMA).unwrap();
        assert_eq!(shape(&stepped), shape(&written));
    }

    #[test]
    fn a_file_from_a_newer_version_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", known_version() + 1).unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(matches!(error, StoreError::Newer { .. }) && error.to_string().contains("newer version"), "{error}");
        assert!(shape(&connection).is_empty());
    }
}
