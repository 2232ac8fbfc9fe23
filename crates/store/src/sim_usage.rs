//! The `sim_usage` table: how many segments each SIM was given, by slots of the spans that have caps.

use rusqlite::{Connection, params};

use super::{StoreError, Tx, row};
use postrider_model::Timestamp;
use postrider_policy::caps::{Months, Slot, Span, Usage};

/// Slots of one span that are kept for a SIM: more than the longest span has, so that a clock that was set ahead for a
/// while costs none that still counts.
const SLOTS_KEPT: usize = 40;

/// What the SIM has sent lately, as it counts at `now`.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, sim: &str, months: &Months, now: Timestamp) -> Result<Usage, StoreError> {
    Ok(Usage::new(slots(connection, sim)?, months, now))
}

/// As [`of`]; slots that lie in the future, since the clock was set back, are moved to `now` for good.
///
/// # Errors
/// SQLite's own.
pub fn settled(tx: &Tx<'_>, sim: &str, months: &Months, now: Timestamp) -> Result<Usage, StoreError> {
    let slots = slots(tx.sql(), sim)?;
    let usage = Usage::new(slots.iter().copied(), months, now);
    for slot in slots.iter().filter(|slot| slot.start > now) {
        tx.sql()
            .prepare_cached("DELETE FROM sim_usage WHERE sim = ?1 AND span = ?2 AND start = ?3")?
            .execute(params![sim, slot.span.as_str(), slot.start.as_millis()])?;
        let moved = usage.slots_of(slot.segments);
        moved.iter().filter(|to| to.span == slot.span).try_for_each(|to| add(tx, sim, to))?;
    }
    Ok(usage)
}

fn slots(connection: &Connection, sim: &str) -> Result<Vec<Slot>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT span, start, segments FROM sim_usage WHERE sim = ?1")?;
    let mut rows = statement.query([sim])?;
    let mut slots = Vec::new();
    while let Some(row) = rows.next()? {
        let span: Span = row::parsed(row, 0)?;
        slots.push(Slot { span, start: row::time(row, 1)?, segments: row.get(2)? });
    }
    Ok(slots)
}

/// Counts `segments` more for the SIM whose usage this is.
///
/// # Errors
/// SQLite's own.
pub fn count(tx: &Tx<'_>, sim: &str, segments: u32, usage: &Usage) -> Result<(), StoreError> {
    usage.slots_of(segments).iter().try_for_each(|slot| add(tx, sim, slot))
}

fn add(tx: &Tx<'_>, sim: &str, slot: &Slot) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO sim_usage VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET segments = segments + ?4",
        )?
        .execute(params![sim, slot.span.as_str(), slot.start.as_millis(), slot.segments])?;
    Ok(())
}

/// Takes one segment that was certainly not sent off the count again.
///
/// # Errors
/// SQLite's own.
pub fn give_back(tx: &Tx<'_>, sim: &str) -> Result<(), StoreError> {
    for span in Span::ALL {
        tx.sql()
            .prepare_cached(
                "UPDATE sim_usage SET segments = segments - 1 WHERE sim = ?1 AND span = ?2 AND start = \
                 (SELECT max(start) FROM sim_usage WHERE sim = ?1 AND span = ?2 AND segments > 0)",
            )?
            .execute(params![sim, span.as_str()])?;
    }
    Ok(())
}

/// Removes slots that cannot count any more, by their rank and not by the clock.
///
/// # Errors
/// SQLite's own.
pub fn trim(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "DELETE FROM sim_usage WHERE (SELECT count(*) FROM sim_usage AS newer WHERE newer.sim = sim_usage.sim AND \
             newer.span = sim_usage.span AND newer.start > sim_usage.start) >= ?1",
        )?
        .execute([SLOTS_KEPT])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Database;
    use postrider_policy::caps::Caps;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn used(database: &Database, span: Span, now: Timestamp) -> u32 {
        let months = Months::default();
        database.read(|c| of(c, "89", &months, now)).unwrap().used(span)
    }

    fn add_at(database: &mut Database, segments: u32, now: Timestamp) {
        let usage = Usage::new([], &Months::default(), now);
        database.write(|tx| count(tx, "89", segments, &usage)).unwrap();
    }

    #[test]
    fn counts_are_added_up_and_given_back() {
        let mut database = Database::in_memory().unwrap();
        for later in [0, 3, 700] {
            add_at(&mut database, 2, NOW.plus(Duration::from_secs(later)));
        }
        database.write(|tx| give_back(tx, "89")).unwrap();
        let now = NOW.plus(Duration::from_secs(701));
        assert_eq!(Span::ALL.map(|span| used(&database, span, now)), [1, 5, 5, 5]);
        for _ in 0..9 {
            database.write(|tx| give_back(tx, "89")).unwrap();
        }
        assert_eq!(Span::ALL.map(|span| used(&database, span, now)), [0; 4], "never below nothing");
    }

    #[test]
    fn slots_of_the_future_are_moved_once_and_then_pass() {
        let (mut database, months) = (Database::in_memory().unwrap(), Months::default());
        let ahead = NOW.plus(HOUR * 24 * 365 * 12);
        add_at(&mut database, 4, ahead);
        database.write(|tx| settled(tx, "89", &months, NOW)).unwrap();
        assert_eq!(used(&database, Span::Hour, NOW), 4);
        assert_eq!(used(&database, Span::Hour, NOW.plus(HOUR * 2)), 0);
        let usage = database.write(|tx| settled(tx, "89", &months, NOW.plus(HOUR * 2))).unwrap();
        let caps = Caps { hour: Some(1), ..Caps::NONE };
        assert_eq!(usage.quota(&caps, 1), None);
    }

    #[test]
    fn trimming_keeps_what_counts() {
        let mut database = Database::in_memory().unwrap();
        for slot in 0..100 {
            add_at(&mut database, 1, NOW.plus(Duration::from_secs(slot * 5)));
        }
        let now = NOW.plus(Duration::from_secs(500));
        let before = Span::ALL.map(|span| used(&database, span, now));
        database.write(trim).unwrap();
        assert_eq!(Span::ALL.map(|span| used(&database, span, now)), before);
        let rows: i64 =
            database.read(|c| Ok(c.query_row("SELECT count(*) FROM sim_usage", [], |row| row.get(0))?)).unwrap();
        assert_eq!(rows, 40 + 2 + 1 + 1);
    }
}
