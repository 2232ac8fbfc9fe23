//! The `early_receipt` table: receipts that came before anybody could match them.

use rusqlite::{Connection, Row, params};

use super::submission::carrier_key;
use super::{StoreError, Tx, row};
use postrider_model::{CarrierMessageId, LinkName, Receipt, Sender, State, Timestamp};

/// How many digits at a number's end find it again, whatever stands before them.
const TAIL_DIGITS: usize = 7;

/// A kept receipt.
#[derive(Debug, Clone)]
pub struct Early {
    /// Its row.
    pub id: i64,
    /// The link that it came over, as rows hold it.
    pub link: String,
    /// The receipt.
    pub receipt: Receipt,
    /// When it came.
    pub received_at: Timestamp,
}

/// Keeps `receipt` until somebody can match it; one that could not be read is kept with its octets.
///
/// # Errors
/// SQLite's own.
pub fn keep(tx: &Tx<'_>, link: &LinkName, receipt: &Receipt, now: Timestamp) -> Result<(), StoreError> {
    let key = |id: &CarrierMessageId| carrier_key(&link.group, &id.normal_form());
    let (first, other) = (receipt.ids.first(), receipt.ids.get(1));
    let text = |address: &Option<Sender>| address.as_ref().map(|address| address.as_str().to_owned());
    let (source, destination) = (text(&receipt.source), text(&receipt.destination));
    tx.sql()
        .prepare_cached(
            "INSERT INTO early_receipt (carrier_key, link_group, carrier_id, state, raw_state, error, done_at, received_at, \
             link, other_id, other_key, source, destination, source_tail, destination_tail, octets) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            first.map_or(0, key),
            &*link.group,
            first.map_or("", CarrierMessageId::as_str),
            receipt.state.as_str(),
            receipt.raw_state,
            receipt.error,
            receipt.done_at.map(Timestamp::as_millis),
            now.as_millis(),
            link.to_string(),
            other.map(CarrierMessageId::as_str),
            other.map(key),
            source,
            destination,
            source.as_deref().and_then(tail),
            destination.as_deref().and_then(tail),
            Some(&receipt.unread).filter(|octets| !octets.is_empty()),
        ])?;
    Ok(())
}

/// The last digits of a number, under which it is found with and without country code; `None` for anything else.
fn tail(number: &str) -> Option<&str> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let is_number = digits.len() >= TAIL_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| &digits[digits.len() - TAIL_DIGITS..])
}

/// Whether any receipt is kept at all; nearly always none is.
///
/// # Errors
/// SQLite's own.
pub fn any(tx: &Tx<'_>) -> Result<bool, StoreError> {
    Ok(tx.sql().prepare_cached("SELECT EXISTS (SELECT 1 FROM early_receipt)")?.query_row([], |row| row.get(0))?)
}

/// How many receipts are kept in which no id was found, by link group.
///
/// # Errors
/// SQLite's own.
pub fn unread(connection: &Connection) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT link_group, count(*) FROM early_receipt WHERE octets IS NOT NULL GROUP BY link_group ORDER BY link_group",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The receipts of a link group that were kept under one of the ids' normal forms `forms`, or that may be about `number`,
/// oldest first, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn about(
    tx: &Tx<'_>,
    link_group: &str,
    forms: &[String],
    number: &str,
    limit: usize,
) -> Result<Vec<Early>, StoreError> {
    let mut all: Vec<Early> = Vec::new();
    let mut add = |found: Vec<Early>| {
        for one in found {
            if all.iter().all(|known| known.id != one.id) {
                all.push(one);
            }
        }
    };
    for form in forms {
        let key = carrier_key(link_group, form);
        const BY_KEY: &str = "SELECT * FROM early_receipt WHERE carrier_key = ?1 UNION SELECT * FROM early_receipt WHERE other_key = ?1 \
             ORDER BY id LIMIT ?2";
        add(select(tx, BY_KEY, params![key, limit])?);
    }
    if let Some(tail) = tail(number) {
        const BY_TAIL: &str = "SELECT * FROM early_receipt WHERE source_tail = ?1 AND link_group = ?2 UNION \
                               SELECT * FROM early_receipt WHERE destination_tail = ?1 AND link_group = ?2 \
                               ORDER BY id LIMIT ?3";
        add(select(tx, BY_TAIL, params![tail, link_group, limit])?);
    }
    all.sort_by_key(|one| one.id);
    Ok(all)
}

/// The receipts of a link group that are kept, oldest first, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn of_group(tx: &Tx<'_>, link_group: &str, limit: usize) -> Result<Vec<Early>, StoreError> {
    select(tx, "SELECT * FROM early_receipt WHERE link_group = ?1 ORDER BY id LIMIT ?2", params![link_group, limit])
}

fn select(tx: &Tx<'_>, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<Early>, StoreError> {
    let mut statement = tx.sql().prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(early_of(row)?);
    }
    Ok(all)
}

fn early_of(row: &Row<'_>) -> Result<Early, StoreError> {
    let state: State = row::parsed(row, "state")?;
    let text = |column: &str| row.get::<_, Option<String>>(column);
    let (first, other) = (text("carrier_id")?, text("other_id")?);
    let source = text("source")?.or(text("recipient")?);
    let group: String = row.get("link_group")?;
    Ok(Early {
        id: row.get("id")?,
        link: text("link")?.unwrap_or(group),
        receipt: Receipt {
            ids: [first, other].into_iter().flatten().filter_map(|id| CarrierMessageId::new(&id)).collect(),
            state,
            raw_state: row.get("raw_state")?,
            error: row.get("error")?,
            source: source.map(|text| Sender::from_network(&text)),
            destination: text("destination")?.map(|text| Sender::from_network(&text)),
            done_at: row::maybe_time(row, "done_at")?,
            unread: row.get::<_, Option<Vec<u8>>>("octets")?.unwrap_or_default(),
        },
        received_at: row::time(row, "received_at")?,
    })
}

/// Whether a receipt is still kept.
///
/// # Errors
/// SQLite's own.
pub fn is_kept(tx: &Tx<'_>, id: i64) -> Result<bool, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT EXISTS (SELECT 1 FROM early_receipt WHERE id = ?1)")?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}

/// Forgets one kept receipt.
///
/// # Errors
/// SQLite's own.
pub fn forget(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM early_receipt WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Forgets receipts that came before `before`, a bounded number; returns how many of which link group.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp) -> Result<Vec<(String, usize)>, StoreError> {
    const OLD: &str = "SELECT id FROM early_receipt WHERE received_at < ?1 LIMIT 1000";
    let mut statement =
        tx.sql().prepare_cached(&format!("DELETE FROM early_receipt WHERE id IN ({OLD}) RETURNING link_group"))?;
    let mut rows = statement.query([before.as_millis()])?;
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    while let Some(row) = rows.next()? {
        *counts.entry(row.get(0)?).or_default() += 1;
    }
    Ok(counts.into_iter().collect())
}

/// Removes receipts that are kept about `number`.
///
/// # Errors
/// SQLite's own.
pub fn erase(tx: &Tx<'_>, number: &str) -> Result<usize, StoreError> {
    let tail = tail(number);
    Ok(tx
        .sql()
        .prepare_cached(
            "DELETE FROM early_receipt WHERE recipient = ?1 OR source = ?1 OR destination = ?1 \
             OR (source_tail = ?2 AND source NOT LIKE '+%') OR (destination_tail = ?2 AND destination NOT LIKE '+%')",
        )?
        .execute(params![number, tail])?)
}
