//! Decides what an enrolment does next, from its definition, where it stands, what is known of the contact, and `now`.
//!
//! ```text
//!            delay           Do: the caller does it, then done()
//! enrolled ─────────▶ at a step ───────────────▶ at the next step ──▶ … ──▶ End(outcome)
//!                     │   ▲  └ branch, split: asks, and goes on
//!                     ▼   │ its time has come, or happened() or said() is what it waits for
//!                    Wait(due)                                     a goal ends it wherever it stands
//! ```

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::definition::{Action, Answer, Awaited, DateTrigger, Field, Question, Send, Step, Workflow};
use super::span::{Span, instant, local_time, next_at};
use crate::keywords;
use postrider_model::Timestamp;

/// So many steps may one enrolment take; who goes round for ever ends here.
pub const VISITS_MAX: u32 = 5_000;
/// At which local time a day begins for who waits until it, when no time is named.
const MORNING: &str = "10:00";

/// The outcome of who went through all steps.
pub const DONE: &str = "done";
/// The outcome of who reached a goal.
pub const GOAL: &str = "goal";
/// The outcome of who went round for ever.
pub const ENDLESS: &str = "too many steps";

/// Where an enrolment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The place of the step; the number of steps is the end.
    pub place: usize,
    /// How many steps it came to, this one included.
    pub visit: u32,
    /// When it came to the step. It may lie ahead: then it has not come there yet.
    pub arrived_at: Timestamp,
}

impl State {
    /// The state of who comes to the first step then.
    pub const fn first(arrived_at: Timestamp) -> Self {
        Self { place: 0, visit: 1, arrived_at }
    }
}

/// A day or an instant of the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A day.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

/// What is known of the contact. It is asked for only when it matters.
pub trait Facts {
    /// Why it cannot be known.
    type Error;
    /// The contact's time zone.
    fn zone(&self) -> &TimeZone;
    /// A text by which contacts differ: the number.
    fn name(&self) -> &str;
    /// The answer to a branch's question at a step.
    ///
    /// # Errors
    /// Why it cannot be known.
    fn holds(&mut self, question: &Question, place: usize) -> Result<bool, Self::Error>;
    /// A day or an instant.
    ///
    /// # Errors
    /// Why it cannot be known.
    fn moment(&mut self, field: &Field) -> Result<Option<Moment>, Self::Error>;
}

/// What an enrolment does next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Next<'w> {
    /// The caller does what the step says, and then calls [`Machine::done`].
    Do(&'w Step),
    /// Nothing until then.
    Wait(Timestamp),
    /// It is over.
    End(&'w str),
}

/// What became of something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// The enrolment does not care.
    No,
    /// It was what the step waited for.
    On,
    /// It was a goal.
    Goal,
}

/// What an enrolment did by itself, for whoever asks why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The visit.
    pub visit: u32,
    /// The step.
    pub place: usize,
    /// What it did.
    pub what: String,
}

/// An enrolment at work.
#[derive(Debug)]
pub struct Machine<'w> {
    workflow: &'w Workflow,
    state: State,
    is_over: Option<&'static str>,
    notes: Vec<Note>,
}

impl<'w> Machine<'w> {
    /// The machine of an enrolment that stands there.
    pub const fn new(workflow: &'w Workflow, state: State) -> Self {
        Self { workflow, state, is_over: None, notes: Vec::new() }
    }

    /// Where it stands.
    pub const fn state(&self) -> State {
        self.state
    }

    /// What it did by itself since the last call.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// What comes next at `now`.
    ///
    /// # Errors
    /// Those of `facts`.
    pub fn next<F: Facts>(&mut self, facts: &mut F, now: Timestamp) -> Result<Next<'w>, F::Error> {
        loop {
            if let Some(outcome) = self.is_over {
                return Ok(Next::End(outcome));
            }
            if self.state.arrived_at > now {
                return Ok(Next::Wait(self.state.arrived_at));
            }
            let Some(step) = self.workflow.step(self.state.place) else { return Ok(Next::End(DONE)) };
            let due = match &step.action {
                Action::Do(_) => return Ok(Next::Do(step)),
                Action::Exit(outcome) => return Ok(Next::End(outcome)),
                Action::Send(send) => match self.opening(send, facts.zone(), now) {
                    open if open <= now => return Ok(Next::Do(step)),
                    closed => closed,
                },
                Action::Branch { question, then, otherwise } => {
                    let holds = facts.holds(question, self.state.place)?;
                    let to = if holds { *then } else { *otherwise };
                    self.go(to, now, if holds { "yes" } else { "no" });
                    continue;
                }
                Action::Split(ways) => {
                    let to = share(ways, facts.name(), self.workflow, step);
                    self.go(to, now, "split");
                    continue;
                }
                Action::Wait { span, at } => wait_end(*span, *at, self.state.arrived_at, facts.zone()),
                Action::WaitUntil(until) => wait_until(until, facts)?.unwrap_or(now),
                Action::WaitFor { answers, timeout, .. } => {
                    if let Some(answer) = clicked(answers, facts, self.state.place)? {
                        self.go(answer.to, now, "clicked");
                        continue;
                    }
                    timeout.from(self.state.arrived_at, facts.zone())
                }
            };
            if due > now {
                return Ok(Next::Wait(due));
            }
            match &step.action {
                Action::WaitFor { otherwise, .. } => self.go(*otherwise, now, "time-out"),
                Action::Send(_)
                | Action::Wait { .. }
                | Action::WaitUntil(_)
                | Action::Branch { .. }
                | Action::Split(_)
                | Action::Do(_)
                | Action::Exit(_) => self.go(step.next, now, "waited"),
            }
        }
    }

    /// What [`Next::Do`] asked for is done, or cannot be done; it goes on.
    pub fn done(&mut self, now: Timestamp) {
        if let Some(step) = self.workflow.step(self.state.place) {
            self.arrive(step.next, now);
        }
    }

    /// Something happened to the contact.
    ///
    /// # Errors
    /// Those of `facts`.
    pub fn happened<F: Facts>(
        &mut self,
        kind: &str,
        fields: &Map<String, Value>,
        facts: &mut F,
        now: Timestamp,
    ) -> Result<Moved, F::Error> {
        if self.workflow.goals.iter().any(|goal| goal.matches(kind, fields)) {
            self.note(format!("{kind}: a goal"));
            self.is_over = Some(GOAL);
            return Ok(Moved::Goal);
        }
        for answer in self.awaited(now) {
            let is_it = match &answer.what {
                Awaited::Event(event) => event.matches(kind, fields),
                Awaited::Clicked(_) if kind == "clicked" => {
                    clicked(std::slice::from_ref(answer), facts, self.state.place)?.is_some()
                }
                Awaited::Replied => kind == "replied",
                Awaited::Clicked(_) | Awaited::Words(_) => false,
            };
            if is_it {
                self.go(answer.to, now, kind);
                return Ok(Moved::On);
            }
        }
        Ok(Moved::No)
    }

    /// The contact wrote something. Returns whether the step waits for these words.
    pub fn said(&mut self, text: &str, now: Timestamp) -> bool {
        let says = |words: &[String]| words.iter().any(|word| keywords::says(text, word));
        let is_it = |answer: &&Answer| matches!(&answer.what, Awaited::Words(words) if says(words));
        let Some(answer) = self.awaited(now).iter().find(is_it) else { return false };
        self.go(answer.to, now, &keywords::form(text));
        true
    }

    /// What the step waits for, if it waits for anything.
    fn awaited(&self, now: Timestamp) -> &'w [Answer] {
        let is_there = self.state.arrived_at <= now && self.is_over.is_none();
        match self.workflow.step(self.state.place).map(|step| &step.action) {
            Some(Action::WaitFor { answers, .. }) if is_there => answers,
            _ => &[],
        }
    }

    fn opening(&self, send: &Send, zone: &TimeZone, now: Timestamp) -> Timestamp {
        match self.workflow.at_local {
            Some(hours) if !send.urgent => hours.open_at(now, zone),
            _ => now,
        }
    }

    /// Goes on by itself, and says why.
    fn go(&mut self, to: usize, now: Timestamp, why: &str) {
        let to_id = self.workflow.step(to).map_or("the end", |step| step.id.as_str());
        self.note(format!("{why}: on to {to_id}"));
        self.arrive(to, now);
    }

    fn note(&mut self, what: String) {
        self.notes.push(Note { visit: self.state.visit, place: self.state.place, what });
    }

    fn arrive(&mut self, place: usize, now: Timestamp) {
        self.state = State { place, visit: self.state.visit.saturating_add(1), arrived_at: now };
        if self.state.visit > VISITS_MAX {
            self.is_over = Some(ENDLESS);
        }
    }
}

/// The first answer that is a click that was made.
fn clicked<'w, F: Facts>(answers: &'w [Answer], facts: &mut F, place: usize) -> Result<Option<&'w Answer>, F::Error> {
    for answer in answers {
        if let Awaited::Clicked(id) = &answer.what
            && facts.holds(&Question::Clicked(id.clone()), place)?
        {
            return Ok(Some(answer));
        }
    }
    Ok(None)
}

/// When a wait that began then is over.
fn wait_end(span: Span, at: Option<jiff::civil::Time>, arrived_at: Timestamp, zone: &TimeZone) -> Timestamp {
    let over = span.from(arrived_at, zone);
    at.map_or(over, |time| next_at(over, time, zone))
}

/// When the moment that is waited for comes; nothing if it is not known.
fn wait_until<F: Facts>(until: &DateTrigger, facts: &mut F) -> Result<Option<Timestamp>, F::Error> {
    let moment = facts.moment(&until.field)?;
    Ok(moment.and_then(|moment| moved(moment, until, facts.zone())))
}

/// A moment moved by the offset, and brought to the local time.
pub fn moved(moment: Moment, by: &DateTrigger, zone: &TimeZone) -> Option<Timestamp> {
    let day = match (moment, by.at) {
        (Moment::Instant(at), None) => return Some(by.offset.from(at, zone)),
        (Moment::Instant(at), Some(_)) => at.to_jiff().to_zoned(zone.clone()).date(),
        (Moment::Day(day), _) => day,
    };
    if !by.offset.is_days() {
        let morning = instant(day, by.at.unwrap_or_else(jiff::civil::Time::midnight), zone);
        return Some(by.offset.from(morning, zone));
    }
    Some(instant(by.offset.from_day(day)?, by.at.unwrap_or_else(morning), zone))
}

/// The local time of days that name none.
pub fn morning() -> jiff::civil::Time {
    local_time(MORNING).unwrap_or_else(|_| jiff::civil::Time::midnight())
}

/// The way of a contact through a split: the same each time, and over all contacts as the shares say.
fn share(ways: &[(usize, u32)], name: &str, workflow: &Workflow, step: &Step) -> usize {
    let all: u64 = ways.iter().map(|(_, share)| u64::from(*share)).sum();
    let mut place = hash(&[name, &workflow.name, &step.id]) % all.max(1);
    for (to, share) in ways {
        match place.checked_sub(u64::from(*share)) {
            Some(rest) => place = rest,
            None => return *to,
        }
    }
    step.next
}

/// FNV-1a with a last stir, so that numbers that differ in one digit are far apart.
fn hash(parts: &[&str]) -> u64 {
    let octets = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    let mut hash =
        octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3));
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53) >> 16
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
