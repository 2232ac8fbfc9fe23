//! The `callback` table: what the tools are still to be told, in order for each message.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{StoreError, Tx, damaged, row};
use postrider_model::{MessageId, Timestamp, origin_of};

/// A callback that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The message, outgoing or incoming.
    pub message: MessageId,
    /// Which of the message's callbacks, from 0.
    pub n: u32,
    /// Where it goes.
    pub target: String,
    /// What is signed and sent.
    pub body: String,
    /// When the change happened.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
}

impl Callback {
    /// The id that stays the same over all tries: `webhook-id`.
    pub fn id(&self) -> String {
        format!("evt_{}_{}", self.message, self.n)
    }
}

/// Queues a callback behind those that the message already has.
///
/// # Errors
/// SQLite's own.
pub fn add(tx: &Tx<'_>, message: MessageId, target: &str, body: &str, now: Timestamp) -> Result<(), StoreError> {
    // Only the first unfinished callback of a message is due; the others wait for it, so that their order holds.
    let (next, open): (u32, bool) = tx
        .sql()
        .prepare_cached(
            "SELECT coalesce(max(n) + 1, 0), coalesce(max(done_at IS NULL AND dead_at IS NULL), 0) \
             FROM callback WHERE message = ?1",
        )?
        .query_row([message.as_i64()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    tx.sql()
        .prepare_cached(
            "INSERT INTO callback (message, n, target, body, created_at, due_at, origin) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            message.as_i64(),
            next,
            target,
            body,
            now.as_millis(),
            (!open).then(|| now.as_millis()),
            origin_of(target)
        ])?;
    Ok(())
}

/// Gives the first callback of a message another body, in the transaction that queued it.
///
/// # Errors
/// SQLite's own.
pub fn reword(
    tx: &Tx<'_>,
    message: MessageId,
    change: impl FnOnce(&str) -> Result<String, StoreError>,
) -> Result<(), StoreError> {
    let mut find = tx.sql().prepare_cached("SELECT body FROM callback WHERE message = ?1 AND n = 0")?;
    let Some(body) = find.query_row([message.as_i64()], |row| row.get::<_, String>(0)).optional()? else {
        return Ok(());
    };
    tx.sql()
        .prepare_cached("UPDATE callback SET body = ?2 WHERE message = ?1 AND n = 0")?
        .execute(params![message.as_i64(), change(&body)?])?;
    Ok(())
}

/// The first origin behind `after`, in their order, that has callbacks that are or will be due. Each costs one look into
/// an index, however many callbacks wait there.
///
/// # Errors
/// SQLite's own.
pub fn next_origin(tx: &Tx<'_>, after: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT origin FROM callback WHERE due_at IS NOT NULL AND origin > ?1 ORDER BY origin LIMIT 1";
    Ok(tx.sql().prepare_cached(sql)?.query_row([after], |row| row.get(0)).optional()?)
}

/// Takes callbacks to `origin` that are due at `now` and puts them off until `until`, so that they are not taken twice.
///
/// # Errors
/// SQLite's own.
pub fn take_due(
    tx: &Tx<'_>,
    origin: &str,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Callback>, StoreError> {
    let due = due(tx, origin, now, limit)?;
    for callback in &due {
        set_due(tx, callback.message, callback.n, Some(until))?;
    }
    Ok(due)
}

fn due(tx: &Tx<'_>, origin: &str, now: Timestamp, limit: usize) -> Result<Vec<Callback>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT message, n, target, body, created_at, tries FROM callback \
         WHERE origin = ?1 AND due_at IS NOT NULL AND due_at <= ?2 ORDER BY due_at LIMIT ?3",
    )?;
    let mut rows = statement.query(params![origin, now.as_millis(), limit])?;
    let sorted = damaged::sort(&mut rows, damaged::raw::<2>, due_of)?;
    drop(rows);
    for ([message, n], why) in &sorted.bad {
        set_aside(tx, message, n, why, now)?;
    }
    Ok(sorted.good)
}

fn due_of(row: &Row<'_>) -> Result<Callback, StoreError> {
    Ok(Callback {
        message: row::id(row, "message")?,
        n: row.get("n")?,
        target: row.get("target")?,
        body: row.get("body")?,
        created_at: row::time(row, "created_at")?,
        tries: row.get("tries")?,
    })
}

/// Makes a dead letter of a callback that cannot be read, and lets the next one of its message go.
fn set_aside(tx: &Tx<'_>, message: &Value, n: &Value, why: &str, now: Timestamp) -> Result<(), StoreError> {
    let note = format!("set aside: {why}");
    tx.sql()
        .prepare_cached("UPDATE callback SET due_at = NULL, dead_at = ?3, note = ?4 WHERE message IS ?1 AND n IS ?2")?
        .execute(params![message, n, now.as_millis(), note])?;
    if let Value::Integer(message) = message
        && let Some(message) = MessageId::from_i64(*message)
    {
        release_next(tx, message, now)?;
    }
    damaged::note(tx, "callback", &damaged::shown(&[message.clone(), n.clone()]), why, None)
}

/// Gives up callbacks to `origin` that were made before `before` and are due, with `note`: a target that fails is probed with
/// one at a time, and what waits behind that gets no try of its own. Looks at up to `limit`, and returns how many it gave up.
///
/// # Errors
/// SQLite's own.
pub fn give_up_old(
    tx: &Tx<'_>,
    origin: &str,
    before: Timestamp,
    limit: usize,
    note: &str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    // Whoever was never tried is due since it was made, so the oldest stand in front.
    let old = due(tx, origin, now, limit)?.into_iter().filter(|callback| callback.created_at < before);
    let mut given_up = 0;
    for callback in old {
        let sql = "UPDATE callback SET note = ?3, due_at = NULL, dead_at = ?4 WHERE message = ?1 AND n = ?2";
        let key = (callback.message.as_i64(), callback.n, note, now.as_millis());
        tx.sql().prepare_cached(sql)?.execute(key)?;
        release_next(tx, callback.message, now)?;
        given_up += 1;
    }
    Ok(given_up)
}

/// How far [`release_owed`] came: the message and the place of the last callback that it looked at.
pub type Place = (i64, u32);

/// Makes callbacks due at `now` that a stopped process still owed, whatever it had put them off for: taken and not
/// recorded, put off after a failure, or never released. Of each message the first unfinished one, so that the order holds;
/// the others wait for it. Looks at `limit` callbacks behind `after`; returns how many became due, and where to go on.
///
/// # Errors
/// SQLite's own.
pub fn release_owed(
    tx: &Tx<'_>,
    now: Timestamp,
    after: Option<Place>,
    limit: usize,
) -> Result<(usize, Option<Place>), StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT message, n, due_at FROM callback WHERE done_at IS NULL AND dead_at IS NULL AND (message, n) > (?1, ?2) \
         ORDER BY message, n LIMIT ?3",
    )?;
    let (message, n) = after.map_or((i64::MIN, -1), |(message, n)| (message, i64::from(n)));
    let open: Vec<(i64, u32, Option<i64>)> = statement
        .query_map(params![message, n, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    drop(statement);
    let (mut released, mut before) = (0, after.map(|(message, _)| message));
    let mut set = tx.sql().prepare_cached("UPDATE callback SET due_at = ?3 WHERE message = ?1 AND n = ?2")?;
    for &(message, n, due_at) in &open {
        let first = before.replace(message) != Some(message);
        if first && due_at.is_none_or(|at| at > now.as_millis()) {
            set.execute(params![message, n, now.as_millis()])?;
            released += 1;
        } else if !first && due_at.is_some() {
            set.execute(params![message, n, None::<i64>])?;
        }
    }
    let more = open.len() == limit;
    Ok((released, open.last().map(|&(message, n, _)| (message, n)).filter(|_| more)))
}

/// When the next callback to `origin` is due.
///
/// # Errors
/// SQLite's own.
pub fn next_due(tx: &Tx<'_>, origin: &str) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(due_at) FROM callback WHERE origin = ?1 AND due_at IS NOT NULL";
    let at: Option<i64> = tx.sql().prepare_cached(sql)?.query_row([origin], |row| row.get(0))?;
    Ok(at.map(Timestamp::from_millis))
}

fn set_due(tx: &Tx<'_>, message: MessageId, n: u32, due_at: Option<Timestamp>) -> Result<(), StoreError> {
    tx.sql().prepare_cached("UPDATE callback SET due_at = ?3 WHERE message = ?1 AND n = ?2")?.execute(params![
        message.as_i64(),
        n,
        due_at.map(Timestamp::as_millis)
    ])?;
    Ok(())
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The target has it.
    Done,
    /// Try again then.
    Again(Timestamp),
    /// Given up; kept as a dead letter.
    Dead,
}

/// Records how a try ended and, if it was the last, lets the message's next callback go.
///
/// # Errors
/// SQLite's own.
pub fn record(tx: &Tx<'_>, callback: &Callback, ending: &Ending, note: &str, now: Timestamp) -> Result<(), StoreError> {
    let key = (callback.message.as_i64(), callback.n, callback.tries + 1, note, now.as_millis());
    let sql = match ending {
        Ending::Again(at) => {
            tx.sql()
                .prepare_cached("UPDATE callback SET tries = ?3, note = ?4, due_at = ?5 WHERE message = ?1 AND n = ?2")?
                .execute((key.0, key.1, key.2, key.3, at.as_millis()))?;
            return Ok(());
        }
        Ending::Done => {
            "UPDATE callback SET tries = ?3, note = ?4, due_at = NULL, body = NULL, done_at = ?5 \
             WHERE message = ?1 AND n = ?2"
        }
        Ending::Dead => {
            "UPDATE callback SET tries = ?3, note = ?4, due_at = NULL, dead_at = ?5 WHERE message = ?1 AND n = ?2"
        }
    };
    tx.sql().prepare_cached(sql)?.execute(key)?;
    release_next(tx, callback.message, now)
}

/// Lets the first unfinished callback of a message go, if it waits. It need not be the one behind the last that ended: dead
/// letters that are replayed end after later ones.
fn release_next(tx: &Tx<'_>, message: MessageId, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "UPDATE callback SET due_at = ?2 WHERE message = ?1 AND due_at IS NULL AND n = (SELECT min(n) FROM callback \
             WHERE message = ?1 AND done_at IS NULL AND dead_at IS NULL)",
        )?
        .execute(params![message.as_i64(), now.as_millis()])?;
    Ok(())
}

/// Makes dead letters due again: those of one message, or all; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn replay(tx: &Tx<'_>, message: Option<MessageId>, now: Timestamp) -> Result<usize, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "UPDATE callback SET dead_at = NULL, tries = 0, due_at = ?2, note = 'replayed' \
             WHERE dead_at IS NOT NULL AND (?1 IS NULL OR message = ?1)",
        )?
        .execute(params![message.map(MessageId::as_i64), now.as_millis()])?)
}

/// What a technician sees of a callback.
#[derive(Debug, Clone)]
pub struct View {
    /// Which of the message's callbacks.
    pub n: u32,
    /// Where it goes.
    pub target: String,
    /// When the change happened.
    pub created_at: Timestamp,
    /// When it is due again.
    pub due_at: Option<Timestamp>,
    /// How often it was tried.
    pub tries: u32,
    /// When the target took it.
    pub done_at: Option<Timestamp>,
    /// When it was given up.
    pub dead_at: Option<Timestamp>,
    /// The last answer.
    pub note: Option<String>,
}

fn view_of(row: &Row<'_>) -> Result<View, StoreError> {
    Ok(View {
        n: row.get("n")?,
        target: row.get("target")?,
        created_at: row::time(row, "created_at")?,
        due_at: row::maybe_time(row, "due_at")?,
        tries: row.get("tries")?,
        done_at: row::maybe_time(row, "done_at")?,
        dead_at: row::maybe_time(row, "dead_at")?,
        note: row.get("note")?,
    })
}

/// The callbacks of a message, in order.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, message: MessageId) -> Result<Vec<View>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM callback WHERE message = ?1 ORDER BY n")?;
    let mut rows = statement.query([message.as_i64()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(view_of(row)?);
    }
    Ok(all)
}

/// The callbacks that were given up, the latest first, each with its message.
///
/// # Errors
/// SQLite's own.
pub fn dead(connection: &Connection, limit: usize) -> Result<Vec<(MessageId, View)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM callback WHERE dead_at IS NOT NULL ORDER BY dead_at DESC LIMIT ?1")?;
    let mut rows = statement.query([limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((row::id(row, "message")?, view_of(row)?));
    }
    Ok(all)
}

/// How many callbacks wait, and how many are dead.
///
/// # Errors
/// SQLite's own.
pub fn counts(connection: &Connection) -> Result<(i64, i64), StoreError> {
    let count = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    Ok((
        count("SELECT count(*) FROM callback WHERE due_at IS NOT NULL")?,
        count("SELECT count(*) FROM callback WHERE dead_at IS NOT NULL")?,
    ))
}

/// Removes callbacks that still hold `number` in their bodies. They are found by reading all that are not delivered, which
/// is slow and rare.
///
/// # Errors
/// SQLite's own.
pub fn erase(tx: &Tx<'_>, number: &str) -> Result<usize, StoreError> {
    let sql = "DELETE FROM callback WHERE body IS NOT NULL AND instr(body, ?1) > 0";
    Ok(tx.sql().prepare_cached(sql)?.execute([number])?)
}

#[cfg(test)]
mod tests {
    use super::super::Database;
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const HOST: &str = "http://a:80";
    const LATER: Timestamp = Timestamp::from_millis(1_795_305_660_000);

    #[test]
    fn callbacks_of_a_message_keep_their_order_over_failures() {
        let mut database = Database::in_memory().unwrap();
        let id = MessageId::from_i64(7).unwrap();
        let take = |database: &mut Database, now| database.write(|tx| take_due(tx, HOST, now, LATER, 10)).unwrap();
        database.write(|tx| add(tx, id, "http://a/", "1", NOW)).unwrap();
        database.write(|tx| add(tx, id, "http://a/", "2", NOW)).unwrap();
        let first = take(&mut database, NOW);
        assert_eq!(first.iter().map(|c| c.body.as_str()).collect::<Vec<_>>(), ["1"]);
        assert!(take(&mut database, NOW).is_empty(), "taken once only");
        database.write(|tx| record(tx, &first[0], &Ending::Again(LATER), "503", NOW)).unwrap();
        let again = take(&mut database, LATER);
        assert_eq!((again[0].body.as_str(), again[0].tries), ("1", 1));
        database.write(|tx| record(tx, &again[0], &Ending::Done, "200", LATER)).unwrap();
        assert_eq!(take(&mut database, LATER)[0].body, "2");
    }

    #[test]
    fn a_dead_letter_lets_the_next_one_go_and_can_be_replayed() {
        let mut database = Database::in_memory().unwrap();
        let id = MessageId::from_i64(7).unwrap();
        database.write(|tx| add(tx, id, "http://a/", "1", NOW)).unwrap();
        database.write(|tx| add(tx, id, "http://a/", "2", NOW)).unwrap();
        let first = database.write(|tx| take_due(tx, HOST, NOW, LATER, 10)).unwrap();
        database.write(|tx| record(tx, &first[0], &Ending::Dead, "404", NOW)).unwrap();
        assert_eq!(database.write(|tx| take_due(tx, HOST, NOW, LATER, 10)).unwrap()[0].body, "2");
        assert_eq!(database.write(|tx| replay(tx, None, NOW)).unwrap(), 1);
        assert_eq!(database.write(|tx| take_due(tx, HOST, NOW, LATER, 10)).unwrap()[0].body, "1");
        assert_eq!(database.read(counts).unwrap(), (2, 0));
    }

    #[test]
    fn every_host_is_found_by_the_index_whatever_waits_for_the_others() {
        let mut database = Database::in_memory().unwrap();
        for n in 1..=300 {
            let url = if n % 100 == 0 { format!("https://good-{n}/x") } else { format!("http://a/{n}") };
            database.write(|tx| add(tx, MessageId::from_i64(n).unwrap(), &url, "1", NOW)).unwrap();
        }
        let mut origins = vec![String::new()];
        while let Some(next) = database.write(|tx| next_origin(tx, origins.last().unwrap())).unwrap() {
            origins.push(next);
        }
        assert_eq!(origins[1..], [HOST, "https://good-100:443", "https://good-200:443", "https://good-300:443"]);
        for sql in [
            "SELECT origin FROM callback WHERE due_at IS NOT NULL AND origin > '' ORDER BY origin LIMIT 1",
            "SELECT n FROM callback WHERE origin = 'a' AND due_at IS NOT NULL AND due_at <= 7 ORDER BY due_at LIMIT 1",
            "SELECT min(due_at) FROM callback WHERE origin = 'a' AND due_at IS NOT NULL",
            "SELECT n FROM callback WHERE due_at > 7 AND due_at <= 9",
        ] {
            let plan: String = database
                .read(|c| Ok(c.query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get("detail"))?))
                .unwrap();
            assert!(plan.contains("callback_origin"), "{sql}: {plan}");
        }
    }

    #[test]
    fn what_waits_behind_a_dead_host_for_too_long_is_given_up() {
        let mut database = Database::in_memory().unwrap();
        for (n, at) in [(1, NOW), (2, NOW), (3, LATER)] {
            database.write(|tx| add(tx, MessageId::from_i64(n).unwrap(), "http://a/", "1", at)).unwrap();
        }
        let first = MessageId::from_i64(1).unwrap();
        database.write(|tx| add(tx, first, "http://b/", "2", NOW)).unwrap();
        assert_eq!(database.write(|tx| give_up_old(tx, HOST, LATER, 10, "no answer", LATER)).unwrap(), 2);
        assert_eq!(database.read(counts).unwrap(), (2, 2));
        let next = database.write(|tx| take_due(tx, "http://b:80", LATER, LATER, 10)).unwrap();
        assert_eq!(next[0].message, first, "what follows it goes on");
    }
}
