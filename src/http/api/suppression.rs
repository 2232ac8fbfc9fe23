//! `/v1/suppressions`: who must not be written to.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::campaign::consent::{Covers, Source};
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::request::not_json;
use crate::http::token::Scope;
use crate::pipeline::Turn;
use crate::pipeline::consent as gate;
use crate::store::{person_of, suppression};

use super::{Api, json, query};

/// The longest reason and scope.
const TEXT_MAX: usize = 200;

/// Somebody who must not be written to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suppression)]
pub struct SuppressionView {
    /// The number; absent once erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// The sender that it is about; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// `marketing`; `transactional`: that too; `all`: one-time codes too.
    #[schema(value_type = String)]
    covers: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// By what it came.
    #[schema(value_type = String)]
    source: &'static str,
    /// Why.
    reason: String,
}

impl SuppressionView {
    /// How `held` looks in an answer.
    pub fn of(held: suppression::Suppression) -> Self {
        Self {
            number: held.number,
            scope: held.scope,
            covers: held.covers.as_str(),
            since: held.since.to_string(),
            source: held.source.as_str(),
            reason: held.reason,
        }
    }
}

/// Which suppressions are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SuppressionQuery {
    /// Only this number.
    number: Option<String>,
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A page of suppressions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuppressionPage {
    /// The suppressions.
    suppressions: Vec<SuppressionView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists who must not be written to, newest first.
#[utoipa::path(
    get, path = "/v1/suppressions", tag = "consent", params(SuppressionQuery), security(("token" = ["consents:read"])),
    responses(
        (status = 200, description = "A page of suppressions", body = SuppressionPage),
        (status = 400, description = "A filter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_suppressions(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ConsentsRead, api.now()).await?;
    let asked: SuppressionQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let before: Option<i64> = query::parse("cursor", asked.cursor.as_deref())?;
    let number = asked.number.as_deref().map(|text| api.number_in_query(text)).transpose()?;
    let rows = api
        .backend()
        .read(move |connection| match &number {
            Some(number) => suppression::of(connection, person_of(connection, number)?),
            None => suppression::list(connection, before, limit),
        })
        .await?;
    let next = (rows.len() == limit).then(|| rows.last().map(|held| held.id.to_string())).flatten();
    let suppressions = rows.into_iter().map(SuppressionView::of).collect();
    Ok(json(StatusCode::OK, &SuppressionPage { suppressions, next }))
}

/// Somebody to suppress.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuppression {
    /// The number.
    #[schema(example = "+821012345678")]
    number: String,
    /// The sender that it is about; all if absent.
    #[serde(default)]
    scope: Option<String>,
    /// `marketing` (the default), `transactional` or `all`.
    #[serde(default)]
    covers: Option<String>,
    /// Why: stands on the timeline of what it blocks.
    #[schema(example = "complaint by telephone")]
    reason: String,
}

/// Whether anything changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suppressed {
    /// False if the number was suppressed as widely before.
    changed: bool,
}

/// Suppresses a number without a word of its owner: a complaint, a wrong number, a register.
#[utoipa::path(
    post, path = "/v1/suppressions", tag = "consent", security(("token" = ["consents:write"])),
    request_body(content = NewSuppression, content_type = "application/json"),
    responses(
        (status = 200, description = "It is suppressed, and what waited for it is blocked", body = Suppressed),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_suppression(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::ConsentsWrite, now).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: NewSuppression = serde_json::from_slice(&read.bytes).map_err(|error| match error.is_data() {
        false => not_json(&error),
        true => wrong("", "wrong_field", error.to_string()),
    })?;
    let number = api.recipient(&asked.number).map_err(|why| wrong("/number", "invalid_number", why))?;
    let covers: Covers = asked
        .covers
        .as_deref()
        .map_or(Ok(Covers::Marketing), str::parse)
        .map_err(|why| wrong("/covers", "unknown_word", why))?;
    let scope = asked.scope;
    for (field, text) in [("/reason", Some(&asked.reason)), ("/scope", scope.as_ref())] {
        if text.is_some_and(|text| text.is_empty() || text.chars().count() > TEXT_MAX) {
            return Err(wrong(field, "length", format!("it has 1 to {TEXT_MAX} characters")));
        }
    }
    let settings = api.0.surroundings.settings();
    let (changed, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let new = suppression::New { scope: scope.as_deref(), covers, source: Source::Api, reason: &asked.reason };
            Ok((gate::suppress(&turn, &number, new)?, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    Ok(json(StatusCode::OK, &Suppressed { changed }))
}

/// Why a suppression is lifted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LiftQuery {
    /// Why; the ledger keeps it.
    #[param(required)]
    reason: Option<String>,
    /// Only what is about this sender, or about all.
    scope: Option<String>,
}

/// How many suppressions are gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lifted {
    /// How many there were.
    lifted: usize,
}

/// Lifts the suppressions of a number by a person's decision. That is no consent.
#[utoipa::path(
    delete, path = "/v1/suppressions/{number}", tag = "consent", security(("token" = ["consents:write"])),
    params(("number" = String, Path, description = "The number, with country code"), LiftQuery),
    responses(
        (status = 200, description = "They are gone", body = Lifted),
        (status = 400, description = "There is no reason", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "The number is not suppressed", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn lift_suppression(
    State(api): State<Api>,
    number: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let now = api.now();
    let caller = api.authorize(&headers, Scope::ConsentsWrite, now).await?;
    let number = api.number_in_path(number)?;
    let LiftQuery { reason, scope } = query::read(&uri)?;
    let reason = reason.filter(|reason| (1..=TEXT_MAX).contains(&reason.trim().chars().count()));
    let reason = reason.ok_or_else(|| {
        Problem::bad_request("invalid_query", "query parameter reason: say why, in 1 to 200 characters")
    })?;
    let settings = api.0.surroundings.settings();
    let whose = number.clone();
    let lifted = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            gate::lift(&turn, &whose, scope.as_deref(), &reason, caller.token)
        })
        .await?;
    if lifted == 0 {
        return Err(Problem::not_found(format!("{} is not suppressed", number.masked())));
    }
    Ok(json(StatusCode::OK, &Lifted { lifted }))
}

fn wrong(pointer: &str, code: &'static str, detail: String) -> Problem {
    Problem::fields("invalid_suppression", detail.clone(), vec![FieldError::new(pointer, code, detail)])
}
