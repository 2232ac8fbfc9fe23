//! `GET /v1/campaigns/{name}/report` and `…/recipients`: what a campaign came to, and who got what.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::pipeline::campaign;
use crate::store::campaign::run::recipient::{self, Recipient};
use crate::store::campaign::run::{self as table};

use super::campaign::{name_of, unknown};
use super::template::PathName;
use super::{Api, json, query};

/// In which form a report is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// `json` or `csv`; `json` if absent.
    format: Option<String>,
}

/// Tells what a campaign came to: by state, variant, country and hour, with costs, clicks, replies, opt-outs, coupons and
/// purchases against the control group. `docs/CAMPAIGNS.md` describes every field.
#[utoipa::path(
    get, path = "/v1/campaigns/{name}/report", tag = "campaigns", security(("token" = ["campaigns:read"])),
    params(("name" = String, Path, description = "The campaign's name"), ReportQuery),
    responses(
        (status = 200, description = "The report", content((Object = "application/json"), (String = "text/csv"))),
        (status = 400, description = "The form is not known", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn report_campaign(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(&headers, Scope::CampaignsRead, now).await?;
    let name = name_of(name)?;
    let asked: ReportQuery = query::read(&uri)?;
    let as_table = match asked.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Problem::bad_request("invalid_query", "query parameter format: json or csv")),
    };
    let (settings, wanted) = (api.0.surroundings.settings(), name.clone());
    let report = api.backend().read(move |connection| campaign::report(connection, &settings, &wanted, now)).await?;
    let report = report.ok_or_else(|| unknown(&name))?;
    if !as_table {
        return Ok(json(StatusCode::OK, &report.to_json()));
    }
    let mut response = report.to_csv().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    Ok(response)
}

/// A recipient.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientView {
    /// The number; absent once the contact is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// The variant, or `control`.
    variant: String,
    /// The state of its message, or `waiting`, `control`, `skipped`, `blocked`, `withdrawn`.
    state: String,
    /// Why there is no message, why it waits, or why it did not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When its turn is or was.
    #[schema(format = DateTime)]
    turn_at: String,
    /// When it is due, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    at: Option<String>,
    /// The message's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// How many segments it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<i64>,
}

impl From<Recipient> for RecipientView {
    fn from(recipient: Recipient) -> Self {
        let at = |at: Option<crate::model::Timestamp>| at.map(|at| at.to_string());
        Self {
            number: recipient.number,
            variant: recipient.part,
            state: recipient.state,
            reason: recipient.reason,
            turn_at: recipient.turn_at.to_string(),
            due_at: at(recipient.due_at),
            at: at(recipient.at),
            message: recipient.message.map(|id| id.to_string()),
            segments: recipient.segments,
        }
    }
}

/// Which recipients are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RecipientQuery {
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A page of recipients.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientPage {
    /// In the order in which they were taken.
    recipients: Vec<RecipientView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists the recipients that a campaign took, with what became of each.
#[utoipa::path(
    get, path = "/v1/campaigns/{name}/recipients", tag = "campaigns",
    security(("token" = ["campaigns:read", "contacts:read"])),
    params(("name" = String, Path, description = "The campaign's name"), RecipientQuery),
    responses(
        (status = 200, description = "A page of recipients", body = RecipientPage),
        (status = 400, description = "A filter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_recipients(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let now = api.now();
    for scope in [Scope::CampaignsRead, Scope::ContactsRead] {
        api.authorize(&headers, scope, now).await?;
    }
    let name = name_of(name)?;
    let asked: RecipientQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let after: Option<i64> = query::parse("cursor", asked.cursor.as_deref())?;
    let wanted = name.clone();
    let found = api
        .backend()
        .read(move |connection| {
            let stored = table::find(connection, &wanted)?;
            stored.map(|stored| recipient::list(connection, stored.id, after.unwrap_or(0), limit)).transpose()
        })
        .await?;
    let recipients = found.ok_or_else(|| unknown(&name))?;
    let next = (recipients.len() == limit).then(|| recipients.last().map(|last| last.n.to_string())).flatten();
    let recipients = recipients.into_iter().map(RecipientView::from).collect();
    Ok(json(StatusCode::OK, &RecipientPage { recipients, next }))
}
