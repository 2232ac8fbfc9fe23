//! Hears STOP, START, JOIN, YES and HELP in an incoming message, and acts on them in the transaction that stores it.
//!
//! The carrier is told that the message arrived only after this commit, so an opt-out holds from the moment it is acknowledged.

use super::answer::{Reply, answer};
use super::record::{Opinion, record};
use crate::campaign::answers::Answer;
use crate::campaign::consent::{Covers, Purpose, Source, Standing, Word, standing};
use crate::campaign::keywords::{self, Action, Reading};
use crate::model::{Country, InboundMessage, PhoneNumber, Sender, country_of};
use crate::pipeline::Turn;
use crate::pipeline::notify::{self, Heard};
use crate::pipeline::talk::{self, Incoming};
use crate::store::{StoreError, consent, message, suppression};

/// Acts on the keyword of a message that was just stored, tells the tools, and hands the message on to whoever else it is for.
pub fn received(turn: &Turn<'_>, message: &InboundMessage) -> Result<(), StoreError> {
    let rules = &turn.settings.consent;
    let Some(number) = number_of(turn, &message.from, rules.country)? else {
        return notify::received(turn, message, Heard::default());
    };
    let reading = match message.text.as_deref() {
        Some(text) if rules.keywords => keywords::read(text, country_of(&number), &rules.words),
        Some(_) | None => Reading::Other,
    };
    let mut incoming = Incoming::new(message, &number);
    if let (Reading::Keyword(found), Some(text)) = (reading, message.text.as_deref()) {
        let said = Said { turn, message, number: &number, text, language: found.language };
        if said.is_meant(found.action)? {
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
    Said { turn, message, number, text, language }.act(Action::Join)
}

/// The number of a sender that is a person: with country code, or as one writes it in the configured country.
///
/// Digits alone may be read either way. Who was written to before is more likely to write back than a stranger.
fn number_of(turn: &Turn<'_>, from: &Sender, country: Option<Country>) -> Result<Option<PhoneNumber>, StoreError> {
    let digits = match from {
        Sender::International(number) => return Ok(Some(number.clone())),
        Sender::Alphanumeric(_) => return Ok(None),
        Sender::Digits(digits) => digits,
    };
    let national = country.and_then(|country| PhoneNumber::parse_in(digits, country).ok());
    // Some carriers leave the plus away. A short code is no number of a country.
    let bare = || format!("+{digits}").parse().ok().filter(|_| digits.len() >= 9 && !digits.starts_with('0'));
    let readings = [national, bare()].into_iter().flatten().filter(|number| country_of(number).is_some());
    let readings: Vec<PhoneNumber> = readings.collect();
    for number in &readings {
        if readings.len() > 1 && !message::heads_of(turn.tx, number, 1)?.is_empty() {
            return Ok(Some(number.clone()));
        }
    }
    Ok(readings.into_iter().next())
}

/// What a person said.
struct Said<'a> {
    turn: &'a Turn<'a>,
    message: &'a InboundMessage,
    number: &'a PhoneNumber,
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
        let waits = |since| self.turn.now.since(since) <= within;
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
        // Who says it again is heard again, but it changes nothing and fills no ledger.
        if held && matches!(self.marketing()?, Standing::Withdrawn(_)) {
            return self.answer(answer).map(drop);
        }
        let mut opinion = self.opinion(Word::Withdrawn, Source::Keyword, scope);
        opinion.covers = covers;
        if covers > Covers::Marketing {
            opinion.entry.purpose = Purpose::Transactional;
        }
        opinion.told = self.turn.settings.consent.confirm;
        record(self.turn, self.number, opinion)?;
        let number = self.number.masked();
        tracing::info!(postrider.message = %self.message.id, "{number} opted out; what waited for it is stopped");
        self.answer(answer).map(drop)
    }

    /// A yes of the person's own. It always arrives: whoever was suppressed is not any more.
    fn agree(&self, source: Source) -> Result<(), StoreError> {
        let mut opinion = self.opinion(Word::Given, source, self.scope());
        opinion.told = self.turn.settings.consent.confirm;
        record(self.turn, self.number, opinion)?;
        self.answer(Answer::Start).map(drop)
    }

    /// The question of a double opt-in.
    fn ask(&self) -> Result<(), StoreError> {
        if matches!(self.marketing()?, Standing::Given(_)) {
            return Ok(());
        }
        record(self.turn, self.number, self.opinion(Word::Pending, Source::Keyword, self.scope()))?;
        self.answer(Answer::Ask).map(drop)
    }

    fn opinion(&self, word: Word, source: Source, scope: Option<String>) -> Opinion {
        let mut opinion = Opinion::by_keyword(word, source, self.turn.now, self.text.trim(), self.message.id);
        opinion.entry.scope = scope;
        opinion
    }

    fn answer(&self, answer_with: Answer) -> Result<bool, StoreError> {
        let reply = Reply {
            number: self.number,
            from: Some(&self.message.to),
            answer: answer_with,
            language: self.language,
            said_at: self.turn.now,
        };
        answer(self.turn, reply)
    }
}
