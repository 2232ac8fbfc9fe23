//! The `template` table.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{StoreError, Tx, row};
use postrider_campaign::template::Template;
use postrider_model::Timestamp;

/// A template as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// The template.
    pub template: Template,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// Defines a template, or changes the one of this name; says whether it is new.
///
/// # Errors
/// SQLite's own.
pub fn define(tx: &Tx<'_>, name: &str, title: &str, template: &Template, now: Timestamp) -> Result<bool, StoreError> {
    let known = find(tx.sql(), name)?.is_some();
    let definition = serde_json::to_string(template).map_err(|error| StoreError::Row(error.to_string()))?;
    tx.sql()
        .prepare_cached(
            "INSERT INTO template VALUES (?1, ?2, ?3, ?4, ?4) \
             ON CONFLICT DO UPDATE SET title = ?2, definition = ?3, changed_at = ?4",
        )?
        .execute(params![name, title, definition, now.as_millis()])?;
    Ok(!known)
}

/// Removes a template; says whether there was one.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(tx.sql().execute("DELETE FROM template WHERE name = ?1", [name])? > 0)
}

fn stored_of(row: &Row<'_>) -> Result<Stored, StoreError> {
    let definition: String = row.get("definition")?;
    Ok(Stored {
        name: row.get("name")?,
        title: row.get("title")?,
        template: serde_json::from_str(&definition).map_err(|error| StoreError::Row(format!("template: {error}")))?,
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

/// The template of this name.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM template WHERE name = ?1")?;
    statement.query_row([name], |row| Ok(stored_of(row))).optional()?.transpose()
}

/// All templates, by name.
///
/// # Errors
/// As [`find`].
pub fn list(connection: &Connection) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM template ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(stored_of(row)?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    #[test]
    fn a_template_comes_back_as_it_was_defined() {
        let now = Timestamp::from_millis(1);
        let mut database = Database::in_memory().unwrap();
        let mut template = Template::of("Hi {{ name }}");
        template.fallbacks.insert("name".to_owned(), "you".to_owned());
        assert!(database.write(|tx| define(tx, "hi", "Hi", &template, now)).unwrap());
        assert!(!database.write(|tx| define(tx, "hi", "Hello", &template, now)).unwrap());
        let stored = database.read(|c| find(c, "hi")).unwrap().unwrap();
        assert_eq!((stored.title.as_str(), &stored.template), ("Hello", &template));
        assert_eq!(database.read(list).unwrap().len(), 1);
        assert!(database.write(|tx| remove(tx, "hi")).unwrap() && !database.write(|tx| remove(tx, "hi")).unwrap());
    }
}
