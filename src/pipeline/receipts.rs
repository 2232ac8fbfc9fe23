//! Matches delivery receipts with what was sent, whenever they come and however the carrier writes its ids.

use super::change::{self, Step};
use super::settle::segment_states;
use super::{Receipts, Settings, Turn};
use crate::model::{CarrierMessageId, PhoneNumber, Receipt, State};
use crate::policy::lifecycle;
use crate::store::message::{self, Head};
use crate::store::submission::{self, Submission, carrier_key};
use crate::store::{StoreError, receipt as early};

/// Lets `receipt` take effect, or keeps it until the answer that it belongs to comes.
pub fn settle(turn: &Turn<'_>, group: &str, receipt: &Receipt) -> Result<(), StoreError> {
    match find(turn, group, receipt)? {
        Some((row, head)) => apply(turn, &row, head, receipt),
        None => match receipt.ids.first() {
            Some(id) => {
                tracing::debug!(postrider.link = group, postrider.carrier_id = %id, "A receipt waits for its submit answer");
                early::keep(turn.tx, carrier_key(group, &id.normal_form()), group, id, receipt, turn.now)
            }
            None => {
                tracing::warn!(postrider.link = group, "A receipt without any message id came; it cannot be matched");
                Ok(())
            }
        },
    }
}

/// The send that a receipt is about: by each id as written, then by its other readings.
fn find(turn: &Turn<'_>, group: &str, receipt: &Receipt) -> Result<Option<(Submission, Head)>, StoreError> {
    for id in &receipt.ids {
        if let Some(found) = find_form(turn, group, &id.normal_form(), receipt)? {
            return Ok(Some(found));
        }
    }
    for id in &receipt.ids {
        for form in id.alternative_forms() {
            if let Some(found) = find_form(turn, group, &form, receipt)? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

fn find_form(
    turn: &Turn<'_>,
    group: &str,
    form: &str,
    receipt: &Receipt,
) -> Result<Option<(Submission, Head)>, StoreError> {
    for row in submission::with_carrier_key(turn.tx, carrier_key(group, form))? {
        let id = row.carrier_id.as_deref().and_then(CarrierMessageId::new);
        if id.is_none_or(|id| id.normal_form() != form) {
            continue;
        }
        let Some(head) = message::head(turn.tx, row.message)? else { continue };
        if receipt.recipient.as_ref().is_none_or(|recipient| same_handset(recipient, head.recipient.as_str())) {
            return Ok(Some((row, head)));
        }
    }
    Ok(None)
}

/// Whether a receipt's number is the message's. Some carriers leave the country code out.
fn same_handset(recipient: &PhoneNumber, number: &str) -> bool {
    const LOCAL_DIGITS_MIN: usize = 7;
    let (a, b) = (recipient.digits(), number.trim_start_matches('+'));
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    long == short || short.len() >= LOCAL_DIGITS_MIN && long.ends_with(short)
}

fn apply(turn: &Turn<'_>, row: &Submission, mut head: Head, receipt: &Receipt) -> Result<(), StoreError> {
    let Some(state) = lifecycle::after_receipt(row.state, receipt.state) else { return Ok(()) };
    let note = describe(receipt);
    submission::set_state(turn.tx, row, state, &note, turn.now)?;
    let mut states = if head.segments == 1 && head.attempt == 1 {
        vec![state]
    } else {
        segment_states(&submission::of_message(turn.tx, head.id)?, head.segments)
    };
    let last_only = turn.settings.group(Settings::group_of(&row.link)).is_some_and(|g| g.receipts == Receipts::Last);
    if last_only && usize::from(row.segment) + 1 == head.segments {
        states.iter_mut().filter(|other| **other == State::Sent).for_each(|other| *other = state);
    }
    // Segments that are still to be sent decide later; the row already knows of this one.
    if head.state == State::Leased || states.iter().any(|state| matches!(state, State::Queued)) {
        return Ok(());
    }
    let overall = lifecycle::overall(states);
    if lifecycle::may_become(head.state, overall) {
        let step = Step { link: Some(&row.link), note: Some(&note), due_at: None };
        head.awaited = 0;
        change::enter(turn, &mut head, overall, step)?;
    }
    Ok(())
}

/// What the carrier said, for the timeline.
fn describe(receipt: &Receipt) -> String {
    match (receipt.error.as_str(), receipt.raw_state.as_str()) {
        ("" | "000" | "0", raw) => format!("receipt {raw}"),
        (error, raw) => format!("receipt {raw}, error {error}"),
    }
}

/// The state that an early receipt gives to the send whose id just became known, if one was kept.
pub fn take_early(
    turn: &Turn<'_>,
    group: &str,
    id: &CarrierMessageId,
    recipient: &str,
) -> Result<Option<(State, String)>, StoreError> {
    if !early::any(turn.tx)? {
        return Ok(None);
    }
    let mut result = None;
    let mut state = State::Sent;
    for form in std::iter::once(id.normal_form()).chain(id.alternative_forms()) {
        for kept in early::early(turn.tx, carrier_key(group, &form))? {
            if !kept.receipt.recipient.as_ref().is_none_or(|number| same_handset(number, recipient)) {
                continue;
            }
            early::forget(turn.tx, kept.id)?;
            if let Some(next) = lifecycle::after_receipt(state, kept.receipt.state) {
                state = next;
                result = Some((next, describe(&kept.receipt)));
            }
        }
    }
    Ok(result)
}
