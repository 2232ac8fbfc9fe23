//! In the lease transaction: whoever opted out since is not written to, and what would leave in quiet hours waits again.

use super::gate::{Ask, Gate, Reason, gate};
use crate::campaign::law::zone;
use crate::model::{Sender, State};
use crate::pipeline::change::{self, Step};
use crate::pipeline::{Turn, parts};
use crate::store::StoreError;
use crate::store::message::{Due, Head};
use crate::store::terms::{self, Terms};

/// Whether `due` may be leased. If not, it is put where it belongs.
pub fn may_leave(turn: &Turn<'_>, due: &mut Due) -> Result<bool, StoreError> {
    let sender = due.sender.as_ref().map(Sender::as_str);
    let ask = Ask {
        number: &due.head.recipient,
        class: due.head.class,
        sender,
        at: turn.now,
        zone: None,
        exempt: false,
        own_answer: false,
        behind_waiting: false,
        message: Some(due.head.id),
        hours: None,
    };
    // Few messages were granted anything: what it was is looked up only for one that would not go.
    let mut verdict = gate(turn, &ask)?;
    if verdict != Gate::Open {
        let granted = terms::of(turn.tx, due.head.id)?;
        if granted != Terms::default() {
            let own = granted.zone.as_deref().and_then(zone);
            let (exempt, own_answer) = (granted.exempt.is_some(), granted.own_answer);
            verdict = gate(turn, &Ask { zone: own.as_ref(), exempt, own_answer, ..ask })?;
        }
    }
    let head = &mut due.head;
    match verdict {
        Gate::Open => return Ok(true),
        Gate::Shut(reason) => block(turn, head, &reason)?,
        Gate::Wait(from, reason) if from < head.valid_until => {
            let step = Step { due_at: Some(from), note: Some(&reason.note()), link: None };
            change::enter(turn, head, State::Scheduled, step)?;
        }
        Gate::Wait(_, reason) => {
            let detail = format!("{}, but its validity ends at {}", reason.detail, head.valid_until);
            block(turn, head, &Reason { detail, ..reason })?;
        }
    }
    Ok(false)
}

/// Ends a message that may not leave. One of which a copy may have left already stays in doubt about that copy.
pub fn block(turn: &Turn<'_>, head: &mut Head, reason: &Reason) -> Result<(), StoreError> {
    let note = match head.doubts {
        0 => reason.note(),
        _ => format!("{}; an earlier copy may have been sent", reason.note()),
    };
    parts::end(turn, head, State::Blocked, Step { note: Some(&note), ..Step::default() })
}
