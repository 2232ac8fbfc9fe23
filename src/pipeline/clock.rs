//! Follows the wall clock: writes that it was set, moves what waits, and notes whether it is believed.

use crate::model::Timestamp;
use crate::policy::wall_clock::{Kept, Reading, Trust, after_step, at_start, running};
use crate::store::{StoreError, Tx, clock};

/// What was made of the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockChange {
    /// By how many milliseconds the wall clock was set; 0 if it was not.
    pub step_millis: i64,
    /// Whether it was believed before.
    pub was: Trust,
    /// Whether it is believed now.
    pub trust: Trust,
    /// What it shows.
    pub wall: Timestamp,
    /// The latest time that was believed.
    pub believed: Timestamp,
}

/// At the start, before anything else is read or written: what passed since the last run, and what did not.
///
/// # Errors
/// The store's own.
pub fn start_clock(tx: &Tx<'_>, reading: &Reading, confirmed: bool) -> Result<ClockChange, StoreError> {
    let kept = match clock::kept(tx.connection())? {
        Some(kept) => kept,
        None => {
            let newest = clock::newest_change(tx.connection())?;
            // Nobody kept the clocks then, so that it was off for long tells nothing.
            let wall = newest.unwrap_or(reading.wall).max(reading.wall);
            let believed = newest.unwrap_or_default();
            Kept { reading: Reading { wall, ..Reading::default() }, believed, trust: Trust::Set }
        }
    };
    let verdict = at_start(&kept, reading, confirmed);
    if verdict.step_millis != 0 {
        if verdict.unexplained {
            clock::let_codes_age(tx, verdict.step_millis)?;
        }
        step(tx, &kept, kept.reading.wall, verdict.step_millis, reading.wall)?;
    }
    conclude(tx, &kept, reading, verdict.step_millis, verdict.trust, kept.believed)
}

/// While it runs: the clocks as `reading` has them, whose wall clock was set by `step_millis` beyond what it shows. All
/// that waits has moved with it once the transaction is committed.
///
/// # Errors
/// The store's own.
pub fn follow_clock(
    tx: &Tx<'_>,
    reading: &Reading,
    step_millis: i64,
    confirmed: bool,
) -> Result<ClockChange, StoreError> {
    let before = reading.wall;
    let kept = clock::kept(tx.connection())?.unwrap_or_else(|| Kept { believed: before, ..Kept::default() });
    let believed = if kept.trust == Trust::Set { before } else { kept.believed };
    if step_millis == 0 {
        return conclude(tx, &kept, reading, 0, running(&kept, before, confirmed), believed);
    }
    let after = Reading { wall: before.shifted(step_millis), ..reading.clone() };
    step(tx, &kept, before, step_millis, after.wall)?;
    let trust = after_step(&kept, before, after.wall, confirmed);
    conclude(tx, &kept, &after, step_millis, trust, believed)
}

/// A person says that the clock is right as it is. Says whether that can be.
///
/// # Errors
/// The store's own.
pub fn believe_clock(tx: &Tx<'_>, now: Timestamp) -> Result<Trust, StoreError> {
    let Some(kept) = clock::kept(tx.connection())? else { return Ok(tx.clock().trust) };
    let trust = running(&kept, now, true);
    if trust == Trust::Set {
        clock::believe(tx, now)?;
    }
    Ok(trust)
}

fn step(tx: &Tx<'_>, kept: &Kept, before: Timestamp, by_millis: i64, after: Timestamp) -> Result<(), StoreError> {
    if kept.trust == Trust::Set {
        // What was due by a good clock waits only for a link; it must not be over because the clock leaps.
        clock::take_due_schedules(tx, before, usize::MAX >> 1)?;
    }
    clock::step(tx, by_millis, after)
}

fn conclude(
    tx: &Tx<'_>,
    kept: &Kept,
    reading: &Reading,
    step_millis: i64,
    trust: Trust,
    believed: Timestamp,
) -> Result<ClockChange, StoreError> {
    let believed = if trust == Trust::Set { reading.wall } else { believed };
    clock::keep(tx, &Kept { reading: reading.clone(), believed, trust })?;
    Ok(ClockChange { step_millis, was: kept.trust, trust, wall: reading.wall, believed })
}
