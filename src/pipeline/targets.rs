//! Takes the callbacks that are due, target by target in turn, as many of each as it may have now.

use std::time::Duration;

use super::Turn;
use crate::model::Timestamp;
use crate::policy::callback_targets::{Room, Round};
use crate::store::StoreError;
use crate::store::callback::{self, Callback};

/// How long a taken callback is not taken again; longer than any try may last
/// (`callback.timeout` is 300 s at most).
pub(super) const TAKEN_FOR: Duration = Duration::from_secs(400);
/// Targets looked at in one transaction; each costs one or two looks into an index.
const LOOKS_MAX: usize = 4_000;
/// More targets than that are looked at a little later, so that the writer has time for others.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Callbacks of a failing target that are looked at for their age at a time.
const OLD_MAX: usize = 500;

/// What a look at the targets gave.
#[derive(Debug, Default)]
pub struct Taken {
    /// To be posted now.
    pub callbacks: Vec<Callback>,
    /// When to look again, if nothing ends before.
    pub next_at: Option<Timestamp>,
    /// The target that was looked at last: the next look begins behind it.
    pub last: String,
}

impl Taken {
    fn look_at(&mut self, at: Timestamp) {
        self.next_at = Some(self.next_at.map_or(at, |next| next.min(at)));
    }
}

/// Takes what is due from every target that has room in `round`, beginning behind the target `after`.
///
/// # Errors
/// The store's own.
pub fn take_in_turn(turn: &Turn<'_>, round: &mut Round<'_>, after: &str) -> Result<Taken, StoreError> {
    let mut taken = Taken { last: after.to_owned(), ..Taken::default() };
    // Once around: from behind `after` to the end, then from the beginning up to `after` itself.
    let (mut place, mut wrapped) = (after.to_owned(), false);
    for _ in 0..LOOKS_MAX {
        if round.is_over() {
            return Ok(taken);
        }
        match callback::next_origin(turn.tx, &place)? {
            Some(origin) if !wrapped || *origin <= *after => {
                take_from(turn, round, &origin, &mut taken)?;
                taken.last.clone_from(&origin);
                place = origin;
            }
            None if !wrapped && !after.is_empty() => {
                wrapped = true;
                place.clear();
            }
            Some(_) | None => return Ok(taken),
        }
    }
    taken.look_at(turn.now.plus(LOOK_AGAIN_AFTER));
    Ok(taken)
}

fn take_from(turn: &Turn<'_>, round: &mut Round<'_>, origin: &str, taken: &mut Taken) -> Result<(), StoreError> {
    match round.room(origin) {
        Room::Open(places) => {
            let due = callback::take_due(turn.tx, origin, turn.now, turn.now.plus(TAKEN_FOR), places)?;
            round.take(origin, due.len());
            // With all its places taken it is looked at when one of them ended.
            if due.len() < places
                && let Some(at) = callback::next_due(turn.tx, origin)?
            {
                taken.look_at(at);
            }
            taken.callbacks.extend(due);
        }
        Room::After(wait) => taken.look_at(turn.now.plus(wait)),
        Room::Full => {}
    }
    Ok(())
}

/// Gives up what waits behind a failing target and is older than `age`: its turn to be tried would not come. Returns how many
/// were given up.
///
/// # Errors
/// The store's own.
pub fn give_up_behind(turn: &Turn<'_>, origin: &str, age: Duration, note: &str) -> Result<usize, StoreError> {
    callback::give_up_old(turn.tx, origin, turn.now.minus(age), OLD_MAX, note, turn.now)
}
