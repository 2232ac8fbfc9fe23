//! The `inbound` table: messages that came in.

use rusqlite::{Connection, Row, params};

use super::inbound_session::{self, Delivered, IS_READ, LIVES};
use super::{StoreError, Tx, row};
use postrider_model::{InboundMessage, MessageId, Sender, Timestamp};
use postrider_policy::redelivery::Earlier;

/// How many earlier messages with one content are looked at.
const EARLIER_MAX: usize = 16;

/// What tells a redelivery: who, whom, over which group, and the content.
pub fn digest(link_group: &str, from: &Sender, to: &Sender, content: &[u8]) -> i64 {
    row::hash(&[link_group.as_bytes(), from.as_str().as_bytes(), to.as_str().as_bytes(), content])
}

/// Messages with this content that came since `since` and at `until` the latest; the oldest first.
///
/// # Errors
/// SQLite's own.
pub fn earlier(
    tx: &Tx<'_>,
    digest: i64,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<(i64, Earlier)>, StoreError> {
    let sql = format!(
        "SELECT d.id, d.session, coalesce(d.came_at, d.received_at) AS came_at, d.received_at, {IS_READ}, {LIVES} \
         FROM (SELECT * FROM inbound WHERE digest = ?1 ORDER BY id DESC LIMIT {EARLIER_MAX}) d \
         LEFT JOIN inbound_session s ON s.session = d.session \
         WHERE d.received_at >= ?2 AND coalesce(d.came_at, d.received_at) <= ?3 ORDER BY d.id"
    );
    let mut statement = tx.sql().prepare_cached(&sql)?;
    let mut rows = statement.query(params![digest, since.as_millis(), until.as_millis()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get("id")?, inbound_session::earlier_of(row)?));
    }
    Ok(found)
}

/// Counts a redelivery on the message that it repeats; the redelivery's acknowledgement counts from now on.
///
/// # Errors
/// SQLite's own.
pub fn count_copy(tx: &Tx<'_>, id: i64, again: Delivered) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE inbound SET copies = copies + 1, session = ?2, place = ?3 WHERE id = ?1")?
        .execute(params![id, again.session, inbound_session::column(again.place)])?;
    Ok(())
}

/// How many redeliveries of a message, or of parts of it, there were.
///
/// # Errors
/// SQLite's own.
pub fn copies(connection: &Connection, id: MessageId) -> Result<u32, StoreError> {
    let mut statement = connection.prepare_cached("SELECT copies FROM inbound WHERE id = ?1")?;
    Ok(statement.query_row([id.as_i64()], |row| row.get(0))?)
}

/// How a message came, besides what it says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arrival<'a> {
    /// What tells a redelivery of it.
    pub digest: i64,
    /// How it is known when it comes again; absent if its parts know.
    pub delivered: Option<Delivered>,
    /// How many redeliveries of its parts there were.
    pub copies: u32,
    /// The SIM that it came to, over a modem.
    pub sim: Option<&'a str>,
}

/// Writes a whole incoming message.
///
/// # Errors
/// SQLite's own.
pub fn insert(tx: &Tx<'_>, message: &InboundMessage, arrival: Arrival<'_>) -> Result<(), StoreError> {
    let delivered = arrival.delivered;
    tx.sql()
        .prepare_cached(
            "INSERT INTO inbound (id, sender, recipient, body, data, link, received_at, parts, parts_came, digest, \
             session, copies, sim, place, came_at, sent_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            message.id.as_i64(),
            message.from.as_str(),
            message.to.as_str(),
            message.text,
            message.data,
            message.link,
            message.received_at.as_millis(),
            message.parts.0,
            message.parts.1,
            arrival.digest,
            delivered.map(|delivered| delivered.session),
            arrival.copies,
            arrival.sim,
            delivered.map(|delivered| inbound_session::column(delivered.place)),
            delivered.map(|delivered| delivered.came_at.as_millis()),
            message.sent_at.map(Timestamp::as_millis),
        ])?;
    Ok(())
}

fn inbound_of(row: &Row<'_>) -> Result<InboundMessage, StoreError> {
    Ok(InboundMessage {
        id: row::id(row, "id")?,
        from: Sender::from_network(&row.get::<_, String>("sender")?),
        to: Sender::from_network(&row.get::<_, String>("recipient")?),
        text: row.get("body")?,
        data: row.get("data")?,
        link: row.get("link")?,
        received_at: row::time(row, "received_at")?,
        parts: (row.get("parts")?, row.get("parts_came")?),
        sent_at: row::maybe_time(row, "sent_at")?,
    })
}

/// The newest incoming messages before `before`, at most `limit`, from one sender if asked.
///
/// # Errors
/// SQLite's own.
pub fn list(
    connection: &Connection,
    before: Option<MessageId>,
    from: Option<&str>,
    limit: usize,
) -> Result<Vec<InboundMessage>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM inbound WHERE id < ?1 AND (?2 IS NULL OR sender = ?2) ORDER BY id DESC LIMIT ?3",
    )?;
    let mut rows = statement.query(params![before.map_or(i64::MAX, MessageId::as_i64), from, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(inbound_of(row)?);
    }
    Ok(all)
}

/// Removes incoming messages that came before `before`, with their callbacks; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn purge_older(tx: &Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    const OLD: &str = "SELECT id FROM inbound WHERE received_at < ?1 LIMIT 1000";
    tx.sql()
        .prepare_cached(&format!("DELETE FROM callback WHERE message IN ({OLD})"))?
        .execute([before.as_millis()])?;
    tx.sql().prepare_cached(&format!("DELETE FROM heard WHERE message IN ({OLD})"))?.execute([before.as_millis()])?;
    Ok(tx.sql().prepare_cached(&format!("DELETE FROM inbound WHERE id IN ({OLD})"))?.execute([before.as_millis()])?)
}

/// Removes up to `limit` incoming messages of one sender, with their callbacks and waiting parts; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn erase(tx: &Tx<'_>, sender: &str, limit: usize) -> Result<usize, StoreError> {
    const OWN: &str = "SELECT id FROM inbound WHERE sender = ?1 ORDER BY id LIMIT ?2";
    let sql = tx.sql();
    for table in ["callback", "heard"] {
        let gone = format!("DELETE FROM {table} WHERE message IN ({OWN})");
        sql.prepare_cached(&gone)?.execute(params![sender, limit])?;
    }
    sql.prepare_cached("DELETE FROM inbound_part WHERE sender = ?1")?.execute([sender])?;
    Ok(sql.prepare_cached(&format!("DELETE FROM inbound WHERE id IN ({OWN})"))?.execute(params![sender, limit])?)
}
