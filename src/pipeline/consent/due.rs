//! Tells what a country wants told: the result of a consent or refusal within days, and a consent again after its months.

use std::time::Duration;

use super::answer::{Reply, queue};
use crate::campaign::answers::Answer;
use crate::campaign::consent::renewal_due;
use crate::campaign::hours::{self, Verdict};
use crate::campaign::keywords;
use crate::campaign::law::Place;
use crate::model::country_of;
use crate::pipeline::{Turn, notify};
use crate::store::consent_due::{self, Kind, Task};
use crate::store::{StoreError, consent};

/// How many tasks one sweep handles.
const TASKS_MAX: usize = 200;
/// When a task that finds no allowed hour is looked at again.
const LATER: Duration = Duration::from_secs(24 * 3600);

/// Handles the tasks that are due. Returns whether there may be more.
pub fn tell_due(turn: &Turn<'_>) -> Result<bool, StoreError> {
    let tasks = consent_due::due(turn.tx, turn.now, TASKS_MAX)?;
    let more = tasks.len() == TASKS_MAX;
    for task in tasks {
        tell(turn, task)?;
    }
    Ok(more)
}

/// Forgets consents that were withdrawn longer ago than proofs are kept.
pub fn forget_older(turn: &Turn<'_>) -> Result<usize, StoreError> {
    let years = u64::from(turn.settings.consent.keep_years);
    consent::forget_older(turn.tx, turn.now.minus(Duration::from_secs(years * 366 * 86_400)))
}

fn tell(turn: &Turn<'_>, task: Task) -> Result<(), StoreError> {
    let rules = &turn.settings.consent;
    let place = Place::of(&task.number, rules, None);
    // Such a notice is no advertising, but nobody wants it at night.
    let wait = match hours::when(&place, rules, false, turn.now) {
        Verdict::Allowed => None,
        Verdict::NotBefore(open) => Some(open),
        Verdict::Never => Some(turn.now.plus(LATER)),
    };
    if let Some(due_at) = wait {
        return consent_due::put(turn.tx, &Task { due_at, ..task });
    }
    consent_due::done(turn.tx, turn.tx.person(&task.number), task.kind)?;
    notify::consent_due(turn, &task)?;
    if rules.notices {
        let answer = match task.kind {
            Kind::ToldStart => Answer::Start,
            Kind::ToldStop => Answer::Stop,
            Kind::Renew => Answer::Renew,
        };
        let language = keywords::language_of(country_of(&task.number));
        let reply = Reply { number: &task.number, from: None, answer, language, said_at: task.said_at };
        queue(turn, reply, "consent")?;
    }
    if let (Kind::Renew, Some(months)) = (task.kind, place.row.renew_months) {
        let due_at = renewal_due(turn.now, months);
        consent_due::put(turn.tx, &Task { due_at, ..task })?;
    }
    Ok(())
}
