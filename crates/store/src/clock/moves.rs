//! What moves with the wall clock in tables whose rows are few, and short waits in those that are not.

use std::time::Duration;

use rusqlite::{Connection, params};

use crate::{StoreError, Tx, row};
use postrider_model::Timestamp;
use postrider_policy::caps::Span;
use postrider_policy::wall_clock::BUILT;

/// Waits that this gateway set itself; `?1` is the step in milliseconds. What people gave by the calendar is not here:
/// campaigns, quiet hours, appointments, days of workflows, notices of the law.
const WAITS: &[&str] = &[
    // Callbacks: the next try, and the age at which they are given up; those behind another wait for it.
    "UPDATE callback SET created_at = created_at + ?1 WHERE due_at IS NULL AND done_at IS NULL AND dead_at IS NULL \
     AND message IN (SELECT message FROM callback WHERE due_at IS NOT NULL)",
    "UPDATE callback SET created_at = created_at + ?1, due_at = due_at + ?1 WHERE due_at IS NOT NULL",
    // Parts of long messages that wait for the others.
    "UPDATE inbound_part SET received_at = received_at + ?1",
    "UPDATE survey_run SET due_at = due_at + ?1, started_at = started_at + ?1 WHERE due_at IS NOT NULL",
    "UPDATE live_segment SET next_at = next_at + ?1",
    // SIMs: when a balance is asked for again, and when one is used to keep it alive.
    "UPDATE sim SET used_at = used_at + ?1, kept_alive_at = kept_alive_at + ?1, balance_at = balance_at + ?1, \
     balance_asked_at = balance_asked_at + ?1",
    "UPDATE answered SET at = at + ?1",
];

/// No database of this program is so much older than the program itself: five years.
const YEARS: i64 = 5 * 365 * 86_400_000;
/// Workflows follow the calendar. Only a clock that was wrong altogether takes those along that stand in them.
const LEAP_MIN: Duration = Duration::from_secs(30 * 86_400);
const AFTER_LEAP: &[&str] =
    &["UPDATE enrolment SET due_at = due_at + ?1, arrived_at = arrived_at + ?1 WHERE due_at IS NOT NULL"];
/// Links that were made under a clock that was wrong altogether would lead nowhere once it is right: `?1` is the present,
/// `?2` an instant before which none can have been made.
const MADE_IN_A_WRONG_YEAR: &str = "UPDATE short_link SET created_at = ?1 WHERE created_at > ?1 OR created_at < ?2";

const FROM_THE_FUTURE: &[&str] = &[
    "UPDATE idempotency SET created_at = ?1 WHERE created_at > ?1",
    "UPDATE early_receipt SET received_at = ?1 WHERE received_at > ?1",
    "UPDATE inbound SET received_at = ?1 WHERE received_at > ?1",
    "UPDATE inbound_seen SET at = ?1 WHERE at > ?1",
    "DELETE FROM talk_flood WHERE at > ?1",
];

/// Moves all of it by `by_millis`; the clock shows `after` now.
pub fn move_waits(tx: &Tx<'_>, by_millis: i64, after: Timestamp) -> Result<(), StoreError> {
    let leap = Duration::from_millis(by_millis.unsigned_abs()) >= LEAP_MIN;
    for statement in WAITS.iter().chain(AFTER_LEAP.iter().filter(|_| leap)) {
        tx.sql().prepare_cached(statement)?.execute([by_millis])?;
    }
    // Nanoseconds do not reach as far as milliseconds do; a pace is forgotten rather than wrong.
    tx.sql()
        .prepare_cached(
            "UPDATE throttle SET next_nanos = CASE WHEN ?2 THEN 0 ELSE next_nanos + ?1 * 1000000 END WHERE next_nanos > 0",
        )?
        .execute(params![by_millis, leap])?;
    // Nothing came later than now; what lies in the future would never be old enough to be forgotten.
    for statement in FROM_THE_FUTURE {
        tx.sql().prepare_cached(statement)?.execute([after.as_millis()])?;
    }
    if leap && after >= BUILT {
        // What is older than the program stays as old as it can be known to be.
        let before = if by_millis > 0 { BUILT.as_millis() - YEARS } else { i64::MIN };
        tx.sql().prepare_cached(MADE_IN_A_WRONG_YEAR)?.execute([after.as_millis(), before])?;
    }
    move_usage(tx.sql(), by_millis, leap, after)
}

/// What SIMs have sent lately goes along, so that no span holds more than its cap by the time that really passed. A month
/// is the calendar's; after a leap, what was sent in the wrong one counts in the right one.
fn move_usage(sql: &Connection, by_millis: i64, leap: bool, after: Timestamp) -> Result<(), StoreError> {
    let mut slots = Vec::new();
    {
        let mut statement = sql.prepare_cached("SELECT sim, span, start, segments FROM sim_usage ORDER BY start")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (sim, span): (String, Span) = (row.get(0)?, row::parsed(row, 1)?);
            slots.push((sim, span, row.get::<_, i64>(2)?, row.get::<_, u32>(3)?));
        }
    }
    if slots.is_empty() {
        return Ok(());
    }
    sql.prepare_cached("DELETE FROM sim_usage")?.execute([])?;
    let newest_month =
        |sim: &str| slots.iter().filter(|slot| slot.0 == sim && slot.1 == Span::Month).map(|slot| slot.2).max();
    for (sim, span, start, segments) in &slots {
        let start = match span {
            Span::Month if leap && newest_month(sim) == Some(*start) => after.as_millis(),
            Span::Month => *start,
            Span::Minute | Span::Hour | Span::Day => start.saturating_add(by_millis),
        };
        sql.prepare_cached(
            "INSERT INTO sim_usage VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET segments = segments + ?4",
        )?
        .execute(params![sim, span.as_str(), start, segments])?;
    }
    Ok(())
}
