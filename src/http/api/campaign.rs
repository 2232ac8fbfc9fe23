//! `/v1/campaigns`: writing, showing and removing campaigns.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::campaign::fault::Fault;
use crate::campaign::run::{Definition, Phase, check_name};
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::pipeline::campaign::{self, Wrong};
use crate::store::StoreError;
use crate::store::campaign::run::{self as table, Stored, recipient};

use super::contact_view::refused;
use super::segment::parsed;
use super::template::PathName;
use super::{Api, json, query};

/// A campaign to write or to change.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct CampaignRequest {
    /// What it is called; the name if absent.
    #[schema(example = "Spring sale")]
    title: Option<String>,
    /// To whom.
    to: AudienceRequest,
    /// The template, if all get the same.
    template: Option<String>,
    /// The templates, if not all get the same.
    variants: Option<Vec<VariantRequest>>,
    /// How many in a hundred get nothing and are measured all the same, 0 to 90.
    control: Option<u8>,
    /// `marketing` or `transactional`; `marketing` if absent.
    class: Option<String>,
    /// When it begins; when it is started if absent.
    start: Option<StartSchema>,
    /// Over how long the turns are spread.
    #[schema(example = "3h")]
    spread: Option<String>,
    /// From which sender; the route's own if absent.
    from: Option<String>,
    /// Over which route; chosen by rules if absent.
    route: Option<String>,
    /// How long a text is worth sending.
    #[schema(example = "12h")]
    valid_for: Option<String>,
    /// How long after its turn a contact's purchases count; 7d if absent.
    #[schema(example = "7d")]
    attribution: Option<String>,
}

/// To whom: one of `segment`, `list` and `numbers`.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct AudienceRequest {
    /// A segment's name.
    segment: Option<String>,
    /// A list's name.
    list: Option<String>,
    /// Numbers, at most 1,000.
    numbers: Option<Vec<String>>,
    /// A segment whose contacts are left out.
    exclude: Option<String>,
}

/// One of the texts between which a campaign chooses.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct VariantRequest {
    /// Its name; `control` is taken.
    name: String,
    /// The template's name.
    template: String,
    /// Its share, in proportion to the others; 1 if absent.
    share: Option<u8>,
}

/// When a campaign begins: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CampaignStart)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct StartSchema {
    /// At an instant.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// At each contact's own time.
    #[schema(example = "2026-11-25T10:00")]
    local_time: Option<String>,
}

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignView {
    /// Its name.
    name: String,
    /// What it is called.
    title: String,
    /// `draft`, `scheduled`, `running`, `paused`, `done` or `canceled`.
    #[schema(value_type = String)]
    state: &'static str,
    /// How often the definition was written.
    version: i64,
    /// The definition. After the start it stays as it is.
    #[schema(value_type = Object)]
    definition: Value,
    /// Contacts that it took so far.
    recipients: i64,
    /// How many recipients are in each state: that of their message, or `waiting`, `control`, `skipped`, `blocked`,
    /// `withdrawn`. Lists do not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<BTreeMap<String, u64>>,
    /// Whether messages of it are still being taken out of the queue.
    withdrawing: bool,
    /// When it was first written.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last written.
    #[schema(format = DateTime)]
    changed_at: String,
    /// When somebody started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    started_at: Option<String>,
    /// When it takes its recipients.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    begins_at: Option<String>,
    /// When the next recipient has its turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// When everybody had his turn, or it was canceled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

impl From<Stored> for CampaignView {
    fn from(stored: Stored) -> Self {
        let at = |at: Option<crate::model::Timestamp>| at.map(|at| at.to_string());
        Self {
            name: stored.name,
            title: stored.title,
            state: stored.phase.as_str(),
            version: stored.version,
            definition: serde_json::from_str(&stored.definition).unwrap_or_default(),
            recipients: stored.recipients,
            states: None,
            withdrawing: stored.withdrawing,
            created_at: stored.created_at.to_string(),
            changed_at: stored.changed_at.to_string(),
            started_at: at(stored.started_at),
            begins_at: at(stored.begins_at),
            next_at: None,
            ended_at: at(stored.ended_at),
        }
    }
}

impl CampaignView {
    /// With what is counted of its recipients.
    pub(super) fn counted(connection: &Connection, stored: Stored) -> Result<Self, StoreError> {
        let states = recipient::counts(connection, stored.id)?;
        let next = match stored.phase {
            Phase::Scheduled => stored.begins_at,
            Phase::Running => recipient::next_due(connection, stored.id)?,
            Phase::Draft | Phase::Paused | Phase::Done | Phase::Canceled => None,
        };
        let next_at = next.map(|at| at.to_string());
        Ok(Self { states: Some(states), next_at, ..Self::from(stored) })
    }
}

/// Which campaigns are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CampaignQuery {
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A page of campaigns.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignPage {
    /// The newest first.
    campaigns: Vec<CampaignView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists campaigns, the newest first.
#[utoipa::path(
    get, path = "/v1/campaigns", tag = "campaigns", params(CampaignQuery), security(("token" = ["campaigns:read"])),
    responses(
        (status = 200, description = "A page of campaigns", body = CampaignPage),
        (status = 400, description = "A filter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_campaigns(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::CampaignsRead, api.now()).await?;
    let asked: CampaignQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let before: Option<i64> = query::parse("cursor", asked.cursor.as_deref())?;
    let stored = api.backend().read(move |connection| table::list(connection, before, limit)).await?;
    let next = (stored.len() == limit).then(|| stored.last().map(|last| last.id.to_string())).flatten();
    let campaigns = stored.into_iter().map(CampaignView::from).collect();
    Ok(json(StatusCode::OK, &CampaignPage { campaigns, next }))
}

/// Shows a campaign with how many recipients are in each state.
#[utoipa::path(
    get, path = "/v1/campaigns/{name}", tag = "campaigns", security(("token" = ["campaigns:read"])),
    params(("name" = String, Path, description = "The campaign's name")),
    responses(
        (status = 200, description = "The campaign", body = CampaignView),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_campaign(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::CampaignsRead, api.now()).await?;
    let name = name_of(name)?;
    Ok(json(StatusCode::OK, &show(&api, name).await?))
}

pub(super) async fn show(api: &Api, name: String) -> Result<CampaignView, Problem> {
    let wanted = name.clone();
    let found = api
        .backend()
        .read(move |connection| {
            let stored = table::find(connection, &wanted)?;
            stored.map(|stored| CampaignView::counted(connection, stored)).transpose()
        })
        .await?;
    found.ok_or_else(|| unknown(&name))
}

pub(super) fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(60).collect();
    Problem::not_found(format!("there is no campaign \"{shown}\"; GET /v1/campaigns lists all"))
}

pub(super) fn name_of(name: PathName) -> Result<String, Problem> {
    name.map(|Path(name)| name).map_err(|error| Problem::not_found(format!("there is no such campaign: {error}")))
}

/// Why something was not done, as an answer.
pub(super) fn problem(name: &str, wrong: Wrong) -> Problem {
    match wrong {
        Wrong::Unknown => unknown(name),
        Wrong::Phase(phase) => {
            let detail = format!("the campaign is {}", phase.as_str());
            Problem::new(StatusCode::CONFLICT, "wrong_state", detail).with_state(phase.as_str())
        }
        Wrong::Faults(faults) => refused("invalid_campaign", faults),
    }
}

/// Writes a campaign, or changes it while it is a draft. Segments and templates need not be there yet.
#[utoipa::path(
    put, path = "/v1/campaigns/{name}", tag = "campaigns", security(("token" = ["campaigns:write"])),
    params(("name" = String, Path, description = "The campaign's name: small letters, digits, _ and -")),
    request_body(content = CampaignRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is changed", body = CampaignView),
        (status = 201, description = "It is written", body = CampaignView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It was started, so it stays as it is", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something in it is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_campaign(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::CampaignsWrite, now).await?;
    let name = name_of(name)?;
    check_name(&name).map_err(|fault| refused("invalid_campaign", vec![fault.under("/name")]))?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let form = "{\"to\": {\"segment\": NAME}, \"template\": NAME, …}";
    let definition: Definition = parsed(&read.bytes, form)?;
    if !definition.name.is_empty() && definition.name != name {
        let detail = format!("the name is \"{}\" here and another in the path", definition.name);
        return Err(refused("invalid_campaign", vec![Fault::new("/name", "wrong_name", detail)]));
    }
    let (settings, wanted) = (api.0.surroundings.settings(), name.clone());
    let written = api
        .backend()
        .write(move |tx| campaign::define(tx, &settings, &wanted, definition.clone(), now))
        .await?
        .map_err(|wrong| problem(&name, wrong))?;
    let status = if written { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &show(&api, name).await?))
}

/// Removes a draft. What was started stays, for its report.
#[utoipa::path(
    delete, path = "/v1/campaigns/{name}", tag = "campaigns", security(("token" = ["campaigns:write"])),
    params(("name" = String, Path, description = "The campaign's name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It was started", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_campaign(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::CampaignsWrite, api.now()).await?;
    let name = name_of(name)?;
    let wanted = name.clone();
    let removed = api.backend().write(move |tx| campaign::remove(tx, &wanted)).await?;
    removed.map(|()| StatusCode::NO_CONTENT.into_response()).map_err(|wrong| problem(&name, wrong))
}
