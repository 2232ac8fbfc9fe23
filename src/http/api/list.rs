//! `GET /v1/messages`: the newest messages that pass a filter, page by page.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::{self, MessageId};
use crate::store::message::{self, Filter};

use super::{Api, MessageView, json, query};

/// Which messages are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only these states, parted by commas.
    #[param(example = "failed,uncertain")]
    state: Option<String>,
    /// Only this recipient.
    to: Option<String>,
    /// Only this reference.
    reference: Option<String>,
    /// Only messages with this tag.
    tag: Option<String>,
    /// Only this class.
    class: Option<String>,
    /// Only messages accepted at or after this instant.
    since: Option<String>,
    /// Only messages accepted before this instant.
    until: Option<String>,
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A page of messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagePage {
    /// The messages.
    messages: Vec<MessageView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists messages, newest first.
#[utoipa::path(
    get, path = "/v1/messages", tag = "messages", params(ListQuery), security(("token" = ["messages:read"])),
    responses(
        (status = 200, description = "A page of messages", body = MessagePage),
        (status = 400, description = "A filter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_messages(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::MessagesRead, api.now()).await?;
    let asked: ListQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let filter = filter(asked)?;
    let (views, next) = api.backend().read(move |connection| message::list(connection, &filter, limit)).await?;
    let next = next.map(|id| id.to_string());
    let messages = views.into_iter().map(MessageView::of).collect();
    Ok(json(StatusCode::OK, &MessagePage { messages, next }))
}

fn filter(asked: ListQuery) -> Result<Filter, Problem> {
    let states = asked.state.iter().flat_map(|words| words.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let states: Result<Vec<_>, Problem> =
        states.map(|word| query::parse::<model::State>("state", Some(word))).filter_map(Result::transpose).collect();
    Ok(Filter {
        states: states?,
        recipient: query::parse("to", asked.to.as_deref())?,
        reference: asked.reference,
        tag: asked.tag,
        class: query::parse("class", asked.class.as_deref())?,
        since: query::parse("since", asked.since.as_deref())?,
        until: query::parse("until", asked.until.as_deref())?,
        before: query::parse::<MessageId>("cursor", asked.cursor.as_deref())?,
    })
}
