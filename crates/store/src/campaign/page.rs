//! The `page` table.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{StoreError, Tx, row};
use postrider_campaign::page::Page;
use postrider_model::Timestamp;

/// A page as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The page, with its name.
    pub page: Page,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// Defines a page, or changes the one of this name; says whether it is new.
///
/// # Errors
/// SQLite's own.
pub fn define(tx: &Tx<'_>, name: &str, page: &Page, now: Timestamp) -> Result<bool, StoreError> {
    let known = stored(tx.sql(), name)?.is_some();
    let page = Page { name: name.to_owned(), ..page.clone() };
    let definition = serde_json::to_string(&page).map_err(|error| StoreError::Row(error.to_string()))?;
    tx.sql()
        .prepare_cached(
            "INSERT INTO page VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET definition = ?2, changed_at = ?3",
        )?
        .execute(params![name, definition, now.as_millis()])?;
    Ok(!known)
}

/// Removes a page; says whether there was one.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(tx.sql().execute("DELETE FROM page WHERE name = ?1", [name])? > 0)
}

fn stored_of(row: &Row<'_>) -> Result<Stored, StoreError> {
    let definition: String = row.get("definition")?;
    Ok(Stored {
        page: serde_json::from_str(&definition).map_err(|error| StoreError::Row(format!("page: {error}")))?,
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

/// The page that the shop defined under a name.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn stored(connection: &Connection, name: &str) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM page WHERE name = ?1")?;
    statement.query_row([name], |row| Ok(stored_of(row))).optional()?.transpose()
}

/// The page that a link of this name leads to: the shop's own, else a ready one.
///
/// # Errors
/// As [`stored`].
pub fn find(connection: &Connection, name: &str) -> Result<Option<Page>, StoreError> {
    Ok(stored(connection, name)?.map(|stored| stored.page).or_else(|| Page::ready(name)))
}

/// All pages of the shop's own, by name.
///
/// # Errors
/// As [`stored`].
pub fn list(connection: &Connection) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM page ORDER BY name")?;
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
    use postrider_campaign::page::Kind;
    use postrider_campaign::texts::Texts;

    #[test]
    fn a_page_of_the_shops_own_goes_before_a_ready_one() {
        let now = Timestamp::from_millis(1);
        let mut database = Database::in_memory().unwrap();
        let ready = database.read(|c| find(c, "opt-out")).unwrap().unwrap();
        assert_eq!(ready.kind, Kind::OptOut);
        let own = Page { title: Texts::of("en", "Bye"), ..Page::of(Kind::OptOut) };
        assert!(database.write(|tx| define(tx, "opt-out", &own, now)).unwrap());
        assert!(!database.write(|tx| define(tx, "opt-out", &own, now)).unwrap());
        let found = database.read(|c| find(c, "opt-out")).unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.title), ("opt-out", own.title));
        assert_eq!(database.read(list).unwrap().len(), 1);
        assert!(database.write(|tx| remove(tx, "opt-out")).unwrap());
        assert_eq!(database.read(|c| find(c, "gone")).unwrap(), None);
    }
}
