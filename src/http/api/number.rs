//! `/v1/numbers/{number}`: all that is known of a number, shown or erased.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::{PhoneNumber, Timestamp};
use crate::pipeline::Turn;
use crate::pipeline::consent as gate;
use crate::store::StoreError;
use crate::store::campaign::run::recipient;
use crate::store::campaign::{contact, enrolment, event, live, point};

use super::consent::ConsentView;
use super::conversation::{ConversationView, NoteView};
use super::suppression::SuppressionView;
use super::survey::RunView;
use super::{Api, InboundView, MessageView, contact_view, json, short_link, workflow};

/// The most events that an export shows.
const EVENTS_MAX: usize = 10_000;
/// The most enrolments that an export shows.
const ENROLMENTS_MAX: usize = 1_000;

/// The number in a path; what is no text is no number.
type PathNumber = Result<Path<String>, PathRejection>;

/// All that is known of a number.
#[derive(Debug, Serialize, ToSchema)]
pub struct Export {
    /// The number.
    number: String,
    /// When this was put together.
    #[schema(format = DateTime)]
    exported_at: String,
    /// The contact, with what it did, newest first and 10,000 at most, the data points that follow from it, and its links
    /// with the clicks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    contact: Option<Value>,
    /// What was agreed to and refused, oldest first.
    consents: Vec<ConsentView>,
    /// What keeps messages back.
    suppressions: Vec<SuppressionView>,
    /// Messages to it with their texts, newest first; 10,000 at most.
    messages: Vec<MessageView>,
    /// Messages from it with their texts, newest first; 10,000 at most.
    inbound: Vec<InboundView>,
    /// The conversation, with the shop's notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationView>,
    /// The shop's notes about it, newest first.
    notes: Vec<NoteView>,
    /// What it was asked in surveys and answered, newest first.
    surveys: Vec<RunView>,
    /// The contests that it entered.
    contests: Vec<TicketView>,
}

/// An entry of a contest.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    /// The contest.
    contest: String,
    /// The ticket.
    ticket: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

/// Shows all that is known of a number. The token needs `consents:read`, `messages:read` and `inbound:read`.
#[utoipa::path(
    get, path = "/v1/numbers/{number}/export", tag = "consent", security(("token" = ["consents:read", "messages:read", "inbound:read"])),
    params(("number" = String, Path, description = "The number, with country code")),
    responses(
        (status = 200, description = "All that is known of it", body = Export),
        (status = 404, description = "It is no number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn export_number(
    State(api): State<Api>,
    number: PathNumber,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = api.now();
    for scope in [Scope::ConsentsRead, Scope::MessagesRead, Scope::InboundRead] {
        api.authorize(&headers, scope, now).await?;
    }
    let number = api.number_in_path(number)?;
    let whose = number.clone();
    let (known, contact) = api
        .backend()
        .read(move |connection| Ok((gate::known(connection, &whose)?, contact_of(connection, &whose, now)?)))
        .await?;
    let shown = Some(number.to_string());
    let export = Export {
        number: number.to_string(),
        exported_at: now.to_string(),
        contact,
        consents: known.consents.into_iter().map(|entry| ConsentView::of(shown.clone(), entry)).collect(),
        suppressions: known.suppressions.into_iter().map(SuppressionView::of).collect(),
        messages: known.messages.into_iter().map(MessageView::of).collect(),
        inbound: known.inbound.into_iter().map(InboundView::from).collect(),
        conversation: known.talk.conversation.map(|one| ConversationView::of(one, None)),
        notes: known.talk.notes.into_iter().map(NoteView::from).collect(),
        surveys: known.talk.surveys.into_iter().map(|run| RunView::of(run, shown.clone())).collect(),
        contests: known
            .talk
            .contests
            .into_iter()
            .map(|(contest, ticket, at)| TicketView { contest, ticket: ticket.to_string(), at: at.to_string() })
            .collect(),
    };
    Ok(json(StatusCode::OK, &export))
}

/// The contact of this number with its events and data points.
fn contact_of(connection: &Connection, number: &PhoneNumber, now: Timestamp) -> Result<Option<Value>, StoreError> {
    let Some(stored) = contact::find(connection, number)? else { return Ok(None) };
    let mut fields = contact_view::contact(&stored);
    let points = contact_view::points(&stored, &point::of(connection, stored.id)?, now);
    fields.insert("points".to_owned(), Value::Object(points));
    let campaigns = recipient::of_contact(connection, stored.id)?.into_iter().map(|(name, taken)| {
        serde_json::json!({ "campaign": name, "variant": taken.part, "state": taken.state, "reason": taken.reason,
            "turn_at": taken.turn_at.to_string() })
    });
    fields.insert("campaigns".to_owned(), Value::Array(campaigns.collect()));
    let events = event::of(connection, stored.id, EVENTS_MAX)?.into_iter().map(Value::Object);
    fields.insert("events".to_owned(), Value::Array(events.collect()));
    let links = short_link::of_contact(connection, stored.id, number)?;
    fields.insert("links".to_owned(), serde_json::to_value(links).unwrap_or_default());
    let segments = live::of(connection, stored.id)?.into_iter();
    let segments = segments.map(|(name, since)| serde_json::json!({ "name": name, "since": since.to_string() }));
    fields.insert("segments".to_owned(), Value::Array(segments.collect()));
    let filter = enrolment::Filter { contact: Some(stored.id), ..enrolment::Filter::default() };
    let (enrolments, _) = enrolment::list(connection, &filter, ENROLMENTS_MAX)?;
    let enrolments = enrolments.iter().map(|one| workflow::enrolment_json(connection, one, number.as_str()));
    fields.insert("enrolments".to_owned(), Value::Array(enrolments.collect::<Result<_, _>>()?));
    Ok(Some(Value::Object(fields)))
}

/// What an erasure did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erased)]
pub struct ErasedView {
    /// Messages to the number that are gone.
    messages: usize,
    /// Messages from it that are gone.
    inbound: usize,
    /// Whether there was a contact; it is gone with its events and data points.
    contact: bool,
    /// Rows of the ledger that lost number, words and proof.
    consents: usize,
    /// Suppressions that stay, as a hash.
    suppressions: usize,
    /// Messages on their way. They must settle first: ask again in a minute.
    on_their_way: usize,
}

/// Erases all that is known of a number. What waits for it is withdrawn; a suppression stays, as a hash.
#[utoipa::path(
    delete, path = "/v1/numbers/{number}", tag = "consent", security(("token" = ["consents:write"])),
    params(("number" = String, Path, description = "The number, with country code")),
    responses(
        (status = 200, description = "It is erased, but for messages on their way", body = ErasedView),
        (status = 404, description = "It is no number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn erase_number(State(api): State<Api>, number: PathNumber, headers: HeaderMap) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(&headers, Scope::ConsentsWrite, now).await?;
    let number = api.number_in_path(number)?;
    let mut view =
        ErasedView { messages: 0, inbound: 0, contact: false, consents: 0, suppressions: 0, on_their_way: 0 };
    loop {
        let erased = erase_some(&api, number.clone()).await?;
        view.messages += erased.messages;
        view.inbound += erased.inbound;
        view.contact |= erased.contact;
        (view.consents, view.suppressions) = (erased.consents, erased.suppressions);
        view.on_their_way = erased.on_their_way;
        // What is left may all be on its way; then asking again at once helps nobody.
        if !erased.more || erased.messages + erased.inbound == 0 {
            break;
        }
    }
    Ok(json(StatusCode::OK, &view))
}

async fn erase_some(api: &Api, number: PhoneNumber) -> Result<gate::Erased, Problem> {
    let (settings, now) = (api.0.surroundings.settings(), api.now());
    let (erased, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            Ok((gate::erase(&turn, &number)?, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    Ok(erased)
}
