//! Decides what a simulated modem does when: answers that wait, what the network has for it, power and reboots.
//!
//! The machine has the face of all machines here: `handle_*` takes what happens, `poll_*` gives what is to be done. One
//! seed and one sequence of inputs give one run. What the network knows outlives a reboot; what the modem does not.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::air::Submitted;
use super::faults::{Fault, ModemFaults};
use super::ledger::ModemLedger;
use super::network::{Item, Network};
use super::reply::{Reply, Wording, block};
use super::session::{Lock, Session};
use super::settings::SimModemSettings;
use super::store::Memories;
use postrider_model::{Random, Timestamp};

/// Octets that wait for a reader at most; later ones are lost, as with any modem that nobody reads.
const OUT_MAX: usize = 256 * 1024;
/// Octets that wait while a command runs.
const INPUT_MAX: usize = 16 * 1024;
/// Indications that wait while a command runs.
const INDICATIONS_MAX: usize = 1000;

/// What happens to the modem's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortChange {
    /// It disappeared.
    Gone,
    /// It is there again, perhaps under another name.
    Back,
}

/// A modem, its SIM and the network around it.
#[derive(Debug)]
pub struct SimModem {
    pub(super) settings: SimModemSettings,
    pub(super) random: Random,
    started: (Instant, Timestamp),
    pub(super) session: Session,
    pub(super) memories: Memories,
    pub(super) lock: Lock,
    /// The TP-MR of the next message.
    pub(super) reference: u8,
    pub(super) network: Network,
    pub(super) ledger: ModemLedger,
    pub(super) input: VecDeque<u8>,
    pub(super) line: Vec<u8>,
    pub(super) out: Vec<u8>,
    pub(super) indications: VecDeque<Vec<u8>>,
    /// What is due, in order; the second number keeps equal instants in the order in which they were planned.
    pub(super) schedule: BTreeMap<(Instant, u64), Job>,
    planned: u64,
    pub(super) ports: VecDeque<PortChange>,
    noise: usize,
}

/// Something that is due later.
#[derive(Debug)]
pub(super) enum Job {
    /// The running command's answer.
    Answer(Reply),
    /// The running command ends without a word.
    Release,
    /// The network takes a message.
    Take { reference: u8, content: Box<Submitted>, tpdu: Vec<u8>, reported_at: Instant },
    /// Something comes for the modem.
    Arrive(Item),
    /// The network tries again what the modem did not take.
    Retry,
    /// The acknowledgement with this number is overdue.
    AcknowledgeBy(u64),
    /// A line out of turn.
    Say(String),
    /// A line that means nothing.
    Noise,
    /// The modem found its network.
    Register,
    /// It reboots.
    Reboot,
    /// It has power again.
    PowerUp,
    /// A hang is over.
    Recover,
}

impl Job {
    /// Whether it is the network's, and so outlives a reboot.
    pub(super) const fn is_network(&self) -> bool {
        matches!(self, Self::Arrive(_) | Self::Retry | Self::PowerUp)
    }
}

impl SimModem {
    /// A modem that is plugged in at `now`.
    pub fn new(now: Instant, settings: SimModemSettings, seed: u64) -> Self {
        let persona = &settings.persona;
        let memories = Memories::new(persona.memories, persona.first_slot, settings.slots);
        let mut modem = Self {
            random: Random::new(seed),
            started: (now, settings.wall),
            session: Session::new(now, &settings, settings.cold),
            memories,
            lock: Lock::new(settings.sim.as_ref()),
            reference: settings.first_reference,
            network: Network::default(),
            ledger: ModemLedger::new(&settings.name, settings.keep),
            input: VecDeque::new(),
            line: Vec::new(),
            out: Vec::new(),
            indications: VecDeque::new(),
            schedule: BTreeMap::new(),
            planned: 0,
            ports: VecDeque::new(),
            noise: 0,
            settings,
        };
        modem.plan_boot(now, modem.settings.cold);
        modem
    }

    /// Octets from the gateway.
    pub fn handle_bytes(&mut self, now: Instant, octets: &[u8]) {
        self.run_due(now);
        let deaf = now.saturating_duration_since(self.session.since) < self.settings.faults.deaf_for;
        if self.session.powered && !self.session.hung && !deaf {
            let room = INPUT_MAX.saturating_sub(self.input.len());
            self.input.extend(octets.iter().take(room));
        }
        self.turn(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.turn(now);
    }

    /// Octets for the gateway.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if self.out.is_empty() {
            return None;
        }
        if !self.settings.faults.split {
            return Some(std::mem::take(&mut self.out));
        }
        let piece = usize::try_from(1 + self.random.below(7)).unwrap_or(1).min(self.out.len());
        Some(self.out.drain(..piece).collect())
    }

    /// The next instant at which [`SimModem::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.schedule.first_key_value().map(|((at, _), _)| *at)
    }

    /// What happened to the port.
    pub fn poll_port(&mut self) -> Option<PortChange> {
        self.ports.pop_front()
    }

    /// Changes what goes wrong from here on.
    pub fn set_faults(&mut self, now: Instant, faults: ModemFaults) {
        let denied = self.settings.faults.denied;
        self.settings.faults = faults;
        if denied != self.settings.faults.denied {
            self.tell_registration();
        }
        self.turn(now);
        self.offer(now);
    }

    /// What goes wrong.
    pub fn faults(&self) -> &ModemFaults {
        &self.settings.faults
    }

    /// One fault at its next occasion.
    pub fn once(&mut self, fault: Fault) {
        self.settings.faults.once.push(fault);
    }

    /// The settings.
    pub fn settings(&self) -> &SimModemSettings {
        &self.settings
    }

    /// The ledger.
    pub fn ledger(&self) -> &ModemLedger {
        &self.ledger
    }

    /// The ledger, to take from.
    pub fn ledger_mut(&mut self) -> &mut ModemLedger {
        &mut self.ledger
    }

    /// The wall clock at `now`.
    pub(super) fn wall(&self, now: Instant) -> Timestamp {
        self.started.1.plus(now.saturating_duration_since(self.started.0))
    }

    pub(super) fn plan(&mut self, at: Instant, job: Job) {
        self.planned += 1;
        self.schedule.insert((at, self.planned), job);
    }

    /// Drops what is planned of this kind.
    pub(super) fn forget(&mut self, kind: impl Fn(&Job) -> bool) {
        self.schedule.retain(|_, job| !kind(job));
    }

    /// Whether something of this kind is planned.
    pub(super) fn is_planned(&self, kind: impl Fn(&Job) -> bool) -> bool {
        self.schedule.values().any(kind)
    }

    pub(super) fn wording(&self) -> Wording {
        Wording {
            errors: self.session.errors,
            verbose: self.session.verbose,
            text_errors: self.settings.persona.text_errors,
        }
    }

    pub(super) fn put(&mut self, octets: &[u8]) {
        let room = OUT_MAX.saturating_sub(self.out.len());
        self.out.extend(octets.iter().take(room));
    }

    /// An unasked line: at once, or after the running command.
    pub(super) fn indicate(&mut self, text: &str) {
        if !self.session.powered || self.session.hung {
            return;
        }
        if self.session.is_idle() && self.line.is_empty() {
            self.put(&block(text));
        } else if self.indications.len() < INDICATIONS_MAX {
            self.indications.push_back(block(text));
        }
    }

    /// What is said in the middle of something else, if the faults want that: an indication that waits, or noise.
    pub(super) fn interruption(&mut self) -> Vec<u8> {
        if !self.settings.faults.hits(Fault::Indication, &mut self.random) {
            return Vec::new();
        }
        self.indications.pop_front().unwrap_or_else(|| block(self.next_noise()))
    }

    fn next_noise(&mut self) -> &'static str {
        let noise = self.settings.persona.noise;
        self.noise = self.noise.wrapping_add(1);
        noise.get(self.noise % noise.len().max(1)).copied().unwrap_or("RING")
    }

    /// Everything that is due, and everything that is to be read, until there is no more of either.
    pub(super) fn turn(&mut self, now: Instant) {
        loop {
            self.run_due(now);
            if !self.read(now) {
                break;
            }
        }
        if self.session.is_idle() && self.line.is_empty() {
            self.flush_indications();
        }
    }

    pub(super) fn flush_indications(&mut self) {
        while let Some(octets) = self.indications.pop_front() {
            self.put(&octets);
        }
    }

    fn run_due(&mut self, now: Instant) {
        while let Some(entry) = self.schedule.first_entry()
            && entry.key().0 <= now
        {
            let job = entry.remove();
            self.run(now, job);
        }
    }

    fn run(&mut self, now: Instant, job: Job) {
        match job {
            Job::Answer(reply) => self.write_answer(now, &reply),
            Job::Release => {
                self.session.busy = false;
                self.ledger.counts.unanswered += 1;
            }
            Job::Take { reference, content, tpdu, reported_at } => {
                self.take(now, reference, *content, tpdu, reported_at);
            }
            Job::Arrive(item) => {
                self.network.waiting.push_back(item);
                self.offer(now);
            }
            Job::Retry => self.offer_again(now),
            Job::AcknowledgeBy(number) => self.acknowledgement_overdue(now, number),
            Job::Say(line) => self.indicate(&line),
            Job::Noise => {
                let line = self.next_noise();
                self.indicate(line);
                self.plan(now + self.settings.persona.noise_every, Job::Noise);
            }
            Job::Register => {
                self.session.registered = true;
                self.tell_registration();
                self.offer_again(now);
            }
            Job::Reboot => self.reboot(now),
            Job::PowerUp => {
                if !self.settings.persona.port_gone.is_zero() {
                    self.ports.push_back(PortChange::Back);
                }
                self.power_up(now);
            }
            Job::Recover => {
                self.session.hung = false;
                self.offer(now);
            }
        }
    }

    /// The running command ends with `reply`.
    fn write_answer(&mut self, now: Instant, reply: &Reply) {
        self.session.busy = false;
        if self.settings.faults.hits(Fault::Garbage, &mut self.random) {
            let garbage: Vec<u8> =
                (0..1 + self.random.below(12)).map(|_| self.random.next_u64().to_le_bytes()[0]).collect();
            self.put(&garbage);
        }
        let between = self.interruption();
        let octets = self.wording().write(reply, &between);
        self.put(&octets);
        if self.input.is_empty() {
            self.flush_indications();
        }
        self.offer(now);
    }

    /// The network takes a message.
    fn take(&mut self, now: Instant, reference: u8, content: Submitted, tpdu: Vec<u8>, reported_at: Instant) {
        let at = self.wall(now);
        if content.report_request {
            self.plan_report(at, reference, &content, now, reported_at);
        }
        self.ledger.record(at, reference, content, tpdu);
    }
}
