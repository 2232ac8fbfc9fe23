//! Decides what is done with one slot of a message store, and with a whole store.

use std::time::{Duration, Instant};

use super::Modem;
use super::engine::Next;
use super::jobs::Job;
use crate::answers::message;
use crate::codes::Family;
use crate::command::{Command, End, Reply};
use postrider_model::catalog;
use postrider_tpdu::{Incoming, Pdu};

const SECOND: Duration = Duration::from_secs(1);
/// Slots that are read one by one where a store cannot be listed.
const SLOTS_MAX: u16 = 300;
/// Slots that cannot be read, each told once.
const UNREADABLE_MAX: usize = 256;
/// States of a message in a store: not sent yet, and sent.
const OUTGOING: [u8; 2] = [2, 3];

/// A job on a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// The store; empty for whichever is selected.
    store: String,
    work: Work,
    step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Work {
    /// One slot is read; `announced` says that something was announced in it, and `report` that it was a status report.
    Read { index: u16, announced: bool, report: bool },
    /// A slot is emptied.
    Delete { index: u16 },
    /// Everything in it is read.
    List,
    /// It is selected, and nothing else: the store where received messages go.
    Home,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The store is selected, by its name alone.
    Select,
    /// The same with the other stores' names, for modems that want them.
    SelectWith,
    Work,
}

impl Slot {
    fn new(store: &str, work: Work) -> Self {
        Self { store: store.to_owned(), work, step: Step::Select }
    }

    /// Reads a slot in which a message was announced.
    pub(super) fn read(store: &str, index: u16) -> Self {
        Self::new(store, Work::Read { index, announced: true, report: false })
    }

    /// Reads a slot that may be empty.
    fn look(store: &str, index: u16) -> Self {
        Self::new(store, Work::Read { index, announced: false, report: false })
    }

    /// Reads a slot in which a status report was announced.
    pub(super) fn report(store: &str, index: u16) -> Self {
        Self::new(store, Work::Read { index, announced: true, report: true })
    }

    /// Empties a slot.
    pub(super) fn delete(store: &str, index: u16) -> Self {
        Self::new(store, Work::Delete { index })
    }

    /// Reads a whole store.
    pub(super) fn list(store: &str) -> Self {
        Self::new(store, Work::List)
    }

    fn home(store: &str) -> Self {
        Self::new(store, Work::Home)
    }
}

impl Modem {
    pub(super) fn slot(&mut self, now: Instant, mut slot: Slot, reply: Option<Reply>) -> Next {
        let Some(reply) = reply else {
            // A modem that rebooted without a word has another store selected, so a sweep does not rely on it.
            let sweeps = slot.work == Work::List && !slot.store.is_empty();
            if self.is_selected(&slot.store) && !sweeps {
                slot.step = Step::Work;
            }
            return self.slot_step(now, slot);
        };
        match slot.step {
            Step::Select | Step::SelectWith if reply.is_ok() => {
                self.known.selected = Some(slot.store.clone());
                let store = slot.store.clone();
                self.count_store(&store, &reply);
                slot.step = Step::Work;
                self.slot_step(now, slot)
            }
            Step::Select => {
                slot.step = Step::SelectWith;
                self.slot_step(now, slot)
            }
            Step::SelectWith => {
                // It cannot be read, so it is not swept any more.
                self.known.readable.retain(|store| *store != slot.store);
                self.slot_done(now);
                Next::Done
            }
            Step::Work => {
                self.slot_reply(now, &slot, &reply);
                self.slot_done(now);
                Next::Done
            }
        }
    }

    fn is_selected(&self, store: &str) -> bool {
        store.is_empty() || self.known.selected.as_deref() == Some(store)
    }

    fn slot_step(&mut self, now: Instant, slot: Slot) -> Next {
        let (groups, home) = self.known.home.clone().unwrap_or((3, slot.store.clone()));
        let names = |first: &str, groups: u8| {
            let rest = (1..groups).map(|_| format!(",\"{home}\"")).collect::<String>();
            Command::ask(format!("AT+CPMS=\"{first}\"{rest}"), "+CPMS:", SECOND * 10)
        };
        let command = match (slot.step, &slot.work) {
            (Step::Select, Work::Home) | (Step::SelectWith, _) => names(&slot.store, groups),
            (Step::Select, _) => names(&slot.store, 1),
            (Step::Work, Work::Read { index, .. }) => Command::ask(format!("AT+CMGR={index}"), "+CMGR:", SECOND * 10),
            (Step::Work, Work::Delete { index }) => Command::new(format!("AT+CMGD={index}"), SECOND * 10),
            (Step::Work, Work::List) if self.profile.receive.lists && !self.setup.refused.contains(LIST) => {
                Command::ask(LIST, "+CMGL:", self.profile.receive.list_wait)
            }
            (Step::Work, Work::List) => {
                self.read_each(now, &slot.store);
                return Next::Done;
            }
            (Step::Work, Work::Home) => return Next::Done,
        };
        Next::Command(Job::Slot(slot), command)
    }

    fn slot_reply(&mut self, now: Instant, slot: &Slot, reply: &Reply) {
        match &slot.work {
            Work::Read { index, announced, report } => {
                let lines = reply.lines.iter().filter_map(|info| Some((info, info.pdu.as_deref()?)));
                let found = lines.map(|(info, pdu)| (info.line.clone(), pdu.to_owned())).next();
                let is_report = found.is_some_and(|(line, pdu)| {
                    let head = message::read(line.trim_start_matches("+CMGR:"));
                    head.is_some_and(|(state, length)| self.stored(now, &slot.store, *index, state, length, &pdu))
                });
                let has_pdu = reply.lines.iter().any(|info| info.pdu.is_some());
                if *announced && !*report && !reply.lines.is_empty() && !has_pdu {
                    self.unreadable(now, &slot.store, *index, "a message was announced there, and the slot has no PDU");
                }
                if *report && !is_report {
                    self.report_is_elsewhere(now, &slot.store);
                }
            }
            Work::List => {
                if !reply.is_ok() && reply.lines.is_empty() {
                    self.not_listed(now, slot, reply);
                }
                for info in &reply.lines {
                    match (message::listed(info.line.trim_start_matches("+CMGL:")), &info.pdu) {
                        (Some((index, state, length)), Some(pdu)) => {
                            self.stored(now, &slot.store, index, state, length, pdu);
                        }
                        (Some((index, ..)), None) => {
                            self.unreadable(now, &slot.store, index, "it is listed without a PDU");
                        }
                        (None, _) => {
                            let text = format!("{}: a line of its message list cannot be read", self.name());
                            let advice = "Read its dialogue with: postrider modem record.";
                            self.tell_once("+CMGL", text, advice, catalog::MODEM_UNREADABLE);
                        }
                    }
                }
            }
            // An empty slot is what was wanted; anything else is read and tried again with the next sweep.
            Work::Delete { index } => {
                self.uncount(&slot.store, reply.is_ok());
                self.deleted(&slot.store, *index, reply);
            }
            Work::Home => {}
        }
    }

    /// What lies in a slot is handed on once. `true` if it is a status report.
    fn stored(&mut self, now: Instant, store: &str, index: u16, state: u8, length: usize, pdu: &str) -> bool {
        let waits = self.pending.holds(store, index) || self.is_being_deleted(store, index);
        if !waits && self.pending.was_taken(store, index, pdu) {
            // It was taken before and could not be deleted.
            self.queue.push(now, Job::Slot(Slot::delete(store, index)));
            return true;
        }
        let incoming = Pdu::parse_hex_sized(pdu, length).and_then(|pdu| Incoming::decode(&pdu.tpdu));
        let outgoing = OUTGOING.contains(&state);
        match incoming {
            _ if waits => false,
            // Some modems keep reports among what was sent.
            Ok(Incoming::StatusReport(report)) => {
                self.hand_on_slot(store, index, pdu, &Incoming::StatusReport(report));
                true
            }
            Ok(Incoming::Deliver(deliver)) if !outgoing => {
                self.hand_on_slot(store, index, pdu, &Incoming::Deliver(deliver));
                false
            }
            Ok(Incoming::Deliver(_) | Incoming::SubmitReport(_)) if outgoing => false,
            Ok(Incoming::Deliver(_) | Incoming::SubmitReport(_)) => {
                self.unreadable(now, store, index, "it is nothing that a network brings");
                false
            }
            Err(_) if outgoing => false,
            Err(error) => {
                self.unreadable(now, store, index, &error.to_string());
                false
            }
        }
    }

    /// What became of a deletion.
    fn deleted(&mut self, store: &str, index: u16, reply: &Reply) {
        match &reply.end {
            End::Failed(failure) => {
                let why = failure.to_string();
                self.not_deleted(store, index, &why);
            }
            End::Ok | End::Settled => self.pending.forget_taken(store, index),
            End::Silent => {}
        }
    }

    fn is_being_deleted(&self, store: &str, index: u16) -> bool {
        let deletes = |slot: &Slot| slot.store == store && slot.work == Work::Delete { index };
        self.queue.any(|job| matches!(job, Job::Slot(slot) if deletes(slot)))
    }

    /// It stays where it is, and is told once.
    fn unreadable(&mut self, _now: Instant, store: &str, index: u16, why: &str) {
        let slot = (store.to_owned(), index);
        if self.setup.unreadable.len() < UNREADABLE_MAX && self.setup.unreadable.insert(slot) {
            let text = format!("{}: slot {index} of store {store} cannot be read: {why}", self.name());
            let advice = format!(
                "It is left there. Read it with: postrider modem at {} AT+CMGR={index}, and delete it with AT+CMGD={index}.",
                self.settings.name
            );
            self.tell_trouble(text, &advice, catalog::MODEM_UNREADABLE);
        }
    }

    /// Nothing, or a message, lay where a report was announced.
    fn report_is_elsewhere(&mut self, now: Instant, store: &str) {
        let has_sr = self.known.readable.is_empty() || self.known.readable.iter().any(|store| store == "SR");
        if store != "SR" && self.profile.receive.reports_in_sr && has_sr {
            self.queue.push(now, Job::Slot(Slot::list("SR")));
        }
        self.prefer_direct_reports(now);
    }

    /// A store that cannot be listed is read slot by slot from now on.
    fn not_listed(&mut self, now: Instant, slot: &Slot, reply: &Reply) {
        let busy = matches!(&reply.end, End::Failed(failure)
            if failure.is_one_of(Family::Cms, &[314, 322, 512, 513, 515]) || failure.is_one_of(Family::Cme, &[14, 515]));
        if !busy {
            self.setup.refused.insert(LIST);
            self.read_each(now, &slot.store);
        }
    }

    fn read_each(&mut self, now: Instant, store: &str) {
        let fill = self.known.fills.iter().find(|fill| fill.name == store);
        let (used, total) = fill.map_or((0, 0), |fill| (fill.used, fill.total));
        if used > 0 {
            // Some number slots from 0, some from 1.
            for index in 0..=total.min(SLOTS_MAX) {
                self.queue.push(now, Job::Slot(Slot::look(store, index)));
            }
        }
    }

    /// Once nothing else is to be done with stores, the one where received messages go is selected again.
    fn slot_done(&mut self, now: Instant) {
        let Some((_, home)) = self.known.home.clone() else { return };
        if !self.is_selected(&home) && !self.queue.any(|job| matches!(job, Job::Slot(_))) {
            self.queue.push(now, Job::Slot(Slot::home(&home)));
        }
    }
}

/// Lists a store in PDU mode.
const LIST: &str = "AT+CMGL=4";
