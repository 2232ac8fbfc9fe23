//! Matches delivery receipts with what was sent, whenever they come and however the carrier writes its ids.
//!
//! ```text
//! receipt ─▶ a send has its id ────────────────────────────▶ applied
//!              │ no, or several have           ▲
//!              ▼                               │
//!            one send without id can be meant ─┘   (`uncertain`)
//!              │ no
//!              ▼                   an answer, a doubt, a proof of the carrier's ids
//!            kept ─────────────────────────────────────────▶ looked at again
//! ```
//!
//! A carrier's id names a send; how its receipts write it is learned (`policy::receipt_match`). A modem's names a SIM and a
//! reference of 256 values that comes round again: handset and times decide then (`policy::report`).

use super::settle::reconsider;
use super::uncertain::{self, Way};
use super::{Settings, Turn, change};
use crate::model::{CarrierMessageId, IdRelation, LinkName, Receipt, Sender, State, Timestamp};
use crate::policy::lifecycle;
use crate::policy::receipt_match::{self, Agreement, Candidate, Choice, Known};
use crate::policy::report::{self, Match};
use crate::store::message::{self, Head};
use crate::store::receipt::Early;
use crate::store::submission::{self, Submission, carrier_key};
use crate::store::{StoreError, id_relation, receipt as early};

/// A carrier's id that several sends share is looked for among so many.
const SAME_ID_MAX: usize = 16;
/// A modem's reference comes round every 256 segments, so it is looked for among more.
const SAME_REFERENCE_MAX: usize = 256;
/// How many octets of a receipt that cannot be read are logged.
const OCTETS_SHOWN: usize = 160;
/// How many kept receipts one change looks at again.
const RECHECK_MAX: usize = 500;

/// Lets `receipt` take effect, or keeps it until somebody can tell what it is about.
pub fn settle(turn: &Turn<'_>, link: &LinkName, receipt: &Receipt) -> Result<(), StoreError> {
    let Some(id) = receipt.ids.first() else {
        let octets = masked(&receipt.unread);
        tracing::warn!(postrider.link = %link, state = receipt.raw_state, "No message id was found in a receipt of {link}; it is kept, and changes nothing. Ask the carrier how its receipts are written: {octets}");
        return early::keep(turn.tx, link, receipt, turn.now);
    };
    match matched(turn, &Way::new(turn.settings, &link.to_string()), receipt, turn.now)? {
        Outcome::Applied => Ok(()),
        Outcome::Named(handset) => recheck_handset(turn, &link.group, &handset),
        Outcome::Proved => recheck_group(turn, &link.group),
        Outcome::Waits(why) => {
            tracing::debug!(postrider.link = %link, postrider.carrier_id = %id, "A receipt waits: {why}");
            early::keep(turn.tx, link, receipt, turn.now)
        }
    }
}

/// Octets for a log line: in hexadecimal, at most [`OCTETS_SHOWN`], the digits of numbers left out.
fn masked(octets: &[u8]) -> String {
    let shown = octets.iter().take(OCTETS_SHOWN);
    shown.map(|octet| if octet.is_ascii_digit() { "3*".to_owned() } else { format!("{octet:02x}") }).collect()
}

/// What came of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// It is known, or says again what is known.
    Applied,
    /// A send to this handset that had no id bears its id now, so others to it are no longer mistakable for that one.
    Named(String),
    /// It is known, and what it proves of the carrier's ids may tell what others are about.
    Proved,
    /// Nobody can tell yet what it is about.
    Waits(&'static str),
}

/// Finds what a receipt that came at `received_at` is about, and lets it take effect.
fn matched(turn: &Turn<'_>, way: &Way<'_>, receipt: &Receipt, received_at: Timestamp) -> Result<Outcome, StoreError> {
    let by_id = if way.modem { by_reference(turn, way, receipt)? } else { by_id(turn, way, receipt)? };
    let (row, head, proves) = match by_id {
        ById::Send(row, head, proves) => (row, head, proves),
        ById::Repeated => return Ok(Outcome::Applied),
        ById::Ambiguous => return Ok(Outcome::Waits("several sends may have its id")),
        ById::Nothing => {
            let found = uncertain::find(turn, way, receipt, received_at)?;
            let Some((last, told)) = found.last() else { return Ok(Outcome::Waits("no send has its id yet")) };
            // All of them are known at the same time: what holds after some of them was never so.
            for (row, receipt) in &found {
                write(turn, row, receipt)?;
            }
            let Some(head) = message::head(turn.tx, last.message)? else { return Ok(Outcome::Applied) };
            let handset = head.recipient.digits().to_owned();
            follow(turn, head, last, told)?;
            return Ok(Outcome::Named(handset));
        }
    };
    let first = match proves {
        Some(relation) => prove(turn, way.group, relation, &row, receipt)?,
        None => false,
    };
    if receipt_is_new(&row, receipt) {
        apply_to(turn, &row, *head, receipt)?;
    }
    Ok(if first { Outcome::Proved } else { Outcome::Applied })
}

/// Keeps what a pair proves of the carrier's ids; `true` if it is news.
fn prove(
    turn: &Turn<'_>,
    group: &str,
    relation: IdRelation,
    row: &Submission,
    receipt: &Receipt,
) -> Result<bool, StoreError> {
    let (Some(answer), Some(id)) = (row.carrier_id.as_deref(), receipt.ids.first()) else { return Ok(false) };
    let before = id_relation::of_group(turn.tx, group)?;
    if before.contains(&relation) || !id_relation::prove(turn.tx, group, relation, (answer, id), turn.now)? {
        return Ok(false);
    }
    let (relation, configured) = (relation.as_str(), turn.settings.group(group).and_then(|group| group.ids));
    if before.is_empty() && configured.is_none() {
        tracing::info!(
            postrider.link = group,
            "The ids of {group}'s receipts are known from a pair now: {relation} (answer {answer}, receipt {id})"
        );
    } else {
        tracing::warn!(
            postrider.link = group,
            "{group} does not write the ids of its receipts as before: {relation} (answer {answer}, receipt {id}). Ask the \
             carrier, and set id_in_response and id_in_receipt; until then a receipt needs more than its number"
        );
    }
    Ok(true)
}

/// How the carrier writes its ids, as far as it is known.
fn known(turn: &Turn<'_>, group: &str) -> Result<Known, StoreError> {
    if let Some(relation) = turn.settings.group(group).and_then(|group| group.ids) {
        return Ok(Known::Is(relation));
    }
    Ok(match id_relation::of_group(turn.tx, group)?.as_slice() {
        [relation] => Known::Is(*relation),
        _ => Known::Nothing,
    })
}

/// What is found by a receipt's ids.
enum ById {
    Send(Submission, Box<Head>, Option<IdRelation>),
    Repeated,
    Ambiguous,
    Nothing,
}

/// The send that a carrier's receipt names.
fn by_id(turn: &Turn<'_>, way: &Way<'_>, receipt: &Receipt) -> Result<ById, StoreError> {
    let mut found = named(turn, way, receipt)?;
    if found.is_empty() {
        return Ok(ById::Nothing);
    }
    let known = known(turn, way.group)?;
    let candidates: Vec<Candidate> = found.iter().map(|(_, _, candidate)| candidate.clone()).collect();
    let unnamed = |except: &Submission| uncertain::has_other(turn, way, receipt, except);
    let short = receipt.ids.iter().map(CarrierMessageId::significant_len).min().unwrap_or(0);
    // Whether others may have the id is a question to the store, so it is asked only where it decides.
    let mut choice = receipt_match::choose(&candidates, known, short, false);
    if let Choice::Send { place, proves } = choice
        && (known == Known::Nothing || proves.is_some())
        && unnamed(&found[place].0)?
    {
        choice = receipt_match::choose(&candidates, known, short, true);
    }
    Ok(match choice {
        Choice::Send { place, proves } => {
            let (row, head, _) = found.swap_remove(place);
            ById::Send(row, head, proves)
        }
        Choice::Ambiguous => ById::Ambiguous,
        Choice::Nothing => ById::Nothing,
    })
}

/// Whether a receipt may name any send by one of its ids.
pub fn names_a_send(turn: &Turn<'_>, way: &Way<'_>, receipt: &Receipt) -> Result<bool, StoreError> {
    Ok(!named(turn, way, receipt)?.is_empty())
}

/// The sends of a group that a receipt may name in some way of writing its ids, newest message first.
fn named(
    turn: &Turn<'_>,
    way: &Way<'_>,
    receipt: &Receipt,
) -> Result<Vec<(Submission, Box<Head>, Candidate)>, StoreError> {
    let mut found: Vec<(Submission, Box<Head>, Candidate)> = Vec::new();
    for (place, id) in receipt.ids.iter().enumerate() {
        for relation in IdRelation::ALL {
            let Some(form) = relation.in_answer(id) else { continue };
            for row in with_form(turn, way.group, &form, SAME_ID_MAX)? {
                let same = |known: &Submission| {
                    (known.message, known.segment, known.attempt) == (row.message, row.segment, row.attempt)
                };
                if let Some((_, _, candidate)) = found.iter_mut().find(|(known, ..)| same(known)) {
                    candidate.named.push((place, relation));
                    continue;
                }
                let Some(head) = message::head(turn.tx, row.message)? else { continue };
                let own = uncertain::own_sender(turn, &head, &row)?;
                let candidate = Candidate {
                    named: vec![(place, relation)],
                    handset: handset(receipt, &head, own.as_ref()),
                    sender: sender(receipt, &head, own.as_ref()),
                    state: row.state,
                };
                found.push((row, Box::new(head), candidate));
            }
        }
    }
    found.sort_by_key(|(row, ..)| std::cmp::Reverse((row.message, row.attempt, row.segment)));
    Ok(found)
}

/// Whether a receipt is about a message's handset.
pub fn handset(receipt: &Receipt, head: &Head, own: Option<&Sender>) -> Agreement {
    let (source, destination) = (receipt.source.as_ref(), receipt.destination.as_ref());
    receipt_match::handset(source, destination, head.recipient.digits(), own)
}

/// Whether a receipt is about a message's sender.
pub fn sender(receipt: &Receipt, head: &Head, own: Option<&Sender>) -> Agreement {
    let (source, destination) = (receipt.source.as_ref(), receipt.destination.as_ref());
    receipt_match::sender(source, destination, head.recipient.digits(), own)
}

/// The send that a modem's report is about: same SIM, reference and handset, and the times decide.
fn by_reference(turn: &Turn<'_>, way: &Way<'_>, receipt: &Receipt) -> Result<ById, StoreError> {
    let Some(id) = receipt.ids.first() else { return Ok(ById::Nothing) };
    let mut found = Vec::new();
    for row in with_form(turn, way.group, &id.normal_form(), SAME_REFERENCE_MAX)?.into_iter().rev() {
        let Some(head) = message::head(turn.tx, row.message)? else { continue };
        let agreement = handset(receipt, &head, None);
        if agreement > Agreement::Unlikely {
            found.push((row, Box::new(head), agreement));
        }
    }
    let sends: Vec<report::Send> = found
        .iter()
        .map(|(row, head, agreement)| report::Send {
            state: row.state,
            at: row.at,
            until: head.valid_until.max(row.at).plus(turn.settings.report_wait),
            same_handset: *agreement == Agreement::Same,
        })
        .collect();
    Ok(match report::choose(&sends, receipt.done_at, turn.now) {
        Match::Send(place) => {
            let (row, head, _) = found.swap_remove(place);
            ById::Send(row, head, None)
        }
        Match::Repeated => ById::Repeated,
        Match::None => ById::Nothing,
    })
}

/// The sends of a group whose id has this normal form, newest message first.
fn with_form(turn: &Turn<'_>, group: &str, form: &str, limit: usize) -> Result<Vec<Submission>, StoreError> {
    let mut rows = submission::with_carrier_key(turn.tx, carrier_key(group, form), limit)?;
    let id = |row: &Submission| row.carrier_id.as_deref().and_then(CarrierMessageId::new);
    rows.retain(|row| id(row).is_some_and(|id| id.normal_form() == form));
    Ok(rows)
}

/// Whether a receipt says more than is known.
fn receipt_is_new(row: &Submission, receipt: &Receipt) -> bool {
    // A send whose wait for a receipt is over is not on its way again by an intermediate notice.
    let over = row.state == State::Uncertain && row.is_taken() && receipt.state == State::Sent;
    !over && lifecycle::after_receipt(row.state, receipt.state).is_some()
}

/// Writes what a receipt says of a send, and lets its message follow.
fn apply_to(turn: &Turn<'_>, row: &Submission, head: Head, receipt: &Receipt) -> Result<(), StoreError> {
    if write(turn, row, receipt)? { follow(turn, head, row, receipt) } else { Ok(()) }
}

/// Writes what a receipt says of a send; `false` if it says nothing new.
fn write(turn: &Turn<'_>, row: &Submission, receipt: &Receipt) -> Result<bool, StoreError> {
    let Some(state) = lifecycle::after_receipt(row.state, receipt.state) else { return Ok(false) };
    submission::set_state(turn.tx, row, state, &describe(receipt), turn.now)?;
    Ok(true)
}

/// Lets a message follow what was written of a send.
fn follow(turn: &Turn<'_>, mut head: Head, row: &Submission, receipt: &Receipt) -> Result<(), StoreError> {
    let note = describe(receipt);
    let step = change::Step { link: Some(&row.link), note: Some(&note), due_at: None };
    // A single segment that was sent once is what its receipt says.
    if head.segments == 1
        && head.attempt == 1
        && head.state == State::Sent
        && let Some(state) = lifecycle::after_receipt(row.state, receipt.state)
        && lifecycle::may_become(head.state, state)
    {
        return change::enter(turn, &mut head, state, step);
    }
    reconsider(turn, &mut head, step)
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

/// Looks again at the receipts that are kept and that the new outcomes `rows` of a message may explain: an id that became
/// known, a send that turned into a doubt, or one less that others can be taken for. `true` if any took effect.
pub fn recheck(turn: &Turn<'_>, head: &Head, rows: &[Submission], leased: LeasedAt) -> Result<bool, StoreError> {
    let Some(first) = rows.first() else { return Ok(false) };
    if !early::any(turn.tx)? {
        return Ok(false);
    }
    let mut forms = Vec::new();
    for id in rows.iter().filter_map(|row| row.carrier_id.as_deref().and_then(CarrierMessageId::new)) {
        forms.extend(IdRelation::ALL.into_iter().filter_map(|relation| relation.in_receipt(&id)));
    }
    let group = Settings::group_of(&first.link);
    let kept = early::about(turn.tx, group, &forms, head.recipient.digits(), RECHECK_MAX)?;
    // A modem's reference comes round, so only what came while the lease was open counts for it.
    let since = match leased {
        LeasedAt::Current => message::changed_at(turn.tx, head.id)?,
        LeasedAt::Before(doubted_at) => doubted_at.minus(change::lease_max(head)),
    };
    let kept = kept.into_iter().filter(|one| head.sim.is_none() || one.received_at >= since).collect();
    let (any, proved) = again(turn, kept)?;
    if proved {
        recheck_group(turn, group)?;
    }
    Ok(any)
}

/// Looks again at what is kept about a handset, one of whose sends got its id from a receipt.
fn recheck_handset(turn: &Turn<'_>, group: &str, digits: &str) -> Result<(), StoreError> {
    let (_, proved) = again(turn, early::about(turn.tx, group, &[], digits, RECHECK_MAX)?)?;
    if proved { recheck_group(turn, group) } else { Ok(()) }
}

/// Looks again at what is kept of a carrier, whose way of writing ids was just proved.
fn recheck_group(turn: &Turn<'_>, group: &str) -> Result<(), StoreError> {
    again(turn, early::of_group(turn.tx, group, RECHECK_MAX)?).map(drop)
}

/// Matches kept receipts anew, until none of them makes another one plain; whether any took effect, and whether one proved
/// something.
fn again(turn: &Turn<'_>, mut kept: Vec<Early>) -> Result<(bool, bool), StoreError> {
    let (mut any, mut proved) = (false, false);
    loop {
        let (mut waiting, mut named) = (Vec::new(), false);
        for one in kept {
            // One that came before it may have taken this one with it.
            if !early::is_kept(turn.tx, one.id)? {
                continue;
            }
            let way = Way::new(turn.settings, &one.link);
            match matched(turn, &way, &one.receipt, one.received_at)? {
                Outcome::Waits(_) => {
                    waiting.push(one);
                    continue;
                }
                Outcome::Applied => {}
                Outcome::Named(_) => named = true,
                Outcome::Proved => proved = true,
            }
            early::forget(turn.tx, one.id)?;
            any = true;
        }
        if !named || waiting.is_empty() {
            return Ok((any, proved));
        }
        kept = waiting;
    }
}
