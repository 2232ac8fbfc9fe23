//! `/healthz`, `/readyz`, `/metrics` and the OpenAPI document.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;

use super::{Api, json_bytes};

/// The OpenAPI document, written once at the start.
#[derive(Clone)]
pub struct DocumentText(pub Arc<str>);

/// Says that the process runs.
#[utoipa::path(
    get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "The process runs", body = String, content_type = "text/plain")),
)]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Says whether messages are accepted.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses(
        (status = 200, description = "Messages are accepted", body = String, content_type = "text/plain"),
        (status = 503, description = "They are not, and why", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub async fn readyz(State(api): State<Api>) -> Result<&'static str, Problem> {
    match api.0.surroundings.not_ready() {
        None => Ok("ready\n"),
        Some(reason) => Err(Problem::unavailable("not_ready", reason, Duration::from_secs(5))),
    }
}

/// The metrics, for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", security(("token" = ["metrics:read"])),
    responses(
        (status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"),
    ),
)]
pub async fn metrics(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::MetricsRead, api.now()).await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], api.0.surroundings.metrics()).into_response())
}

/// This document.
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "operation",
    responses((status = 200, description = "The OpenAPI document", body = Object)),
)]
pub async fn openapi(Extension(DocumentText(text)): Extension<DocumentText>) -> Response {
    json_bytes(StatusCode::OK, text.as_bytes().to_vec())
}
