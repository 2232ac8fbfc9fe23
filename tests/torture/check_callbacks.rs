//! Holds what the tool was told against the timeline of each message and against what came in.

use std::collections::BTreeMap;

use crate::evidence::Told;
use crate::figures::{Figure, Report};
use crate::index::Index;
use crate::kept::Kept;

/// The changes that are told, as the configuration has it.
const TOLD: [&str; 8] =
    ["delivered", "partially_delivered", "undelivered", "failed", "expired", "canceled", "blocked", "uncertain"];

/// What came under one id.
struct Came<'a> {
    /// The first time.
    first: usize,
    /// The first time that it was taken.
    taken: Option<usize>,
    body: &'a str,
}

/// Checks callbacks of messages and of incoming ones.
pub fn check_callbacks(index: &Index<'_>, report: &mut Report) {
    let mut came: BTreeMap<&str, Came<'_>> = BTreeMap::new();
    report.examined(Figure::CallbackWrong, index.evidence.callbacks.len());
    for (place, told) in index.evidence.callbacks.iter().enumerate() {
        let Told { taken, id, signed, body } = told;
        if !signed {
            report.add(Figure::CallbackWrong, format!("{id} came with a wrong signature: {body}"));
        }
        let known = came.entry(id).or_insert(Came { first: place, taken: None, body });
        if *taken && known.taken.is_none() {
            known.taken = Some(place);
        }
        if known.body != body {
            report.add(Figure::CallbackWrong, format!("{id} came with two bodies: {} and {body}", known.body));
        }
    }
    for kept in index.kept.values().flatten() {
        check_message(index, kept, &came, report);
    }
    for inbound in &index.evidence.inbound {
        report.examined(Figure::CallbackMissing, 1);
        let id = format!("evt_{}_0", inbound.id);
        match came.get(id.as_str()).filter(|one| one.taken.is_some()) {
            None => report.add(Figure::CallbackMissing, format!("{id} of an incoming message: {inbound:?}")),
            Some(one) => {
                let body: serde_json::Value = serde_json::from_str(one.body).unwrap();
                if body["type"] != "inbound.received" || body["data"]["text"] != inbound.text {
                    report.add(Figure::CallbackWrong, format!("{id} tells {} of {inbound:?}", one.body));
                }
            }
        }
    }
}

/// Every change that is told was told, in order, once under one id; and nothing else was.
fn check_message(index: &Index<'_>, kept: &Kept, came: &BTreeMap<&str, Came<'_>>, report: &mut Report) {
    let mut changes: Vec<&str> = Vec::new();
    let mut before = "";
    for event in &kept.events {
        // A remark repeats the state.
        if event.state != before && TOLD.contains(&event.state.as_str()) {
            changes.push(&event.state);
        }
        before = &event.state;
    }
    report.examined(Figure::CallbackMissing, changes.len());
    let mut taken_before = 0;
    for (place, change) in changes.iter().enumerate() {
        let id = format!("evt_{}_{place}", kept.id);
        let Some((one, taken)) = came.get(id.as_str()).and_then(|one| Some((one, one.taken?))) else {
            let row = kept.callbacks.get(place);
            report.add(Figure::CallbackMissing, format!("{change} ({id}, row {row:?}): {}", index.story(kept)));
            continue;
        };
        if one.first < taken_before {
            report.add(Figure::CallbackWrong, format!("{id} came before the one before it: {}", index.story(kept)));
        }
        taken_before = taken;
        let body: serde_json::Value = serde_json::from_str(one.body).unwrap();
        if body["type"] != format!("message.{change}") || body["data"]["id"] != kept.id {
            report.add(Figure::CallbackWrong, format!("{id} should tell {change}: {}", one.body));
        }
    }
    let further = format!("evt_{}_{}", kept.id, changes.len());
    if came.contains_key(further.as_str()) {
        report.add(Figure::CallbackWrong, format!("{further} tells what never was: {}", index.story(kept)));
    }
    if kept.is_final() && changes.last() != Some(&kept.state.as_str()) {
        report.add(Figure::CallbackWrong, format!("its last change is not its state: {}", index.story(kept)));
    }
}
