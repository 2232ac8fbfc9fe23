//! `/v1/templates`: defining texts, and seeing what contacts would read.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::campaign::template::{Compiled, Template};
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::store::campaign::template as table;

use super::contact_view::refused;
use super::segment::{check_plain_name, parsed};
use super::{Api, json};

/// The longest title.
const TITLE_MAX: usize = 60;

pub(super) type PathName = Result<Path<String>, PathRejection>;

/// A template to define or to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateRequest {
    /// What it is called; the name if absent.
    title: Option<String>,
    /// The text for all languages that have none of their own.
    #[schema(example = "Hi {{ first_name | or(\"there\") }}, you have {{ points | number }} points.")]
    text: String,
    /// Texts by locale: `ko`, `pt-BR`.
    #[serde(default)]
    variants: BTreeMap<String, String>,
    /// What stands in for missing fields, by name.
    #[serde(default)]
    fallbacks: BTreeMap<String, String>,
    /// How many segments a text may have, 1 to 10; 3 if absent.
    segments_max: Option<u8>,
}

impl TemplateRequest {
    /// The template, and what it is called.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub(super) fn checked(self) -> Result<(Option<String>, Template), Problem> {
        let Self { title, text, variants, fallbacks, segments_max } = self;
        let segments_max = segments_max.unwrap_or(crate::campaign::template::SEGMENTS_MAX);
        let template = Template { text, variants, fallbacks, segments_max, compiled: Compiled::default() };
        template.check().map_err(|faults| refused("invalid_template", faults))?;
        if title.as_ref().is_some_and(|title| title.chars().count() > TITLE_MAX) {
            let detail = format!("a title has at most {TITLE_MAX} characters");
            let error = FieldError::new("/title", "too_long", detail.clone());
            return Err(Problem::fields("invalid_template", detail, vec![error]));
        }
        Ok((title, template))
    }
}

/// A template.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateView {
    /// Its name.
    name: String,
    /// What it is called.
    title: String,
    /// The text for all languages that have none of their own.
    text: String,
    /// Texts by locale.
    variants: BTreeMap<String, String>,
    /// What stands in for missing fields.
    fallbacks: BTreeMap<String, String>,
    /// How many segments a text may have.
    segments_max: u8,
    /// When it was last changed.
    #[schema(format = DateTime)]
    changed_at: String,
}

impl From<table::Stored> for TemplateView {
    fn from(stored: table::Stored) -> Self {
        let Template { text, variants, fallbacks, segments_max, compiled: _ } = stored.template;
        let changed_at = stored.changed_at.to_string();
        Self { name: stored.name, title: stored.title, text, variants, fallbacks, segments_max, changed_at }
    }
}

/// All templates.
#[derive(Debug, Serialize, ToSchema)]
pub struct Templates {
    /// By name.
    templates: Vec<TemplateView>,
}

/// Lists the templates.
#[utoipa::path(
    get, path = "/v1/templates", tag = "contacts", security(("token" = ["templates:read"])),
    responses((status = 200, description = "All templates", body = Templates))
)]
pub async fn list_templates(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::TemplatesRead, api.now()).await?;
    let stored = api.backend().read(table::list).await?;
    Ok(json(StatusCode::OK, &Templates { templates: stored.into_iter().map(TemplateView::from).collect() }))
}

/// Shows a template.
#[utoipa::path(
    get, path = "/v1/templates/{name}", tag = "contacts", security(("token" = ["templates:read"])),
    params(("name" = String, Path, description = "The template's name")),
    responses(
        (status = 200, description = "The template", body = TemplateView),
        (status = 404, description = "There is no such template", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_template(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::TemplatesRead, api.now()).await?;
    Ok(json(StatusCode::OK, &TemplateView::from(find(&api, name_of(name)?).await?)))
}

/// The template of this name.
pub(super) async fn find(api: &Api, name: String) -> Result<table::Stored, Problem> {
    let wanted = name.clone();
    let stored = api.backend().read(move |connection| table::find(connection, &wanted)).await?;
    stored.ok_or_else(|| unknown(&name))
}

fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(TITLE_MAX).collect();
    Problem::not_found(format!("there is no template \"{shown}\"; GET /v1/templates lists all"))
}

fn name_of(name: PathName) -> Result<String, Problem> {
    name.map(|Path(name)| name).map_err(|error| Problem::not_found(format!("there is no such template: {error}")))
}

/// Defines a template, or changes it.
#[utoipa::path(
    put, path = "/v1/templates/{name}", tag = "contacts", security(("token" = ["templates:write"])),
    params(("name" = String, Path, description = "The template's name: small letters, digits, _ and -")),
    request_body(content = TemplateRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is changed", body = TemplateView),
        (status = 201, description = "It is defined", body = TemplateView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something in it is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_template(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::TemplatesWrite, now).await?;
    let name = name_of(name)?;
    check_plain_name(&name, "template")?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: TemplateRequest = parsed(&read.bytes, "{\"text\": …, \"variants\": {…}, \"fallbacks\": {…}}")?;
    let (title, template) = asked.checked()?;
    let (wanted, title) = (name.clone(), title.unwrap_or_else(|| name.clone()));
    let (new, stored) = api
        .backend()
        .write(move |tx| {
            let new = table::define(tx, &wanted, &title, &template, now)?;
            Ok((new, table::find(tx.connection(), &wanted)?))
        })
        .await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &stored.map(TemplateView::from).ok_or_else(|| unknown(&name))?))
}

/// Removes a template.
#[utoipa::path(
    delete, path = "/v1/templates/{name}", tag = "contacts", security(("token" = ["templates:write"])),
    params(("name" = String, Path, description = "The template's name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such template", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_template(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::TemplatesWrite, api.now()).await?;
    let name = name_of(name)?;
    let wanted = name.clone();
    if api.backend().write(move |tx| table::remove(tx, &wanted)).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(unknown(&name))
}
