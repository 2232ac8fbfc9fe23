//! The one place where a message's state changes: row, timeline, count and callback in one transaction.

use std::time::Duration;

use super::notify;
use super::{Receipts, Settings, Turn};
use crate::model::{State, Timestamp};
use crate::policy::limits;
use crate::store::campaign::point as contact_point;
use crate::store::message::{self, Head};
use crate::store::{StoreError, event};

/// A change of state and what is said about it on the timeline.
#[derive(Debug, Clone, Copy, Default)]
pub struct Step<'a> {
    /// When the message is due, for `scheduled` and `queued`.
    pub due_at: Option<Timestamp>,
    /// The link concerned.
    pub link: Option<&'a str>,
    /// What happened, for people.
    pub note: Option<&'a str>,
}

/// Brings `head` into state `to`.
pub fn enter(turn: &Turn<'_>, head: &mut Head, to: State, step: Step<'_>) -> Result<(), StoreError> {
    let was = head.state;
    head.state = to;
    event::add(turn.tx, head.id, head.events, turn.now, to, step.link, step.note)?;
    head.events += 1;
    message::save(turn.tx, was, head, step.due_at, timer(turn, head), turn.now)?;
    if matches!(to, State::Scheduled | State::Queued) {
        turn.wake_dispatch();
    }
    if was != to {
        contact_point::message_changed(turn.tx, &head.recipient, to, turn.now)?;
        notify::state_changed(turn, head, step.note)?;
    }
    Ok(())
}

/// Adds a line to the timeline without a change of state.
pub fn remark(turn: &Turn<'_>, head: &mut Head, link: Option<&str>, note: &str) -> Result<(), StoreError> {
    event::add(turn.tx, head.id, head.events, turn.now, head.state, link, Some(note))?;
    head.events += 1;
    message::save_events(turn.tx, head.id, head.events)
}

/// When somebody has to look at a message in this state though nothing happened.
fn timer(turn: &Turn<'_>, head: &Head) -> Timestamp {
    let settings = turn.settings;
    match head.state {
        State::Scheduled | State::Queued => head.valid_until,
        State::Leased => turn.now.plus(lease_max(head)),
        State::Sent if reports(settings, head) => head.valid_until.max(turn.now).plus(settings.report_wait),
        State::Sent
        | State::Delivered
        | State::PartiallyDelivered
        | State::Undelivered
        | State::Failed
        | State::Expired
        | State::Canceled
        | State::Blocked
        | State::Uncertain => turn.now.plus(settings.keep_for),
    }
}

/// How long a lease of this message lasts at most.
pub fn lease_max(head: &Head) -> Duration {
    limits::lease_max(head.segments, head.sim.is_some())
}

/// Whether a receipt is expected for a message that was sent.
pub fn reports(settings: &Settings, head: &Head) -> bool {
    let group = head.link.as_deref().map(Settings::group_of).and_then(|name| settings.group(name));
    group.is_none_or(|group| group.receipts != Receipts::None)
}
