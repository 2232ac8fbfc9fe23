//! `/v1/links`: the links, their health, and what passed over them lately.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::surroundings::LinkStatus;
use crate::http::token::Scope;
use crate::model::TraceLine;

use super::modem::PathName;
use super::{Api, json, query};

/// All links.
#[derive(Debug, Serialize, ToSchema)]
pub struct Links {
    /// In the order of their names.
    links: Vec<LinkStatus>,
    /// Messages that wait to be sent.
    backlog: i64,
}

/// Lists the links and their health.
#[utoipa::path(
    get, path = "/v1/links", tag = "operation", security(("token" = ["links:read"])),
    responses(
        (status = 200, description = "All links", body = Links),
    )
)]
pub async fn list_links(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::LinksRead, api.now()).await?;
    Ok(json(StatusCode::OK, &Links { links: api.0.surroundings.links(), backlog: api.backend().backlog() }))
}

/// What passed over a link lately.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Trace)]
pub struct TraceView {
    /// Oldest first. Of a busy link only the last messages are kept; binds, refusals and what could not be read are kept
    /// longer.
    pub lines: Vec<TraceLineView>,
}

/// A PDU, or a line of a modem's dialogue.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TraceLine)]
pub struct TraceLineView {
    /// When it passed.
    #[schema(format = DateTime)]
    pub at: String,
    /// What passed: `> ` before what was sent, `< ` before what came.
    pub text: String,
}

impl From<TraceLine> for TraceLineView {
    fn from(line: TraceLine) -> Self {
        Self { at: line.at.to_string(), text: line.text }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    full: bool,
}

/// Shows what passed over a link lately: PDUs, or the AT dialogue of a modem.
///
/// Numbers are masked and texts left out, unless `full` asks for them, which needs `messages:read` too. Passwords and PINs
/// are never kept.
#[utoipa::path(
    get, path = "/v1/links/{name}/trace", tag = "operation", security(("token" = ["links:read"])),
    params(
        ("name" = String, Path, description = "The link, like `north`, `north%2F2` or the name of a modem"),
        ("full" = Option<bool>, Query, description = "Show numbers, texts and octets whole"),
    ),
    responses(
        (status = 200, description = "Oldest first", body = TraceView),
        (status = 404, description = "There is no such link", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn trace_link(
    State(api): State<Api>,
    name: PathName,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(&headers, Scope::LinksRead, now).await?;
    let Asked { full } = query::read(&uri)?;
    if full {
        api.authorize(&headers, Scope::MessagesRead, now).await?;
    }
    let name =
        name.map(|path| path.0).map_err(|error| Problem::not_found(format!("there is no such link: {error}")))?;
    let lines = api.0.surroundings.trace(&name, full);
    let lines = lines.ok_or_else(|| Problem::not_found(format!("there is no link {name}")))?;
    Ok(json(StatusCode::OK, &TraceView { lines: lines.into_iter().map(Into::into).collect() }))
}
