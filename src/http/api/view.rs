//! What messages look like in answers.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{InboundMessage, MessageId, Sender, State};
use crate::store::event::Event;
use crate::store::message::View;
use crate::store::submission::Submission;

/// A message and where it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// `scheduled`, `queued`, `leased`, `sent`, `delivered`, `partially_delivered`, `undelivered`, `failed`,
    /// `expired`, `canceled`, `blocked` or `uncertain`.
    #[schema(value_type = String)]
    pub state: &'static str,
    /// The recipient.
    pub to: String,
    /// The sender, unless it is the link's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The text as posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The data of a data message in base64, without header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// `otp`, `transactional` or `marketing`.
    #[schema(value_type = String)]
    pub class: &'static str,
    /// The route that carries it.
    pub route: String,
    /// How many segments it has.
    pub segments: usize,
    /// `gsm7`, `ucs2`, `binary`, `latin1` or `euc-kr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub alphabet: Option<&'static str>,
    /// The tool's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// Values for the carrier's per-message TLVs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Where changes are posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// `hold` or `resend`.
    #[schema(value_type = String)]
    pub on_doubt: &'static str,
    /// How often it was given to a link.
    pub attempts: u32,
    /// How often nobody could tell whether it was sent.
    pub doubts: u32,
    /// The link that has or had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was accepted.
    #[schema(format = DateTime)]
    pub accepted_at: String,
    /// When it is due, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// Whether it is held because the database was put back: it waits for `POST /v1/restore/release`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// After this it is not worth sending.
    #[schema(format = DateTime)]
    pub valid_until: String,
    /// When its state last changed.
    #[schema(format = DateTime)]
    pub changed_at: String,
}

impl MessageView {
    /// How `view` looks in an answer.
    pub fn of(view: View) -> Self {
        let encoded = view.encoded.as_ref();
        // A message without a text is data: its octets are what the segments carry, one after the other.
        let data = encoded.filter(|_| view.body.is_none()).map(|encoded| STANDARD.encode(encoded.segments.concat()));
        Self {
            id: view.head.id.to_string(),
            state: view.head.state.as_str(),
            to: view.head.recipient.to_string(),
            from: view.sender,
            data,
            text: view.body,
            class: view.head.class.as_str(),
            route: view.route,
            segments: view.head.segments,
            alphabet: encoded.map(|encoded| encoded.alphabet.as_str()),
            reference: view.head.reference,
            tags: view.tags,
            parameters: view.parameters,
            callback: view.head.callback,
            on_doubt: view.head.on_doubt.as_str(),
            attempts: view.head.attempt,
            doubts: view.head.doubts,
            link: view.head.link,
            accepted_at: view.head.id.given_at().to_string(),
            due_at: view.due_at.map(|at| at.to_string()),
            held: view.held,
            valid_until: view.head.valid_until.to_string(),
            changed_at: view.changed_at.to_string(),
        }
    }
}

/// A message with everything that happened to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageWithTimeline)]
pub struct TimelineView {
    /// The message.
    #[serde(flatten)]
    pub message: MessageView,
    /// What happened, oldest first.
    pub timeline: Vec<EventView>,
    /// What became of each segment each time it was sent.
    pub submissions: Vec<SubmissionView>,
}

/// One line of a timeline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// The message's state from then on.
    #[schema(value_type = String)]
    state: &'static str,
    /// The link concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// What happened, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl EventView {
    /// The first line of every timeline. Accepting writes no row for it: the id tells when it was.
    pub fn accepted(id: MessageId, now: State, untouched: bool) -> Self {
        let state = if untouched && now == State::Scheduled { State::Scheduled } else { State::Queued };
        Self { at: id.given_at().to_string(), state: state.as_str(), link: None, note: Some("accepted".to_owned()) }
    }
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self { at: event.at.to_string(), state: event.state.as_str(), link: event.link, note: event.note }
    }
}

/// One segment, sent once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submission)]
pub struct SubmissionView {
    /// Which segment, from 1.
    segment: u16,
    /// Which attempt, from 1.
    attempt: u32,
    /// Where this copy stands.
    #[schema(value_type = String)]
    state: &'static str,
    /// The link that carried it.
    link: String,
    /// When that last changed.
    #[schema(format = DateTime)]
    at: String,
    /// The carrier's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier_id: Option<String>,
    /// The carrier's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    /// What happened, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<Submission> for SubmissionView {
    fn from(row: Submission) -> Self {
        Self {
            segment: u16::from(row.segment) + 1,
            attempt: row.attempt,
            state: row.state.as_str(),
            link: row.link,
            at: row.at.to_string(),
            carrier_id: row.carrier_id,
            code: row.code,
            note: row.note,
        }
    }
}

/// A message that came in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Inbound)]
pub struct InboundView {
    /// Its id.
    pub id: String,
    /// Who sent it.
    pub from: String,
    /// Our number or short code.
    pub to: String,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The data of a data message, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The link that it came in on.
    pub link: String,
    /// When it was complete.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// When it was sent, by the network's clock; absent if the network gave no time that can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub sent_at: Option<String>,
    /// Whether it was sent more than an hour before it came: nothing answered it by itself. Absent if not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub old: bool,
    /// How many parts it had.
    pub parts: u8,
    /// How many of them came.
    pub parts_came: u8,
}

impl From<InboundMessage> for InboundView {
    fn from(message: InboundMessage) -> Self {
        let text_of = |sender: &Sender| sender.as_str().to_owned();
        Self {
            sent_at: message.sent_at.map(|at| at.to_string()),
            old: message.is_old(),
            id: message.id.to_string(),
            from: text_of(&message.from),
            to: text_of(&message.to),
            text: message.text,
            data: message.data.map(|data| STANDARD.encode(data)),
            link: message.link,
            received_at: message.received_at.to_string(),
            parts: message.parts.0,
            parts_came: message.parts.1,
        }
    }
}
