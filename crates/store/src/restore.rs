//! A database that was put back: it is noticed when a run begins, and what it holds unfinished goes nowhere until a person
//! releases it. `epoch` decides whether it was; here it becomes rows.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::epoch::{self, End, EpochFile, Found, Mark};
use super::{Database, StoreError, Tx};
use postrider_model::Timestamp;

/// Runs that the database remembers.
const RUNS_KEPT: u64 = 1_000;

/// How the last run ended, as far as the mark beside the database at `path` tells. A database without a mark is looked at as
/// after a crash.
pub fn last_end(path: &Path) -> End {
    match epoch::find(path) {
        Found::Mark { mark, .. } => mark.end,
        Found::Missing | Found::Unreadable(_) => End::Open,
    }
}

/// A run that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Which one, from 1.
    pub run: u64,
    /// The beginning of the database's id.
    pub database: String,
    /// The commits of all runs before.
    pub commits: u64,
    /// Why the file counts as put back, if that was seen just now.
    pub restored: Option<String>,
}

impl Database {
    /// Begins a run of the daemon on the file at `path`: says whether the file is older than the last one, and from now on moves
    /// the mark beside it. `nonce` tells this run from that of a copy.
    ///
    /// # Errors
    /// The store's own, and when the mark cannot be written.
    pub fn begin_run(&mut self, path: &Path, nonce: i64, now: Timestamp) -> Result<Begun, StoreError> {
        let own = self.write(|tx| epoch::own(tx.sql()))?;
        let found = epoch::find(path);
        let restored = epoch::judge(&own, &found);
        let written = |result: std::io::Result<EpochFile>| {
            result.map_err(|error| StoreError::Open {
                path: path.to_owned(),
                reason: format!(
                    "the mark beside it, which tells a backup that is put back, cannot be written: {error}"
                ),
            })
        };
        let (before, known) = match found {
            Found::Mark { mark, .. } => (mark.run, mark.commits),
            Found::Missing | Found::Unreadable(_) => (0, 0),
        };
        if restored.is_none() && before == 0 {
            // A crash between the row and its mark must not look like a database whose mark was lost.
            written(EpochFile::create(path, Mark::new(own.database, 0, 0, own.commits)))?;
        }
        let run = own.runs.last().map_or(0, |run| run.n).max(before) + 1;
        // Beyond the mark, so that whatever lacks what was done until now stays behind it.
        let commits = if restored.is_some() { own.commits.max(known) + 1 } else { own.commits };
        self.write(|tx| {
            let new = params![run, nonce, now.as_millis(), commits];
            tx.sql().execute("INSERT INTO run (n, nonce, started_at, after) VALUES (?1, ?2, ?3, ?4)", new)?;
            tx.sql().execute("DELETE FROM run WHERE n <= ?1", [run.saturating_sub(RUNS_KEPT)])?;
            tx.sql().execute("UPDATE epoch SET commits = ?1 WHERE one = 1", [commits])?;
            restored.as_deref().map_or(Ok(()), |why| hold(tx, why, now))
        })?;
        let mark = EpochFile::create(path, Mark::new(own.database, run, nonce, commits));
        self.count_commits(written(mark)?, commits);
        Ok(Begun { run, database: epoch::short(&own.database), commits, restored })
    }
}

/// From now on all messages that the file has are held.
fn hold(tx: &Tx<'_>, why: &str, now: Timestamp) -> Result<(), StoreError> {
    let upto = tx.last_id();
    tx.sql()
        .prepare_cached("UPDATE epoch SET held_upto = ?1, held_at = ?2, held_why = ?3 WHERE one = 1")?
        .execute(params![upto, now.as_millis(), why])?;
    tx.hold_upto(Some(upto));
    Ok(())
}

/// Takes messages that are held out of the queues, at most `limit`; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn hold_some(tx: &Tx<'_>, limit: usize) -> Result<usize, StoreError> {
    let Some(upto) = tx.held_upto() else { return Ok(0) };
    let sql = "UPDATE message SET held = due_at, due_at = NULL WHERE id IN \
               (SELECT id FROM message WHERE due_at IS NOT NULL AND id <= ?1 LIMIT ?2)";
    Ok(tx.sql().prepare_cached(sql)?.execute(params![upto, limit])?)
}

/// Ends the holding; [`release_some`] puts the messages back into the queues. Says whether anything was held.
///
/// # Errors
/// SQLite's own.
pub fn release(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let sql = "UPDATE epoch SET held_upto = NULL, held_at = NULL, held_why = NULL WHERE held_upto IS NOT NULL";
    let was = tx.sql().execute(sql, [])? > 0;
    tx.hold_upto(None);
    Ok(was)
}

/// Puts messages that are held no more back into the queues, at most `limit`; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn release_some(tx: &Tx<'_>, limit: usize) -> Result<usize, StoreError> {
    if tx.is_restored() {
        return Ok(0);
    }
    let sql = "UPDATE message SET due_at = held, held = NULL WHERE id IN \
               (SELECT id FROM message WHERE held IS NOT NULL LIMIT ?1)";
    Ok(tx.sql().prepare_cached(sql)?.execute([limit])?)
}

/// What people see of a file that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Since when it is held.
    pub since: Timestamp,
    /// How it was seen.
    pub why: String,
    /// Messages that wait for the release.
    pub messages: usize,
}

/// What is held, if the file was put back and not released yet.
///
/// # Errors
/// SQLite's own.
pub fn held(connection: &Connection) -> Result<Option<Held>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT held_at, held_why, (SELECT count(*) FROM message WHERE held IS NOT NULL) FROM epoch \
         WHERE held_upto IS NOT NULL",
    )?;
    let held = |row: &rusqlite::Row<'_>| {
        let since: Option<i64> = row.get(0)?;
        let why: Option<String> = row.get(1)?;
        let since = Timestamp::from_millis(since.unwrap_or_default());
        Ok(Held { since, why: why.unwrap_or_default(), messages: row.get(2)? })
    };
    Ok(statement.query_row([], held).optional()?)
}
