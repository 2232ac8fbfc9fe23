//! Sends whose id nobody learned: on their way, in doubt because their answer was lost, or taken without an id.
//!
//! A receipt with an id that nobody knows settles a doubt only where exactly one send can be meant, counted over all such
//! sends to its handset, and handset, sender and time agree; or where as many receipts came as parts of one message are in
//! doubt, and all say the same. Else it waits: telling a message of another's receipt is worse than telling nothing.

use std::time::Duration;

use super::parts::Parts;
use super::receipts::{self, handset, sender};
use super::{Settings, Turn, change};
use crate::model::{CarrierMessageId, Receipt, Sender, State, TAIL_DIGITS_MIN, Timestamp};
use crate::policy::lifecycle;
use crate::policy::receipt_match::Agreement;
use crate::store::message::{self, Head};
use crate::store::submission::{self, Submission};
use crate::store::{StoreError, receipt as early};

/// A doubt that is older is not settled by handset alone.
const DOUBT_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// How far the carrier's clock and ours may be apart.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(600);
/// How many messages to one handset are looked at. Where there are more, nobody can tell which one is meant.
const MESSAGES_MAX: usize = 300;
/// How many kept receipts for one handset are looked at.
const KEPT_MAX: usize = 100;

/// The way that a receipt came: any bind of a carrier, or one modem.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// The link group.
    pub group: &'a str,
    /// The link, as rows hold it.
    pub link: &'a str,
    /// Whether it is a modem.
    pub modem: bool,
}

impl<'a> Way<'a> {
    /// The way over a link, named as rows hold it.
    pub fn new(settings: &Settings, link: &'a str) -> Self {
        let group = Settings::group_of(link);
        Self { group, link, modem: settings.group(group).is_some_and(|group| group.pool.is_some()) }
    }

    /// Whether a send over `link` took it.
    fn is_of(&self, link: &str) -> bool {
        if self.modem { self.link == link } else { self.group == Settings::group_of(link) }
    }
}

/// A send without an id.
struct Unnamed {
    head: Box<Head>,
    segment: u8,
    attempt: u32,
    /// Its outcome; absent while it is on its way.
    row: Option<Submission>,
    /// It began no sooner.
    since: Timestamp,
}

/// The sender that a send's message had for the carrier: its own, or the one of the link's configuration.
pub fn own_sender(turn: &Turn<'_>, head: &Head, row: &Submission) -> Result<Option<Sender>, StoreError> {
    let group = turn.settings.group(Settings::group_of(&row.link));
    // A modem sends under its SIM's number, whatever the message names.
    if group.is_some_and(|group| group.pool.is_some()) {
        return Ok(None);
    }
    let own = message::sender_of(turn.tx, head.id)?;
    Ok(own.or_else(|| group.and_then(|group| group.sender.clone())))
}

/// Whether a send of another part to the handset of `row` has no id yet, so that a receipt may be about it.
pub fn has_other(turn: &Turn<'_>, way: &Way<'_>, receipt: &Receipt, row: &Submission) -> Result<bool, StoreError> {
    let Some(head) = message::head(turn.tx, row.message)? else { return Ok(false) };
    let mut found = Vec::new();
    let since = turn.now.minus(DOUBT_AGE_MAX);
    let near = message::changed_since(turn.tx, head.recipient.as_str(), since, MESSAGES_MAX)?;
    if near.len() == MESSAGES_MAX {
        return Ok(true);
    }
    for id in near {
        unnamed_of(turn, way, id, &mut found)?;
    }
    // Whichever send of the part it is about, it is that part.
    for one in found.iter().filter(|one| (one.head.id, one.segment) != (row.message, row.segment)) {
        if told_sender(turn, way, one, receipt)? != Agreement::Other {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The sends that a receipt with an unknown id can only be about, each with what it says; they bear its id from now on.
pub fn find(
    turn: &Turn<'_>,
    way: &Way<'_>,
    receipt: &Receipt,
    received_at: Timestamp,
) -> Result<Vec<(Submission, Receipt)>, StoreError> {
    let Some(id) = receipt.ids.first() else { return Ok(Vec::new()) };
    let Some(mut meant) = meant(turn, way, receipt, received_at)? else { return Ok(Vec::new()) };
    // One that is on its way gets its answer first.
    if meant.iter().any(|one| one.row.is_none()) {
        return Ok(Vec::new());
    }
    // Whichever send of one part it is, it is that part.
    let part = |one: &Unnamed| (one.head.id, one.segment);
    if meant.iter().all(|one| part(one) == part(&meant[0])) {
        meant.truncate(1);
    }
    for one in &meant {
        if told_sender(turn, way, one, receipt)? != Agreement::Same {
            return Ok(Vec::new());
        }
    }
    let told = match meant.as_slice() {
        [] => return Ok(Vec::new()),
        [_] => vec![(id.clone(), vec![receipt.clone()])],
        several => match one_for_each(turn, way, receipt, id, several)? {
            Some(told) => told,
            None => return Ok(Vec::new()),
        },
    };
    let mut settled = Vec::new();
    for (mut row, (id, receipts)) in meant.into_iter().filter_map(|one| one.row).zip(told) {
        tracing::info!(postrider.message = %row.message, postrider.link = way.link, postrider.carrier_id = %id, "A receipt settles a doubt: it is for the same handset, no other send can be meant, and its id was never learned");
        row.carrier_id = Some(id.to_string());
        submission::put(turn.tx, &row, super::settle::key_of(&row))?;
        for receipt in receipts {
            settled.push((row.clone(), receipt.clone()));
            row.state = lifecycle::after_receipt(row.state, receipt.state).unwrap_or(row.state);
        }
    }
    Ok(settled)
}

/// The sends without an id that a receipt may be about; `None` where there are too many to tell.
fn meant(
    turn: &Turn<'_>,
    way: &Way<'_>,
    receipt: &Receipt,
    received_at: Timestamp,
) -> Result<Option<Vec<Unnamed>>, StoreError> {
    let since = turn.now.minus(DOUBT_AGE_MAX);
    let mut messages = Vec::new();
    for address in [&receipt.source, &receipt.destination].into_iter().flatten() {
        let digits = address.as_str().trim_start_matches('+');
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if let Sender::International(number) = address {
            messages.extend(message::changed_since(turn.tx, number.as_str(), since, MESSAGES_MAX)?);
        }
        // However it is written, its end is the same.
        let tail = digits.get(digits.len().saturating_sub(TAIL_DIGITS_MIN)..).unwrap_or(digits);
        let rows = submission::doubts(turn.tx, tail, since, MESSAGES_MAX)?;
        messages.extend(rows.into_iter().map(|row| row.message));
        messages.extend(message::leased_to_suffix(turn.tx, tail, MESSAGES_MAX)?);
    }
    if messages.len() >= MESSAGES_MAX {
        return Ok(None);
    }
    messages.sort_unstable();
    messages.dedup();
    let mut found = Vec::new();
    for id in messages {
        unnamed_of(turn, way, id, &mut found)?;
    }
    let mut meant = Vec::new();
    for one in found {
        let early = receipt.done_at.is_some_and(|done| done.plus(CLOCKS_APART_MAX) < one.since);
        let same_handset = handset(receipt, &one.head, None) == Agreement::Same;
        let other_sender = told_sender(turn, way, &one, receipt)? == Agreement::Other;
        if same_handset && !early && !other_sender && one.since <= received_at {
            meant.push(one);
        }
    }
    Ok(Some(meant))
}

fn told_sender(turn: &Turn<'_>, way: &Way<'_>, one: &Unnamed, receipt: &Receipt) -> Result<Agreement, StoreError> {
    if way.modem {
        return Ok(Agreement::Same);
    }
    let own = match message::sender_of(turn.tx, one.head.id)? {
        Some(own) => Some(own),
        None => turn.settings.group(way.group).and_then(|group| group.sender.clone()),
    };
    Ok(sender(receipt, &one.head, own.as_ref()))
}

/// Adds the sends of one message over `way` that have no id.
fn unnamed_of(
    turn: &Turn<'_>,
    way: &Way<'_>,
    id: crate::model::MessageId,
    found: &mut Vec<Unnamed>,
) -> Result<(), StoreError> {
    let Some(head) = message::head(turn.tx, id)? else { return Ok(()) };
    let all = Parts::load(turn, &head)?;
    let oldest = turn.now.minus(DOUBT_AGE_MAX);
    for row in all.rows.iter().filter(|row| row.is_unnamed() && row.at >= oldest && way.is_of(&row.link)) {
        found.push(Unnamed {
            head: Box::new(head.clone()),
            segment: row.segment,
            attempt: row.attempt,
            since: row.at.minus(change::lease_max(&head)),
            row: Some(row.clone()),
        });
    }
    if head.state != State::Leased || !head.link.as_deref().is_some_and(|link| way.is_of(link)) {
        return Ok(());
    }
    let since = message::changed_at(turn.tx, id)?;
    for segment in all.going() {
        if !all.rows.iter().any(|row| row.segment == segment && row.attempt == head.attempt) {
            found.push(Unnamed { head: Box::new(head.clone()), segment, attempt: head.attempt, row: None, since });
        }
    }
    Ok(())
}

/// What carriers and networks told, by the ids that they gave.
type Told = Vec<(CarrierMessageId, Vec<Receipt>)>;

/// Of several parts in doubt nobody can tell which one arrived, until a receipt is there for each: then all of them, taken
/// out of those that were kept, if they say the same of all.
fn one_for_each(
    turn: &Turn<'_>,
    way: &Way<'_>,
    receipt: &Receipt,
    id: &CarrierMessageId,
    meant: &[Unnamed],
) -> Result<Option<Told>, StoreError> {
    let [first, rest @ ..] = meant else { return Ok(None) };
    let is_sibling = |one: &Unnamed| one.head.id == first.head.id && one.attempt == first.attempt;
    if !rest.iter().all(is_sibling) {
        return Ok(None);
    }
    let key = |one: &Unnamed| (one.head.id, one.segment, one.attempt);
    let keys: Vec<_> = meant.iter().map(key).collect();
    let (mut told, mut kept) = (Told::from([(id.clone(), vec![receipt.clone()])]), Vec::new());
    for one in early::about(turn.tx, way.group, &[], first.head.recipient.digits(), KEPT_MAX)? {
        let Some(known) = one.receipt.ids.first().cloned() else { continue };
        let same_sender = told_sender(turn, way, first, &one.receipt)? == Agreement::Same;
        if (way.modem && one.link != way.link) || !same_sender || one.receipt == *receipt {
            continue;
        }
        // It may be about these parts and nobody else: not about a send that was on its way when it came, and not about one
        // whose answer came since.
        let others = self::meant(turn, way, &one.receipt, one.received_at)?.unwrap_or_default();
        if !others.iter().map(key).eq(keys.iter().copied()) || receipts::names_a_send(turn, way, &one.receipt)? {
            continue;
        }
        kept.push(one.id);
        match told.iter_mut().find(|(id, _)| *id == known) {
            Some((_, receipts)) => receipts.push(one.receipt),
            None => told.push((known, vec![one.receipt])),
        }
    }
    let ends: Vec<State> = told.iter().map(|(_, receipts)| end_of(receipts)).collect();
    if told.len() != meant.len() || ends.iter().any(|end| *end != ends[0]) {
        return Ok(None);
    }
    kept.into_iter().try_for_each(|one| early::forget(turn.tx, one))?;
    Ok(Some(told))
}

/// The state that several receipts of one send lead to.
fn end_of(receipts: &[Receipt]) -> State {
    receipts.iter().fold(State::Uncertain, |state, one| lifecycle::after_receipt(state, one.state).unwrap_or(state))
}
