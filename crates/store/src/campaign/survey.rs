//! The `survey_run` table: who is asked what, and what was answered.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value};

use crate::{StoreError, Tx, damaged, row};
use postrider_model::{MessageId, Timestamp};

/// Most surveys of one contact that an export shows.
const RUNS_MAX: usize = 1_000;

/// How a survey of one contact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunState {
    /// An answer is waited for.
    Open,
    /// All questions are answered.
    Done,
    /// Nobody answered in time.
    TimedOut,
    /// The contact opted out, or somebody of the shop ended it.
    Stopped,
    /// Too many wrong answers.
    GaveUp,
    /// The question could not be sent.
    Unsent,
}

impl RunState {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Open, Self::Done, Self::TimedOut, Self::Stopped, Self::GaveUp, Self::Unsent];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::TimedOut => "timed_out",
            Self::Stopped => "stopped",
            Self::GaveUp => "gave_up",
            Self::Unsent => "unsent",
        }
    }
}

impl std::str::FromStr for RunState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| format!("\"{text}\" is no state"))
    }
}

/// A survey of one contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its row; 0 for one that is not written yet.
    pub id: i64,
    /// The survey.
    pub survey: String,
    /// Whose.
    pub contact: i64,
    /// How it stands.
    pub state: RunState,
    /// What began it: `service info`, `workflow win-back`, `api`, `page`.
    pub begun_by: String,
    /// The question that is open.
    pub question: Option<String>,
    /// The message that asks it.
    pub asked: Option<MessageId>,
    /// Wrong answers to it.
    pub tries: u8,
    /// The answers by question.
    pub answers: Map<String, Value>,
    /// Our number that it is asked from.
    pub ours: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When nobody waits any more.
    pub due_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

fn run_of(row: &Row<'_>) -> Result<Run, StoreError> {
    let answers: String = row.get("answers")?;
    let asked: Option<i64> = row.get("asked")?;
    Ok(Run {
        id: row.get("id")?,
        survey: row.get("survey")?,
        contact: row.get("contact")?,
        state: row::parsed(row, "state")?,
        begun_by: row.get("begun_by")?,
        question: row.get("question")?,
        asked: asked.and_then(MessageId::from_i64),
        tries: row.get("tries")?,
        answers: serde_json::from_str(&answers).map_err(|error| StoreError::Row(format!("answers: {error}")))?,
        ours: row.get("ours")?,
        started_at: row::time(row, "started_at")?,
        due_at: row::maybe_time(row, "due_at")?,
        ended_at: row::maybe_time(row, "ended_at")?,
    })
}

/// Writes a run: a new one gets its row, which is returned.
///
/// # Errors
/// SQLite's own; a second open run of a contact is one of them.
pub fn save(tx: &Tx<'_>, run: &Run) -> Result<i64, StoreError> {
    let answers = serde_json::to_string(&run.answers).map_err(|error| StoreError::Row(error.to_string()))?;
    let id = (run.id != 0).then_some(run.id);
    tx.sql()
        .prepare_cached(
            "INSERT INTO survey_run (id, survey, contact, state, begun_by, question, asked, tries, answers, ours, \
             started_at, due_at, ended_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
             ON CONFLICT (id) DO UPDATE SET state = ?4, question = ?6, asked = ?7, tries = ?8, answers = ?9, ours = ?10, \
             due_at = ?12, ended_at = ?13",
        )?
        .execute(params![
            id,
            run.survey,
            run.contact,
            run.state.as_str(),
            run.begun_by,
            run.question,
            run.asked.map(MessageId::as_i64),
            run.tries,
            answers,
            run.ours,
            run.started_at.as_millis(),
            run.due_at.map(Timestamp::as_millis),
            run.ended_at.map(Timestamp::as_millis),
        ])?;
    Ok(id.unwrap_or_else(|| tx.sql().last_insert_rowid()))
}

fn all(connection: &Connection, sql: &str, bounds: impl rusqlite::Params) -> Result<Vec<Run>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(bounds)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(run_of(row)?);
    }
    Ok(all)
}

/// The open run of a contact.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn open_of(connection: &Connection, contact: i64) -> Result<Option<Run>, StoreError> {
    Ok(all(connection, "SELECT * FROM survey_run WHERE contact = ?1 AND state = 'open'", [contact])?.pop())
}

/// The last run of a survey that a contact ended on a page since `since`.
///
/// # Errors
/// As [`open_of`].
pub fn of_page(
    connection: &Connection,
    survey: &str,
    contact: i64,
    since: Timestamp,
) -> Result<Option<Run>, StoreError> {
    let sql = "SELECT * FROM survey_run WHERE contact = ?1 AND survey = ?2 AND begun_by = 'page' AND started_at > ?3 \
               ORDER BY id DESC LIMIT 1";
    Ok(all(connection, sql, params![contact, survey, since.as_millis()])?.pop())
}

/// The runs of a contact, the newest first.
///
/// # Errors
/// As [`open_of`].
pub fn of_contact(connection: &Connection, contact: i64) -> Result<Vec<Run>, StoreError> {
    let sql = "SELECT * FROM survey_run WHERE contact = ?1 ORDER BY id DESC LIMIT ?2";
    all(connection, sql, params![contact, RUNS_MAX])
}

/// The runs of a survey before `before`, the newest first.
///
/// # Errors
/// As [`open_of`].
pub fn of_survey(
    connection: &Connection,
    survey: &str,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Run>, StoreError> {
    let sql = "SELECT * FROM survey_run WHERE survey = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    all(connection, sql, params![survey, before.unwrap_or(i64::MAX), limit])
}

/// The open runs that nobody answered in time.
///
/// # Errors
/// As [`open_of`].
pub fn due(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<Run>, StoreError> {
    let mut statement =
        tx.sql().prepare_cached("SELECT * FROM survey_run WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2")?;
    let mut rows = statement.query(params![now.as_millis(), limit])?;
    let sorted = damaged::sort(&mut rows, |row| Ok(row.get::<_, i64>("id")?), run_of)?;
    for (id, why) in &sorted.bad {
        tx.sql().prepare_cached("UPDATE survey_run SET due_at = NULL WHERE id = ?1")?.execute([id])?;
        damaged::note(tx, "survey_run", &id.to_string(), why, None)?;
    }
    Ok(sorted.good)
}

/// When the next open run times out.
///
/// # Errors
/// SQLite's own.
pub fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(due_at) FROM survey_run WHERE due_at IS NOT NULL";
    let millis: Option<i64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(millis.map(Timestamp::from_millis))
}

/// How many runs of a survey stand how.
///
/// # Errors
/// As [`open_of`].
pub fn counts(connection: &Connection, survey: &str) -> Result<BTreeMap<&'static str, i64>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT state, count(*) FROM survey_run WHERE survey = ?1 GROUP BY state")?;
    let mut rows = statement.query([survey])?;
    let mut counts: BTreeMap<_, _> = RunState::ALL.into_iter().map(|state| (state.as_str(), 0)).collect();
    while let Some(row) = rows.next()? {
        let state: RunState = row::parsed(row, 0)?;
        counts.insert(state.as_str(), row.get(1)?);
    }
    Ok(counts)
}

/// Forgets what a contact was asked.
///
/// # Errors
/// SQLite's own.
pub fn forget(tx: &Tx<'_>, contact: i64) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM survey_run WHERE contact = ?1")?.execute([contact])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn run(contact: i64) -> Run {
        Run {
            id: 0,
            survey: "why".to_owned(),
            contact,
            state: RunState::Open,
            begun_by: "api".to_owned(),
            question: Some("rating".to_owned()),
            asked: None,
            tries: 0,
            answers: Map::new(),
            ours: None,
            started_at: NOW,
            due_at: Some(NOW),
            ended_at: None,
        }
    }

    #[test]
    fn a_contact_has_one_open_survey() {
        let mut database = Database::in_memory().unwrap();
        let id = database.write(|tx| save(tx, &run(7))).unwrap();
        assert!(database.write(|tx| save(tx, &run(7))).is_err());
        let mut first = database.read(|c| open_of(c, 7)).unwrap().unwrap();
        assert_eq!(first, Run { id, ..run(7) });
        assert_eq!(database.read(next_due).unwrap(), Some(NOW));
        first.state = RunState::Done;
        first.due_at = None;
        first.answers.insert("rating".to_owned(), 5.into());
        database.write(|tx| save(tx, &first)).unwrap();
        assert_eq!(database.read(|c| of_survey(c, "why", None, 10)).unwrap(), [first]);
        assert!(database.write(|tx| save(tx, &run(7))).is_ok());
        assert_eq!(database.write(|tx| due(tx, NOW, 10)).unwrap().len(), 1);
        let counts = database.read(|c| counts(c, "why")).unwrap();
        assert_eq!((counts["open"], counts["done"], counts["stopped"]), (1, 1, 0));
        database.write(|tx| forget(tx, 7)).unwrap();
        assert!(database.read(|c| of_contact(c, 7)).unwrap().is_empty());
    }
}
