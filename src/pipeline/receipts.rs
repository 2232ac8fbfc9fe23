//! Matches delivery receipts with what was sent, whenever they come and however the carrier writes its ids.
//!
//! A carrier's id names a send. A modem's names a SIM and a reference of 256 values that comes round again: handset and
//! times decide then (`policy::report`). A receipt with an id that nobody knows may settle a doubt (`doubts`), or is kept
//! until the answer that it belongs to comes.

use super::change::{self, Step};
use super::settle::segment_states;
use super::{Receipts, Settings, Turn, doubts};
use crate::model::{CarrierMessageId, LinkName, PhoneNumber, Receipt, State, Timestamp};
use crate::policy::lifecycle;
use crate::policy::report::{self, Match};
use crate::store::message::{self, Head};
use crate::store::submission::{self, Submission, carrier_key};
use crate::store::{StoreError, receipt as early};

/// A carrier's id that several sends share is looked for among so many.
const SAME_ID_MAX: usize = 16;
/// A modem's reference comes round every 256 segments, so it is looked for among more.
const SAME_REFERENCE_MAX: usize = 256;
/// A late answer belongs to a lease that began at most so long before it was given up.
const LEASE_BEFORE_DOUBT: std::time::Duration = std::time::Duration::from_secs(900);

/// Lets `receipt` take effect, or keeps it until the answer that it belongs to comes.
pub fn settle(turn: &Turn<'_>, link: &LinkName, receipt: &Receipt) -> Result<(), StoreError> {
    let found = if link.modem.is_some() {
        match find_reference(turn, &link.group, receipt)? {
            Found::Send(row, head) => Some((row, head)),
            Found::Repeated => return Ok(()),
            Found::None => None,
        }
    } else {
        find(turn, &link.group, receipt)?
    };
    let found = match found {
        Some(found) => Some(found),
        None => doubts::find(turn, link, receipt)?,
    };
    match found {
        Some((row, head)) => apply(turn, &row, *head, receipt),
        None => keep(turn, &link.group, receipt),
    }
}

fn keep(turn: &Turn<'_>, group: &str, receipt: &Receipt) -> Result<(), StoreError> {
    match receipt.ids.first() {
        Some(id) => {
            tracing::debug!(postrider.link = group, postrider.carrier_id = %id, "A receipt waits for its submit answer");
            early::keep(turn.tx, carrier_key(group, &id.normal_form()), group, id, receipt, turn.now)
        }
        None => {
            tracing::warn!(postrider.link = group, "A receipt without any message id came; it cannot be matched");
            Ok(())
        }
    }
}

/// The send that a receipt is about: by each id as written, then by its other readings.
fn find(turn: &Turn<'_>, group: &str, receipt: &Receipt) -> Result<Option<(Submission, Box<Head>)>, StoreError> {
    for id in &receipt.ids {
        if let Some(found) = with_form(turn, group, &id.normal_form(), receipt, SAME_ID_MAX)?.pop() {
            return Ok(Some(found));
        }
    }
    for id in &receipt.ids {
        for form in id.alternative_forms() {
            if let Some(found) = with_form(turn, group, &form, receipt, SAME_ID_MAX)?.pop() {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// What a modem's report is about.
enum Found {
    Send(Submission, Box<Head>),
    Repeated,
    None,
}

/// The send that a modem's report is about: same SIM, reference and handset, and the times decide.
fn find_reference(turn: &Turn<'_>, group: &str, receipt: &Receipt) -> Result<Found, StoreError> {
    let Some(id) = receipt.ids.first() else { return Ok(Found::None) };
    let mut found = with_form(turn, group, &id.normal_form(), receipt, SAME_REFERENCE_MAX)?;
    let sends: Vec<report::Send> = found
        .iter()
        .map(|(row, head)| report::Send {
            state: row.state,
            at: row.at,
            until: head.valid_until.max(row.at).plus(turn.settings.report_wait),
            same_handset: receipt.recipient.is_some(),
        })
        .collect();
    Ok(match report::choose(&sends, receipt.done_at, turn.now) {
        Match::Send(place) => {
            let (row, head) = found.swap_remove(place);
            Found::Send(row, head)
        }
        Match::Repeated => Found::Repeated,
        Match::None => Found::None,
    })
}

/// The sends with this form of an id, for the receipt's handset; those of the newest message come last.
fn with_form(
    turn: &Turn<'_>,
    group: &str,
    form: &str,
    receipt: &Receipt,
    limit: usize,
) -> Result<Vec<(Submission, Box<Head>)>, StoreError> {
    let mut found = Vec::new();
    for row in submission::with_carrier_key(turn.tx, carrier_key(group, form), limit)? {
        let id = row.carrier_id.as_deref().and_then(CarrierMessageId::new);
        if id.is_none_or(|id| id.normal_form() != form) {
            continue;
        }
        let Some(head) = message::head(turn.tx, row.message)? else { continue };
        if receipt.recipient.as_ref().is_none_or(|recipient| same_handset(recipient, head.recipient.as_str())) {
            found.push((row, Box::new(head)));
        }
    }
    found.reverse();
    Ok(found)
}

/// Whether a receipt's number is the message's. Some carriers leave the country code out.
pub fn same_handset(recipient: &PhoneNumber, number: &str) -> bool {
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
pub fn describe(receipt: &Receipt) -> String {
    match (receipt.error.as_str(), receipt.raw_state.as_str()) {
        ("" | "000" | "0", raw) => format!("receipt {raw}"),
        (error, raw) => format!("receipt {raw}, error {error}"),
    }
}

/// When the lease began whose outcome is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeasedAt {
    /// It is the message's present lease.
    Current,
    /// It was given up at this instant.
    Before(Timestamp),
}

impl LeasedAt {
    /// The earliest instant at which the lease can have begun.
    pub fn since(self, turn: &Turn<'_>, head: &Head) -> Result<Timestamp, StoreError> {
        match self {
            Self::Current => message::changed_at(turn.tx, head.id),
            Self::Before(doubted_at) => Ok(doubted_at.minus(LEASE_BEFORE_DOUBT)),
        }
    }
}

/// What an early receipt makes of a send.
#[derive(Debug)]
pub struct Early {
    /// The send's state.
    pub state: State,
    /// What the carrier said.
    pub note: String,
    /// The id that it gave.
    pub id: CarrierMessageId,
}

/// What an early receipt makes of the send whose id just became known, if one was kept.
///
/// A modem's reference comes round, so only what came while the lease was open counts for it.
pub fn take_early(
    turn: &Turn<'_>,
    head: &Head,
    row: &Submission,
    id: &CarrierMessageId,
    leased_at: LeasedAt,
) -> Result<Option<Early>, StoreError> {
    if !early::any(turn.tx)? {
        return Ok(None);
    }
    let group = Settings::group_of(&row.link);
    let since = if head.sim.is_some() { Some(leased_at.since(turn, head)?) } else { None };
    let mut result = None;
    let mut state = row.state;
    for form in std::iter::once(id.normal_form()).chain(id.alternative_forms()) {
        for kept in early::early(turn.tx, carrier_key(group, &form))? {
            let number = kept.receipt.recipient.as_ref();
            if number.is_some_and(|number| !same_handset(number, head.recipient.as_str()))
                || since.is_some_and(|since| kept.received_at < since)
            {
                continue;
            }
            early::forget(turn.tx, kept.id)?;
            if let Some(next) = lifecycle::after_receipt(state, kept.receipt.state) {
                state = next;
                result = Some(Early { state: next, note: describe(&kept.receipt), id: id.clone() });
            }
        }
    }
    Ok(result)
}
