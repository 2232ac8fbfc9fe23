//! `/v1/workflows/{name}/enrolments`: who is or was in a workflow, where, and why; taking in and taking out.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::campaign::workflow::On;
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::pipeline::workflow::{self as stage, Enrolled};
use crate::store::StoreError;
use crate::store::campaign::enrolment::{self, Enrolment, Filter};
use crate::store::campaign::{contact, workflow as table};

use super::segment::parsed;
use super::template::PathName;
use super::workflow::{enrolment_json, name_of, turn, unknown};
use super::{Api, json, query};

/// Most properties of an event that begins an enrolment.
const EVENT_MAX: usize = 50;

/// A contact to take in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// The contact's number.
    contact: String,
    /// What templates know as `event`.
    #[serde(default)]
    #[schema(value_type = Object)]
    event: Map<String, Value>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolAnswer {
    /// The enrolment.
    id: i64,
    /// `enrolled`.
    outcome: &'static str,
}

/// Takes a contact into an active workflow that has the trigger `api`.
#[utoipa::path(
    post, path = "/v1/workflows/{name}/enrolments", tag = "workflows", security(("token" = ["workflows:write"])),
    params(("name" = String, Path, description = "The workflow's name")),
    request_body(content = EnrolRequest, content_type = "application/json"),
    responses(
        (status = 201, description = "The contact is enrolled", body = EnrolAnswer),
        (status = 404, description = "There is no such workflow or contact", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The contact is not taken in; `type` says why", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_enrolment(
    State(api): State<Api>,
    name: PathName,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::WorkflowsWrite, api.now()).await?;
    let wanted = name_of(name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: EnrolRequest = parsed(&read.bytes, "{\"contact\": \"+82…\", \"event\": {…}}")?;
    let number = api.recipient(&asked.contact).map_err(|why| field("/contact", "invalid_number", why))?;
    let is_flat = asked.event.values().all(|value| !value.is_object() && !value.is_array());
    if asked.event.len() > EVENT_MAX || !is_flat {
        return Err(field(
            "/event",
            "invalid_event",
            format!("an event has at most {EVENT_MAX} texts, numbers, true or false"),
        ));
    }
    let name = wanted.clone();
    let (by_api, outcome) = turn(&api, &head.headers, move |turn| {
        let connection = turn.tx.connection();
        let Some(stored) = table::find(connection, &wanted)? else { return Ok((true, Enrolled::Unknown)) };
        if !stored.workflow.triggers.iter().any(|trigger| trigger.on == On::Api) {
            return Ok((false, Enrolled::Inactive));
        }
        let Some(id) = contact::id_of(connection, &number)? else { return Ok((true, Enrolled::NoContact)) };
        let event = Some(&asked.event).filter(|event| !event.is_empty());
        Ok((true, stage::enrol(turn, &wanted, id, event)?))
    })
    .await?;
    if !by_api {
        let detail = "the workflow has no trigger { api = true }, so nobody is taken in by hand";
        return Err(Problem::new(StatusCode::CONFLICT, "not_by_api", detail));
    }
    match outcome {
        Enrolled::Begun(id) => Ok(json(StatusCode::CREATED, &EnrolAnswer { id, outcome: outcome.as_str() })),
        Enrolled::Unknown => Err(unknown(&name)),
        Enrolled::NoContact => Err(Problem::not_found(outcome.sentence())),
        Enrolled::Inactive
        | Enrolled::AlreadyIn
        | Enrolled::NotAgain
        | Enrolled::NotInAudience
        | Enrolled::TooOften => Err(Problem::new(StatusCode::CONFLICT, outcome.as_str(), outcome.sentence())),
    }
}

fn field(place: &str, code: &'static str, detail: String) -> Problem {
    Problem::fields("invalid_enrolment", detail.clone(), vec![FieldError::new(place, code, detail)])
}

/// Which enrolments are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct EnrolmentQuery {
    /// `running` or `ended`; all if absent.
    state: Option<String>,
    /// Only those of this contact.
    contact: Option<String>,
    /// Only those that stand or ended at this step.
    step: Option<String>,
    /// The `next` of the page before.
    before: Option<String>,
    /// How many, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A page of enrolments.
#[derive(Debug, Serialize, ToSchema)]
pub struct Enrolments {
    /// The newest first, each with what it did at each step.
    #[schema(value_type = Vec<Object>)]
    enrolments: Vec<Value>,
    /// The `before` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// Lists who is or was in a workflow, where each stands and why.
#[utoipa::path(
    get, path = "/v1/workflows/{name}/enrolments", tag = "workflows", security(("token" = ["workflows:read"])),
    params(("name" = String, Path, description = "The workflow's name"), EnrolmentQuery),
    responses(
        (status = 200, description = "A page", body = Enrolments),
        (status = 400, description = "The query is wrong", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such workflow", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_enrolments(
    State(api): State<Api>,
    name: PathName,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::WorkflowsRead, api.now()).await?;
    let name = name_of(name)?;
    let asked: EnrolmentQuery = query::read(&uri)?;
    let running = match asked.state.as_deref() {
        None => None,
        Some("running") => Some(true),
        Some("ended") => Some(false),
        Some(_) => return Err(Problem::bad_request("invalid_query", "query parameter state: running or ended")),
    };
    let number = asked.contact.as_deref().map(|text| api.number_in_query(text)).transpose()?;
    let limit = query::limit(asked.limit.as_deref())?;
    let before = query::parse("before", asked.before.as_deref())?;
    let wanted = name.clone();
    let page = move |connection: &Connection| {
        if table::standing(connection, &wanted)?.is_none() {
            return Ok(None);
        }
        let contact = number.map(|number| contact::id_of(connection, &number)).transpose()?;
        // Of a number that is no contact nobody is in a workflow.
        let contact = contact.map(|id| id.unwrap_or(0));
        let filter = Filter { workflow: Some(wanted), contact, running, step: asked.step, before };
        let (found, next) = enrolment::list(connection, &filter, limit)?;
        let shown = found.iter().map(|one| shown(connection, one)).collect::<Result<_, _>>()?;
        Ok(Some(Enrolments { enrolments: shown, next }))
    };
    Ok(json(StatusCode::OK, &api.backend().read(page).await?.ok_or_else(|| unknown(&name))?))
}

fn shown(connection: &Connection, one: &Enrolment) -> Result<Value, StoreError> {
    let contact = contact::by_id(connection, one.contact)?;
    enrolment_json(connection, one, contact.as_ref().map_or("", |stored| stored.contact.number.as_str()))
}

type PathEnrolment = Result<Path<(String, i64)>, PathRejection>;

fn place_of(path: PathEnrolment) -> Result<(String, i64), Problem> {
    path.map(|Path(place)| place).map_err(|error| Problem::not_found(format!("there is no such enrolment: {error}")))
}

fn no_enrolment() -> Problem {
    Problem::not_found("there is no such enrolment in this workflow")
}

/// Shows an enrolment, and what it did at each step.
#[utoipa::path(
    get, path = "/v1/workflows/{name}/enrolments/{id}", tag = "workflows", security(("token" = ["workflows:read"])),
    params(("name" = String, Path, description = "The workflow's name"), ("id" = i64, Path, description = "The enrolment")),
    responses(
        (status = 200, description = "The enrolment", body = Object),
        (status = 404, description = "There is no such enrolment", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_enrolment(
    State(api): State<Api>,
    path: PathEnrolment,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::WorkflowsRead, api.now()).await?;
    let (name, id) = place_of(path)?;
    let found = move |connection: &Connection| {
        let one = enrolment::find(connection, id)?.filter(|one| one.workflow == name);
        one.map(|one| shown(connection, &one)).transpose()
    };
    Ok(json(StatusCode::OK, &api.backend().read(found).await?.ok_or_else(no_enrolment)?))
}

/// Takes a contact out of a workflow.
#[utoipa::path(
    delete, path = "/v1/workflows/{name}/enrolments/{id}", tag = "workflows", security(("token" = ["workflows:write"])),
    params(("name" = String, Path, description = "The workflow's name"), ("id" = i64, Path, description = "The enrolment")),
    responses(
        (status = 204, description = "It has ended with the outcome `canceled`"),
        (status = 404, description = "There is no such enrolment that runs", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn cancel_enrolment(
    State(api): State<Api>,
    path: PathEnrolment,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::WorkflowsWrite, api.now()).await?;
    let (name, id) = place_of(path)?;
    let canceled = turn(&api, &headers, move |turn| {
        match enrolment::find(turn.tx.connection(), id)?.filter(|one| one.workflow == name) {
            Some(_) => stage::cancel(turn, id, "canceled"),
            None => Ok(false),
        }
    });
    if canceled.await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(no_enrolment())
}
