//! Surveys and contests on a page: their questions as a form, and what is said when it was sent.

use std::collections::BTreeMap;

use super::Opened;
use super::desk::Desk;
use crate::campaign::contest::{Contest, Phase};
use crate::campaign::page::form::Sent;
use crate::campaign::page::{Answer, Choice, Form, Part, Question, Send};
use crate::campaign::survey::{Field, Kind, Survey};
use crate::campaign::texts::Texts;
use crate::pipeline::Turn;
use crate::pipeline::talk::{Outcome, PageRefusal, answer_survey_page, enter_contest};
use crate::store::StoreError;
use crate::store::campaign::{contest as contests, definition};

const ANSWERS: &str = "answers";
const ENTER: &str = "enter";
/// The most steps of a scale that stand side by side.
const SCALE_MAX: f64 = 10.0;

/// The survey of a page, if it is there and has a reader.
fn survey(desk: &Desk<'_>) -> Result<Option<Survey>, StoreError> {
    let (Some(name), Some(_)) = (&desk.page.survey, &desk.reader) else { return Ok(None) };
    Ok(definition::find::<Survey>(desk.connection, name)?.map(|stored| stored.definition))
}

/// The questions.
pub(super) fn show_survey(desk: &Desk<'_>) -> Result<Option<Opened>, StoreError> {
    Ok(survey(desk)?.map(|survey| questions(desk, &survey, &BTreeMap::new(), &[])))
}

/// The questions, with what was given before and what was wrong with it.
fn questions(desk: &Desk<'_>, survey: &Survey, given: &BTreeMap<String, String>, wrong: &[(String, Texts)]) -> Opened {
    let question = |field: &Field<'_>| {
        let mistake = wrong.iter().find(|(id, _)| id == field.id).map(|(_, texts)| {
            let is_missing = !given.contains_key(field.id);
            let told = if is_missing { None } else { desk.write(texts) };
            told.unwrap_or_else(|| desk.words.missing.clone())
        });
        Question {
            id: field.id.to_owned(),
            // A question that names what is not known of the reader is asked as it is called.
            ask: desk.write_source(&field.ask).unwrap_or_else(|| field.id.to_owned()),
            answer: answer_of(desk, field),
            is_optional: !field.required,
            given: given.get(field.id).cloned().into_iter().collect(),
            mistake,
        }
    };
    let questions = survey.fields(Some(desk.locale())).iter().map(question).collect();
    let button = Send { value: ANSWERS.to_owned(), text: desk.words.send.clone() };
    let mut parts = Vec::new();
    if !wrong.is_empty() {
        parts.push(Part::Bad(desk.words.wrong_form.clone()));
    }
    parts.push(Part::Form(Form { questions, buttons: vec![button] }));
    desk.opened_as(&title(desk, &survey.title), None, parts)
}

/// A heading of the survey's or contest's own, else the shop's name.
fn title(desk: &Desk<'_>, texts: &Texts) -> String {
    let brand = desk.settings.consent.brand.as_deref();
    desk.write(texts).unwrap_or_else(|| brand.unwrap_or(&desk.words.choose).to_owned())
}

fn answer_of(desk: &Desk<'_>, field: &Field<'_>) -> Answer {
    match field.kind {
        Kind::Choice => {
            let label = |(value, label): &(String, String)| {
                Choice::new(value, desk.write_source(label).unwrap_or_else(|| value.clone()))
            };
            Answer::One(field.options.iter().map(label).collect())
        }
        Kind::YesNo => Answer::One(vec![Choice::new("yes", &desk.words.yes), Choice::new("no", &desk.words.no)]),
        Kind::Number => match (field.min, field.max) {
            (Some(min), Some(max)) if max - min <= SCALE_MAX && min.fract() == 0.0 && max.fract() == 0.0 => {
                Answer::Scale(scale(min, max))
            }
            _ => Answer::Number,
        },
        Kind::Text => Answer::Words,
        Kind::Date => Answer::Day,
    }
}

fn scale(min: f64, max: f64) -> Vec<Choice> {
    let mut choices = Vec::new();
    let mut step = min;
    while step <= max {
        choices.push(Choice::new(step.to_string(), step.to_string()));
        step += 1.0;
    }
    choices
}

/// The reader sent answers.
pub(super) fn answer(desk: &Desk<'_>, turn: &Turn<'_>, sent: &Sent) -> Result<Option<Opened>, StoreError> {
    let Some(survey) = survey(desk)? else { return Ok(None) };
    let (Some(reader), true) = (&desk.reader, sent.one(Send::NAME) == Some(ANSWERS)) else { return desk.show() };
    let ids = survey.questions.iter().map(|question| &question.id);
    let given: BTreeMap<String, String> = ids.filter_map(|id| Some((id.clone(), sent.one(id)?.to_owned()))).collect();
    match answer_survey_page(turn, reader, desk.page.survey.as_deref().unwrap_or_default(), &given)? {
        Ok(()) => {
            let thanks = desk.write(&survey.thanks).unwrap_or_else(|| desk.words.thanks_text.clone());
            let view = desk.view(&desk.words.thanks_title, vec![Part::Good(thanks)]);
            Ok(Some(Opened { view, is_over: false }))
        }
        Err(PageRefusal::Wrong(wrong)) => Ok(Some(questions(desk, &survey, &given, &wrong))),
        Err(PageRefusal::Unknown) => Ok(None),
    }
}

/// One button, while the contest is open.
pub(super) fn show_contest(desk: &Desk<'_>) -> Result<Option<Opened>, StoreError> {
    let (Some(name), Some(_)) = (&desk.page.contest, &desk.reader) else { return Ok(None) };
    let Some(stored) = definition::find::<Contest>(desk.connection, name)? else { return Ok(None) };
    let contest = stored.definition;
    let over = contests::seed(desk.connection, name)?.is_none_or(|seed| seed.over);
    let part = if over || contest.phase(&desk.settings.talk.zone, desk.now) != Phase::Open {
        Part::Bad(desk.write(&contest.closed).unwrap_or_else(|| desk.words.not_open.clone()))
    } else {
        let button = Send { value: ENTER.to_owned(), text: desk.words.enter.clone() };
        Part::Form(Form { questions: Vec::new(), buttons: vec![button] })
    };
    Ok(Some(desk.opened_as(&title(desk, &contest.title), None, vec![part])))
}

/// The reader takes part.
pub(super) fn enter(desk: &Desk<'_>, turn: &Turn<'_>, sent: &Sent) -> Result<Option<Opened>, StoreError> {
    let (Some(name), Some(reader)) = (&desk.page.contest, &desk.reader) else { return Ok(None) };
    if sent.one(Send::NAME) != Some(ENTER) {
        return desk.show();
    }
    let Some(entering) = enter_contest(turn, reader, name, "page")? else { return Ok(None) };
    let words = desk.words;
    let own = desk.write(&entering.text);
    let said = |usual: &str| own.clone().unwrap_or_else(|| usual.to_owned());
    let (title, part) = match entering.outcome {
        Outcome::New(_) => (&words.entered_title, Part::Good(said(&words.entered_text))),
        Outcome::Again(_) => (&words.entered_title, Part::Good(said(&words.entered_again))),
        Outcome::Closed => (&words.ended_title, Part::Bad(said(&words.not_open))),
    };
    Ok(Some(Opened { view: desk.view(title, vec![part]), is_over: false }))
}
