//! Decides where the modem stands with the network, from the regular questions and from indications.

use std::time::{Duration, Instant};

use super::engine::Next;
use super::jobs::Job;
use super::steps::Step;
use super::verify::Verdict;
use super::{Modem, Phase};
use crate::answers::pin::{self, SimState};
use crate::answers::{operator, registration, signal, storage};
use crate::codes::Family;
use crate::command::{Command, End, Reply};
use crate::event::ModemEvent;
use crate::result::Failure;
use postrider_model::catalog;

const SECOND: Duration = Duration::from_secs(1);
/// Below this a send often fails (CSQ 6).
const SIGNAL_WEAK_DBM: i16 = -101;
/// At this the signal counts as usable again (CSQ 8).
const SIGNAL_USABLE_DBM: i16 = -97;
/// Smaller changes of the signal are not told.
const SIGNAL_STEP_DBM: u16 = 3;

/// One of the regular questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Whether it still is as it was set up.
    Settings,
    /// `AT+CREG?`
    Circuits,
    /// `AT+CGREG?`
    Packets,
    /// `AT+CEREG?`
    Lte,
    /// `AT+CSQ`
    Signal,
    /// `AT+CESQ`, where `AT+CSQ` does not know.
    SignalLte,
    /// `AT+COPS?`
    Operator,
    /// `AT+CPMS?`
    Stores,
    /// `AT+CPIN?`, only when a line spoke of the SIM.
    Sim,
    /// `AT+CSCA?`, only when the SIM did not tell it during the set-up.
    Centre,
}

impl Check {
    /// The first of a round during the set-up, when there is nothing to verify.
    pub(super) const FIRST: Self = Self::Circuits;
    /// The first of a regular round.
    pub(super) const ROUND: Self = Self::Settings;

    /// The next of a round.
    pub(super) const fn after(self) -> Option<Self> {
        Some(match self {
            Self::Settings => Self::Circuits,
            Self::Circuits => Self::Packets,
            Self::Packets => Self::Lte,
            Self::Lte => Self::Signal,
            Self::Signal => Self::SignalLte,
            Self::SignalLte => Self::Operator,
            Self::Operator => Self::Stores,
            Self::Stores | Self::Sim | Self::Centre => return None,
        })
    }

    const fn question(self) -> (&'static str, &'static str) {
        match self {
            Self::Settings => ("AT+CMGF?", "+CMGF:"),
            Self::Circuits => ("AT+CREG?", "+CREG:"),
            Self::Packets => ("AT+CGREG?", "+CGREG:"),
            Self::Lte => ("AT+CEREG?", "+CEREG:"),
            Self::Signal => ("AT+CSQ", "+CSQ:"),
            Self::SignalLte => ("AT+CESQ", "+CESQ:"),
            Self::Operator => ("AT+COPS?", "+COPS:"),
            Self::Stores => ("AT+CPMS?", "+CPMS:"),
            Self::Sim => ("AT+CPIN?", "+CPIN:"),
            Self::Centre => ("AT+CSCA?", "+CSCA:"),
        }
    }
}

/// Whether the modem does not know the command at all; a busy SIM passes.
fn is_unknown(failure: &Failure) -> bool {
    matches!(failure, Failure::Plain(_)) || failure.is_one_of(Family::Cme, &[3, 4, 50, 51, 58, 100])
}

impl Modem {
    /// The command of a question; `None` when the modem refused it before, or it is not needed.
    pub(super) fn check_command(&self, check: &Check) -> Option<Command> {
        if *check == Check::Settings {
            return Some(self.verify_command());
        }
        let (text, prefix) = check.question();
        let needed = match check {
            Check::SignalLte => self.known.network.signal_dbm.is_none(),
            Check::Settings
            | Check::Circuits
            | Check::Packets
            | Check::Lte
            | Check::Signal
            | Check::Operator
            | Check::Stores
            | Check::Sim
            | Check::Centre => true,
        };
        (needed && !self.setup.refused.contains(text)).then(|| Command::ask(text, prefix, SECOND * 10))
    }

    /// A round of questions, one after another.
    pub(super) fn check(&mut self, now: Instant, mut check: Check, reply: Option<Reply>) -> Next {
        if let Some(reply) = reply {
            self.check_reply(now, &check, &reply);
            if self.phase != Phase::Running {
                return Next::Done;
            }
            // After each answer something more urgent may go first.
            if let Some(after) = check.after() {
                self.queue.push(now, Job::Check(after));
            } else {
                self.end_round(now);
            }
            return Next::Done;
        }
        loop {
            if let Some(command) = self.check_command(&check) {
                return Next::Command(Job::Check(check), command);
            }
            match check.after() {
                Some(after) => check = after,
                None => {
                    self.end_round(now);
                    return Next::Done;
                }
            }
        }
    }

    pub(super) fn check_reply(&mut self, now: Instant, check: &Check, reply: &Reply) {
        if *check == Check::Settings {
            return match self.verify_reply(now, reply) {
                Verdict::Certain => {}
                Verdict::Again => drop(self.queue.push(now, Job::Check(Check::Settings))),
                Verdict::Changed(what) => self.settings_lost(now, &what),
            };
        }
        let (text, prefix) = check.question();
        let said = reply.behind(prefix);
        if *check == Check::Circuits
            && self.phase == Phase::Running
            && (said.is_some_and(|said| self.verified.announces_less(said)))
        {
            return self.settings_lost(now, "its indications of the network are off");
        }
        if let End::Failed(failure) = &reply.end
            && is_unknown(failure)
            && !matches!(check, Check::Stores | Check::Sim | Check::Centre)
        {
            self.setup.refused.insert(text);
        }
        match check {
            Check::Settings => {}
            Check::Circuits => self.registered(now, 0, said, true),
            Check::Packets => self.registered(now, 1, said, true),
            Check::Lte => self.registered(now, 2, said, true),
            Check::Signal => self.tell_signal(said.and_then(signal::csq)),
            Check::SignalLte => self.tell_signal(said.and_then(signal::cesq)),
            Check::Operator => {
                let (name, technology) = said.map(|said| operator::parse(said, self.known.wide)).unwrap_or_default();
                let mut network = self.known.network.clone();
                network.operator = name;
                network.technology = technology.map(str::to_owned).or(network.technology);
                self.tell_network(network);
            }
            Check::Sim => {
                if said.map(pin::state) != Some(SimState::Ready) {
                    self.handle_sim_changed(now);
                }
            }
            Check::Centre => {
                self.centre_reply(now, reply);
                if self.setup.centre_read && self.settings.smsc.is_some() {
                    self.queue.push(now, Job::Setup(Step::CentreWrite));
                }
            }
            Check::Stores => {
                if let Some(text) = said {
                    self.stores_counted(now, storage::fills(text));
                }
            }
        }
    }

    /// What one domain told of its registration.
    pub(super) fn registered(&mut self, now: Instant, domain: usize, said: Option<&str>, answer: bool) {
        let Some(found) = said.and_then(|text| registration::parse(text, answer)) else { return };
        self.known.domains[domain] = Some(found.stat);
        let mut network = self.known.network.clone();
        network.registration = self.known.registration();
        let technology = found.technology.filter(|_| registration::meaning(found.stat).is_registered());
        if let Some(technology) = technology.and_then(operator::technology) {
            network.technology = Some(technology.to_owned());
        }
        let registered = network.registration.is_registered();
        self.tell_network(network);
        if registered {
            self.upkeep.handle_network();
            self.ladder.handle_network();
        } else {
            self.watch_network(now);
        }
        self.tell_running();
    }

    fn tell_network(&mut self, network: crate::event::Network) {
        if network != self.known.network {
            self.known.network = network.clone();
            self.events.push_back(ModemEvent::Network(network));
        }
    }

    /// The strength, by question or by itself.
    pub(super) fn tell_signal(&mut self, dbm: Option<i16>) {
        let Some(dbm) = dbm else { return };
        let old = self.known.network.signal_dbm;
        if old.is_none_or(|old| old.abs_diff(dbm) >= SIGNAL_STEP_DBM) {
            let network = crate::event::Network { signal_dbm: Some(dbm), ..self.known.network.clone() };
            self.tell_network(network);
        }
        if dbm < SIGNAL_WEAK_DBM {
            let text = format!("{}: the signal is weak ({dbm} dBm), so sending will often fail", self.name());
            let advice = "Move the antenna to a window or use a better one; -93 dBm or more is reliable.";
            self.tell_lasting(text, advice, catalog::SIGNAL_WEAK);
        } else if dbm >= SIGNAL_USABLE_DBM {
            self.end_trouble(catalog::SIGNAL_WEAK);
        }
    }

    /// The service centre's number was read or written.
    pub(super) fn tell_centre(&mut self) {
        if self.setup.stale {
            return;
        }
        self.events.push_back(ModemEvent::Smsc(self.known.smsc.clone()));
        if self.known.smsc.is_some() || self.settings.smsc.is_some() {
            return self.end_trouble(catalog::SMSC_MISSING);
        }
        let text = format!("{}: its SIM has no service centre's number, so it may not be able to send", self.name());
        self.tell_lasting(text, "Ask the operator for it and set it as `smsc`.", catalog::SMSC_MISSING);
    }
}
