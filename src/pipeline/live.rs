//! Keeps the members of live segments, and tells who came and who left.
//!
//! ```text
//! an event ─▶ Watch::look: the segments that it concerns ──┐
//! a contact changed ─▶ step: all segments ─────────────────┼─▶ segment_entered, segment_left
//! time passed ─▶ step: all contacts, span by span ─────────┘
//! ```
//!
//! A member's row and the event of its coming are written in one transaction, so a crash tells nothing twice.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::{Progress, Turn};
use crate::campaign::event::{ENTERED, Event, LEFT};
use crate::campaign::segment::{Calendars, Compiled, Concern, compile_span};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::campaign::live::{self, Live};
use crate::store::campaign::{contact, event, segment};

/// How many contacts one step looks at because time passed.
const SPAN_MAX: usize = 500;
/// How many changed contacts one step looks at.
const TOUCHED_MAX: usize = 100;
/// How many members of ended segments one step takes away.
const CLEARED_MAX: usize = 500;
/// How long changed contacts of another process wait at most until somebody looks.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A live segment, ready to be asked.
struct Watched {
    live: Live,
    concern: Concern,
    compiled: Compiled,
}

impl Watched {
    fn of(turn: &Turn<'_>, live: Live, calendars: &Calendars) -> Result<Option<Self>, StoreError> {
        let Some(tree) = segment::tree(turn.tx.connection(), &live.name)? else { return Ok(None) };
        Ok(Some(Self { live, concern: Concern::of(&tree), compiled: compile_span(&tree, calendars) }))
    }

    /// Whether the look that tells nobody has yet to come to this contact; until then nobody knows what is news of it.
    fn is_before(&self, contact: i64) -> bool {
        self.live.quiet && contact > self.live.up_to
    }
}

/// All live segments, ready to be asked about many contacts within one turn.
pub struct Watch(Vec<Watched>);

impl Watch {
    /// The live segments as they are in this turn.
    ///
    /// # Errors
    /// The store's own.
    pub fn load(turn: &Turn<'_>) -> Result<Self, StoreError> {
        let all = live::list(turn.tx.connection())?;
        if all.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let calendars = segment::calendars(turn.tx.connection(), turn.now)?;
        let watched = all.into_iter().map(|live| Watched::of(turn, live, &calendars)).filter_map(Result::transpose);
        Ok(Self(watched.collect::<Result<_, _>>()?))
    }

    /// An event of this type happened to a contact, or with `None` the contact itself changed: brings it into the
    /// segments where it belongs now, and out of the others. Returns how many it came into or left.
    ///
    /// # Errors
    /// The store's own.
    pub fn look(&self, turn: &Turn<'_>, contact: i64, kind: Option<&str>) -> Result<usize, StoreError> {
        let mut changes = 0;
        for watched in &self.0 {
            if kind.is_some_and(|kind| !watched.concern.has(kind)) || watched.is_before(contact) {
                continue;
            }
            let belongs = segment::has(turn.tx.connection(), &watched.compiled, contact)?;
            changes += usize::from(moved(turn, &watched.live, contact, belongs)?);
        }
        Ok(changes)
    }
}

/// Asks all live segments about one contact to whom something happened; [`Watch`] is for many.
///
/// # Errors
/// The store's own.
pub fn look(turn: &Turn<'_>, contact: i64) -> Result<usize, StoreError> {
    Watch::load(turn)?.look(turn, contact, None)
}

/// Brings a contact in or out, if it is not so already, and tells of it.
fn moved(turn: &Turn<'_>, live: &Live, id: i64, belongs: bool) -> Result<bool, StoreError> {
    let changed =
        if belongs { live::enter(turn.tx, live.id, id, turn.now)? } else { live::leave(turn.tx, live.id, id)? };
    if !changed || live.quiet && id > live.up_to {
        return Ok(changed);
    }
    let Some(stored) = contact::by_id(turn.tx.connection(), id)? else { return Ok(changed) };
    let mut event = Event::new(if belongs { ENTERED } else { LEFT }, stored.contact.number, turn.now);
    event.properties.insert("segment".to_owned(), json!(live.name));
    event::record(turn.tx, &event, turn.now)?;
    turn.wake_steps();
    Ok(changed)
}

/// Looks at contacts that changed, and at all others now and then because time passed.
///
/// # Errors
/// The store's own.
pub fn step(turn: &Turn<'_>) -> Result<Progress, StoreError> {
    let cleared = live::clear(turn.tx, CLEARED_MAX)?;
    let changed = touched(turn)?;
    let (swept, next) = sweep(turn)?;
    Ok(Progress { done: cleared + changed + swept, next })
}

fn touched(turn: &Turn<'_>) -> Result<usize, StoreError> {
    let contacts = live::take_touched(turn.tx, TOUCHED_MAX)?;
    if contacts.is_empty() {
        return Ok(0);
    }
    let watch = Watch::load(turn)?;
    for &contact in &contacts {
        watch.look(turn, contact, None)?;
    }
    Ok(contacts.len())
}

/// The next span of the look at all contacts that is due first; how many contacts that were, and when the next is due.
fn sweep(turn: &Turn<'_>) -> Result<(usize, Option<Timestamp>), StoreError> {
    let all = live::list(turn.tx.connection())?;
    let Some(first) = all.into_iter().next() else { return Ok((0, None)) };
    let soon = turn.now.plus(ANSWER_MAX);
    if first.next_at > turn.now {
        return Ok((0, Some(first.next_at.min(soon))));
    }
    let end = segment::span_end(turn.tx.connection(), first.up_to, SPAN_MAX)?;
    let calendars = segment::calendars(turn.tx.connection(), turn.now)?;
    let (id, up_to) = (first.id, first.up_to);
    match (Watched::of(turn, first, &calendars)?, end) {
        (Some(watched), Some(end)) => {
            span(turn, &watched, up_to + 1, end)?;
            live::came_to(turn.tx, id, end)?;
        }
        _ => live::finished(turn.tx, id, turn.now.plus(turn.settings.live_every))?,
    }
    Ok((1, Some(soon)))
}

fn span(turn: &Turn<'_>, watched: &Watched, first: i64, last: i64) -> Result<(), StoreError> {
    let connection = turn.tx.connection();
    let members: BTreeSet<i64> = live::members_within(connection, watched.live.id, first, last)?.into_iter().collect();
    let belong: BTreeSet<i64> = segment::within(connection, &watched.compiled, first, last)?.into_iter().collect();
    for &contact in belong.difference(&members) {
        moved(turn, &watched.live, contact, true)?;
    }
    for &contact in members.difference(&belong) {
        moved(turn, &watched.live, contact, false)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
