//! Answers what the machine of a workflow asks about a contact.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::desk::Desk;
use crate::campaign::attribute::{self, Attribute};
use crate::campaign::contact::Contact;
use crate::campaign::law;
use crate::campaign::point::{Kind, PointValue, Points, Today, day_of};
use crate::campaign::workflow::{EventMatch, Facts, Field, Moment, Question, Workflow, flat};
use crate::model::{MessageId, State, Timestamp};
use crate::store::StoreError;
use crate::store::campaign::contact::Stored;
use crate::store::campaign::enrolment::{self, Enrolment};
use crate::store::campaign::{event, point};
use crate::store::message;

/// Events that a branch looks at, the newest first.
const EVENTS_MAX: usize = 200;

/// The time zone by which a contact lives.
pub(super) fn zone_of(contact: &Contact) -> TimeZone {
    contact.calendar().and_then(law::zone).unwrap_or(TimeZone::UTC)
}

/// An enrolment with its contact.
pub(super) struct Known<'d, 't, 'a> {
    /// The desk.
    pub desk: &'d mut Desk<'t, 'a>,
    /// The workflow, on the version of the enrolment.
    pub workflow: &'d Workflow,
    /// The enrolment, as it stood when its row was read.
    pub enrolment: &'d Enrolment,
    /// The contact.
    pub contact: Stored,
    zone: TimeZone,
    points: Option<Points>,
}

impl<'d, 't, 'a> Known<'d, 't, 'a> {
    pub fn new(desk: &'d mut Desk<'t, 'a>, workflow: &'d Workflow, enrolment: &'d Enrolment, contact: Stored) -> Self {
        let zone = zone_of(&contact.contact);
        Self { desk, workflow, enrolment, contact, zone, points: None }
    }

    /// The contact's data points, read once and again after a deed.
    pub fn points(&mut self) -> Result<&Points, StoreError> {
        let points = match self.points.take() {
            Some(points) => points,
            None => point::of(self.desk.turn.tx.connection(), self.contact.id)?,
        };
        Ok(self.points.insert(points))
    }

    /// What a deed may have changed is read again.
    pub fn forget(&mut self, contact: Stored) {
        self.zone = zone_of(&contact.contact);
        self.contact = contact;
        self.points = None;
    }

    /// An instant as it is told of this contact: by its own clock.
    pub fn local(&self, at: Timestamp) -> String {
        at.to_jiff().to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string()
    }

    fn happened(&self, wanted: &EventMatch) -> Result<bool, StoreError> {
        let connection = self.desk.turn.tx.connection();
        let since = (self.enrolment.after_event, self.enrolment.started_at);
        for row in event::since(connection, self.contact.id, &wanted.kind, since, EVENTS_MAX)? {
            if wanted.with.is_empty() {
                return Ok(true);
            }
            let found = event::by_id(connection, row)?;
            if found.is_some_and(|found| wanted.matches(&wanted.kind, &flat(&found))) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Facts for Known<'_, '_, '_> {
    type Error = StoreError;

    fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn name(&self) -> &str {
        self.contact.contact.number.as_str()
    }

    fn holds(&mut self, question: &Question, place: usize) -> Result<bool, StoreError> {
        let connection = self.desk.turn.tx.connection();
        let enrolment = self.enrolment;
        match question {
            Question::Clicked(step) => {
                let (name, since) = (&self.workflow.name, enrolment.started_at);
                enrolment::clicked(connection, self.contact.id, name, step, since)
            }
            Question::Replied(step) => {
                let Some((_, sent_at)) = enrolment::sent(connection, enrolment.id, step)? else { return Ok(false) };
                let replied_at = self.points()?.time(crate::campaign::point::Point::LastReplyAt);
                Ok(replied_at.is_some_and(|replied_at| replied_at >= sent_at))
            }
            Question::Delivered(step) => {
                let Some((message, _)) = enrolment::sent(connection, enrolment.id, step)? else { return Ok(false) };
                let id = MessageId::from_i64(message);
                let state = id.map(|id| message::state_of(connection, id)).transpose()?.flatten();
                Ok(state == Some(State::Delivered))
            }
            Question::Bought(yes) => {
                let bought = EventMatch { kind: "purchase".to_owned(), with: std::collections::BTreeMap::new() };
                Ok(self.happened(&bought)? == *yes)
            }
            Question::Event(wanted) => self.happened(wanted),
            Question::Condition(tree) => {
                let key = (self.workflow.name.as_str(), enrolment.version, place);
                self.desk.has(key, tree, self.contact.id)
            }
        }
    }

    fn moment(&mut self, field: &Field) -> Result<Option<Moment>, StoreError> {
        let now = self.desk.turn.now;
        Ok(match field {
            Field::Attribute(name) => match self.contact.contact.attributes.get(name) {
                Some(Attribute::Date(day)) => Some(Moment::Day(*day)),
                Some(Attribute::Text(text)) => moment_of(text),
                Some(Attribute::Number(_) | Attribute::Boolean(_) | Attribute::List(_)) | None => None,
            },
            Field::Event(name) => {
                let value = self.enrolment.event.as_ref().and_then(|event| event.get(name));
                value.and_then(Value::as_str).and_then(moment_of)
            }
            Field::Point(point) => {
                let today = Today::of(now, &self.zone);
                match (point.kind(), self.points()?.value(*point, &today)) {
                    (Kind::Day, Some(PointValue::Integer(day))) => day_of(day).map(Moment::Day),
                    (Kind::Time, Some(PointValue::Integer(millis))) => {
                        Some(Moment::Instant(Timestamp::from_millis(millis)))
                    }
                    _ => None,
                }
            }
        })
    }
}

/// A day or an instant that is written as a text.
pub(super) fn moment_of(text: &str) -> Option<Moment> {
    attribute::day(text).map(Moment::Day).or_else(|| text.parse().ok().map(Moment::Instant))
}
