//! What people of the shop do in a conversation: reply, note, tag, assign, close, open, read.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contact_view::refused;
use super::conversation::{ConversationView, unknown};
use super::post::{digest, idempotency_key, refuse_when_full};
use super::segment::parsed;
use super::template::PathName;
use super::{Api, json, json_bytes};
use crate::campaign::contact::LABEL_MAX;
use crate::campaign::conversation::{NOTE_MAX, PERSON_MAX};
use crate::campaign::fault::Fault;
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::{Class, PhoneNumber, Sender};
use crate::pipeline::talk::{self, Change};
use crate::pipeline::{Accepted, Turn};
use crate::store::campaign::contact;
use crate::store::{StoreError, idempotency};

/// The largest rating of an opinion.
const RATING_MAX: u8 = 10;

/// A text to the person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyRequest {
    /// The text, as it is sent.
    #[schema(example = "Yes, we have green tea.")]
    text: String,
    /// Who writes it; the token's name if absent.
    by: Option<String>,
    /// `transactional` or `marketing`; transactional if absent, which is for a person who wrote within 30 days.
    class: Option<String>,
    /// From which of our numbers; the one that the person wrote to if absent.
    from: Option<String>,
}

/// A text that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplyView {
    /// The message's id.
    id: String,
    /// `queued`, `scheduled` or `blocked`.
    #[schema(value_type = String)]
    state: &'static str,
    /// How many segments it has.
    segments: usize,
    /// When it goes, if that is not now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// Why it waits or does not go.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl ReplyView {
    fn of(accepted: &Accepted, now: crate::model::Timestamp) -> Self {
        Self {
            id: accepted.id.to_string(),
            state: accepted.state.as_str(),
            segments: accepted.segments,
            due_at: (accepted.due_at > now).then(|| accepted.due_at.to_string()),
            reason: accepted.reason.as_ref().map(|reason| reason.note()),
        }
    }
}

/// How a reply ended in the transaction.
enum Replied {
    Done(String),
    KeyReused,
    Refused(crate::pipeline::Refusal),
}

/// Sends a text of somebody of the shop. With `Idempotency-Key` a repeated request gets the first one's answer.
#[utoipa::path(
    post, path = "/v1/conversations/{number}/messages", tag = "conversations", security(("token" = ["conversations:write"])),
    params(
        ("number" = String, Path, description = "The number, with country code"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters, the caller's name for this request"),
    ),
    request_body(content = ReplyRequest, content_type = "application/json"),
    responses(
        (status = 202, description = "It is accepted", body = ReplyView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "It is no number", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, or the key was used for another request", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_reply(State(api): State<Api>, number: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    let caller = api.authorize(&head.headers, Scope::ConversationsWrite, now).await?;
    let number = api.number_in_path(number)?;
    let key = idempotency_key(&head.headers)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    refuse_when_full(&api)?;
    let asked: ReplyRequest = parsed(&read.bytes, "{\"text\": …}")?;
    let by = person(asked.by.as_deref(), &caller.name)?;
    let wrong = |place, detail: String| refused("invalid_reply", vec![Fault::new(place, "wrong_value", detail)]);
    let class = asked.class.as_deref().map(str::parse::<Class>).transpose();
    let class = class.map_err(|error| wrong("/class", error.to_string()))?;
    let from = asked.from.as_deref().map(Sender::parse).transpose().map_err(|detail| wrong("/from", detail))?;
    if class == Some(Class::Otp) {
        return Err(wrong("/class", "a text of a person is no one-time code".to_owned()));
    }
    let digest = digest(&read.bytes, false);
    let (settings, text) = (api.0.surroundings.settings(), asked.text);
    let (replied, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            if let Some(key) = &key
                && let Some((known, answer)) = idempotency::find(tx, caller.token, key)?
            {
                let replied = if known == digest { Replied::Done(answer) } else { Replied::KeyReused };
                return Ok((replied, turn.wakes()));
            }
            let reply = talk::Reply { by: &by, text: &text, class, from: from.clone(), token: caller.token };
            let accepted = match talk::reply(&turn, &number, &reply)? {
                Ok((accepted, _)) => accepted,
                Err(refusal) => return Ok((Replied::Refused(refusal), turn.wakes())),
            };
            let answer = serde_json::to_string(&ReplyView::of(&accepted, now));
            let answer = answer.map_err(|error| StoreError::Row(error.to_string()))?;
            if let Some(key) = &key {
                idempotency::keep(tx, caller.token, key, &digest, &answer, now)?;
            }
            Ok((Replied::Done(answer), turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    match replied {
        Replied::Done(answer) => Ok(json_bytes(StatusCode::ACCEPTED, answer)),
        Replied::KeyReused => {
            let detail = "this Idempotency-Key was used for another request";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", detail))
        }
        Replied::Refused(refusal) => {
            let error = FieldError::new(format!("/{}", refusal.field), refusal.code, refusal.message.clone());
            Err(Problem::fields(refusal.code, refusal.message, vec![error]))
        }
    }
}

/// Who of the shop does it.
fn person(named: Option<&str>, token: &Arc<str>) -> Result<String, Problem> {
    let name = named.unwrap_or(token).trim();
    if (1..=PERSON_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let detail = format!("the name of a person has 1 to {PERSON_MAX} characters");
    Err(refused("invalid_name", vec![Fault::new("/by", "wrong_length", detail)]))
}

/// A note.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRequest {
    /// What it says; up to 2,000 characters.
    text: String,
    /// Who writes it; the token's name if absent.
    by: Option<String>,
}

/// Writes a note that the person does not see.
#[utoipa::path(
    post, path = "/v1/conversations/{number}/notes", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("number" = String, Path, description = "The number, with country code")),
    request_body(content = NoteRequest, content_type = "application/json"),
    responses(
        (status = 204, description = "It is written"),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no conversation with this number", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_note(State(api): State<Api>, number: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    let caller = api.authorize(&head.headers, Scope::ConversationsWrite, now).await?;
    let number = api.number_in_path(number)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: NoteRequest = parsed(&read.bytes, "{\"text\": …}")?;
    let by = person(asked.by.as_deref(), &caller.name)?;
    let text = asked.text.trim().to_owned();
    if !(1..=NOTE_MAX).contains(&text.chars().count()) {
        let detail = format!("a note has 1 to {NOTE_MAX} characters");
        return Err(refused("invalid_note", vec![Fault::new("/text", "wrong_length", detail)]));
    }
    let (settings, whom) = (api.0.surroundings.settings(), number.clone());
    let (written, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            Ok((talk::note(&turn, &whom, &by, &text)?, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    match written {
        Some(_) => Ok(axum::response::IntoResponse::into_response(StatusCode::NO_CONTENT)),
        None => Err(unknown(&number)),
    }
}

/// Tags that come and go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagsRequest {
    /// Tags that the conversation gets.
    #[serde(default)]
    add: BTreeSet<String>,
    /// Tags that go.
    #[serde(default)]
    remove: BTreeSet<String>,
    /// Whether what the person last wrote is an opinion: the event `feedback` is recorded with the tags.
    #[serde(default)]
    feedback: bool,
    /// Its rating, 0 to 10.
    rating: Option<u8>,
    /// Who does it; the token's name if absent.
    by: Option<String>,
}

/// Changes the tags of a conversation, and records an opinion if it is one.
#[utoipa::path(
    post, path = "/v1/conversations/{number}/tags", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("number" = String, Path, description = "The number, with country code")),
    request_body(content = TagsRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The conversation", body = ConversationView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no conversation with this number", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A tag is wrong, or there are too many", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_tags(State(api): State<Api>, number: PathName, request: Request<Body>) -> Result<Response, Problem> {
    act(&api, number, request, |asked: TagsRequest| {
        let mut faults = Vec::new();
        for tag in &asked.add {
            if !(1..=LABEL_MAX).contains(&tag.chars().count()) || tag.trim() != tag || tag.chars().any(char::is_control)
            {
                let detail = format!("a tag has 1 to {LABEL_MAX} characters without blanks around them");
                faults.push(Fault::new("/add", "wrong_label", detail));
            }
        }
        if asked.rating.is_some_and(|rating| rating > RATING_MAX) {
            faults.push(Fault::new("/rating", "out_of_range", format!("a rating is 0 to {RATING_MAX}")));
        }
        if !faults.is_empty() {
            return Err(refused("invalid_tags", faults));
        }
        let feedback = (asked.feedback || asked.rating.is_some()).then_some(asked.rating);
        Ok((asked.by, Change { add: asked.add, remove: asked.remove, feedback, ..Change::default() }))
    })
    .await
}

/// Who sees to a conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignRequest {
    /// The person's name; `null` is nobody.
    to: Option<String>,
    /// Who does it; the token's name if absent.
    by: Option<String>,
}

/// Says who sees to a conversation.
#[utoipa::path(
    post, path = "/v1/conversations/{number}/assign", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("number" = String, Path, description = "The number, with country code")),
    request_body(content = AssignRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The conversation", body = ConversationView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no conversation with this number", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The name is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn assign(State(api): State<Api>, number: PathName, request: Request<Body>) -> Result<Response, Problem> {
    act(&api, number, request, |asked: AssignRequest| {
        let to = asked.to.as_deref().map(|to| person(Some(to), &Arc::from(""))).transpose()?;
        Ok((asked.by, Change { assignee: Some(to), ..Change::default() }))
    })
    .await
}

/// Who does something; nothing else need be said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ActRequest {
    /// Who does it; the token's name if absent.
    by: Option<String>,
}

/// Closes a conversation: nobody has to look at it until the person writes again.
#[utoipa::path(
    post, path = "/v1/conversations/{number}/close", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("number" = String, Path, description = "The number, with country code")),
    request_body(content = Option<ActRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "The conversation", body = ConversationView),
        (status = 404, description = "There is no conversation with this number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn close(State(api): State<Api>, number: PathName, request: Request<Body>) -> Result<Response, Problem> {
    act(&api, number, request, |asked: ActRequest| Ok((asked.by, Change { open: Some(false), ..Change::default() })))
        .await
}

/// Opens a conversation.
#[utoipa::path(
    post, path = "/v1/conversations/{number}/open", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("number" = String, Path, description = "The number, with country code")),
    request_body(content = Option<ActRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "The conversation", body = ConversationView),
        (status = 404, description = "There is no conversation with this number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn open(State(api): State<Api>, number: PathName, request: Request<Body>) -> Result<Response, Problem> {
    act(&api, number, request, |asked: ActRequest| Ok((asked.by, Change { open: Some(true), ..Change::default() })))
        .await
}

/// Says that all of a conversation was read.
#[utoipa::path(
    post, path = "/v1/conversations/{number}/read", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("number" = String, Path, description = "The number, with country code")),
    request_body(content = Option<ActRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "The conversation", body = ConversationView),
        (status = 404, description = "There is no conversation with this number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn read(State(api): State<Api>, number: PathName, request: Request<Body>) -> Result<Response, Problem> {
    act(&api, number, request, |asked: ActRequest| Ok((asked.by, Change { read: true, ..Change::default() }))).await
}

/// Reads what is asked, and changes the conversation. An empty body is an empty object.
async fn act<T: serde::de::DeserializeOwned>(
    api: &Api,
    number: PathName,
    request: Request<Body>,
    change_of: impl FnOnce(T) -> Result<(Option<String>, Change), Problem>,
) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    let caller = api.authorize(&head.headers, Scope::ConversationsWrite, now).await?;
    let number = api.number_in_path(number)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let bytes: &[u8] = if read.bytes.is_empty() { b"{}" } else { &read.bytes };
    let (by, change) = change_of(parsed(bytes, "{\"by\": …}")?)?;
    let by = person(by.as_deref(), &caller.name)?;
    changed(api, number, by, change).await
}

async fn changed(api: &Api, number: PhoneNumber, by: String, change: Change) -> Result<Response, Problem> {
    let (now, settings, whom) = (api.now(), api.0.surroundings.settings(), number.clone());
    let (done, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let done = talk::change(&turn, &whom, &by, &change)?;
            let name = contact::find(tx.connection(), &whom)?.and_then(|stored| stored.contact.name);
            Ok((done.map(|done| done.map(|one| ConversationView::of(one, name))), turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    match done {
        None => Err(unknown(&number)),
        Some(Err(why)) => Err(refused("invalid_change", vec![Fault::new("/add", "too_many", why)])),
        Some(Ok(view)) => Ok(json(StatusCode::OK, &view)),
    }
}
