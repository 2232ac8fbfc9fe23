//! The tables of campaigns.
//!
//! - here: `campaign`, one row each
//! - [`recipient`]: `campaign_recipient`, one row for each contact that a campaign took
//! - [`report`]: what a campaign came to, read from all tables
//! - [`waiting`]: its messages that have not left yet

pub mod recipient;
pub mod report;
pub mod waiting;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{StoreError, Tx, damaged, row};
use postrider_campaign::run::Phase;
use postrider_model::Timestamp;

/// What a running campaign does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It takes its recipients.
    Take,
    /// It gives them their turns.
    Spread,
    /// It writes to them.
    Send,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Take, Self::Spread, Self::Send];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Spread => "spread",
            Self::Send => "send",
        }
    }
}

impl std::str::FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or_else(|| format!("\"{text}\" is no stage"))
    }
}

/// A campaign as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its row.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// The definition, as JSON.
    pub definition: String,
    /// How often the definition was written.
    pub version: i64,
    /// What it is doing.
    pub phase: Phase,
    /// Segments and templates as they were when it was started, as JSON.
    pub frozen: Option<String>,
    /// What it does while it is running.
    pub stage: Stage,
    /// How far the stage is.
    pub cursor: i64,
    /// How many contacts it took so far.
    pub recipients: i64,
    /// Whether messages of it may have to be taken out of the queue.
    pub withdrawing: bool,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub changed_at: Timestamp,
    /// When somebody started it.
    pub started_at: Option<Timestamp>,
    /// When it takes its recipients.
    pub begins_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

fn stored_of(row: &Row<'_>) -> Result<Stored, StoreError> {
    Ok(Stored {
        id: row.get("id")?,
        name: row.get("name")?,
        title: row.get("title")?,
        definition: row.get("definition")?,
        version: row.get("version")?,
        phase: row::parsed(row, "phase")?,
        frozen: row.get("frozen")?,
        stage: row::parsed(row, "stage")?,
        cursor: row.get("cursor")?,
        recipients: row.get("recipients")?,
        withdrawing: row.get("withdrawing")?,
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
        started_at: row::maybe_time(row, "started_at")?,
        begins_at: row::maybe_time(row, "begins_at")?,
        ended_at: row::maybe_time(row, "ended_at")?,
    })
}

/// Writes a draft, or changes it; says whether it is new. Who calls has made sure that it was not started.
///
/// # Errors
/// SQLite's own.
pub fn define(tx: &Tx<'_>, name: &str, title: &str, definition: &str, now: Timestamp) -> Result<bool, StoreError> {
    let known = find(tx.sql(), name)?.is_some();
    tx.sql()
        .prepare_cached(
            "INSERT INTO campaign (name, title, definition, version, phase, stage, cursor, recipients, busy, \
             withdrawing, created_at, changed_at) VALUES (?1, ?2, ?3, 1, 'draft', 'take', 0, 0, 0, 0, ?4, ?4) \
             ON CONFLICT (name) DO UPDATE SET title = ?2, definition = ?3, version = version + 1, changed_at = ?4",
        )?
        .execute(params![name, title, definition, now.as_millis()])?;
    Ok(!known)
}

/// Writes back what a step or a person changed: all but name, title and definition.
///
/// # Errors
/// SQLite's own.
pub fn save(tx: &Tx<'_>, stored: &Stored) -> Result<(), StoreError> {
    let busy = stored.withdrawing || matches!(stored.phase, Phase::Scheduled | Phase::Running);
    tx.sql()
        .prepare_cached(
            "UPDATE campaign SET phase = ?2, frozen = ?3, stage = ?4, cursor = ?5, recipients = ?6, busy = ?7, \
             withdrawing = ?8, started_at = ?9, begins_at = ?10, ended_at = ?11 WHERE id = ?1",
        )?
        .execute(params![
            stored.id,
            stored.phase.as_str(),
            stored.frozen,
            stored.stage.as_str(),
            stored.cursor,
            stored.recipients,
            busy,
            stored.withdrawing,
            stored.started_at.map(Timestamp::as_millis),
            stored.begins_at.map(Timestamp::as_millis),
            stored.ended_at.map(Timestamp::as_millis),
        ])?;
    Ok(())
}

/// Removes a campaign; says whether there was one. Only drafts are removed, which have no recipients.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(tx.sql().execute("DELETE FROM campaign WHERE name = ?1 AND phase = 'draft'", [name])? > 0)
}

/// The campaign of this name.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM campaign WHERE name = ?1")?;
    statement.query_row([name], |row| Ok(stored_of(row))).optional()?.transpose()
}

/// All campaigns, the newest first.
///
/// # Errors
/// As [`find`].
pub fn list(connection: &Connection, before: Option<i64>, limit: usize) -> Result<Vec<Stored>, StoreError> {
    let before = before.unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached("SELECT * FROM campaign WHERE id < ?1 ORDER BY id DESC LIMIT ?2")?;
    let mut rows = statement.query(params![before, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(stored_of(row)?);
    }
    Ok(all)
}

/// The campaigns that may have something to do: those that run, then those that wait for their time, the first one first.
///
/// # Errors
/// As [`find`].
pub fn busy(tx: &Tx<'_>, limit: usize) -> Result<Vec<Stored>, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT * FROM campaign WHERE busy = 1 ORDER BY phase = 'scheduled', CASE phase WHEN 'scheduled' THEN begins_at END, id LIMIT ?1")?;
    let sorted = damaged::sort(&mut statement.query([limit])?, |row| Ok(row.get::<_, i64>("id")?), stored_of)?;
    sorted.bad.iter().try_for_each(|(id, why)| set_aside(tx, *id, why))?;
    Ok(sorted.good)
}

/// Lets a campaign that cannot be read, or cannot go on, stand still until a person starts or resumes it.
///
/// # Errors
/// SQLite's own.
pub fn set_aside(tx: &Tx<'_>, id: i64, why: &str) -> Result<(), StoreError> {
    tx.sql().prepare_cached("UPDATE campaign SET busy = 0 WHERE id = ?1")?.execute([id])?;
    damaged::note(tx, "campaign", &id.to_string(), why, Some("busy=1"))
}
