//! Activates and deactivates workflows, and takes contacts out of them.

use super::date;
use crate::campaign::segment::ready;
use crate::campaign::workflow::{Named, On, Workflow};
use crate::model::Timestamp;
use crate::pipeline::{Turn, operate};
use crate::store::StoreError;
use crate::store::campaign::{coupon, enrolment, segment, template, workflow};

/// Most workflows.
const WORKFLOWS_MAX: i64 = 500;

/// Defines a workflow, or gives the one of this name a new version, which is returned; nothing if there are too many.
///
/// # Errors
/// The store's own.
pub fn define(turn: &Turn<'_>, new: &Workflow) -> Result<Option<i64>, StoreError> {
    let connection = turn.tx.connection();
    if workflow::standing(connection, &new.name)?.is_none() && workflow::count(connection)? >= WORKFLOWS_MAX {
        return Ok(None);
    }
    let version = workflow::define(turn.tx, new, turn.now)?;
    workflow::tidy(turn.tx, &new.name)?;
    date::follow(turn, &new.name)?;
    turn.wake_steps();
    Ok(Some(version))
}

/// What a workflow names and that is not there.
///
/// # Errors
/// The store's own.
pub fn missing<'w>(connection: &rusqlite::Connection, named: Vec<Named<'w>>) -> Result<Vec<Named<'w>>, StoreError> {
    let mut gone = Vec::new();
    for each in named {
        let is_there = match each.kind {
            "template" => template::find(connection, each.name)?.is_some(),
            "coupon pool" => coupon::find(connection, each.name)?.is_some(),
            "segment" => ready::named(each.name).is_some() || segment::find(connection, each.name)?.is_some(),
            "workflow" => workflow::standing(connection, each.name)?.is_some(),
            _ => true,
        };
        if !is_there {
            gone.push(each);
        }
    }
    Ok(gone)
}

/// Lets triggers begin a workflow from now on. Says whether there is one.
///
/// # Errors
/// The store's own.
pub fn activate(turn: &Turn<'_>, name: &str) -> Result<bool, StoreError> {
    let is_there = workflow::set_active(turn.tx, name, true, turn.now)?;
    // Who enters a segment is known only of those that look by themselves.
    if let Some(stored) = workflow::find(turn.tx.connection(), name)? {
        for trigger in &stored.workflow.triggers {
            if let On::Segment(segment) = &trigger.on {
                segment::make_live(turn.tx, segment, turn.now)?;
            }
        }
    }
    date::follow(turn, name)?;
    turn.wake_steps();
    Ok(is_there)
}

/// Triggers no longer begin a workflow; who is in it goes on. Says whether there is one.
///
/// # Errors
/// The store's own.
pub fn deactivate(turn: &Turn<'_>, name: &str) -> Result<bool, StoreError> {
    let is_there = workflow::set_active(turn.tx, name, false, turn.now)?;
    date::follow(turn, name)?;
    Ok(is_there)
}

/// Takes an enrolment out of its workflow, and withdraws those of its texts that have not left yet. Says whether it was
/// running.
///
/// # Errors
/// The store's own.
pub fn cancel(turn: &Turn<'_>, id: i64, outcome: &str) -> Result<bool, StoreError> {
    let Some(mut is) = enrolment::find(turn.tx.connection(), id)?.filter(|found| found.outcome.is_none()) else {
        return Ok(false);
    };
    is.due_at = None;
    is.outcome = Some(outcome.to_owned());
    is.ended_at = Some::<Timestamp>(turn.now);
    enrolment::save(turn.tx, is.visit, &is)?;
    withdraw_texts(turn, id, "because its workflow was ended")?;
    workflow::tidy(turn.tx, &is.workflow)?;
    Ok(true)
}

/// Withdraws the texts of an enrolment that have not left yet.
pub(super) fn withdraw_texts(turn: &Turn<'_>, id: i64, why: &str) -> Result<(), StoreError> {
    for visit in enrolment::visits(turn.tx.connection(), id)? {
        if let Some(message) = visit.message {
            operate::withdraw(turn, message, why)?;
        }
    }
    Ok(())
}

/// Removes a workflow. Who is in it is taken out by [`super::step`], since its definition is gone. Says whether there was
/// one.
///
/// # Errors
/// The store's own.
pub fn remove(turn: &Turn<'_>, name: &str) -> Result<bool, StoreError> {
    let is_there = workflow::remove(turn.tx, name)?;
    date::follow(turn, name)?;
    Ok(is_there)
}
