//! Hears STOP, START, JOIN, YES and HELP in an incoming message, and acts on them in the transaction that stores it.
//!
//! The carrier is told that the message arrived only after this commit, so an opt-out holds from the moment it is acknowledged.

use std::time::Duration;

use super::answer::{Reply, answer};
use super::record::{Opinion, record};
use crate::campaign::answers::Answer;
use crate::campaign::consent::{Covers, Purpose, Source, Standing, Word, standing};
use crate::campaign::keywords::{self, Action, Reading};
use crate::campaign::law::Place;
use crate::model::{Country, InboundMessage, PhoneNumber, Sender, country_of};
use crate::pipeline::Turn;
use crate::pipeline::notify::{self, Heard};
use crate::pipeline::talk::{self, Incoming};
use crate::store::campaign::contact;
use crate::store::{StoreError, consent, message, suppression};

/// A refusal that is said again is noted again after this.
const REFUSAL_PAUSE: Duration = Duration::from_secs(3600);

/// Acts on the keyword of a message that was just stored, tells the tools, and hands the message on to whoever else it is for.
pub fn received(turn: &Turn<'_>, message: &InboundMessage) -> Result<(), StoreError> {
    let rules = &turn.settings.consent;
    let Some((number, others)) = number_of(turn, &message.from, rules.country)? else {
        return notify::received(turn, message, Heard::default());
    };
    let reading = match message.text.as_deref() {
        Some(text) if rules.keywords => keywords::read(text, country_of(&number), &rules.words),
        Some(_) | None => Reading::Other,
    };
    let mut incoming = Incoming::new(message, &number);
    if let (Reading::Keyword(found), Some(text)) = (reading, message.text.as_deref()) {
        let said = Said { turn, message, number: &number, others: &others, text, language: found.language };
        let is_answer = !found.is_strong && talk::is_answer(turn, &incoming)?;
        if !is_answer && said.is_meant(found.action)? {
            notify::received(turn, message, Heard { keyword: Some(found.action.as_str()), looks_like_stop: false })?;
            said.act(found.action)?;
            incoming.keyword = Some(found.action);
        }
    }
    if incoming.keyword.is_none() {
        incoming.looks_like_stop = reading == Reading::LooksLikeStop;
        let heard = Heard { keyword: None, looks_like_stop: incoming.looks_like_stop };
        notify::received(turn, message, heard)?;
    }
    talk::hear(turn, &incoming)
}

/// What a JOIN does, for a keyword service by which people join.
pub fn join(turn: &Turn<'_>, message: &InboundMessage, number: &PhoneNumber, language: &str) -> Result<(), StoreError> {
    let text = message.text.as_deref().unwrap_or_default();
    Said { turn, message, number, others: &[], text, language }.act(Action::Join)
}

/// The number of a sender that is a person: with country code, or as one writes it in the configured country.
///
/// Digits alone may be read either way. Who is known, by messages, as a contact or in the ledger, is more likely to write than
/// a stranger; where that does not tell, the other readings come second: a refusal holds for each of them.
fn number_of(
    turn: &Turn<'_>,
    from: &Sender,
    country: Option<Country>,
) -> Result<Option<(PhoneNumber, Vec<PhoneNumber>)>, StoreError> {
    let digits = match from {
        Sender::International(number) => return Ok(Some((number.clone(), Vec::new()))),
        Sender::Alphanumeric(_) => return Ok(None),
        Sender::Digits(digits) => digits,
    };
    let national = country.and_then(|country| PhoneNumber::parse_in(digits, country).ok());
    // Some carriers leave the plus away. A short code is no number of a country.
    let bare = || PhoneNumber::read(&format!("+{digits}"), None).ok().filter(|_| digits.len() >= 9);
    let readings = [national, bare()].into_iter().flatten().filter(|number| country_of(number).is_some());
    let mut readings: Vec<PhoneNumber> = readings.collect();
    readings.dedup();
    if readings.len() > 1 {
        for number in &readings {
            if is_known(turn, number)? {
                return Ok(Some((number.clone(), Vec::new())));
            }
        }
    }
    let mut readings = readings.into_iter();
    Ok(readings.next().map(|number| (number, readings.collect())))
}

/// Whether anything is known of a number: a message to it, a contact, a word in the ledger.
fn is_known(turn: &Turn<'_>, number: &PhoneNumber) -> Result<bool, StoreError> {
    Ok(!message::heads_of(turn.tx, number, 1)?.is_empty()
        || contact::find(turn.tx.connection(), number)?.is_some()
        || !consent::entries(turn.tx, turn.tx.person(number))?.is_empty())
}

/// What a person said.
struct Said<'a> {
    turn: &'a Turn<'a>,
    message: &'a InboundMessage,
    number: &'a PhoneNumber,
    /// Whose the digits may be, too; nothing is known of any of them.
    others: &'a [PhoneNumber],
    text: &'a str,
    language: &'a str,
}

impl Said<'_> {
    fn act(&self, action: Action) -> Result<(), StoreError> {
        let rules = &self.turn.settings.consent;
        match action {
            Action::Stop => self.stop(rules.stop_covers),
            Action::StopAll => self.stop(rules.stop_covers.max(Covers::Transactional)),
            Action::Start => self.agree(Source::Keyword),
            Action::Join if rules.double_opt_in => self.ask(),
            Action::Join => self.agree(Source::Keyword),
            Action::Yes => self.agree(Source::DoubleOptIn),
            Action::Help => self.answer(Answer::Help).map(drop),
        }
    }

    /// Whether the word is meant for consent: a YES is, while a double opt-in waits for it, and is anybody else's otherwise.
    fn is_meant(&self, action: Action) -> Result<bool, StoreError> {
        if action != Action::Yes {
            return Ok(true);
        }
        let within = self.turn.settings.consent.confirm_within;
        let waits = |since| self.message.said_at() >= since && self.turn.now.since(since) <= within;
        Ok(matches!(self.marketing()?, Standing::Pending(since) if waits(since)))
    }

    /// The sender that the words are about, if a STOP is for one sender only.
    fn scope(&self) -> Option<String> {
        self.turn.settings.consent.stop_by_sender.then(|| self.message.to.as_str().to_owned())
    }

    fn marketing(&self) -> Result<Standing, StoreError> {
        let entries = consent::entries(self.turn.tx, self.turn.tx.person(self.number))?;
        Ok(standing(&entries, Purpose::Marketing, self.scope().as_deref(), self.turn.now))
    }

    fn stop(&self, covers: Covers) -> Result<(), StoreError> {
        let scope = self.scope();
        let answer = if covers == Covers::Marketing { Answer::Stop } else { Answer::StopAll };
        let held = suppression::find(self.turn.tx, self.turn.tx.person(self.number))?;
        let held = held.iter().any(|held| held.covers >= covers && (held.scope.is_none() || held.scope == scope));
        // Who says it again is heard again, but it changes nothing and fills no ledger; once an hour it is noted, so that a yes
        // which was sent before and comes later does not undo it.
        if held && matches!(self.marketing()?, Standing::Withdrawn(_)) && !self.is_news()? {
            return self.answer(answer).map(drop);
        }
        let mut opinion = self.opinion(Word::Withdrawn, Source::Keyword, scope);
        opinion.covers = covers;
        if covers > Covers::Marketing {
            opinion.entry.purpose = Purpose::Transactional;
        }
        opinion.told = self.is_told();
        for other in self.others {
            record(self.turn, other, Opinion { told: true, ..opinion.clone() })?;
        }
        record(self.turn, self.number, opinion)?;
        let number = self.number.masked();
        tracing::info!(postrider.message = %self.message.id, "{number} opted out; what waited for it is stopped");
        self.answer(answer).map(drop)
    }

    /// Whether the last refusal on record is so old that another one is worth a row.
    fn is_news(&self) -> Result<bool, StoreError> {
        let entries = consent::entries(self.turn.tx, self.turn.tx.person(self.number))?;
        let refusals = entries.iter().filter(|entry| entry.word == Word::Withdrawn).map(|entry| entry.at);
        Ok(refusals.max().is_none_or(|last| self.message.said_at() > last.plus(REFUSAL_PAUSE)))
    }

    /// A yes of the person's own. It always arrives: whoever was suppressed is not any more.
    fn agree(&self, source: Source) -> Result<(), StoreError> {
        let mut opinion = self.opinion(Word::Given, source, self.scope());
        opinion.told = self.is_told();
        record(self.turn, self.number, opinion)?;
        self.answer(Answer::Start).map(drop)
    }

    /// Whether the person is told by the answer. What was said long ago has none; it is told where the law asks for it, as long
    /// as its time is not over.
    fn is_told(&self) -> bool {
        let rules = &self.turn.settings.consent;
        if !self.message.is_old() {
            return rules.confirm;
        }
        let days = Place::of(self.number, rules, None).row.tell_days.unwrap_or(0);
        self.turn.now.since(self.message.said_at()) > Duration::from_secs(u64::from(days) * 86_400)
    }

    /// The question of a double opt-in.
    fn ask(&self) -> Result<(), StoreError> {
        if matches!(self.marketing()?, Standing::Given(_)) {
            return Ok(());
        }
        record(self.turn, self.number, self.opinion(Word::Pending, Source::Keyword, self.scope()))?;
        self.answer(Answer::Ask).map(drop)
    }

    /// What was said counts from when it was said: a START that lay on a SIM does not undo a later refusal.
    fn opinion(&self, word: Word, source: Source, scope: Option<String>) -> Opinion {
        let said_at = self.message.said_at();
        let mut opinion = Opinion::by_keyword(word, source, said_at, self.text.trim(), self.message.id);
        opinion.entry.scope = scope;
        opinion
    }

    fn answer(&self, answer_with: Answer) -> Result<bool, StoreError> {
        if self.message.is_old() {
            return Ok(false);
        }
        let reply = Reply {
            number: self.number,
            from: Some(&self.message.to),
            answer: answer_with,
            language: self.language,
            said_at: self.message.said_at(),
        };
        answer(self.turn, reply)
    }
}
