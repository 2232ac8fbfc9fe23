//! `POST /v1/estimate`: what a text would cost, without sending it.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::campaign::price::Price;
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::request::{Text, not_json};
use crate::http::token::Scope;
use crate::pipeline::{self, Draft};

use super::Api;
use super::json;

/// A text longer than this cannot be a message, and finding out exactly how dear it is helps nobody.
const TEXT_SIZE_BYTES_MAX: usize = 64 << 10;

/// A text to estimate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EstimateRequest<'a> {
    /// The text.
    #[serde(borrow)]
    #[schema(value_type = String)]
    text: Text<'a>,
    /// The recipient, for whom a route is chosen; without one the first route counts.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    to: Option<Text<'a>>,
    /// The class, the configured default if absent.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    class: Option<Text<'a>>,
    /// The route by name.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    route: Option<Text<'a>>,
    /// Whether characters may be replaced to stay in GSM 7-bit; the route's setting if absent.
    #[serde(default)]
    transliterate: Option<bool>,
}

/// What a text would cost.
#[derive(Serialize)]
struct Estimated<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(flatten)]
    estimate: T,
}

/// How an estimate stands in the document.
#[derive(ToSchema)]
#[schema(as = Estimate)]
#[expect(dead_code, reason = "only its schema is used")]
struct EstimateSchema {
    /// The route that it is estimated for.
    route: Option<String>,
    /// What its segments would cost, where `to` is given and a price is configured.
    cost: Option<f64>,
    /// The currency of the cost.
    currency: Option<String>,
    /// The alphabet that the text would be sent in.
    alphabet: String,
    /// The national tables that it would need.
    national: Option<Vec<String>>,
    /// How many segments would be sent.
    segments: usize,
    /// How many the route allows.
    segments_max: u8,
    /// Unicode characters of the text.
    characters: usize,
    /// Septets, UTF-16 units or octets of the whole text.
    units_used: usize,
    /// The units that each segment has room for.
    units_per_segment: usize,
    /// The units that the last segment still has room for.
    units_left: usize,
    /// The characters that make UCS-2 necessary.
    forced_ucs2: Vec<ForcingSchema>,
    /// The replacements that would be made.
    changes: Vec<super::batch::Replaced>,
    /// What the text would be and cost in GSM 7-bit.
    gsm7_variant: Option<VariantSchema>,
    /// Why the text would be refused, if it would.
    refusal: Option<String>,
}

/// A character that forces UCS-2.
#[derive(ToSchema)]
#[schema(as = Forcing)]
#[expect(dead_code, reason = "only its schema is used")]
struct ForcingSchema {
    /// The character.
    character: String,
    /// Its code point, as `U+2019`.
    code_point: String,
    /// What it is called, as far as known.
    name: Option<String>,
    /// How often it occurs.
    count: usize,
    /// Where, counted in characters from 0.
    positions: Vec<usize>,
}

/// What a text would be in GSM 7-bit.
#[derive(ToSchema)]
#[schema(as = Gsm7Variant)]
#[expect(dead_code, reason = "only its schema is used")]
struct VariantSchema {
    /// The text with its replacements.
    text: String,
    /// How many segments it would take.
    segments: usize,
    /// What was replaced.
    changes: Vec<super::batch::Replaced>,
    /// The levels that the replacements belong to.
    levels: Vec<String>,
}

/// Tells what a text would cost: alphabet, segments, and what makes it dear. Nothing is sent or stored.
#[utoipa::path(
    post, path = "/v1/estimate", tag = "messages", security(("token" = ["messages:write"])),
    request_body(content = EstimateRequest<'static>, content_type = "application/json"),
    responses(
        (status = 200, description = "What it would cost", body = EstimateSchema),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn estimate(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::MessagesWrite, api.now()).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: EstimateRequest<'_> = serde_json::from_slice(&read.bytes).map_err(|error| match error.is_data() {
        false => not_json(&error),
        true => wrong("", "wrong_field", error.to_string()),
    })?;
    if asked.text.len() > TEXT_SIZE_BYTES_MAX {
        return Err(wrong(
            "/text",
            "too_long",
            format!("text has {} octets, which no message can hold", asked.text.len()),
        ));
    }
    let to = parsed("/to", asked.to.as_ref(), |text| api.0.defaults.recipient(text))?;
    let class = parsed("/class", asked.class.as_ref(), str::parse)?;
    let draft = Draft {
        text: &asked.text,
        to: to.as_ref(),
        class: class.unwrap_or(api.0.defaults.class),
        route: asked.route.as_deref(),
        transliterate: asked.transliterate,
    };
    let settings = api.0.surroundings.settings();
    let pipeline::Estimated { route, estimate, cost, .. } = pipeline::estimate(&settings, draft)
        .map_err(|refusal| wrong(&format!("/{}", refusal.field), refusal.code, refusal.message))?;
    let (route, currency) = (route.map(|name| name.to_string()), cost.map(|_| settings.prices.currency.clone()));
    Ok(json(StatusCode::OK, &Estimated { route, cost, currency, estimate }))
}

fn parsed<T, E: ToString>(
    pointer: &str,
    text: Option<&Text<'_>>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Problem> {
    text.map(|text| {
        let cut: String = text.chars().take(80).collect();
        parse(&cut).map_err(|error| wrong(pointer, "wrong_field", error.to_string()))
    })
    .transpose()
}

fn wrong(pointer: &str, code: &'static str, detail: String) -> Problem {
    Problem::fields("invalid_estimate", detail.clone(), vec![FieldError::new(pointer, code, detail)])
}
