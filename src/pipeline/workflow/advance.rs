//! Moves an enrolment until it waits or ends, and keeps a note of each step.

use serde_json::{Map, Value};

use super::desk::Desk;
use super::facts::Known;
use super::stand::withdraw_texts;
use crate::campaign::workflow::{GOAL, Machine, Moved, Next, State, Workflow};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::campaign::enrolment::{self, Enrolment, Visit};
use crate::store::campaign::{contact, workflow};

/// Steps that one enrolment takes in one transaction; then others have their turn.
const STEPS_A_TURN_MAX: usize = 50;

impl Desk<'_, '_> {
    /// Moves an enrolment that is due.
    pub fn advance(&mut self, enrolment: Enrolment) -> Result<(), StoreError> {
        self.at_work(enrolment, |_, _| Ok(true)).map(drop)
    }

    /// Something happened to a contact: who waits for it goes on, and who has it for a goal ends.
    pub fn happened(&mut self, contact: i64, kind: &str, fields: &Map<String, Value>) -> Result<(), StoreError> {
        for enrolment in enrolment::running(self.turn.tx.connection(), contact)? {
            let now = self.turn.now;
            self.at_work(enrolment, |machine, known| Ok(machine.happened(kind, fields, known, now)? != Moved::No))?;
        }
        Ok(())
    }

    /// A contact wrote something. Returns whether one of its enrolments waits for these words.
    pub fn hear(&mut self, contact: i64, text: &str) -> Result<bool, StoreError> {
        let mut heard = false;
        for enrolment in enrolment::running(self.turn.tx.connection(), contact)? {
            let now = self.turn.now;
            heard |= self.at_work(enrolment, |machine, _| Ok(machine.said(text, now)))?;
        }
        if heard {
            // It is due at another time now than it was.
            self.turn.wake_steps();
        }
        Ok(heard)
    }

    /// Whether one of a contact's enrolments waits for these words; nothing is done about it.
    pub fn awaits(&mut self, contact: i64, text: &str) -> Result<bool, StoreError> {
        let (mut awaited, now) = (false, self.turn.now);
        for enrolment in enrolment::running(self.turn.tx.connection(), contact)? {
            self.at_work(enrolment, |machine, _| {
                awaited |= machine.said(text, now);
                Ok(false)
            })?;
        }
        Ok(awaited)
    }

    /// Sets an enrolment to work, if `first` says that there is something to do. Returns whether there was.
    fn at_work(
        &mut self,
        was: Enrolment,
        first: impl FnOnce(&mut Machine<'_>, &mut Known<'_, '_, '_>) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let Some(contact) = contact::by_id(self.turn.tx.connection(), was.contact)? else {
            enrolment::drop_one(self.turn.tx, was.id)?;
            return Ok(false);
        };
        let Some(workflow) = self.definition(&was.workflow, was.version)? else {
            self.end(&was, was.clone(), "its definition is gone")?;
            return Ok(true);
        };
        // A step that is not there any more can only come of a bug; the end is where it does no harm.
        let place = workflow.place_of(&was.step).unwrap_or(workflow.steps.len());
        let state = State { place, visit: was.visit, arrived_at: was.arrived_at };
        let mut machine = Machine::new(&workflow, state);
        let mut known = Known::new(self, &workflow, &was, contact);
        if !first(&mut machine, &mut known)? {
            return Ok(false);
        }
        run(&mut machine, &mut known)?;
        Ok(true)
    }

    fn end(&mut self, was: &Enrolment, mut is: Enrolment, outcome: &str) -> Result<(), StoreError> {
        is.due_at = None;
        is.outcome = Some(outcome.to_owned());
        is.ended_at = Some(self.turn.now);
        enrolment::save(self.turn.tx, was.visit, &is)?;
        workflow::tidy(self.turn.tx, &is.workflow)
    }
}

/// Goes from step to step until the enrolment waits or ends.
fn run(machine: &mut Machine<'_>, known: &mut Known<'_, '_, '_>) -> Result<(), StoreError> {
    let now = known.desk.turn.now;
    let workflow = known.workflow;
    for _ in 0..STEPS_A_TURN_MAX {
        let next = machine.next(known, now)?;
        keep_notes(machine, known)?;
        let stand = machine.state();
        match next {
            Next::Do(step) => {
                let done = known.act(step, stand.visit)?;
                let visit =
                    Visit { n: stand.visit, step: step.id.clone(), at: now, what: done.what, message: done.message };
                enrolment::note(known.desk.turn.tx, known.enrolment.id, &visit)?;
                machine.done(now);
            }
            Next::Wait(due) => {
                if known.enrolment.due_at != Some(due) || known.enrolment.visit != stand.visit {
                    note(known, stand, format!("waits until {}", known.local(due)))?;
                }
                return save(known, workflow, stand, Some(due));
            }
            Next::End(outcome) => {
                note(known, stand, format!("ends: {outcome}"))?;
                if outcome == GOAL {
                    // Who has bought is not reminded in the morning of what waits in the cart.
                    withdraw_texts(known.desk.turn, known.enrolment.id, "because its workflow reached its goal")?;
                }
                let is = standing(known.enrolment, workflow, stand);
                return known.desk.end(known.enrolment, is, outcome);
            }
        }
    }
    save(known, workflow, machine.state(), Some(now))
}

/// Writes what the machine did by itself.
fn keep_notes(machine: &mut Machine<'_>, known: &Known<'_, '_, '_>) -> Result<(), StoreError> {
    for each in machine.take_notes() {
        let step = known.workflow.step(each.place).map_or_else(String::new, |step| step.id.clone());
        let visit = Visit { n: each.visit, step, at: known.desk.turn.now, what: each.what, message: None };
        enrolment::note(known.desk.turn.tx, known.enrolment.id, &visit)?;
    }
    Ok(())
}

fn note(known: &Known<'_, '_, '_>, stand: State, what: String) -> Result<(), StoreError> {
    let step = known.workflow.step(stand.place).map_or_else(String::new, |step| step.id.clone());
    let visit = Visit { n: stand.visit, step, at: known.desk.turn.now, what, message: None };
    enrolment::note(known.desk.turn.tx, known.enrolment.id, &visit)
}

/// The enrolment as it stands now.
fn standing(was: &Enrolment, workflow: &Workflow, stand: State) -> Enrolment {
    let mut is = was.clone();
    is.step = workflow.step(stand.place).map_or_else(|| was.step.clone(), |step| step.id.clone());
    is.visit = stand.visit;
    is.arrived_at = stand.arrived_at;
    is
}

fn save(
    known: &Known<'_, '_, '_>,
    workflow: &Workflow,
    stand: State,
    due_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let is = Enrolment { due_at, ..standing(known.enrolment, workflow, stand) };
    enrolment::save(known.desk.turn.tx, known.enrolment.visit, &is)
}
