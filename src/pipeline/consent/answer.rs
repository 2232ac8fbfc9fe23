//! Queues the gateway's own answers: one of a kind a day for each person, in his language, from the number he wrote to.

use std::time::Duration;

use crate::campaign::answers::{self, Answer};
use crate::campaign::law::Place;
use crate::model::{Body, Class, NewMessage, PhoneNumber, Sender, Timestamp};
use crate::pipeline::{Turn, accept};
use crate::store::{StoreError, consent_due};

/// No more than one answer of a kind in this time, so that two machines never talk to each other.
const ANSWER_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// The token of what the gateway posts itself.
pub const OWN_TOKEN: i64 = 0;

/// What is answered to whom.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// To whom.
    pub number: &'a PhoneNumber,
    /// From which of our numbers; the route's own if absent.
    pub from: Option<&'a Sender>,
    /// What.
    pub answer: Answer,
    /// In which language.
    pub language: &'a str,
    /// When the consent or refusal that it is about was said.
    pub said_at: Timestamp,
}

/// Queues an answer, unless the person had one of its kind within a day. Returns whether it was queued.
pub fn answer(turn: &Turn<'_>, reply: Reply<'_>) -> Result<bool, StoreError> {
    let rules = &turn.settings.consent;
    let person = turn.tx.person(reply.number);
    if !rules.confirm || !consent_due::may_answer(turn.tx, person, reply.answer.as_str(), ANSWER_PAUSE, turn.now)? {
        return Ok(false);
    }
    queue(turn, reply, "keyword")
}

/// Queues a text of the gateway's own. A message that cannot be made is logged, and nobody else waits for it.
pub fn queue(turn: &Turn<'_>, reply: Reply<'_>, tag: &str) -> Result<bool, StoreError> {
    let rules = &turn.settings.consent;
    let place = Place::of(reply.number, rules, None);
    let Some(zone) = place.zones.first() else { return Ok(false) };
    let text = answers::text(rules, reply.language, reply.answer, reply.said_at, zone);
    let new = NewMessage {
        from: reply.from.filter(|from| !matches!(from, Sender::Alphanumeric(_))).cloned(),
        body: Body::Text(text),
        class: Class::Transactional,
        tags: vec![tag.to_owned()],
        ..NewMessage::text(reply.number.clone(), "")
    };
    match accept::prepare_own(turn.settings, new, turn.now) {
        Ok(prepared) => {
            accept::accept(turn, OWN_TOKEN, std::slice::from_ref(&prepared))?;
            Ok(true)
        }
        Err(refusal) => {
            let (answer, number) = (reply.answer.as_str(), reply.number.masked());
            tracing::warn!(
                code = refusal.code,
                "The {answer} answer to {number} cannot be sent: {}; the opt-out or consent itself is on record",
                refusal.message
            );
            Ok(false)
        }
    }
}
