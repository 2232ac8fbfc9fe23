//! Moves what goes on by itself: whoever has something due does a bounded piece of it, in turn.

use std::time::Duration;

use super::Turn;
use crate::model::{Timestamp, catalog};
use crate::policy::wall_clock::Trust;
use crate::store::StoreError;

/// What a piece of work came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// How many things were done; more may be due at once if there were any.
    pub done: usize,
    /// When something is due next, if anything is.
    pub next: Option<Timestamp>,
}

impl Progress {
    /// Both together: what was done in all, and what is due first.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let next = match (self.next, other.next) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { done: self.done + other.done, next }
    }
}

/// How long somebody who met a row that cannot be read stands still.
const STANDS_STILL: Duration = Duration::from_secs(60);

/// Somebody who has things due.
type Stepper = fn(&Turn<'_>) -> Result<Progress, StoreError>;

/// Everybody, in the order in which they step, and whether it is by the calendar.
const STEPPERS: &[(bool, Stepper)] = &[
    (true, super::happen::step),
    (true, super::workflow::step),
    (false, super::talk::step),
    (true, super::live::step),
    (true, super::campaign::step),
    (false, super::click::step),
];

/// Lets everybody step once. What goes by the calendar waits while the clock is not believed.
///
/// # Errors
/// The store's own.
pub fn step(turn: &Turn<'_>) -> Result<Progress, StoreError> {
    // What a file that was put back has under way may have been done already by the run that it lacks.
    // Only what a person cancels or pauses is still withdrawn.
    if turn.tx.is_restored() {
        return one(turn, super::campaign::step);
    }
    let believed = turn.tx.clock().trust == Trust::Set;
    let steppers = STEPPERS.iter().filter(|(by_calendar, _)| believed || !by_calendar);
    steppers.map(|(_, stepper)| stepper).try_fold(Progress::default(), |all, stepper| Ok(all.and(one(turn, *stepper)?)))
}

/// In a careful turn, somebody who meets a row that cannot be read stands still and lets the others go on.
fn one(turn: &Turn<'_>, stepper: Stepper) -> Result<Progress, StoreError> {
    if !turn.careful {
        return stepper(turn);
    }
    let done = super::workflow::apart(turn, || stepper(turn))?;
    Ok(done.unwrap_or_else(|why| {
        tracing::error!(
            message_id = catalog::ROW_DAMAGED.id,
            "A row cannot be read, and what needs it stands still: {why}"
        );
        Progress { done: 0, next: Some(turn.now.plus(STANDS_STILL)) }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_first_counts() {
        let at = |millis| Progress { done: 1, next: Some(Timestamp::from_millis(millis)) };
        assert_eq!(at(5).and(at(3)), Progress { done: 2, next: Some(Timestamp::from_millis(3)) });
        assert_eq!(at(5).and(Progress::default()).next, Some(Timestamp::from_millis(5)));
    }
}
