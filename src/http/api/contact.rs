//! `/v1/contacts`: contacts, one by one and many at once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::campaign::contact::{ContactChange, read_number};
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::request::not_json;
use crate::http::settings::MESSAGES_MAX;
use crate::http::token::Scope;
use crate::model::PhoneNumber;
use crate::store::campaign::contact::{self, Filter, Upserted};
use crate::store::campaign::{event, point};

use super::contact_view::{self, errors, refused};
use super::{Api, json, query};

/// The newest events that a contact is shown with.
const EVENTS_SHOWN: usize = 20;
/// Writes of this many contacts share one transaction: a larger one would hold up the sending of messages.
pub(super) const CHUNK: usize = 500;

type PathId = Result<Path<String>, PathRejection>;

/// A contact to make or to change: what is named changes, what is not named stays, `null` takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct ContactRequest {
    /// The number, by which contacts are told apart.
    #[schema(example = "+821012345678")]
    number: Option<String>,
    /// The name as it is written.
    name: Option<String>,
    /// What the contact reads.
    #[schema(example = "ko-KR")]
    locale: Option<String>,
    /// The contact's time zone; without one that of the number's country counts.
    #[schema(example = "Asia/Seoul")]
    time_zone: Option<String>,
    /// The shop's own fields: numbers, texts, days like `2026-11-22`, true or false, arrays of texts.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Value>,
    /// All tags from now on.
    tags: Option<Vec<String>>,
    /// Further tags.
    add_tags: Option<Vec<String>>,
    /// Tags that go.
    remove_tags: Option<Vec<String>>,
    /// All lists from now on.
    lists: Option<Vec<String>>,
    /// Further lists.
    add_lists: Option<Vec<String>>,
    /// Lists that the contact leaves.
    remove_lists: Option<Vec<String>>,
}

/// One contact, or an array of up to 10,000.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub enum ContactRequests {
    /// One.
    One(Box<ContactRequest>),
    /// Many.
    Many(Vec<ContactRequest>),
}

/// What became of the contacts of a request.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct UpsertView {
    /// How many are new.
    created: usize,
    /// How many changed.
    changed: usize,
    /// How many were like that already.
    unchanged: usize,
    /// What is wrong with the others; their places are counted from 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

impl UpsertView {
    fn count(&mut self, upserted: Upserted) {
        match upserted {
            Upserted::Created => self.created += 1,
            Upserted::Changed => self.changed += 1,
            Upserted::Unchanged => self.unchanged += 1,
        }
    }

    fn done(&self) -> usize {
        self.created + self.changed + self.unchanged
    }
}

/// Makes or changes contacts. Of an array, the good ones are taken even when others are wrong.
#[utoipa::path(
    post, path = "/v1/contacts", tag = "contacts", security(("token" = ["contacts:write"])),
    request_body(content = ContactRequests, content_type = "application/json"),
    responses(
        (status = 200, description = "At least one was taken", body = UpsertView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "None was taken; each mistake is named", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_contacts(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::ContactsWrite, now).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let entries = entries(&read.bytes)?;
    let mut view = UpsertView::default();
    let mut changes = Vec::with_capacity(entries.len());
    for (place, prefix, entry) in &entries {
        match ContactChange::from_json(entry, None, api.0.defaults.country) {
            Ok(change) => changes.push((*place, change)),
            Err(faults) => view.errors.extend(errors(faults, prefix)),
        }
    }
    let many = entries.len() != 1 || entries.first().is_some_and(|(_, prefix, _)| !prefix.is_empty());
    drop(entries);
    for chunk in chunks(changes) {
        let outcomes = api
            .backend()
            .write(move |tx| {
                chunk.iter().map(|(place, change)| Ok((*place, contact::upsert(tx, change, now)?))).collect()
            })
            .await?;
        let outcomes: Vec<(usize, Result<Upserted, _>)> = outcomes;
        for (place, outcome) in outcomes {
            match outcome {
                Ok(upserted) => view.count(upserted),
                Err(fault) => {
                    view.errors.extend(errors(vec![fault], &if many { format!("/{place}") } else { String::new() }));
                }
            }
        }
    }
    if view.created + view.changed > 0 {
        api.wake_steps();
    }
    if view.done() == 0 && !view.errors.is_empty() {
        let detail = view.errors.first().map_or_else(String::new, |error| error.detail.clone());
        return Err(Problem::fields("invalid_contact", detail, view.errors));
    }
    Ok(json(StatusCode::OK, &view))
}

/// The entries of a body that is one object or an array, with their places and the pointers to them.
pub(super) fn entries(body: &[u8]) -> Result<Vec<(usize, String, Value)>, Problem> {
    match serde_json::from_slice(body).map_err(|error| not_json(&error))? {
        Value::Array(entries) if entries.is_empty() || entries.len() > MESSAGES_MAX => {
            let detail = format!("an array has 1 to {MESSAGES_MAX} entries, not {}", entries.len());
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_count", detail))
        }
        Value::Array(entries) => {
            Ok(entries.into_iter().enumerate().map(|(place, entry)| (place, format!("/{place}"), entry)).collect())
        }
        one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Ok(vec![(0, String::new(), one)])
        }
    }
}

/// Work in pieces that the writer takes between messages.
pub(super) fn chunks<T>(all: Vec<T>) -> impl Iterator<Item = Arc<Vec<T>>> {
    let mut rest = all.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<T> = rest.by_ref().take(CHUNK).collect();
        (!chunk.is_empty()).then(|| Arc::new(chunk))
    })
}

/// The number in a path.
pub(super) fn number_of(api: &Api, id: PathId) -> Result<PhoneNumber, Problem> {
    let not_found = |detail: String| Problem::not_found(format!("there is no such contact: {detail}"));
    let Path(text) = id.map_err(|error| not_found(error.to_string()))?;
    // Digits alone are a whole number without its plus, which is awkward in paths.
    let with_plus = if text.starts_with(|c: char| c.is_ascii_digit() && c != '0') { format!("+{text}") } else { text };
    read_number(&with_plus, api.0.defaults.country).map_err(|fault| not_found(fault.detail))
}

fn unknown(number: &PhoneNumber) -> Problem {
    Problem::not_found(format!("there is no contact {number}"))
}

/// Makes or changes one contact.
#[utoipa::path(
    put, path = "/v1/contacts/{id}", tag = "contacts", security(("token" = ["contacts:write"])),
    params(("id" = String, Path, description = "The contact's number, with or without plus")),
    request_body(content = ContactRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The contact as it is now", body = Object),
        (status = 201, description = "The new contact", body = Object),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "The path has no number", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong, each named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_contact(State(api): State<Api>, id: PathId, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::ContactsWrite, now).await?;
    let number = number_of(&api, id)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let value: Value = serde_json::from_slice(&read.bytes).map_err(|error| not_json(&error))?;
    let change = ContactChange::from_json(&value, Some(&number), api.0.defaults.country)
        .map_err(|faults| refused("invalid_contact", faults))?;
    let (upserted, stored) = api
        .backend()
        .write(move |tx| {
            let upserted = contact::upsert(tx, &change, now)?;
            Ok((upserted, contact::find(tx.connection(), &change.number)?))
        })
        .await?;
    let upserted = upserted.map_err(|fault| refused("invalid_contact", vec![fault]))?;
    let stored = stored.ok_or_else(|| unknown(&number))?;
    if upserted != Upserted::Unchanged {
        api.wake_steps();
    }
    let status = if upserted == Upserted::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &contact_view::contact(&stored)))
}

/// Shows a contact with its data points and newest events.
#[utoipa::path(
    get, path = "/v1/contacts/{id}", tag = "contacts", security(("token" = ["contacts:read"])),
    params(("id" = String, Path, description = "The contact's number, with or without plus")),
    responses(
        (status = 200, description = "The contact, with `points` and `events`", body = Object),
        (status = 404, description = "There is no such contact", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_contact(State(api): State<Api>, id: PathId, headers: HeaderMap) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(&headers, Scope::ContactsRead, now).await?;
    let number = number_of(&api, id)?;
    let wanted = number.clone();
    let found = api
        .backend()
        .read(move |connection| {
            let Some(stored) = contact::find(connection, &wanted)? else { return Ok(None) };
            let points = point::of(connection, stored.id)?;
            let events = event::of(connection, stored.id, EVENTS_SHOWN)?;
            Ok(Some((stored, points, events)))
        })
        .await?;
    let (stored, points, events) = found.ok_or_else(|| unknown(&number))?;
    let mut view = contact_view::contact(&stored);
    view.insert("points".to_owned(), Value::Object(contact_view::points(&stored, &points, now)));
    view.insert("events".to_owned(), json!(events));
    Ok(json(StatusCode::OK, &view))
}

/// Removes a contact with its events and data points. Opt-outs of the number stay in force.
#[utoipa::path(
    delete, path = "/v1/contacts/{id}", tag = "contacts", security(("token" = ["contacts:write"])),
    params(("id" = String, Path, description = "The contact's number, with or without plus")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such contact", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_contact(State(api): State<Api>, id: PathId, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ContactsWrite, api.now()).await?;
    let number = number_of(&api, id)?;
    let wanted = number.clone();
    if api.backend().write(move |tx| contact::remove(tx, &wanted)).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(unknown(&number))
}

/// Which contacts are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ContactQuery {
    /// Only those with this tag.
    tag: Option<String>,
    /// Only those on this list.
    list: Option<String>,
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A page of contacts, in the order in which they came.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactPage {
    /// The contacts, without data points.
    #[schema(value_type = Vec<Object>)]
    contacts: Vec<serde_json::Map<String, Value>>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists contacts.
#[utoipa::path(
    get, path = "/v1/contacts", tag = "contacts", params(ContactQuery), security(("token" = ["contacts:read"])),
    responses(
        (status = 200, description = "A page of contacts", body = ContactPage),
        (status = 400, description = "A filter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_contacts(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ContactsRead, api.now()).await?;
    let asked: ContactQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let after = query::parse::<i64>("cursor", asked.cursor.as_deref())?.unwrap_or(0);
    let filter = Filter { tag: asked.tag, list: asked.list, after };
    let (stored, next) = api.backend().read(move |connection| contact::list(connection, &filter, limit)).await?;
    let contacts = stored.iter().map(contact_view::contact).collect();
    Ok(json(StatusCode::OK, &ContactPage { contacts, next: next.map(|id| id.to_string()) }))
}
