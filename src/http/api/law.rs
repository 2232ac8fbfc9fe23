//! `GET /v1/law`: what holds for marketing to a number or country, and why.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::campaign::hours::{self, Verdict};
use crate::campaign::law::{self, Place};
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::{Class, Country, PhoneNumber};

use super::{Api, json, query};

/// What is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LawQuery {
    /// A number; its country and region count.
    number: Option<String>,
    /// A country, when there is no number.
    #[param(example = "KR")]
    country: Option<String>,
    /// `marketing` (the default), `transactional` or `otp`.
    class: Option<String>,
    /// The moment; now if absent.
    #[param(example = "2026-11-22T23:00:00+09:00")]
    at: Option<String>,
    /// The recipient's own time zone.
    #[param(example = "Asia/Seoul")]
    time_zone: Option<String>,
}

/// What holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Law)]
pub struct LawView {
    /// The country; absent for numbers of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// The region, as far as the number tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// The class that was asked about.
    #[schema(value_type = String)]
    class: &'static str,
    /// The time zones in which the recipient may be; a moment is allowed when it is allowed in each.
    time_zones: Vec<String>,
    /// The hours, in local time.
    hours: String,
    /// Whether they hold for the class.
    enforced: bool,
    /// Whether other hours are allowed with a consent of their own (`marketing_night`).
    night_by_consent: bool,
    /// Whether a message may leave at the moment that was asked about.
    allowed: bool,
    /// When it may leave, if not then; absent if no hour of the next month is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    not_before: Option<String>,
    /// What a marketing text must begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// What it must end with, before a free telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    /// After so many months a consent is checked with the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    renew_months: Option<u32>,
    /// Within so many days the result of a consent or refusal is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    tell_days: Option<u32>,
    /// Whether a consent must be on record.
    consent_required: bool,
    /// `law`, `guides`, `guide`, `usage` or `own`: how sure the row of the table is; `configured` for hours of your own.
    #[schema(value_type = String)]
    basis: &'static str,
    /// Where the row comes from.
    source: String,
    /// As of when.
    as_of: String,
    /// What else there is to know.
    note: String,
}

/// Tells what holds for messages to a number or country at a moment, and where that comes from. This is no legal advice.
#[utoipa::path(
    get, path = "/v1/law", tag = "consent", params(LawQuery), security(("token" = ["consents:read"])),
    responses(
        (status = 200, description = "What holds", body = LawView),
        (status = 400, description = "A parameter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn law(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(&headers, Scope::ConsentsRead, now).await?;
    let asked: LawQuery = query::read(&uri)?;
    let class = query::parse("class", asked.class.as_deref())?.unwrap_or(Class::Marketing);
    // The plus of an offset that was not written as %2B arrives as a blank.
    let at = asked.at.as_deref().map(|text| text.replace(' ', "+"));
    let at = query::parse("at", at.as_deref())?.unwrap_or(now);
    let number = match (asked.number.as_deref(), query::parse::<Country>("country", asked.country.as_deref())?) {
        (Some(text), _) => api.number_in_query(text)?,
        (None, Some(country)) => any_number_of(country)?,
        (None, None) => return Err(Problem::bad_request("invalid_query", "name a number or a country")),
    };
    let zone = asked.time_zone.as_deref().map(|name| {
        let wrong =
            || Problem::bad_request("invalid_query", "query parameter time_zone: write an IANA name like Asia/Seoul");
        law::zone(name).ok_or_else(wrong)
    });
    let settings = api.0.surroundings.settings();
    let rules = &settings.consent;
    let place = Place::of(&number, rules, zone.transpose()?.as_ref());
    let enforced = rules.is_quiet(class);
    let verdict = if enforced { hours::when(&place, rules, false, at) } else { Verdict::Allowed };
    let configured = place.country.is_some_and(|country| rules.weeks.contains_key(&country));
    let marketing = class == Class::Marketing;
    let label = place.row.label.as_ref().filter(|_| marketing);
    Ok(json(
        StatusCode::OK,
        &LawView {
            country: place.country.map(|country| country.to_string()),
            region: place.region.map(str::to_owned),
            class: class.as_str(),
            time_zones: place.zones.iter().filter_map(|zone| zone.iana_name().map(str::to_owned)).collect(),
            hours: place.week.to_string(),
            enforced,
            night_by_consent: place.row.night_by_consent,
            allowed: verdict == Verdict::Allowed,
            not_before: match verdict {
                Verdict::NotBefore(open) => Some(open.to_string()),
                Verdict::Allowed | Verdict::Never => None,
            },
            label: label.map(|label| label.prefix.to_string()),
            refusal: label.map(|label| label.refusal.to_string()),
            renew_months: place.row.renew_months,
            tell_days: place.row.tell_days,
            consent_required: rules.required && marketing,
            basis: if configured { "configured" } else { place.row.basis.as_str() },
            source: place.row.source.to_string(),
            as_of: place.row.as_of.to_string(),
            note: place.row.note.to_string(),
        },
    ))
}

/// A number of a country that tells no region.
fn any_number_of(country: Country) -> Result<PhoneNumber, Problem> {
    let code = country.prefixes().into_iter().next().unwrap_or_else(|| country.calling_code().to_owned());
    let digits = if country.as_str() == "US" { "1500".to_owned() } else { code };
    let unknown = |_| Problem::bad_request("invalid_query", format!("there are no numbers of {country}"));
    format!("+{digits:0<11}").parse().map_err(unknown)
}
