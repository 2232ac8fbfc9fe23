//! `/v1/playbooks`: whole uses of texts, listed, shown, installed and removed.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::campaign::playbook::{self, BUILT_IN, BuiltIn, Missing, Outline, Values};
use crate::campaign::workflow::file::Mistake;
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::pipeline::playbook as stage;
use crate::store::campaign::playbook as table;

use super::segment::parsed;
use super::template::PathName;
use super::workflow::turn;
use super::{Api, json};

/// A playbook.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaybookView {
    /// Its name.
    name: String,
    /// What it is called, by language.
    title: BTreeMap<String, String>,
    /// What it does, by language.
    about: BTreeMap<String, String>,
    /// When it was last installed; absent if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    installed_at: Option<String>,
    /// What shops have differently, by name.
    #[schema(value_type = Object)]
    parameters: Value,
}

/// A playbook with what it brings.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaybookWhole {
    /// The playbook.
    #[serde(flatten)]
    playbook: PlaybookView,
    /// What it brings: kind and name.
    #[schema(value_type = Vec<Object>)]
    assets: Vec<Value>,
    /// The text of its file.
    text: &'static str,
}

/// All playbooks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Playbooks {
    /// By name.
    playbooks: Vec<PlaybookView>,
}

/// How to install a playbook.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallRequest {
    /// The shop's own values of the parameters: texts, numbers, or an object with a text for each language.
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
    /// Whether its workflows begin at once.
    #[serde(default)]
    activate: bool,
    /// Whether to replace what was changed by hand.
    #[serde(default)]
    replace: bool,
    /// In which language the names of segments are; English if absent.
    #[schema(example = "ko")]
    language: Option<String>,
}

/// What became of each thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstallAnswer {
    /// The playbook.
    name: String,
    /// Kind, name and what became of it: `made`, `changed`, `same`, `kept` or `removed`.
    #[schema(value_type = Vec<Object>)]
    assets: Vec<Value>,
}

impl InstallAnswer {
    fn of(name: String, outcome: stage::Outcome) -> Self {
        let shown = |(kind, name, fate): (String, String, stage::Fate)| json!({ "kind": kind, "name": name, "fate": fate.as_str() });
        Self { name, assets: outcome.assets.into_iter().map(shown).collect() }
    }
}

fn view(outline: Outline, installed: &[table::Stored]) -> PlaybookView {
    let stored = installed.iter().find(|stored| stored.name == outline.name);
    PlaybookView {
        installed_at: stored.map(|stored| stored.changed_at.to_string()),
        parameters: serde_json::to_value(&outline.parameters).unwrap_or_default(),
        name: outline.name,
        title: outline.title.0,
        about: outline.about.0,
    }
}

/// Lists the playbooks.
#[utoipa::path(
    get, path = "/v1/playbooks", tag = "workflows", security(("token" = ["workflows:read"])),
    responses((status = 200, description = "All playbooks", body = Playbooks))
)]
pub async fn list_playbooks(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::WorkflowsRead, api.now()).await?;
    let installed = api.backend().read(table::list).await?;
    // A test reads every file, so that none is passed over here.
    let all = BUILT_IN.iter().filter_map(|file| playbook::outline(file.text).ok());
    Ok(json(StatusCode::OK, &Playbooks { playbooks: all.map(|outline| view(outline, &installed)).collect() }))
}

/// Shows a playbook with its file and what it brings.
#[utoipa::path(
    get, path = "/v1/playbooks/{name}", tag = "workflows", security(("token" = ["workflows:read"])),
    params(("name" = String, Path, description = "The playbook's name")),
    responses(
        (status = 200, description = "The playbook", body = PlaybookWhole),
        (status = 404, description = "There is no such playbook", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_playbook(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::WorkflowsRead, api.now()).await?;
    let file = file_of(name)?;
    let installed = api.backend().read(table::list).await?;
    let whole = playbook::read(file.text, &Values::default()).map_err(wrong)?;
    let asset = |asset: &playbook::Asset| json!({ "kind": asset.definition.kind(), "name": asset.name });
    let assets = whole.assets.iter().map(asset).collect();
    Ok(json(StatusCode::OK, &PlaybookWhole { playbook: view(whole.outline, &installed), assets, text: file.text }))
}

fn file_of(name: PathName) -> Result<&'static BuiltIn, Problem> {
    let name = name.map_err(|error| Problem::not_found(format!("there is no such playbook: {error}")))?.0;
    playbook::built_in(&name).ok_or_else(|| {
        let shown: String = name.chars().take(60).collect();
        Problem::not_found(format!("there is no playbook \"{shown}\"; GET /v1/playbooks lists all"))
    })
}

fn wrong(mistakes: Vec<Mistake>) -> Problem {
    let detail = mistakes.first().map(ToString::to_string).unwrap_or_default();
    let error = |mistake: &Mistake| {
        FieldError::new(format!("/{}", mistake.key.replace('.', "/")), "wrong_value", mistake.detail.clone())
    };
    Problem::fields("invalid_playbook", detail, mistakes.iter().map(error).collect())
}

/// Installs a playbook, or brings it up to date. What was changed by hand stays, unless `replace` is asked for.
#[utoipa::path(
    post, path = "/v1/playbooks/{name}/install", tag = "workflows", security(("token" = ["workflows:write"])),
    params(("name" = String, Path, description = "The playbook's name")),
    request_body(content = InstallRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is installed", body = InstallAnswer),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such playbook", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is wrong or missing", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn install_playbook(
    State(api): State<Api>,
    name: PathName,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::WorkflowsWrite, api.now()).await?;
    let file = file_of(name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: InstallRequest = parsed(&read.bytes, "{\"parameters\": {…}, \"activate\": true}")?;
    let values = Values::from_json(&asked.parameters).map_err(|detail| field("/parameters", detail))?;
    let whole = playbook::read(file.text, &values).map_err(wrong)?;
    whole.outline.is_set(&values).map_err(|Missing(names)| {
        let place = names.first().map_or_else(String::new, |name| format!("/parameters/{name}"));
        field(&place, format!("this playbook needs the shop's own {}", names.join(", ")))
    })?;
    let outcome = turn(&api, &head.headers, move |turn| {
        let language = asked.language.as_deref().unwrap_or("en");
        let (replace, activate) = (asked.replace, asked.activate);
        stage::install(
            turn,
            &stage::Wanted { playbook: &whole, text: file.text, values: &values, language, replace, activate },
        )
    });
    Ok(json(StatusCode::OK, &InstallAnswer::of(file.name.to_owned(), outcome.await?)))
}

fn field(place: &str, detail: String) -> Problem {
    Problem::fields("invalid_playbook", detail.clone(), vec![FieldError::new(place, "wrong_value", detail)])
}

/// Removes a playbook with what it brought. What was changed by hand stays, and so do codes and pages that somebody has.
#[utoipa::path(
    delete, path = "/v1/playbooks/{name}", tag = "workflows", security(("token" = ["workflows:write"])),
    params(("name" = String, Path, description = "The playbook's name")),
    responses(
        (status = 200, description = "It is removed", body = InstallAnswer),
        (status = 404, description = "It is not installed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Contacts are in one of its workflows", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_playbook(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::WorkflowsWrite, api.now()).await?;
    let name = file_of(name)?.name.to_owned();
    let wanted = name.clone();
    match turn(&api, &headers, move |turn| stage::remove(turn, &wanted)).await? {
        Ok(outcome) => Ok(json(StatusCode::OK, &InstallAnswer::of(name, outcome))),
        Err(why @ stage::Unremovable::Absent(_)) => Err(Problem::not_found(why.to_string())),
        Err(why @ stage::Unremovable::Running { .. }) => {
            Err(Problem::new(StatusCode::CONFLICT, "playbook_in_use", why.to_string()))
        }
    }
}
