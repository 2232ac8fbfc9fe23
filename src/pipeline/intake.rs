//! Brings in what a shop system tells: contacts, events and consents, in one transaction.

use super::Turn;
use super::consent::{self, Opinion};
use crate::campaign::consent::{Covers, Entry, Purpose, Source, Standing, Word, standing};
use crate::campaign::mapping::{Found, Said};
use crate::store::StoreError;
use crate::store::campaign::contact::{self, Upserted};
use crate::store::campaign::event::{self, Recorded};
use crate::store::consent as ledger;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Events that are new.
    pub recorded: usize,
    /// Events that came before.
    pub repeated: usize,
    /// Contacts that are new or changed.
    pub contacts: usize,
    /// Consents and withdrawals that are new.
    pub consents: usize,
    /// Why something was left out.
    pub left_out: Vec<String>,
}

/// Brings in what a body told. The same body again changes nothing.
///
/// # Errors
/// The store's own.
pub fn take(turn: &Turn<'_>, found: &Found) -> Result<Taken, StoreError> {
    let mut taken = Taken { left_out: found.left_out.iter().cloned().collect(), ..Taken::default() };
    for change in &found.changes {
        match contact::upsert(turn.tx, change, turn.now)? {
            Ok(Upserted::Created | Upserted::Changed) => taken.contacts += 1,
            Ok(Upserted::Unchanged) => {}
            Err(fault) => taken.left_out.push(format!("the contact: {fault}")),
        }
    }
    for event in &found.events {
        match event::record(turn.tx, event, turn.now)? {
            Recorded::New => taken.recorded += 1,
            Recorded::Repeated => taken.repeated += 1,
        }
    }
    for said in &found.consents {
        taken.consents += usize::from(hear(turn, said)?);
    }
    if taken.recorded + taken.contacts > 0 {
        turn.wake_steps();
    }
    Ok(taken)
}

/// Writes a consent into the ledger, unless this very one stands there already.
fn hear(turn: &Turn<'_>, said: &Said) -> Result<bool, StoreError> {
    let word = if said.given { Word::Given } else { Word::Withdrawn };
    let entry = Entry {
        purpose: Purpose::Marketing,
        word,
        scope: None,
        at: said.at,
        source: Source::Api,
        words: said.words.clone(),
        proof: Some(said.proof.clone()),
    };
    let known = ledger::entries(turn.tx, turn.tx.person(&said.number))?;
    let same = |known: &Entry| known.purpose == entry.purpose && known.word == word && known.at == entry.at;
    if known.iter().any(same) {
        return Ok(false);
    }
    // The same refusal without a date comes with every change of the customer.
    let stands = matches!(standing(&known, Purpose::Marketing, None, turn.now), Standing::Withdrawn(_));
    if !said.given && !said.is_dated && stands {
        return Ok(false);
    }
    let opinion = Opinion { entry, token: 0, covers: Covers::Marketing, inbound: None, told: false };
    consent::record(turn, &said.number, opinion)?;
    Ok(true)
}

#[cfg(test)]
mod tests;
