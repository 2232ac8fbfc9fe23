//! `GET /v1/links`: the links and their health.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::http::surroundings::LinkStatus;
use crate::http::token::Scope;

use super::{Api, json};

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
