//! What a keyword service does with a text: it is recorded always, and answered within bounds.

use serde_json::{Map, Value, json};

use super::answer::{language_of, locale_of};
use super::contest::enter_contest;
use super::hear::{Talk, cut};
use super::staff;
use super::survey::{Begin, NotBegun, start_survey};
use crate::campaign::contact::{ContactChange, Labels};
use crate::campaign::event::Event;
use crate::campaign::locale::Locale;
use crate::campaign::origin::{Kind, Origin};
use crate::campaign::service::{Hit, Match, Said, Service, pick};
use crate::campaign::template::{Grants, Template};
use crate::model::Class;
use crate::pipeline::{compose, consent, notify};
use crate::store::StoreError;
use crate::store::campaign::contact::{self, Stored};
use crate::store::campaign::{definition, event};

/// The largest rating that is looked for in an opinion.
const RATING_MAX: u32 = 10;

/// Lets the service that the text means do its work. Returns its name.
pub(super) fn hear(talk: &mut Talk<'_>) -> Result<Option<String>, StoreError> {
    let found = find(talk, |_| true)?;
    let Some((service, word, rest)) = found else { return Ok(None) };
    serve(talk, &Hit { service: &service, word, rest }, true)?;
    Ok(Some(service.name))
}

/// A JOIN or a HELP, which consent answered already, may be the very word of a service, which does the rest.
pub(super) fn besides(talk: &mut Talk<'_>, may: fn(&Service) -> bool) -> Result<(), StoreError> {
    match find(talk, |service| service.how == Match::Exact && may(service))? {
        Some((service, word, rest)) => serve(talk, &Hit { service: &service, word, rest }, false),
        None => Ok(()),
    }
}

fn find(talk: &Talk<'_>, may: impl Fn(&Service) -> bool) -> Result<Option<(Service, String, String)>, StoreError> {
    let locale = talk.contact.as_ref().and_then(|stored| locale_of(&stored.contact));
    let language = locale.as_ref().map_or_else(|| language_of(talk.incoming.number), Locale::language).to_owned();
    let said = Said::new(talk.text, talk.incoming.message.to.as_str(), &language);
    let mut services = definition::candidates(talk.turn.tx.connection(), &said)?;
    services.retain(may);
    Ok(pick(&services, &said).map(|hit| (hit.service.clone(), hit.word, hit.rest)))
}

fn serve(talk: &mut Talk<'_>, hit: &Hit<'_>, joins: bool) -> Result<(), StoreError> {
    let (turn, service, message) = (talk.turn, hit.service, talk.incoming.message);
    let what = record(talk, hit)?;
    let change = ContactChange {
        tags: Labels { add: service.tag.0.iter().cloned().collect(), ..Labels::default() },
        lists: Labels { add: service.list.0.iter().cloned().collect(), ..Labels::default() },
        ..ContactChange::new(talk.incoming.number.clone())
    };
    if let Err(fault) = contact::upsert(turn.tx, &change, turn.now)? {
        tracing::warn!("The service {} cannot tag {}: {fault}", service.name, talk.incoming.number.masked());
    }
    let Some(to) = contact::find(turn.tx.connection(), talk.incoming.number)? else { return Ok(()) };
    talk.contact = Some(to.clone());
    if service.join && joins {
        let language = locale_of(&to.contact).map_or_else(|| "en".to_owned(), |locale| locale.language().to_owned());
        consent::join(turn, message, talk.incoming.number, &language)?;
    }
    if let Some(webhook) = &service.webhook {
        let data = json!({"name": service.name, "webhook": webhook, "contact": to.contact.to_json(), "event": what});
        notify::talk(turn, Some(message.id), "service", &data)?;
    }
    if let Some(source) = &service.notify {
        let fields = compose::fields(turn, &to, Some(&what))?;
        let note = match Template::of(source).render(&fields, &Grants::default()) {
            Ok(note) => note.text,
            // A note with a hole in it is still a note: nobody is to be overlooked.
            Err(_) => format!("{}: {}", service.name, talk.text),
        };
        let by = format!("service {}", service.name);
        talk.conversation.unread = talk.conversation.unread.saturating_add(1);
        staff::note_of(turn, &mut talk.conversation, Some(message.id), &by, &note)?;
    }
    answer(talk, service, &to, &what)
}

/// Records that the service was used, and the opinion that the text may be.
fn record(talk: &mut Talk<'_>, hit: &Hit<'_>) -> Result<Map<String, Value>, StoreError> {
    let (turn, service, id) = (talk.turn, hit.service, talk.incoming.message.id);
    let mut used = Event::new("keyword", talk.incoming.number.clone(), turn.now);
    used.id = Some(format!("kw-{id}"));
    for (name, value) in
        [("service", &service.name), ("word", &hit.word), ("text", &cut(talk.text)), ("rest", &cut(&hit.rest))]
    {
        used.properties.insert(name.to_owned(), json!(value));
    }
    event::record(turn.tx, &used, turn.now)?;
    if service.feedback {
        let mut opinion = Event::new("feedback", talk.incoming.number.clone(), turn.now);
        opinion.id = Some(format!("fb-{id}"));
        let words = if hit.rest.is_empty() { talk.text } else { hit.rest.as_str() };
        opinion.properties.insert("service".to_owned(), json!(service.name));
        opinion.properties.insert("text".to_owned(), json!(cut(talk.text)));
        opinion.properties.insert("tags".to_owned(), json!(service.tag.0.join(",")));
        if let Some(rating) = rating(words) {
            opinion.properties.insert("rating".to_owned(), json!(rating));
        }
        event::record(turn.tx, &opinion, turn.now)?;
        talk.conversation.tags.insert("feedback".to_owned());
    }
    turn.wake_steps();
    Ok(used.properties.into_iter().collect())
}

/// The one number from 0 to 10 in an opinion.
fn rating(words: &str) -> Option<u32> {
    let mut numbers = words.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty());
    let rating = numbers.next()?.parse().ok().filter(|rating| *rating <= RATING_MAX)?;
    numbers.next().is_none().then_some(rating)
}

/// What the person reads: the reply, the word about the contest, the survey's first question.
fn answer(talk: &mut Talk<'_>, service: &Service, to: &Stored, what: &Map<String, Value>) -> Result<(), StoreError> {
    let turn = talk.turn;
    let origin = |part: &str| Origin::new(Kind::Service, &service.name, part);
    let entering = match &service.contest {
        Some(contest) => enter_contest(turn, to, contest, &format!("service {}", service.name))?,
        None => None,
    };
    if let (Some(contest), None) = (&service.contest, &entering) {
        tracing::warn!("The service {} is for the contest {contest}, which there is not", service.name);
    }
    if service.reply.is_none() && entering.is_none() && service.survey.is_none() {
        return Ok(());
    }
    if !talk.may_answer(talk.ledger.may_serve(turn.settings.talk.limits, &service.name, turn.now)) {
        return Ok(());
    }
    if let Some(reply) = &service.reply {
        talk.answer(to, &service.name, reply, &origin(""), Some(what))?;
    }
    if let Some(entering) = entering.filter(|entering| !entering.text.0.is_empty()) {
        talk.answer(to, &service.name, &entering.text, &origin("contest"), Some(what))?;
    }
    if let Some(survey) = &service.survey {
        let by = format!("service {}", service.name);
        let begin = Begin { by: &by, class: Class::Transactional, ours: Some(talk.incoming.message.to.as_str()) };
        match start_survey(turn, to, survey, begin)? {
            Ok(_) => talk.ledger.answered(&service.name, turn.now),
            Err(NotBegun::Open(_)) => {}
            Err(why) => tracing::warn!("The service {} cannot begin its survey: {why}", service.name),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_is_the_only_number_of_an_opinion() {
        for (words, expected) in
            [("5 great", Some(5)), ("great: 10/", Some(10)), ("10 of 10", None), ("11", None), ("ok", None)]
        {
            assert_eq!(rating(words), expected, "{words}");
        }
    }
}
