//! Lets a receipt with an id that nobody knows settle a doubt: a send whose answer was lost, to that handset, in that time.
//!
//! It does so only when one single segment can be meant, or when as many receipts came as segments of one message are in
//! doubt, and while no other message to that handset waits for its answer: the receipt could be an early one for that.

use std::time::Duration;

use super::receipts::{Early, LeasedAt, describe, same_handset};
use super::{Settings, Turn};
use crate::model::{CarrierMessageId, LinkName, PhoneNumber, Receipt, Sender, State, Timestamp};
use crate::policy::lifecycle;
use crate::store::message::{self, Head};
use crate::store::submission::{self, Submission, carrier_key};
use crate::store::{StoreError, receipt as early};

/// A doubt that is older is not settled by handset alone.
const DOUBT_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// A lease may have been open for so long before it became a doubt; what a receipt tells of happened after its begin.
const LEASE_MAX: Duration = Duration::from_secs(900);
/// How far the carrier's clock and ours may be apart.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(600);

/// A send in doubt, and what a receipt says of it.
pub struct Settled {
    /// The send. It bears the receipt's id from now on.
    pub row: Submission,
    /// What came for it.
    pub receipts: Vec<Receipt>,
}

/// The sends in doubt that `receipt`, whose id nobody knows, can only be about: one, or all segments of a message once as
/// many receipts came for its handset.
pub fn find(turn: &Turn<'_>, link: &LinkName, receipt: &Receipt) -> Result<Vec<Settled>, StoreError> {
    let (Some(recipient), Some(id)) = (&receipt.recipient, receipt.ids.first()) else { return Ok(Vec::new()) };
    let Some((rows, head)) = in_doubt(turn, link, receipt, recipient)? else { return Ok(Vec::new()) };
    // After a resend of parts there may be two copies of one, answered or not, and none of another.
    let copies = head.segments > 1 && head.attempt > 1;
    if copies || message::another_is_leased(turn.tx, &head.recipient, head.id)? {
        return Ok(Vec::new());
    }
    let told = if rows.len() == 1 {
        vec![(id.clone(), vec![receipt.clone()])]
    } else {
        match one_for_each(turn, link, receipt, id, &rows, &head)? {
            Some(told) => told,
            None => return Ok(Vec::new()),
        }
    };
    let mut settled = Vec::with_capacity(rows.len());
    for (mut row, (id, receipts)) in rows.into_iter().zip(told) {
        tracing::info!(postrider.message = %head.id, postrider.link = %link, postrider.carrier_id = %id, "A receipt settles a doubt: it is for the same handset, and its id was never learned");
        row.carrier_id = Some(id.to_string());
        submission::put(turn.tx, &row, Some(carrier_key(&link.group, &id.normal_form())))?;
        settled.push(Settled { row, receipts });
    }
    Ok(settled)
}

/// What carriers and networks told, by the ids that they gave.
type Told = Vec<(CarrierMessageId, Vec<Receipt>)>;

/// Of several segments nobody can tell which one arrived, until a receipt is there for each: then all of them, taken out
/// of those that were kept.
fn one_for_each(
    turn: &Turn<'_>,
    link: &LinkName,
    receipt: &Receipt,
    id: &CarrierMessageId,
    rows: &[Submission],
    head: &Head,
) -> Result<Option<Told>, StoreError> {
    let since = rows.iter().map(|row| row.at).min().unwrap_or(turn.now).minus(LEASE_MAX);
    let (mut told, mut kept) = (vec![(id.clone(), vec![receipt.clone()])], Vec::new());
    for one in early::of_group(turn.tx, &link.group, since)? {
        let Some(known) = one.receipt.ids.first().cloned() else { continue };
        let same_sim = link.modem.is_none() || sim_of(&known) == sim_of(id);
        let number = one.receipt.recipient.as_ref();
        if !same_sim || number.is_none_or(|number| !same_handset(number, head.recipient.as_str())) {
            continue;
        }
        kept.push(one.id);
        match told.iter_mut().find(|(id, _)| *id == known) {
            Some((_, receipts)) => receipts.insert(0, one.receipt),
            None => told.push((known, vec![one.receipt])),
        }
    }
    if told.len() != rows.len() {
        return Ok(None);
    }
    kept.into_iter().try_for_each(|one| early::forget(turn.tx, one))?;
    Ok(Some(told))
}

/// One send for each segment in doubt of a message, and the message.
type Doubts = (Vec<Submission>, Box<Head>);

/// The sends in doubt of the only message that `receipt` can be about, one for each segment.
fn in_doubt(
    turn: &Turn<'_>,
    link: &LinkName,
    receipt: &Receipt,
    recipient: &PhoneNumber,
) -> Result<Option<Doubts>, StoreError> {
    let since = turn.now.minus(DOUBT_AGE_MAX);
    let mut found: Option<Doubts> = None;
    for row in submission::doubts(turn.tx, recipient.digits(), since)? {
        let happened_before = |at: Timestamp| at.plus(CLOCKS_APART_MAX) < row.at.minus(LEASE_MAX);
        if !same_way(&row, link) || receipt.done_at.is_some_and(happened_before) {
            continue;
        }
        if let Some((rows, head)) = &mut found {
            if head.id != row.message {
                return Ok(None);
            }
            // Either send of one segment will do.
            if rows.iter().all(|known| known.segment != row.segment) {
                rows.push(row);
            }
            continue;
        }
        let Some(head) = message::head(turn.tx, row.message)? else { continue };
        if same_handset(recipient, head.recipient.as_str()) && same_sender(turn, &head, receipt)? {
            found = Some((vec![row], Box::new(head)));
        }
    }
    Ok(found)
}

/// The SIM in a modem's id.
fn sim_of(id: &CarrierMessageId) -> &str {
    id.as_str().split(':').next().unwrap_or_default()
}

/// Whether a send took the way that a receipt came: the same modem, or any bind of the same carrier.
fn same_way(row: &Submission, link: &LinkName) -> bool {
    match &link.modem {
        Some(_) => row.link == link.to_string(),
        None => Settings::group_of(&row.link) == &*link.group,
    }
}

/// Whether the receipt's sender is the message's. One of them may not be known.
fn same_sender(turn: &Turn<'_>, head: &Head, receipt: &Receipt) -> Result<bool, StoreError> {
    let Some(told) = &receipt.sender else { return Ok(true) };
    let Some(own) = message::sender_of(turn.tx, head.id)? else { return Ok(true) };
    let bare = |sender: &Sender| sender.as_str().trim_start_matches(['+', '0']).to_ascii_lowercase();
    let (told, own) = (bare(told), bare(&own));
    Ok(told == own || told.ends_with(&own) || own.ends_with(&told))
}

/// What a receipt that was kept makes of a send whose answer was just given up: it came while the lease was open, for
/// the same handset, over the same SIM, and nobody else can be meant.
pub fn take(turn: &Turn<'_>, head: &Head, row: &Submission, leased_at: LeasedAt) -> Result<Option<Early>, StoreError> {
    // Of several parts that were given up together nobody can tell which one a receipt is of.
    if head.segments > 1 || !early::any(turn.tx)? || message::another_is_leased(turn.tx, &head.recipient, head.id)? {
        return Ok(None);
    }
    let since = leased_at.since(turn, head)?;
    let of_sim = |id: &CarrierMessageId| {
        head.sim.as_deref().is_none_or(|sim| id.as_str().strip_prefix(sim).is_some_and(|rest| rest.starts_with(':')))
    };
    let mut taken: Option<Early> = None;
    for kept in early::of_group(turn.tx, Settings::group_of(&row.link), since)? {
        let Some(id) = kept.receipt.ids.first().filter(|id| of_sim(id)) else { continue };
        let known = taken.as_ref();
        let number = kept.receipt.recipient.as_ref();
        if known.is_some_and(|known| known.id != *id)
            || number.is_none_or(|number| !same_handset(number, head.recipient.as_str()))
        {
            continue;
        }
        let state = known.map_or(State::Uncertain, |known| known.state);
        early::forget(turn.tx, kept.id)?;
        if let Some(next) = lifecycle::after_receipt(state, kept.receipt.state) {
            taken = Some(Early { state: next, note: describe(&kept.receipt), id: id.clone() });
        }
    }
    Ok(taken)
}
