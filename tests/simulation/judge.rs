//! What must hold of every message in the end: its state says what happened, as far as anybody could know, and nothing false.

use std::collections::BTreeMap;

use postrider::model::{MessageId, OnDoubt, State};
use postrider::sim::{Carrier, FinalState, IdForm};
use postrider::store::{Database, event};

use super::book::{Copy, fate, was_told};
use super::oracle::{End, Oracle, Posted, Send};
use super::plan::Plan;
use super::rows::{Row, rows, told};
use super::world::START;

/// What is true of a part, and what the gateway can know of it.
struct Part<'a> {
    copies: &'a [Copy],
    sends: &'a [Send],
    /// One copy arrived.
    arrived: bool,
    /// A receipt of a copy that arrived was acknowledged.
    arrival_told: bool,
    known: Known,
}

/// What the gateway can know of a part for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It arrived: a receipt with an id that was in an answer says so.
    Arrived,
    /// No copy will arrive: each send was refused, never left, or has a receipt that says so.
    Lost,
    /// Neither.
    Nothing,
}

/// The whole judgement.
pub struct Judge<'a> {
    pub oracle: &'a Oracle,
    pub carrier: &'a Carrier,
    pub plan: &'a Plan,
}

impl Judge<'_> {
    /// What is wrong.
    pub fn faults(&self, database: &Database) -> Result<Vec<String>, String> {
        let mut faults = Vec::new();
        let form_is_known = form_is_known(database)?;
        let mut handsets: BTreeMap<&str, usize> = BTreeMap::new();
        self.oracle.posted.values().for_each(|posted| *handsets.entry(&posted.recipient).or_default() += 1);
        for row in rows(database)? {
            let posted = &self.oracle.posted[&row.id];
            let alone = handsets[&*posted.recipient] == 1 && !self.oracle.book.is_foreign(&posted.recipient);
            let parts: Vec<Part<'_>> = (0..posted.segments).map(|part| self.part(row.id, posted.n, part)).collect();
            let fault = falsehood(&row, &parts)
                .or_else(|| missed(&row, &parts, alone, self.may_wait(row.id, posted, form_is_known)))
                .or_else(|| never_sent_again(posted, &parts));
            if let Some(fault) = fault {
                let told = parts.iter().map(|part| self.describe(part)).collect::<Vec<_>>().join("; ");
                let Posted { n, on_doubt, .. } = posted;
                let who = if alone { "" } else { ", not alone" };
                let line = timeline(database, row.id)?;
                faults.push(format!(
                    "{}, but {fault} [message {} number {n}, {on_doubt:?}{who}; parts: {told}; timeline: {line}]",
                    row.state, row.id
                ));
            }
        }
        faults.extend(self.unmatched(database, form_is_known).err());
        Ok(faults)
    }

    /// Whether the rule lets receipts of a message wait without end. A short number may be another send's in another base: so
    /// it is with a carrier that mixes them, and, until its form is known, while another part to that handset is in doubt.
    fn may_wait(&self, id: MessageId, posted: &Posted, form_is_known: bool) -> bool {
        let only_part = posted.segments == 1;
        let others = self.oracle.sends.iter().filter(|((of, _), _)| *of != id || !only_part);
        let mut near = others.filter(|((of, _), _)| self.oracle.posted[of].recipient == posted.recipient);
        let in_doubt = |sends: &Vec<Send>| sends.iter().any(|send| send.end == Some(End::Doubt));
        let is_number = self.plan.ids.answer != IdForm::Text;
        self.plan.ids_are_ambiguous() || is_number && !form_is_known && near.any(|(_, sends)| in_doubt(sends))
    }

    fn part(&self, id: MessageId, n: u64, part: usize) -> Part<'_> {
        let index = u8::try_from(part).unwrap_or(u8::MAX);
        let copies = self.oracle.book.copies(n, index);
        let sends = self.oracle.sends.get(&(id, index)).map_or(&[][..], Vec::as_slice);
        let delivered = |copy: &&Copy| fate(self.carrier, **copy) == Some(FinalState::Delivered);
        let arrived = copies.iter().any(|copy| delivered(&copy));
        let arrival_told = copies.iter().filter(delivered).any(|copy| was_told(self.carrier, *copy));
        let learned = |copy: &Copy| self.oracle.learned.contains(&self.plan.ids.answer.write(copy.number));
        let settled = |copy: &Copy| learned(copy) && was_told(self.carrier, *copy);
        let certain = |send: &Send| send.end.as_ref().is_some_and(|end| *end != End::Doubt);
        let known = if copies.iter().filter(delivered).any(settled) {
            Known::Arrived
        } else if sends.iter().all(certain) && copies.iter().all(settled) {
            Known::Lost
        } else {
            Known::Nothing
        };
        Part { copies, sends, arrived, arrival_told, known }
    }

    /// Receipts of ours that still wait though the answer with their id is known.
    fn unmatched(&self, database: &Database, form_is_known: bool) -> Result<(), String> {
        if self.plan.ids_are_ambiguous() {
            return Ok(());
        }
        let waiting = database.read(|connection| {
            let mut statement = connection.prepare("SELECT carrier_id, state FROM early_receipt")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        for (id, state) in waiting.map_err(told)? {
            let ours = self.oracle.book.parts().flat_map(|(part, copies)| copies.iter().map(move |copy| (part, copy)));
            let mut of_id = ours.filter(|(_, copy)| {
                self.plan.ids.receipt.write(copy.number) == id
                    && self.oracle.learned.contains(&self.plan.ids.answer.write(copy.number))
            });
            let waits = |n: u64| {
                let (id, posted) = self.oracle.posted.iter().find(|(_, posted)| posted.n == n)?;
                self.may_wait(*id, posted, form_is_known).then_some(())
            };
            if let Some(((n, part), _)) = of_id.next().filter(|((n, _), _)| waits(*n).is_none()) {
                return Err(format!("a receipt of part {part} of number {n} ({id}, {state}) was matched with nothing"));
            }
        }
        Ok(())
    }

    fn describe(&self, part: &Part<'_>) -> String {
        let copies = part.copies.iter().map(|copy| {
            let id = self.plan.ids.answer.write(copy.number);
            let end = fate(self.carrier, *copy).map_or("open", FinalState::word);
            let told = if was_told(self.carrier, *copy) { "told" } else { "untold" };
            let learned = if self.oracle.learned.contains(&id) { "answered" } else { "unanswered" };
            format!("#{id} {end} {told} {learned}")
        });
        let sends = part
            .sends
            .iter()
            .map(|send| format!("{}:{:?}{}", send.attempt, send.end, if send.left { " left" } else { "" }));
        format!("copies {:?} sends {:?}", copies.collect::<Vec<_>>(), sends.collect::<Vec<_>>())
    }
}

/// Whether the gateway proved how the carrier writes its ids.
fn form_is_known(database: &Database) -> Result<bool, String> {
    let sql = "SELECT count(*) FROM id_relation";
    let count = database.read(|connection| Ok(connection.query_row(sql, [], |row| row.get::<_, usize>(0))?));
    Ok(count.map_err(told)? == 1)
}

/// The timeline of a message, with seconds since the start.
fn timeline(database: &Database, id: MessageId) -> Result<String, String> {
    let lines = database.read(|connection| event::of(connection, id)).map_err(told)?;
    let line = |line: &event::Event| {
        let seconds = line.at.since(START).as_secs_f32();
        format!("{seconds} {} {}", line.state, line.note.as_deref().unwrap_or_default())
    };
    Ok(lines.iter().map(line).collect::<Vec<_>>().join(", "))
}

/// A state that is not true.
fn falsehood(row: &Row, parts: &[Part<'_>]) -> Option<String> {
    let arrived = parts.iter().filter(|part| part.arrived).count();
    let taken = parts.iter().filter(|part| !part.copies.is_empty()).count();
    let all = parts.len();
    let fault = match row.state {
        State::Delivered if taken < all => format!("{taken} of {all} parts reached the carrier"),
        State::Delivered if arrived < all => format!("{arrived} of {all} parts arrived"),
        State::PartiallyDelivered if arrived == 0 => "no part arrived".to_owned(),
        State::PartiallyDelivered | State::Undelivered | State::Failed | State::Expired if arrived == all => {
            "every part arrived".to_owned()
        }
        State::Undelivered | State::Failed | State::Expired
            if parts.iter().any(|part| part.known == Known::Arrived) =>
        {
            "a part is known to have arrived".to_owned()
        }
        State::Canceled | State::Blocked if taken > 0 => format!("{taken} parts were sent"),
        State::Uncertain
            if row.doubts == 0
                && !row.note.contains("no receipt")
                && parts.iter().all(|part| part.sends.iter().all(|send| !send.doubted)) =>
        {
            "no doubt is on record".to_owned()
        }
        State::Scheduled | State::Queued | State::Leased | State::Sent => "it never came to an end".to_owned(),
        State::Delivered
        | State::PartiallyDelivered
        | State::Undelivered
        | State::Failed
        | State::Expired
        | State::Canceled
        | State::Blocked
        | State::Uncertain => return None,
    };
    Some(fault)
}

/// A receipt without effect, unless the rule lets it wait.
fn missed(row: &Row, parts: &[Part<'_>], alone: bool, may_wait: bool) -> Option<String> {
    if alone && parts.len() == 1 && parts[0].arrival_told && row.state != State::Delivered {
        return Some(
            "a receipt of its only part, to a handset that nobody else wrote to, told that it arrived".to_owned(),
        );
    }
    if may_wait && !(alone && parts.len() == 1) || parts.iter().any(|part| part.known == Known::Nothing) {
        return None;
    }
    let arrived = parts.iter().filter(|part| part.known == Known::Arrived).count();
    let fits = match arrived {
        0 => {
            matches!(row.state, State::Undelivered | State::Failed | State::Expired | State::Canceled | State::Blocked)
        }
        some if some == parts.len() => row.state == State::Delivered,
        _ => row.state == State::PartiallyDelivered,
    };
    (!fits).then(|| format!("{arrived} of {} parts are known to have arrived, and the others not", parts.len()))
}

/// How many sends of a message may end in doubt before it is left alone.
const DOUBTS_MAX: usize = 2;
/// How many sends it may have in all.
const SENDS_MAX: usize = 6;

/// How often a part may be refused with a vague code before that counts for good.
const REFUSALS_MAX: usize = 3;

/// A part that was to be sent again, and was not.
fn never_sent_again(posted: &Posted, parts: &[Part<'_>]) -> Option<String> {
    if posted.on_doubt == OnDoubt::Hold || !posted.long_valid || posted.withdrawn {
        return None;
    }
    let for_good = |send: &Send| matches!(send.end, Some(End::Refused { for_good: true }));
    if parts.iter().flat_map(|part| part.sends).any(for_good) {
        return None;
    }
    let attempts = |doubted: bool| {
        let sends = parts.iter().flat_map(|part| part.sends).filter(|send| send.doubted || !doubted);
        sends.map(|send| send.attempt).collect::<std::collections::BTreeSet<_>>().len()
    };
    // A receipt of a part that never reached the carrier cannot come; only another send helps it.
    let place = parts.iter().position(|part| part.copies.is_empty())?;
    let refused = parts[place].sends.iter().filter(|send| matches!(send.end, Some(End::Refused { .. }))).count();
    let exhausted = attempts(true) >= DOUBTS_MAX || attempts(false) >= SENDS_MAX || refused >= REFUSALS_MAX;
    (!exhausted).then(|| format!("part {place} never reached the carrier and was not sent again"))
}
