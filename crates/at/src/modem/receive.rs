//! Decides how incoming messages and reports are handed on, and what is done once the store has them.
//!
//! What lies in a slot is deleted, and what came directly is acknowledged, only after the commit: a crash in between
//! finds it again, in the slot or from the network.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::engine::Next;
use super::jobs::Job;
use super::network::Check;
use super::slots::Slot;
use super::{Modem, Phase, steps};
use crate::answers::{indications, message};
use crate::codes::Family;
use crate::command::{Command, End, Ends, Reply};
use crate::event::{ModemEvent, Token};
use crate::fields;
use crate::profile::{Acknowledge, Cnmi};
use postrider_model::{Receipt, Sender, catalog};
use postrider_tpdu::{DecodeError, Deliver, Incoming, Pdu, Status, StatusReport};

const SECOND: Duration = Duration::from_secs(1);
/// The network waits so long for an acknowledgement; then the modem may have switched its indications off.
const ACKNOWLEDGE_MAX: Duration = Duration::from_secs(15);
/// More things than ever wait for a commit.
const HELD_MAX: usize = 1024;

/// What waits for a commit.
#[derive(Debug, Default)]
pub(super) struct Pending {
    last: Token,
    held: BTreeMap<Token, Held>,
    /// What was taken out of which slot, until it is empty: a slot that cannot be deleted is read with every sweep.
    taken: BTreeMap<(String, u16), (String, bool)>,
}

/// Where it is until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// In a slot of a store.
    Slot(String, u16),
    /// Nowhere but here and at the network, since this instant.
    Direct(Instant),
}

impl Pending {
    /// A new token.
    pub(super) fn token(&mut self) -> Token {
        self.last = self.last.wrapping_add(1).max(1);
        self.last
    }

    fn hold(&mut self, held: Held) -> Token {
        let token = self.token();
        if self.held.len() == HELD_MAX {
            self.held.pop_first();
        }
        self.held.insert(token, held);
        token
    }

    /// Whether what lies in this slot was handed on already.
    pub(super) fn holds(&self, store: &str, index: u16) -> bool {
        self.held.values().any(|held| matches!(held, Held::Slot(own, at) if own == store && *at == index))
    }

    /// Whether this PDU was taken out of the slot already, and stored.
    pub(super) fn was_taken(&self, store: &str, index: u16, pdu: &str) -> bool {
        self.taken.get(&(store.to_owned(), index)).is_some_and(|(known, stored)| *stored && known == pdu)
    }

    /// The slot is empty.
    pub(super) fn forget_taken(&mut self, store: &str, index: u16) {
        self.taken.remove(&(store.to_owned(), index));
    }

    fn remember_taken(&mut self, store: &str, index: u16, pdu: &str) {
        if self.taken.len() == HELD_MAX {
            self.taken.pop_first();
        }
        self.taken.insert((store.to_owned(), index), (pdu.to_owned(), false));
    }

    /// A new port: slots are read anew, and the network brings again what was not acknowledged.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }

    /// When something direct has waited too long for its commit.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let direct = |held: &Held| match held {
            Held::Direct(since) => Some(*since + ACKNOWLEDGE_MAX),
            Held::Slot(..) => None,
        };
        self.held.values().filter_map(direct).min()
    }
}

/// What is told to the modem about direct messages and reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Acknowledgement {
    /// `AT+CNMA` for what came at this instant.
    Took(Instant),
    /// `AT+CNMI?`: whether the modem still announces.
    Look,
    /// `AT+CNMI=`
    Indicate(Cnmi),
}

impl Modem {
    /// A `+CMT` or `+CDS` with its PDU.
    pub(super) fn handle_direct(&mut self, now: Instant, announced: &str, pdu: &str) {
        let token = self.pending.hold(Held::Direct(now));
        if let Err(error) = self.take_pdu(announced, pdu, token) {
            let text = format!("{}: it brought something that is no message: {error}", self.name());
            self.tell_trouble(
                text,
                "Send the modem's recorded dialogue to the maintainers.",
                catalog::MODEM_UNREADABLE,
            );
            // It would be brought again and again, and block what comes after it.
            self.handle_committed(now, token, true);
        } else if !self.must_acknowledge() {
            self.pending.held.remove(&token);
        }
    }

    /// A message or report without its PDU: in text mode its fields stand in the line itself, else it was cut.
    pub(super) fn handle_without_pdu(&mut self, now: Instant, name: &str, said: &str) {
        if self.must_acknowledge() {
            let token = self.pending.hold(Held::Direct(now));
            self.handle_committed(now, token, true);
        }
        if self.phase != Phase::Running {
            return;
        }
        let what = if name == "+CDS" { "a status report" } else { "a message" };
        let text = format!("{}: it brought {what} without its PDU; it cannot be read", self.name());
        let advice =
            "The network may bring it again. If this repeats, set the modem up again with: postrider modem reset.";
        self.tell_once(name, text, advice, catalog::MODEM_UNREADABLE);
        // In text mode number, date and more stand in the line.
        if fields::split(said).len() > 2 {
            self.queue.push(now, Job::Check(Check::Settings));
        }
    }

    fn take_pdu(&mut self, announced: &str, pdu: &str, token: Token) -> Result<(), DecodeError> {
        let pdu = match message::direct(announced) {
            Some(length) => Pdu::parse_hex_sized(pdu, length)?,
            None => Pdu::parse_hex(pdu)?,
        };
        match Incoming::decode(&pdu.tpdu)? {
            Incoming::Deliver(deliver) => self.hand_on_message(&deliver, token),
            Incoming::StatusReport(report) => self.hand_on_report(&report, token),
            Incoming::SubmitReport(_) => {}
        }
        Ok(())
    }

    /// What lies in a slot is handed on, and waits for its commit there.
    pub(super) fn hand_on_slot(&mut self, store: &str, index: u16, pdu: &str, incoming: &Incoming) {
        self.pending.remember_taken(store, index, pdu);
        let token = self.pending.hold(Held::Slot(store.to_owned(), index));
        match incoming {
            Incoming::Deliver(deliver) => self.hand_on_message(deliver, token),
            Incoming::StatusReport(report) => self.hand_on_report(report, token),
            Incoming::SubmitReport(_) => {}
        }
    }

    fn hand_on_message(&mut self, deliver: &Deliver, token: Token) {
        self.counters.received += 1;
        let part = deliver.to_part(self.own_number());
        self.events.push_back(ModemEvent::Inbound { part, token });
    }

    fn hand_on_report(&mut self, report: &StatusReport, token: Token) {
        self.counters.reports += 1;
        // Its reference is a command's, which has numbers of its own.
        let reference = if report.for_command { None } else { self.carrier_id(report.reference) };
        let source = match report.recipient.to_sender() {
            Sender::International(number) => Sender::International(number),
            // In another form than the message had it: whoever it was sent to, if that may be the same.
            other @ (Sender::Digits(_) | Sender::Alphanumeric(_)) => {
                self.sends.recipient(report.reference, &report.recipient).map_or(other, Sender::International)
            }
        };
        let Status(status) = report.status;
        let state = report.status.state();
        let receipt = Receipt {
            ids: reference.into_iter().collect(),
            state,
            unread: Vec::new(),
            raw_state: format!("{status:02X}"),
            error: if status == 0 { String::new() } else { report.status.meaning().to_owned() },
            source: Some(source).filter(|source| !source.as_str().is_empty()),
            destination: None,
            done_at: report.discharge_time.to_timestamp(),
        };
        self.events.push_back(ModemEvent::Receipt { receipt, token });
    }

    /// Whether the modem waits for `AT+CNMA` after a direct message or report.
    fn must_acknowledge(&self) -> bool {
        self.known.service != 0 && self.profile.receive.acknowledge != Acknowledge::None
    }

    pub(super) fn handle_committed(&mut self, now: Instant, token: Token, taken: bool) {
        if self.pin_committed(now, token, taken) {
            return;
        }
        match self.pending.held.remove(&token) {
            Some(Held::Slot(store, index)) if taken => {
                if let Some((_, stored)) = self.pending.taken.get_mut(&(store.clone(), index)) {
                    *stored = true;
                }
                self.queue.push(now, Job::Slot(Slot::delete(&store, index)));
            }
            Some(Held::Direct(since)) if taken && self.must_acknowledge() => {
                self.queue.push(now, Job::Acknowledge(Acknowledgement::Took(since)));
            }
            Some(Held::Direct(_)) if self.must_acknowledge() => self.look_later(now),
            // Left in its slot, it is read again with the next sweep.
            Some(Held::Slot(..) | Held::Direct(_)) | None => {}
        }
    }

    /// What came directly was not committed in time: the modem may have stopped announcing.
    pub(super) fn pending_timeout(&mut self, now: Instant) {
        let late = |held: &Held| matches!(held, Held::Direct(since) if *since + ACKNOWLEDGE_MAX <= now);
        let count = self.pending.held.len();
        self.pending.held.retain(|_, held| !late(held));
        if self.pending.held.len() < count && self.must_acknowledge() {
            self.look_later(now);
        }
    }

    fn look_later(&mut self, now: Instant) {
        self.upkeep.indications_at = Some(now + ACKNOWLEDGE_MAX);
    }

    pub(super) fn look_at_indications(&mut self, now: Instant) {
        self.queue.push(now, Job::Acknowledge(Acknowledgement::Look));
    }

    pub(super) fn acknowledge(&mut self, now: Instant, what: Acknowledgement, reply: Option<Reply>) -> Next {
        match (&what, reply) {
            (Acknowledgement::Took(_), None) => match self.acknowledge_command() {
                Some(command) => Next::Command(Job::Acknowledge(what), command),
                None => Next::Done,
            },
            (Acknowledgement::Took(since), Some(reply)) => {
                let late = now.saturating_duration_since(*since) > ACKNOWLEDGE_MAX;
                if late || !reply.is_ok() {
                    self.acknowledgement_missed(now, &reply);
                }
                Next::Done
            }
            (Acknowledgement::Look, None) => {
                Next::Command(Job::Acknowledge(what), Command::ask("AT+CNMI?", "+CNMI:", SECOND * 5))
            }
            (Acknowledgement::Look, Some(reply)) => {
                let current = reply.behind("+CNMI:").and_then(indications::current);
                match self.known.cnmi.filter(|wanted| current.is_some_and(|current| current[..4] != wanted[..4])) {
                    Some(wanted) => self.indicate(wanted),
                    None => Next::Done,
                }
            }
            (Acknowledgement::Indicate(values), None) => self.indicate(*values),
            (Acknowledgement::Indicate(values), Some(reply)) => {
                if reply.is_ok() {
                    self.known.cnmi = Some(*values);
                }
                Next::Done
            }
        }
    }

    fn indicate(&self, values: Cnmi) -> Next {
        let command = Command::new(steps::indicate(&values), SECOND * 5);
        Next::Command(Job::Acknowledge(Acknowledgement::Indicate(values)), command)
    }

    fn acknowledge_command(&self) -> Option<Command> {
        let wait = SECOND * 5;
        Some(match self.profile.receive.acknowledge {
            Acknowledge::None => return None,
            Acknowledge::Bare => Command::new("AT+CNMA", wait),
            Acknowledge::Zero => Command::new("AT+CNMA=0", wait),
            Acknowledge::One => Command::new("AT+CNMA=1", wait),
            // An RP-ACK without optional fields is two octets.
            Acknowledge::Pdu => {
                let payload = Some(("0000".to_owned(), wait));
                Command { payload, ..Command::new("AT+CNMA=1,2", wait).ends(Ends::Result) }
            }
        })
    }

    /// The modem did not want it: harmless when it was a surplus one, but its indications may be off now.
    fn acknowledgement_missed(&mut self, now: Instant, reply: &Reply) {
        let surplus = matches!(&reply.end, End::Failed(failure) if failure.is_one_of(Family::Cms, &[340]));
        let another = self.queue.any(|job| matches!(job, Job::Acknowledge(Acknowledgement::Took(_))));
        if !(surplus && another) {
            self.look_at_indications(now);
        }
    }

    /// A report was announced in a slot and lay elsewhere: from now on reports are to come directly.
    pub(super) fn prefer_direct_reports(&mut self, now: Instant) {
        if let Some([mode, mt, bm, 2, bfr]) = self.known.cnmi {
            self.queue.push(now, Job::Acknowledge(Acknowledgement::Indicate([mode, mt, bm, 1, bfr])));
            return;
        }
        self.reports_are_lost();
    }

    /// Reports are announced in a store that cannot hold them, and the modem brings them in no other way.
    fn reports_are_lost(&mut self) {
        let text = format!("{}: its status reports cannot be read; what it sends stays \"sent\"", self.name());
        let advice = "Its store for reports has no places. Set `indications` in the modem's profile to AT+CNMI=2,1,0,1,0 if it \
                      takes that, or switch `reports` off for it.";
        self.tell_once("SR", text, advice, catalog::MODEM_SETUP_FAILED);
    }
}
