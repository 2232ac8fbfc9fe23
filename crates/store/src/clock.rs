//! The `clock` and `clock_line` tables: how the wall clock was set, and what moves with it.
//!
//! A waiting message's instants are kept as they were written, with the number of the clock's setting at that time, its
//! *line*. When the clock is set, no message is rewritten: a new line begins, and the older ones are so much apart from it.
//! Whoever reads adds that (`message`). A clock that goes back to an earlier setting goes back to its line.

mod moves;

use std::cell::Cell;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::{StoreError, Tx, row};
use postrider_model::{Class, Timestamp};
use postrider_policy::wall_clock::{Kept, Reading, Trust};

/// The line of instants that people gave: they follow no step.
pub const GIVEN: i64 = -1;
/// A setting that is so close to an earlier one is that one.
const SAME_LINE: i64 = 1_000;
/// So many lines are kept; what stands on the farthest beyond them is rewritten.
const LINES_MAX: usize = 32;
/// Steps that are shorter change nothing about how long things are kept.
const KEPT_STEP_MIN: Duration = Duration::from_secs(300);

/// How the clock stands, as a transaction sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockState {
    /// The line that instants are written under.
    pub line: i64,
    /// By how many milliseconds it was set since the file was opened.
    pub set_by: i64,
    /// Whether it is believed.
    pub trust: Trust,
    /// When it was last set by more than a few minutes.
    stepped_at: Timestamp,
}

impl ClockState {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut statement = connection.prepare_cached("SELECT line, trust, stepped_at FROM clock")?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else { return Ok(Self::default()) };
        Ok(Self { line: row.get(0)?, set_by: 0, trust: row::parsed(row, 1)?, stepped_at: row::time(row, 2)? })
    }

    /// Whether messages of this class wait until the clock is believed: their hours could be kept by no other clock.
    pub fn holds(self, class: Class) -> bool {
        self.trust != Trust::Set && class == Class::Marketing
    }

    /// Whether what was written longer than `span` ago may be forgotten at `now`. After a step nobody can tell its age, so
    /// all of it is kept for that span once more; while the clock is not believed, nothing is forgotten.
    pub fn may_forget(self, now: Timestamp, span: Duration) -> bool {
        self.trust == Trust::Set && now >= self.stepped_at.plus(span)
    }
}

/// What a transaction knows of the clock besides rows, and whom it tells.
#[derive(Debug, Clone, Default)]
pub(super) struct ClockMemory {
    pub state: Cell<ClockState>,
    /// Lets the process's time jump by so many milliseconds.
    pub shift: Option<fn(i64)>,
}

impl ClockMemory {
    /// Takes back what a failed transaction did to the process's time.
    pub fn taken_back(&self, before: &Self) {
        let by = before.state.get().set_by - self.state.get().set_by;
        if let Some(shift) = self.shift.filter(|_| by != 0) {
            shift(by);
        }
    }
}

/// The clocks when they were last looked at.
///
/// # Errors
/// SQLite's own.
pub fn kept(connection: &Connection) -> Result<Option<Kept>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT boot, up, wall, believed, trust FROM clock")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let reading = Reading { boot: row.get(0)?, up_millis: row.get(1)?, wall: row::time(row, 2)? };
    Ok(Some(Kept { reading, believed: row::time(row, 3)?, trust: row::parsed(row, 4)? }))
}

/// When the newest message last changed: how late it was at least, where nobody looked at the clocks.
///
/// # Errors
/// SQLite's own.
pub fn newest_change(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT changed_at FROM message ORDER BY id DESC LIMIT 1")?;
    let millis: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(millis.map(Timestamp::from_millis))
}

/// Whether the clock is believed, for those that only read.
///
/// # Errors
/// SQLite's own.
pub fn is_believed(connection: &Connection) -> Result<bool, StoreError> {
    Ok(ClockState::load(connection)?.trust == Trust::Set)
}

/// Keeps how the clocks stand.
///
/// # Errors
/// SQLite's own.
pub fn keep(tx: &Tx<'_>, kept: &Kept) -> Result<(), StoreError> {
    let mut state = tx.clock();
    state.trust = kept.trust;
    tx.set_clock(state);
    let Kept { reading, believed, trust } = kept;
    tx.sql().prepare_cached("INSERT OR REPLACE INTO clock VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![
            state.line,
            reading.boot,
            reading.up_millis,
            reading.wall.as_millis(),
            believed.as_millis(),
            trust.as_str(),
            state.stepped_at.as_millis()
        ],
    )?;
    Ok(())
}

/// What the clock shows is believed from now on; a running daemon sees it when it looks at the clock again.
///
/// # Errors
/// SQLite's own.
pub fn believe(tx: &Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    tx.set_clock(ClockState { trust: Trust::Set, ..tx.clock() });
    tx.sql().prepare_cached("UPDATE clock SET believed = ?1, trust = 'set'")?.execute([now.as_millis()])?;
    Ok(())
}

/// Lets one-time codes that wait count the step that follows as time that passed: they would be of no use to anybody.
///
/// # Errors
/// SQLite's own.
pub fn let_codes_age(tx: &Tx<'_>, by_millis: i64) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "UPDATE message SET valid_until = valid_until - ?1, timer_at = timer_at - ?1 \
             WHERE due_at IS NOT NULL AND clock >= 0 AND class = 'otp'",
        )?
        .execute([by_millis])?;
    Ok(())
}

/// What people scheduled and has come due waits like everything else from now on, at most `limit` of it. Returns how many.
///
/// # Errors
/// SQLite's own.
pub fn take_due_schedules(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "UPDATE message SET clock = ?1 WHERE id IN \
         (SELECT id FROM message WHERE clock = -1 AND due_at IS NOT NULL AND due_at <= ?2 LIMIT ?3)",
    )?;
    Ok(statement.execute(params![tx.clock().line, now.as_millis(), limit])?)
}

/// The clock was set by `by_millis` and shows `after` now: begins a line, and moves what waits in other tables.
///
/// # Errors
/// SQLite's own.
pub fn step(tx: &Tx<'_>, by_millis: i64, after: Timestamp) -> Result<(), StoreError> {
    let sql = tx.sql();
    sql.prepare_cached("UPDATE clock_line SET shift = shift + ?1 WHERE n >= 0")?.execute([by_millis])?;
    let near = "SELECT n FROM clock_line WHERE n >= 0 AND abs(shift) < ?1 ORDER BY abs(shift) LIMIT 1";
    let line: Option<i64> = sql.prepare_cached(near)?.query_row([SAME_LINE], |row| row.get(0)).optional()?;
    let mut state = tx.clock();
    state.line = match line {
        Some(line) => line,
        None => sql
            .prepare_cached("INSERT INTO clock_line SELECT max(n) + 1, 0 FROM clock_line RETURNING n")?
            .query_row([], |row| row.get(0))?,
    };
    // The instants of a line that is returned to are taken as they are.
    sql.prepare_cached("UPDATE clock_line SET shift = 0 WHERE n = ?1")?.execute([state.line])?;
    state.set_by += by_millis;
    if by_millis.unsigned_abs() >= u64::try_from(KEPT_STEP_MIN.as_millis()).unwrap_or(u64::MAX) {
        state.stepped_at = after;
    }
    tx.set_clock(state);
    moves::move_waits(tx, by_millis, after)?;
    forget_lines(tx)?;
    if let Some(shift) = tx.clock_shift() {
        shift(by_millis);
    }
    Ok(())
}

/// Removes lines that nothing stands on, and rewrites what stands on the farthest of too many.
fn forget_lines(tx: &Tx<'_>) -> Result<(), StoreError> {
    let (sql, line) = (tx.sql(), tx.clock().line);
    let used = "SELECT 1 FROM message WHERE message.clock = clock_line.n";
    sql.prepare_cached(&format!("DELETE FROM clock_line WHERE n >= 0 AND n <> ?1 AND NOT EXISTS ({used})"))?
        .execute([line])?;
    while lines(tx)?.len() > LINES_MAX {
        let far = "SELECT n, shift FROM clock_line WHERE n >= 0 AND n <> ?1 ORDER BY abs(shift) DESC LIMIT 1";
        let (n, shift): (i64, i64) =
            sql.prepare_cached(far)?.query_row([line], |row| Ok((row.get(0)?, row.get(1)?)))?;
        sql.prepare_cached(
            "UPDATE message SET clock = ?2, due_at = due_at + ?3, timer_at = timer_at + ?3, \
             valid_until = valid_until + ?3 WHERE clock = ?1",
        )?
        .execute(params![n, line, shift])?;
        sql.prepare_cached("DELETE FROM clock_line WHERE n = ?1")?.execute([n])?;
    }
    Ok(())
}

/// A line that messages may stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub n: i64,
    shift: i64,
}

impl Line {
    /// `at`, an instant of the present, as an instant of this line.
    pub fn from_present(self, at: Timestamp) -> Timestamp {
        Timestamp::from_millis(at.as_millis().saturating_sub(self.shift))
    }

    /// `at`, an instant of this line, in the present.
    pub fn to_present(self, at: Timestamp) -> Timestamp {
        Timestamp::from_millis(at.as_millis().saturating_add(self.shift))
    }
}

/// The lines whose instants count: those that people gave only while the clock is believed.
///
/// # Errors
/// SQLite's own.
pub fn lines(tx: &Tx<'_>) -> Result<Vec<Line>, StoreError> {
    let first = if tx.clock().trust == Trust::Set { GIVEN } else { 0 };
    let mut statement = tx.sql().prepare_cached("SELECT n, shift FROM clock_line WHERE n >= ?1 ORDER BY n")?;
    let mut rows = statement.query([first])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(Line { n: row.get(0)?, shift: row.get(1)? });
    }
    Ok(lines)
}
