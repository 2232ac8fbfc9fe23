//! What people do to a campaign: write, start, pause, resume, cancel, remove.

use super::plan::{self, Plan};
use super::step::AHEAD_MAX;
use crate::campaign::fault::Fault;
use crate::campaign::run::{Definition, Phase};
use crate::model::{State, Timestamp};
use crate::pipeline::change::{self, Step};
use crate::pipeline::{Settings, Turn};
use crate::store::campaign::run::{self, Stage, Stored, recipient, waiting};
use crate::store::{StoreError, Tx, message};

/// Recipients that one transaction withdraws.
const WITHDRAWN_MAX: usize = 5_000;

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// There is no such campaign.
    Unknown,
    /// It is doing something that does not allow it.
    Phase(Phase),
    /// The definition, or what it names, has mistakes.
    Faults(Vec<Fault>),
}

/// Writes a draft, or changes it; says whether it is new. What it names need not be there yet. Numbers are written with their
/// country code.
///
/// # Errors
/// The store's own.
pub fn define(
    tx: &Tx<'_>,
    settings: &Settings,
    name: &str,
    mut definition: Definition,
    now: Timestamp,
) -> Result<Result<bool, Wrong>, StoreError> {
    if let Some(stored) = run::find(tx.connection(), name)?
        && stored.phase != Phase::Draft
    {
        return Ok(Err(Wrong::Phase(stored.phase)));
    }
    match definition.check_in(settings.consent.country) {
        Ok(checked) => definition.to.numbers = checked.numbers.iter().map(ToString::to_string).collect(),
        Err(faults) => return Ok(Err(Wrong::Faults(faults))),
    }
    name.clone_into(&mut definition.name);
    let title = if definition.title.is_empty() { name } else { definition.title.as_str() };
    let json = serde_json::to_string(&definition).map_err(|error| StoreError::Row(error.to_string()))?;
    Ok(Ok(run::define(tx, name, title, &json, now)?))
}

/// Removes a draft.
///
/// # Errors
/// The store's own.
pub fn remove(tx: &Tx<'_>, name: &str) -> Result<Result<(), Wrong>, StoreError> {
    let Some(stored) = run::find(tx.connection(), name)? else { return Ok(Err(Wrong::Unknown)) };
    Ok(if run::remove(tx, name)? { Ok(()) } else { Err(Wrong::Phase(stored.phase)) })
}

/// Starts a draft: from now on its definition, segments and templates stay as they are. One that was started already is left
/// as it is, so that a repeated request does nothing.
///
/// # Errors
/// The store's own.
pub fn start(turn: &Turn<'_>, name: &str) -> Result<Result<Stored, Wrong>, StoreError> {
    let Some(mut stored) = run::find(turn.tx.connection(), name)? else { return Ok(Err(Wrong::Unknown)) };
    match stored.phase {
        Phase::Draft => {}
        Phase::Scheduled | Phase::Running | Phase::Done => return Ok(Ok(stored)),
        Phase::Paused | Phase::Canceled => return Ok(Err(Wrong::Phase(stored.phase))),
    }
    let (frozen, plan) = match read(turn, &stored)? {
        Ok(found) => found,
        Err(faults) => return Ok(Err(Wrong::Faults(faults))),
    };
    for number in &plan.run.numbers {
        crate::store::campaign::contact::ensure(turn.tx, number, turn.now)?;
    }
    stored.frozen = Some(serde_json::to_string(&frozen).map_err(|error| StoreError::Row(error.to_string()))?);
    stored.phase = Phase::Scheduled;
    stored.started_at = Some(turn.now);
    stored.begins_at = Some(plan.run.start.begins_at(turn.now));
    run::save(turn.tx, &stored)?;
    turn.wake_steps();
    Ok(Ok(stored))
}

fn read(turn: &Turn<'_>, stored: &Stored) -> Result<Result<(plan::Frozen, Plan), Vec<Fault>>, StoreError> {
    plan::freeze(turn.tx.connection(), turn.settings, &plan::definition_of(stored)?)
}

/// Messages and recipients that were taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The campaign as it is now.
    pub stored: Stored,
    /// Messages that were taken out of the queue.
    pub messages: usize,
    /// Whether a step takes back the rest.
    pub more: bool,
}

/// Lets a campaign rest: nobody is written to, and what waits in the queue is taken back; its recipients have their turn again
/// when it is resumed.
///
/// # Errors
/// The store's own.
pub fn pause(turn: &Turn<'_>, name: &str) -> Result<Result<Withdrawn, Wrong>, StoreError> {
    end(turn, name, Phase::Paused)
}

/// Ends a campaign: what waits in the queue is withdrawn, and nobody has a turn any more.
///
/// # Errors
/// The store's own.
pub fn cancel(turn: &Turn<'_>, name: &str) -> Result<Result<Withdrawn, Wrong>, StoreError> {
    end(turn, name, Phase::Canceled)
}

fn end(turn: &Turn<'_>, name: &str, to: Phase) -> Result<Result<Withdrawn, Wrong>, StoreError> {
    let Some(mut stored) = run::find(turn.tx.connection(), name)? else { return Ok(Err(Wrong::Unknown)) };
    let may = match stored.phase {
        Phase::Scheduled | Phase::Running => true,
        // A campaign whose recipients all had their turn may still have messages in the queue.
        Phase::Paused | Phase::Done => to == Phase::Canceled,
        Phase::Draft | Phase::Canceled => false,
    };
    if stored.phase == to {
        let more = stored.withdrawing;
        return Ok(Ok(Withdrawn { stored, messages: 0, more }));
    }
    if !may {
        return Ok(Err(Wrong::Phase(stored.phase)));
    }
    stored.phase = to;
    stored.withdrawing = true;
    if to == Phase::Canceled {
        stored.ended_at = Some(turn.now);
    }
    let messages = withdraw(turn, &mut stored)?;
    run::save(turn.tx, &stored)?;
    turn.wake_steps();
    let more = stored.withdrawing;
    Ok(Ok(Withdrawn { stored, messages, more }))
}

/// Takes back what waits of a campaign that was paused or canceled, a bounded number; returns how many messages it was.
pub(super) fn withdraw(turn: &Turn<'_>, stored: &mut Stored) -> Result<usize, StoreError> {
    let plan = Plan::of(stored)?;
    let waits = stored.phase == Phase::Paused;
    let found = waiting::messages(turn.tx, &stored.name, plan.run.class, AHEAD_MAX)?;
    let note = if waits { "taken back: its campaign was paused" } else { "withdrawn: its campaign was canceled" };
    for (id, contact) in &found {
        let Some(mut head) = message::head(turn.tx, *id)? else { continue };
        change::enter(turn, &mut head, State::Canceled, Step { note: Some(note), ..Step::default() })?;
        recipient::take_back(turn.tx, stored.id, *contact, waits, turn.now)?;
    }
    let mut more = found.len() >= AHEAD_MAX;
    if !waits {
        more |= recipient::withdraw(turn.tx, stored.id, WITHDRAWN_MAX, turn.now)? == WITHDRAWN_MAX;
    }
    stored.withdrawing = more;
    Ok(found.len())
}

/// Lets a paused campaign go on where it was.
///
/// # Errors
/// The store's own.
pub fn resume(turn: &Turn<'_>, name: &str) -> Result<Result<Stored, Wrong>, StoreError> {
    let Some(mut stored) = run::find(turn.tx.connection(), name)? else { return Ok(Err(Wrong::Unknown)) };
    match stored.phase {
        Phase::Scheduled | Phase::Running => return Ok(Ok(stored)),
        Phase::Paused => {}
        Phase::Draft | Phase::Done | Phase::Canceled => return Ok(Err(Wrong::Phase(stored.phase))),
    }
    let begun = stored.stage != Stage::Take || stored.cursor > 0;
    stored.phase = if begun { Phase::Running } else { Phase::Scheduled };
    stored.withdrawing = false;
    run::save(turn.tx, &stored)?;
    turn.wake_steps();
    Ok(Ok(stored))
}
