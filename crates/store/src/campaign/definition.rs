//! The `talk_definition` and `service_word` tables: services, surveys and contests as the shop defined them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{StoreError, Tx, row};
use postrider_campaign::contest::Contest;
use postrider_campaign::service::{Match, Said, Service};
use postrider_campaign::survey::Survey;
use postrider_model::Timestamp;

/// Most surveys, and most contests.
pub const DEFINITIONS_MAX: usize = 2_000;

/// Something that the shop defines under a name.
pub trait Definition: Serialize + DeserializeOwned {
    /// The word for it in rows.
    const KIND: &'static str;

    /// Gives it its name.
    fn named(self, name: &str) -> Self;
}

impl Definition for Service {
    const KIND: &'static str = "service";

    fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }
}

impl Definition for Survey {
    const KIND: &'static str = "survey";

    fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }
}

impl Definition for Contest {
    const KIND: &'static str = "contest";

    fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }
}

/// A definition as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// Its name.
    pub name: String,
    /// The definition.
    pub definition: T,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// Defines something, or changes what has this name; says whether it is new. Services have [`define_service`], contests
/// have `contest::define`.
///
/// # Errors
/// SQLite's own.
pub fn define<T: Definition>(tx: &Tx<'_>, name: &str, definition: T, now: Timestamp) -> Result<bool, StoreError> {
    let known = find::<T>(tx.sql(), name)?.is_some();
    let json = serde_json::to_string(&definition.named(name)).map_err(|error| StoreError::Row(error.to_string()))?;
    tx.sql()
        .prepare_cached(
            "INSERT INTO talk_definition VALUES (?1, ?2, ?3, ?4, ?4) \
             ON CONFLICT DO UPDATE SET definition = ?3, changed_at = ?4",
        )?
        .execute(params![T::KIND, name, json, now.as_millis()])?;
    Ok(!known)
}

/// Defines a service and puts its words where texts find them.
///
/// # Errors
/// SQLite's own.
pub fn define_service(tx: &Tx<'_>, name: &str, service: Service, now: Timestamp) -> Result<bool, StoreError> {
    forget_words(tx, name)?;
    let mut add = tx.sql().prepare_cached("INSERT OR IGNORE INTO service_word VALUES (?1, ?2, ?3)")?;
    for key in service.keys() {
        add.execute(params![service.how.as_str(), key, name])?;
    }
    define(tx, name, service, now)
}

fn forget_words(tx: &Tx<'_>, name: &str) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM service_word WHERE service = ?1")?.execute([name])?;
    Ok(())
}

/// Removes a definition; says whether there was one. Answers and entries stay.
///
/// # Errors
/// SQLite's own.
pub fn remove<T: Definition>(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    if T::KIND == Service::KIND {
        forget_words(tx, name)?;
    }
    let sql = "DELETE FROM talk_definition WHERE kind = ?1 AND name = ?2";
    Ok(tx.sql().prepare_cached(sql)?.execute([T::KIND, name])? > 0)
}

fn stored_of<T: Definition>(row: &Row<'_>) -> Result<Stored<T>, StoreError> {
    let name: String = row.get("name")?;
    let json: String = row.get("definition")?;
    let wrong = |error: serde_json::Error| StoreError::Row(format!("{} {name}: {error}", T::KIND));
    let definition = serde_json::from_str(&json).map_err(wrong)?;
    Ok(Stored { definition, changed_at: row::time(row, "changed_at")?, name })
}

/// The definition of this name.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn find<T: Definition>(connection: &Connection, name: &str) -> Result<Option<Stored<T>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM talk_definition WHERE kind = ?1 AND name = ?2")?;
    statement.query_row([T::KIND, name], |row| Ok(stored_of(row))).optional()?.transpose()
}

/// All definitions of a kind, by name.
///
/// # Errors
/// As [`find`].
pub fn list<T: Definition>(connection: &Connection) -> Result<Vec<Stored<T>>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM talk_definition WHERE kind = ?1 ORDER BY name LIMIT ?2")?;
    let mut rows = statement.query(params![T::KIND, DEFINITIONS_MAX])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(stored_of(row)?);
    }
    Ok(all)
}

/// How many definitions of a kind there are under other names.
///
/// # Errors
/// SQLite's own.
pub fn count_others<T: Definition>(connection: &Connection, name: &str) -> Result<usize, StoreError> {
    let sql = "SELECT count(*) FROM talk_definition WHERE kind = ?1 AND name <> ?2";
    Ok(connection.prepare_cached(sql)?.query_row([T::KIND, name], |row| row.get(0))?)
}

/// How many services other than this one look for patterns.
///
/// # Errors
/// SQLite's own.
pub fn count_patterns(connection: &Connection, name: &str) -> Result<usize, StoreError> {
    let sql = "SELECT count(DISTINCT service) FROM service_word WHERE how = 'regex' AND service <> ?1";
    Ok(connection.prepare_cached(sql)?.query_row([name], |row| row.get(0))?)
}

/// The services that a text may mean: those with one of its forms as word, those whose word it begins with, and, if there
/// is none of these, those that look for patterns or take anything.
///
/// # Errors
/// As [`find`].
pub fn candidates(connection: &Connection, said: &Said<'_>) -> Result<Vec<Service>, StoreError> {
    let mut names: Vec<String> = Vec::new();
    let mut exact =
        connection.prepare_cached("SELECT service FROM service_word WHERE how = 'exact' AND word = ?1 LIMIT 20")?;
    for form in &said.forms {
        let found = exact.query_map([form], |row| row.get::<_, String>(0))?;
        names.extend(found.collect::<Result<Vec<_>, _>>()?);
    }
    let literal = said.forms.first().map_or("", String::as_str);
    let mut prefix = connection.prepare_cached(
        "SELECT service FROM service_word WHERE how = 'prefix' AND word <= ?1 AND substr(?1, 1, length(word)) = word \
         ORDER BY length(word) DESC LIMIT 50",
    )?;
    let found = prefix.query_map([literal], |row| row.get::<_, String>(0))?;
    names.extend(found.collect::<Result<Vec<_>, _>>()?);
    let rest = |how: Match| -> Result<Vec<String>, StoreError> {
        let mut all = connection
            .prepare_cached("SELECT DISTINCT service FROM service_word WHERE how = ?1 ORDER BY service LIMIT 100")?;
        let found = all.query_map([how.as_str()], |row| row.get::<_, String>(0))?;
        Ok(found.collect::<Result<Vec<_>, _>>()?)
    };
    names.extend(rest(Match::Regex)?);
    names.extend(rest(Match::Any)?);
    names.sort();
    names.dedup();
    let mut services = Vec::with_capacity(names.len());
    for name in names {
        services.extend(find::<Service>(connection, &name)?.map(|stored| stored.definition));
    }
    Ok(services)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;
    use postrider_campaign::service::pick;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn service(json: &str) -> Service {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_text_finds_its_service_among_many() {
        let mut database = Database::in_memory().unwrap();
        database
            .write(|tx| {
                for n in 0..300 {
                    define_service(tx, &format!("s{n}"), service(&format!(r#"{{"words": ["WORD{n}"]}}"#)), NOW)?;
                }
                define_service(tx, "order", service(r#"{"words": ["ORDER"], "match": "prefix"}"#), NOW)?;
                define_service(tx, "any", service(r#"{"match": "any"}"#), NOW)
            })
            .unwrap();
        let meant = |text: &str| {
            let said = Said::new(text, "15771234", "en");
            let services = database.read(|c| candidates(c, &said)).unwrap();
            assert!(services.len() < 5, "few are looked at");
            pick(&services, &said).map(|hit| hit.service.name.clone())
        };
        assert_eq!(meant("word7, please").as_deref(), Some("s7"));
        assert_eq!(meant("Order 12").as_deref(), Some("order"));
        assert_eq!(meant("hello there you").as_deref(), Some("any"));
    }

    #[test]
    fn a_changed_service_has_its_new_words_only() {
        let mut database = Database::in_memory().unwrap();
        let mut put = |json: &str| database.write(|tx| define_service(tx, "a", service(json), NOW)).unwrap();
        assert!(put(r#"{"words": ["OLD"]}"#) && !put(r#"{"words": ["NEW"]}"#));
        let found = |text: &str| database.read(|c| candidates(c, &Said::new(text, "", "en"))).unwrap().len();
        assert_eq!((found("old"), found("new")), (0, 1));
        assert_eq!(database.read(list::<Service>).unwrap()[0].definition.name, "a");
        assert!(database.write(|tx| remove::<Service>(tx, "a")).unwrap());
        assert!(!database.write(|tx| remove::<Service>(tx, "a")).unwrap());
        assert_eq!(database.read(|c| candidates(c, &Said::new("new", "", "en"))).unwrap().len(), 0);
    }
}
