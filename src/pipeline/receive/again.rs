//! Tells what a carrier delivers once more from what a person writes once more, by the rows.
//!
//! The rule is [`redelivery::judge`]. Where it must wait for the fate of an acknowledgement, the part is stored, acknowledged
//! and held; once the session of the earlier one shows that its acknowledgement was read, or ends, the held part becomes a
//! message of its own or a counted copy.

use std::time::Duration;

use super::{Incoming, store};
use crate::model::{LinkName, Timestamp};
use crate::pipeline::Turn;
use crate::policy::redelivery::{self, Again, Verdict};
use crate::store::inbound_part::Spot;
use crate::store::{StoreError, inbound, inbound_part, inbound_session};

/// The longest that a part is held: a session that neither proves anything nor ends is no reason to keep an answer back.
const HELD_MAX: Duration = Duration::from_secs(300);
/// How many held parts one turn looks at.
const HELD_ROWS_MAX: usize = 100;

/// What a part turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// A message or part of its own.
    Another,
    /// The message or part of this id once more.
    Copy(i64),
    /// Maybe the one of this id once more.
    Wait(i64),
}

/// Takes in a part that may be one that came before.
pub(super) fn take(turn: &Turn<'_>, incoming: &Incoming<'_>) -> Result<(), StoreError> {
    match find(turn, incoming, None)? {
        Found::Another => store(turn, incoming),
        Found::Copy(of) => count(turn, incoming, of),
        Found::Wait(of) => {
            let id = turn.tx.next_id(turn.now);
            let spot = Spot { id, set: id.as_i64(), repeats: Some(of) };
            inbound_part::keep(turn.tx, spot, incoming.link, incoming.part, incoming.delivered, turn.now)
        }
    }
}

/// Looks at the parts that are held: those whose fate is known now are stored or counted.
///
/// # Errors
/// The store's own.
pub fn resolve(turn: &Turn<'_>) -> Result<(), StoreError> {
    for held in inbound_part::held(turn.tx, HELD_ROWS_MAX)? {
        let link = LinkName::parse(&held.link);
        let incoming = Incoming { link: &link, part: &held.part, delivered: held.delivered, sim: None, seen: None };
        let came_at = held.delivered.map_or(turn.now, |delivered| delivered.came_at);
        let found = find(turn, &incoming, Some(came_at))?;
        if matches!(found, Found::Wait(_)) && turn.now.since(came_at) < HELD_MAX {
            continue;
        }
        inbound_part::forget(turn.tx, held.id)?;
        match found {
            Found::Copy(of) => count(turn, &incoming, of)?,
            Found::Another | Found::Wait(_) => store(turn, &incoming)?,
        }
    }
    Ok(())
}

/// What a part is. For one that is held, only those count that came before it, at `held_since`.
fn find(turn: &Turn<'_>, incoming: &Incoming<'_>, held_since: Option<Timestamp>) -> Result<Found, StoreError> {
    let Incoming { link, part, delivered, .. } = incoming;
    let Some(delivered) = delivered else { return Ok(Found::Another) };
    let since = turn.now.minus(turn.settings.remember_for);
    let until = held_since.unwrap_or(Timestamp::from_millis(i64::MAX));
    let earlier = if part.part_of.is_some() {
        inbound_part::earlier(turn.tx, &link.group, part, since, until)?
    } else {
        inbound::earlier(turn.tx, digest(incoming), since, until)?
    };
    if earlier.is_empty() {
        return Ok(Found::Another);
    }
    let again = Again { session: Some(delivered.session), came_at: delivered.came_at };
    let back_at = inbound_session::newest(turn.tx, &link.group)?;
    let mut found = Found::Another;
    for (id, earlier) in earlier {
        match redelivery::judge(&earlier, &again, back_at, turn.now) {
            // Carriers repeat in the order in which they delivered, so the oldest is the one.
            Verdict::Copy => return Ok(Found::Copy(id)),
            Verdict::Wait if found == Found::Another => found = Found::Wait(id),
            Verdict::Wait | Verdict::Another => {}
        }
    }
    Ok(found)
}

fn digest(incoming: &Incoming<'_>) -> i64 {
    let Incoming { link, part, .. } = incoming;
    inbound::digest(&link.group, &part.from, &part.to, &part.payload)
}

/// Counts a redelivery on what it repeats. Its own acknowledgement is the one that may be missing now.
fn count(turn: &Turn<'_>, incoming: &Incoming<'_>, of: i64) -> Result<(), StoreError> {
    let (link, Some(delivered)) = (incoming.link, incoming.delivered) else { return Ok(()) };
    if incoming.part.part_of.is_some() {
        inbound_part::count_copy(turn.tx, of, delivered)?;
    } else {
        inbound::count_copy(turn.tx, of, delivered)?;
    }
    tracing::info!(postrider.link = %link, postrider.message = of, "An incoming message or a part of one came again over {link}, since its acknowledgement was lost; it is counted, not stored twice");
    Ok(())
}
