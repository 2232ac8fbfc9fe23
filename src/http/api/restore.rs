//! `/v1/restore`: what a database that was put back holds, and its release.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::http::token::Scope;
use crate::pipeline::Wakes;
use crate::store::restore;

use super::{Api, json};

/// How many messages one transaction releases.
const AT_ONCE: usize = 5_000;

/// Whether the database was put back, and what it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct RestoreView {
    /// Whether anything is held.
    held: bool,
    /// Messages that wait for the release.
    messages: usize,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    since: Option<String>,
    /// How it was seen that the database was put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What was released.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleasedView {
    /// Messages that wait for their links again.
    released: usize,
}

/// Tells whether the database is older than the last run, and what is held therefore.
#[utoipa::path(
    get, path = "/v1/restore", tag = "operation", security(("token" = ["admin"])),
    responses(
        (status = 200, description = "What is held", body = RestoreView),
    )
)]
pub async fn get_restore(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::Admin, api.now()).await?;
    let view = match api.backend().read(restore::held).await? {
        None => RestoreView { held: false, messages: 0, since: None, reason: None },
        Some(held) => RestoreView {
            held: true,
            messages: held.messages,
            since: Some(held.since.to_string()),
            reason: Some(held.why),
        },
    };
    Ok(json(StatusCode::OK, &view))
}

/// Lets go what is held. What a lost run has sent already goes out a second time then.
#[utoipa::path(
    post, path = "/v1/restore/release", tag = "operation", security(("token" = ["admin"])),
    responses(
        (status = 200, description = "Nothing is held any more", body = ReleasedView),
    )
)]
pub async fn release_restore(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::Admin, api.now()).await?;
    let was = api.backend().write(restore::release).await?;
    let mut released = 0;
    loop {
        let some = api.backend().write(|tx| restore::release_some(tx, AT_ONCE)).await?;
        api.0.surroundings.wake(Wakes { dispatch: true, steps: true, ..Wakes::default() });
        if some == 0 {
            break;
        }
        released += some;
    }
    if was {
        tracing::info!("What the database held since it was put back is released: {released} messages");
    }
    Ok(json(StatusCode::OK, &ReleasedView { released }))
}
