//! The `workflow` table and its followers: versions, triggers, and which events somebody in them waits for.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::happening;
use crate::{StoreError, Tx, row};
use postrider_campaign::workflow::{self, Workflow};
use postrider_model::Timestamp;

/// A workflow as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The newest version.
    pub version: i64,
    /// Whether triggers begin it.
    pub active: bool,
    /// When it was first defined.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A workflow with its newest definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// How it stands.
    pub standing: Standing,
    /// The newest definition.
    pub workflow: Workflow,
}

/// Defines a workflow, or gives the one of this name a new version. Who is in it goes on with the version that it began
/// with. Returns the version; an unchanged definition keeps its own.
///
/// # Errors
/// SQLite's own.
pub fn define(tx: &Tx<'_>, workflow: &Workflow, now: Timestamp) -> Result<i64, StoreError> {
    let name = &workflow.name;
    let known = standing(tx.sql(), name)?;
    if let Some(known) = known
        && find_version(tx.sql(), name, known.version)?.is_some_and(|old| old.source == workflow.source)
    {
        return Ok(known.version);
    }
    let version = known.map_or(1, |known| known.version + 1);
    tx.sql()
        .prepare_cached(
            "INSERT INTO workflow VALUES (?1, ?2, 0, ?3, ?3) ON CONFLICT DO UPDATE SET version = ?2, changed_at = ?3",
        )?
        .execute(params![name, version, now.as_millis()])?;
    tx.sql().prepare_cached("INSERT INTO workflow_version VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        name,
        version,
        workflow.source.to_string(),
        now.as_millis()
    ])?;
    follow(tx, name)?;
    Ok(version)
}

/// Lets triggers begin a workflow, or no longer. Who is in it goes on. Says whether there is one.
///
/// # Errors
/// SQLite's own.
pub fn set_active(tx: &Tx<'_>, name: &str, active: bool, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE workflow SET active = ?2, changed_at = ?3 WHERE name = ?1";
    let changed = tx.sql().prepare_cached(sql)?.execute(params![name, active, now.as_millis()])?;
    follow(tx, name)?;
    Ok(changed > 0)
}

/// Removes a workflow with all of its versions; the enrolments are the caller's. Says whether there was one.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    let gone = tx.sql().execute("DELETE FROM workflow WHERE name = ?1", [name])?;
    tx.sql().execute("DELETE FROM workflow_version WHERE name = ?1", [name])?;
    follow(tx, name)?;
    Ok(gone > 0)
}

/// Removes versions on which nobody runs any more, and no longer waits for what only they waited for.
///
/// # Errors
/// SQLite's own.
pub fn tidy(tx: &Tx<'_>, name: &str) -> Result<(), StoreError> {
    let gone = tx
        .sql()
        .prepare_cached(
            "DELETE FROM workflow_version WHERE name = ?1 AND version < (SELECT version FROM workflow WHERE name = ?1) \
             AND NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.workflow = ?1 AND e.outcome IS NULL \
             AND e.version = workflow_version.version)",
        )?
        .execute([name])?;
    if gone > 0 { follow(tx, name) } else { Ok(()) }
}

/// Brings the triggers and what is awaited in line with the definitions.
fn follow(tx: &Tx<'_>, name: &str) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM workflow_trigger WHERE workflow = ?1")?.execute([name])?;
    let standing = standing(tx.sql(), name)?;
    let mut statement = tx.sql().prepare_cached("SELECT version, definition FROM workflow_version WHERE name = ?1")?;
    let rows = statement.query_map([name], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    for row in rows {
        let (version, definition) = row?;
        let workflow = read(&definition)?;
        kinds.extend(workflow.moved_by().map(str::to_owned));
        if standing.is_some_and(|standing| standing.active && standing.version == version) {
            for kind in workflow.begun_by() {
                let sql = "INSERT OR IGNORE INTO workflow_trigger VALUES (?1, ?2)";
                tx.sql().prepare_cached(sql)?.execute([kind, name])?;
                kinds.insert(kind.to_owned());
            }
        }
    }
    happening::await_kinds(tx, &format!("workflow:{name}"), kinds.iter().map(String::as_str))
}

fn read(definition: &str) -> Result<Workflow, StoreError> {
    let json: Value =
        serde_json::from_str(definition).map_err(|error| StoreError::Row(format!("workflow: {error}")))?;
    workflow::read(&json).map_err(|faults| StoreError::Row(format!("workflow: {faults:?}")))
}

fn standing_of(row: &Row<'_>) -> Result<Standing, StoreError> {
    Ok(Standing {
        version: row.get("version")?,
        active: row.get("active")?,
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

/// How the workflow of this name stands.
///
/// # Errors
/// SQLite's own.
pub fn standing(connection: &Connection, name: &str) -> Result<Option<Standing>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM workflow WHERE name = ?1")?;
    statement.query_row([name], |row| Ok(standing_of(row))).optional()?.transpose()
}

/// A version of a workflow.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn find_version(connection: &Connection, name: &str, version: i64) -> Result<Option<Workflow>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT definition FROM workflow_version WHERE name = ?1 AND version = ?2")?;
    let definition: Option<String> = statement.query_row(params![name, version], |row| row.get(0)).optional()?;
    definition.as_deref().map(read).transpose()
}

/// The workflow of this name.
///
/// # Errors
/// As [`find_version`].
pub fn find(connection: &Connection, name: &str) -> Result<Option<Stored>, StoreError> {
    let Some(standing) = standing(connection, name)? else { return Ok(None) };
    let workflow = find_version(connection, name, standing.version)?;
    Ok(workflow.map(|workflow| Stored { standing, workflow }))
}

/// All workflows, by name.
///
/// # Errors
/// As [`find_version`].
pub fn list(connection: &Connection) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT name FROM workflow ORDER BY name")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let found: Vec<Option<Stored>> = names.iter().map(|name| find(connection, name)).collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// How many workflows there are.
///
/// # Errors
/// SQLite's own.
pub fn count(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM workflow", [], |row| row.get(0))?)
}

/// The versions that are kept, newest first: who runs on which.
///
/// # Errors
/// SQLite's own.
pub fn versions(connection: &Connection, name: &str) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT version FROM workflow_version WHERE name = ?1 ORDER BY version DESC";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map([name], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The active workflows that an event of this type may begin, by name.
///
/// # Errors
/// SQLite's own.
pub fn begun_by(connection: &Connection, kind: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT workflow FROM workflow_trigger WHERE kind = ?1 ORDER BY workflow")?;
    Ok(statement.query_map([kind], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Database;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn workflow(kind: &str, goal: &str) -> Workflow {
        let source =
            json!({"name": "cart", "goal": [{"event": goal}], "trigger": [{"event": kind}], "step": [{"tag": "a"}]});
        workflow::read(&source).unwrap()
    }

    #[test]
    fn a_version_stays_while_somebody_runs_on_it_and_what_is_awaited_follows() {
        let mut database = Database::in_memory().unwrap();
        let awaited = |database: &Database| -> Vec<String> {
            let sql = "SELECT kind FROM awaited ORDER BY kind";
            database.read(|c| Ok(c.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)).unwrap()
        };
        assert_eq!(database.write(|tx| define(tx, &workflow("cart", "bought"), NOW)).unwrap(), 1);
        assert_eq!(awaited(&database), ["bought"], "nothing begins it yet");
        database.write(|tx| set_active(tx, "cart", true, NOW)).unwrap();
        assert_eq!(awaited(&database), ["bought", "cart"]);
        let insert = "INSERT INTO enrolment (id, contact, workflow, version, step, visit, arrived_at, due_at, started_at, \
                      after_event, cause) VALUES (1, 1, 'cart', 1, 'step-1', 1, 0, 0, 0, 0, 'x')";
        database.write(|tx| Ok(tx.sql().execute(insert, [])?)).unwrap();
        assert_eq!(database.write(|tx| define(tx, &workflow("basket", "paid"), NOW)).unwrap(), 2);
        assert_eq!(database.write(|tx| define(tx, &workflow("basket", "paid"), NOW)).unwrap(), 2, "nothing changed");
        database.write(|tx| tidy(tx, "cart")).unwrap();
        assert_eq!(database.read(|c| versions(c, "cart")).unwrap(), [2, 1]);
        assert_eq!(awaited(&database), ["basket", "bought", "paid"]);
        assert_eq!(database.read(|c| begun_by(c, "basket")).unwrap(), ["cart"]);
        let end = "UPDATE enrolment SET outcome = 'done', due_at = NULL";
        database.write(|tx| Ok(tx.sql().execute(end, [])?)).unwrap();
        database.write(|tx| tidy(tx, "cart")).unwrap();
        assert_eq!(database.read(|c| versions(c, "cart")).unwrap(), [2]);
        assert_eq!(awaited(&database), ["basket", "paid"]);
        assert!(database.write(|tx| remove(tx, "cart")).unwrap());
        assert!(awaited(&database).is_empty() && database.read(list).unwrap().is_empty());
    }
}
