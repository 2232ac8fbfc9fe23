//! The `inbound_part` table: parts that wait for their siblings, parts that did, and what may be a redelivery.

use rusqlite::{Row, params};

use super::inbound_session::{self, Delivered, IS_READ, LIVES};
use super::{StoreError, Tx, damaged, row};
use postrider_model::{Alphabet, InboundPart, LinkName, MessageId, PartOf, Sender, Timestamp};
use postrider_policy::reassembly::Sibling;
use postrider_policy::redelivery::Earlier;

/// How many waiting parts under one reference are looked at: two messages of the longest kind.
const SIBLINGS_MAX: usize = 512;
/// How many earlier parts with one place are looked at.
const EARLIER_MAX: usize = 16;

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
    /// The network's time stamp.
    pub network_time: Option<Timestamp>,
}

/// Where a part is kept.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Its id, which later ones exceed.
    pub id: MessageId,
    /// The set that it joins; a new one has the id of its first part.
    pub set: i64,
    /// What it may be a redelivery of, if it waits for that to be known.
    pub repeats: Option<i64>,
}

/// The place of a part. One that stands alone is the first of one.
fn place_of(part: &InboundPart) -> PartOf {
    part.part_of.unwrap_or(PartOf { reference: 0, wide: false, total: 1, number: 1 })
}

/// Keeps a part.
///
/// # Errors
/// SQLite's own.
pub fn keep(
    tx: &Tx<'_>,
    spot: Spot,
    link: &LinkName,
    part: &InboundPart,
    delivered: Option<Delivered>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let of = place_of(part);
    tx.sql()
        .prepare_cached(
            "INSERT INTO inbound_part (id, set_id, link_group, link, sender, recipient, reference, wide, total, number, \
             alphabet, elements, payload, received_at, came_at, network_time, session, place, copies, message, repeats) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 0, NULL, ?19)",
        )?
        .execute(params![
            spot.id.as_i64(),
            spot.set,
            link.group,
            link.to_string(),
            part.from.as_str(),
            part.to.as_str(),
            of.reference,
            of.wide,
            of.total,
            of.number,
            part.alphabet.as_str(),
            part.elements,
            part.payload,
            now.as_millis(),
            delivered.map_or(now, |delivered| delivered.came_at).as_millis(),
            part.network_time.map(Timestamp::as_millis),
            delivered.map(|delivered| delivered.session),
            delivered.map(|delivered| inbound_session::column(delivered.place)),
            spot.repeats,
        ])?;
    Ok(())
}

/// Parts that say the same in the same place, and came since `since` and at `until` the latest; the oldest first.
///
/// # Errors
/// SQLite's own.
pub fn earlier(
    tx: &Tx<'_>,
    link_group: &str,
    part: &InboundPart,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<(i64, Earlier)>, StoreError> {
    let of = place_of(part);
    let sql = format!(
        "SELECT d.id, d.session, d.came_at, d.received_at, {IS_READ}, {LIVES} \
         FROM (SELECT * FROM inbound_part WHERE sender = ?1 AND recipient = ?2 AND reference = ?3 AND total = ?4 AND \
         number = ?5 AND repeats IS NULL ORDER BY id DESC LIMIT {EARLIER_MAX}) d \
         LEFT JOIN inbound_session s ON s.session = d.session \
         WHERE d.link_group = ?6 AND d.wide = ?7 AND d.alphabet = ?8 AND d.elements = ?9 AND d.payload = ?10 AND \
         d.received_at >= ?11 AND d.came_at <= ?12 ORDER BY d.id"
    );
    let mut statement = tx.sql().prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        part.from.as_str(),
        part.to.as_str(),
        of.reference,
        of.total,
        of.number,
        link_group,
        of.wide,
        part.alphabet.as_str(),
        part.elements,
        part.payload,
        since.as_millis(),
        until.as_millis(),
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get("id")?, inbound_session::earlier_of(row)?));
    }
    Ok(found)
}

/// Counts a redelivery on a part and on the message that it became; the redelivery's acknowledgement counts from now on.
///
/// # Errors
/// SQLite's own.
pub fn count_copy(tx: &Tx<'_>, id: i64, again: Delivered) -> Result<(), StoreError> {
    let message: Option<i64> = tx
        .sql()
        .prepare_cached(
            "UPDATE inbound_part SET copies = copies + 1, session = ?2, place = ?3 WHERE id = ?1 RETURNING message",
        )?
        .query_row(params![id, again.session, inbound_session::column(again.place)], |row| row.get(0))?;
    tx.sql().prepare_cached("UPDATE inbound SET copies = copies + 1 WHERE id = ?1")?.execute([message])?;
    Ok(())
}

/// The parts that wait under a part's reference and total.
///
/// # Errors
/// SQLite's own.
pub fn siblings(tx: &Tx<'_>, link_group: &str, part: &InboundPart) -> Result<Vec<Sibling>, StoreError> {
    let of = place_of(part);
    let sql = format!(
        "SELECT p.set_id, p.number, p.came_at, p.network_time, {LIVES} \
         FROM (SELECT * FROM inbound_part WHERE sender = ?1 AND recipient = ?2 AND reference = ?3 AND total = ?4 AND \
         message IS NULL AND repeats IS NULL ORDER BY id DESC LIMIT {SIBLINGS_MAX}) p \
         LEFT JOIN inbound_session s ON s.session = p.session WHERE p.link_group = ?5 AND p.wide = ?6"
    );
    let mut statement = tx.sql().prepare_cached(&sql)?;
    let mut rows =
        statement.query(params![part.from.as_str(), part.to.as_str(), of.reference, of.total, link_group, of.wide])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Sibling {
            set: row.get("set_id")?,
            number: row.get("number")?,
            came_at: row::time(row, "came_at")?,
            network_time: row::maybe_time(row, "network_time")?,
            lives: row.get("lives")?,
        });
    }
    Ok(found)
}

/// A set of parts, whole or not.
#[derive(Debug, Clone)]
pub struct PartSet {
    /// The link that its newest part came over, as rows hold it.
    pub link: String,
    /// Who sent them.
    pub from: Sender,
    /// Our number.
    pub to: Sender,
    /// How many there should be.
    pub total: u8,
    /// How many redeliveries of its parts there were.
    pub copies: u32,
    /// Those that are there, in order.
    pub parts: Vec<KeptPart>,
}

/// The parts of a set; `None` if there are none.
///
/// # Errors
/// SQLite's own.
pub fn set(tx: &Tx<'_>, set: i64) -> Result<Option<PartSet>, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT * FROM inbound_part WHERE set_id = ?1 ORDER BY number")?;
    let mut rows = statement.query([set])?;
    let (mut found, mut newest) = (None, 0);
    let mut bad = Vec::new();
    while let Some(row) = rows.next()? {
        // The message is shown without a part that cannot be read, when its time is over.
        let kept = match kept_of(row) {
            Err(StoreError::Row(why)) => {
                bad.push((damaged::raw::<1>(row)?, why));
                continue;
            }
            kept => kept?,
        };
        let found = match &mut found {
            Some(found) => found,
            none @ None => none.insert(PartSet {
                link: String::new(),
                from: Sender::from_network(&row.get::<_, String>("sender")?),
                to: Sender::from_network(&row.get::<_, String>("recipient")?),
                total: row.get("total")?,
                copies: 0,
                parts: Vec::new(),
            }),
        };
        let id: i64 = row.get("id")?;
        if id > newest {
            (newest, found.link) = (id, row.get("link")?);
        }
        found.copies += row.get::<_, u32>("copies")?;
        found.parts.push(kept);
    }
    drop(rows);
    for (id, why) in &bad {
        damaged::note(tx, "inbound_part", &damaged::shown(id), why, None)?;
    }
    Ok(found)
}

fn kept_of(row: &Row<'_>) -> Result<KeptPart, StoreError> {
    let word: String = row.get("alphabet")?;
    let alphabet = Alphabet::ALL.into_iter().find(|alphabet| alphabet.as_str() == word);
    Ok(KeptPart {
        number: row.get("number")?,
        alphabet: alphabet.ok_or_else(|| StoreError::Row(format!("alphabet {word}")))?,
        elements: row.get("elements")?,
        payload: row.get("payload")?,
        network_time: row::maybe_time(row, "network_time")?,
    })
}

/// Notes which message a set became; its parts stay, so that they are known when they come again.
///
/// # Errors
/// SQLite's own.
pub fn became(tx: &Tx<'_>, set: i64, message: MessageId) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE inbound_part SET message = ?2 WHERE set_id = ?1")?
        .execute(params![set, message.as_i64()])?;
    Ok(())
}

/// Sets whose first part came before `before`: their siblings are not coming any more.
///
/// # Errors
/// SQLite's own.
pub fn stale_sets(tx: &Tx<'_>, before: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT DISTINCT set_id FROM inbound_part WHERE message IS NULL AND repeats IS NULL AND received_at < ?1 LIMIT ?2",
    )?;
    let rows = statement.query_map(params![before.as_millis(), limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A part that may be a redelivery, and is held until that is known.
#[derive(Debug, Clone)]
pub struct HeldPart {
    /// Its row.
    pub id: i64,
    /// The link that it came over, as rows hold it.
    pub link: String,
    /// The part.
    pub part: InboundPart,
    /// How it is known when it comes again.
    pub delivered: Option<Delivered>,
}

/// The parts that are held, the oldest first.
///
/// # Errors
/// SQLite's own.
pub fn held(tx: &Tx<'_>, limit: usize) -> Result<Vec<HeldPart>, StoreError> {
    let mut statement =
        tx.sql().prepare_cached("SELECT * FROM inbound_part WHERE repeats IS NOT NULL ORDER BY id LIMIT ?1")?;
    let mut rows = statement.query([limit])?;
    let sorted = damaged::sort(&mut rows, damaged::raw::<1>, held_of)?;
    drop(rows);
    for (id, why) in &sorted.bad {
        tx.sql().prepare_cached("UPDATE inbound_part SET repeats = NULL WHERE id IS ?1")?.execute([&id[0]])?;
        damaged::note(tx, "inbound_part", &damaged::shown(id), why, None)?;
    }
    Ok(sorted.good)
}

fn held_of(row: &Row<'_>) -> Result<HeldPart, StoreError> {
    let kept = kept_of(row)?;
    let of = PartOf {
        reference: row.get("reference")?,
        wide: row.get("wide")?,
        total: row.get("total")?,
        number: kept.number,
    };
    let (session, place): (Option<i64>, Option<i64>) = (row.get("session")?, row.get("place")?);
    let came_at = row::time(row, "came_at")?;
    let delivered = session.zip(place).map(|(session, place)| Delivered {
        session,
        place: u64::try_from(place).unwrap_or_default(),
        came_at,
    });
    Ok(HeldPart {
        id: row.get("id")?,
        link: row.get("link")?,
        part: InboundPart {
            from: Sender::from_network(&row.get::<_, String>("sender")?),
            to: Sender::from_network(&row.get::<_, String>("recipient")?),
            alphabet: kept.alphabet,
            payload: kept.payload,
            elements: kept.elements,
            part_of: (of.total > 1).then_some(of),
            network_time: row::maybe_time(row, "network_time")?,
        },
        delivered,
    })
}

/// Forgets one part.
///
/// # Errors
/// SQLite's own.
pub fn forget(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM inbound_part WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Forgets parts of messages that were together before `before`.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "DELETE FROM inbound_part WHERE id IN \
             (SELECT id FROM inbound_part WHERE message IS NOT NULL AND received_at < ?1 LIMIT 1000)",
        )?
        .execute([before.as_millis()])?;
    Ok(())
}
