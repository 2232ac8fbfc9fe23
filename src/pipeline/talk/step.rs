//! What is due by itself: surveys that nobody answers in time, and what is old enough to be forgotten.

use serde_json::json;

use super::survey::{end, told_end};
use crate::campaign::event::Event;
use crate::pipeline::Turn;
use crate::pipeline::step::Progress;
use crate::store::StoreError;
use crate::store::campaign::survey::{self as runs, Run, RunState};
use crate::store::campaign::{contact, conversation, event, flood};

/// How many rows one step handles of each kind.
const ROWS_MAX: usize = 200;

/// Does a bounded piece of it.
pub fn step(turn: &Turn<'_>) -> Result<Progress, StoreError> {
    let connection = turn.tx.connection();
    let due = runs::due(turn.tx, turn.now, ROWS_MAX)?;
    let done = due.len();
    for run in due {
        time_out(turn, run)?;
    }
    let keep = turn.settings.keep_for;
    let forgotten = match turn.tx.clock().may_forget(turn.now, keep) {
        true => conversation::forget_older(turn.tx, turn.now.minus(keep), ROWS_MAX)?,
        false => 0,
    } + flood::forget_older(turn.tx, turn.now, ROWS_MAX)?;
    Ok(Progress { done: done + forgotten, next: runs::next_due(connection)? })
}

fn time_out(turn: &Turn<'_>, mut run: Run) -> Result<(), StoreError> {
    end(turn, &mut run, RunState::TimedOut)?;
    let Some(stored) = contact::by_id(turn.tx.connection(), run.contact)? else { return Ok(()) };
    let mut over = Event::new("survey_timed_out", stored.contact.number.clone(), turn.now);
    over.id = Some(format!("survey-{}", run.id));
    over.properties.insert("survey".to_owned(), json!(run.survey));
    over.properties.insert("question".to_owned(), json!(run.question));
    over.properties.insert("answered".to_owned(), json!(run.answers.len()));
    event::record(turn.tx, &over, turn.now)?;
    turn.wake_steps();
    told_end(turn, &stored, &run)
}
