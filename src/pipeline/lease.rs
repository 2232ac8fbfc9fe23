//! Leases one message to one link: what of it is still to be sent, in that link's form, written before a byte leaves.

use std::sync::Arc;
use std::time::Duration;

use super::change::{self, Step};
use super::settle::segment_states;
use super::{Group, Turn, consent};
use crate::model::{Body, Encoded, LinkName, SegmentTurn, State, Submission, Timestamp};
use crate::policy::throttle::interval;
use crate::store::message::{self, Due};
use crate::store::{StoreError, submission};
use crate::text;

/// Who gets a lease.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTo<'a> {
    /// The link's group.
    pub group: &'a Group,
    /// The group's name.
    pub name: &'a str,
    /// How many links of the group are up: they share its rate.
    pub links: usize,
    /// The link.
    pub link: &'a LinkName,
    /// Its SIM, if it is a modem.
    pub sim: Option<&'a str>,
}

/// Leases `due`, or ends it when it cannot be sent any more. `depart` reserves the departures of so many segments.
pub fn lease(
    turn: &Turn<'_>,
    mut due: Due,
    to: LeaseTo<'_>,
    depart: impl FnOnce(usize) -> Vec<Timestamp>,
) -> Result<Option<Submission>, StoreError> {
    if turn.now >= due.head.valid_until {
        let step = Step { note: Some("its validity ended before a link was free"), ..Step::default() };
        change::enter(turn, &mut due.head, State::Expired, step)?;
        return Ok(None);
    }
    if !consent::may_leave(turn, &mut due)? {
        return Ok(None);
    }
    let earlier = if due.head.attempt == 0 { Vec::new() } else { submission::of_message(turn.tx, due.head.id)? };
    let states = segment_states(&earlier, due.head.segments);
    let encoded = match encoded(turn, &to, &mut due, &states)? {
        Ok(encoded) => encoded,
        Err(reason) => {
            let step = Step { note: Some(&reason), ..Step::default() };
            change::enter(turn, &mut due.head, State::Failed, step)?;
            return Ok(None);
        }
    };
    let states =
        if states.len() == encoded.segments.len() { states } else { segment_states(&[], encoded.segments.len()) };
    let left: Vec<u8> = (0_u8..)
        .zip(&states)
        .filter(|(_, state)| matches!(state, State::Queued | State::Uncertain))
        .map(|(index, _)| index)
        .collect();
    let departures = depart(left.len());
    let turns: Vec<SegmentTurn> =
        left.into_iter().zip(departures).map(|(index, not_before)| SegmentTurn { index, not_before }).collect();
    let head = &mut due.head;
    head.attempt += 1;
    head.awaited = u32::try_from(turns.len()).unwrap_or(u32::MAX);
    let link = to.link.to_string();
    head.link = Some(link.clone());
    head.sim = to.sim.map(str::to_owned);
    change::enter(turn, head, State::Leased, Step { link: Some(&link), ..Step::default() })?;
    Ok(Some(Submission {
        message: head.id,
        attempt: head.attempt,
        from: due.sender,
        to: head.recipient.clone(),
        class: head.class,
        encoded: Arc::new(encoded),
        turns,
        gap: gap(to.group.rate, to.links),
        valid_until: head.valid_until,
        parameters: due.parameters.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
    }))
}

/// The shortest time between two segments of one of `links` links that share a rate.
fn gap(rate: Option<f64>, links: usize) -> Duration {
    let share = f64::from(u16::try_from(links.max(1)).unwrap_or(u16::MAX));
    rate.map_or(Duration::ZERO, |rate| interval(rate.max(0.001) / share))
}

/// The message in the group's form: as stored, or encoded again if it was encoded for another.
fn encoded(
    turn: &Turn<'_>,
    to: &LeaseTo<'_>,
    due: &mut Due,
    states: &[State],
) -> Result<Result<Encoded, String>, StoreError> {
    let Some(stored) = Encoded::from_bytes(&due.encoded) else {
        return Err(StoreError::Row(format!("message {}: encoded form is damaged", due.head.id)));
    };
    let untouched = states.iter().all(|state| matches!(state, State::Queued));
    let (Some(text), true, true) = (&due.body, due.profile != to.group.profile_id, untouched) else {
        return Ok(Ok(stored));
    };
    match text::encode(&Body::Text(text.clone()), &stored.indication, &to.group.profile, None) {
        Err(error) => Ok(Err(format!("link {} cannot carry it: {error}", to.name))),
        Ok(encoding) => {
            let encoded = Encoded { reference: stored.reference, ..encoding.encoded };
            message::save_encoded(turn.tx, due.head.id, &encoded, to.group.profile_id)?;
            due.head.segments = encoded.segments.len();
            Ok(Ok(encoded))
        }
    }
}
