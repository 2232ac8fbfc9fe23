//! A play of a workflow: lets things happen in a world, keeps what was done, and prints it.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::out;
use super::world::World;
use crate::campaign::event::Event;
use crate::campaign::workflow::{On, Workflow};
use crate::model::{PhoneNumber, State, Timestamp};
use crate::pipeline::workflow as stage;
use crate::store::campaign::enrolment::{self, Filter};
use crate::store::campaign::{contact, event};
use crate::store::message;

/// Something that happens on the way.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The contact writes.
    Writes(String),
    /// The contact follows the link of a step.
    Clicks(String),
    /// An event.
    Happens(Value),
}

/// One line of what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// By which step; nothing if by none.
    pub step: String,
    /// What.
    pub what: String,
    /// The text that was accepted.
    pub text: Option<String>,
}

/// A play and what was seen of it.
pub struct Play {
    /// The gateway.
    pub world: World,
    /// The workflow's name.
    workflow: String,
    /// Who goes through it.
    number: PhoneNumber,
    /// Where that is.
    pub zone: TimeZone,
    /// What the file names and lacks.
    pub gaps: Vec<String>,
    /// What was last said of each visit.
    seen: BTreeMap<(i64, u32), String>,
    /// Texts that were accepted and have not left.
    leaving: BTreeMap<i64, String>,
    /// What was done.
    pub lines: Vec<Line>,
}

impl Play {
    /// Nothing was done yet.
    pub fn new(world: World, workflow: &str, number: PhoneNumber, zone: TimeZone, gaps: Vec<String>) -> Self {
        let (seen, leaving, lines) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { world, workflow: workflow.to_owned(), number, zone, gaps, seen, leaving, lines }
    }

    /// Lets what begins the workflow happen.
    pub fn begin(&mut self, event: Option<&str>, workflow: &Workflow) -> anyhow::Result<()> {
        let given = event.map(serde_json::from_str::<Value>).transpose().context("--event is no JSON")?;
        let wanted = given.or_else(|| {
            workflow.triggers.first().and_then(|trigger| match &trigger.on {
                // Without a product a cart is empty, and an order is for nothing.
                On::Event(event) => Some(json!({ "type": event.kind, "properties": event.with,
                    "products": [{ "id": "sample", "name": "a product" }] })),
                On::Segment(name) => Some(json!({ "type": "segment_entered", "properties": { "segment": name } })),
                On::Keyword(name) => Some(json!({ "type": "keyword", "properties": { "service": name } })),
                On::Date(_) | On::Api => None,
            })
        });
        if let Some(event) = wanted {
            self.happens(&Input::Happens(event))?;
            self.settle()?;
        }
        if self.last()?.is_some() {
            return Ok(());
        }
        let is_given = event.is_some();
        let number = self.number.clone();
        let outcome = self.world.turn(|turn| {
            let id = contact::ensure(turn.tx, &number, turn.now)?;
            stage::enrol(turn, &workflow.name, id, None)
        })?;
        let what = match outcome {
            stage::Enrolled::Begun(id) if is_given => {
                self.world.turn(|turn| enrolment::drop_one(turn.tx, id))?;
                format!("not begun: no trigger of {} is begun by this event", workflow.name)
            }
            stage::Enrolled::Begun(_) => "begun by hand".to_owned(),
            stage::Enrolled::Unknown
            | stage::Enrolled::Inactive
            | stage::Enrolled::NoContact
            | stage::Enrolled::AlreadyIn
            | stage::Enrolled::NotAgain
            | stage::Enrolled::NotInAudience
            | stage::Enrolled::TooOften => format!("not begun: {}", outcome.sentence()),
        };
        self.say("", what, None);
        Ok(())
    }

    fn contact(&self) -> anyhow::Result<Option<i64>> {
        self.world.read(|c| contact::id_of(c, &self.number))
    }

    /// The newest enrolment in the workflow that is played.
    pub fn last(&self) -> anyhow::Result<Option<enrolment::Enrolment>> {
        let filter = Filter { workflow: Some(self.workflow.clone()), contact: self.contact()?, ..Filter::default() };
        Ok(self.world.read(|c| enrolment::list(c, &filter, 1))?.0.pop())
    }

    /// Whether nobody waits and nothing has to leave any more.
    pub fn is_over(&self) -> anyhow::Result<bool> {
        let running = self.contact()?.map(|id| self.world.read(|c| enrolment::running(c, id))).transpose()?;
        Ok(running.is_none_or(|running| running.is_empty()) && self.leaving.is_empty())
    }

    /// Lets something happen.
    pub fn happens(&mut self, input: &Input) -> anyhow::Result<()> {
        let number = self.number.clone();
        match input {
            Input::Writes(text) => {
                self.say("", format!("the contact writes \"{text}\""), None);
                self.world.writes(&number, text)
            }
            Input::Clicks(step) => {
                let found = self.world.clicks(&number, step)?;
                let what =
                    if found { "the contact follows the link of" } else { "there is no link to follow in the text of" };
                self.say("", format!("{what} {step}"), None);
                Ok(())
            }
            Input::Happens(value) => {
                let mut value = value.clone();
                if let Some(fields) = value.as_object_mut() {
                    fields.entry("contact").or_insert_with(|| json!(number.as_str()));
                }
                let event = Event::from_json(&value, None, self.world.now).map_err(|faults| {
                    anyhow!(
                        "the event is wrong: {}",
                        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
                    )
                })?;
                self.say("", format!("event {}", event.kind), None);
                self.world.turn(|turn| event::record(turn.tx, &event, turn.now)).map(drop)
            }
        }
    }

    /// Lets everything of this instant happen, and keeps what was done.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        self.world.settle()?;
        self.look()
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let Some(contact) = self.contact()? else { return Ok(()) };
        let filter = Filter { contact: Some(contact), ..Filter::default() };
        let (mut enrolments, _) = self.world.read(|c| enrolment::list(c, &filter, 200))?;
        enrolments.reverse();
        for one in enrolments {
            for visit in self.world.read(|c| enrolment::visits(c, one.id))? {
                let key = (one.id, visit.n);
                if self.seen.get(&key) == Some(&visit.what) {
                    continue;
                }
                self.seen.insert(key, visit.what.clone());
                let message = visit.message.map(|id| self.world.read(|c| message::view(c, id))).transpose()?.flatten();
                let text = message.and_then(|view| view.body);
                if let (Some(id), Some(text)) = (visit.message, &text) {
                    self.leaving.insert(id.as_i64(), text.clone());
                }
                let step = if visit.step.is_empty() {
                    one.workflow.clone()
                } else {
                    format!("{}/{}", one.workflow, visit.step)
                };
                self.lines.push(Line { at: visit.at, step, what: visit.what, text });
            }
        }
        self.left()
    }

    /// Texts that left later than they were accepted, or not at all.
    fn left(&mut self) -> anyhow::Result<()> {
        for id in self.leaving.keys().copied().collect::<Vec<_>>() {
            let Some(message_id) = crate::model::MessageId::from_i64(id) else { continue };
            let state = self.world.read(|c| message::state_of(c, message_id))?;
            if matches!(state, Some(State::Scheduled | State::Queued | State::Leased | State::Sent)) {
                continue;
            }
            self.leaving.remove(&id);
            let word = state.map_or("gone", State::as_str);
            self.say("", format!("the text is {word}"), None);
        }
        Ok(())
    }

    fn say(&mut self, step: &str, what: String, text: Option<String>) {
        self.lines.push(Line { at: self.world.now, step: step.to_owned(), what, text });
    }

    /// Prints what was done.
    pub fn print(&self, as_json: bool) -> anyhow::Result<()> {
        let zone = &self.zone;
        let local = |at: Timestamp| at.to_jiff().to_zoned(zone.clone()).strftime("%Y-%m-%d %a %H:%M:%S").to_string();
        let last = self.last()?;
        let outcome = last.as_ref().and_then(|last| last.outcome.clone());
        if as_json {
            let lines = self.lines.iter().map(|line| {
                json!({ "at": line.at.to_string(), "local": local(line.at), "step": line.step, "what": line.what, "text": line.text })
            });
            out::line(json!({ "workflow": self.workflow, "contact": self.number.as_str(), "zone": zone.iana_name(),
                "missing": self.gaps, "lines": lines.collect::<Vec<_>>(), "outcome": outcome,
                "stands": last.map(|last| last.step) }))?;
            return Ok(());
        }
        for gap in &self.gaps {
            out::line(format_args!("missing: {gap}"))?;
        }
        out::line(format_args!("{}: {}, times of {}", self.workflow, self.number, zone.iana_name().unwrap_or("UTC")))?;
        let mut rows = Vec::new();
        for line in &self.lines {
            rows.push([local(line.at), line.step.clone(), line.what.clone()]);
            for text in line.text.iter().flat_map(|text| text.lines()) {
                rows.push([String::new(), String::new(), format!("  | {text}")]);
            }
        }
        for line in out::columns(&rows) {
            out::line(line)?;
        }
        out::line(match (outcome, last) {
            (Some(outcome), _) => format!("it ended: {outcome}"),
            (None, Some(last)) => {
                format!("it stands at {} until {}", last.step, last.due_at.map(local).unwrap_or_default())
            }
            (None, None) => "it did not begin".to_owned(),
        })?;
        Ok(())
    }
}
