//! What people do to a message: withdraw it, or decide about a doubt.

use super::change::{self, Step};
use super::{Turn, parts};
use crate::model::{MessageId, State};
use crate::store::StoreError;
use crate::store::message;

/// How a cancellation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canceled {
    /// It is withdrawn.
    Done,
    /// It is too late: the message is in this state.
    TooLate(State),
    /// There is no such message.
    Unknown,
}

/// Withdraws a message that has not left yet.
///
/// # Errors
/// The store's own.
pub fn cancel(turn: &Turn<'_>, id: MessageId) -> Result<Canceled, StoreError> {
    withdraw(turn, id, "by request")
}

/// Withdraws a message that has not left yet, for a reason that stands on its timeline.
///
/// # Errors
/// The store's own.
pub fn withdraw(turn: &Turn<'_>, id: MessageId, why: &str) -> Result<Canceled, StoreError> {
    let Some(mut head) = message::head(turn.tx, id)? else { return Ok(Canceled::Unknown) };
    match head.state {
        State::Scheduled | State::Queued => {
            // One copy may have left already; then only the resend is withdrawn.
            let note = match head.doubts {
                0 => format!("withdrawn {why}"),
                _ => format!("the resend was withdrawn {why}; an earlier copy may have been sent"),
            };
            parts::end(turn, &mut head, State::Canceled, Step { note: Some(&note), ..Step::default() })?;
            Ok(Canceled::Done)
        }
        State::Canceled => Ok(Canceled::Done),
        state @ (State::Leased
        | State::Sent
        | State::Delivered
        | State::PartiallyDelivered
        | State::Undelivered
        | State::Failed
        | State::Expired
        | State::Blocked
        | State::Uncertain) => Ok(Canceled::TooLate(state)),
    }
}

/// A person's decision about a message in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Send it again.
    Resend,
    /// It was not sent, and it is too late now.
    GiveUp,
    /// It arrived.
    Delivered,
}

/// Decides about a message in doubt. `Ok(Err(state))` if it is not in doubt, `Ok(Err(None))` if there is no such message.
///
/// # Errors
/// The store's own.
pub fn resolve(
    turn: &Turn<'_>,
    id: MessageId,
    resolution: Resolution,
) -> Result<Result<State, Option<State>>, StoreError> {
    let Some(mut head) = message::head(turn.tx, id)? else { return Ok(Err(None)) };
    if head.state != State::Uncertain {
        return Ok(Err(Some(head.state)));
    }
    let (state, note) = match resolution {
        Resolution::Resend => (State::Queued, "sent again by an operator's decision"),
        Resolution::GiveUp => (State::Failed, "given up by an operator's decision"),
        Resolution::Delivered => (State::Delivered, "delivered by an operator's word"),
    };
    if state == State::Queued {
        head.doubts = 0;
        head.tries = 0;
        head.released = head.attempt;
        head.ended = None;
        let valid_for = turn.settings.valid_for[head.class.lane()];
        head.valid_until = head.valid_until.max(turn.now.plus(valid_for));
        message::save_validity(turn.tx, id, head.valid_until)?;
    }
    let due_at = (state == State::Queued).then_some(turn.now);
    change::enter(turn, &mut head, state, Step { note: Some(note), due_at, link: None })?;
    Ok(Ok(state))
}
