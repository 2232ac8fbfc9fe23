//! Records consents and suppressions that tools, people and keywords bring, with what follows from them in the same transaction:
//! the ledger row, the suppression, the waiting messages, the tasks of the country's law, and the callback.

use super::answer::{Reply, answer};
use super::gate::Reason;
use super::leave::block;
use crate::campaign::answers::Answer;
use crate::campaign::consent::{Covers, Entry, Purpose, Source, Standing, Word, renewal_due, standing};
use crate::campaign::keywords;
use crate::campaign::law::Place;
use crate::model::{MessageId, PhoneNumber, Timestamp, country_of};
use crate::pipeline::{Turn, notify};
use crate::store::consent_due::{self, Kind, Task};
use crate::store::{StoreError, consent, message, suppression};

/// How many waiting messages an opt-out ends at once; those beyond are stopped at their lease.
const WAITING_MAX: usize = 500;
/// The length of quoted words and proofs.
const QUOTE_MAX: usize = 500;

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The row to write.
    pub entry: Entry,
    /// Who wrote it: the row of a token; 0 is the gateway itself.
    pub token: i64,
    /// What a refusal keeps back.
    pub covers: Covers,
    /// The incoming message that it was said in.
    pub inbound: Option<MessageId>,
    /// Whether the person is told by an answer right now, so that nothing is left to be told.
    pub told: bool,
}

/// Writes what somebody said, and does what follows from it. Returns what holds for the purpose then.
///
/// # Errors
/// The store's own.
pub fn record(turn: &Turn<'_>, number: &PhoneNumber, mut opinion: Opinion) -> Result<Standing, StoreError> {
    for quote in [&mut opinion.entry.words, &mut opinion.entry.proof].into_iter().flatten() {
        *quote = quote.chars().take(QUOTE_MAX).collect();
    }
    let Opinion { entry, token, .. } = &opinion;
    consent::add(turn.tx, number, entry, *token)?;
    let person = turn.tx.person(number);
    let scope = entry.scope.as_deref();
    let entries = consent::entries(turn.tx, person)?;
    let now = turn.now.max(entry.at);
    let said = standing(&entries, entry.purpose, scope, now);
    // What holds decides, not what was written last: a list of old refusals does not undo a newer consent.
    match (entry.word, said) {
        (Word::Withdrawn, Standing::Withdrawn(_)) => hold_back(turn, number, &opinion)?,
        (Word::Given, Standing::Given(_)) if lifts(turn, number, entry)? => {
            suppression::lift(turn.tx, person, scope)?;
            if let Standing::Withdrawn(_) = standing(&entries, Purpose::Transactional, scope, now) {
                let (purpose, word) = (Purpose::Transactional, Word::Lifted);
                consent::add(turn.tx, number, &Entry { purpose, word, ..entry.clone() }, *token)?;
            }
        }
        (Word::Given | Word::Withdrawn | Word::Pending | Word::Lifted, _) => {}
    }
    plan_telling(turn, number, &opinion)?;
    notify::consent_changed(turn, number, &opinion, said)?;
    Ok(said)
}

/// Suppresses who refused, and ends what waits for him.
fn hold_back(turn: &Turn<'_>, number: &PhoneNumber, opinion: &Opinion) -> Result<(), StoreError> {
    let entry = &opinion.entry;
    let covers = match entry.purpose {
        // A refusal of the night leaves the day as it is: the ledger alone says so.
        Purpose::MarketingNight => return Ok(()),
        Purpose::Marketing => opinion.covers,
        Purpose::Transactional => opinion.covers.max(Covers::Transactional),
    };
    let reason = reason_of(entry);
    let scope = entry.scope.as_deref();
    let new = suppression::New { scope, covers, source: entry.source, reason: &reason };
    suppression::put(turn.tx, number, new, entry.at)?;
    block_waiting(turn, number, scope, covers, &reason)
}

fn reason_of(entry: &Entry) -> String {
    match (entry.source, &entry.words) {
        (Source::Keyword, Some(words)) => format!("the recipient wrote \"{words}\""),
        (source, Some(words)) => format!("withdrawn by {}: {words}", source.as_str()),
        (source, None) => format!("withdrawn by {}", source.as_str()),
    }
}

/// Whether a yes takes suppressions away: if it is newer, and no file's.
fn lifts(turn: &Turn<'_>, number: &PhoneNumber, entry: &Entry) -> Result<bool, StoreError> {
    if entry.purpose == Purpose::MarketingNight {
        return Ok(false);
    }
    Ok(match entry.source {
        Source::Import => false,
        Source::Keyword | Source::DoubleOptIn | Source::Link | Source::Api | Source::Staff | Source::Workflow => {
            let held = suppression::find(turn.tx, turn.tx.person(number))?;
            held.iter().all(|held| held.since <= entry.at)
        }
    })
}

/// Ends what waits to go to `number`. The same commit holds the opt-out and this.
fn block_waiting(
    turn: &Turn<'_>,
    number: &PhoneNumber,
    scope: Option<&str>,
    covers: Covers,
    why: &str,
) -> Result<(), StoreError> {
    let reason = Reason { code: "opted_out", detail: why.to_owned() };
    for (mut head, sender) in message::waiting_for(turn.tx, number, WAITING_MAX)? {
        let same_sender = scope.is_none() || sender.is_none() || sender.as_deref() == scope;
        if same_sender && covers.holds_for(head.class) {
            block(turn, &mut head, &reason)?;
        }
    }
    Ok(())
}

/// Notes what the country's law wants told: the result within days, the consent again after months.
fn plan_telling(turn: &Turn<'_>, number: &PhoneNumber, opinion: &Opinion) -> Result<(), StoreError> {
    let rules = &turn.settings.consent;
    let entry = &opinion.entry;
    let row = Place::of(number, rules, None).row;
    let person = turn.tx.person(number);
    if entry.purpose == Purpose::Transactional || matches!(entry.word, Word::Pending | Word::Lifted) {
        return Ok(());
    }
    let given = entry.word == Word::Given;
    let task = |kind, due_at| Task { number: number.clone(), kind, said_at: entry.at, due_at };
    if let Some(days) = row.tell_days {
        let (told, other) = if given { (Kind::ToldStart, Kind::ToldStop) } else { (Kind::ToldStop, Kind::ToldStart) };
        consent_due::done(turn.tx, person, other)?;
        // What is not told by an answer right now is told half-way to the deadline at the latest.
        let by = entry.at.plus(std::time::Duration::from_secs(u64::from(days) * 86_400 / 2));
        if !opinion.told {
            consent_due::put(turn.tx, &task(told, by))?;
        }
    }
    if let Some(months) = row.renew_months {
        match given {
            true => consent_due::put(turn.tx, &task(Kind::Renew, renewal_due(entry.at, months)))?,
            false => consent_due::done(turn.tx, person, Kind::Renew)?,
        }
    }
    Ok(())
}

/// Asks a person who joined elsewhere to confirm: the row is pending until he answers YES. Returns what holds until then.
///
/// # Errors
/// The store's own.
pub fn ask(turn: &Turn<'_>, number: &PhoneNumber, mut opinion: Opinion) -> Result<Standing, StoreError> {
    opinion.entry.word = Word::Pending;
    let said = record(turn, number, opinion)?;
    if let Standing::Pending(said_at) = said {
        let language = keywords::language_of(country_of(number));
        answer(turn, Reply { number, from: None, answer: Answer::Ask, language, said_at })?;
    }
    Ok(said)
}

/// Suppresses a number without a word of the person: a complaint, a wrong number, a carrier's list. Returns whether anything
/// changed.
///
/// # Errors
/// The store's own.
pub fn suppress(turn: &Turn<'_>, number: &PhoneNumber, new: suppression::New<'_>) -> Result<bool, StoreError> {
    let changed = suppression::put(turn.tx, number, new, turn.now)?;
    block_waiting(turn, number, new.scope, new.covers, new.reason)?;
    Ok(changed)
}

/// Takes the suppressions of a number away by a person's decision, which the ledger keeps with its reason. Returns how many
/// there were.
///
/// # Errors
/// The store's own.
pub fn lift(
    turn: &Turn<'_>,
    number: &PhoneNumber,
    scope: Option<&str>,
    why: &str,
    token: i64,
) -> Result<usize, StoreError> {
    let lifted = suppression::lift(turn.tx, turn.tx.person(number), scope)?;
    if lifted > 0 {
        for purpose in [Purpose::Marketing, Purpose::Transactional] {
            let entry = Entry {
                purpose,
                word: Word::Lifted,
                scope: scope.map(str::to_owned),
                at: turn.now,
                source: Source::Staff,
                words: Some(why.chars().take(QUOTE_MAX).collect()),
                proof: None,
            };
            consent::add(turn.tx, number, &entry, token)?;
        }
    }
    Ok(lifted)
}

impl Opinion {
    /// A person's own word in an incoming message, or the answer to a question of ours.
    pub fn by_keyword(word: Word, source: Source, at: Timestamp, text: &str, inbound: MessageId) -> Self {
        let entry = Entry {
            purpose: Purpose::Marketing,
            word,
            scope: None,
            at,
            source,
            words: Some(text.to_owned()),
            proof: Some(format!("incoming message {inbound}")),
        };
        Self { entry, token: 0, covers: Covers::Marketing, inbound: Some(inbound), told: false }
    }
}
