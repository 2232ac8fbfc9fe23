//! `/v1/segments`: defining, counting and sampling segments, and the data points that they can use.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::campaign::point::Point;
use crate::campaign::segment::{self, Tree, ready};
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::request::not_json;
use crate::http::token::Scope;
use crate::model::Random;
use crate::store::campaign::contact::{self, Stored};
use crate::store::campaign::live::{self, Live};
use crate::store::campaign::segment as table;

use super::contact_view::{self, refused};
use super::segment_live::LiveView;
use super::{Api, json};

/// The longest name of a segment, and of its title.
const NAME_MAX: usize = 60;
/// Most contacts in a sample.
const SAMPLE_MAX: usize = 100;

pub(super) type PathName = Result<Path<String>, PathRejection>;

/// A segment to define or to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentRequest {
    /// What it is called; the name if absent.
    title: Option<String>,
    /// Its conditions; `docs/CONTACTS.md` describes them.
    #[schema(value_type = Object)]
    tree: Value,
    /// Whether it knows its members and tells who comes and goes; stays as it is if absent.
    live: Option<bool>,
    /// Whether those who are in it when it becomes live come in with an event each.
    #[serde(default)]
    backfill: bool,
}

/// A segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentView {
    /// Its name.
    name: String,
    /// What it is called.
    title: String,
    /// What it is for; only those that come with the program say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// Whether it comes with the program.
    ready: bool,
    /// Its conditions.
    #[schema(value_type = Object)]
    pub(super) tree: Value,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    changed_at: Option<String>,
    /// Its members, if it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<LiveView>,
}

impl From<table::Stored> for SegmentView {
    fn from(stored: table::Stored) -> Self {
        Self {
            name: stored.name,
            title: stored.title,
            about: None,
            ready: false,
            tree: serde_json::from_str(&stored.tree).unwrap_or_default(),
            changed_at: Some(stored.changed_at.to_string()),
            live: None,
        }
    }
}

impl From<ready::Ready> for SegmentView {
    fn from(ready: ready::Ready) -> Self {
        let ready::Ready { name, title, about, tree } = ready;
        Self { name, title, about: Some(about), ready: true, tree, changed_at: None, live: None }
    }
}

impl SegmentView {
    fn with(self, live: Option<Live>) -> Self {
        Self { live: live.map(LiveView::from), ..self }
    }
}

/// All segments.
#[derive(Debug, Serialize, ToSchema)]
pub struct Segments {
    /// Those that the shop defined, then those that come with the program.
    segments: Vec<SegmentView>,
}

/// Lists the segments that the shop defined and those that come with the program.
#[utoipa::path(
    get, path = "/v1/segments", tag = "contacts", security(("token" = ["segments:read"])),
    responses((status = 200, description = "All segments", body = Segments))
)]
pub async fn list_segments(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::SegmentsRead, api.now()).await?;
    let (own, live) = api.backend().read(|connection| Ok((table::list(connection)?, live::list(connection)?))).await?;
    let all = own.into_iter().map(SegmentView::from).chain(ready::all().map(SegmentView::from));
    let with_live = |view: SegmentView| {
        let its = live.iter().find(|live| live.name == view.name).cloned();
        view.with(its)
    };
    let segments = all.map(with_live).collect();
    Ok(json(StatusCode::OK, &Segments { segments }))
}

/// Shows a segment.
#[utoipa::path(
    get, path = "/v1/segments/{name}", tag = "contacts", security(("token" = ["segments:read"])),
    params(("name" = String, Path, description = "The segment's name")),
    responses(
        (status = 200, description = "The segment", body = SegmentView),
        (status = 404, description = "There is no such segment", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_segment(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::SegmentsRead, api.now()).await?;
    Ok(json(StatusCode::OK, &find(&api, name_of(name)?).await?))
}

pub(super) async fn find(api: &Api, name: String) -> Result<SegmentView, Problem> {
    let wanted = name.clone();
    let (stored, live) = api
        .backend()
        .read(move |connection| Ok((table::find(connection, &wanted)?, live::find(connection, &wanted)?)))
        .await?;
    let view = ready::named(&name).map(SegmentView::from).or_else(|| stored.map(SegmentView::from));
    view.map(|view| view.with(live)).ok_or_else(|| unknown(&name))
}

pub(super) fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(NAME_MAX).collect();
    Problem::not_found(format!("there is no segment \"{shown}\"; GET /v1/segments lists all"))
}

pub(super) fn name_of(name: PathName) -> Result<String, Problem> {
    name.map(|Path(name)| name).map_err(|error| Problem::not_found(format!("there is no such segment: {error}")))
}

/// Defines a segment, or changes it.
#[utoipa::path(
    put, path = "/v1/segments/{name}", tag = "contacts", security(("token" = ["segments:write"])),
    params(("name" = String, Path, description = "The segment's name: small letters, digits, _ and -")),
    request_body(content = SegmentRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is changed", body = SegmentView),
        (status = 201, description = "It is defined", body = SegmentView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "A segment of this name comes with the program", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Conditions are wrong, each named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_segment(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::SegmentsWrite, now).await?;
    let name = name_of(name)?;
    check_name(&name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: SegmentRequest = parsed(&read.bytes, "{\"title\": …, \"tree\": {…}}")?;
    checked(&asked.tree)?;
    let title = asked.title.unwrap_or_else(|| name.clone());
    if title.chars().count() > NAME_MAX {
        let detail = format!("a title has at most {NAME_MAX} characters");
        return Err(Problem::fields(
            "invalid_segment",
            detail.clone(),
            vec![FieldError::new("/title", "too_long", detail)],
        ));
    }
    let (wanted, tree, live, backfill) = (name.clone(), asked.tree.to_string(), asked.live, asked.backfill);
    let new = api
        .backend()
        .write(move |tx| {
            let new = table::define(tx, &wanted, &title, &tree, now)?;
            match live {
                Some(true) => live::begin(tx, &wanted, backfill, now).map(drop)?,
                Some(false) => live::end(tx, &wanted).map(drop)?,
                None => {}
            }
            Ok(new)
        })
        .await?;
    api.wake_steps();
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &find(&api, name).await?))
}

fn check_name(name: &str) -> Result<(), Problem> {
    if ready::named(name).is_some() {
        let detail = format!("\"{name}\" comes with the program; define one of your own under another name");
        return Err(Problem::new(StatusCode::CONFLICT, "ready_segment", detail));
    }
    check_plain_name(name, "segment")
}

/// Whether a name can be one of a segment, a template or a pool.
pub(super) fn check_plain_name(name: &str, what: &str) -> Result<(), Problem> {
    let good = (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
    let taken = ["count", "preview", "redeem"].contains(&name);
    if good && !taken {
        return Ok(());
    }
    let detail =
        format!("a {what}'s name has 1 to {NAME_MAX} small letters, digits, _ and -, and is no word of the API");
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_name", detail))
}

pub(super) fn checked(tree: &Value) -> Result<Tree, Problem> {
    segment::read(tree)
        .map_err(|faults| refused("invalid_segment", faults.into_iter().map(|fault| fault.under("/tree")).collect()))
}

/// The body as `T`; `form` shows how it is meant.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(body: &[u8], form: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.is_data() {
        false => not_json(&error),
        true => {
            let detail = format!("the body is {form}: {error}");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail)
        }
    })
}

/// Removes a segment that the shop defined.
#[utoipa::path(
    delete, path = "/v1/segments/{name}", tag = "contacts", security(("token" = ["segments:write"])),
    params(("name" = String, Path, description = "The segment's name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such segment", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_segment(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::SegmentsWrite, api.now()).await?;
    let name = name_of(name)?;
    let wanted = name.clone();
    if api.backend().write(move |tx| table::remove(tx, &wanted)).await? {
        api.wake_steps();
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(unknown(&name))
}

/// What to count: a segment by its name, or conditions that have none yet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountRequest {
    /// A segment's name.
    segment: Option<String>,
    /// Conditions.
    #[schema(value_type = Option<Object>)]
    tree: Option<Value>,
    /// How many contacts of it are shown, 0 to 100; none if absent.
    #[serde(default)]
    sample: usize,
}

/// How many contacts a segment has.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountView {
    /// How many.
    count: i64,
    /// Some of them, each as likely as any other.
    #[schema(value_type = Vec<Object>)]
    sample: Vec<Map<String, Value>>,
}

/// Counts a segment's contacts now, and shows some of them.
#[utoipa::path(
    post, path = "/v1/segments/count", tag = "contacts", security(("token" = ["segments:read"])),
    request_body(content = CountRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The count and the sample", body = CountView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such segment", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Conditions are wrong, each named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn count_segment(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::SegmentsRead, now).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: CountRequest = parsed(&read.bytes, "{\"segment\": NAME} or {\"tree\": {…}}, with \"sample\"")?;
    let tree = match (asked.segment, asked.tree) {
        (Some(name), None) => checked(&find(&api, name).await?.tree)?,
        (None, Some(tree)) => checked(&tree)?,
        _ => {
            let detail = "the body has either \"segment\" or \"tree\"";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_segment", detail));
        }
    };
    let size = asked.sample.min(SAMPLE_MAX);
    // One request gives one sample again and again within a millisecond, and another one later.
    let mut random = Random::new(now.as_millis().cast_unsigned());
    let (count, sample) = api
        .backend()
        .read(move |connection| {
            let compiled = segment::compile(&tree, &table::calendars(connection, now)?);
            if size == 0 {
                return Ok((table::count(connection, &compiled)?, Vec::new()));
            }
            let (count, ids) = table::sample(connection, &compiled, size, &mut random)?;
            let stored = ids.into_iter().map(|id| contact::by_id(connection, id)).filter_map(Result::transpose);
            Ok((count, stored.collect::<Result<Vec<Stored>, _>>()?))
        })
        .await?;
    let sample = sample.iter().map(contact_view::contact).collect();
    Ok(json(StatusCode::OK, &CountView { count, sample }))
}

/// A data point that segments and templates can use.
#[derive(Debug, Serialize, ToSchema)]
pub struct PointView {
    /// Its name.
    #[schema(value_type = String)]
    name: &'static str,
    /// `count`, `number`, `money`, `time`, `day` or `text`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: &'static str,
    /// What it means.
    #[schema(value_type = String)]
    meaning: &'static str,
    /// The events or fields that it comes from.
    #[schema(value_type = String)]
    source: &'static str,
}

/// All data points.
#[derive(Debug, Serialize, ToSchema)]
pub struct PointList {
    /// In the order of the documentation.
    points: Vec<PointView>,
}

/// Lists the data points that segments and templates can use.
#[utoipa::path(
    get, path = "/v1/points", tag = "contacts", security(("token" = ["segments:read"])),
    responses((status = 200, description = "All data points", body = PointList))
)]
pub async fn list_points(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::SegmentsRead, api.now()).await?;
    let view = |&point: &Point| PointView {
        name: point.name(),
        kind: point.kind().as_str(),
        meaning: point.meaning(),
        source: point.source(),
    };
    Ok(json(StatusCode::OK, &PointList { points: Point::ALL.iter().map(view).collect() }))
}
