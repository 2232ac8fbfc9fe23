//! A campaign's messages that have not left yet.

use rusqlite::params;

use crate::{StoreError, Tx};
use postrider_campaign::origin::Kind;
use postrider_model::{Class, MessageId, Timestamp};

/// Messages of a campaign that wait in a queue, each with its contact, at most `limit`. Those of which a part left, or may
/// have left, are not among them.
///
/// # Errors
/// SQLite's own.
pub fn messages(tx: &Tx<'_>, campaign: &str, class: Class, limit: usize) -> Result<Vec<(MessageId, i64)>, StoreError> {
    let routes = routes(tx)?;
    let mut statement = tx.sql().prepare_cached(
        "SELECT m.id, o.contact FROM message m JOIN origin o ON o.message = m.id \
         WHERE m.route = ?1 AND m.class = ?2 AND m.due_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM submission s WHERE s.message = m.id AND s.state <> 'queued') \
         AND o.kind = ?3 AND o.source = ?4 LIMIT ?5",
    )?;
    let mut found = Vec::new();
    for route in routes {
        let left = limit.saturating_sub(found.len());
        let mut rows = statement.query(params![route, class.as_str(), Kind::Campaign.as_str(), campaign, left])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            found.extend(MessageId::from_i64(id).zip(row.get::<_, Option<i64>>(1)?));
        }
    }
    if tx.is_restored() {
        held(tx, campaign, limit, &mut found)?;
    }
    Ok(found)
}

/// Adds those that are held because their file was put back.
fn held(tx: &Tx<'_>, campaign: &str, limit: usize, found: &mut Vec<(MessageId, i64)>) -> Result<(), StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT m.id, o.contact FROM message m JOIN origin o ON o.message = m.id WHERE m.held IS NOT NULL AND m.doubts = 0 \
         AND o.kind = ?1 AND o.source = ?2 LIMIT ?3",
    )?;
    let left = limit.saturating_sub(found.len());
    let mut rows = statement.query(params![Kind::Campaign.as_str(), campaign, left])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        found.extend(MessageId::from_i64(id).zip(row.get::<_, Option<i64>>(1)?));
    }
    Ok(())
}

/// How many messages of a class wait to leave before `until`, counted up to `limit`; on one route, or on all.
///
/// # Errors
/// SQLite's own.
pub fn ahead(
    tx: &Tx<'_>,
    route: Option<&str>,
    class: Class,
    until: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let routes = match route {
        Some(route) => vec![route.to_owned()],
        None => routes(tx)?,
    };
    let mut statement = tx.sql().prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM clock_line CROSS JOIN message WHERE clock = clock_line.n AND route = ?1 \
         AND class = ?2 AND due_at <= ?3 - shift LIMIT ?4)",
    )?;
    let mut all = 0;
    for route in routes {
        all += statement
            .query_row(params![route, class.as_str(), until.as_millis(), limit], |row| row.get::<_, usize>(0))?;
    }
    Ok(all)
}

/// The queues that anything waits in, found by jumping from one to the next.
fn routes(tx: &Tx<'_>) -> Result<Vec<String>, StoreError> {
    let mut statement =
        tx.sql().prepare_cached("SELECT min(route) FROM message WHERE due_at IS NOT NULL AND route > ?1")?;
    let mut found: Vec<String> = Vec::new();
    loop {
        let last = found.last().map_or("", String::as_str);
        match statement.query_row([last], |row| row.get::<_, Option<String>>(0))? {
            Some(route) => found.push(route),
            None => return Ok(found),
        }
    }
}
