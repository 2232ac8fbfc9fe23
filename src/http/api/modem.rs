//! `/v1/modems`: the modems with their SIMs and networks, and a test message through one of them.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::{MODEM_PARAMETER, ModemStage, ModemStatus, Timestamp};

use super::batch::Accepted;
use super::modem_ask::asked;
use super::modem_view::ModemView;
use super::{Api, json as answer, post};

/// The name in a path; what is no text names no modem.
pub(super) type PathName = Result<Path<String>, PathRejection>;

/// All modems.
#[derive(Debug, Serialize, ToSchema)]
pub struct Modems {
    /// In the order of their names.
    modems: Vec<ModemView>,
}

/// Lists the modems.
#[utoipa::path(
    get, path = "/v1/modems", tag = "modems", security(("token" = ["modems:read"])),
    responses(
        (status = 200, description = "All modems", body = Modems),
    )
)]
pub async fn list_modems(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ModemsRead, api.now()).await?;
    let mut modems = api.0.surroundings.modems();
    modems.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(answer(StatusCode::OK, &Modems { modems: modems.into_iter().map(ModemView::from).collect() }))
}

/// Shows a modem.
#[utoipa::path(
    get, path = "/v1/modems/{name}", tag = "modems", security(("token" = ["modems:read"])),
    params(("name" = String, Path, description = "The modem's name")),
    responses(
        (status = 200, description = "The modem", body = ModemView),
        (status = 404, description = "There is no such modem", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_modem(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ModemsRead, api.now()).await?;
    Ok(answer(StatusCode::OK, &ModemView::from(find(&api, name)?)))
}

/// A test message.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SmsTest)]
#[serde(deny_unknown_fields)]
pub struct SmsTest {
    /// The recipient.
    #[schema(example = "+821012345678")]
    to: String,
    /// The text; names the modem and the time if absent.
    #[serde(default)]
    text: Option<String>,
}

/// Sends a message through this modem and no other.
///
/// It goes the way of every message, so its id tells what became of it. It is not tried over another modem, it is worth
/// sending for ten minutes, and it is never sent twice.
#[utoipa::path(
    post, path = "/v1/modems/{name}/sms-test", tag = "modems", security(("token" = ["modems:write"])),
    params(("name" = String, Path, description = "The modem's name")),
    request_body(content = SmsTest, content_type = "application/json"),
    responses(
        (status = 202, description = "Accepted", body = Accepted),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such modem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It takes no messages now, or no route leads to it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The number or the text is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn modem_sms_test(
    State(api): State<Api>,
    name: PathName,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    let caller = api.authorize(&head.headers, Scope::ModemsWrite, now).await?;
    let modem = find(&api, name)?;
    let test: SmsTest =
        asked(&api.0.reader.json(&head.headers, body).await?.bytes, "{\"to\": \"+821012345678\"}, and \"text\"")?;
    if modem.stage != ModemStage::Ready {
        return Err(Problem::new(StatusCode::CONFLICT, "modem_not_ready", not_ready(&modem)));
    }
    post::refuse_when_full(&api)?;
    let settings = api.0.surroundings.settings();
    let leads_to = |groups: &[std::sync::Arc<str>]| groups.iter().any(|group| **group == *modem.group);
    let Some(route) = settings.routes.iter().find(|route| leads_to(&route.groups)).map(|route| route.name.to_string())
    else {
        let detail = format!("no route leads to the modem group \"{}\"; name it in [[route]] links", modem.group);
        return Err(Problem::new(StatusCode::CONFLICT, "no_route", detail));
    };
    let message = message(&modem, test, &route, now).to_string().into_bytes();
    let batch = post::prepare(message.into(), api.0.defaults, std::sync::Arc::clone(&settings), now).await?;
    if batch.prepared.is_empty() {
        return Err(batch.refusal(Vec::new()));
    }
    post::store(&api, caller.token, None, &std::sync::Arc::new(batch), settings, now).await
}

/// The test as any tool would post it.
fn message(modem: &ModemStatus, test: SmsTest, route: &str, now: Timestamp) -> serde_json::Value {
    let text = test.text.unwrap_or_else(|| {
        let at = now.to_string();
        let minute = at.get(..16).unwrap_or(&at).replace('T', " ");
        format!("postrider test through {}, {minute} UTC", modem.name)
    });
    json!({
        "to": test.to,
        "text": text,
        "class": "transactional",
        "valid_for": "10m",
        "on_doubt": "hold",
        "tags": ["sms-test"],
        "route": route,
        "parameters": { MODEM_PARAMETER: modem.name },
    })
}

fn not_ready(modem: &ModemStatus) -> String {
    let mut text = format!("the modem {} is {}", modem.name, modem.stage.as_str());
    for more in [&modem.reason, &modem.advice].into_iter().filter(|more| !more.is_empty()) {
        text.push_str(": ");
        text.push_str(more.trim_end_matches('.'));
    }
    text
}

/// The modem of this name.
pub(super) fn find(api: &Api, name: PathName) -> Result<ModemStatus, Problem> {
    let Ok(Path(name)) = name else { return Err(Problem::not_found("there is no such modem")) };
    let modems = api.0.surroundings.modems();
    let known: Vec<&str> = modems.iter().map(|modem| modem.name.as_str()).collect();
    let known = if known.is_empty() { "no modem is known".to_owned() } else { format!("known: {}", known.join(", ")) };
    let missing = Problem::not_found(format!("there is no modem \"{}\"; {known}", shown(&name)));
    modems.into_iter().find(|modem| modem.name == name).ok_or(missing)
}

fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}
