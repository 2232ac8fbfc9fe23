//! Puts what a tool is to be told into rows, and records how the telling went.

use serde::Serialize;
use serde_json::Value;

use super::Turn;
use super::consent::Opinion;
use super::parts::Parts;
use super::targets::take_in_turn;
use crate::campaign::consent::Standing;
use crate::model::{InboundMessage, MessageId, PhoneNumber, State, Timestamp};
use crate::policy::callback_targets::Round;
use crate::store::StoreError;
use crate::store::callback::{self, Callback, Ending};
use crate::store::consent_due::Task;
use crate::store::message::Head;

/// How many unfinished callbacks one transaction looks at when the daemon starts.
const OWED_MAX: usize = 2000;

#[derive(Serialize)]
struct Notice<'a, T> {
    r#type: &'a str,
    timestamp: String,
    data: T,
}

#[derive(Serialize)]
struct StateData<'a> {
    id: String,
    state: &'a str,
    to: &'a str,
    class: &'a str,
    segments: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a serde_json::value::RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartData>,
}

#[derive(Serialize)]
struct PartData {
    segment: u8,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct InboundData<'a> {
    id: String,
    from: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    link: &'a str,
    parts: u8,
    parts_received: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    old: bool,
    #[serde(flatten)]
    heard: Heard,
}

/// What was heard in an incoming message.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Heard {
    /// The keyword that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword: Option<&'static str>,
    /// No keyword, but a person should read whether it means stop.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub looks_like_stop: bool,
}

#[derive(Serialize)]
struct ConsentData<'a> {
    number: &'a str,
    purpose: &'a str,
    /// What was said.
    word: &'a str,
    /// What holds for the purpose now.
    standing: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    at: String,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inbound: Option<String>,
}

#[derive(Serialize)]
struct DueData<'a> {
    number: &'a str,
    kind: &'a str,
    said_at: String,
    due_at: String,
}

/// Queues the callback of a change of state, if the message has a target and the state is one that is told.
pub fn state_changed(turn: &Turn<'_>, head: &Head, reason: Option<&str>) -> Result<(), StoreError> {
    let Some(target) = head.callback.as_deref() else { return Ok(()) };
    if !turn.settings.callback_states.contains(&head.state) {
        return Ok(());
    }
    let parts = if head.segments > 1 && head.state.is_final() { parts(turn, head)? } else { Vec::new() };
    let data = StateData {
        id: head.id.to_string(),
        state: head.state.as_str(),
        to: head.recipient.as_str(),
        class: head.class.as_str(),
        segments: head.segments,
        reference: head.reference.as_deref(),
        tags: head.tags.as_deref().and_then(|json| serde_json::from_str(json).ok()),
        link: head.link.as_deref(),
        reason,
        parts,
    };
    let kind = format!("message.{}", head.state);
    let body = Notice { r#type: &kind, timestamp: turn.now.to_string(), data };
    queue(turn, head.id, target, &body)
}

/// What became of each segment of a long message: the last word on each.
fn parts(turn: &Turn<'_>, head: &Head) -> Result<Vec<PartData>, StoreError> {
    let all = Parts::load(turn, head)?;
    let reason =
        |segment: u8| all.rows.iter().rev().find(|row| row.segment == segment).and_then(|row| row.note.clone());
    Ok((0_u8..)
        .zip(all.states())
        .map(|(segment, state)| PartData { segment: segment + 1, state: state.as_str(), reason: reason(segment) })
        .collect())
}

/// Queues the callback of an incoming message, if there is a target for them.
pub fn received(turn: &Turn<'_>, message: &InboundMessage, heard: Heard) -> Result<(), StoreError> {
    use base64::Engine;
    let Some(target) = turn.settings.inbound_target.as_deref() else { return Ok(()) };
    let data = InboundData {
        id: message.id.to_string(),
        from: message.from.as_str(),
        to: message.to.as_str(),
        text: message.text.as_deref(),
        data: message.data.as_ref().map(|octets| base64::engine::general_purpose::STANDARD.encode(octets)),
        link: &message.link,
        parts: message.parts.0,
        parts_received: message.parts.1,
        sent_at: message.sent_at.map(|at| at.to_string()),
        old: message.is_old(),
        heard,
    };
    queue(turn, message.id, target, &Notice { r#type: "inbound.received", timestamp: turn.now.to_string(), data })
}

/// Adds to the callback of an incoming message who took it and how the conversation stands, which is known last.
///
/// # Errors
/// The store's own.
pub fn taken(turn: &Turn<'_>, message: MessageId, taken: Value, conversation: Value) -> Result<(), StoreError> {
    callback::reword(turn.tx, message, |body| {
        let wrong = |error: serde_json::Error| StoreError::Row(format!("callback of {message}: {error}"));
        let mut body: Value = serde_json::from_str(body).map_err(wrong)?;
        if let Some(Value::Object(data)) = body.get_mut("data") {
            data.insert("taken".to_owned(), taken);
            data.insert("conversation".to_owned(), conversation);
        }
        serde_json::to_string(&body).map_err(wrong)
    })
}

/// Queues the callback of a consent that was given or withdrawn, where incoming messages are told.
pub fn consent_changed(
    turn: &Turn<'_>,
    number: &PhoneNumber,
    opinion: &Opinion,
    standing: Standing,
) -> Result<(), StoreError> {
    let Some(target) = people_target(turn) else { return Ok(()) };
    let entry = &opinion.entry;
    let data = ConsentData {
        number: number.as_str(),
        purpose: entry.purpose.as_str(),
        word: entry.word.as_str(),
        standing: standing.as_str(),
        scope: entry.scope.as_deref(),
        at: entry.at.to_string(),
        source: entry.source.as_str(),
        words: entry.words.as_deref(),
        inbound: opinion.inbound.map(|id| id.to_string()),
    };
    // A change that came in a message is told after that message; any other has an id of its own.
    let id = opinion.inbound.unwrap_or_else(|| turn.tx.next_id(turn.now));
    queue(turn, id, target, &Notice { r#type: "consent.changed", timestamp: turn.now.to_string(), data })
}

/// Queues the callback of a notice that the law asks for.
pub fn consent_due(turn: &Turn<'_>, task: &Task) -> Result<(), StoreError> {
    let Some(target) = people_target(turn) else { return Ok(()) };
    let data = DueData {
        number: task.number.as_str(),
        kind: task.kind.as_str(),
        said_at: task.said_at.to_string(),
        due_at: task.due_at.to_string(),
    };
    let id = turn.tx.next_id(turn.now);
    queue(turn, id, target, &Notice { r#type: "consent.due", timestamp: turn.now.to_string(), data })
}

/// Queues a callback of another kind, where is told what people did. Says whether there is a target for it.
///
/// # Errors
/// The store's own.
pub(super) fn tell<T: Serialize>(turn: &Turn<'_>, kind: &str, data: T) -> Result<bool, StoreError> {
    let Some(target) = people_target(turn) else { return Ok(false) };
    let id = turn.tx.next_id(turn.now);
    queue(turn, id, target, &Notice { r#type: kind, timestamp: turn.now.to_string(), data })?;
    Ok(true)
}

/// Queues a callback about a conversation, a service, a survey or a contest, where incoming messages are told. One about an
/// incoming message is told after that message.
///
/// # Errors
/// The store's own.
pub fn talk<T: Serialize>(turn: &Turn<'_>, about: Option<MessageId>, kind: &str, data: &T) -> Result<(), StoreError> {
    let Some(target) = people_target(turn) else { return Ok(()) };
    let id = about.unwrap_or_else(|| turn.tx.next_id(turn.now));
    queue(turn, id, target, &Notice { r#type: kind, timestamp: turn.now.to_string(), data })
}

/// Where is told what people said.
fn people_target<'a>(turn: &Turn<'a>) -> Option<&'a str> {
    turn.settings.inbound_target.as_deref().or(turn.settings.callback_target.as_deref())
}

fn queue<T: Serialize>(turn: &Turn<'_>, id: MessageId, target: &str, body: &Notice<'_, T>) -> Result<(), StoreError> {
    let body = serde_json::to_string(body).map_err(|error| StoreError::Row(format!("callback of {id}: {error}")))?;
    callback::add(turn.tx, id, target, &body, turn.now)?;
    turn.wake_callbacks();
    Ok(())
}

/// Takes up to `limit` callbacks that are due, whatever their targets, and says when the next one is.
///
/// # Errors
/// The store's own.
pub fn take(turn: &Turn<'_>, limit: usize) -> Result<(Vec<Callback>, Option<Timestamp>), StoreError> {
    let taken = take_in_turn(turn, &mut Round::of(limit), "")?;
    Ok((taken.callbacks, taken.next_at))
}

/// Records how the tries of several callbacks ended.
///
/// # Errors
/// The store's own.
pub fn record(turn: &Turn<'_>, endings: &[(Callback, Ending, String)]) -> Result<(), StoreError> {
    endings.iter().try_for_each(|(callback, ending, note)| callback::record(turn.tx, callback, ending, note, turn.now))
}

/// Makes the callbacks that a stopped process still owed due at once, in order for each message, a bounded number behind
/// `after` in one transaction. Returns how many became due, and where the next piece begins.
///
/// # Errors
/// The store's own.
pub fn release_owed(
    turn: &Turn<'_>,
    after: Option<callback::Place>,
) -> Result<(usize, Option<callback::Place>), StoreError> {
    callback::release_owed(turn.tx, turn.now, after, OWED_MAX)
}

/// Whether entering `state` can be told to tools at all.
pub fn can_be_told(state: State) -> bool {
    state != State::Leased
}
