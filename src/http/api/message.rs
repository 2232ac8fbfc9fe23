//! `/v1/messages/{id}`: one message with its timeline; withdrawing it; deciding a doubt.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::request::not_json;
use crate::http::token::Scope;
use crate::model::{MessageId, State as Stands};
use crate::pipeline::{self, Canceled, Resolution, Turn};
use crate::store::{event, message, submission};

use super::view::EventView;
use super::{Api, MessageView, TimelineView, json, message_id};

/// The id in a path; what is no text is no id.
type PathId = Result<Path<String>, PathRejection>;

/// Shows a message and everything that happened to it.
#[utoipa::path(
    get, path = "/v1/messages/{id}", tag = "messages", security(("token" = ["messages:read"])),
    params(("id" = String, Path, description = "The message's id")),
    responses(
        (status = 200, description = "The message", body = TimelineView),
        (status = 404, description = "There is no such message", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_message(State(api): State<Api>, id: PathId, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::MessagesRead, api.now()).await?;
    let id = id_of(id)?;
    let found = api
        .backend()
        .read(move |connection| {
            let Some(view) = message::view(connection, id)? else { return Ok(None) };
            Ok(Some((view, event::of(connection, id)?, submission::of(connection, id)?)))
        })
        .await?;
    let (view, events, submissions) = found.ok_or_else(|| unknown(id))?;
    let first = EventView::accepted(id, view.head.state, events.is_empty());
    let view = TimelineView {
        message: MessageView::of(view),
        timeline: std::iter::once(first).chain(events.into_iter().map(EventView::from)).collect(),
        submissions: submissions.into_iter().map(Into::into).collect(),
    };
    Ok(json(StatusCode::OK, &view))
}

/// A message's state after a request changed it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateView {
    /// The message.
    id: String,
    /// Its state now.
    #[schema(value_type = String)]
    state: &'static str,
}

/// Withdraws a message that has not left yet.
#[utoipa::path(
    post, path = "/v1/messages/{id}/cancel", tag = "messages", security(("token" = ["messages:write"])),
    params(("id" = String, Path, description = "The message's id")),
    responses(
        (status = 200, description = "It is withdrawn: `canceled`, or `uncertain` when an earlier copy may have left", body = StateView),
        (status = 404, description = "There is no such message", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It is too late; `state` says how far it is", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn cancel_message(State(api): State<Api>, id: PathId, headers: HeaderMap) -> Result<Response, Problem> {
    cancel(&api, id, &headers).await
}

/// Withdraws a message that has not left yet, as `POST …/cancel` does.
#[utoipa::path(
    delete, path = "/v1/messages/{id}", tag = "messages", security(("token" = ["messages:write"])),
    params(("id" = String, Path, description = "The message's id")),
    responses(
        (status = 200, description = "It is withdrawn: `canceled`, or `uncertain` when an earlier copy may have left", body = StateView),
        (status = 404, description = "There is no such message", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It is too late; `state` says how far it is", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_message(State(api): State<Api>, id: PathId, headers: HeaderMap) -> Result<Response, Problem> {
    cancel(&api, id, &headers).await
}

async fn cancel(api: &Api, id: PathId, headers: &HeaderMap) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(headers, Scope::MessagesWrite, now).await?;
    let id = id_of(id)?;
    let settings = api.0.surroundings.settings();
    let (canceled, state, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let canceled = pipeline::cancel(&turn, id)?;
            // When an earlier copy may have left, a withdrawn message is uncertain and not canceled.
            let state = message::head(tx, id)?.map_or(Stands::Canceled, |head| head.state);
            Ok((canceled, state, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    match canceled {
        Canceled::Done => Ok(json(StatusCode::OK, &StateView { id: id.to_string(), state: state.as_str() })),
        Canceled::TooLate(state) => Err(conflict("too_late", format!("it is too late: the message is {state}"), state)),
        Canceled::Unknown => Err(unknown(id)),
    }
}

/// A person's decision about a message in doubt.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What is to be done.
    decision: Choice,
}

/// What can be decided.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Send it again; there may be two copies then.
    Resend,
    /// Count it as not sent, and leave it at that.
    GiveUp,
    /// Count it as delivered.
    Delivered,
}

/// Decides about a message whose state is `uncertain`.
#[utoipa::path(
    post, path = "/v1/messages/{id}/resolve", tag = "messages", security(("token" = ["admin"])),
    params(("id" = String, Path, description = "The message's id")),
    request_body(content = Decision, content_type = "application/json"),
    responses(
        (status = 200, description = "It is decided", body = StateView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such message", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The message is not in doubt", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The decision is none of the three", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn resolve_message(State(api): State<Api>, id: PathId, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::Admin, now).await?;
    let id = id_of(id)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let resolution = match decision(&read.bytes)?.decision {
        Choice::Resend => Resolution::Resend,
        Choice::GiveUp => Resolution::GiveUp,
        Choice::Delivered => Resolution::Delivered,
    };
    let settings = api.0.surroundings.settings();
    let (resolved, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let resolved = pipeline::resolve(&turn, id, resolution)?;
            Ok((resolved, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    match resolved {
        Ok(state) => Ok(json(StatusCode::OK, &StateView { id: id.to_string(), state: state.as_str() })),
        Err(Some(state)) => {
            Err(conflict("not_in_doubt", format!("nothing is in doubt: the message is {state}"), state))
        }
        Err(None) => Err(unknown(id)),
    }
}

fn decision(body: &[u8]) -> Result<Decision, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.is_data() {
        false => not_json(&error),
        true => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_decision",
            format!("the body is {{\"decision\": \"resend\"}}, or \"give_up\" or \"delivered\": {error}"),
        ),
    })
}

fn id_of(id: PathId) -> Result<MessageId, Problem> {
    match id {
        Ok(Path(text)) => message_id(&text),
        Err(error) => Err(Problem::not_found(format!("there is no such message: {error}"))),
    }
}

fn unknown(id: MessageId) -> Problem {
    Problem::not_found(format!("there is no message {id}; finished ones are removed after a time"))
}

fn conflict(code: &'static str, detail: String, state: Stands) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, detail).with_state(state.as_str())
}
