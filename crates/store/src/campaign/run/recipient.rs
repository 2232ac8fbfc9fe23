//! The `campaign_recipient` table: one row for each contact that a campaign took, with what became of it. It outlives the
//! messages, so that reports stay right after they are gone.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{StoreError, Tx, damaged, row};
use postrider_campaign::origin::Kind;
use postrider_campaign::run::report::Standing;
use postrider_model::{MessageId, State, Timestamp};

/// A contact that a campaign takes.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The campaign.
    pub campaign: i64,
    /// Its place, from 1.
    pub n: i64,
    /// The contact.
    pub contact: i64,
    /// The variant, or control.
    pub part: &'a str,
    /// The country of the number.
    pub country: Option<&'a str>,
    /// When its turn is.
    pub turn_at: Timestamp,
    /// Whether it gets a text.
    pub writes: bool,
}

/// Takes a contact. One that was taken already is left as it is; says whether it is new.
///
/// # Errors
/// SQLite's own.
pub fn take(tx: &Tx<'_>, new: New<'_>) -> Result<bool, StoreError> {
    let state = if new.writes { Standing::Waiting } else { Standing::Control };
    let turn = new.turn_at.as_millis();
    let taken = tx
        .sql()
        .prepare_cached(
            "INSERT INTO campaign_recipient (campaign, n, contact, part, country, turn_at, due_at, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (contact, campaign) WHERE contact IS NOT NULL DO NOTHING",
        )?
        .execute(params![
            new.campaign,
            new.n,
            new.contact,
            new.part,
            new.country,
            turn,
            new.writes.then_some(turn),
            state.as_str(),
        ])?;
    Ok(taken > 0)
}

/// Moves the turns of recipients `after` and following, at most `limit`, each by what `offset` says of its place. Returns the
/// last one's place, or `None` if there was none.
///
/// # Errors
/// SQLite's own.
pub fn spread(
    tx: &Tx<'_>,
    campaign: i64,
    after: i64,
    limit: usize,
    offset: impl Fn(i64) -> std::time::Duration,
) -> Result<Option<i64>, StoreError> {
    let mut statement = tx
        .sql()
        .prepare_cached("SELECT n FROM campaign_recipient WHERE campaign = ?1 AND n > ?2 ORDER BY n LIMIT ?3")?;
    let places: Vec<i64> =
        statement.query_map(params![campaign, after, limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut update = tx.sql().prepare_cached(
        "UPDATE campaign_recipient SET turn_at = turn_at + ?3, due_at = due_at + ?3 WHERE campaign = ?1 AND n = ?2",
    )?;
    for n in &places {
        let millis = i64::try_from(offset(*n).as_millis()).unwrap_or(0);
        update.execute(params![campaign, n, millis])?;
    }
    Ok(places.last().copied())
}

/// A recipient whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its place.
    pub n: i64,
    /// The contact; absent if it is gone.
    pub contact: Option<i64>,
    /// The variant.
    pub part: String,
    /// When its turn was.
    pub turn_at: Timestamp,
}

/// The recipients whose turn it is at `now`, the longest due first.
///
/// # Errors
/// SQLite's own.
pub fn due(tx: &Tx<'_>, campaign: i64, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT n, contact, part, turn_at FROM campaign_recipient WHERE campaign = ?1 AND due_at <= ?2 \
         ORDER BY due_at, n LIMIT ?3",
    )?;
    let due = |row: &Row<'_>| {
        Ok(Due { n: row.get(0)?, contact: row.get(1)?, part: row.get(2)?, turn_at: row::time(row, 3)? })
    };
    let mut rows = statement.query(params![campaign, now.as_millis(), limit])?;
    let sorted = damaged::sort(&mut rows, damaged::raw::<1>, due)?;
    for ([n], why) in &sorted.bad {
        let sql = "UPDATE campaign_recipient SET due_at = NULL WHERE campaign = ?1 AND n IS ?2";
        tx.sql().prepare_cached(sql)?.execute(params![campaign, n])?;
        let row = format!("{campaign} {}", damaged::shown(std::slice::from_ref(n)));
        damaged::note(tx, "campaign_recipient", &row, why, None)?;
    }
    Ok(sorted.good)
}

/// When the next turn is, if anybody waits for one.
///
/// # Errors
/// SQLite's own.
pub fn next_due(connection: &Connection, campaign: i64) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT min(due_at) FROM campaign_recipient WHERE campaign = ?1 AND due_at IS NOT NULL")?;
    Ok(statement.query_row([campaign], |row| row.get::<_, Option<i64>>(0))?.map(Timestamp::from_millis))
}

/// What was decided about a recipient.
#[derive(Debug, Clone, Default)]
pub struct Decided<'a> {
    /// Why there is no message.
    pub reason: Option<&'a str>,
    /// The message.
    pub message: Option<MessageId>,
    /// How many segments it has.
    pub segments: Option<usize>,
    /// What they cost, in millionths.
    pub cost: Option<i64>,
}

/// Ends a recipient's waiting.
///
/// # Errors
/// SQLite's own.
pub fn decide(
    tx: &Tx<'_>,
    campaign: i64,
    n: i64,
    standing: Standing,
    decided: &Decided<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "UPDATE campaign_recipient SET due_at = NULL, state = ?3, at = ?4, reason = ?5, message = ?6, segments = ?7, \
             cost = ?8 WHERE campaign = ?1 AND n = ?2",
        )?
        .execute(params![
            campaign,
            n,
            standing.as_str(),
            now.as_millis(),
            decided.reason,
            decided.message.map(MessageId::as_i64),
            decided.segments,
            decided.cost,
        ])?;
    Ok(())
}

/// Lets a recipient wait until `due_at`.
///
/// # Errors
/// SQLite's own.
pub fn defer(tx: &Tx<'_>, campaign: i64, n: i64, due_at: Timestamp, reason: &str) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE campaign_recipient SET due_at = ?3, reason = ?4 WHERE campaign = ?1 AND n = ?2")?
        .execute(params![campaign, n, due_at.as_millis(), reason])?;
    Ok(())
}

/// The recipient whose message was taken out of the queue: it waits again, or is withdrawn.
///
/// # Errors
/// SQLite's own.
pub fn take_back(tx: &Tx<'_>, campaign: i64, contact: i64, waits: bool, now: Timestamp) -> Result<(), StoreError> {
    let standing = if waits { Standing::Waiting } else { Standing::Withdrawn };
    tx.sql()
        .prepare_cached(
            "UPDATE campaign_recipient SET state = ?3, due_at = ?4, at = ?5, reason = NULL, message = NULL, \
             segments = NULL, cost = NULL WHERE contact = ?2 AND campaign = ?1",
        )?
        .execute(params![
            campaign,
            contact,
            standing.as_str(),
            waits.then_some(now.as_millis()),
            (!waits).then_some(now.as_millis()),
        ])?;
    Ok(())
}

/// Withdraws those who still wait for their turn, at most `limit`; returns how many there were.
///
/// # Errors
/// SQLite's own.
pub fn withdraw(tx: &Tx<'_>, campaign: i64, limit: usize, now: Timestamp) -> Result<usize, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "UPDATE campaign_recipient SET state = 'withdrawn', due_at = NULL, at = ?3 WHERE campaign = ?1 AND n IN \
             (SELECT n FROM campaign_recipient WHERE campaign = ?1 AND due_at IS NOT NULL LIMIT ?2)",
        )?
        .execute(params![campaign, limit, now.as_millis()])?)
}

/// A recipient, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its place.
    pub n: i64,
    /// The number; absent once the contact is gone.
    pub number: Option<String>,
    /// The variant, or control.
    pub part: String,
    /// Where it stands; the state of its message if there is one.
    pub state: String,
    /// When its turn is or was.
    pub turn_at: Timestamp,
    /// When it is due, while it waits.
    pub due_at: Option<Timestamp>,
    /// When it was decided.
    pub at: Option<Timestamp>,
    /// Why there is no message, or why it did not arrive.
    pub reason: Option<String>,
    /// The message.
    pub message: Option<MessageId>,
    /// How many segments it has.
    pub segments: Option<i64>,
}

fn recipient_of(row: &Row<'_>) -> Result<Recipient, StoreError> {
    Ok(Recipient {
        n: row.get("n")?,
        number: row.get("number")?,
        part: row.get("part")?,
        state: row.get("state")?,
        turn_at: row::time(row, "turn_at")?,
        due_at: row::maybe_time(row, "due_at")?,
        at: row::maybe_time(row, "at")?,
        reason: row.get("reason")?,
        message: row.get::<_, Option<i64>>("message")?.and_then(MessageId::from_i64),
        segments: row.get("segments")?,
    })
}

/// The recipients after place `after`, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn list(connection: &Connection, campaign: i64, after: i64, limit: usize) -> Result<Vec<Recipient>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT r.n, c.number, r.part, coalesce(m.state, r.state) AS state, r.turn_at, r.due_at, r.at, r.reason, r.message, \
         r.segments FROM campaign_recipient r LEFT JOIN contact c ON c.id = r.contact \
         LEFT JOIN message m ON m.id = r.message WHERE r.campaign = ?1 AND r.n > ?2 ORDER BY r.n LIMIT ?3",
    )?;
    let mut rows = statement.query(params![campaign, after, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(recipient_of(row)?);
    }
    Ok(all)
}

/// The campaigns that took a contact: name, variant, state and when its turn was.
///
/// # Errors
/// SQLite's own.
pub fn of_contact(connection: &Connection, contact: i64) -> Result<Vec<(String, Recipient)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT p.name AS campaign_name, r.n, c.number, r.part, coalesce(m.state, r.state) AS state, r.turn_at, r.due_at, \
         r.at, r.reason, r.message, r.segments FROM campaign_recipient r JOIN campaign p ON p.id = r.campaign \
         LEFT JOIN contact c ON c.id = r.contact LEFT JOIN message m ON m.id = r.message \
         WHERE r.contact = ?1 ORDER BY r.campaign LIMIT 10000",
    )?;
    let mut rows = statement.query([contact])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((row.get("campaign_name")?, recipient_of(row)?));
    }
    Ok(all)
}

/// Takes a contact that is gone out of all campaigns; that they took somebody stays. Who waits for his turn gets none.
///
/// # Errors
/// SQLite's own.
pub fn forget(tx: &Tx<'_>, contact: i64) -> Result<usize, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "UPDATE campaign_recipient SET contact = NULL, due_at = NULL, \
             state = CASE state WHEN 'waiting' THEN 'skipped' \
             ELSE coalesce((SELECT m.state FROM message m WHERE m.id = campaign_recipient.message), state) END, \
             reason = CASE state WHEN 'waiting' THEN 'contact_gone' ELSE reason END WHERE contact = ?1",
        )?
        .execute([contact])?)
}

/// Keeps what became of a message that is about to be removed.
///
/// # Errors
/// SQLite's own.
pub fn keep_outcome(tx: &Tx<'_>, message: MessageId, state: State) -> Result<(), StoreError> {
    let origin = tx
        .sql()
        .prepare_cached("SELECT source, contact FROM origin WHERE message = ?1 AND kind = ?2")?
        .query_row(params![message.as_i64(), Kind::Campaign.as_str()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    let Some((campaign, contact)) = origin else { return Ok(()) };
    let reason = super::report::reason_of(tx.sql(), message, state)?;
    tx.sql()
        .prepare_cached(
            "UPDATE campaign_recipient SET state = ?4, reason = coalesce(?5, reason) \
             WHERE contact = ?2 AND campaign = (SELECT id FROM campaign WHERE name = ?1) AND message = ?3",
        )?
        .execute(params![campaign, contact, message.as_i64(), state.as_str(), reason])?;
    Ok(())
}

/// How many recipients of a campaign are in each state; that of the message where there is one.
///
/// # Errors
/// SQLite's own.
pub fn counts(connection: &Connection, campaign: i64) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(m.state, r.state), count(*) FROM campaign_recipient r LEFT JOIN message m ON m.id = r.message \
         WHERE r.campaign = ?1 GROUP BY 1",
    )?;
    let rows = statement.query_map([campaign], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
