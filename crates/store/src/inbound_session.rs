//! The `inbound_session` table: the sessions that incoming messages came over, and which of our answers the carrier read.

use rusqlite::{OptionalExtension, Row, params};

use super::{StoreError, Tx, row};
use postrider_model::{LinkName, Timestamp};
use postrider_policy::redelivery::{Earlier, Fate};

/// How a delivery is to be known when it comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The session's [`key`].
    pub session: i64,
    /// Which of the session's deliveries it is, from 1.
    pub place: u64,
    /// When it came.
    pub came_at: Timestamp,
}

/// Names session `number` of a link in one run of the program, and no other session ever.
pub fn key(run: i64, link: &LinkName, number: u32) -> i64 {
    row::hash(&[&run.to_be_bytes(), link.to_string().as_bytes(), &number.to_be_bytes()])
}

/// A place as the rows hold it.
pub(super) fn column(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// Notes that a session began.
///
/// # Errors
/// SQLite's own.
pub fn began(tx: &Tx<'_>, session: i64, link_group: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO inbound_session (session, link_group, began_at, read_to) VALUES (?1, ?2, ?3, 0) \
             ON CONFLICT (session) DO NOTHING",
        )?
        .execute(params![session, link_group, now.as_millis()])?;
    Ok(())
}

/// Notes that the carrier read our answers to the first `up_to` deliveries of a session.
///
/// # Errors
/// SQLite's own.
pub fn read(tx: &Tx<'_>, session: i64, up_to: u64) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE inbound_session SET read_to = max(read_to, ?2) WHERE session = ?1")?
        .execute(params![session, column(up_to)])?;
    Ok(())
}

/// Notes that nobody will know whether the carrier read our answers to the deliveries behind `after` up to `up_to`.
///
/// # Errors
/// SQLite's own.
pub fn missed(tx: &Tx<'_>, session: i64, after: u64, up_to: u64, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("INSERT OR IGNORE INTO inbound_unread (session, behind, up_to, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![session, column(after), column(up_to), now.as_millis()])?;
    Ok(())
}

/// Notes that a session is over.
///
/// # Errors
/// SQLite's own.
pub fn ended(tx: &Tx<'_>, session: i64, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE inbound_session SET ended_at = ?2 WHERE session = ?1 AND ended_at IS NULL")?
        .execute(params![session, now.as_millis()])?;
    Ok(())
}

/// Notes that all sessions are over: the program has just started.
///
/// # Errors
/// SQLite's own.
pub fn all_ended(tx: &Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE inbound_session SET ended_at = ?1 WHERE ended_at IS NULL")?
        .execute([now.as_millis()])?;
    Ok(())
}

/// When the newest session of a group began.
///
/// # Errors
/// SQLite's own.
pub fn newest(tx: &Tx<'_>, link_group: &str) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = tx
        .sql()
        .prepare_cached("SELECT began_at FROM inbound_session WHERE link_group = ?1 ORDER BY began_at DESC LIMIT 1")?
        .query_row([link_group], |row| row.get(0))
        .optional()?;
    Ok(at.map(Timestamp::from_millis))
}

/// Forgets sessions that ended before `before`, and what was missed before it.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "DELETE FROM inbound_session WHERE session IN \
             (SELECT session FROM inbound_session WHERE ended_at < ?1 LIMIT 1000)",
        )?
        .execute([before.as_millis()])?;
    tx.sql().prepare_cached("DELETE FROM inbound_unread WHERE at < ?1")?.execute([before.as_millis()])?;
    Ok(())
}

/// Whether a session lives, of a row joined with `inbound_session s`.
pub(super) const LIVES: &str = "(s.session IS NOT NULL AND s.ended_at IS NULL) AS lives";

/// Whether the carrier certainly read our answer, of a row `d` of a delivery that is joined with `inbound_session s`.
pub(super) const IS_READ: &str = "(coalesce(d.place <= s.read_to, 0) AND NOT EXISTS (SELECT 1 FROM inbound_unread u \
    WHERE u.session = d.session AND u.behind < d.place AND u.up_to >= d.place)) AS is_read";

/// A delivery from a row with `session`, `came_at`, `received_at`, [`IS_READ`] and [`LIVES`].
pub(super) fn earlier_of(row: &Row<'_>) -> Result<Earlier, StoreError> {
    let fate = match (row.get("is_read")?, row.get("lives")?) {
        (true, _) => Fate::Read,
        (false, true) => Fate::Open,
        (false, false) => Fate::Unknown,
    };
    Ok(Earlier {
        session: row.get("session")?,
        came_at: row::time(row, "came_at")?,
        stored_at: row::time(row, "received_at")?,
        fate,
    })
}
