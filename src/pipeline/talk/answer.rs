//! Sends what is answered by itself, within its bounds, in the reader's language, from the number that was written to.

use serde_json::{Map, Value};

use super::hear::Talk;
use crate::campaign::contact::Contact;
use crate::campaign::conversation::closed_text;
use crate::campaign::flood::Silence;
use crate::campaign::keywords;
use crate::campaign::law::Place;
use crate::campaign::locale::Locale;
use crate::campaign::origin::Origin;
use crate::campaign::template::Template;
use crate::campaign::texts::Texts;
use crate::model::{Body, Class, NewMessage, PhoneNumber, Sender, country_of};
use crate::pipeline::compose::{self, Outgoing, Unsent};
use crate::pipeline::consent::OWN_TOKEN;
use crate::pipeline::{Accepted, Refusal, Turn, accept};
use crate::store::StoreError;
use crate::store::campaign::contact::Stored;

/// Segments that an answer may have: it was asked for, so it may be longer than what comes unasked.
const SEGMENTS_MAX: u8 = 6;

/// What somebody reads: his own locale, else the language of his number's country.
pub(super) fn locale_of(contact: &Contact) -> Option<Locale> {
    contact.locale.clone().or_else(|| language_of(&contact.number).parse().ok())
}

/// The language of a number's country.
pub(super) fn language_of(number: &PhoneNumber) -> &'static str {
    keywords::language_of(country_of(number))
}

/// A number of ours as a sender, if one can write back to it.
pub(super) fn sender_of(ours: Option<&str>) -> Option<Sender> {
    ours.map(Sender::from_network).filter(|ours| !matches!(ours, Sender::Alphanumeric(_)))
}

/// A text for a contact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub to: &'a Stored,
    pub texts: &'a Texts,
    pub origin: &'a Origin,
    pub class: Class,
    pub ours: Option<&'a str>,
    pub event: Option<&'a Map<String, Value>>,
}

/// Writes and accepts a text in the contact's language.
pub(super) fn say(turn: &Turn<'_>, said: Said<'_>) -> Result<Result<Accepted, Unsent>, StoreError> {
    let (_, source) = said.texts.source(locale_of(&said.to.contact).as_ref());
    let template = Template { segments_max: SEGMENTS_MAX, ..Template::of(source) };
    let outgoing = Outgoing {
        event: said.event,
        from: sender_of(said.ours),
        tags: vec![said.origin.kind.as_str().to_owned()],
        ..Outgoing::new(said.to, &template, said.origin, said.class)
    };
    compose::send(turn, &outgoing)
}

/// Accepts a text that is written already, with an origin if it has one.
pub(super) fn plain(turn: &Turn<'_>, new: NewMessage, token: i64) -> Result<Result<Accepted, Refusal>, StoreError> {
    let prepared = match accept::prepare(turn.settings, new, turn.now) {
        Ok(prepared) => prepared,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let accepted = accept::accept(turn, token, std::slice::from_ref(&prepared))?.pop();
    accepted.map(Ok).ok_or_else(|| StoreError::Row("an accepted message has no answer".to_owned()))
}

impl Talk<'_> {
    /// Whether something may be answered by itself; if not, the journal says why.
    pub fn may_answer(&self, verdict: Result<(), Silence>) -> bool {
        let silence = self.silence.map_or(verdict, Err);
        let answers = self.turn.settings.talk.answers;
        if let Err(why) = silence
            && answers
        {
            let number = self.incoming.number.masked();
            tracing::info!(postrider.message = %self.incoming.message.id, "No automatic answer to {number}: {why}");
        }
        answers && silence.is_ok()
    }

    /// Sends a text by itself, which counts among the answers of `what`. What cannot be sent is logged.
    pub fn answer(
        &mut self,
        to: &Stored,
        what: &str,
        texts: &Texts,
        origin: &Origin,
        event: Option<&Map<String, Value>>,
    ) -> Result<Option<Accepted>, StoreError> {
        let ours = Some(self.incoming.message.to.as_str());
        let said = Said { to, texts, origin, class: Class::Transactional, ours, event };
        match say(self.turn, said)? {
            Ok(accepted) => {
                self.ledger.answered(what, self.turn.now);
                Ok(Some(accepted))
            }
            Err(unsent) => {
                let number = to.contact.number.masked();
                tracing::warn!(code = unsent.code(), "The answer of {origin} to {number} cannot be sent: {unsent}");
                Ok(None)
            }
        }
    }
}

/// Tells who writes while nobody is there, once a day.
pub(super) fn closed(talk: &mut Talk<'_>) -> Result<(), StoreError> {
    let (turn, rules) = (talk.turn, &talk.turn.settings.talk);
    let Some(hours) = &rules.hours else { return Ok(()) };
    if hours.is_open(&rules.zone, turn.now)
        || !talk.may_answer(talk.ledger.may_answer(rules.limits, turn.now))
        || !talk.ledger.tell_closed(turn.now)
    {
        return Ok(());
    }
    let number = talk.incoming.number;
    let contact = talk.contact.as_ref().map(|stored| &stored.contact);
    let locale = contact.and_then(locale_of);
    let language = locale.as_ref().map_or_else(|| language_of(number), Locale::language);
    let place = Place::of(number, &turn.settings.consent, None);
    let zone = place.zones.first().unwrap_or(&rules.zone);
    let opens = hours.opens(&rules.zone, turn.now);
    let text = closed_text(rules, turn.settings.consent.brand.as_deref(), language, opens, zone);
    let new = NewMessage {
        from: sender_of(Some(talk.incoming.message.to.as_str())),
        body: Body::Text(text),
        tags: vec!["hours".to_owned()],
        ..NewMessage::text(number.clone(), "")
    };
    match plain(turn, new, OWN_TOKEN)? {
        Ok(_) => talk.ledger.answered("hours", turn.now),
        Err(refusal) => {
            tracing::warn!(
                code = refusal.code,
                "The opening hours cannot be sent to {}: {}",
                number.masked(),
                refusal.message
            );
        }
    }
    Ok(())
}
