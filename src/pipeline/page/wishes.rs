//! What the contact wants to receive: an opt-out with one tap, and a preference centre of purposes, lists and language.

use super::Opened;
use super::desk::Desk;
use crate::campaign::consent::{Covers, Entry, Purpose, Source, Standing, Word, standing};
use crate::campaign::contact::ContactChange;
use crate::campaign::law::Place;
use crate::campaign::page::form::Sent;
use crate::campaign::page::{Answer, Choice, Form, Part, Question, Send, Words};
use crate::pipeline::Turn;
use crate::pipeline::consent::{Opinion, record};
use crate::store::campaign::contact::{self, Stored};
use crate::store::{StoreError, consent, person_of, suppression};

const STOP: &str = "stop";
const SAVE: &str = "save";
const PURPOSES: &str = "purposes";
const LISTS: &str = "lists";
const LANGUAGE: &str = "language";

/// What holds for the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wishes {
    marketing: bool,
    night: bool,
    transactional: bool,
}

fn wishes(desk: &Desk<'_>, reader: &Stored) -> Result<Wishes, StoreError> {
    let person = person_of(desk.connection, &reader.contact.number)?;
    let entries = consent::of(desk.connection, person)?;
    let held = suppression::of(desk.connection, person)?;
    let required = desk.settings.consent.required;
    let wants = |purpose: Purpose, covers: Covers, is_given: bool| {
        let said = standing(&entries, purpose, None, desk.now);
        let is_held = held.iter().any(|held| held.scope.is_none() && held.covers >= covers);
        !is_held
            && match said {
                Standing::Given(_) => true,
                Standing::Withdrawn(_) => false,
                Standing::Unknown | Standing::Pending(_) => is_given,
            }
    };
    Ok(Wishes {
        marketing: wants(Purpose::Marketing, Covers::Marketing, !required),
        night: wants(Purpose::MarketingNight, Covers::Marketing, false),
        transactional: wants(Purpose::Transactional, Covers::Transactional, true),
    })
}

/// Whether the reader gets no advertising from anybody here any more.
fn is_stopped(desk: &Desk<'_>, reader: &Stored) -> Result<bool, StoreError> {
    let held = suppression::of(desk.connection, person_of(desk.connection, &reader.contact.number)?)?;
    Ok(held.iter().any(|held| held.scope.is_none()))
}

/// Whether the country of the reader asks for a consent of its own to offers at night.
fn has_night(desk: &Desk<'_>, reader: &Stored) -> bool {
    Place::of(&reader.contact.number, &desk.settings.consent, None).row.night_by_consent
}

/// One button. Looking stops nothing: previews look too.
pub(super) fn ask_to_stop(desk: &Desk<'_>) -> Result<Option<Opened>, StoreError> {
    let Some(reader) = &desk.reader else { return Ok(None) };
    if is_stopped(desk, reader)? {
        return Ok(Some(stopped(desk)));
    }
    let words = desk.words;
    let button = Send { value: STOP.to_owned(), text: words.stop_button.clone() };
    let form = Part::Form(Form { questions: Vec::new(), buttons: vec![button] });
    Ok(Some(desk.opened_as(&words.stop_title, Some(&words.stop_text), vec![form])))
}

fn stopped(desk: &Desk<'_>) -> Opened {
    let parts = vec![Part::Good(desk.words.stopped_text.clone())];
    Opened { view: desk.view(&desk.words.stopped_title, parts), is_over: false }
}

/// The contact wants no more advertising.
pub(super) fn stop(desk: &Desk<'_>, turn: &Turn<'_>, sent: &Sent) -> Result<Option<Opened>, StoreError> {
    let Some(reader) = &desk.reader else { return Ok(None) };
    if sent.one(Send::NAME) != Some(STOP) {
        return desk.show();
    }
    // Who says it again changes nothing and fills no ledger.
    if !is_stopped(desk, reader)? {
        let covers = turn.settings.consent.stop_covers;
        let purpose = if covers > Covers::Marketing { Purpose::Transactional } else { Purpose::Marketing };
        let words = Words::of(desk.locale().language()).map(|words| words.stop_button.clone());
        say(desk, turn, reader, Said { purpose, word: Word::Withdrawn, covers, words })?;
    }
    Ok(Some(stopped(desk)))
}

struct Said {
    purpose: Purpose,
    word: Word,
    covers: Covers,
    words: Option<String>,
}

/// Writes into the ledger what the contact chose on this page.
fn say(desk: &Desk<'_>, turn: &Turn<'_>, reader: &Stored, said: Said) -> Result<(), StoreError> {
    let Said { purpose, word, covers, words } = said;
    let code = desk.link.map_or("", |link| link.code.as_str());
    let entry = Entry {
        purpose,
        word,
        scope: None,
        at: turn.now,
        source: Source::Link,
        words,
        proof: Some(format!("page {}, link {code}", desk.page.name)),
    };
    let opinion = Opinion { entry, token: 0, covers, inbound: None, told: false };
    record(turn, &reader.contact.number, opinion).map(drop)
}

/// The preference centre; `good` is what is said above it.
pub(super) fn show(desk: &Desk<'_>, good: Option<&str>) -> Result<Option<Opened>, StoreError> {
    let Some(reader) = &desk.reader else { return Ok(None) };
    let (now, words) = (wishes(desk, reader)?, desk.words);
    let mut purposes = vec![(Choice::new("marketing", &words.marketing), now.marketing)];
    if has_night(desk, reader) {
        purposes.push((Choice::new("marketing_night", &words.marketing_night), now.night));
    }
    purposes.push((Choice::new("transactional", &words.transactional), now.transactional));
    let mut questions = vec![any(PURPOSES, &words.purposes, purposes)];
    let lists = desk.page.lists.iter().filter_map(|list| {
        let label = desk.write(&list.label)?;
        Some((Choice::new(&list.name, label), reader.contact.lists.contains(&list.name)))
    });
    let lists: Vec<_> = lists.collect();
    if !lists.is_empty() {
        questions.push(any(LISTS, &words.lists, lists));
    }
    questions.push(language(desk, reader));
    let button = Send { value: SAVE.to_owned(), text: words.save.clone() };
    let mut parts: Vec<_> = good.map(|text| Part::Good(text.to_owned())).into_iter().collect();
    parts.push(Part::Form(Form { questions, buttons: vec![button] }));
    Ok(Some(desk.opened_as(&words.preferences_title, Some(&words.preferences_text), parts)))
}

fn any(id: &str, ask: &str, choices: Vec<(Choice, bool)>) -> Question {
    let given = choices.iter().filter(|(_, is_on)| *is_on).map(|(choice, _)| choice.value.clone()).collect();
    let answer = Answer::Any(choices.into_iter().map(|(choice, _)| choice).collect());
    Question { id: id.to_owned(), ask: ask.to_owned(), answer, is_optional: true, given, mistake: None }
}

/// The languages that the pages speak, and the contact's own.
fn language(desk: &Desk<'_>, reader: &Stored) -> Question {
    let own = reader.contact.locale.as_ref().map_or(desk.locale(), |locale| locale);
    let mut choices: Vec<_> = Words::languages().map(|(language, name)| Choice::new(language, name)).collect();
    if !Words::are_known(own.language()) {
        choices.push(Choice::new(own.language(), own.language()));
    }
    Question {
        id: LANGUAGE.to_owned(),
        ask: desk.words.language.clone(),
        answer: Answer::Listed(choices),
        is_optional: true,
        given: vec![own.language().to_owned()],
        mistake: None,
    }
}

/// The contact chose. Only what is different is written down.
pub(super) fn save(desk: &Desk<'_>, turn: &Turn<'_>, sent: &Sent) -> Result<Option<Opened>, StoreError> {
    let Some(reader) = &desk.reader else { return Ok(None) };
    if sent.one(Send::NAME) != Some(SAVE) {
        return desk.show();
    }
    save_purposes(desk, turn, reader, sent)?;
    save_contact(desk, turn, reader, sent)?;
    let Some(reader) = contact::by_id(desk.connection, reader.id)? else { return Ok(None) };
    // What was saved is shown as it is then, in the language that was chosen.
    let page = desk.page.clone();
    let again = Desk::new(desk.connection, desk.settings, page, Some(reader), desk.link, &[], desk.now)?;
    again.map_or(Ok(None), |again| {
        let again = again.with(turn);
        show(&again, Some(&again.words.saved))
    })
}

fn save_purposes(desk: &Desk<'_>, turn: &Turn<'_>, reader: &Stored, sent: &Sent) -> Result<(), StoreError> {
    let is = wishes(desk, reader)?;
    let chosen = |name: &str| sent.all(PURPOSES).iter().any(|value| value == name);
    let marketing = chosen("marketing");
    // Who wants offers cannot refuse everything: a refusal of what is about orders is one of all.
    let wanted = Wishes {
        marketing,
        night: marketing && has_night(desk, reader) && chosen("marketing_night"),
        transactional: marketing || chosen("transactional"),
    };
    let words = desk.words;
    let change = |purpose, word, covers, label: &str| {
        say(desk, turn, reader, Said { purpose, word, covers, words: Some(label.to_owned()) })
    };
    if wanted.marketing && !is.marketing {
        change(Purpose::Marketing, Word::Given, Covers::Marketing, &words.marketing)?;
    }
    if wanted.transactional && !is.transactional && !wanted.marketing {
        change(Purpose::Transactional, Word::Given, Covers::Transactional, &words.transactional)?;
        // That yes takes away what kept everything back, so the no to offers is said again.
        change(Purpose::Marketing, Word::Withdrawn, Covers::Marketing, &words.marketing)?;
    } else if !wanted.transactional && is.transactional {
        change(Purpose::Transactional, Word::Withdrawn, Covers::Transactional, &words.transactional)?;
    } else if !wanted.marketing && is.marketing {
        change(Purpose::Marketing, Word::Withdrawn, Covers::Marketing, &words.marketing)?;
    }
    // A refusal of offers is one of the night too.
    if wanted.night != is.night && (wanted.night || wanted.marketing) {
        let word = if wanted.night { Word::Given } else { Word::Withdrawn };
        change(Purpose::MarketingNight, word, Covers::Marketing, &words.marketing_night)?;
    }
    Ok(())
}

fn save_contact(desk: &Desk<'_>, turn: &Turn<'_>, reader: &Stored, sent: &Sent) -> Result<(), StoreError> {
    let mut change = ContactChange::new(reader.contact.number.clone());
    let language = sent.one(LANGUAGE).filter(|language| Words::are_known(language));
    let known = reader.contact.locale.as_ref().map(|locale| locale.language());
    if let Some(language) = language.filter(|language| known != Some(language)) {
        change.locale = language.parse().ok().map(Some);
    }
    for list in &desk.page.lists {
        let is_wanted = sent.all(LISTS).contains(&list.name);
        let labels = if is_wanted { &mut change.lists.add } else { &mut change.lists.remove };
        labels.insert(list.name.clone());
    }
    // A contact that has as many lists as one can have keeps those that it has.
    let _ = contact::upsert(turn.tx, &change, turn.now)?;
    Ok(())
}
