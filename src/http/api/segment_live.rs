//! `/v1/segments/{name}/live` and its neighbours: segments that know their members and tell who comes and goes.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::store::StoreError;
use crate::store::campaign::live::{self, Change, Live};
use crate::store::campaign::{contact, segment as table};

use super::segment::{PathName, find, name_of, parsed, unknown};
use super::{Api, json, query};

/// A live segment's members.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveView {
    /// Since when it is live.
    #[schema(format = DateTime)]
    since: String,
    /// How many contacts are in it.
    members: i64,
    /// Whether the first look at all contacts still goes on.
    beginning: bool,
}

impl From<Live> for LiveView {
    fn from(live: Live) -> Self {
        let beginning = live.quiet || live.next_at == live.since;
        Self { since: live.since.to_string(), members: live.members, beginning }
    }
}

/// How a segment becomes live.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveRequest {
    /// Whether those who are in it now come in with an event each; silently if absent.
    #[serde(default)]
    backfill: bool,
}

/// Makes a segment live, one of the shop's own or one that comes with the program.
#[utoipa::path(
    put, path = "/v1/segments/{name}/live", tag = "contacts", security(("token" = ["segments:write"])),
    params(("name" = String, Path, description = "The segment's name")),
    request_body(content = LiveRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is live", body = super::segment::SegmentView),
        (status = 404, description = "There is no such segment", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The body is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_live(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::SegmentsWrite, now).await?;
    let name = name_of(name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let LiveRequest { backfill } = parsed(&read.bytes, "{\"backfill\": false}")?;
    let wanted = name.clone();
    if !api.backend().write(move |tx| live::begin(tx, &wanted, backfill, now)).await? {
        return Err(unknown(&name));
    }
    api.wake_steps();
    Ok(json(StatusCode::OK, &find(&api, name).await?))
}

/// Makes a segment live no more. It stays defined.
#[utoipa::path(
    delete, path = "/v1/segments/{name}/live", tag = "contacts", security(("token" = ["segments:write"])),
    params(("name" = String, Path, description = "The segment's name")),
    responses(
        (status = 204, description = "It is live no more"),
        (status = 404, description = "It is not live", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_live(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::SegmentsWrite, api.now()).await?;
    let name = name_of(name)?;
    let wanted = name.clone();
    if !api.backend().write(move |tx| live::end(tx, &wanted)).await? {
        return Err(not_live(&name));
    }
    api.wake_steps();
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn not_live(name: &str) -> Problem {
    let shown: String = name.chars().take(60).collect();
    Problem::not_found(format!("segment \"{shown}\" is not live; PUT /v1/segments/{shown}/live makes it so"))
}

/// A page of what a live segment knows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LiveQuery {
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A contact in a live segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberView {
    /// Its number.
    number: String,
    /// Since when it is in it.
    #[schema(format = DateTime)]
    since: String,
}

/// A page of the contacts in a live segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberPage {
    /// In the order in which they became contacts.
    members: Vec<MemberView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists who is in a live segment.
#[utoipa::path(
    get, path = "/v1/segments/{name}/members", tag = "contacts", security(("token" = ["segments:read"])),
    params(("name" = String, Path, description = "The segment's name"), LiveQuery),
    responses(
        (status = 200, description = "A page of members", body = MemberPage),
        (status = 404, description = "It is not live", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_members(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::SegmentsRead, api.now()).await?;
    let (name, asked) = (name_of(name)?, query::read::<LiveQuery>(&uri)?);
    let limit = query::limit(asked.limit.as_deref())?;
    let after = query::parse::<i64>("cursor", asked.cursor.as_deref())?.unwrap_or(0);
    let wanted = name.clone();
    let page = api
        .backend()
        .read(move |connection| {
            let Some(live) = live::find(connection, &wanted)? else { return Ok(None) };
            let live::Members { contacts, next } = live::members(connection, live.id, after, limit)?;
            let view = |(id, since): (i64, crate::model::Timestamp)| {
                let stored = contact::by_id(connection, id)?;
                Ok(stored
                    .map(|stored| MemberView { number: stored.contact.number.to_string(), since: since.to_string() }))
            };
            let members = contacts.into_iter().map(view).filter_map(Result::transpose);
            let members = members.collect::<Result<_, StoreError>>()?;
            Ok(Some(MemberPage { members, next: next.map(|id| id.to_string()) }))
        })
        .await?;
    Ok(json(StatusCode::OK, &page.ok_or_else(|| not_live(&name))?))
}

/// Somebody who came into a segment, or left it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// The contact's number.
    number: String,
    /// `entered` or `left`.
    #[schema(value_type = String)]
    change: &'static str,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        let word = if change.entered { "entered" } else { "left" };
        Self { number: change.number.clone(), change: word, at: change.at.to_string() }
    }
}

/// A page of who came and who left.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangePage {
    /// The newest first.
    changes: Vec<ChangeView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists who came into a segment and who left it, the newest first; also of one that is live no more.
#[utoipa::path(
    get, path = "/v1/segments/{name}/changes", tag = "contacts", security(("token" = ["segments:read"])),
    params(("name" = String, Path, description = "The segment's name"), LiveQuery),
    responses(
        (status = 200, description = "A page of changes", body = ChangePage),
        (status = 404, description = "There is no such segment", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_changes(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::SegmentsRead, api.now()).await?;
    let (name, asked) = (name_of(name)?, query::read::<LiveQuery>(&uri)?);
    let limit = query::limit(asked.limit.as_deref())?;
    let before = query::parse::<i64>("cursor", asked.cursor.as_deref())?;
    let wanted = name.clone();
    let changes = api
        .backend()
        .read(move |connection| {
            let known = table::tree(connection, &wanted)?.is_some();
            known.then(|| live::changes(connection, &wanted, before, limit + 1)).transpose()
        })
        .await?;
    let mut changes = changes.ok_or_else(|| unknown(&name))?;
    let more = changes.len() > limit;
    changes.truncate(limit);
    let next = changes.last().filter(|_| more).map(|change| change.event.to_string());
    Ok(json(StatusCode::OK, &ChangePage { changes: changes.iter().map(ChangeView::from).collect(), next }))
}
