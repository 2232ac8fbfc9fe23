//! `POST /v1/campaigns/{name}/…`: starting, pausing, resuming and canceling a campaign.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::campaign::run::report::has_left;
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::pipeline::Turn;
use crate::pipeline::campaign::{self, Withdrawn, Wrong};
use crate::store::StoreError;
use crate::store::campaign::run::{Stored, recipient};

use super::campaign::{CampaignView, name_of, problem, show};
use super::template::PathName;
use super::{Api, json};

/// What a pause or a cancellation came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoppedView {
    /// The campaign.
    #[serde(flatten)]
    campaign: CampaignView,
    /// Messages that were taken out of the queue just now.
    taken_back: usize,
    /// Texts that have left.
    sent: u64,
    /// Texts that are on their way to a link at this moment; they may still leave.
    on_their_way: u64,
    /// Recipients that no text goes to: withdrawn, or waiting until the campaign is resumed.
    not_sent: u64,
    /// Whether more messages are still being taken out of the queue.
    more: bool,
}

/// Starts a draft. From now on its definition, segments and templates stay as they are. A repeated request does nothing.
#[utoipa::path(
    post, path = "/v1/campaigns/{name}/start", tag = "campaigns", security(("token" = ["campaigns:write"])),
    params(("name" = String, Path, description = "The campaign's name")),
    responses(
        (status = 200, description = "It is started, or was before", body = CampaignView),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It is paused or canceled", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A segment, a template or a route that it names is not there", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn start_campaign(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    let stored = act(&api, name, &headers, campaign::start).await?;
    Ok(json(StatusCode::OK, &show(&api, stored.name).await?))
}

/// Lets a paused campaign go on where it was. A repeated request does nothing.
#[utoipa::path(
    post, path = "/v1/campaigns/{name}/resume", tag = "campaigns", security(("token" = ["campaigns:write"])),
    params(("name" = String, Path, description = "The campaign's name")),
    responses(
        (status = 200, description = "It goes on", body = CampaignView),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It is not paused", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn resume_campaign(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    let stored = act(&api, name, &headers, campaign::resume).await?;
    Ok(json(StatusCode::OK, &show(&api, stored.name).await?))
}

/// Lets a campaign rest. What waits in the queue is taken back, and has its turn again when the campaign is resumed.
#[utoipa::path(
    post, path = "/v1/campaigns/{name}/pause", tag = "campaigns", security(("token" = ["campaigns:write"])),
    params(("name" = String, Path, description = "The campaign's name")),
    responses(
        (status = 200, description = "It rests", body = StoppedView),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It does not run", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn pause_campaign(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    let withdrawn = act(&api, name, &headers, campaign::pause).await?;
    stopped(&api, withdrawn).await
}

/// Ends a campaign. What waits in the queue is withdrawn, and nobody has a turn any more.
#[utoipa::path(
    post, path = "/v1/campaigns/{name}/cancel", tag = "campaigns", security(("token" = ["campaigns:write"])),
    params(("name" = String, Path, description = "The campaign's name")),
    responses(
        (status = 200, description = "It is ended", body = StoppedView),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It was not started", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn cancel_campaign(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    let withdrawn = act(&api, name, &headers, campaign::cancel).await?;
    stopped(&api, withdrawn).await
}

type Act<T> = fn(&Turn<'_>, &str) -> Result<Result<T, Wrong>, StoreError>;

async fn act<T: Send + 'static>(api: &Api, name: PathName, headers: &HeaderMap, what: Act<T>) -> Result<T, Problem> {
    let now = api.now();
    api.authorize(headers, Scope::CampaignsWrite, now).await?;
    let name = name_of(name)?;
    let (settings, wanted) = (api.0.surroundings.settings(), name.clone());
    let (done, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            Ok((what(&turn, &wanted)?, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    done.map_err(|wrong| problem(&name, wrong))
}

async fn stopped(api: &Api, withdrawn: Withdrawn) -> Result<Response, Problem> {
    let Withdrawn { stored, messages, more } = withdrawn;
    let view = api.backend().read(move |connection| view(connection, stored, messages, more)).await?;
    Ok(json(StatusCode::OK, &view))
}

fn view(
    connection: &rusqlite::Connection,
    stored: Stored,
    taken_back: usize,
    more: bool,
) -> Result<StoppedView, StoreError> {
    let counts = recipient::counts(connection, stored.id)?;
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    let sent = counts.iter().filter(|(state, _)| has_left(state)).map(|(_, count)| count).sum();
    let (on_their_way, not_sent) = (count("leased"), count("waiting") + count("withdrawn"));
    Ok(StoppedView {
        campaign: CampaignView::counted(connection, stored)?,
        taken_back,
        sent,
        on_their_way,
        not_sent,
        more,
    })
}
