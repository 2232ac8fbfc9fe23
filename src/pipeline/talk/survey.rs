//! Surveys by text: asks one question after the other, checks each answer, and ends once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::answer::{Said, say};
use super::hear::Talk;
use crate::campaign::attribute::Attribute;
use crate::campaign::contact::ContactChange;
use crate::campaign::event::Event;
use crate::campaign::origin::{Kind, Origin};
use crate::campaign::survey::{Kind as QuestionKind, Question, Survey, check, skips};
use crate::campaign::texts::Texts;
use crate::model::{Class, State};
use crate::pipeline::compose::Unsent;
use crate::pipeline::{Accepted, Turn, notify};
use crate::store::campaign::contact::{self, Stored};
use crate::store::campaign::survey::{self as runs, Run, RunState};
use crate::store::campaign::{definition, event};
use crate::store::{StoreError, message, suppression};

/// A form that is sent again within this time changes the answers and is no second survey.
const PAGE_AGAIN: Duration = Duration::from_secs(86_400);

/// How a survey begins.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// What begins it: `service info`, `workflow win-back`, `api`.
    pub by: &'a str,
    /// The class of the first question. The further ones answer the person.
    pub class: Class,
    /// Our number that it is asked from; the route's own if absent.
    pub ours: Option<&'a str>,
}

/// Why a survey does not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// There is none of this name.
    #[error("there is no survey \"{0}\"")]
    Unknown(String),
    /// The contact is asked something already.
    #[error("the survey \"{0}\" of this contact is still open")]
    Open(String),
    /// The first question cannot be written.
    #[error("{0}")]
    Unsent(#[from] Unsent),
    /// The first question may not be sent.
    #[error("{0}")]
    Blocked(String),
}

/// Asks a contact the first question. Returns the run.
///
/// # Errors
/// The store's own.
pub fn start_survey(
    turn: &Turn<'_>,
    to: &Stored,
    name: &str,
    begin: Begin<'_>,
) -> Result<Result<i64, NotBegun>, StoreError> {
    let connection = turn.tx.connection();
    let Some(survey) = definition::find::<Survey>(connection, name)?.map(|stored| stored.definition) else {
        return Ok(Err(NotBegun::Unknown(name.to_owned())));
    };
    let Some(first) = survey.questions.first() else { return Ok(Err(NotBegun::Unknown(name.to_owned()))) };
    if let Some(open) = runs::open_of(connection, to.id)? {
        return Ok(Err(NotBegun::Open(open.survey)));
    }
    let mut run = Run {
        id: 0,
        survey: name.to_owned(),
        contact: to.id,
        state: RunState::Open,
        begun_by: begin.by.to_owned(),
        question: None,
        asked: None,
        tries: 0,
        answers: Map::new(),
        ours: begin.ours.map(str::to_owned),
        started_at: turn.now,
        due_at: None,
        ended_at: None,
    };
    let accepted = match ask(turn, to, &mut run, &survey, first, begin.class)? {
        Ok(accepted) => accepted,
        Err(unsent) => return Ok(Err(unsent.into())),
    };
    if accepted.state == State::Blocked {
        let why = accepted.reason.map_or_else(|| "the text is blocked".to_owned(), |reason| reason.note());
        return Ok(Err(NotBegun::Blocked(why)));
    }
    turn.wake_steps();
    runs::save(turn.tx, &run).map(Ok)
}

/// Sends a question and makes it the open one.
fn ask(
    turn: &Turn<'_>,
    to: &Stored,
    run: &mut Run,
    survey: &Survey,
    question: &Question,
    class: Class,
) -> Result<Result<Accepted, Unsent>, StoreError> {
    let origin = Origin::new(Kind::Survey, &run.survey, &question.id);
    let said = Said { to, texts: &question.ask, origin: &origin, class, ours: run.ours.as_deref(), event: None };
    let accepted = match say(turn, said)? {
        Ok(accepted) => accepted,
        Err(unsent) => return Ok(Err(unsent)),
    };
    run.question = Some(question.id.clone());
    run.asked = Some(accepted.id);
    run.tries = 0;
    // Who is asked in the morning has the time from the morning on.
    run.due_at = Some(accepted.due_at.plus(survey.wait()));
    Ok(Ok(accepted))
}

/// Ends the open survey of a contact, if there is one.
///
/// # Errors
/// The store's own.
pub fn stop_survey(turn: &Turn<'_>, contact: i64) -> Result<bool, StoreError> {
    let Some(mut run) = runs::open_of(turn.tx.connection(), contact)? else { return Ok(false) };
    end(turn, &mut run, RunState::Stopped)?;
    Ok(true)
}

/// Writes how a run ended.
pub(super) fn end(turn: &Turn<'_>, run: &mut Run, state: RunState) -> Result<(), StoreError> {
    run.state = state;
    run.due_at = None;
    run.ended_at = Some(turn.now);
    run.id = runs::save(turn.tx, run)?;
    Ok(())
}

/// Takes a text as the answer to the contact's open question. Returns the survey's name if it was one.
pub(super) fn hear(talk: &mut Talk<'_>) -> Result<Option<String>, StoreError> {
    let turn = talk.turn;
    let Some(to) = talk.contact.clone() else { return Ok(None) };
    let Some(mut run) = runs::open_of(turn.tx.connection(), to.id)? else { return Ok(None) };
    if let Some(state) = over(turn, &run, &to)? {
        end(turn, &mut run, state)?;
        return Ok(None);
    }
    let found = definition::find::<Survey>(turn.tx.connection(), &run.survey)?;
    let asked = found.as_ref().and_then(|stored| stored.definition.question(run.question.as_deref()?));
    let (Some(stored), Some(question)) = (&found, asked) else {
        end(turn, &mut run, RunState::Stopped)?;
        return Ok(None);
    };
    // A question that waits for the morning was not read by anybody, and a machine does not answer.
    if talk.silence.is_some() || state_of(turn, &run)? == Some(State::Scheduled) {
        return Ok(None);
    }
    run.ours = Some(talk.incoming.message.to.as_str().to_owned());
    let survey = stored.definition.clone();
    answered(talk, &to, &mut run, &survey, &question.clone())?;
    Ok(Some(run.survey))
}

/// Whether these words are an answer that an open question offers. A question that takes any words offers none.
pub(super) fn awaits(turn: &Turn<'_>, to: &Stored, text: &str) -> Result<bool, StoreError> {
    let Some(run) = runs::open_of(turn.tx.connection(), to.id)? else { return Ok(false) };
    if over(turn, &run, to)?.is_some() || state_of(turn, &run)? == Some(State::Scheduled) {
        return Ok(false);
    }
    let found = definition::find::<Survey>(turn.tx.connection(), &run.survey)?;
    let asked = found.as_ref().and_then(|stored| stored.definition.question(run.question.as_deref()?));
    Ok(asked.is_some_and(|question| question.kind != QuestionKind::Text && check(question, text).is_ok()))
}

/// The state of the message with the open question.
fn state_of(turn: &Turn<'_>, run: &Run) -> Result<Option<State>, StoreError> {
    run.asked.map_or(Ok(None), |asked| message::state_of(turn.tx.connection(), asked))
}

/// Whether a run ended without anybody having written it down yet.
fn over(turn: &Turn<'_>, run: &Run, to: &Stored) -> Result<Option<RunState>, StoreError> {
    if run.due_at.is_none_or(|due| due <= turn.now) {
        return Ok(Some(RunState::TimedOut));
    }
    let held = suppression::find(turn.tx, turn.tx.person(&to.contact.number))?;
    if held.iter().any(|held| held.since >= run.started_at) {
        return Ok(Some(RunState::Stopped));
    }
    let lost = [State::Blocked, State::Canceled, State::Failed, State::Expired];
    Ok(state_of(turn, run)?.filter(|state| lost.contains(state)).map(|_| RunState::Unsent))
}

/// Checks the answer, and goes on, asks again or gives up.
fn answered(
    talk: &mut Talk<'_>,
    to: &Stored,
    run: &mut Run,
    survey: &Survey,
    question: &Question,
) -> Result<(), StoreError> {
    let turn = talk.turn;
    if !skips(question, talk.text) {
        match check(question, talk.text) {
            Ok(value) => keep(turn, to, run, question, value)?,
            Err(told) => {
                run.tries = run.tries.saturating_add(1);
                if run.tries < survey.tries {
                    runs::save(turn.tx, run)?;
                    return tell(talk, to, run, &told, "wrong");
                }
                if question.required {
                    end(turn, run, RunState::GaveUp)?;
                    return told_end(turn, to, run);
                }
            }
        }
    }
    let Some(next) = survey.after(&question.id) else {
        finish(turn, to, run, survey)?;
        return tell(talk, to, run, &survey.thanks, "thanks");
    };
    if !talk.may_answer(talk.ledger.may_answer(turn.settings.talk.limits, turn.now)) {
        end(turn, run, RunState::Unsent)?;
        return told_end(turn, to, run);
    }
    match ask(turn, to, run, survey, next, Class::Transactional)? {
        Ok(_) => {
            talk.ledger.answered("survey", turn.now);
            turn.wake_steps();
            runs::save(turn.tx, run).map(drop)
        }
        Err(unsent) => {
            tracing::warn!(code = unsent.code(), "The survey {} cannot go on: {unsent}", run.survey);
            end(turn, run, RunState::Unsent)?;
            told_end(turn, to, run)
        }
    }
}

/// Says something besides the questions, if there is something to say.
fn tell(talk: &mut Talk<'_>, to: &Stored, run: &Run, texts: &Texts, part: &str) -> Result<(), StoreError> {
    let limits = talk.turn.settings.talk.limits;
    if texts.0.is_empty() || !talk.may_answer(talk.ledger.may_answer(limits, talk.turn.now)) {
        return Ok(());
    }
    let origin = Origin::new(Kind::Survey, &run.survey, part);
    talk.answer(to, "survey", texts, &origin, None).map(drop)
}

/// Keeps an answer, also as an attribute of the contact.
fn keep(turn: &Turn<'_>, to: &Stored, run: &mut Run, question: &Question, value: Value) -> Result<(), StoreError> {
    if let Some(name) = &question.attribute {
        let mut change = ContactChange::new(to.contact.number.clone());
        match Attribute::from_json(&value) {
            Ok(attribute) => drop(change.attributes.insert(name.clone(), Some(attribute))),
            Err(fault) => tracing::warn!("The answer to {} of {} is no attribute: {fault}", question.id, run.survey),
        }
        if let Err(fault) = contact::upsert(turn.tx, &change, turn.now)? {
            tracing::warn!("The survey {} cannot set {name}: {fault}", run.survey);
        }
    }
    run.answers.insert(question.id.clone(), value);
    Ok(())
}

/// Ends a survey that is answered, and records it.
fn finish(turn: &Turn<'_>, to: &Stored, run: &mut Run, survey: &Survey) -> Result<(), StoreError> {
    end(turn, run, RunState::Done)?;
    for kind in std::iter::once("survey_answered").chain(survey.event.as_deref()) {
        let mut answered = Event::new(kind, to.contact.number.clone(), turn.now);
        answered.id = Some(format!("survey-{}", run.id));
        answered.properties = run.answers.clone().into_iter().collect();
        answered.properties.insert("survey".to_owned(), json!(run.survey));
        event::record(turn.tx, &answered, turn.now)?;
    }
    turn.wake_steps();
    told_end(turn, to, run)
}

/// Tells the tools how a survey ended.
pub(super) fn told_end(turn: &Turn<'_>, to: &Stored, run: &Run) -> Result<(), StoreError> {
    let data = json!({
        "survey": run.survey, "number": to.contact.number.as_str(), "state": run.state.as_str(),
        "answers": run.answers, "begun_by": run.begun_by,
    });
    notify::talk(turn, None, "survey.ended", &data)
}

/// Why the answers of a page are not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageRefusal {
    /// There is no such survey.
    Unknown,
    /// These answers are wrong: the question's id, and what to tell.
    Wrong(Vec<(String, Texts)>),
}

/// Takes all answers of a survey at once, as a form sends them: texts by the ids of the questions.
///
/// # Errors
/// The store's own.
pub fn answer_survey_page(
    turn: &Turn<'_>,
    to: &Stored,
    name: &str,
    answers: &BTreeMap<String, String>,
) -> Result<Result<(), PageRefusal>, StoreError> {
    let connection = turn.tx.connection();
    let Some(survey) = definition::find::<Survey>(connection, name)?.map(|stored| stored.definition) else {
        return Ok(Err(PageRefusal::Unknown));
    };
    let (mut values, mut wrong) = (Vec::new(), Vec::new());
    for question in &survey.questions {
        let text = answers.get(&question.id).map_or("", String::as_str);
        if skips(question, text) {
            continue;
        }
        match check(question, text) {
            Ok(value) => values.push((question, value)),
            Err(told) => wrong.push((question.id.clone(), told)),
        }
    }
    if !wrong.is_empty() {
        return Ok(Err(PageRefusal::Wrong(wrong)));
    }
    let before = runs::of_page(connection, name, to.id, turn.now.minus(PAGE_AGAIN))?;
    let again = before.is_some();
    let open = runs::open_of(connection, to.id)?.filter(|open| open.survey == name);
    let mut run = before.or(open).unwrap_or_else(|| Run {
        id: 0,
        survey: name.to_owned(),
        contact: to.id,
        state: RunState::Done,
        begun_by: "page".to_owned(),
        question: None,
        asked: None,
        tries: 0,
        answers: Map::new(),
        ours: None,
        started_at: turn.now,
        due_at: None,
        ended_at: None,
    });
    for (question, value) in values {
        keep(turn, to, &mut run, question, value)?;
    }
    if again {
        runs::save(turn.tx, &run)?;
        return Ok(Ok(()));
    }
    finish(turn, to, &mut run, &survey).map(Ok)
}
