//! The `enrolment` and `visit` tables: who is in which workflow, where, and what was done at each step.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};

use crate::{StoreError, Tx, damaged, row};
use postrider_model::{MessageId, Timestamp};

/// Ended enrolments of a contact in one workflow that are remembered: more than may begin within an hour, so that these are
/// counted.
const ENDED_MAX: i64 = 50;
/// Visits of an enrolment that are remembered.
const VISITS_KEPT: i64 = 200;

/// An enrolment as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolment {
    /// Its row.
    pub id: i64,
    /// Who.
    pub contact: i64,
    /// In which workflow.
    pub workflow: String,
    /// On which version.
    pub version: i64,
    /// Where it stands, or ended.
    pub step: String,
    /// How many steps it came to.
    pub visit: u32,
    /// When it came to the step, or will.
    pub arrived_at: Timestamp,
    /// When it goes on at the latest; nothing when it is over.
    pub due_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The newest event of any contact when it began.
    pub after_event: i64,
    /// What began it.
    pub cause: String,
    /// The fields of the event that began it.
    pub event: Option<Map<String, Value>>,
}

impl Enrolment {
    /// An enrolment that is in no row, for questions about a contact who is not in the workflow yet.
    pub fn nobody(workflow: &str, version: i64, contact: i64) -> Self {
        let never = Timestamp::default();
        Self {
            id: 0,
            contact,
            workflow: workflow.to_owned(),
            version,
            step: String::new(),
            visit: 0,
            arrived_at: never,
            due_at: None,
            outcome: None,
            started_at: never,
            ended_at: None,
            after_event: 0,
            cause: String::new(),
            event: None,
        }
    }
}

/// An enrolment that begins.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Who.
    pub contact: i64,
    /// In which workflow.
    pub workflow: &'a str,
    /// On which version.
    pub version: i64,
    /// The first step.
    pub step: &'a str,
    /// When it comes there.
    pub arrives_at: Timestamp,
    /// What begins it.
    pub cause: &'a str,
    /// The fields of that event.
    pub event: Option<&'a Map<String, Value>>,
}

/// Begins an enrolment, and forgets the oldest ended ones of this contact in this workflow.
///
/// # Errors
/// SQLite's own; also when the contact is in the workflow already.
pub fn begin(tx: &Tx<'_>, new: New<'_>, now: Timestamp) -> Result<i64, StoreError> {
    let event = new.event.map(serde_json::to_string).transpose();
    let event = event.map_err(|error| StoreError::Row(format!("event of an enrolment: {error}")))?;
    tx.sql()
        .prepare_cached(
            "INSERT INTO enrolment (contact, workflow, version, step, visit, arrived_at, due_at, started_at, after_event, \
             cause, event) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5, ?6, (SELECT coalesce(max(id), 0) FROM contact_event), ?7, ?8)",
        )?
        .execute(params![
            new.contact,
            new.workflow,
            new.version,
            new.step,
            new.arrives_at.as_millis(),
            now.as_millis(),
            new.cause,
            event
        ])?;
    let id = tx.sql().last_insert_rowid();
    let old: Option<i64> = tx
        .sql()
        .prepare_cached(
            "SELECT id FROM enrolment WHERE contact = ?1 AND workflow = ?2 AND outcome IS NOT NULL \
             ORDER BY started_at DESC, id DESC LIMIT 1 OFFSET ?3",
        )?
        .query_row(params![new.contact, new.workflow, ENDED_MAX], |row| row.get(0))
        .optional()?;
    if let Some(old) = old {
        forget(tx, old)?;
    }
    Ok(id)
}

fn forget(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM visit WHERE enrolment = ?1")?.execute([id])?;
    tx.sql().prepare_cached("DELETE FROM enrolment WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn enrolment_of(row: &Row<'_>) -> Result<Enrolment, StoreError> {
    let event: Option<String> = row.get("event")?;
    let event = event.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Enrolment {
        id: row.get("id")?,
        contact: row.get("contact")?,
        workflow: row.get("workflow")?,
        version: row.get("version")?,
        step: row.get("step")?,
        visit: row.get("visit")?,
        arrived_at: row::time(row, "arrived_at")?,
        due_at: row::maybe_time(row, "due_at")?,
        outcome: row.get("outcome")?,
        started_at: row::time(row, "started_at")?,
        ended_at: row::maybe_time(row, "ended_at")?,
        after_event: row.get("after_event")?,
        cause: row.get("cause")?,
        event: event.map_err(|error| StoreError::Row(format!("event of an enrolment: {error}")))?,
    })
}

fn all(connection: &Connection, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<Enrolment>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(enrolment_of(row)?);
    }
    Ok(all)
}

/// The enrolment with this row.
///
/// # Errors
/// SQLite's own.
pub fn find(connection: &Connection, id: i64) -> Result<Option<Enrolment>, StoreError> {
    Ok(all(connection, "SELECT * FROM enrolment WHERE id = ?1", &[&id])?.pop())
}

/// Those that go on now, the longest due first. Those that cannot be read are set aside.
///
/// # Errors
/// SQLite's own.
pub fn due(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<Enrolment>, StoreError> {
    let mut statement =
        tx.sql().prepare_cached("SELECT * FROM enrolment WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2")?;
    let mut rows = statement.query(params![now.as_millis(), limit])?;
    let sorted = damaged::sort(&mut rows, |row| Ok(row.get::<_, i64>("id")?), enrolment_of)?;
    for (id, why) in &sorted.bad {
        tx.sql().prepare_cached("UPDATE enrolment SET due_at = NULL WHERE id = ?1")?.execute([id])?;
        damaged::note(tx, "enrolment", &id.to_string(), why, None)?;
    }
    Ok(sorted.good)
}

/// When the next one goes on.
///
/// # Errors
/// SQLite's own.
pub fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(due_at) FROM enrolment WHERE due_at IS NOT NULL";
    let due: Option<i64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(due.map(Timestamp::from_millis))
}

/// Those of a contact that are not over, in the order in which they began.
///
/// # Errors
/// SQLite's own.
pub fn running(connection: &Connection, contact: i64) -> Result<Vec<Enrolment>, StoreError> {
    all(connection, "SELECT * FROM enrolment WHERE contact = ?1 AND outcome IS NULL ORDER BY id", &[&contact])
}

/// When a contact was in a workflow: whether it is now, when it last began, and how often it began since an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Past {
    /// It is in it now.
    pub is_in: bool,
    /// When it began last.
    pub last: Option<Timestamp>,
    /// How often it began since then.
    pub often: i64,
}

/// When a contact was in a workflow.
///
/// # Errors
/// SQLite's own.
pub fn past(connection: &Connection, contact: i64, workflow: &str, since: Timestamp) -> Result<Past, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(sum(outcome IS NULL), 0), max(started_at), coalesce(sum(started_at >= ?3), 0) FROM enrolment \
         WHERE contact = ?1 AND workflow = ?2",
    )?;
    Ok(statement.query_row(params![contact, workflow, since.as_millis()], |row| {
        let last: Option<i64> = row.get(1)?;
        Ok(Past { is_in: row.get::<_, i64>(0)? > 0, last: last.map(Timestamp::from_millis), often: row.get(2)? })
    })?)
}

/// Writes where an enrolment stands now. It must stand where `was` says, or somebody else moved it.
///
/// # Errors
/// SQLite's own.
pub fn save(tx: &Tx<'_>, was: u32, enrolment: &Enrolment) -> Result<(), StoreError> {
    let changed = tx
        .sql()
        .prepare_cached(
            "UPDATE enrolment SET step = ?2, visit = ?3, arrived_at = ?4, due_at = ?5, outcome = ?6, ended_at = ?7 \
             WHERE id = ?1 AND visit = ?8 AND outcome IS NULL",
        )?
        .execute(params![
            enrolment.id,
            enrolment.step,
            enrolment.visit,
            enrolment.arrived_at.as_millis(),
            enrolment.due_at.map(Timestamp::as_millis),
            enrolment.outcome,
            enrolment.ended_at.map(Timestamp::as_millis),
            was
        ])?;
    if changed == 1 {
        return Ok(());
    }
    Err(StoreError::Row(format!("enrolment {} does not stand at visit {was} any more", enrolment.id)))
}

/// What was done at a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Which one, from 1.
    pub n: u32,
    /// The step.
    pub step: String,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub what: String,
    /// The text that was sent.
    pub message: Option<MessageId>,
}

/// Notes what was done at a visit. A visit that sent a text sends no second one: that is an error, and nothing of the
/// transaction stays.
///
/// # Errors
/// SQLite's own.
pub fn note(tx: &Tx<'_>, enrolment: i64, visit: &Visit) -> Result<(), StoreError> {
    let written = tx
        .sql()
        .prepare_cached(
            "INSERT INTO visit VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (enrolment, n) DO UPDATE SET at = ?4, what = ?5, \
             message = ?6 WHERE message IS NULL",
        )?
        .execute(params![
            enrolment,
            visit.n,
            visit.step,
            visit.at.as_millis(),
            visit.what,
            visit.message.map(MessageId::as_i64)
        ])?;
    if written == 0 {
        return Err(StoreError::Row(format!("visit {} of enrolment {enrolment} was made already", visit.n)));
    }
    let old = i64::from(visit.n) - VISITS_KEPT;
    if old > 0 {
        tx.sql().prepare_cached("DELETE FROM visit WHERE enrolment = ?1 AND n = ?2")?.execute([enrolment, old])?;
    }
    Ok(())
}

/// What an enrolment did, step by step.
///
/// # Errors
/// SQLite's own.
pub fn visits(connection: &Connection, enrolment: i64) -> Result<Vec<Visit>, StoreError> {
    let sql = "SELECT n, step, at, what, message FROM visit WHERE enrolment = ?1 ORDER BY n";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([enrolment])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let message: Option<i64> = row.get("message")?;
        all.push(Visit {
            n: row.get("n")?,
            step: row.get("step")?,
            at: row::time(row, "at")?,
            what: row.get("what")?,
            message: message.map(|_| row::id(row, "message")).transpose()?,
        });
    }
    Ok(all)
}

/// The last text that an enrolment sent at a step, and when.
///
/// # Errors
/// SQLite's own.
pub fn sent(connection: &Connection, enrolment: i64, step: &str) -> Result<Option<(i64, Timestamp)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT message, at FROM visit WHERE enrolment = ?1 AND step = ?2 AND message IS NOT NULL ORDER BY n DESC LIMIT 1",
    )?;
    let found =
        statement.query_row(params![enrolment, step], |row| Ok((row.get(0)?, Timestamp::from_millis(row.get(1)?))));
    Ok(found.optional()?)
}

/// Whether a link in the text of a step was followed since then.
///
/// # Errors
/// SQLite's own.
pub fn clicked(
    connection: &Connection,
    contact: i64,
    workflow: &str,
    step: &str,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM short_link WHERE contact = ?1 AND kind = 'workflow' AND source = ?2 AND part = ?3 AND last_click_at >= ?4",
    )?;
    Ok(statement.query_row(params![contact, workflow, step, since.as_millis()], |_| Ok(())).optional()?.is_some())
}

/// Which enrolments are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only those in this workflow.
    pub workflow: Option<String>,
    /// Only those of this contact.
    pub contact: Option<i64>,
    /// Only those that run, or only those that ended.
    pub running: Option<bool>,
    /// Only those that stand or ended at this step.
    pub step: Option<String>,
    /// Only those before this row.
    pub before: Option<i64>,
}

/// Enrolments, the newest first, and the `before` of the next page.
///
/// # Errors
/// SQLite's own.
pub fn list(
    connection: &Connection,
    filter: &Filter,
    limit: usize,
) -> Result<(Vec<Enrolment>, Option<i64>), StoreError> {
    let sql = "SELECT * FROM enrolment WHERE id < ?1 AND (?2 IS NULL OR workflow = ?2) AND (?3 IS NULL OR contact = ?3) \
               AND (?4 IS NULL OR (outcome IS NULL) = ?4) AND (?5 IS NULL OR step = ?5) ORDER BY id DESC LIMIT ?6";
    let before = filter.before.unwrap_or(i64::MAX);
    let params: [&dyn rusqlite::ToSql; 6] =
        [&before, &filter.workflow, &filter.contact, &filter.running, &filter.step, &(limit + 1)];
    let mut found = all(connection, sql, &params)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.id);
    Ok((found, next))
}

/// How many enrolments stand or ended somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The step.
    pub step: String,
    /// How they ended; nothing for those that run.
    pub outcome: Option<String>,
    /// How many.
    pub enrolments: i64,
}

/// How many enrolments of a workflow stand and ended where.
///
/// # Errors
/// SQLite's own.
pub fn counts(connection: &Connection, workflow: &str) -> Result<Vec<Count>, StoreError> {
    let sql = "SELECT step, outcome, count(*) FROM enrolment WHERE workflow = ?1 GROUP BY outcome, step ORDER BY outcome, step";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement
        .query_map([workflow], |row| Ok(Count { step: row.get(0)?, outcome: row.get(1)?, enrolments: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes an enrolment whose contact is gone.
///
/// # Errors
/// SQLite's own.
pub fn drop_one(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    forget(tx, id)
}
