//! The tables of live segments: which they are, who is in them, and whom they still have to look at.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{happening, segment};
use crate::{StoreError, Tx, row};
use postrider_campaign::segment::Concern;
use postrider_model::Timestamp;

/// A segment that knows its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Its row.
    pub id: i64,
    /// The segment's name.
    pub name: String,
    /// Since when it is live.
    pub since: Timestamp,
    /// How many contacts are in it.
    pub members: i64,
    /// Whether the look at all contacts goes on that tells nobody who is in it.
    pub quiet: bool,
    /// The contact up to which the present look came; 0 between two.
    pub up_to: i64,
    /// When the next look at all contacts begins or goes on.
    pub next_at: Timestamp,
}

/// Makes a segment live, if it is not already: from then on it knows its members. Who is in it now comes in silently.
/// Says whether there is such a segment.
///
/// # Errors
/// SQLite's own.
pub fn make_live(tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    begin(tx, name, false, now)
}

/// Makes a segment live, if it is not already. With `backfill` those who are in it now come in with an event each.
/// Says whether there is such a segment.
///
/// # Errors
/// SQLite's own.
pub fn begin(tx: &Tx<'_>, name: &str, backfill: bool, now: Timestamp) -> Result<bool, StoreError> {
    let Some(tree) = segment::tree(tx.sql(), name)? else { return Ok(false) };
    let begun = tx
        .sql()
        .prepare_cached(
            "INSERT INTO live_segment (name, since, quiet, up_to, next_at) VALUES (?1, ?2, ?3, 0, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![name, now.as_millis(), !backfill])?;
    if begun > 0 {
        wait(tx, name, &Concern::of(&tree))?;
    }
    Ok(true)
}

fn wait(tx: &Tx<'_>, name: &str, concern: &Concern) -> Result<(), StoreError> {
    let who = format!("segment:{name}");
    match concern.kinds() {
        Some(kinds) => happening::await_kinds(tx, &who, kinds),
        None => happening::await_kinds(tx, &who, [happening::ANY]),
    }
}

/// A segment got other conditions: who is in it now is found anew, silently.
pub(super) fn redefined(tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<(), StoreError> {
    let changed = tx
        .sql()
        .prepare_cached("UPDATE live_segment SET quiet = 1, up_to = 0, next_at = ?2 WHERE name = ?1")?
        .execute(params![name, now.as_millis()])?;
    match segment::tree(tx.sql(), name)? {
        Some(tree) if changed > 0 => wait(tx, name, &Concern::of(&tree)),
        _ => Ok(()),
    }
}

/// A segment is live no more; its members are taken away bit by bit. Says whether it was live.
///
/// # Errors
/// SQLite's own.
pub fn end(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    happening::await_kinds(tx, &format!("segment:{name}"), [])?;
    Ok(tx.sql().prepare_cached("UPDATE live_segment SET name = NULL WHERE name = ?1")?.execute([name])? > 0)
}

fn live_of(row: &Row<'_>) -> Result<Live, StoreError> {
    Ok(Live {
        id: row.get("id")?,
        name: row.get("name")?,
        since: row::time(row, "since")?,
        members: row.get("members")?,
        quiet: row.get("quiet")?,
        up_to: row.get("up_to")?,
        next_at: row::time(row, "next_at")?,
    })
}

/// All live segments; the one whose look is due first stands first.
///
/// # Errors
/// SQLite's own.
pub fn list(connection: &Connection) -> Result<Vec<Live>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM live_segment WHERE name IS NOT NULL ORDER BY next_at, id")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(live_of(row)?);
    }
    Ok(all)
}

/// The live segment of this name.
///
/// # Errors
/// SQLite's own.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Live>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM live_segment WHERE name = ?1")?;
    statement.query_row([name], |row| Ok(live_of(row))).optional()?.transpose()
}

/// The look at all contacts came up to a contact, and goes on at once.
///
/// # Errors
/// SQLite's own.
pub fn came_to(tx: &Tx<'_>, id: i64, up_to: i64) -> Result<(), StoreError> {
    tx.sql().prepare_cached("UPDATE live_segment SET up_to = ?2 WHERE id = ?1")?.execute([id, up_to])?;
    Ok(())
}

/// The look at all contacts is over; the next one begins then.
///
/// # Errors
/// SQLite's own.
pub fn finished(tx: &Tx<'_>, id: i64, next_at: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE live_segment SET up_to = 0, quiet = 0, next_at = ?2 WHERE id = ?1")?
        .execute([id, next_at.as_millis()])?;
    Ok(())
}

/// The members of a live segment among the contacts from `first` to `last`, in order.
///
/// # Errors
/// SQLite's own.
pub fn members_within(connection: &Connection, id: i64, first: i64, last: i64) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT contact FROM segment_member WHERE segment = ?1 AND contact BETWEEN ?2 AND ?3 ORDER BY contact",
    )?;
    let rows = statement.query_map([id, first, last], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A contact comes into a live segment; says whether it was not in it.
///
/// # Errors
/// SQLite's own.
pub fn enter(tx: &Tx<'_>, id: i64, contact: i64, now: Timestamp) -> Result<bool, StoreError> {
    let new = tx
        .sql()
        .prepare_cached("INSERT INTO segment_member VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute([id, contact, now.as_millis()])?;
    counted(tx, id, i64::try_from(new).unwrap_or(0))
}

/// A contact leaves a live segment; says whether it was in it.
///
/// # Errors
/// SQLite's own.
pub fn leave(tx: &Tx<'_>, id: i64, contact: i64) -> Result<bool, StoreError> {
    let gone = tx
        .sql()
        .prepare_cached("DELETE FROM segment_member WHERE segment = ?1 AND contact = ?2")?
        .execute([id, contact])?;
    counted(tx, id, -i64::try_from(gone).unwrap_or(0))
}

fn counted(tx: &Tx<'_>, id: i64, change: i64) -> Result<bool, StoreError> {
    if change != 0 {
        tx.sql()
            .prepare_cached("UPDATE live_segment SET members = members + ?2 WHERE id = ?1")?
            .execute([id, change])?;
    }
    Ok(change != 0)
}

/// A page of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// Contacts in the order in which they came, each with the time since when it is a member.
    pub contacts: Vec<(i64, Timestamp)>,
    /// The `after` of the next page; none on the last.
    pub next: Option<i64>,
}

/// The members of a live segment after the contact `after`.
///
/// # Errors
/// SQLite's own.
pub fn members(connection: &Connection, id: i64, after: i64, limit: usize) -> Result<Members, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT contact, since FROM segment_member WHERE segment = ?1 AND contact > ?2 ORDER BY contact LIMIT ?3",
    )?;
    let mut rows = statement.query(params![id, after, limit + 1])?;
    let mut contacts = Vec::new();
    while let Some(row) = rows.next()? {
        contacts.push((row.get(0)?, row::time(row, "since")?));
    }
    let more = contacts.len() > limit;
    contacts.truncate(limit);
    let next = contacts.last().filter(|_| more).map(|(contact, _)| *contact);
    Ok(Members { contacts, next })
}

/// The live segments that a contact is in, with the time since when.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, contact: i64) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT l.name, m.since FROM segment_member m JOIN live_segment l ON l.id = m.segment \
         WHERE m.contact = ?1 AND l.name IS NOT NULL ORDER BY l.name",
    )?;
    let mut rows = statement.query([contact])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((row.get(0)?, row::time(row, "since")?));
    }
    Ok(all)
}

/// Somebody who came into a segment, or left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The row in `contact_event`.
    pub event: i64,
    /// Whose number.
    pub number: String,
    /// Whether the contact came in.
    pub entered: bool,
    /// When.
    pub at: Timestamp,
}

/// Who came into a segment and who left it, the newest first, from before the event `before` on.
///
/// # Errors
/// SQLite's own.
pub fn changes(
    connection: &Connection,
    name: &str,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Change>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.id, c.number, e.kind = 'segment_entered' AS entered, e.at FROM contact_event e \
         JOIN contact c ON c.id = e.contact \
         WHERE e.kind IN ('segment_entered', 'segment_left') AND e.properties ->> '$.segment' = ?1 AND e.id < ?2 \
         ORDER BY e.id DESC LIMIT ?3",
    )?;
    let mut rows = statement.query(params![name, before.unwrap_or(i64::MAX), limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (event, number, entered) = (row.get("id")?, row.get("number")?, row.get("entered")?);
        all.push(Change { event, number, entered, at: row::time(row, "at")? });
    }
    Ok(all)
}

/// A contact is new or was changed: live segments look at it, if there are any.
pub(super) fn touch(tx: &Tx<'_>, contact: i64) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT OR IGNORE INTO segment_touched SELECT ?1 \
             WHERE EXISTS (SELECT 1 FROM live_segment WHERE name IS NOT NULL)",
        )?
        .execute([contact])?;
    Ok(())
}

/// Takes up to `limit` contacts that changed, in order.
///
/// # Errors
/// SQLite's own.
pub fn take_touched(tx: &Tx<'_>, limit: usize) -> Result<Vec<i64>, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT contact FROM segment_touched ORDER BY contact LIMIT ?1")?;
    let touched: Vec<i64> = statement.query_map([limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if let Some(last) = touched.last() {
        tx.sql().prepare_cached("DELETE FROM segment_touched WHERE contact <= ?1")?.execute([last])?;
    }
    Ok(touched)
}

/// A contact is erased: it is in no segment any more, and nothing tells that it was.
pub(super) fn forget(tx: &Tx<'_>, contact: i64) -> Result<(), StoreError> {
    for sql in [
        "UPDATE live_segment SET members = members - 1 \
         WHERE id IN (SELECT segment FROM segment_member WHERE contact = ?1)",
        "DELETE FROM segment_member WHERE contact = ?1",
        "DELETE FROM segment_touched WHERE contact = ?1",
    ] {
        tx.sql().prepare_cached(sql)?.execute([contact])?;
    }
    Ok(())
}

/// Takes away up to `limit` members of segments that are live no more; returns how many rows went.
///
/// # Errors
/// SQLite's own.
pub fn clear(tx: &Tx<'_>, limit: usize) -> Result<usize, StoreError> {
    let mut find = tx.sql().prepare_cached("SELECT id FROM live_segment WHERE name IS NULL LIMIT 1")?;
    let Some(id) = find.query_row([], |row| row.get::<_, i64>(0)).optional()? else { return Ok(0) };
    let gone = tx
        .sql()
        .prepare_cached(
            "DELETE FROM segment_member WHERE segment = ?1 AND contact IN \
             (SELECT contact FROM segment_member WHERE segment = ?1 ORDER BY contact LIMIT ?2)",
        )?
        .execute(params![id, limit])?;
    if gone < limit {
        tx.sql().prepare_cached("DELETE FROM live_segment WHERE id = ?1")?.execute([id])?;
    }
    Ok(gone + 1)
}
