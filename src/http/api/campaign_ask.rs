//! `POST /v1/campaigns/{name}/estimate` and `…/test`: what a campaign would come to, and a text of it to see.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::campaign::fault::Fault;
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::PhoneNumber;
use crate::pipeline::Turn;
use crate::pipeline::campaign::{self, Forecast, TRIAL_MAX, Trial, Tried};
use crate::store::campaign::run as table;

use super::campaign::{name_of, problem, unknown};
use super::contact_view::refused;
use super::segment::parsed;
use super::template::PathName;
use super::{Api, json};

/// What a campaign would come to if it were started now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ForecastView {
    /// Contacts that it would take.
    recipients: u64,
    /// How many of them were looked at.
    looked_at: u64,
    /// Whether that is all of them; else the rest is scaled from a random sample.
    exact: bool,
    /// How many each variant would get, and the control group.
    variants: BTreeMap<String, u64>,
    /// Texts that would be written, at once or later.
    texts: u64,
    /// Their segments.
    segments: u64,
    /// What they cost; absent where no prices are configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    /// The currency of the cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// Segments of which no price is known.
    segments_without_price: u64,
    /// Who gets no text because of consent or the law, by reason.
    blocked: BTreeMap<String, u64>,
    /// Who gets it later because of the law, by reason.
    waiting: BTreeMap<String, u64>,
    /// For whom no text can be written, by reason.
    skipped: BTreeMap<String, u64>,
    /// Some contacts whose text has more segments than its template allows; they would get none.
    exceeding: Vec<String>,
    /// Contacts that are past the local time already; they would get it at once.
    late: u64,
    /// When it would take its recipients.
    #[schema(format = DateTime)]
    begins_at: String,
    /// When the last text would leave, as far as the speed of the links is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// Whether the speed of all links concerned is known.
    speed_known: bool,
}

impl ForecastView {
    fn of(found: Forecast, currency: &str) -> Self {
        let priced = !currency.is_empty();
        Self {
            recipients: found.recipients,
            looked_at: found.looked_at,
            exact: found.exact(),
            variants: found.parts,
            texts: found.texts,
            segments: found.segments,
            cost: priced.then(|| found.cost.units()),
            currency: priced.then(|| currency.to_owned()),
            segments_without_price: found.segments_without_price,
            blocked: found.blocked,
            waiting: found.waiting,
            skipped: found.skipped,
            exceeding: found.exceeding,
            late: found.late,
            begins_at: found.begins_at.to_string(),
            ends_at: found.ends_at.map(|at| at.to_string()),
            speed_known: found.speed_known,
        }
    }
}

/// Foretells what a campaign would come to if it were started now. Nothing is written or given out.
#[utoipa::path(
    post, path = "/v1/campaigns/{name}/estimate", tag = "campaigns", security(("token" = ["campaigns:read"])),
    params(("name" = String, Path, description = "The campaign's name")),
    responses(
        (status = 200, description = "What it would come to", body = ForecastView),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A segment, a template or a route that it names is not there", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn estimate_campaign(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(&headers, Scope::CampaignsRead, now).await?;
    let name = name_of(name)?;
    let (settings, wanted) = (api.0.surroundings.settings(), name.clone());
    let currency = settings.prices.currency.clone();
    let found = api
        .backend()
        .read(move |connection| {
            let Some(stored) = table::find(connection, &wanted)? else { return Ok(None) };
            let definition = campaign::definition_of(&stored)?;
            campaign::estimate(connection, &settings, &wanted, &definition, now).map(Some)
        })
        .await?;
    let forecast = found.ok_or_else(|| unknown(&name))?.map_err(|faults| refused("invalid_campaign", faults))?;
    Ok(json(StatusCode::OK, &ForecastView::of(forecast, &currency)))
}

/// A trial of a campaign's texts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestRequest {
    /// The numbers of the shop's own handsets, at most 20.
    to: Vec<String>,
    /// The number of the contact that the texts are written for; each number itself if absent.
    contact: Option<String>,
    /// Only this variant; all if absent.
    variant: Option<String>,
    /// Why hours, caps, missing consent and label are waived; needs `consents:exempt`. An opt-out always holds.
    exempt: Option<String>,
}

/// A text of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub struct TriedView {
    /// To whom.
    to: String,
    /// Which variant.
    variant: String,
    /// The text, as far as there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The message's id; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// `queued`, `scheduled` or `blocked`; `skipped` if there is no message.
    #[schema(value_type = String)]
    state: &'static str,
    /// How many segments it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<usize>,
    /// Why it waits or does not go.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Tried> for TriedView {
    fn from(tried: Tried) -> Self {
        let view = Self {
            to: tried.to.to_string(),
            variant: tried.variant,
            text: tried.text,
            message: None,
            state: "skipped",
            segments: None,
            reason: None,
        };
        match tried.outcome {
            Err(unsent) => Self { reason: Some(format!("{}: {unsent}", unsent.code())), ..view },
            Ok(accepted) => Self {
                message: Some(accepted.id.to_string()),
                state: accepted.state.as_str(),
                segments: Some(accepted.segments),
                reason: accepted.reason.map(|reason| reason.note()),
                ..view
            },
        }
    }
}

/// The texts of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestAnswer {
    /// One for each number and variant.
    texts: Vec<TriedView>,
}

/// Sends a campaign's texts to the shop's own handsets. No coupon is given out for it, links are written in full, and no
/// report counts it.
#[utoipa::path(
    post, path = "/v1/campaigns/{name}/test", tag = "campaigns",
    security(("token" = ["campaigns:write", "messages:write"])),
    params(("name" = String, Path, description = "The campaign's name")),
    request_body(content = TestRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The texts, and what became of each", body = TestAnswer),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such campaign", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn test_campaign(
    State(api): State<Api>,
    name: PathName,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::CampaignsWrite, now).await?;
    let caller = api.authorize(&head.headers, Scope::MessagesWrite, now).await?;
    let name = name_of(name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: TestRequest = parsed(&read.bytes, "{\"to\": [NUMBER], \"contact\": NUMBER}")?;
    let mut trial = trial_of(&api, asked)?;
    if let Some(why) = trial.exempt.take() {
        if !caller.scopes.allow(Scope::ConsentsExempt) {
            let detail = format!("exempt needs a token with the scope {}", Scope::ConsentsExempt);
            return Err(refused("invalid_test", vec![Fault::new("/exempt", "missing_scope", detail)]));
        }
        trial.exempt = Some(format!("{why} (token {})", caller.name));
    }
    let (settings, wanted) = (api.0.surroundings.settings(), name.clone());
    let (tried, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            Ok((campaign::test(&turn, &wanted, &trial, caller.token)?, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    let texts = tried.map_err(|wrong| problem(&name, wrong))?.into_iter().map(TriedView::from).collect();
    Ok(json(StatusCode::OK, &TestAnswer { texts }))
}

fn trial_of(api: &Api, asked: TestRequest) -> Result<Trial, Problem> {
    let mut faults = Vec::new();
    if asked.to.is_empty() || asked.to.len() > TRIAL_MAX {
        faults.push(Fault::new("/to", "wrong_count", format!("a test goes to 1 to {TRIAL_MAX} numbers")));
    }
    let mut number = |place: String, text: &str| -> Option<PhoneNumber> {
        let read = api.recipient(text).map_err(|why| faults.push(Fault::new(place, "not_a_number", why)));
        read.ok()
    };
    let to = asked.to.iter().take(TRIAL_MAX).enumerate();
    let to = to.filter_map(|(n, text)| number(format!("/to/{n}"), text)).collect();
    let contact = asked.contact.as_deref().and_then(|text| number("/contact".to_owned(), text));
    if asked.exempt.as_ref().is_some_and(|why| why.trim().is_empty() || why.chars().count() > 200) {
        faults.push(Fault::new("/exempt", "wrong_length", "a reason has 1 to 200 characters"));
    }
    if !faults.is_empty() {
        return Err(refused("invalid_test", faults));
    }
    Ok(Trial { to, contact, variant: asked.variant, exempt: asked.exempt })
}
