//! At accept: puts the label on, finds out when the hours allow the message, and says so in the answer.

use jiff::tz::TimeZone;

use super::gate::{Ask, Gate, Reason, clock_not_set, gate, never};
use crate::campaign::hours::{self, Verdict};
use crate::campaign::law::{Place, labelled as with_label, zone};
use crate::campaign::{Labels, Rules};
use crate::model::{Body, Class, NewMessage, PhoneNumber, State, Timestamp};
use crate::pipeline::{Refusal, Settings, Turn};
use crate::policy::wall_clock::Trust;
use crate::store::StoreError;
use crate::store::message::{self, Head};
use crate::store::terms::{self, Terms};

/// What was found out about a message beside the writer.
#[derive(Debug, Clone)]
pub struct Plan {
    zone: Option<TimeZone>,
    /// What the hours say about the posted time; `None` if they do not hold for it.
    hours: Option<Verdict>,
    /// It is the gateway's own answer.
    pub own_answer: bool,
    /// The validity was not asked for, so waiting for the hours does not use it up.
    pub stretches: bool,
}

/// Puts the label on `new`, reads its zone, and asks the hours about `due_at`.
pub fn plan(settings: &Settings, new: &mut NewMessage, due_at: Timestamp) -> Result<Plan, Refusal> {
    let rules = &settings.consent;
    let own_zone = new.time_zone.as_deref().map(|name| {
        let detail = || format!("\"{name}\" is no time zone; write one of the IANA names like Asia/Seoul");
        zone(name).ok_or_else(|| Refusal { code: "unknown_time_zone", field: "time_zone", message: detail() })
    });
    let own_zone = own_zone.transpose()?;
    let exempt = new.exempt.is_some() || rules.exempt.contains(&new.to);
    if let Body::Text(text) = &new.body
        && new.exempt.is_none()
        && let Some(text) = labelled(rules, new.class, &new.to, text)?
    {
        new.body = Body::Text(text);
    }
    let hours = (rules.is_quiet(new.class) && !exempt).then(|| {
        let place = Place::of(&new.to, rules, own_zone.as_ref());
        let verdict = hours::when(&place, rules, false, due_at);
        // A night that needs a consent of its own is never refused here: the ledger may have one.
        if verdict == Verdict::Never && !place.row.night_by_consent {
            let reason = never(&place);
            return Err(Refusal { code: reason.code, field: "to", message: reason.detail });
        }
        Ok(verdict)
    });
    Ok(Plan { zone: own_zone, hours: hours.transpose()?, own_answer: false, stretches: new.valid_for.is_none() })
}

/// `text` with the label that its country asks of marketing; `None` if it may stay as it is.
///
/// # Errors
/// What is missing, when it is not to be added.
pub fn labelled(rules: &Rules, class: Class, to: &PhoneNumber, text: &str) -> Result<Option<String>, Refusal> {
    if class != Class::Marketing || rules.labels == Labels::Off {
        return Ok(None);
    }
    let place = Place::of(to, rules, None);
    let Some(label) = &place.row.label else { return Ok(None) };
    match with_label(label, rules, text) {
        Ok(std::borrow::Cow::Borrowed(_)) => Ok(None),
        Ok(std::borrow::Cow::Owned(text)) => Ok(Some(text)),
        Err(error) => Err(Refusal { code: "label", field: "text", message: error.to_string() }),
    }
}

/// What was decided about a message in the transaction that writes it.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The earliest departure.
    pub due_at: Timestamp,
    /// The end of its validity.
    pub valid_until: Timestamp,
    /// Why it waits.
    pub waits: Option<Reason>,
    /// Why it does not go.
    pub blocked: Option<Reason>,
}

/// Asks the gate about a message that is about to be written.
pub fn admit(
    turn: &Turn<'_>,
    plan: &Plan,
    new: &NewMessage,
    sender: Option<&str>,
    due_at: Timestamp,
    valid_until: Timestamp,
) -> Result<Admission, StoreError> {
    let ask = Ask {
        number: &new.to,
        class: new.class,
        sender,
        at: due_at,
        zone: plan.zone.as_ref(),
        exempt: new.exempt.is_some(),
        own_answer: plan.own_answer,
        behind_waiting: true,
        message: None,
        hours: plan.hours,
    };
    let mut admission = Admission { due_at, valid_until, waits: None, blocked: None };
    match gate(turn, &ask)? {
        Gate::Open => {}
        Gate::Shut(reason) => admission.blocked = Some(reason),
        Gate::Wait(from, reason) if plan.stretches => {
            admission.valid_until = valid_until.plus(from.since(due_at));
            admission.due_at = from;
            admission.waits = Some(reason);
        }
        Gate::Wait(from, reason) if from < valid_until => {
            admission.due_at = from;
            admission.waits = Some(reason);
        }
        Gate::Wait(_, reason) => {
            let detail = format!("{}, but its validity ends at {valid_until}", reason.detail);
            admission.blocked = Some(Reason { detail, ..reason });
        }
    }
    let clock = turn.tx.clock();
    if clock.trust != Trust::Set && admission.reason().is_none() && (clock.holds(new.class) || new.send_at.is_some()) {
        admission.waits = Some(clock_not_set());
    }
    Ok(admission)
}

impl Admission {
    /// The state that a message is in after it was written.
    pub fn state(&self, now: Timestamp) -> State {
        match self {
            Self { blocked: Some(_), .. } => State::Blocked,
            Self { due_at, .. } if *due_at > now => State::Scheduled,
            Self { .. } => State::Queued,
        }
    }

    /// Why it waits or does not go.
    pub fn reason(&self) -> Option<&Reason> {
        self.blocked.as_ref().or(self.waits.as_ref())
    }

    /// Whether anything has to be written besides the message.
    pub fn has_notes(&self, plan: &Plan, new: &NewMessage) -> bool {
        self.reason().is_some() || plan.own_answer || new.exempt.is_some() || new.time_zone.is_some()
    }

    /// Writes what was granted and decided beside the message that was just written.
    pub fn note(
        &self,
        turn: &Turn<'_>,
        plan: &Plan,
        new: &NewMessage,
        id: crate::model::MessageId,
    ) -> Result<(), StoreError> {
        use crate::pipeline::change::{self, Step};
        if plan.own_answer || new.exempt.is_some() || new.time_zone.is_some() {
            let (zone, exempt) = (new.time_zone.clone(), new.exempt.clone());
            terms::put(turn.tx, id, &Terms { zone, exempt, own_answer: plan.own_answer })?;
        }
        let mut head = head_of(turn, id)?;
        if let Some(why) = &new.exempt {
            change::remark(turn, &mut head, None, &format!("exempt from hours, caps and consent: {why}"))?;
        }
        if let Some(reason) = &self.blocked {
            return change::enter(
                turn,
                &mut head,
                State::Blocked,
                Step { note: Some(&reason.note()), ..Step::default() },
            );
        }
        match &self.waits {
            Some(reason) => change::remark(turn, &mut head, None, &reason.note()),
            None => Ok(()),
        }
    }
}

fn head_of(turn: &Turn<'_>, id: crate::model::MessageId) -> Result<Head, StoreError> {
    message::head(turn.tx, id)?
        .ok_or_else(|| StoreError::Row(format!("message {id} was just written and is not there")))
}
