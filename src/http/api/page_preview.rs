//! `POST /v1/pages/{name}/preview`: a page as a contact would see it. Nothing is given out, nothing is counted.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, Request};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::campaign::contact::read_number;
use crate::campaign::page::render;
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::pipeline::page::preview;
use crate::store::StoreError;
use crate::store::campaign::{contact, page as table};

use super::Api;
use super::page::{PageBody, name_of};
use super::segment::parsed;
use super::template::PathName;

/// Says what was left out of the page because the contact lacks it.
const LEFT_OUT: &str = "postrider-left-out";
/// The longest header.
const LEFT_OUT_MAX: usize = 500;

/// For whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PagePreviewRequest {
    /// The contact's number; without one the page is shown as to a stranger.
    contact: Option<String>,
    /// A page that is not stored yet, instead of the stored one.
    definition: Option<PageBody>,
}

/// Shows a page as HTML. The header `Postrider-Left-Out` says which parts were left out, and why.
#[utoipa::path(
    post, path = "/v1/pages/{name}/preview", tag = "pages", security(("token" = ["pages:read"])),
    params(("name" = String, Path, description = "The page's name")),
    request_body(content = PagePreviewRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such page or contact", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn preview_page(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::PagesRead, now).await?;
    let name = name_of(name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: PagePreviewRequest = parsed(&read.bytes, "{\"contact\": NUMBER}")?;
    let number = asked.contact.map(|text| read_number(&text, api.0.defaults.country)).transpose().map_err(|fault| {
        let error = FieldError::new("/contact", fault.code, fault.detail.clone());
        Problem::fields("invalid_preview", fault.detail, vec![error])
    })?;
    let page = asked.definition.map(|definition| definition.checked(&name)).transpose()?;
    let settings = api.0.surroundings.settings();
    let wanted = name.clone();
    let seen = api
        .backend()
        .read(move |connection| {
            let page = match page {
                Some(page) => Some(page),
                None => table::find(connection, &wanted)?,
            };
            let reader = number.as_ref().map(|number| contact::find(connection, number)).transpose()?;
            let (Some(page), true) = (page, reader.as_ref().is_none_or(Option::is_some)) else { return Ok(None) };
            Ok::<_, StoreError>(Some(preview(connection, &settings, page, reader.flatten(), now)?))
        })
        .await?;
    let Some(seen) = seen else {
        return Err(Problem::not_found("there is no such page, or no such contact"));
    };
    let Some((view, left_out)) = seen else {
        let detail = "this page is only for a contact; name one".to_owned();
        let error = FieldError::new("/contact", "missing", detail.clone());
        return Err(Problem::fields("invalid_preview", detail, vec![error]));
    };
    let mut response = Response::new(Body::from(render(&view)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // Whoever shows this in a tool of his own runs nothing of it.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'"),
    );
    let plain: String = left_out.join("; ").chars().filter(|c| (' '..='~').contains(c)).take(LEFT_OUT_MAX).collect();
    if let (false, Ok(value)) = (plain.is_empty(), HeaderValue::from_str(&plain)) {
        headers.insert(LEFT_OUT, value);
    }
    Ok(response)
}
