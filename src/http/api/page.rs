//! `/v1/pages`: defining landing pages.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::campaign::page::{Button, Kind, Listed, Page};
use crate::campaign::texts::Texts;
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::store::campaign::page as table;

use super::contact_view::refused;
use super::segment::{check_plain_name, parsed};
use super::template::PathName;
use super::{Api, json};

/// A text by language: `{"en": "Hello", "ko": "안녕하세요"}`.
type Languages = BTreeMap<String, String>;

/// A landing page.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageBody {
    /// Its name; that of the path if absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    /// `offer`, `text`, `survey`, `contest`, `preferences`, `opt_out` or `appointment`.
    #[schema(value_type = String, example = "offer")]
    kind: Kind,
    /// The heading by language; `offer` and `text` need one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    title: Languages,
    /// What stands below it by language: paragraphs with a blank line between them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    body: Languages,
    /// A button that leads on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    button: Option<PageButton>,
    /// `offer`: the pool of the code that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coupon: Option<String>,
    /// `survey`: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    survey: Option<String>,
    /// `contest`: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contest: Option<String>,
    /// `preferences`: the lists that are offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lists: Vec<PageList>,
    /// For how long after its link was made the page is open: `24h`, `3d`, `2w`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

/// A button that leads on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageButton {
    /// What stands on it, by language.
    text: Languages,
    /// The address that it leads to.
    link: String,
}

/// A list in a preference centre.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageList {
    /// The list.
    name: String,
    /// What people read, by language.
    label: Languages,
}

impl From<PageBody> for Page {
    fn from(body: PageBody) -> Self {
        let PageBody { name, kind, title, body, button, coupon, survey, contest, lists, expires } = body;
        let button = button.map(|PageButton { text, link }| Button { text: Texts(text), link });
        let lists = lists.into_iter().map(|PageList { name, label }| Listed { name, label: Texts(label) }).collect();
        Self { name, kind, title: Texts(title), body: Texts(body), button, coupon, survey, contest, lists, expires }
    }
}

impl From<Page> for PageBody {
    fn from(page: Page) -> Self {
        let Page { name, kind, title, body, button, coupon, survey, contest, lists, expires } = page;
        let button = button.map(|Button { text, link }| PageButton { text: text.0, link });
        let lists = lists.into_iter().map(|Listed { name, label }| PageList { name, label: label.0 }).collect();
        Self { name, kind, title: title.0, body: body.0, button, coupon, survey, contest, lists, expires }
    }
}

impl PageBody {
    /// The page under `name`.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub(super) fn checked(self, name: &str) -> Result<Page, Problem> {
        let page = Page::from(self);
        if !page.name.is_empty() && page.name != name {
            let detail = "the name in the body is another one than in the path".to_owned();
            let error = FieldError::new("/name", "wrong_name", detail.clone());
            return Err(Problem::fields("invalid_page", detail, vec![error]));
        }
        let page = Page { name: name.to_owned(), ..page };
        page.check().map_err(|faults| refused("invalid_page", faults))?;
        Ok(page)
    }
}

/// A page as it is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageView {
    #[serde(flatten)]
    page: PageBody,
    /// Whether it is there although nobody defined it. Defining one of this name takes its place.
    ready: bool,
    /// When it was last changed; absent for a ready one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    changed_at: Option<String>,
}

impl From<table::Stored> for PageView {
    fn from(stored: table::Stored) -> Self {
        Self { page: stored.page.into(), ready: false, changed_at: Some(stored.changed_at.to_string()) }
    }
}

fn ready(name: &str) -> Option<PageView> {
    Page::ready(name).map(|page| PageView { page: page.into(), ready: true, changed_at: None })
}

/// All pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pages {
    /// The shop's own by name, then the ready ones that it did not replace.
    pages: Vec<PageView>,
}

/// Lists the pages.
#[utoipa::path(
    get, path = "/v1/pages", tag = "pages", security(("token" = ["pages:read"])),
    responses((status = 200, description = "All pages", body = Pages))
)]
pub async fn list_pages(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::PagesRead, api.now()).await?;
    let mut pages: Vec<PageView> = api.backend().read(table::list).await?.into_iter().map(PageView::from).collect();
    let others: Vec<PageView> = Page::READY
        .into_iter()
        .filter(|name| pages.iter().all(|page| page.page.name != *name))
        .filter_map(ready)
        .collect();
    pages.extend(others);
    Ok(json(StatusCode::OK, &Pages { pages }))
}

/// Shows a page's definition.
#[utoipa::path(
    get, path = "/v1/pages/{name}", tag = "pages", security(("token" = ["pages:read"])),
    params(("name" = String, Path, description = "The page's name")),
    responses(
        (status = 200, description = "The page", body = PageView),
        (status = 404, description = "There is no such page", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_page(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::PagesRead, api.now()).await?;
    let name = name_of(name)?;
    let wanted = name.clone();
    let stored = api.backend().read(move |connection| table::stored(connection, &wanted)).await?;
    let view = stored.map(PageView::from).or_else(|| ready(&name)).ok_or_else(|| unknown(&name))?;
    Ok(json(StatusCode::OK, &view))
}

fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(60).collect();
    Problem::not_found(format!("there is no page \"{shown}\"; GET /v1/pages lists all"))
}

pub(super) fn name_of(name: PathName) -> Result<String, Problem> {
    name.map(|Path(name)| name).map_err(|error| Problem::not_found(format!("there is no such page: {error}")))
}

/// Defines a page, or changes it. Links that lead to it show it as it is when they are opened.
#[utoipa::path(
    put, path = "/v1/pages/{name}", tag = "pages", security(("token" = ["pages:write"])),
    params(("name" = String, Path, description = "The page's name: small letters, digits, _ and -")),
    request_body(content = PageBody, content_type = "application/json"),
    responses(
        (status = 200, description = "It is changed", body = PageView),
        (status = 201, description = "It is defined", body = PageView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something in it is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_page(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::PagesWrite, now).await?;
    let name = name_of(name)?;
    check_plain_name(&name, "page")?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: PageBody = parsed(&read.bytes, "{\"kind\": \"offer\", \"title\": {\"en\": …}, \"body\": {…}}")?;
    let page = asked.checked(&name)?;
    let wanted = name.clone();
    let (new, stored) = api
        .backend()
        .write(move |tx| Ok((table::define(tx, &wanted, &page, now)?, table::stored(tx.connection(), &wanted)?)))
        .await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &stored.map(PageView::from).ok_or_else(|| unknown(&name))?))
}

/// Removes a page. Links that lead to it lead nowhere then; a ready page of this name is back.
#[utoipa::path(
    delete, path = "/v1/pages/{name}", tag = "pages", security(("token" = ["pages:write"])),
    params(("name" = String, Path, description = "The page's name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such page", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_page(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::PagesWrite, api.now()).await?;
    let name = name_of(name)?;
    let wanted = name.clone();
    if api.backend().write(move |tx| table::remove(tx, &wanted)).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(unknown(&name))
}
