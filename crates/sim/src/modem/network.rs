//! What the network holds for a modem, and how the modem passes it on: stored and announced, or direct and acknowledged.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::air::{self, Incoming};
use super::machine::{Job, SimModem};
use super::store::Stored;
use postrider_model::{Alphabet, Body, Encoded, Indication, Timestamp};
use postrider_text::{self as text, TextProfile};

/// How long a direct delivery waits for `AT+CNMA`.
const ACKNOWLEDGE_WAIT: Duration = Duration::from_secs(15);
/// What the network holds for one modem at most; the oldest goes first.
const WAITING_MAX: usize = 100_000;

/// A status report or an incoming part on its way to the modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// With the service centre's address.
    pub pdu: Vec<u8>,
    /// The length of the TPDU alone.
    pub length: usize,
    pub is_report: bool,
    /// It lands among the messages, though it is a report.
    pub misplaced: bool,
}

/// What the network holds for the modem.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub waiting: VecDeque<Item>,
    /// What was passed on and waits for its acknowledgement, under a number.
    pub outstanding: Option<(u64, Item)>,
    acknowledged: u64,
    /// The network waits before it tries again, until the modem says that it has room or registers.
    pub held: bool,
    /// The last concatenation reference.
    last_reference: u8,
}

/// What became of an item.
enum Passed {
    Done,
    Waits,
    Refused,
}

impl SimModem {
    /// A handset sends a text; long ones come in parts.
    ///
    /// # Errors
    /// When the text is longer than 255 parts.
    pub fn receive(&mut self, now: Instant, from: &str, text: &str) -> Result<(), text::TextError> {
        self.receive_sent_at(now, self.wall(now), from, text)
    }

    /// As [`SimModem::receive`], of a text that the service centre had at `at`, and that lay somewhere since.
    ///
    /// # Errors
    /// When the text is longer than 255 parts.
    pub fn receive_sent_at(
        &mut self,
        now: Instant,
        at: Timestamp,
        from: &str,
        text: &str,
    ) -> Result<(), text::TextError> {
        let profile = TextProfile { alphabets: vec![Alphabet::Gsm7, Alphabet::Ucs2], ..TextProfile::default() };
        let body = Body::Text(text.to_owned());
        let mut encoded = text::encode(&body, &Indication::default(), &profile, Some(false))?.encoded;
        self.network.last_reference = self.network.last_reference.wrapping_add(1);
        encoded.reference = u16::from(self.network.last_reference);
        self.receive_parts_at(now, at, &parts(from, &encoded));
        Ok(())
    }

    /// A handset sends these parts, in this order.
    pub fn receive_parts(&mut self, now: Instant, parts: &[Incoming]) {
        self.receive_parts_at(now, self.wall(now), parts);
    }

    fn receive_parts_at(&mut self, now: Instant, at: Timestamp, parts: &[Incoming]) {
        let zone = self.settings.network.zone;
        for part in parts {
            let item = self.item(air::write_deliver(part, at, zone), false, false);
            self.network.waiting.push_back(item);
        }
        while self.network.waiting.len() > WAITING_MAX {
            self.network.waiting.pop_front();
        }
        self.offer(now);
    }

    /// How many reports and incoming parts the network holds for the modem.
    pub fn waiting(&self) -> usize {
        self.network.waiting.len()
            + usize::from(self.network.outstanding.is_some())
            + usize::from(self.is_planned(|job| matches!(job, Job::Arrive(_))))
    }

    /// How many messages and reports lie in the modem's stores.
    pub fn stored(&self) -> usize {
        self.settings.persona.memories.iter().map(|(name, _)| self.memories.fill(name).0).sum()
    }

    /// Whether the network reaches the modem.
    pub(super) fn is_reachable(&self, now: Instant) -> bool {
        let session = &self.session;
        session.powered
            && !session.hung
            && session.registered
            && session.function == 1
            && !self.settings.faults.denied
            && self.lock.error().is_none()
            && session.sms_at <= now
    }

    /// The network passes on what waits, as far as the modem takes it.
    pub(super) fn offer(&mut self, now: Instant) {
        while !self.network.held && self.network.outstanding.is_none() && self.is_reachable(now) {
            let Some(item) = self.network.waiting.pop_front() else { return };
            match self.pass_on(&item) {
                Passed::Done => {}
                Passed::Waits => {
                    self.network.acknowledged += 1;
                    let number = self.network.acknowledged;
                    self.network.outstanding = Some((number, item));
                    self.plan(now + ACKNOWLEDGE_WAIT, Job::AcknowledgeBy(number));
                }
                Passed::Refused => {
                    self.network.waiting.push_front(item);
                    self.network.held = true;
                }
            }
        }
        if self.network.outstanding.is_none() && !self.network.waiting.is_empty() {
            self.plan_retry(now);
        }
    }

    /// What made the network wait is over.
    pub(super) fn offer_again(&mut self, now: Instant) {
        self.network.held = false;
        self.offer(now);
    }

    fn plan_retry(&mut self, now: Instant) {
        if !self.is_planned(|job| matches!(job, Job::Retry)) {
            self.plan(now + self.settings.network.retry_after.max(Duration::from_millis(1)), Job::Retry);
        }
    }

    fn pass_on(&mut self, item: &Item) -> Passed {
        let [_, message, _, report, _] = self.session.indications;
        if item.is_report && !item.misplaced {
            return match report {
                1 => self.pass_direct(item),
                2 if self.memories.has("SR") => self.keep(item, "SR"),
                2 => {
                    let memory = self.session.memories[2].clone();
                    self.keep(item, &memory)
                }
                _ => {
                    self.ledger.counts.reports_dropped += 1;
                    Passed::Done
                }
            };
        }
        let memory = self.session.memories[2].clone();
        match message {
            2 | 3 if !item.misplaced => self.pass_direct(item),
            _ => self.keep(item, &memory),
        }
    }

    fn pass_direct(&mut self, item: &Item) -> Passed {
        let pdu = air::hex(&item.pdu);
        let comma = if self.settings.persona.report_comma { "," } else { "" };
        let line = if item.is_report {
            format!("+CDS: {comma}{}\r\n{pdu}", item.length)
        } else {
            format!("+CMT: ,{}\r\n{pdu}", item.length)
        };
        self.count(item);
        self.indicate(&line);
        if self.session.service == 0 { Passed::Done } else { Passed::Waits }
    }

    fn keep(&mut self, item: &Item, memory: &str) -> Passed {
        let stored = Stored { pdu: item.pdu.clone(), length: item.length, read: false };
        let full = self.settings.faults.memory_full;
        let slot = if full { None } else { self.memories.keep(memory, &stored) };
        let Some(slot) = slot else {
            self.ledger.counts.full += 1;
            if let Some(line) = self.settings.persona.full_line {
                self.indicate(&line.replace("{}", memory));
            }
            return Passed::Refused;
        };
        self.count(item);
        let announced = self.session.indications[if item.is_report { 3 } else { 1 }] != 0;
        let name = if item.is_report { "+CDSI" } else { "+CMTI" };
        let (shown, slot) = match self.settings.persona.report_announced {
            Some(place) if item.is_report && !item.misplaced => place,
            _ => (memory, slot),
        };
        if announced {
            let line = format!("{name}: \"{shown}\",{slot}");
            self.indicate(&line);
        }

        Passed::Done
    }

    fn count(&mut self, item: &Item) {
        let counts = &mut self.ledger.counts;
        *(if item.is_report { &mut counts.reports } else { &mut counts.received }) += 1;
    }

    /// `AT+CNMA`; whether there was something to acknowledge.
    pub(super) fn acknowledge(&mut self, now: Instant, taken: bool) -> bool {
        let Some((_, item)) = self.network.outstanding.take() else { return false };
        if !taken {
            self.network.waiting.push_back(item);
            self.network.held = true;
        }
        self.offer(now);
        true
    }

    /// Nobody acknowledged in time: the network hears a failure, and the modem passes on nothing more until it is told to
    /// (3GPP TS 27.005, 3.4.4).
    pub(super) fn acknowledgement_overdue(&mut self, now: Instant, number: u64) {
        let Some((_, item)) = self.network.outstanding.take_if(|(known, _)| *known == number) else { return };
        self.ledger.counts.unacknowledged += 1;
        self.network.waiting.push_back(item);
        self.session.indications[1] = 0;
        self.session.indications[3] = 0;
        self.network.held = true;
        self.plan_retry(now);
    }
}

/// The parts of an encoded text.
fn parts(from: &str, encoded: &Encoded) -> Vec<Incoming> {
    let part = |(index, payload): (usize, &Vec<u8>)| Incoming {
        from: from.to_owned(),
        alphabet: encoded.alphabet,
        header: encoded.user_data_header(index),
        payload: payload.clone(),
    };
    encoded.segments.iter().enumerate().map(part).collect()
}
