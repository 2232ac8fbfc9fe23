//! Looks at what happened to contacts, in order: it moves who waits for it, ends who reached a goal, and begins workflows.

use super::workflow::Desk;
use super::{Progress, Turn};
use crate::campaign::workflow::flat;
use crate::store::campaign::{event, happening};
use crate::store::{StoreError, campaign};

/// How many events are looked at in one transaction.
const EVENTS_MAX: usize = 200;

/// Looks at the oldest events that nobody looked at yet.
///
/// # Errors
/// The store's own.
pub fn step(turn: &Turn<'_>) -> Result<Progress, StoreError> {
    let waiting = happening::next(turn.tx.connection(), EVENTS_MAX)?;
    let done = waiting.len();
    let mut desk = Desk::new(turn);
    for happening in waiting {
        look(&mut desk, happening)?;
        campaign::happening::done(turn.tx, happening.id)?;
    }
    // Events that these ones caused stand in the queue behind them.
    Ok(Progress { done, next: None })
}

fn look(desk: &mut Desk<'_, '_>, happening: happening::Happening) -> Result<(), StoreError> {
    let Some(event) = event::by_id(desk.turn.tx.connection(), happening.event)? else { return Ok(()) };
    let Some(kind) = event.get("type").and_then(serde_json::Value::as_str) else { return Ok(()) };
    let fields = flat(&event);
    desk.happened(happening.contact, kind, &fields)?;
    desk.begin_by(happening.contact, kind, &fields)
}
