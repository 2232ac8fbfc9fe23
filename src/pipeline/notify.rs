//! Puts what a tool is to be told into rows, and records how the telling went.

use std::time::Duration;

use serde::Serialize;

use super::Turn;
use crate::model::{InboundMessage, State, Timestamp};
use crate::store::callback::{self, Callback, Ending};
use crate::store::message::Head;
use crate::store::{StoreError, submission};

/// How long a taken callback is not taken again; longer than any try may last.
const TAKEN_FOR: Duration = Duration::from_secs(300);

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
    let rows = submission::of_message(turn.tx, head.id)?;
    let states = super::settle::segment_states(&rows, head.segments);
    let reason = |segment: u8| rows.iter().rev().find(|row| row.segment == segment).and_then(|row| row.note.clone());
    Ok((0_u8..)
        .zip(states)
        .map(|(segment, state)| PartData { segment: segment + 1, state: state.as_str(), reason: reason(segment) })
        .collect())
}

/// Queues the callback of an incoming message, if there is a target for them.
pub fn received(turn: &Turn<'_>, message: &InboundMessage) -> Result<(), StoreError> {
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
    };
    queue(turn, message.id, target, &Notice { r#type: "inbound.received", timestamp: turn.now.to_string(), data })
}

fn queue<T: Serialize>(
    turn: &Turn<'_>,
    id: crate::model::MessageId,
    target: &str,
    body: &Notice<'_, T>,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(body).map_err(|error| StoreError::Row(format!("callback of {id}: {error}")))?;
    callback::add(turn.tx, id, target, &body, turn.now)?;
    turn.wake_callbacks();
    Ok(())
}

/// Takes the callbacks that are due, and says when the next one is.
///
/// # Errors
/// The store's own.
pub fn take(turn: &Turn<'_>, limit: usize) -> Result<(Vec<Callback>, Option<Timestamp>), StoreError> {
    let due = callback::take_due(turn.tx, turn.now, turn.now.plus(TAKEN_FOR), limit)?;
    Ok((due, callback::next_due(turn.tx)?))
}

/// Records how the tries of several callbacks ended.
///
/// # Errors
/// The store's own.
pub fn record(turn: &Turn<'_>, endings: &[(Callback, Ending, String)]) -> Result<(), StoreError> {
    endings.iter().try_for_each(|(callback, ending, note)| callback::record(turn.tx, callback, ending, note, turn.now))
}

/// Makes every callback that a stopped process had taken due again.
///
/// # Errors
/// The store's own.
pub fn release_taken(turn: &Turn<'_>) -> Result<usize, StoreError> {
    callback::release_taken(turn.tx, turn.now, turn.now.plus(TAKEN_FOR))
}

/// Whether entering `state` can be told to tools at all.
pub fn can_be_told(state: State) -> bool {
    state != State::Leased
}
