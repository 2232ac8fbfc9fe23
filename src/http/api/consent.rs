//! `/v1/consents`: what people agreed to and refused; recording more of it, and looking it up.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::campaign::consent::{Covers, Entry, Purpose, Source, Standing, Word, standing};
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::request::not_json;
use crate::http::token::Scope;
use crate::model::{PhoneNumber, Timestamp};
use crate::pipeline::Turn;
use crate::pipeline::consent::{self as gate, Opinion};
use crate::store::{consent, person_of, suppression};

use super::suppression::SuppressionView;
use super::{Api, json, query};

/// Most consents of one request.
const CONSENTS_MAX: usize = 10_000;
/// The longest text of a field.
const TEXT_MAX: usize = 500;

/// What somebody said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// Whose number.
    #[schema(example = "+821012345678")]
    number: String,
    /// `marketing` (the default), `marketing_night` or `transactional`.
    #[serde(default)]
    purpose: Option<String>,
    /// Yes or no.
    given: bool,
    /// When it was said; now if absent.
    #[serde(default)]
    #[schema(format = DateTime)]
    at: Option<String>,
    /// `api` (the default), `link`, `import` or `staff`. An import never brings back who has left.
    #[serde(default)]
    source: Option<String>,
    /// The sender that it is about; all if absent.
    #[serde(default)]
    scope: Option<String>,
    /// In which words: the text that was agreed to, with its version.
    #[serde(default)]
    words: Option<String>,
    /// What proves it: the id of a form, an address, a file.
    #[serde(default)]
    proof: Option<String>,
    /// Ask the person to confirm with YES; the consent is pending until then.
    #[serde(default)]
    double_opt_in: bool,
}

/// One, or an array of up to 10,000.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub enum NewConsents {
    /// One.
    One(Box<NewConsent>),
    /// Many.
    Many(Vec<NewConsent>),
}

/// What holds for a number and purpose.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentStanding)]
pub struct StandingView {
    /// The number.
    number: String,
    /// What for.
    #[schema(value_type = String)]
    purpose: &'static str,
    /// `unknown`, `pending`, `given` or `withdrawn`.
    #[schema(value_type = String)]
    standing: &'static str,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    since: Option<String>,
}

impl StandingView {
    fn of(number: &PhoneNumber, purpose: Purpose, standing: Standing) -> Self {
        Self {
            number: number.to_string(),
            purpose: purpose.as_str(),
            standing: standing.as_str(),
            since: standing.since().map(|at| at.to_string()),
        }
    }
}

/// The answer to an array.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recorded {
    /// What holds now, in the order of the request.
    consents: Vec<StandingView>,
}

/// Records consents and refusals. A refusal holds from the answer on: what waits for the number is blocked with it.
#[utoipa::path(
    post, path = "/v1/consents", tag = "consent", security(("token" = ["consents:write"])),
    request_body(content = NewConsents, content_type = "application/json"),
    responses(
        (status = 200, description = "What holds now", body = Recorded),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong; none was recorded", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_consents(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    let caller = api.authorize(&head.headers, Scope::ConsentsWrite, now).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let (many, asked) = read_body(&read.bytes)?;
    let mut errors = Vec::new();
    let checked: Vec<(PhoneNumber, Opinion, bool)> = asked
        .into_iter()
        .enumerate()
        .filter_map(|(place, one)| {
            let prefix = if many { format!("/{place}") } else { String::new() };
            check(&api, one, caller.token, now, &prefix, &mut errors)
        })
        .collect();
    if !errors.is_empty() {
        let detail = format!("{} fields are wrong; nothing was recorded", errors.len());
        return Err(Problem::fields("invalid_consent", detail, errors));
    }
    let settings = api.0.surroundings.settings();
    let (consents, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let mut views = Vec::with_capacity(checked.len());
            for (number, opinion, ask) in &checked {
                let purpose = opinion.entry.purpose;
                let said = match ask {
                    true => gate::ask(&turn, number, opinion.clone())?,
                    false => gate::record(&turn, number, opinion.clone())?,
                };
                views.push(StandingView::of(number, purpose, said));
            }
            Ok((views, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    Ok(json(StatusCode::OK, &Recorded { consents }))
}

fn read_body(body: &[u8]) -> Result<(bool, Vec<NewConsent>), Problem> {
    let wrong = |error: serde_json::Error| match error.is_data() {
        false => not_json(&error),
        true => Problem::fields(
            "invalid_consent",
            "the request is not understood; nothing was recorded",
            vec![FieldError::new("", "wrong_field", error.to_string())],
        ),
    };
    let many = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let all: Vec<NewConsent> = match many {
        true => serde_json::from_slice(body).map_err(wrong)?,
        false => vec![serde_json::from_slice(body).map_err(wrong)?],
    };
    if all.is_empty() || all.len() > CONSENTS_MAX {
        let detail = format!("a request holds 1 to {CONSENTS_MAX} consents, not {}", all.len());
        return Err(Problem::fields("invalid_consent", detail.clone(), vec![FieldError::new("", "length", detail)]));
    }
    Ok((many, all))
}

/// One consent as a row to write, and whether its person is asked to confirm.
fn check(
    api: &Api,
    one: NewConsent,
    token: i64,
    now: Timestamp,
    prefix: &str,
    errors: &mut Vec<FieldError>,
) -> Option<(PhoneNumber, Opinion, bool)> {
    let before = errors.len();
    let mut wrong = |field: &str, code: &'static str, detail: String| {
        errors.push(FieldError::new(format!("{prefix}/{field}"), code, detail));
    };
    let number = api.recipient(&one.number).map_err(|why| wrong("number", "invalid_number", why)).ok();
    let purpose = one.purpose.as_deref().map_or(Ok(Purpose::Marketing), str::parse);
    let purpose = purpose.map_err(|why| wrong("purpose", "unknown_word", why)).ok();
    let source = one.source.as_deref().map_or(Ok(Source::Api), str::parse).and_then(|source| match source {
        Source::Keyword | Source::DoubleOptIn | Source::Workflow => {
            Err("that source is the gateway's own word".to_owned())
        }
        Source::Api | Source::Link | Source::Import | Source::Staff => Ok(source),
    });
    let source = source.map_err(|why| wrong("source", "unknown_word", why)).ok();
    let at = match one.at.as_deref().map(str::parse::<Timestamp>) {
        None => Some(now),
        Some(Ok(at)) if at <= now => Some(at),
        Some(Ok(_)) => {
            wrong("at", "invalid_time", "nobody said anything in the future".to_owned());
            None
        }
        Some(Err(_)) => {
            wrong("at", "invalid_time", "at is not a time with offset, like 2026-11-22T09:00:00+09:00".to_owned());
            None
        }
    };
    for (field, text) in [("scope", &one.scope), ("words", &one.words), ("proof", &one.proof)] {
        if text.as_ref().is_some_and(|text| text.is_empty() || text.chars().count() > TEXT_MAX) {
            wrong(field, "length", format!("{field} has 1 to {TEXT_MAX} characters"));
        }
    }
    if one.double_opt_in && !one.given {
        wrong("double_opt_in", "conflict", "a refusal needs no confirmation".to_owned());
    }
    let (Some(number), Some(purpose), Some(source), Some(at)) = (number, purpose, source, at) else { return None };
    let word = if one.given { Word::Given } else { Word::Withdrawn };
    let entry = Entry { purpose, word, scope: one.scope, at, source, words: one.words, proof: one.proof };
    let opinion = Opinion { entry, token, covers: Covers::Marketing, inbound: None, told: false };
    (errors.len() == before).then_some((number, opinion, one.double_opt_in))
}

/// Whose consents are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ConsentQuery {
    /// Only this number: with what holds for it now.
    number: Option<String>,
    /// What held at this instant.
    at: Option<String>,
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// One row of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentView {
    /// Whose; absent once erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// `marketing`, `marketing_night` or `transactional`.
    #[schema(value_type = String)]
    purpose: &'static str,
    /// `given`, `withdrawn`, `pending`, or `lifted` when staff took a suppression away.
    #[schema(value_type = String)]
    word: &'static str,
    /// The sender that it is about; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// When it was said.
    #[schema(format = DateTime)]
    at: String,
    /// `api`, `keyword`, `link`, `import`, `staff` or `double_opt_in`.
    #[schema(value_type = String)]
    source: &'static str,
    /// In which words.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// What proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
}

impl ConsentView {
    /// How a row looks in an answer.
    pub fn of(number: Option<String>, entry: Entry) -> Self {
        Self {
            number,
            purpose: entry.purpose.as_str(),
            word: entry.word.as_str(),
            scope: entry.scope,
            at: entry.at.to_string(),
            source: entry.source.as_str(),
            words: entry.words,
            proof: entry.proof,
        }
    }
}

/// A page of the ledger; for one number also what holds for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentPage {
    /// What holds for each purpose; only when one number was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standings: Vec<StandingView>,
    /// What keeps messages to it back; only when one number was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<SuppressionView>,
    /// The rows: of one number the oldest first, of all the newest first.
    ledger: Vec<ConsentView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Shows the ledger, or all that holds for one number.
#[utoipa::path(
    get, path = "/v1/consents", tag = "consent", params(ConsentQuery), security(("token" = ["consents:read"])),
    responses(
        (status = 200, description = "Rows of the ledger", body = ConsentPage),
        (status = 400, description = "A filter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_consents(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(&headers, Scope::ConsentsRead, now).await?;
    let asked: ConsentQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let before: Option<i64> = query::parse("cursor", asked.cursor.as_deref())?;
    let at = query::parse("at", asked.at.as_deref())?.unwrap_or(now);
    let Some(number) = asked.number.as_deref().map(|text| api.number_in_query(text)).transpose()? else {
        let rows = api.backend().read(move |connection| consent::list(connection, before, limit)).await?;
        let next = (rows.len() == limit).then(|| rows.last().map(|(id, ..)| id.to_string())).flatten();
        let ledger = rows.into_iter().map(|(_, number, entry)| ConsentView::of(number, entry)).collect();
        return Ok(json(
            StatusCode::OK,
            &ConsentPage { standings: Vec::new(), suppressions: Vec::new(), ledger, next },
        ));
    };
    let whose = number.clone();
    let (entries, held) = api
        .backend()
        .read(move |connection| {
            let person = person_of(connection, &whose)?;
            Ok((consent::of(connection, person)?, suppression::of(connection, person)?))
        })
        .await?;
    let standings = Purpose::ALL.iter().map(|purpose| (*purpose, standing(&entries, *purpose, None, at)));
    let page = ConsentPage {
        standings: standings.map(|(purpose, said)| StandingView::of(&number, purpose, said)).collect(),
        suppressions: held.into_iter().map(SuppressionView::of).collect(),
        ledger: entries.into_iter().map(|entry| ConsentView::of(Some(number.to_string()), entry)).collect(),
        next: None,
    };
    Ok(json(StatusCode::OK, &page))
}
