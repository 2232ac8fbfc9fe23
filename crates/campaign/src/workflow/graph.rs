//! Checks where the steps of a workflow lead: every step is reached, and who goes round in a circle waits in it.

use super::definition::{Action, Workflow};
use super::reader::Faults;

/// The least time that a circle takes.
const ROUND_MILLIS_MIN: i64 = 60_000;

/// Where a step may lead.
pub fn ways(workflow: &Workflow, place: usize) -> Vec<usize> {
    let Some(step) = workflow.step(place) else { return Vec::new() };
    match &step.action {
        Action::Exit(_) => Vec::new(),
        Action::WaitFor { answers, otherwise, .. } => {
            answers.iter().map(|answer| answer.to).chain([*otherwise]).collect()
        }
        Action::Branch { then, otherwise, .. } => vec![*then, *otherwise],
        Action::Split(ways) => ways.iter().map(|(to, _)| *to).collect(),
        Action::Send(_) | Action::Wait { .. } | Action::WaitUntil(_) | Action::Do(_) => vec![step.next],
    }
}

/// Whether who comes to the step stays there for a while. A `wait_until` does not count: its moment may lie in the past.
fn is_wait(action: &Action) -> bool {
    match action {
        Action::Wait { span, .. } => span.rough_millis() >= ROUND_MILLIS_MIN,
        Action::WaitFor { timeout, .. } => timeout.rough_millis() >= ROUND_MILLIS_MIN,
        Action::Send(_)
        | Action::WaitUntil(_)
        | Action::Branch { .. }
        | Action::Split(_)
        | Action::Do(_)
        | Action::Exit(_) => false,
    }
}

/// Tells steps that nobody reaches, and circles without a wait.
pub fn check(workflow: &Workflow, faults: &Faults) {
    let mut reached = vec![false; workflow.steps.len()];
    let mut open = vec![0];
    while let Some(place) = open.pop() {
        let Some(seen) = reached.get_mut(place) else { continue };
        if !std::mem::replace(seen, true) {
            open.extend(ways(workflow, place));
        }
    }
    for (n, _) in reached.iter().enumerate().filter(|(_, reached)| !**reached) {
        let id = workflow.step(n).map_or("", |step| step.id.as_str());
        faults.add(&format!("/step/{n}"), "unreachable", format!("no way leads to step \"{id}\""));
    }
    let mut done = vec![false; workflow.steps.len()];
    for n in 0..workflow.steps.len() {
        if !done.get(n).copied().unwrap_or(true)
            && let Some(id) = circle(workflow, n, &mut done)
        {
            let detail = format!("from step \"{id}\" a way leads back to it without a wait of a minute or more");
            faults.add(&format!("/step/{}", workflow.place_of(id).unwrap_or(n)), "endless", detail);
        }
    }
}

/// A step from which one comes back to it without a wait. `done` are steps from which none is found any more.
fn circle<'w>(workflow: &'w Workflow, from: usize, done: &mut [bool]) -> Option<&'w str> {
    // The way from `from` to here, each with the ways that are still to be tried.
    let mut path: Vec<(usize, Vec<usize>)> = vec![(from, onward(workflow, from))];
    while let Some((place, open)) = path.last_mut() {
        let Some(next) = open.pop() else {
            if let Some(done) = done.get_mut(*place) {
                *done = true;
            }
            path.pop();
            continue;
        };
        if path.iter().any(|(place, _)| *place == next) {
            // A circle is told once, whichever of its steps one begins with.
            path.iter().for_each(|(place, _)| done.iter_mut().skip(*place).take(1).for_each(|done| *done = true));
            return workflow.step(next).map(|step| step.id.as_str());
        }
        if !done.get(next).copied().unwrap_or(true) {
            path.push((next, onward(workflow, next)));
        }
    }
    None
}

fn onward(workflow: &Workflow, place: usize) -> Vec<usize> {
    let stays = workflow.step(place).is_none_or(|step| is_wait(&step.action));
    if stays { Vec::new() } else { ways(workflow, place) }
}
