//! Workflows at work: who enrols, who is due, what each step does. What comes next is decided by `campaign::workflow`.
//!
//! ```text
//! happening (an event) ─▶ happen::step ─┐
//! a day or an instant ──▶ date::step ───┼─▶ enrol ─▶ enrolment ─▶ advance ─▶ compose::send, deeds, waits
//! API, service, step ───────────────────┘              ▲            │
//!                                             due_at ──┴────────────┘
//! ```
//!
//! A step's deed, its note and where the enrolment stands then are one transaction; so a crash neither loses nor doubles it.
//!
//! | file | does |
//! |---|---|
//! | `desk` | keeps the definitions, templates and segments of one turn |
//! | `enrol` | takes a contact in, if audience and re-entry allow it |
//! | `advance` | moves an enrolment until it waits or ends |
//! | `facts` | answers what the machine asks |
//! | `deed` | does what a step says |
//! | `date` | finds whose day or instant has come |
//! | `stand` | activates and deactivates, cancels and removes |

mod advance;
mod date;
mod deed;
mod desk;
mod enrol;
mod facts;
mod stand;

use crate::model::Timestamp;
use crate::pipeline::{Progress, Turn};
use crate::store::StoreError;
use crate::store::campaign::enrolment;

pub use desk::Desk;
pub use enrol::{Enrolled, enrol};
pub use stand::{activate, cancel, deactivate, define, missing, remove};

/// How many enrolments go on in one transaction.
const DUE_MAX: usize = 500;

/// Moves the enrolments that are due, and begins those whose day or instant has come.
///
/// # Errors
/// The store's own.
pub fn step(turn: &Turn<'_>) -> Result<Progress, StoreError> {
    let due = enrolment::due(turn.tx, turn.now, DUE_MAX)?;
    let done = due.len();
    let mut desk = Desk::new(turn);
    for enrolment in due {
        let id = enrolment.id;
        if let Err(why) = apart(turn, || desk.advance(enrolment))? {
            tracing::error!(enrolment = id, "An enrolment cannot go on, and ends here: {why}");
            cancel(turn, id, &format!("stopped: {why}"))?;
        }
    }
    let dates = if done < DUE_MAX { date::step(&mut desk)? } else { Progress::default() };
    let next: Option<Timestamp> = enrolment::next_due(turn.tx.connection())?;
    Ok(Progress { done, next }.and(dates))
}

/// Does one thing of many. A row that only a bug can have written stops this one and not the others: what was done with it
/// is taken back, and the inner error says what is wrong.
///
/// # Errors
/// The store's own.
pub(super) fn apart<T>(
    turn: &Turn<'_>,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<Result<T, String>, StoreError> {
    turn.tx.attempt(|_| match work() {
        Ok(done) => Ok(Ok(done)),
        Err(StoreError::Row(why)) => Ok(Err(why)),
        Err(other) => Err(other),
    })
}

/// Whether a step of a running enrolment waits for these words.
///
/// # Errors
/// The store's own.
pub fn awaits(turn: &Turn<'_>, contact: i64, text: &str) -> Result<bool, StoreError> {
    Desk::new(turn).awaits(contact, text)
}

/// Whether a step of a running enrolment waits for these words; then it takes them and goes on.
///
/// # Errors
/// The store's own.
pub fn hear(turn: &Turn<'_>, contact: i64, text: &str) -> Result<bool, StoreError> {
    Desk::new(turn).hear(contact, text)
}

#[cfg(test)]
mod tests;
