//! Takes a contact into a workflow, if it is active, its audience has the contact, and re-entry allows it.

use std::time::Duration;

use serde_json::{Map, Value};

use super::desk::{AUDIENCE, Desk};
use crate::campaign::workflow::{On, Reentry, Span, Workflow};
use crate::model::Timestamp;
use crate::pipeline::Turn;
use crate::store::StoreError;
use crate::store::campaign::enrolment::{self, New};
use crate::store::campaign::{contact, workflow};

/// So often a contact may begin a workflow within an hour: workflows that begin each other for ever end here.
const OFTEN_MAX: i64 = 30;
const OFTEN_WITHIN: Duration = Duration::from_secs(3_600);

/// What became of an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolled {
    /// It began; the row.
    Begun(i64),
    /// There is no such workflow.
    Unknown,
    /// The workflow is not active.
    Inactive,
    /// There is no such contact.
    NoContact,
    /// The contact is in it already.
    AlreadyIn,
    /// The contact was in it, and may not come again, or not yet.
    NotAgain,
    /// The contact is not among those whom it is for.
    NotInAudience,
    /// The contact began it too often within an hour.
    TooOften,
}

impl Enrolled {
    /// A lasting word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun(_) => "enrolled",
            Self::Unknown => "unknown_workflow",
            Self::Inactive => "inactive",
            Self::NoContact => "unknown_contact",
            Self::AlreadyIn => "already_in",
            Self::NotAgain => "not_again",
            Self::NotInAudience => "not_in_audience",
            Self::TooOften => "too_often",
        }
    }

    /// The same in a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Begun(_) => "the contact is enrolled",
            Self::Unknown => "there is no such workflow",
            Self::Inactive => "the workflow is not active",
            Self::NoContact => "there is no such contact",
            Self::AlreadyIn => "the contact is in the workflow already",
            Self::NotAgain => "the contact was in the workflow, which does not take it again, or not yet (reentry)",
            Self::NotInAudience => "the contact is not in the audience of the workflow",
            Self::TooOften => "the contact began the workflow too often within an hour",
        }
    }
}

/// Takes a contact into a workflow for the API, a service, a campaign or another workflow.
///
/// # Errors
/// The store's own.
pub fn enrol(
    turn: &Turn<'_>,
    name: &str,
    contact: i64,
    event: Option<&Map<String, Value>>,
) -> Result<Enrolled, StoreError> {
    Desk::new(turn).enrol(name, contact, "api", event)
}

impl Desk<'_, '_> {
    /// Takes a contact in that somebody asks for.
    pub(super) fn enrol(
        &mut self,
        name: &str,
        contact: i64,
        cause: &str,
        event: Option<&Map<String, Value>>,
    ) -> Result<Enrolled, StoreError> {
        let Some((version, workflow)) = self.active(name)? else {
            let is_there = workflow::standing(self.turn.tx.connection(), name)?.is_some();
            return Ok(if is_there { Enrolled::Inactive } else { Enrolled::Unknown });
        };
        let by_hand = workflow.triggers.iter().find(|trigger| trigger.on == On::Api);
        let delay = by_hand.map_or(Span::default(), |trigger| trigger.delay);
        self.take_in(&workflow, version, contact, Begin { cause, delay, event })
    }

    /// The newest version of a workflow, if it is active.
    pub(super) fn active(&mut self, name: &str) -> Result<Option<(i64, std::sync::Arc<Workflow>)>, StoreError> {
        let standing = workflow::standing(self.turn.tx.connection(), name)?.filter(|standing| standing.active);
        let Some(standing) = standing else { return Ok(None) };
        Ok(self.definition(name, standing.version)?.map(|workflow| (standing.version, workflow)))
    }

    /// Begins the workflows that an event begins.
    pub fn begin_by(&mut self, contact: i64, kind: &str, fields: &Map<String, Value>) -> Result<(), StoreError> {
        for name in workflow::begun_by(self.turn.tx.connection(), kind)? {
            let Some((version, workflow)) = self.active(&name)? else { continue };
            let is_named = |key: &str, name: &str| fields.get(key).and_then(Value::as_str) == Some(name);
            let begins = |on: &On| match on {
                On::Event(event) => event.matches(kind, fields),
                On::Segment(name) => kind == "segment_entered" && is_named("segment", name),
                On::Keyword(name) => kind == "keyword" && is_named("service", name),
                On::Date(_) | On::Api => false,
            };
            let Some(trigger) = workflow.triggers.iter().find(|trigger| begins(&trigger.on)) else { continue };
            let begin = Begin { cause: kind, delay: trigger.delay, event: Some(fields) };
            let outcome = self.take_in(&workflow, version, contact, begin)?;
            tracing::debug!(workflow = name, "A contact that {kind} happened to: {}", outcome.as_str());
        }
        Ok(())
    }

    /// Takes a contact in, if it may come.
    pub(super) fn take_in(
        &mut self,
        workflow: &Workflow,
        version: i64,
        contact: i64,
        begin: Begin<'_>,
    ) -> Result<Enrolled, StoreError> {
        let (connection, now) = (self.turn.tx.connection(), self.turn.now);
        let past = enrolment::past(connection, contact, &workflow.name, now.minus(OFTEN_WITHIN))?;
        if past.is_in {
            return Ok(Enrolled::AlreadyIn);
        }
        let Some(stored) = contact::by_id(connection, contact)? else { return Ok(Enrolled::NoContact) };
        let zone = super::facts::zone_of(&stored.contact);
        if !again(workflow.reentry, past.last, &zone, now) {
            return Ok(Enrolled::NotAgain);
        }
        if past.often >= OFTEN_MAX {
            let number = stored.contact.number.masked();
            tracing::warn!(
                workflow = workflow.name,
                "{number} began the workflow {OFTEN_MAX} times within an hour; it waits"
            );
            return Ok(Enrolled::TooOften);
        }
        if let Some(tree) = &workflow.audience
            && !self.has((&workflow.name, version, AUDIENCE), tree, contact)?
        {
            return Ok(Enrolled::NotInAudience);
        }
        let new = New {
            contact,
            workflow: &workflow.name,
            version,
            step: workflow.step(0).map_or("", |step| &step.id),
            arrives_at: begin.delay.from(now, &zone),
            cause: begin.cause,
            event: begin.event,
        };
        let id = enrolment::begin(self.turn.tx, new, now)?;
        self.turn.wake_steps();
        Ok(Enrolled::Begun(id))
    }
}

/// How an enrolment begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin<'e> {
    /// What begins it.
    pub cause: &'e str,
    /// How long until the first step.
    pub delay: Span,
    /// The fields of the event.
    pub event: Option<&'e Map<String, Value>>,
}

fn again(reentry: Reentry, last: Option<Timestamp>, zone: &jiff::tz::TimeZone, now: Timestamp) -> bool {
    match (reentry, last) {
        (_, None) | (Reentry::Always, _) => true,
        (Reentry::Never, Some(_)) => false,
        (Reentry::After(span), Some(last)) => span.from(last, zone) <= now,
    }
}
