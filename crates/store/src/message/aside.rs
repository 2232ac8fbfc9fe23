//! Messages whose row cannot be read, or is not what was accepted: they leave every queue, and nothing of them is deleted.

use rusqlite::types::Value;
use rusqlite::{Row, Statement, ToSql, params};

use crate::{StoreError, Tx, damaged};
use postrider_model::{MessageId, State};

/// The timer of a row that is set aside: it never runs out.
pub(super) const AWAY: i64 = i64::MAX;

/// Reads every row that can be read and sets the others aside; returns how many those were. The first column is the id.
pub(super) fn keep<T>(
    tx: &Tx<'_>,
    statement: &mut Statement<'_>,
    params: &[&dyn ToSql],
    read: fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<(Vec<T>, usize), StoreError> {
    let sorted = damaged::sort(&mut statement.query(params)?, |row| Ok(row.get::<_, i64>(0)?), read)?;
    for (id, why) in &sorted.bad {
        set_aside(tx, *id, why)?;
    }
    Ok((sorted.good, sorted.bad.len()))
}

/// Sets the message in row `id` aside: it is in no queue any more and has no timer. A receipt, an answer or a person's decision
/// still finds it, if it can be read for that.
///
/// # Errors
/// SQLite's own.
pub fn set_aside(tx: &Tx<'_>, id: i64, why: &str) -> Result<(), StoreError> {
    let sql = "SELECT due_at, timer_at, held, events, state FROM message WHERE id = ?1";
    let was: [Value; 5] = tx.sql().prepare_cached(sql)?.query_row([id], |row| Ok(damaged::raw::<5>(row)))??;
    let names = ["due_at", "timer_at", "held", "events", "state"];
    let was_text: Vec<String> = names
        .iter()
        .zip(&was)
        .map(|(name, value)| format!("{name}={}", damaged::shown(std::slice::from_ref(value))))
        .collect();
    // Whatever stands in `events`, the next line of the timeline must have a place.
    tx.sql()
        .prepare_cached(
            "UPDATE message SET due_at = NULL, held = NULL, timer_at = ?2, \
             events = (SELECT coalesce(max(n) + 1, 0) FROM event WHERE message = ?1) WHERE id = ?1",
        )?
        .execute(params![id, AWAY])?;
    let [.., state] = &was;
    if let Value::Text(word) = state
        && word.parse::<State>().is_ok()
    {
        remark(tx, id, word, why)?;
    }
    let row = MessageId::from_i64(id).map_or_else(|| id.to_string(), |id| id.to_string());
    damaged::note(tx, "message", &row, why, Some(&was_text.join(" ")))
}

/// Sets waiting messages aside whose class is none: they stand in a queue that nobody looks at.
///
/// # Errors
/// SQLite's own.
pub fn set_strays_aside(tx: &Tx<'_>) -> Result<(), StoreError> {
    let mut statement = tx.sql().prepare(
        "SELECT id, class FROM message WHERE due_at IS NOT NULL AND class NOT IN ('otp', 'transactional', 'marketing')",
    )?;
    let strays = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    strays.into_iter().try_for_each(|id| set_aside(tx, id, "its class is none"))
}

/// A line on its timeline, with the state that it has.
fn remark(tx: &Tx<'_>, id: i64, state: &str, why: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO event (message, n, at, state, note) SELECT ?1, events, changed_at, ?2, ?3 FROM message WHERE id = ?1";
    tx.sql().prepare_cached(sql)?.execute(params![id, state, format!("set aside: {why}")])?;
    tx.sql().prepare_cached("UPDATE message SET events = events + 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}
