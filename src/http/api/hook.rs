//! `/v1/hooks/{name}`: shop systems post here what happened, signed with a secret instead of a token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use utoipa::ToSchema;

use crate::campaign::mapping::{Encoding, Found, Signature, Topic};
use crate::config::Webhook;
use crate::http::body::UTF8_MARK;
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::request::not_json;
use crate::model::{PhoneNumber, Timestamp};
use crate::pipeline::Turn;
use crate::pipeline::intake::{Taken, take};
use crate::store::campaign::event;

use super::{Api, json};

/// The webhooks by their names.
pub type Hooks = Arc<BTreeMap<String, Webhook>>;

/// What came of a body.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct HookView {
    /// Events that are new.
    recorded: usize,
    /// Events that came before.
    repeated: usize,
    /// Contacts that are new or changed.
    contacts: usize,
    /// Consents and withdrawals that are new.
    consents: usize,
    /// Why something was left out. The answer is 200 all the same: shop systems switch off webhooks that fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
}

impl From<Taken> for HookView {
    fn from(taken: Taken) -> Self {
        let Taken { recorded, repeated, contacts, consents, left_out } = taken;
        Self { recorded, repeated, contacts, consents, left_out }
    }
}

/// Takes what a shop system posts: orders, carts, customers, in the system's own form, read by the mapping of the
/// `[[webhook]]` of this name. A body without a usable number is answered with 200 and the reason.
#[utoipa::path(
    post, path = "/v1/hooks/{name}", tag = "contacts",
    params(("name" = String, Path, description = "The webhook's name in the configuration")),
    request_body(content = Object, content_type = "application/json", description = "What the shop system posts"),
    responses(
        (status = 200, description = "It was taken, or left out with the reason", body = HookView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "The signature is missing or wrong", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such webhook", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_hook(
    State(api): State<Api>,
    name: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let now = api.now();
    let hook = name.ok().and_then(|Path(name)| api.0.hooks.get(&name).cloned()).ok_or_else(|| {
        Problem::not_found("there is no such webhook; each has a [[webhook]] in the configuration".to_owned())
    })?;
    let (head, body) = request.into_parts();
    let read = api.0.reader.any(&head.headers, body).await?;
    if is_ping(&hook, &head.headers, &read.bytes) {
        tracing::info!("Webhook {}: the shop tried the address", hook.name);
        return Ok(json(StatusCode::OK, &HookView::default()));
    }
    if let Err(problem) = verify(&hook, &head.headers, &read.bytes) {
        api.0.metrics.hook(&hook.name, "refused");
        tracing::warn!("Webhook {}: a body was refused: {}", hook.name, problem.detail());
        return Err(problem);
    }
    let body: Value = serde_json::from_slice(unmarked(&read.bytes)).map_err(|error| {
        api.0.metrics.hook(&hook.name, "refused");
        not_json(&error)
    })?;
    drop(read);
    let topic = topic_of(&hook, &head.headers, &body);
    let taken = bring_in(&api, &hook, topic.clone(), body, now).await?;
    tell(&api, &hook, &topic, &taken);
    Ok(json(StatusCode::OK, &HookView::from(taken)))
}

/// Whether the shop only tries the address; there is nothing in such a body to believe.
fn is_ping(hook: &Webhook, headers: &HeaderMap, body: &[u8]) -> bool {
    let unsigned = !headers.contains_key(hook.mapping.signature.header.as_str());
    unsigned && hook.mapping.ping.as_ref().is_some_and(|ping| body.starts_with(ping.as_bytes()) && body.len() < 200)
}

/// Compares the signature in a time that tells nothing of it.
fn verify(hook: &Webhook, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    let Signature { header, encoding, prefix } = &hook.mapping.signature;
    let refused = |detail: String| Problem::new(StatusCode::UNAUTHORIZED, "bad_signature", detail);
    let Some(text) = headers.get(header.as_str()).and_then(|value| value.to_str().ok()) else {
        return Err(refused(format!("the header {header} with the signature is missing")));
    };
    let wrong = || refused(format!("the signature in {header} is not that of this body; compare the secrets"));
    let text = text.trim().strip_prefix(prefix.as_str()).ok_or_else(wrong)?;
    let given = match encoding {
        Encoding::Base64 => STANDARD.decode(text).map_err(|_| wrong())?,
        Encoding::Hex => octets(text).ok_or_else(wrong)?,
    };
    let mac = Hmac::<Sha256>::new_from_slice(hook.secret.expose().as_bytes()).map_err(|_| wrong())?;
    mac.chain_update(body).verify_slice(&given).map_err(|_| wrong())
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn topic_of(hook: &Webhook, headers: &HeaderMap, body: &Value) -> String {
    let found = match &hook.mapping.topic {
        Topic::Header(header) => headers.get(header.as_str()).and_then(|value| value.to_str().ok()).map(str::to_owned),
        Topic::Body(path) => path.all(body, body).first().and_then(|value| value.as_str()).map(str::to_owned),
    };
    found.unwrap_or_default().chars().take(100).collect()
}

/// Reads the body by the mapping, and writes what it tells.
async fn bring_in(api: &Api, hook: &Webhook, topic: String, body: Value, now: Timestamp) -> Result<Taken, Problem> {
    let (mapping, country) = (Arc::clone(&hook.mapping), hook.country.or(api.0.defaults.country));
    let found: Found = api
        .backend()
        .read(move |connection| {
            let known =
                |kind: &str, id: &str| -> Option<PhoneNumber> { event::whose(connection, kind, id).ok().flatten() };
            Ok(mapping.read(&topic, &body, country, now, &known))
        })
        .await?;
    let settings = api.0.surroundings.settings();
    let (taken, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            Ok((take(&turn, &found)?, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    Ok(taken)
}

fn tell(api: &Api, hook: &Webhook, topic: &str, taken: &Taken) {
    let outcome = match taken {
        Taken { recorded: 0, contacts: 0, consents: 0, repeated: 0, left_out } if !left_out.is_empty() => "left_out",
        Taken { recorded: 0, contacts: 0, consents: 0, .. } => "repeated",
        Taken { .. } => "taken",
    };
    api.0.metrics.hook(&hook.name, outcome);
    if !taken.left_out.is_empty() {
        tracing::info!("Webhook {}: of {topic:?} something was left out: {}", hook.name, taken.left_out.join("; "));
    }
}

fn unmarked(body: &[u8]) -> &[u8] {
    body.strip_prefix(UTF8_MARK).unwrap_or(body)
}
