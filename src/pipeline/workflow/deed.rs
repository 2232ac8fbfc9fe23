//! Does what a step says. What cannot be done is passed over with its reason, and the enrolment goes on.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::facts::Known;
use crate::campaign::attribute::Attribute;
use crate::campaign::consent::{Covers, Entry, Purpose, Source, Word};
use crate::campaign::contact::{ContactChange, Labels, read_number};
use crate::campaign::event::Event;
use crate::campaign::money::Money;
use crate::campaign::origin::{Kind, Origin};
use crate::campaign::template::{Grants, Template};
use crate::campaign::workflow::{Action, Deed, Facts as _, Field, Send, SetTo, Step};
use crate::model::{MessageId, PhoneNumber, State};
use crate::pipeline::compose::{self, Outgoing};
use crate::pipeline::consent::{Opinion, record};
use crate::pipeline::{notify, talk};
use crate::store::StoreError;
use crate::store::campaign::{contact, event};

/// What a step did.
pub(super) struct Done {
    /// In words.
    pub what: String,
    /// The text that it sent.
    pub message: Option<MessageId>,
}

impl Done {
    fn said(what: impl Into<String>) -> Result<Self, StoreError> {
        Ok(Self { what: what.into(), message: None })
    }

    fn skipped(why: impl std::fmt::Display) -> Result<Self, StoreError> {
        Self::said(format!("skipped: {why}"))
    }
}

/// What tools are told of a step.
#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    step: &'a str,
    webhook: &'a str,
    contact: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a Map<String, Value>>,
}

impl Known<'_, '_, '_> {
    /// Does what a step says, at this visit.
    pub fn act(&mut self, step: &Step, visit: u32) -> Result<Done, StoreError> {
        match &step.action {
            Action::Send(send) => self.send(step, send),
            Action::Do(deed) => self.deed(step, deed, visit),
            Action::Wait { .. }
            | Action::WaitUntil(_)
            | Action::WaitFor { .. }
            | Action::Branch { .. }
            | Action::Split(_)
            | Action::Exit(_) => Done::said(""),
        }
    }

    fn send(&mut self, step: &Step, send: &Send) -> Result<Done, StoreError> {
        let Some(template) = self.desk.template(&send.template)? else {
            return Done::skipped(format_args!("there is no template \"{}\"", send.template));
        };
        let origin = Origin::new(Kind::Workflow, &self.workflow.name, &step.id);
        let mut outgoing = Outgoing::new(&self.contact, &template, &origin, send.class);
        outgoing.event = self.enrolment.event.as_ref();
        match compose::send(self.desk.turn, &outgoing)? {
            Err(unsent) => Done::skipped(format_args!("{}: {unsent}", unsent.code())),
            Ok(accepted) => {
                let reason = accepted.reason.map(|reason| format!(", {}: {}", reason.code, reason.detail));
                let until = if accepted.state == State::Scheduled {
                    format!(" for {}", self.local(accepted.due_at))
                } else {
                    String::new()
                };
                let what = format!("{} {}{until}{}", send.template, accepted.state, reason.unwrap_or_default());
                Ok(Done { what, message: Some(accepted.id) })
            }
        }
    }

    fn deed(&mut self, step: &Step, deed: &Deed, visit: u32) -> Result<Done, StoreError> {
        let labels = |add: &[String], remove: &[String]| Labels {
            all: None,
            add: add.iter().cloned().collect(),
            remove: remove.iter().cloned().collect(),
        };
        let mut change = ContactChange::new(self.contact.contact.number.clone());
        match deed {
            Deed::Tag(tags) => change.tags = labels(tags, &[]),
            Deed::Untag(tags) => change.tags = labels(&[], tags),
            Deed::List(lists) => change.lists = labels(lists, &[]),
            Deed::Unlist(lists) => change.lists = labels(&[], lists),
            Deed::Set(fields) => match self.attributes(fields) {
                Ok(attributes) => change.attributes = attributes,
                Err(why) => return Done::skipped(why),
            },
            Deed::Coupon(pool) => {
                return match compose::coupon_of(self.desk.turn, pool, &self.contact)? {
                    Ok(code) => Done::said(format!("code {code} of {pool}")),
                    Err(unsent) => Done::skipped(unsent),
                };
            }
            Deed::Event { kind, properties, contact } => {
                return self.event(kind, properties, contact.as_ref(), visit);
            }
            Deed::Survey(name) => return self.survey(name),
            Deed::Enrol(name) => return self.enrol(name),
            Deed::Webhook(webhook) => return self.tell(step, webhook),
            Deed::Notify(source) => return self.notify(source),
            Deed::OptOut(words) => return self.opt_out(words),
        }
        self.change(&change)
    }

    fn change(&mut self, change: &ContactChange) -> Result<Done, StoreError> {
        let turn = self.desk.turn;
        match contact::upsert(turn.tx, change, turn.now)? {
            Err(fault) => Done::skipped(fault),
            Ok(upserted) => {
                if let Some(stored) = contact::by_id(turn.tx.connection(), self.contact.id)? {
                    self.forget(stored);
                }
                Done::said(upserted.as_str())
            }
        }
    }

    fn attributes(
        &self,
        fields: &BTreeMap<String, Option<SetTo>>,
    ) -> Result<BTreeMap<String, Option<Attribute>>, String> {
        let value = |to: &SetTo| match to {
            SetTo::Value(value) => Ok(value.clone()),
            SetTo::Day(span) => {
                let there = span.from(self.desk.turn.now, self.zone());
                Ok(Attribute::Date(there.to_jiff().to_zoned(self.zone().clone()).date()))
            }
            SetTo::Event(name) => {
                let found = self.of_event(name).ok_or_else(|| format!("the event has no {name}"))?;
                Attribute::from_json(found).map_err(|fault| fault.detail)
            }
        };
        fields.iter().map(|(name, to)| Ok((name.clone(), to.as_ref().map(value).transpose()?))).collect()
    }

    fn of_event(&self, name: &str) -> Option<&Value> {
        self.enrolment.event.as_ref()?.get(name)
    }

    fn event(
        &mut self,
        kind: &str,
        properties: &BTreeMap<String, Value>,
        whose: Option<&Field>,
        visit: u32,
    ) -> Result<Done, StoreError> {
        let turn = self.desk.turn;
        let number = match whose.map(|field| self.number(field)) {
            None => self.contact.contact.number.clone(),
            Some(Ok(number)) => number,
            Some(Err(why)) => return Done::skipped(why),
        };
        let mut event = Event::new(kind, number, turn.now);
        // The same visit records one event, whatever happens.
        event.id = Some(format!("workflow {} {} {visit}", self.workflow.name, self.enrolment.id));
        for (name, value) in properties {
            let of_event = value.as_str().and_then(|text| text.strip_prefix("event."));
            match of_event.map(|name| self.of_event(name)) {
                None => drop(event.properties.insert(name.clone(), value.clone())),
                Some(Some(found)) => drop(event.properties.insert(name.clone(), found.clone())),
                Some(None) => {}
            }
        }
        event.amount = event.properties.get("amount").and_then(|amount| Money::from_json(amount).ok());
        event.currency = event.property_text("currency").map(str::to_owned);
        let recorded = event::record(turn.tx, &event, turn.now)?;
        turn.wake_steps();
        if let Some(stored) = contact::by_id(turn.tx.connection(), self.contact.id)? {
            self.forget(stored);
        }
        Done::said(format!("event {kind} {}", recorded.as_str()))
    }

    /// The number that a field holds.
    fn number(&self, field: &Field) -> Result<PhoneNumber, String> {
        let name = field.name();
        let text = match field {
            Field::Event(name) => self.of_event(name).and_then(Value::as_str),
            Field::Attribute(name) => match self.contact.contact.attributes.get(name) {
                Some(Attribute::Text(text)) => Some(text.as_str()),
                Some(Attribute::Number(_) | Attribute::Date(_) | Attribute::Boolean(_) | Attribute::List(_)) | None => {
                    None
                }
            },
            Field::Point(_) => None,
        };
        let text = text.ok_or_else(|| format!("there is no {name}"))?;
        read_number(text, self.desk.turn.settings.consent.country).map_err(|fault| format!("{name}: {}", fault.detail))
    }

    fn survey(&mut self, name: &str) -> Result<Done, StoreError> {
        let by = format!("workflow {}", self.workflow.name);
        let begin = talk::Begin { by: &by, class: self.workflow.class, ours: None };
        match talk::start_survey(self.desk.turn, &self.contact, name, begin)? {
            Ok(_) => Done::said(format!("survey {name} begins")),
            Err(not_begun) => Done::skipped(not_begun),
        }
    }

    fn enrol(&mut self, name: &str) -> Result<Done, StoreError> {
        let cause = format!("workflow {}", self.workflow.name);
        let event = self.enrolment.event.clone();
        let outcome = self.desk.enrol(name, self.contact.id, &cause, event.as_ref())?;
        Done::said(format!("{name}: {}", outcome.as_str()))
    }

    fn tell(&self, step: &Step, webhook: &str) -> Result<Done, StoreError> {
        let told = Told {
            name: &self.workflow.name,
            step: &step.id,
            webhook,
            contact: self.contact.contact.to_json(),
            event: self.enrolment.event.as_ref(),
        };
        if notify::tell(self.desk.turn, "workflow", told)? {
            return Done::said(format!("told {webhook}"));
        }
        Done::skipped("there is no target for callbacks: callback.target or callback.inbound_target")
    }

    fn notify(&self, source: &str) -> Result<Done, StoreError> {
        let fields = compose::fields(self.desk.turn, &self.contact, self.enrolment.event.as_ref())?;
        let text = match Template::of(source).render(&fields, &Grants::default()) {
            Ok(rendered) => rendered.text,
            Err(skip) => return Done::skipped(skip),
        };
        let by = format!("workflow {}", self.workflow.name);
        talk::notice(self.desk.turn, &self.contact.contact.number, &by, &text)?;
        Done::said(format!("told the staff: {text}"))
    }

    fn opt_out(&self, words: &str) -> Result<Done, StoreError> {
        let turn = self.desk.turn;
        let entry = Entry {
            purpose: Purpose::Marketing,
            word: Word::Withdrawn,
            scope: None,
            at: turn.now,
            source: Source::Workflow,
            words: Some(words.to_owned()),
            proof: Some(format!("workflow {}, enrolment {}", self.workflow.name, self.enrolment.id)),
        };
        let opinion = Opinion { entry, token: 0, covers: Covers::Marketing, inbound: None, told: false };
        let standing = record(turn, &self.contact.contact.number, opinion)?;
        Done::said(format!("marketing {}", standing.as_str()))
    }
}
