//! Brings a database file to this program's schema, step by step on `PRAGMA user_version`.

use rusqlite::Connection;

use super::StoreError;

/// The steps from each version to the next. A new file takes them all; the first one is the first schema itself.
const STEPS: &[&str] = &[
    include_str!("steps/1.sql"),
    include_str!("steps/2.sql"),
    include_str!("steps/3.sql"),
    include_str!("steps/4.sql"),
    include_str!("steps/5.sql"),
    include_str!("steps/6.sql"),
    include_str!("steps/7.sql"),
    include_str!("steps/8.sql"),
    include_str!("steps/9.sql"),
    include_str!("steps/10.sql"),
    include_str!("steps/11.sql"),
    include_str!("steps/12.sql"),
    include_str!("steps/13.sql"),
    include_str!("steps/14.sql"),
    include_str!("steps/15.sql"),
    include_str!("steps/16.sql"),
];

/// The version that this program reads and writes.
pub fn known_version() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Whether the file lacks steps.
///
/// # Errors
/// SQLite's own.
pub fn is_behind(connection: &Connection) -> Result<bool, StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(found < known_version())
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

    /// The whole schema of the present version, to be read.
    const SCHEMA: &str = include_str!("schema.sql");

    /// What the file holds, without comments and the blanks of its writer.
    fn shape(connection: &Connection) -> Vec<(String, String)> {
        let mut rows = connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name").unwrap();
        let bare = |sql: String| {
            let lines: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
            let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            words.join(" ").replace(" ,", ",").replace("( ", "(").replace(" )", ")")
        };
        rows.query_map([], |row| Ok((row.get(0)?, bare(row.get(1)?)))).unwrap().map(Result::unwrap).collect()
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
    fn a_file_of_the_first_version_keeps_its_rows() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STEPS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let message = "INSERT INTO message (id, state, class, route, recipient, encoded, profile, segments, timer_at, \
                       valid_until, on_doubt, changed_at, token) \
                       VALUES (7, 'sent', 'otp', 'all', '+821012345678', x'00', 1, 1, 2, 3, 'hold', 4, 5)";
        connection.execute(message, []).unwrap();
        migrate(&mut connection).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?));
        assert_eq!(connection.query_row("SELECT id, sim FROM message", [], row).unwrap(), (7, None));
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, known_version());
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
