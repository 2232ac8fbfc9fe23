//! The `contest_seed`, `contest_entry` and `contest_draw` tables: who is in, and what was drawn from which seed.

use rusqlite::{Connection, OptionalExtension, params};

use super::definition;
use crate::{StoreError, Tx, row};
use postrider_campaign::contest::Contest;
use postrider_model::{MessageId, Timestamp};

/// Defines a contest and makes its seed, unless it has one.
///
/// # Errors
/// SQLite's own.
pub fn define(tx: &Tx<'_>, name: &str, contest: Contest, now: Timestamp) -> Result<bool, StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO contest_seed (contest, seed, made_at) VALUES (?1, lower(hex(randomblob(32))), ?2) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![name, now.as_millis()])?;
    definition::define(tx, name, contest, now)
}

/// The seed of the next draw, and whether nobody enters any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// 64 hexadecimal digits.
    pub seed: String,
    /// Whether a draw began.
    pub over: bool,
}

/// The seed of a contest.
///
/// # Errors
/// SQLite's own.
pub fn seed(connection: &Connection, contest: &str) -> Result<Option<Seed>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT seed, over FROM contest_seed WHERE contest = ?1")?;
    let read = |row: &rusqlite::Row<'_>| Ok(Seed { seed: row.get(0)?, over: row.get(1)? });
    Ok(statement.query_row([contest], read).optional()?)
}

/// From now on nobody enters any more.
///
/// # Errors
/// SQLite's own.
pub fn close(tx: &Tx<'_>, contest: &str) -> Result<(), StoreError> {
    tx.sql().prepare_cached("UPDATE contest_seed SET over = 1 WHERE contest = ?1")?.execute([contest])?;
    Ok(())
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// It is new, with this ticket.
    New(MessageId),
    /// The contact was in already.
    Again(MessageId),
}

/// Enters a contact, once.
///
/// # Errors
/// SQLite's own.
pub fn enter(tx: &Tx<'_>, contest: &str, contact: i64, by: &str, now: Timestamp) -> Result<Entry, StoreError> {
    let known: Option<i64> = tx
        .sql()
        .prepare_cached("SELECT id FROM contest_entry WHERE contest = ?1 AND contact = ?2")?
        .query_row(params![contest, contact], |row| row.get(0))
        .optional()?;
    if let Some(id) = known.and_then(MessageId::from_i64) {
        return Ok(Entry::Again(id));
    }
    let id = tx.next_id(now);
    tx.sql().prepare_cached("INSERT INTO contest_entry VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        id.as_i64(),
        contest,
        contact,
        now.as_millis(),
        by
    ])?;
    Ok(Entry::New(id))
}

/// An entry as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// Its ticket.
    pub ticket: MessageId,
    /// Whose, unless it was erased.
    pub contact: Option<i64>,
    /// The contact's number.
    pub number: Option<String>,
    /// When.
    pub at: Timestamp,
    /// By what.
    pub by: String,
}

/// Entries in the order of their tickets, from after `after`.
///
/// # Errors
/// SQLite's own.
pub fn entries(
    connection: &Connection,
    contest: &str,
    after: Option<MessageId>,
    limit: usize,
) -> Result<Vec<Entered>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.id, e.contact, c.number, e.at, e.entered_by FROM contest_entry e LEFT JOIN contact c ON c.id = e.contact \
         WHERE e.contest = ?1 AND e.id > ?2 ORDER BY e.id LIMIT ?3",
    )?;
    let mut rows = statement.query(params![contest, after.map_or(0, MessageId::as_i64), limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Entered {
            ticket: row::id(row, "id")?,
            contact: row.get("contact")?,
            number: row.get("number")?,
            at: row::time(row, "at")?,
            by: row.get("entered_by")?,
        });
    }
    Ok(all)
}

/// How many entries there are.
///
/// # Errors
/// SQLite's own.
pub fn count(connection: &Connection, contest: &str) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM contest_entry WHERE contest = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([contest], |row| row.get(0))?)
}

/// Shows all tickets in ascending order, one at a time.
///
/// # Errors
/// SQLite's own.
pub fn each_ticket(connection: &Connection, contest: &str, mut show: impl FnMut(&str)) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM contest_entry WHERE contest = ?1 ORDER BY id")?;
    let mut rows = statement.query([contest])?;
    while let Some(row) = rows.next()? {
        show(&row::id(row, "id")?.to_string());
    }
    Ok(())
}

/// The contact with a ticket.
///
/// # Errors
/// SQLite's own.
pub fn holder(connection: &Connection, ticket: &str) -> Result<Option<i64>, StoreError> {
    let Ok(id) = ticket.parse::<MessageId>() else { return Ok(None) };
    let mut statement = connection.prepare_cached("SELECT contact FROM contest_entry WHERE id = ?1")?;
    Ok(statement.query_row([id.as_i64()], |row| row.get(0)).optional()?.flatten())
}

/// A draw that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Which it is, from 1.
    pub n: i64,
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub token: i64,
    /// The seed that it follows from.
    pub seed: String,
    /// Whether the seed came from outside.
    pub given: bool,
    /// The hash of the list of tickets.
    pub list: String,
    /// How many tickets there were.
    pub entries: u64,
    /// The tickets that won, the first prize first.
    pub winners: Vec<String>,
    /// Why it was done again.
    pub reason: Option<String>,
}

/// Records a draw and makes the seed of the one that may come after it; returns which draw it is.
///
/// # Errors
/// SQLite's own.
pub fn record(tx: &Tx<'_>, contest: &str, drawn: &Drawn) -> Result<i64, StoreError> {
    let n: i64 = tx
        .sql()
        .prepare_cached("SELECT coalesce(max(n), 0) + 1 FROM contest_draw WHERE contest = ?1")?
        .query_row([contest], |row| row.get(0))?;
    let winners = serde_json::to_string(&drawn.winners).map_err(|error| StoreError::Row(error.to_string()))?;
    tx.sql().prepare_cached("INSERT INTO contest_draw VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute(
        params![
            contest,
            n,
            drawn.at.as_millis(),
            drawn.token,
            drawn.seed,
            drawn.given,
            drawn.list,
            i64::try_from(drawn.entries).unwrap_or(i64::MAX),
            winners,
            drawn.reason,
        ],
    )?;
    tx.sql()
        .prepare_cached("UPDATE contest_seed SET seed = lower(hex(randomblob(32))), made_at = ?2 WHERE contest = ?1")?
        .execute(params![contest, drawn.at.as_millis()])?;
    Ok(n)
}

/// The draws of a contest, the first one first.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn draws(connection: &Connection, contest: &str) -> Result<Vec<Drawn>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM contest_draw WHERE contest = ?1 ORDER BY n LIMIT 100")?;
    let mut rows = statement.query([contest])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let winners: String = row.get("winners")?;
        all.push(Drawn {
            n: row.get("n")?,
            at: row::time(row, "at")?,
            token: row.get("token")?,
            seed: row.get("seed")?,
            given: row.get("given")?,
            list: row.get("list")?,
            entries: row.get("entries")?,
            winners: serde_json::from_str(&winners).map_err(|error| StoreError::Row(format!("winners: {error}")))?,
            reason: row.get("reason")?,
        });
    }
    Ok(all)
}

/// The contests that a contact entered, with the tickets.
///
/// # Errors
/// SQLite's own.
pub fn of_contact(connection: &Connection, contact: i64) -> Result<Vec<(String, MessageId, Timestamp)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT contest, id, at FROM contest_entry WHERE contact = ?1 ORDER BY id LIMIT 1000")?;
    let mut rows = statement.query([contact])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((row.get("contest")?, row::id(row, "id")?, row::time(row, "at")?));
    }
    Ok(all)
}

/// Forgets what a contact entered. A ticket of a contest that was drawn stays, as nobody's, so that the draw can still be
/// repeated.
///
/// # Errors
/// SQLite's own.
pub fn forget(tx: &Tx<'_>, contact: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM contest_entry WHERE contact = ?1 AND contest NOT IN (SELECT contest FROM contest_draw)",
        "UPDATE contest_entry SET contact = NULL WHERE contact = ?1",
    ] {
        tx.sql().prepare_cached(sql)?.execute([contact])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    #[test]
    fn a_contact_is_in_once_and_tickets_come_in_order() {
        let mut database = Database::in_memory().unwrap();
        let tickets = database
            .write(|tx| (1..=20).map(|contact| enter(tx, "win", contact, "api", NOW)).collect::<Result<Vec<_>, _>>())
            .unwrap();
        let Entry::New(first) = tickets[0] else { panic!("{tickets:?}") };
        assert_eq!(database.write(|tx| enter(tx, "win", 1, "page", NOW)).unwrap(), Entry::Again(first));
        let mut shown = Vec::new();
        database.read(|c| each_ticket(c, "win", |ticket| shown.push(ticket.to_owned()))).unwrap();
        assert!(shown.is_sorted() && shown.len() == 20);
        assert_eq!(database.read(|c| entries(c, "win", Some(first), 5)).unwrap().len(), 5);
        assert_eq!(database.read(|c| holder(c, &shown[2])).unwrap(), Some(3));
    }

    #[test]
    fn a_drawn_contest_keeps_tickets_of_the_forgotten_and_gets_another_seed() {
        let mut database = Database::in_memory().unwrap();
        let contest: Contest = serde_json::from_str("{}").unwrap();
        database.write(|tx| define(tx, "win", contest.clone(), NOW)).unwrap();
        let first = database.read(|c| seed(c, "win")).unwrap().unwrap();
        database.write(|tx| define(tx, "win", contest.clone(), NOW)).unwrap();
        assert_eq!(database.read(|c| seed(c, "win")).unwrap().unwrap(), first, "a change keeps the seed");
        database
            .write(|tx| {
                [("win", 1), ("win", 2), ("other", 1)]
                    .into_iter()
                    .try_for_each(|(name, contact)| enter(tx, name, contact, "api", NOW).map(drop))
            })
            .unwrap();
        let drawn = Drawn {
            n: 1,
            at: NOW,
            token: 1,
            seed: first.seed.clone(),
            given: false,
            list: "l".to_owned(),
            entries: 2,
            winners: vec!["a".to_owned()],
            reason: None,
        };
        assert_eq!(database.write(|tx| record(tx, "win", &drawn)).unwrap(), 1);
        assert_eq!(database.read(|c| draws(c, "win")).unwrap(), [drawn]);
        assert_ne!(database.read(|c| seed(c, "win")).unwrap().unwrap().seed, first.seed);
        database.write(|tx| forget(tx, 1)).unwrap();
        assert_eq!(database.read(|c| count(c, "win")).unwrap(), 2);
        assert_eq!(database.read(|c| count(c, "other")).unwrap(), 0);
        assert!(database.read(|c| of_contact(c, 1)).unwrap().is_empty());
    }
}
