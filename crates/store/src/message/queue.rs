//! The queues that messages wait in: their route's, or that of the only link that may carry them.

use rusqlite::params;

use crate::{StoreError, Tx};
use postrider_model::{MessageId, Timestamp};

/// Begins the name of the queue of messages that only one link may carry; a configured route has no such name.
const ONLY: &str = "@";

/// The queue of messages that only `link` may carry. It stands where a route does, so that carriers' queues need not be
/// searched for them.
pub fn queue_of(link: &str) -> String {
    format!("{ONLY}{link}")
}

/// The link that a queue is for, if it is for one only.
pub fn only_link(route: &str) -> Option<&str> {
    route.strip_prefix(ONLY)
}

/// The links that messages wait for which no other may carry.
///
/// # Errors
/// SQLite's own.
pub fn awaited_links(tx: &Tx<'_>) -> Result<Vec<String>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT DISTINCT route FROM message WHERE due_at IS NOT NULL AND route >= '@' AND route < 'A'",
    )?;
    let mut rows = statement.query([])?;
    let mut links = Vec::new();
    while let Some(row) = rows.next()? {
        links.extend(only_link(row.get_ref(0)?.as_str().unwrap_or_default()).map(str::to_owned));
    }
    Ok(links)
}

/// Lets a waiting message wait until `due_at`.
///
/// # Errors
/// SQLite's own.
pub fn defer(tx: &Tx<'_>, id: MessageId, due_at: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "UPDATE message SET due_at = ?2 - \
             coalesce((SELECT shift FROM clock_line WHERE clock_line.n = message.clock), 0) \
             WHERE id = ?1 AND due_at IS NOT NULL",
        )?
        .execute(params![id.as_i64(), due_at.as_millis()])?;
    Ok(())
}

/// Moves waiting messages whose route is not among `known` to `route`; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn reroute(tx: &Tx<'_>, known: &[&str], route: &str) -> Result<usize, StoreError> {
    let mut statement = tx.sql().prepare(
        "SELECT DISTINCT route FROM message WHERE due_at IS NOT NULL \
         UNION SELECT DISTINCT route FROM message WHERE held IS NOT NULL",
    )?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut moved = 0;
    for gone in found.iter().filter(|name| !known.contains(&name.as_str()) && only_link(name).is_none()) {
        for waits in ["due_at IS NOT NULL", "held IS NOT NULL"] {
            let sql = format!("UPDATE message SET route = ?2 WHERE route = ?1 AND {waits}");
            moved += tx.sql().prepare(&sql)?.execute(params![gone, route])?;
        }
    }
    Ok(moved)
}
