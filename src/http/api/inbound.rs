//! `GET /v1/inbound`: the newest messages that came in, page by page.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::{MessageId, Sender};
use crate::store::inbound;

use super::{Api, InboundView, json, query};

/// Which incoming messages are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InboundQuery {
    /// Only from this sender.
    from: Option<String>,
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A page of incoming messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboundPage {
    /// The messages.
    messages: Vec<InboundView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists messages that came in, newest first.
#[utoipa::path(
    get, path = "/v1/inbound", tag = "inbound", params(InboundQuery), security(("token" = ["inbound:read"])),
    responses(
        (status = 200, description = "A page of incoming messages", body = InboundPage),
        (status = 400, description = "A filter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_inbound(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::InboundRead, api.now()).await?;
    let asked: InboundQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let before: Option<MessageId> = query::parse("cursor", asked.cursor.as_deref())?;
    let from = asked.from.map(|text| Sender::from_network(&text));
    let messages = api
        .backend()
        .read(move |connection| inbound::list(connection, before, from.as_ref().map(Sender::as_str), limit))
        .await?;
    let next = (messages.len() == limit).then(|| messages.last().map(|message| message.id.to_string())).flatten();
    let messages = messages.into_iter().map(InboundView::from).collect();
    Ok(json(StatusCode::OK, &InboundPage { messages, next }))
}
