//! `/v1/services`: keyword services, which answer by themselves.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde_json::Value;
use utoipa::ToSchema;

use super::template::PathName;
use super::{Api, defined, json};
use crate::campaign::service::Service;
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;

/// A keyword service; `docs/CONVERSATIONS.md` describes it.
#[derive(Debug, ToSchema)]
#[schema(as = Service)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct ServiceDocument {
    /// Its name; that of the path if absent.
    name: Option<String>,
    /// What it is used with.
    #[schema(example = json!(["HOURS", "영업시간"]))]
    words: Vec<String>,
    /// How words are compared: `exact` if absent, `prefix`, `regex` or `any`.
    r#match: Option<String>,
    /// Our numbers that it answers on; all if absent.
    to: Option<Vec<String>>,
    /// The languages of the people that it is for; all if absent.
    languages: Option<Vec<String>>,
    /// What is answered, by language.
    #[schema(value_type = Option<Object>, example = json!({"en": "We are open 9 to 6.", "ko": "9시부터 6시까지 영업합니다."}))]
    reply: Option<Value>,
    /// A tag that the contact gets, or several.
    #[schema(value_type = Option<Vec<String>>)]
    tag: Option<Value>,
    /// A list that the contact comes on, or several.
    #[schema(value_type = Option<Vec<String>>)]
    list: Option<Value>,
    /// A survey that it begins.
    survey: Option<String>,
    /// A contest that it enters.
    contest: Option<String>,
    /// Whether who uses it agrees to marketing.
    join: Option<bool>,
    /// A word for the tools, which get a callback of the type `service`.
    webhook: Option<String>,
    /// A note for the people of the shop: the source of a template that may name `event.text`.
    notify: Option<String>,
    /// Whether the text is an opinion.
    feedback: Option<bool>,
    /// When it was last changed.
    #[schema(format = DateTime)]
    changed_at: Option<String>,
}

/// All services.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct Services {
    /// By name.
    services: Vec<ServiceDocument>,
}

/// Lists the keyword services.
#[utoipa::path(
    get, path = "/v1/services", tag = "conversations", security(("token" = ["conversations:read"])),
    responses((status = 200, description = "All services", body = Services))
)]
pub async fn list_services(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    defined::list::<Service>(&api, &headers).await
}

/// Shows a keyword service.
#[utoipa::path(
    get, path = "/v1/services/{name}", tag = "conversations", security(("token" = ["conversations:read"])),
    params(("name" = String, Path, description = "The service's name")),
    responses(
        (status = 200, description = "The service", body = ServiceDocument),
        (status = 404, description = "There is no such service", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_service(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ConversationsRead, api.now()).await?;
    let stored = defined::find::<Service>(&api, &defined::name_of("service", name)?).await?;
    Ok(json(StatusCode::OK, &defined::view(&stored)))
}

/// Defines a keyword service, or changes it.
#[utoipa::path(
    put, path = "/v1/services/{name}", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The service's name: small letters, digits, _ and -")),
    request_body(content = ServiceDocument, content_type = "application/json"),
    responses(
        (status = 200, description = "It is changed", body = ServiceDocument),
        (status = 201, description = "It is defined", body = ServiceDocument),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There are too many", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something in it is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_service(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    defined::put::<Service>(&api, name, request).await
}

/// Removes a keyword service.
#[utoipa::path(
    delete, path = "/v1/services/{name}", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The service's name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such service", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_service(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    defined::delete::<Service>(&api, name, &headers).await
}
