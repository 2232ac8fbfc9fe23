//! The messages of one request on their way into the store, and the answer about them.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::{FieldError, Problem};
use crate::http::request::{self, Checked, Defaults};
use crate::http::token::Scope;
use crate::model::{NewMessage, State, Timestamp};
use crate::pipeline::{self, Prepared, Settings};

/// Who posts, as far as it matters for the messages.
pub struct Poster {
    /// What holds for messages that do not say otherwise.
    pub defaults: Defaults,
    /// The name of the token, if it may exempt messages from hours, caps and missing consent.
    pub exempts: Option<Arc<str>>,
}

impl Poster {
    /// `new` with the name of who exempts it; refused without the scope for it.
    fn exempt(&self, mut new: NewMessage) -> Checked {
        let Some(why) = new.exempt.take() else { return Ok(new) };
        let Some(name) = &self.exempts else {
            let detail = format!("exempt needs a token with the scope {}", Scope::ConsentsExempt);
            return Err(vec![FieldError::new("/exempt", "missing_scope", detail)]);
        };
        new.exempt = Some(format!("{why} (token {name})"));
        Ok(new)
    }
}

/// The messages of a request on their way into the store.
pub struct Batch {
    /// Whether the request was an array.
    many: bool,
    /// How many messages it had.
    pub total: usize,
    /// Those that can be stored.
    pub prepared: Vec<Prepared>,
    /// The place of each of them in the request.
    places: Vec<usize>,
    /// What is wrong with the others, each with its place.
    errors: Vec<(usize, FieldError)>,
}

/// How long ago the time of sending may be: what lay in a tool's queue over a night is still meant.
const PAST_MAX: Duration = Duration::from_secs(86_400);

/// A message whose time of sending is not long over: nobody means to send at once what was due years ago.
fn in_time(new: NewMessage, now: Timestamp) -> Checked {
    match new.send_at.filter(|at| now.since(*at) > PAST_MAX) {
        None => Ok(new),
        Some(past) => {
            let detail = format!("{past} is more than a day ago; leave send_at out to send at once");
            Err(vec![FieldError::new("/send_at".to_owned(), "too_long_ago", detail)])
        }
    }
}

impl Batch {
    /// Reads, checks and encodes the messages of a body.
    ///
    /// # Errors
    /// A problem when the body as a whole is none.
    pub fn read(body: &[u8], from: &Poster, settings: &Settings, now: Timestamp) -> Result<Self, Problem> {
        Self::read_for(None, body, from, settings, now)
    }

    /// As [`Batch::read`]; only `link` may carry the messages, if it is named.
    ///
    /// # Errors
    /// As [`Batch::read`].
    pub fn read_for(
        link: Option<&str>,
        body: &[u8],
        from: &Poster,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut batch = Self { many: false, total: 0, prepared: Vec::new(), places: Vec::new(), errors: Vec::new() };
        let many = request::parse_each(body, from.defaults, |checked| {
            let link = link.map(str::to_owned);
            batch.add(batch.total, checked.map(|new| NewMessage { link, ..new }), from, settings, now);
            batch.total += 1;
        })?;
        batch.many = many;
        Ok(batch)
    }

    fn add(&mut self, place: usize, checked: Checked, from: &Poster, settings: &Settings, now: Timestamp) {
        let prepared = checked.and_then(|new| in_time(new, now)).and_then(|new| from.exempt(new)).and_then(|new| {
            pipeline::prepare(settings, new, now).map_err(|refusal| {
                let pointer = format!("/{}", refusal.field);
                vec![FieldError { pointer, code: Cow::Borrowed(refusal.code), detail: refusal.message }]
            })
        });
        match prepared {
            Ok(prepared) => {
                self.prepared.push(prepared);
                self.places.push(place);
            }
            Err(errors) => self.errors.extend(errors.into_iter().map(|error| (place, error))),
        }
    }

    /// How many messages cannot be stored.
    pub fn refused(&self) -> usize {
        self.total - self.prepared.len()
    }

    fn accepted(&self, stored: &[pipeline::Accepted]) -> Vec<Accepted> {
        let places = self.places.iter().zip(&self.prepared);
        stored
            .iter()
            .zip(places)
            .map(|(stored, (&place, prepared))| Accepted::of(self.many.then_some(place), stored, prepared))
            .collect()
    }

    /// The problem that names every wrong field.
    pub fn refusal(&self, accepted: Vec<Accepted>) -> Problem {
        let refused = self.refused();
        let detail = match (self.many, accepted.len()) {
            (false, _) => "the message was not accepted: see errors".to_owned(),
            (true, 0) => format!("{refused} of {} messages are wrong; none was accepted", self.total),
            (true, rest) => format!("{refused} of {} messages are wrong; the other {rest} were accepted", self.total),
        };
        Problem::fields("invalid_message", detail, self.errors()).with_accepted(accepted)
    }

    /// What is wrong, each with the place of its message in an array.
    fn errors(&self) -> Vec<FieldError> {
        let pointed = |(place, error): &(usize, FieldError)| match self.many {
            true => FieldError { pointer: format!("/{place}{}", error.pointer), ..error.clone() },
            false => error.clone(),
        };
        self.errors.iter().map(pointed).collect()
    }

    /// Status and body of the answer once the good messages are stored.
    pub fn answer(&self, stored: &[pipeline::Accepted]) -> (StatusCode, Vec<u8>) {
        let accepted = self.accepted(stored);
        if !self.errors.is_empty() {
            return (StatusCode::UNPROCESSABLE_ENTITY, self.refusal(accepted).to_json());
        }
        let body = match (self.many, accepted.first()) {
            (false, Some(one)) => serde_json::to_vec(one),
            (_, _) => serde_json::to_vec(&AcceptedMessages { messages: &accepted }),
        };
        (StatusCode::ACCEPTED, body.unwrap_or_default())
    }
}

/// An accepted message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Accepted {
    /// Its place in the request's array, from 0; absent when the request was one message.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Its id.
    #[schema(example = "01jd8x4m2v0g0")]
    id: String,
    /// `queued`, `scheduled` or `blocked`.
    #[schema(value_type = String)]
    state: &'static str,
    /// How many segments it has.
    segments: usize,
    /// The alphabet that it will be sent in.
    #[schema(value_type = String)]
    alphabet: &'static str,
    /// The characters that were replaced, if that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Replaced>,
    /// When it will go, if that is not now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// Why it waits or does not go: the law, or the recipient's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonView>,
}

/// Why a message waits or does not go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonView {
    /// `opted_out`, `no_consent`, `looks_like_stop`, `quiet_hours` or `frequency_cap`.
    #[schema(value_type = String)]
    code: &'static str,
    /// A sentence for people.
    detail: String,
}

impl Accepted {
    fn of(index: Option<usize>, stored: &pipeline::Accepted, prepared: &Prepared) -> Self {
        let replaced = prepared.changes.iter();
        Self {
            index,
            id: stored.id.to_string(),
            state: stored.state.as_str(),
            segments: stored.segments,
            alphabet: stored.alphabet.as_str(),
            changes: replaced
                .map(|change| Replaced { from: change.from, to: change.to.clone(), count: change.count })
                .collect(),
            due_at: (stored.state == State::Scheduled).then(|| stored.due_at.to_string()),
            reason: stored
                .reason
                .as_ref()
                .map(|reason| ReasonView { code: reason.code, detail: reason.detail.clone() }),
        }
    }
}

/// A character that was replaced throughout a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Replaced {
    /// The character as written.
    #[schema(value_type = String)]
    from: char,
    /// What stands in for it.
    to: String,
    /// How often.
    count: usize,
}

/// The answer to an array.
#[derive(Serialize, ToSchema)]
pub struct AcceptedMessages<'a> {
    /// All messages, in the order of the request.
    #[schema(value_type = Vec<Accepted>)]
    messages: &'a [Accepted],
}
