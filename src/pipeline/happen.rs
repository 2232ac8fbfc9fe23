//! Looks at what happened to contacts, in order: it moves who waits for it, ends who reached a goal, begins workflows, and
//! asks who belongs to which live segment now.

use super::live::Watch;
use super::workflow::Desk;
use super::{Progress, Turn};
use crate::campaign::workflow::flat;
use crate::store::StoreError;
use crate::store::campaign::event;
use crate::store::campaign::happening::{self, Happening};

/// How many events are looked at in one transaction.
const EVENTS_MAX: usize = 200;

/// Looks at the oldest events that nobody looked at yet.
///
/// # Errors
/// The store's own.
pub fn step(turn: &Turn<'_>) -> Result<Progress, StoreError> {
    let waiting = happening::next(turn.tx.connection(), EVENTS_MAX)?;
    let done = waiting.len();
    if waiting.is_empty() {
        return Ok(Progress::default());
    }
    let mut desk = Desk::new(turn);
    let watch = Watch::load(turn)?;
    for happening in waiting {
        look(&mut desk, &watch, happening)?;
        happening::done(turn.tx, happening.id)?;
    }
    // Events that these ones caused stand in the queue behind them.
    Ok(Progress { done, next: None })
}

fn look(desk: &mut Desk<'_, '_>, watch: &Watch, happening: Happening) -> Result<(), StoreError> {
    let Some(event) = event::by_id(desk.turn.tx.connection(), happening.event)? else { return Ok(()) };
    let Some(kind) = event.get("type").and_then(serde_json::Value::as_str) else { return Ok(()) };
    let fields = flat(&event);
    desk.happened(happening.contact, kind, &fields)?;
    desk.begin_by(happening.contact, kind, &fields)?;
    // Whoever comes into a segment by this event is told of in an event behind it.
    watch.look(desk.turn, happening.contact, Some(kind)).map(drop)
}
