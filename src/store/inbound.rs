//! The `inbound` and `inbound_part` tables: messages that came in, and parts that wait for their siblings.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{StoreError, Tx, damaged, row};
use crate::model::{Alphabet, InboundMessage, InboundPart, MessageId, PartOf, Sender, Timestamp};

/// Keeps one part of a longer message; a copy of a part that is there already changes nothing.
///
/// # Errors
/// SQLite's own.
pub fn keep_part(
    tx: &Tx<'_>,
    link_group: &str,
    part: &InboundPart,
    of: PartOf,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("INSERT OR IGNORE INTO inbound_part VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            link_group,
            part.from.as_str(),
            part.to.as_str(),
            of.reference,
            of.total,
            of.number,
            part.alphabet.as_str(),
            part.elements,
            part.payload,
            now.as_millis(),
        ])?;
    Ok(())
}

/// A kept part.
#[derive(Debug, Clone)]
pub struct KeptPart {
    /// Its number, from 1.
    pub number: u8,
    /// How to read the payload.
    pub alphabet: Alphabet,
    /// Other information elements.
    pub elements: Vec<u8>,
    /// The payload.
    pub payload: Vec<u8>,
}

/// Names a set of parts that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSet {
    /// The link group that they came in on.
    pub link_group: String,
    /// Who sent them.
    pub sender: String,
    /// Our number.
    pub recipient: String,
    /// The sender's reference.
    pub reference: u16,
    /// How many there should be.
    pub total: u8,
}

/// The parts of a set that are there, in order.
///
/// # Errors
/// SQLite's own.
pub fn parts(tx: &Tx<'_>, set: &PartSet) -> Result<Vec<KeptPart>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT number, alphabet, elements, payload FROM inbound_part WHERE link_group = ?1 AND sender = ?2 AND \
         recipient = ?3 AND reference = ?4 AND total = ?5 ORDER BY number",
    )?;
    let mut rows = statement.query(params![set.link_group, set.sender, set.recipient, set.reference, set.total])?;
    let sorted = damaged::sort(&mut rows, damaged::raw::<1>, part_of)?;
    drop(rows);
    for ([number], why) in &sorted.bad {
        // The set is shown without it, when its time is over or the others are there.
        let number = damaged::shown(std::slice::from_ref(number));
        let row = format!("{} {} {} {} {number}", set.link_group, set.sender, set.recipient, set.reference);
        damaged::note(tx, "inbound_part", &row, why, None)?;
    }
    Ok(sorted.good)
}

fn part_of(row: &Row<'_>) -> Result<KeptPart, StoreError> {
    let word: String = row.get("alphabet")?;
    let alphabet = Alphabet::ALL.into_iter().find(|alphabet| alphabet.as_str() == word);
    Ok(KeptPart {
        number: row.get("number")?,
        alphabet: alphabet.ok_or_else(|| StoreError::Row(format!("alphabet {word}")))?,
        elements: row.get("elements")?,
        payload: row.get("payload")?,
    })
}

/// Forgets the parts of a set.
///
/// # Errors
/// SQLite's own.
pub fn forget_parts(tx: &Tx<'_>, set: &PartSet) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "DELETE FROM inbound_part WHERE link_group = ?1 AND sender = ?2 AND recipient = ?3 AND reference = ?4 AND \
             total = ?5",
        )?
        .execute(params![set.link_group, set.sender, set.recipient, set.reference, set.total])?;
    Ok(())
}

/// Sets whose first part came before `before`: their siblings are not coming any more.
///
/// # Errors
/// SQLite's own.
pub fn stale_sets(tx: &Tx<'_>, before: Timestamp, limit: usize) -> Result<Vec<PartSet>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT DISTINCT link_group, sender, recipient, reference, total FROM inbound_part WHERE received_at < ?1 LIMIT ?2",
    )?;
    let rows = statement.query_map(params![before.as_millis(), limit], |row| {
        Ok(PartSet {
            link_group: row.get(0)?,
            sender: row.get(1)?,
            recipient: row.get(2)?,
            reference: row.get(3)?,
            total: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What tells a redelivery: who, whom, over which group, and the content.
pub fn digest(link_group: &str, from: &Sender, to: &Sender, content: &[u8]) -> i64 {
    row::hash(&[link_group.as_bytes(), from.as_str().as_bytes(), to.as_str().as_bytes(), content])
}

/// What a redelivery looks like.
#[derive(Debug, Clone, Copy)]
pub struct Copy {
    /// The content.
    pub digest: i64,
    /// Only messages that came at or after this are repeated.
    pub since: Timestamp,
    /// The session that it came over; a copy over the same session is a message of its own.
    pub session: Option<u32>,
    /// Sessions before this are numbered on their own.
    pub started_at: Timestamp,
}

/// Counts a redelivery on the message that it repeats; `None` if it repeats none.
///
/// # Errors
/// SQLite's own.
pub fn count_copy(tx: &Tx<'_>, copy: &Copy) -> Result<Option<MessageId>, StoreError> {
    let id: Option<i64> = tx
        .sql()
        .prepare_cached(
            "UPDATE inbound SET copies = copies + 1 WHERE digest = ?1 AND received_at >= ?2 AND \
             (session IS NOT ?3 OR received_at < ?4) RETURNING id",
        )?
        .query_row(params![copy.digest, copy.since.as_millis(), copy.session, copy.started_at.as_millis()], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(id.and_then(MessageId::from_i64))
}

/// Writes a whole incoming message.
///
/// # Errors
/// SQLite's own.
pub fn insert(
    tx: &Tx<'_>,
    message: &InboundMessage,
    digest: i64,
    session: Option<u32>,
    sim: Option<&str>,
) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO inbound (id, sender, recipient, body, data, link, received_at, parts, parts_came, digest, \
             session, sim) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
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
            digest,
            session,
            sim,
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
