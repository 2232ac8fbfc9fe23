//! `/v1/short-links`: links made by hand, and how often each was followed.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::Response;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::campaign::contact::read_number;
use crate::campaign::fault::Fault;
use crate::campaign::link::{Target, read_code};
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::PhoneNumber;
use crate::pipeline::Settings;
use crate::store::StoreError;
use crate::store::campaign::link::{self, Filter, Link, NewLink};
use crate::store::campaign::{click, contact};

use super::contact_view::refused;
use super::segment::parsed;
use super::{Api, json, query};

/// The newest clicks that a link is shown with.
const CLICKS_SHOWN: usize = 200;
/// The most links of a contact that an export shows.
const EXPORT_MAX: usize = 10_000;

/// A link to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortLinkRequest {
    /// Where it leads: an address, or `page:NAME`.
    #[schema(example = "https://shop.example/tea")]
    target: String,
    /// The number of the contact whose link it is; without one it is a link that everybody gets.
    contact: Option<String>,
}

/// A short link.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortLinkView {
    /// Its code.
    code: String,
    /// The whole short address; absent if `pages.url` is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Where it leads.
    target: String,
    /// The contact whose link it is; absent for one that everybody gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
    /// What it was sent for: `campaign`, `workflow`, `service`, `survey` or `staff`; absent if it was made by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    kind: Option<&'static str>,
    /// The name of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Its variant or step.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Visits of people; requests within half an hour are one visit.
    clicks: i64,
    /// How many different people that were.
    unique: i64,
    /// Requests of previews, search engines, scanners and programs.
    machines: i64,
    /// The first visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    first_click_at: Option<String>,
    /// The last visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    last_click_at: Option<String>,
    /// The newest visits and machines; only where one link is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Vec<ClickView>>,
}

/// One visit, or a machine.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClickView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// The machine's name; absent for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
}

/// Short links.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortLinks {
    /// The newest first.
    links: Vec<ShortLinkView>,
    /// The `before` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// Reads what belongs to a link besides its row.
struct Shown<'a> {
    connection: &'a Connection,
    short_url: Option<&'a str>,
}

impl Shown<'_> {
    fn view(&self, link: Link, number: Option<String>, with_log: bool) -> Result<ShortLinkView, StoreError> {
        let unique = click::unique(self.connection, &link)?;
        let log = with_log.then(|| click::of(self.connection, link.id, CLICKS_SHOWN)).transpose()?;
        let log = log.map(|all| {
            all.into_iter().map(|click| ClickView { at: click.at.to_string(), machine: click.machine }).collect()
        });
        let (kind, source, part) = match link.origin {
            Some(origin) => (Some(origin.kind.as_str()), Some(origin.source), Some(origin.part)),
            None => (None, None, None),
        };
        Ok(ShortLinkView {
            url: self.short_url.map(|base| format!("{base}{}", link.code)),
            code: link.code,
            target: link.target.to_string(),
            contact: number,
            kind,
            source,
            part: part.filter(|part| !part.is_empty()),
            created_at: link.created_at.to_string(),
            clicks: link.clicks,
            unique,
            machines: link.machines,
            first_click_at: link.first_click_at.map(|at| at.to_string()),
            last_click_at: link.last_click_at.map(|at| at.to_string()),
            log,
        })
    }

    fn with_number(&self, link: Link, with_log: bool) -> Result<ShortLinkView, StoreError> {
        let stored = if link.contact == 0 { None } else { contact::by_id(self.connection, link.contact)? };
        self.view(link, stored.map(|stored| stored.contact.number.to_string()), with_log)
    }
}

fn shown<'a>(connection: &'a Connection, settings: &'a Settings) -> Shown<'a> {
    Shown { connection, short_url: settings.short_url.as_deref() }
}

/// The links of a contact with their clicks, for an export.
pub(super) fn of_contact(
    connection: &Connection,
    contact: i64,
    number: &PhoneNumber,
) -> Result<Vec<ShortLinkView>, StoreError> {
    let filter = Filter { contact: Some(contact), ..Filter::default() };
    let (links, _) = link::list(connection, &filter, EXPORT_MAX)?;
    let shown = Shown { connection, short_url: None };
    links.into_iter().map(|link| shown.view(link, Some(number.to_string()), true)).collect()
}

/// Makes a link by hand. The same target for the same contact is the same link.
#[utoipa::path(
    post, path = "/v1/short-links", tag = "pages", security(("token" = ["pages:write"])),
    request_body(content = ShortLinkRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The link", body = ShortLinkView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No link may lead there, or it is no number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_short_link(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::PagesWrite, now).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: ShortLinkRequest = parsed(&read.bytes, "{\"target\": \"https://…\", \"contact\": NUMBER}")?;
    let wrong = |fault: Fault, place: &str| refused("invalid_link", vec![fault.under(place)]);
    let target = Target::read(&asked.target).map_err(|fault| wrong(fault, "/target"))?;
    let number = asked.contact.map(|text| read_number(&text, api.0.defaults.country)).transpose();
    let number = number.map_err(|fault| wrong(fault, "/contact"))?;
    let settings = api.0.surroundings.settings();
    let view = api
        .backend()
        .write(move |tx| {
            let contact = number.as_ref().map_or(Ok(0), |number| contact::ensure(tx, number, now))?;
            let code = link::issue(tx, NewLink { target: &target, contact, origin: None }, now)?;
            let Some(link) = link::find(tx.connection(), &code)? else { return Ok(None) };
            shown(tx.connection(), &settings).with_number(link, false).map(Some)
        })
        .await?;
    Ok(json(StatusCode::OK, &view.ok_or_else(|| unknown("made just now"))?))
}

fn unknown(code: &str) -> Problem {
    let shown: String = code.chars().take(20).collect();
    Problem::not_found(format!("there is no short link \"{shown}\""))
}

/// Which links are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShortLinkQuery {
    /// Only those of the contact with this number.
    contact: Option<String>,
    /// Only those sent for something of this kind: `campaign`, `workflow`, `service`, `survey`, `staff`.
    kind: Option<String>,
    /// Only those sent for the one of this name.
    source: Option<String>,
    /// The `next` of the page before.
    before: Option<String>,
    /// How many, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// Lists short links with their counts.
#[utoipa::path(
    get, path = "/v1/short-links", tag = "pages", security(("token" = ["pages:read"])),
    params(ShortLinkQuery),
    responses(
        (status = 200, description = "Links, the newest first", body = ShortLinks),
        (status = 400, description = "The query is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_short_links(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::PagesRead, api.now()).await?;
    let asked: ShortLinkQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let before = query::parse::<i64>("before", asked.before.as_deref())?;
    let number = asked.contact.as_deref().map(|text| api.number_in_query(text)).transpose()?;
    let settings = api.0.surroundings.settings();
    let (kind, source) = (asked.kind, asked.source);
    let page = api
        .backend()
        .read(move |connection| {
            let contact = match &number {
                None => None,
                Some(number) => match contact::id_of(connection, number)? {
                    None => return Ok(ShortLinks { links: Vec::new(), next: None }),
                    found => found,
                },
            };
            let (links, next) = link::list(connection, &Filter { contact, kind, source, before }, limit)?;
            let shown = shown(connection, &settings);
            let links = links.into_iter().map(|link| shown.with_number(link, false)).collect::<Result<_, _>>()?;
            Ok(ShortLinks { links, next })
        })
        .await?;
    Ok(json(StatusCode::OK, &page))
}

/// Shows a short link with its newest clicks.
#[utoipa::path(
    get, path = "/v1/short-links/{code}", tag = "pages", security(("token" = ["pages:read"])),
    params(("code" = String, Path, description = "The link's code")),
    responses(
        (status = 200, description = "The link, with its newest 200 visits and machines in `log`", body = ShortLinkView),
        (status = 404, description = "There is no such link", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_short_link(
    State(api): State<Api>,
    code: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::PagesRead, api.now()).await?;
    let Path(text) = code.map_err(|error| Problem::not_found(format!("there is no such short link: {error}")))?;
    let wanted = read_code(&text).ok_or_else(|| unknown(&text))?;
    let settings = api.0.surroundings.settings();
    let view = api
        .backend()
        .read(move |connection| {
            let Some(link) = link::find(connection, &wanted)? else { return Ok(None) };
            shown(connection, &settings).with_number(link, true).map(Some)
        })
        .await?;
    Ok(json(StatusCode::OK, &view.ok_or_else(|| unknown(&text))?))
}
