//! `/v1/workflows`: defining workflows, and letting them begin.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use rusqlite::Connection;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::campaign::workflow::{self as rules, Workflow};
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::pipeline::{Turn, workflow as stage};
use crate::store::StoreError;
use crate::store::campaign::enrolment::{self, Enrolment};
use crate::store::campaign::workflow as table;

use super::contact_view::refused;
use super::segment::parsed;
use super::template::PathName;
use super::{Api, json};

/// A workflow.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkflowView {
    /// Its name.
    name: String,
    /// What it is called.
    title: String,
    /// The newest version.
    version: i64,
    /// Whether triggers begin it.
    active: bool,
    /// The definition; `docs/WORKFLOWS.md` describes it.
    #[schema(value_type = Object)]
    definition: Value,
    /// What it names and that is not there. It cannot be activated before.
    missing: Vec<String>,
    /// How many are in it and how many ended, by step and outcome.
    counts: Vec<CountView>,
    /// When it was last changed.
    #[schema(format = DateTime)]
    changed_at: String,
}

/// How many enrolments stand or ended at a step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowCount)]
pub struct CountView {
    /// The step.
    step: String,
    /// How they ended; absent for those that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// How many.
    enrolments: i64,
}

/// All workflows.
#[derive(Debug, Serialize, ToSchema)]
pub struct Workflows {
    /// By name.
    workflows: Vec<WorkflowView>,
}

fn view(connection: &Connection, stored: table::Stored) -> Result<WorkflowView, StoreError> {
    let missing = stage::missing(connection, stored.workflow.names())?;
    let counts = enrolment::counts(connection, &stored.workflow.name)?;
    Ok(WorkflowView {
        missing: missing.into_iter().map(|gone| format!("{} \"{}\"", gone.kind, gone.name)).collect(),
        counts: counts
            .into_iter()
            .map(|count| CountView { step: count.step, outcome: count.outcome, enrolments: count.enrolments })
            .collect(),
        version: stored.standing.version,
        active: stored.standing.active,
        changed_at: stored.standing.changed_at.to_string(),
        name: stored.workflow.name,
        title: stored.workflow.title,
        definition: stored.workflow.source,
    })
}

/// An enrolment as exports show it, with what it did.
pub(super) fn enrolment_json(connection: &Connection, one: &Enrolment, number: &str) -> Result<Value, StoreError> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("id", json!(one.id));
    put("workflow", json!(one.workflow));
    put("version", json!(one.version));
    put("contact", json!(number));
    put("step", json!(one.step));
    put("cause", json!(one.cause));
    put("started_at", json!(one.started_at.to_string()));
    if let Some(due_at) = one.due_at {
        put("due_at", json!(due_at.to_string()));
    }
    if let Some(outcome) = &one.outcome {
        put("outcome", json!(outcome));
    }
    if let Some(ended_at) = one.ended_at {
        put("ended_at", json!(ended_at.to_string()));
    }
    if let Some(event) = &one.event {
        put("event", Value::Object(event.clone()));
    }
    let visits = enrolment::visits(connection, one.id)?.into_iter().map(|visit| {
        let mut shown = json!({ "step": visit.step, "at": visit.at.to_string(), "what": visit.what });
        if let (Some(message), Some(shown)) = (visit.message, shown.as_object_mut()) {
            shown.insert("message".to_owned(), json!(message.to_string()));
        }
        shown
    });
    put("visits", Value::Array(visits.collect()));
    Ok(Value::Object(fields))
}

/// Lists the workflows.
#[utoipa::path(
    get, path = "/v1/workflows", tag = "workflows", security(("token" = ["workflows:read"])),
    responses((status = 200, description = "All workflows", body = Workflows))
)]
pub async fn list_workflows(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::WorkflowsRead, api.now()).await?;
    let all = |connection: &Connection| {
        let stored = table::list(connection)?;
        stored.into_iter().map(|stored| view(connection, stored)).collect::<Result<Vec<_>, _>>()
    };
    Ok(json(StatusCode::OK, &Workflows { workflows: api.backend().read(all).await? }))
}

/// Shows a workflow, and how many stand where.
#[utoipa::path(
    get, path = "/v1/workflows/{name}", tag = "workflows", security(("token" = ["workflows:read"])),
    params(("name" = String, Path, description = "The workflow's name")),
    responses(
        (status = 200, description = "The workflow", body = WorkflowView),
        (status = 404, description = "There is no such workflow", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_workflow(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::WorkflowsRead, api.now()).await?;
    Ok(json(StatusCode::OK, &find(&api, name_of(name)?).await?))
}

async fn find(api: &Api, name: String) -> Result<WorkflowView, Problem> {
    let wanted = name.clone();
    let found = move |connection: &Connection| {
        table::find(connection, &wanted)?.map(|stored| view(connection, stored)).transpose()
    };
    api.backend().read(found).await?.ok_or_else(|| unknown(&name))
}

pub(super) fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(60).collect();
    Problem::not_found(format!("there is no workflow \"{shown}\"; GET /v1/workflows lists all"))
}

pub(super) fn name_of(name: PathName) -> Result<String, Problem> {
    let name = name.map_err(|error| Problem::not_found(format!("there is no such workflow: {error}")))?;
    Ok(name.0)
}

/// Defines a workflow, or gives it a new version. Who is in it goes on with the version that it began with.
#[utoipa::path(
    put, path = "/v1/workflows/{name}", tag = "workflows", security(("token" = ["workflows:write"])),
    params(("name" = String, Path, description = "The workflow's name: small letters, digits, _ and -")),
    request_body(content = Object, description = "The definition; `name` may be left out", content_type = "application/json"),
    responses(
        (status = 200, description = "It has a new version, or is as it was", body = WorkflowView),
        (status = 201, description = "It is defined; it begins when it is activated", body = WorkflowView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There are too many workflows", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something in it is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_workflow(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::WorkflowsWrite, now).await?;
    let name = name_of(name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let mut definition: Value = parsed(&read.bytes, "{\"trigger\": […], \"step\": […]}")?;
    let workflow = checked(&name, &mut definition)?;
    let settings = api.0.surroundings.settings();
    let (view, is_new, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let is_new = table::standing(tx.connection(), &workflow.name)?.is_none();
            let stored = match stage::define(&turn, &workflow)? {
                Some(_) => table::find(tx.connection(), &workflow.name)?,
                None => None,
            };
            Ok((stored.map(|stored| view(tx.connection(), stored)).transpose()?, is_new, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    let view = view.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "too_many_workflows", "there are as many workflows as there may be")
    })?;
    Ok(json(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &view))
}

/// A definition under the name of its path.
fn checked(name: &str, definition: &mut Value) -> Result<Workflow, Problem> {
    if let Some(fields) = definition.as_object_mut() {
        let own = fields.entry("name").or_insert_with(|| json!(name));
        if own != name {
            let detail = "the name is another one than that of the path".to_owned();
            let error = FieldError::new("/name", "other_name", detail.clone());
            return Err(Problem::fields("invalid_workflow", detail, vec![error]));
        }
    }
    rules::read(definition).map_err(|faults| refused("invalid_workflow", faults))
}

/// Removes a workflow. Who is in it is taken out.
#[utoipa::path(
    delete, path = "/v1/workflows/{name}", tag = "workflows", security(("token" = ["workflows:write"])),
    params(("name" = String, Path, description = "The workflow's name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such workflow", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_workflow(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    let wanted = name_of(name)?;
    let name = wanted.clone();
    if turn(&api, &headers, move |turn| stage::remove(turn, &wanted)).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(unknown(&name))
}

/// Does something in a turn for who may write workflows.
pub(super) async fn turn<T: Send + 'static>(
    api: &Api,
    headers: &HeaderMap,
    mut work: impl FnMut(&Turn<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let now = api.now();
    api.authorize(headers, Scope::WorkflowsWrite, now).await?;
    let settings = api.0.surroundings.settings();
    let (done, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            Ok((work(&turn)?, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    Ok(done)
}

/// Lets triggers begin a workflow. What it names must be there.
#[utoipa::path(
    post, path = "/v1/workflows/{name}/activate", tag = "workflows", security(("token" = ["workflows:write"])),
    params(("name" = String, Path, description = "The workflow's name")),
    responses(
        (status = 200, description = "It is active", body = WorkflowView),
        (status = 404, description = "There is no such workflow", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It names what is not there", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn activate_workflow(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = name_of(name)?;
    let name = wanted.clone();
    let missing = turn(&api, &headers, move |turn| {
        let Some(stored) = table::find(turn.tx.connection(), &wanted)? else { return Ok(None) };
        let missing = stage::missing(turn.tx.connection(), stored.workflow.names())?;
        let errors: Vec<_> = missing.into_iter().map(|gone| (gone.pointer, gone.kind, gone.name.to_owned())).collect();
        if errors.is_empty() {
            stage::activate(turn, &wanted)?;
        }
        Ok(Some(errors))
    })
    .await?;
    let missing = missing.ok_or_else(|| unknown(&name))?;
    if missing.is_empty() {
        return Ok(json(StatusCode::OK, &find(&api, name).await?));
    }
    let told: Vec<String> =
        missing.iter().map(|(place, kind, name)| format!("{place}: there is no {kind} \"{name}\"")).collect();
    Err(Problem::new(StatusCode::CONFLICT, "missing_parts", told.join("; ")))
}

/// Lets triggers no longer begin a workflow. Who is in it goes on.
#[utoipa::path(
    post, path = "/v1/workflows/{name}/deactivate", tag = "workflows", security(("token" = ["workflows:write"])),
    params(("name" = String, Path, description = "The workflow's name")),
    responses(
        (status = 200, description = "It is not active", body = WorkflowView),
        (status = 404, description = "There is no such workflow", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn deactivate_workflow(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = name_of(name)?;
    let name = wanted.clone();
    turn(&api, &headers, move |turn| stage::deactivate(turn, &wanted)).await?;
    Ok(json(StatusCode::OK, &find(&api, name).await?))
}
