//! All that is known of a number: shown as a whole, or erased as a whole. A suppression outlives the erasure as a hash.

use rusqlite::Connection;

use crate::campaign::consent::Entry;
use crate::model::{InboundMessage, PhoneNumber, State};
use crate::pipeline::change::{self, Step};
use crate::pipeline::{Turn, talk};
use crate::store::message::View;
use crate::store::suppression::Suppression;
use crate::store::{
    StoreError, callback, campaign, consent, consent_due, contact, inbound, message, person_of, receipt, suppression,
};

/// The most messages of each direction that an export shows; who has more asks the lists, page by page.
const ROWS_MAX: usize = 10_000;
/// How many rows one erasing transaction handles.
const ERASE_MAX: usize = 1_000;

/// All that is known of a number.
#[derive(Clone)]
pub struct Known {
    /// The ledger, oldest row first.
    pub consents: Vec<Entry>,
    /// What keeps messages back.
    pub suppressions: Vec<Suppression>,
    /// Messages to it, the newest first.
    pub messages: Vec<View>,
    /// Messages from it, the newest first.
    pub inbound: Vec<InboundMessage>,
    /// The conversation, surveys and contests.
    pub talk: talk::Known,
}

/// Collects all that is known of `number`.
///
/// # Errors
/// The store's own.
pub fn known(connection: &Connection, number: &PhoneNumber) -> Result<Known, StoreError> {
    let person = person_of(connection, number)?;
    let mut inbound = Vec::new();
    for form in contact::forms(number) {
        inbound.extend(inbound::list(connection, None, Some(&form), ROWS_MAX)?);
    }
    inbound.sort_by_key(|message| std::cmp::Reverse(message.id));
    Ok(Known {
        consents: consent::of(connection, person)?,
        suppressions: suppression::of(connection, person)?,
        messages: message::all_of(connection, number, ROWS_MAX)?,
        inbound,
        talk: talk::known(connection, number)?,
    })
}

/// What an erasure did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// Messages to the number that are gone.
    pub messages: usize,
    /// Messages from it that are gone.
    pub inbound: usize,
    /// Whether there was a contact; it is gone with its events and data points.
    pub contact: bool,
    /// Rows of the ledger that lost number, words and proof.
    pub consents: usize,
    /// Suppressions that stay, as a hash.
    pub suppressions: usize,
    /// Messages on their way, which must settle first: ask again when they have.
    pub on_their_way: usize,
    /// Whether there is more than one transaction handles: ask again at once.
    pub more: bool,
}

/// Erases what is known of `number`, a bounded number of rows at a time.
///
/// # Errors
/// The store's own.
pub fn erase(turn: &Turn<'_>, number: &PhoneNumber) -> Result<Erased, StoreError> {
    turn.tx.leave_no_trace();
    let person = turn.tx.person(number);
    let mut erased = Erased::default();
    let heads = message::heads_of(turn.tx, number, ERASE_MAX)?;
    erased.more = heads.len() == ERASE_MAX;
    for mut head in heads {
        match head.state {
            State::Leased => {
                erased.on_their_way += 1;
                continue;
            }
            State::Scheduled | State::Queued => {
                let step = Step { note: Some("withdrawn: all of this number is erased"), ..Step::default() };
                change::enter(turn, &mut head, State::Canceled, step)?;
            }
            State::Sent
            | State::Delivered
            | State::PartiallyDelivered
            | State::Undelivered
            | State::Failed
            | State::Expired
            | State::Canceled
            | State::Blocked
            | State::Uncertain => {}
        }
        message::purge(turn.tx, &head)?;
        erased.messages += 1;
    }
    callback::erase(turn.tx, number.as_str())?;
    receipt::erase(turn.tx, number.as_str())?;
    for form in contact::forms(number) {
        let gone = inbound::erase(turn.tx, &form, ERASE_MAX)?;
        erased.inbound += gone;
        erased.more |= gone == ERASE_MAX;
    }
    talk::erase(turn, number)?;
    erased.contact = campaign::contact::remove(turn.tx, number)?;
    erased.consents = consent::erase(turn.tx, person)?;
    consent_due::erase(turn.tx, person)?;
    erased.suppressions = suppression::erase(turn.tx, person)?;
    Ok(erased)
}
