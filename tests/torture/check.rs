//! Holds the gateway's words against the ledgers: every message, every send, every receipt.

use std::collections::BTreeSet;

use crate::carriers::{KINDS, REFUSED_FOR_GOOD};
use crate::check_callbacks::check_callbacks;
use crate::check_inbound::check_inbound;
use crate::evidence::Evidence;
use crate::figures::{Figure, Report};
use crate::index::{Index, Sent};
use crate::kept::Kept;

/// Sends of one message that may end in doubt, as the configuration has it.
const DOUBT_SENDS_MAX: u32 = 2;

/// Checks everything.
pub fn check(evidence: &Evidence) -> Report {
    let index = Index::of(evidence);
    let mut report = Report::default();
    check_accepted(&index, &mut report);
    for kept in index.kept.values().flatten() {
        check_end(&index, kept, &mut report);
        check_copies(&index, kept, &mut report);
        check_parts(&index, kept, &mut report);
        check_state(&index, kept, &mut report);
    }
    check_strangers(&index, &mut report);
    check_receipts(&index, &mut report);
    check_ids(&index, &mut report);
    check_inbound(&index, &mut report);
    check_callbacks(&index, &mut report);
    let doubts = evidence.messages.iter().filter(|kept| kept.doubts > 0).count();
    let again = evidence.messages.iter().filter(|kept| (0..kept.parts).any(|part| index.taken(kept, part).len() > 1));
    report.remarks.push(format!("messages in doubt: {doubts}, of which sent twice: {}", again.count()));
    report
}

fn check_accepted(index: &Index<'_>, report: &mut Report) {
    let accepted: BTreeSet<_> = index.evidence.accepted.iter().collect();
    report.examined(Figure::Lost, accepted.len());
    report.examined(Figure::RetryDoubled, accepted.len());
    for (number, id) in accepted {
        let rows = index.kept.get(number).map_or(&[][..], Vec::as_slice);
        if rows.iter().all(|kept| kept.id != *id) {
            report.add(Figure::Lost, format!("message {id} (m{number}) was acknowledged and is not in the database"));
        }
        if rows.len() > 1 {
            let ids: Vec<&str> = rows.iter().map(|kept| kept.id.as_str()).collect();
            report.add(Figure::RetryDoubled, format!("m{number} was posted with one key and became {ids:?}"));
        }
    }
}

fn check_end(index: &Index<'_>, kept: &Kept, report: &mut Report) {
    report.examined(Figure::NoEnd, 1);
    if !kept.is_final() {
        report.add(Figure::NoEnd, index.story(kept));
    }
    let reason = kept.events.last().is_some_and(|event| event.note.is_some());
    if kept.is_final() && !reason && index.copies(kept).is_empty() {
        report.add(Figure::Lost, format!("it ended without a send and without a reason: {}", index.story(kept)));
    }
}

/// More copies than one of a part need a doubt for each, and none may be held.
fn check_copies(index: &Index<'_>, kept: &Kept, report: &mut Report) {
    let figure = if kept.on_doubt == "hold" { Figure::DoubledUnderHold } else { Figure::Doubled };
    report.examined(figure, 1);
    for part in 0..kept.parts {
        let copies = u32::try_from(index.taken(kept, part).len()).unwrap();
        let leases = kept.outcomes.iter().filter(|outcome| outcome.part == part).count();
        let explained = 1 + if kept.on_doubt == "hold" { 0 } else { kept.doubts.min(DOUBT_SENDS_MAX - 1) };
        let recorded = copies == 0 || leases >= usize::try_from(copies).unwrap() || !kept.is_final();
        if copies > explained || !recorded {
            let what = format!("part {} left {copies} times, {leases} recorded: {}", part + 1, index.story(kept));
            report.add(figure, what);
        }
    }
}

/// A message that is said to be sent has reached the carrier with all its parts, or says which one did not and why.
fn check_parts(index: &Index<'_>, kept: &Kept, report: &mut Report) {
    report.examined(Figure::PartNeverSent, kept.parts);
    let missing: Vec<usize> = (0..kept.parts).filter(|&part| index.taken(kept, part).is_empty()).collect();
    let unexplained: Vec<usize> =
        missing.iter().filter(|part| !is_explained(index, kept, **part)).map(|part| part + 1).collect();
    if !unexplained.is_empty() {
        report.add(Figure::PartNeverSent, format!("parts {unexplained:?} never left: {}", index.story(kept)));
    }
}

/// Whether what is told of a part that never reached a carrier says why, and the ledgers agree.
fn is_explained(index: &Index<'_>, kept: &Kept, part: usize) -> bool {
    let stopped = || index.evidence.wrote.iter().any(|one| one.kind == "stop" && one.from == kept.to);
    let refused = index.copies(kept).iter().any(|(_, copy)| copy.status == REFUSED_FOR_GOOD);
    let held = kept.doubts > 0 && (kept.on_doubt == "hold" || kept.doubts >= DOUBT_SENDS_MAX);
    let told = kept.outcomes.iter().filter(|one| one.part == part).max_by_key(|one| one.attempt);
    let told = told.map_or(kept.state.as_str(), |one| one.state.as_str());
    match told {
        _ if kept.state == "delivered" => false,
        "queued" => !matches!(kept.state.as_str(), "sent" | "partially_delivered" | "undelivered" | "uncertain"),
        "failed" => refused || is_given_up(kept),
        "uncertain" => held || refused || stopped(),
        "blocked" => stopped(),
        "expired" | "canceled" => true,
        _ => false,
    }
}

fn is_given_up(kept: &Kept) -> bool {
    kept.events.iter().any(|event| event.note.as_ref().is_some_and(|note| note.contains("given up")))
}

/// The state, against what the carriers' receipts said of every part.
fn check_state(index: &Index<'_>, kept: &Kept, report: &mut Report) {
    report.examined(Figure::FalseState, 1);
    let copies: Vec<Vec<Sent<'_>>> = (0..kept.parts).map(|part| index.taken(kept, part)).collect();
    let arrived: Vec<bool> = copies.iter().map(|copies| copies.iter().any(|(_, copy)| copy.is_delivered())).collect();
    let (any, all) = (arrived.contains(&true), !arrived.contains(&false));
    let wrong = match kept.state.as_str() {
        "delivered" => (!all).then_some("a part was not delivered"),
        "partially_delivered" if !any => Some("no part was delivered"),
        "partially_delivered" if all => Some("every part was delivered"),
        "undelivered" | "failed" | "expired" | "blocked" | "canceled" if any => Some("a part was delivered"),
        "failed" => (!failure_is_true(index, kept)).then_some("nobody refused it"),
        "undelivered" => (!said(&copies, "UNDELIV")).then_some("no carrier said that it is undeliverable"),
        "expired" => (!said(&copies, "EXPIRED")).then_some("no carrier said that it expired"),
        "uncertain" if kept.doubts == 0 => Some("it is uncertain without a recorded doubt"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        report.add(Figure::FalseState, format!("{wrong}: {}", index.story(kept)));
    }
    // What was told as an end and then left again was false, unless two copies of a part fared differently.
    let mixed = copies.iter().any(|copies| {
        copies.iter().any(|(_, copy)| copy.is_delivered()) && copies.iter().any(|(_, copy)| !copy.is_delivered())
    });
    let mut ends = kept.events.iter().map(|event| event.state.as_str()).filter(|state| is_end(state));
    if let Some(left) = ends.find(|state| *state != kept.state && !mixed) {
        report.add(Figure::FalseState, format!("{left} was told and left again: {}", index.story(kept)));
    }
    for (part, arrived) in arrived.iter().enumerate() {
        let told: Vec<&str> =
            kept.outcomes.iter().filter(|one| one.part == part).map(|one| one.state.as_str()).collect();
        if told.contains(&"delivered") && !arrived {
            report.add(Figure::FalseState, format!("part {} was not delivered: {}", part + 1, index.story(kept)));
        }
    }
}

/// A final state that says what became of the message; `uncertain` says that nobody knows.
fn is_end(state: &str) -> bool {
    matches!(state, "delivered" | "partially_delivered" | "undelivered" | "failed" | "expired" | "blocked" | "canceled")
}

fn said(copies: &[Vec<Sent<'_>>], word: &str) -> bool {
    copies.iter().flatten().any(|(_, copy)| copy.word.as_deref() == Some(word))
}

fn failure_is_true(index: &Index<'_>, kept: &Kept) -> bool {
    is_given_up(kept)
        || index.copies(kept).iter().any(|(_, copy)| {
            copy.status == REFUSED_FOR_GOOD || matches!(copy.word.as_deref(), Some("REJECTD" | "DELETED"))
        })
}

/// Sends of messages that the database does not know.
fn check_strangers(index: &Index<'_>, report: &mut Report) {
    for (carrier, copy) in index.evidence.copies() {
        let known = copy.message.is_some_and(|number| index.kept.contains_key(&number));
        if !known && copy.is_taken() {
            let name = KINDS[carrier].name;
            report.add(Figure::Doubled, format!("{name} has a text to {} that is in no row: {copy:?}", copy.to));
        }
    }
}

/// Every receipt that was acknowledged must stand on the send that it is about.
fn check_receipts(index: &Index<'_>, report: &mut Report) {
    let (mut ambiguous, mut by_carrier) = (0, [0; KINDS.len()]);
    for kept in index.kept.values().flatten() {
        for &sent in index.copies(kept) {
            let (carrier, copy) = sent;
            if !copy.is_taken() {
                continue;
            }
            report.examined(Figure::ReceiptUnmatched, 1);
            if copy.receipts_acknowledged.is_empty() {
                let what = format!("a receipt was never acknowledged: {}", index.story(kept));
                report.add(Figure::ReceiptUnmatched, what);
                continue;
            }
            let wanted = match copy.word.as_deref() {
                Some("DELIVRD") => "delivered",
                Some("UNDELIV") => "undelivered",
                Some("EXPIRED") => "expired",
                _ => "failed",
            };
            match index.outcome_of(kept, sent) {
                Some(outcome) if outcome.state == wanted => {}
                None if index.is_ambiguous(kept, sent) => ambiguous += 1,
                found => {
                    by_carrier[carrier] += 1;
                    let found = found.map_or("no outcome bears its id".to_owned(), |one| {
                        format!("its outcome stands at {}", one.state)
                    });
                    let (name, number) = (KINDS[carrier].name, copy.number.unwrap_or(0));
                    let ids = index.evidence.ids_of(carrier, number);
                    report.add(
                        Figure::ReceiptUnmatched,
                        format!("{name} {ids:?} {wanted} was acknowledged, {found}: {}", index.story(kept)),
                    );
                }
            }
        }
    }
    let by_carrier: Vec<String> =
        KINDS.iter().zip(by_carrier).map(|(kind, count)| format!("{} {count}", kind.name)).collect();
    report.remarks.push(format!("receipts that several sends in doubt could have: {ambiguous}"));
    report.remarks.push(format!("receipts unmatched by carrier: {}", by_carrier.join(", ")));
}

/// An id that stands with a send was given to a send of that message.
fn check_ids(index: &Index<'_>, report: &mut Report) {
    for kept in index.kept.values().flatten() {
        let copies = index.copies(kept);
        for outcome in &kept.outcomes {
            let Some(id) = &outcome.carrier_id else { continue };
            report.examined(Figure::FalseState, 1);
            let own = copies.iter().any(|(carrier, copy)| {
                outcome.link.starts_with(KINDS[*carrier].name)
                    && copy.number.is_some_and(|number| index.evidence.is_id_of(id, *carrier, number))
            });
            if !own {
                report.add(Figure::FalseState, format!("the id {id} was given to another send: {}", index.story(kept)));
            }
        }
    }
}
