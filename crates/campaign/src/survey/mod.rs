//! Surveys: questions one after the other, each with a checked answer, by text or as the fields of a form.
//!
//! - [`Survey`], [`Question`]: the definition, checked as a whole
//! - [`check`]: what an answer says, or what to tell who gave a wrong one
//! - [`Field`]: a question as a form shows it

mod answer;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::attribute;
use super::event;
use super::fault::{Fault, short};
use super::keywords;
use super::label::{check_name, check_texts, span};
use super::locale::Locale;
use super::texts::Texts;

pub use answer::{check, skips};

/// Most questions.
pub const QUESTIONS_MAX: usize = 20;
/// Most choices of one question, and most words of one choice.
const CHOICES_MAX: usize = 20;
/// The longest that a survey may wait for an answer.
const TIMEOUT_MAX: Duration = Duration::from_secs(30 * 86_400);
/// How often a question may be answered wrongly.
const TRIES_MAX: u8 = 10;

/// A survey as it is defined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it is called, for its page and for people.
    #[serde(default, skip_serializing_if = "is_none")]
    pub title: Texts,
    /// How long an answer is waited for: `24h`.
    #[serde(default = "day")]
    pub timeout: String,
    /// How often one question may be answered wrongly; the survey ends with the last of them.
    #[serde(default = "tries")]
    pub tries: u8,
    /// What is said at the end.
    #[serde(default, skip_serializing_if = "is_none")]
    pub thanks: Texts,
    /// The questions.
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
    /// An event that is recorded at the end besides `survey_answered`, like `feedback`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

fn is_none(texts: &Texts) -> bool {
    texts.0.is_empty()
}

fn day() -> String {
    "24h".to_owned()
}

const fn tries() -> u8 {
    3
}

const fn yes() -> bool {
    true
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number from `min` to `max`.
    Number,
    /// One of the choices.
    Choice,
    /// Any text.
    Text,
    /// Yes or no.
    YesNo,
    /// A day of the calendar.
    Date,
}

impl Kind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Choice => "choice",
            Self::Text => "text",
            Self::YesNo => "yes_no",
            Self::Date => "date",
        }
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name among the answers.
    pub id: String,
    /// The question.
    pub ask: Texts,
    /// What an answer is.
    pub kind: Kind,
    /// The least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// What can be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// The contact's attribute that the answer becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// What is told who answers wrongly; a text of the program's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<Texts>,
    /// Whether it must be answered; one that need not is left out with SKIP or `-`.
    #[serde(default = "yes")]
    pub required: bool,
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What the answer is then.
    pub value: String,
    /// The words that mean it; its place in the list does, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// What a form shows.
    #[serde(default, skip_serializing_if = "is_none")]
    pub label: Texts,
}

impl Survey {
    /// Checks all of it.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        if !self.name.is_empty() {
            check_name("/name", &self.name, &mut faults);
        }
        for (place, texts) in [("/title", &self.title), ("/thanks", &self.thanks)] {
            if !is_none(texts) {
                check_texts(place, texts, &mut faults);
            }
        }
        match span(&self.timeout) {
            Ok(time) if time <= TIMEOUT_MAX => {}
            Ok(_) => faults.push(Fault::new("/timeout", "too_long", "an answer is waited for 30d at most")),
            Err(fault) => faults.push(fault.under("/timeout")),
        }
        if !(1..=TRIES_MAX).contains(&self.tries) {
            faults.push(Fault::new("/tries", "out_of_range", format!("tries is a number from 1 to {TRIES_MAX}")));
        }
        if !(1..=QUESTIONS_MAX).contains(&self.questions.len()) {
            let detail = format!("a survey has 1 to {QUESTIONS_MAX} questions");
            faults.push(Fault::new("/question", "wrong_count", detail));
        }
        for (at, question) in self.questions.iter().enumerate() {
            let mut wrong = Vec::new();
            question.check(&mut wrong);
            if self.questions.iter().take(at).any(|other| other.id == question.id) {
                wrong.push(Fault::new(
                    "/id",
                    "taken",
                    format!("\"{}\" is the id of two questions", short(&question.id)),
                ));
            }
            faults.extend(wrong.into_iter().map(|fault| fault.under(&format!("/question/{at}"))));
        }
        if let Some(event) = &self.event {
            faults.extend(event::check_kind(event).err().map(|fault| fault.under("/event")));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// How long an answer is waited for.
    pub fn wait(&self) -> Duration {
        span(&self.timeout).unwrap_or(Duration::from_secs(86_400)).min(TIMEOUT_MAX)
    }

    /// The question of this id.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// The question after that of this id; of one that is not there any more, nothing follows.
    pub fn after(&self, id: &str) -> Option<&Question> {
        let at = self.questions.iter().position(|question| question.id == id)?;
        self.questions.get(at.saturating_add(1))
    }

    /// The questions as the fields of a form, for somebody who reads `locale`.
    pub fn fields(&self, locale: Option<&Locale>) -> Vec<Field<'_>> {
        self.questions.iter().map(|question| question.field(locale)).collect()
    }
}

impl Question {
    fn check(&self, faults: &mut Vec<Fault>) {
        faults.extend(attribute::check_name(&self.id).err().map(|fault| fault.under("/id")));
        check_texts("/ask", &self.ask, faults);
        if let Some(wrong) = &self.wrong {
            check_texts("/wrong", wrong, faults);
        }
        if let Some(name) = &self.attribute {
            faults.extend(attribute::check_name(name).err().map(|fault| fault.under("/attribute")));
        }
        let numbers = self.min.is_some() || self.max.is_some();
        if numbers && self.kind != Kind::Number {
            faults.push(Fault::new("/min", "not_used", "min and max are for numbers"));
        }
        if self.min.zip(self.max).is_some_and(|(min, max)| min > max) {
            faults.push(Fault::new("/max", "out_of_range", "max is below min"));
        }
        match (self.kind, self.choices.len()) {
            (Kind::Choice, 2..=CHOICES_MAX) => {}
            (Kind::Choice, _) => {
                let detail = format!("a choice is among 2 to {CHOICES_MAX}");
                faults.push(Fault::new("/choices", "wrong_count", detail));
            }
            (Kind::Number | Kind::Text | Kind::YesNo | Kind::Date, 0) => {}
            (Kind::Number | Kind::Text | Kind::YesNo | Kind::Date, _) => {
                faults.push(Fault::new("/choices", "not_used", "choices are for questions of the kind choice"));
            }
        }
        for (at, choice) in self.choices.iter().enumerate() {
            let place = format!("/choices/{at}");
            if !(1..=60).contains(&choice.value.chars().count()) || choice.value.chars().any(char::is_control) {
                faults.push(Fault::new(format!("{place}/value"), "wrong_text", "a value has 1 to 60 characters"));
            }
            if choice.words.len() > CHOICES_MAX {
                faults.push(Fault::new(format!("{place}/words"), "too_many", format!("at most {CHOICES_MAX} words")));
            }
            for (n, word) in choice.words.iter().enumerate().filter(|(_, word)| keywords::form(word).is_empty()) {
                let detail = format!("\"{}\" has neither letters nor digits", short(word));
                faults.push(Fault::new(format!("{place}/words/{n}"), "empty", detail));
            }
            if !is_none(&choice.label) {
                check_texts(&format!("{place}/label"), &choice.label, faults);
            }
        }
    }

    fn field(&self, locale: Option<&Locale>) -> Field<'_> {
        let label = |choice: &Choice| {
            let label = choice.label.source(locale).1;
            if label.is_empty() { choice.value.clone() } else { label.to_owned() }
        };
        Field {
            id: &self.id,
            ask: self.ask.source(locale).1.to_owned(),
            kind: self.kind,
            min: self.min,
            max: self.max,
            options: self.choices.iter().map(|choice| (choice.value.clone(), label(choice))).collect(),
            required: self.required,
        }
    }
}

/// A question as a form shows it. What is sent back is a text, which [`check`] reads as it reads a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Field<'a> {
    /// The field's name.
    pub id: &'a str,
    /// The question: the source of a template.
    pub ask: String,
    /// What an answer is.
    pub kind: Kind,
    /// The least number.
    pub min: Option<f64>,
    /// The largest number.
    pub max: Option<f64>,
    /// What can be chosen: the text that is sent back, and what is shown, which is the source of a template.
    pub options: Vec<(String, String)>,
    /// Whether it must be filled in.
    pub required: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn survey(toml: &str) -> Survey {
        toml::from_str(toml).unwrap()
    }

    const WHY: &str = r#"
        name = "why-away"
        title = { en = "Why?", ko = "왜?" }
        thanks = { en = "Thank you, {{ first_name | or('friend') }}!" }
        event = "feedback"
        [[question]]
        id = "rating"
        ask = { en = "How was it, 1 to 5?" }
        kind = "number"
        min = 1
        max = 5
        [[question]]
        id = "why"
        ask = { en = "Why did you stay away? 1 late, 2 dear", ko = "이유는? 1 배송, 2 가격" }
        kind = "choice"
        choices = [{ value = "late", words = ["LATE"], label = { en = "Late", ko = "배송" } }, { value = "dear" }]
        attribute = "why_away"
        required = false
    "#;

    #[test]
    fn questions_follow_one_another_and_become_fields() {
        let survey = survey(WHY);
        assert_eq!(survey.check(), Ok(()));
        assert_eq!(survey.after("rating").map(|question| question.id.as_str()), Some("why"));
        assert!(survey.after("why").is_none() && survey.after("gone").is_none());
        assert_eq!((survey.wait(), survey.tries), (Duration::from_secs(86_400), 3));
        let fields = survey.fields("ko-KR".parse().ok().as_ref());
        assert_eq!(fields[1].ask, "이유는? 1 배송, 2 가격");
        assert_eq!(fields[1].options, [("late".into(), "배송".into()), ("dear".into(), "dear".into())]);
        assert!(fields[0].required && !fields[1].required);
        let json = serde_json::to_string(&survey).unwrap();
        assert_eq!(serde_json::from_str::<Survey>(&json).unwrap(), survey, "the same in JSON");
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong = survey(
            r#"
            timeout = "31d"
            tries = 0
            event = "Feed back"
            [[question]]
            id = "a"
            ask = { en = "{{ nmae }}" }
            kind = "text"
            min = 1
            [[question]]
            id = "a"
            ask = {}
            kind = "choice"
            choices = [{ value = "" , words = ["?"] }]
            attribute = "No"
            "#,
        );
        let places: Vec<_> = wrong.check().unwrap_err().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(
            places,
            [
                "/timeout",
                "/tries",
                "/question/0/ask/en",
                "/question/0/min",
                "/question/1/ask",
                "/question/1/attribute",
                "/question/1/choices",
                "/question/1/choices/0/value",
                "/question/1/choices/0/words/0",
                "/question/1/id",
                "/event"
            ]
        );
        assert!(toml::from_str::<Survey>("question = []\ntimout = \"1h\"").is_err());
    }
}
