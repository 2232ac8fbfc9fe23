//! `POST /v1/events`: what contacts did, one by one and many at once, each once by its id.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::campaign::event::Event;
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::store::StoreError;
use crate::store::campaign::event::{self, Recorded};

use super::contact::{chunks, entries};
use super::contact_view::errors;
use super::{Api, json};

/// Something that a contact did, or that happened to an order.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct EventRequest {
    /// The sender's own id: a second event of the same type with it changes nothing.
    id: Option<String>,
    /// `purchase`, `cart_updated`, `order_shipped`, `visit`, `points_changed` or any other word.
    #[serde(rename = "type")]
    #[schema(example = "purchase")]
    kind: String,
    /// The contact's number; a contact is made if there is none.
    #[schema(example = "+821012345678")]
    contact: String,
    /// When it happened; now if absent.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// What it was worth.
    amount: Option<f64>,
    /// The currency of all amounts: three letters.
    #[schema(example = "KRW")]
    currency: Option<String>,
    /// What it was about.
    products: Option<Vec<ProductRequest>>,
    /// Everything else: texts, numbers, true or false.
    #[schema(value_type = Option<Object>)]
    properties: Option<Value>,
}

/// A product in an event.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct ProductRequest {
    /// The shop's own id.
    id: Option<String>,
    /// Its name, as customers read it.
    name: Option<String>,
    /// Its category.
    category: Option<String>,
    /// The price of one.
    price: Option<f64>,
    /// How many; 1 if absent.
    quantity: Option<u32>,
    /// Its page.
    url: Option<String>,
}

/// One event, or an array of up to 10,000.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub enum EventRequests {
    /// One.
    One(Box<EventRequest>),
    /// Many.
    Many(Vec<EventRequest>),
}

/// What became of the events of a request.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct RecordedView {
    /// How many are new.
    recorded: usize,
    /// How many came before and changed nothing.
    repeated: usize,
    /// What is wrong with the others; their places are counted from 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// Records events. The data points of the contacts follow in the same transaction. Of an array, the good ones are taken
/// even when others are wrong.
#[utoipa::path(
    post, path = "/v1/events", tag = "contacts", security(("token" = ["events:write"])),
    request_body(content = EventRequests, content_type = "application/json"),
    responses(
        (status = 200, description = "At least one was taken, or came before", body = RecordedView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "None was taken; each mistake is named", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_events(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::EventsWrite, now).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let mut view = RecordedView::default();
    let mut events = Vec::new();
    for (_, prefix, entry) in entries(&read.bytes)? {
        match Event::from_json(&entry, api.0.defaults.country, now) {
            Ok(event) => events.push(event),
            Err(faults) => view.errors.extend(errors(faults, &prefix)),
        }
    }
    drop(read);
    for chunk in chunks(events) {
        let record = move |tx: &crate::store::Tx<'_>| {
            chunk.iter().map(|event| event::record(tx, event, now)).collect::<Result<Vec<_>, StoreError>>()
        };
        for recorded in api.backend().write(record).await? {
            match recorded {
                Recorded::New => view.recorded += 1,
                Recorded::Repeated => view.repeated += 1,
            }
        }
    }
    if view.recorded > 0 {
        api.wake_steps();
    }
    if view.recorded + view.repeated == 0 {
        let detail = view.errors.first().map_or_else(String::new, |error| error.detail.clone());
        return Err(Problem::fields("invalid_event", detail, view.errors));
    }
    Ok(json(StatusCode::OK, &view))
}
