//! The `submission` table: what became of each segment in each lease, and the carrier's ids to match receipts with.

use rusqlite::{Connection, Row, params};

use super::{StoreError, Tx, row};
use postrider_model::{MessageId, State, Timestamp};

/// What became of one segment in one lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The message.
    pub message: MessageId,
    /// The segment, from 0.
    pub segment: u8,
    /// The lease.
    pub attempt: u32,
    /// Where this copy of the segment stands.
    pub state: State,
    /// The link that carried it.
    pub link: String,
    /// When the last change was.
    pub at: Timestamp,
    /// The carrier's id, as written.
    pub carrier_id: Option<String>,
    /// The carrier's code, if it refused; 0 if it took the segment and gave no id.
    pub code: Option<u32>,
    /// What happened, for people.
    pub note: Option<String>,
}

impl Submission {
    /// Whether the network has it for certain: it gave an id or its word, or a receipt came.
    pub fn is_taken(&self) -> bool {
        self.carrier_id.is_some() || self.code == Some(0)
    }

    /// Whether nobody knows if the network has it: its answer was lost.
    pub fn is_doubt(&self) -> bool {
        self.state == State::Uncertain && !self.is_taken()
    }

    /// Whether the network has it or may have it, and no receipt can name it: its id was never learned.
    pub fn is_unnamed(&self) -> bool {
        self.carrier_id.is_none() && matches!(self.state, State::Uncertain | State::Sent)
    }
}

/// The key under which a carrier's id is found again: the same for all forms that count as equal.
pub fn carrier_key(link_group: &str, normal_form: &str) -> i64 {
    row::hash(&[link_group.as_bytes(), normal_form.as_bytes()])
}

fn submission_of(row: &Row<'_>) -> Result<Submission, StoreError> {
    Ok(Submission {
        message: row::id(row, 0)?,
        segment: row.get(1)?,
        attempt: row.get(2)?,
        state: row::parsed(row, 3)?,
        link: row.get(4)?,
        at: row::time(row, 5)?,
        carrier_id: row.get(6)?,
        code: row.get(7)?,
        note: row.get(8)?,
    })
}

/// Writes an outcome; a later one for the same segment and lease takes its place.
///
/// # Errors
/// SQLite's own.
pub fn put(tx: &Tx<'_>, submission: &Submission, key: Option<i64>) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("INSERT OR REPLACE INTO submission VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            submission.message.as_i64(),
            submission.segment,
            submission.attempt,
            submission.state.as_str(),
            submission.link,
            submission.at.as_millis(),
            submission.carrier_id,
            key,
            submission.code,
            submission.note,
        ])?;
    Ok(())
}

/// Changes the state of one outcome, as a receipt asks.
///
/// # Errors
/// SQLite's own.
pub fn set_state(tx: &Tx<'_>, which: &Submission, state: State, note: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "UPDATE submission SET state = ?4, note = ?5, at = ?6 WHERE message = ?1 AND segment = ?2 AND attempt = ?3",
        )?
        .execute(params![which.message.as_i64(), which.segment, which.attempt, state.as_str(), note, at.as_millis()])?;
    Ok(())
}

/// Ends the wait for receipts of a message: of what the network has, nobody knows what became of it.
///
/// # Errors
/// SQLite's own.
pub fn end_wait(tx: &Tx<'_>, message: MessageId, note: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "UPDATE submission SET state = 'uncertain', note = ?2, at = ?3 WHERE message = ?1 AND state = 'sent'",
        )?
        .execute(params![message.as_i64(), note, at.as_millis()])?;
    Ok(())
}

/// The outcomes of a message, by segment and lease.
///
/// # Errors
/// SQLite's own.
pub fn of_message(tx: &Tx<'_>, message: MessageId) -> Result<Vec<Submission>, StoreError> {
    of(tx.sql(), message)
}

/// As [`of_message`], on a reading connection.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, message: MessageId) -> Result<Vec<Submission>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT message, segment, attempt, state, link, at, carrier_id, code, note ",
        "FROM submission WHERE message = ?1 ORDER BY segment, attempt"
    ))?;
    let mut rows = statement.query([message.as_i64()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(submission_of(row)?);
    }
    Ok(all)
}

/// The outcomes with this carrier key, newest message first, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn with_carrier_key(tx: &Tx<'_>, key: i64, limit: usize) -> Result<Vec<Submission>, StoreError> {
    let mut statement = tx.sql().prepare_cached(concat!(
        "SELECT message, segment, attempt, state, link, at, carrier_id, code, note ",
        "FROM submission WHERE carrier_key = ?1 ORDER BY message DESC LIMIT ?2"
    ))?;
    let mut rows = statement.query(params![key, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(submission_of(row)?);
    }
    Ok(all)
}

/// The sends since `since` whose answer was lost to numbers that end in `digits`, oldest first, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn doubts(tx: &Tx<'_>, digits: &str, since: Timestamp, limit: usize) -> Result<Vec<Submission>, StoreError> {
    let mut statement = tx.sql().prepare_cached(concat!(
        "SELECT submission.message, segment, submission.attempt, submission.state, submission.link, at, carrier_id, code, ",
        "note FROM submission JOIN message ON message.id = submission.message ",
        "WHERE submission.state = 'uncertain' AND carrier_id IS NULL AND at >= ?1 ",
        "AND substr(recipient, -length(?2)) = ?2 ORDER BY at, submission.message, segment LIMIT ?3"
    ))?;
    let mut rows = statement.query(params![since.as_millis(), digits, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(submission_of(row)?);
    }
    Ok(all)
}
