//! Decides what each answer of the set-up means: which refusals are tolerated, what is waited for, when it is done.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::engine::Next;
use super::jobs::Job;
use super::sim::SimStep;
use super::steps::{CHARSETS, Step};
use super::{Modem, Phase};
use crate::answers::{identity, indications, service, storage};
use crate::codes::Family;
use crate::command::{End, Reply};
use crate::fields;
use crate::ladder::Evidence;
use crate::profile::Cnmi;
use postrider_model::catalog;

const SECOND: Duration = Duration::from_secs(1);
/// How often `AT` is tried before the modem counts as dead.
const HELLOS: u8 = 5;
/// The same after its port was opened anew, before anything harder is tried.
const HELLOS_BOOTING: u8 = 20;
/// How often steps are repeated, once a second, while the SIM is still being read.
const BUSY_TRIES: u8 = 20;
/// How often a service centre's number is asked for again while the SIM is still being read, and when.
const CENTRE_TRIES: u8 = 5;
const CENTRE_LATER: Duration = Duration::from_secs(5);

/// What a set-up remembers between its steps.
#[derive(Debug, Default)]
pub(super) struct Setup {
    /// Whether maker and model were asked for since the port was opened.
    pub(super) identified: bool,
    /// The service that will be asked for.
    pub(super) service: u8,
    pub(super) stores: Vec<String>,
    pub(super) indications: Vec<Cnmi>,
    /// Commands that decide what comes in, and were not answered once: they are asked again, since one lost answer proves
    /// nothing.
    silent: BTreeSet<String>,
    /// Commands that were not answered: they are left out from then on, so that one of them cannot keep a modem down that
    /// is well otherwise.
    hanging: BTreeSet<String>,
    /// Since when `AT+CMGF=0` is refused.
    refused_since: Option<Instant>,
    /// Whether the line came that the profile waits for.
    pub(super) ready_line: bool,
    /// Where it goes on after the modem was brought to attention.
    pub(super) resume: Option<Step>,
    /// Commands of the upkeep that the modem refuses.
    pub(super) refused: BTreeSet<&'static str>,
    /// How often a step was refused because the SIM is still being read.
    busy_tries: u8,
    /// Whether the SIM told its service centre's number, and how often it did not.
    pub(super) centre_read: bool,
    centre_tries: u8,
    /// Slots whose content was told to be unreadable.
    pub(super) unreadable: BTreeSet<(String, u16)>,
    /// Reboots in the middle of this set-up.
    pub(super) reboots: u8,
    /// The result of an earlier dialogue's send came meanwhile: the set-up is done once more.
    pub(super) stale: bool,
    pub(super) sim: super::sim::Care,
}

/// Where a set-up goes on.
pub(super) enum Go {
    To(Step),
    Wait(Step, Duration),
    /// Something else has the word: the store, a person, the ladder.
    Stop,
}

impl Modem {
    /// What `AT+CNMI` is tried with: the profile's own values, or those that the modem's ranges leave.
    pub(super) fn indications(&self) -> &[Cnmi] {
        let own = &self.profile.init.indications;
        if own.is_empty() { &self.setup.indications } else { own }
    }

    /// Begins the set-up at `step`.
    pub(super) fn begin_setup(&mut self, now: Instant, step: Step) {
        self.phase = Phase::Starting;
        self.postponed = None;
        self.known.forget_settings();
        self.verified.forget();
        self.setup = Setup {
            silent: std::mem::take(&mut self.setup.silent),
            hanging: std::mem::take(&mut self.setup.hanging),
            sim: std::mem::take(&mut self.setup.sim),
            unreadable: std::mem::take(&mut self.setup.unreadable),
            ready_line: step != super::steps::FIRST && self.setup.ready_line,
            service: self.profile.init.service,
            ..Setup::default()
        };
        self.tell_starting();
        let next = self.setup(now, step, None);
        self.follow(now, next);
    }

    /// Goes on with the set-up at `step`.
    pub(super) fn resume_setup(&mut self, now: Instant, step: Step) {
        self.phase = Phase::Starting;
        self.tell_starting();
        let next = self.setup(now, step, None);
        self.follow(now, next);
    }

    pub(super) fn setup(&mut self, now: Instant, step: Step, reply: Option<Reply>) -> Next {
        let mut step = match reply {
            None => step,
            Some(reply) if reply.is_silent() && !matches!(step, Step::Hello(_)) => {
                self.step_silent(now, step);
                return Next::Done;
            }
            Some(reply) => match self.step_reply(now, step, &reply) {
                Go::To(step) => step,
                Go::Wait(step, wait) => return Next::Later(Job::Setup(step), wait),
                Go::Stop => return Next::Done,
            },
        };
        loop {
            match self.step_command(&step) {
                Some(command) if !self.setup.hanging.contains(&command.text) => {
                    return Next::Command(Job::Setup(step), command);
                }
                Some(_) | None => {}
            }
            if step == Step::Done {
                self.end_setup(now);
                return Next::Done;
            }
            step = self.step_after(&step);
        }
    }

    /// A step was not answered. What can be done without is left out from now on.
    fn step_silent(&mut self, now: Instant, step: Step) {
        self.counters.timeouts += 1;
        let needed = matches!(step, Step::PduMode | Step::Sim(_) | Step::FunctionFull);
        let receives = matches!(
            step,
            Step::StoreRange | Step::Store(..) | Step::IndicationRange | Step::Indicate(_) | Step::Service
        );
        let command = self.step_command(&step).map(|command| command.text).unwrap_or_default();
        let needed = needed || receives && self.setup.silent.insert(command.clone());
        if !needed {
            self.setup.hanging.insert(command);
        }
        let why = match self.step_command(&step) {
            Some(command) => format!("it did not answer {} during its set-up", command.shown()),
            None => "it did not answer during its set-up".to_owned(),
        };
        self.setup.resume = Some(if needed { step } else { self.step_after(&step) });
        self.climb(now, Evidence::Silent, &why);
    }

    fn step_reply(&mut self, now: Instant, step: Step, reply: &Reply) -> Go {
        if reply.echoed && !matches!(step, Step::Escape | Step::Hello(_) | Step::EchoOff) {
            self.verified.handle_echo();
        }
        if self.is_busy(&step, reply) {
            self.setup.busy_tries += 1;
            return Go::Wait(step, SECOND);
        }
        match &step {
            Step::Hello(tries) => return self.hello_reply(now, *tries, reply),
            Step::First(place) => return Go::To(Step::First(place + 1)),
            Step::AfterSim(place) => return Go::To(Step::AfterSim(place + 1)),
            Step::Maker => self.known.identity.maker = self.name_of(reply, "+CGMI:"),
            Step::Model => self.known.identity.model = self.name_of(reply, "+CGMM:"),
            Step::Firmware => self.known.identity.firmware = self.name_of(reply, "+CGMR:"),
            Step::Imei => return self.imei_reply(reply),
            Step::Function => return self.function_reply(reply),
            Step::Sim(sim) => return self.sim_reply(now, sim, reply),
            Step::Imsi => {
                self.known.sim.imsi = reply.lines.iter().find_map(|info| identity::imsi(&info.line));
            }
            Step::Iccid(place) => return self.iccid_reply(*place, reply),
            Step::ServiceRange => {
                let offered = reply.behind("+CSMS:").is_some_and(|text| service::offers(text, self.setup.service));
                self.setup.service = if offered { self.setup.service } else { 0 };
            }
            Step::Service => self.known.service = if reply.is_ok() { self.setup.service } else { 0 },
            Step::PduMode => return self.pdu_mode_reply(now, reply),
            Step::StoreRange => self.choose_stores(reply),
            Step::Store(place, groups) => return self.store_reply(*place, *groups, reply),
            Step::IndicationRange => {
                self.setup.indications = indications::choices(reply.behind("+CNMI:").unwrap_or_default());
            }
            Step::Indicate(place) => return self.indicate_reply(*place, reply),
            Step::Centre => self.centre_reply(now, reply),
            Step::CentreWrite => self.centre_written(reply),
            Step::Number => {
                self.known.sim.number = reply.lines.iter().find_map(|info| identity::own_number(&info.line));
            }
            Step::Check(check) => self.check_reply(now, check, reply),
            Step::Charset(place) if !reply.is_ok() && place + 1 < CHARSETS.len() => {
                return Go::To(Step::Charset(place + 1));
            }
            Step::CharsetRead => {
                let said = reply.behind("+CSCS:").map(fields::split).unwrap_or_default();
                self.known.wide = said.first().is_some_and(|set| matches!(*set, "UCS2" | "0055004300530032"));
            }
            Step::Charset(_)
            | Step::Escape
            | Step::EchoOff
            | Step::Verbose
            | Step::Results
            | Step::Errors
            | Step::FunctionFull
            | Step::Announce(_)
            | Step::OperatorForm
            | Step::Done => {}
        }
        Go::To(self.step_after(&step))
    }

    /// Whether the SIM is still being read, so that a refusal means nothing yet.
    fn is_busy(&self, step: &Step, reply: &Reply) -> bool {
        let of_sim = matches!(
            step,
            Step::Imsi | Step::Service | Step::StoreRange | Step::Store(..) | Step::IndicationRange | Step::Indicate(_)
        );
        let End::Failed(failure) = &reply.end else { return false };
        let busy = failure.is_one_of(Family::Cms, &[314, 515]) || failure.is_one_of(Family::Cme, &[14, 515]);
        of_sim && busy && self.setup.busy_tries < BUSY_TRIES
    }

    fn hello_reply(&mut self, now: Instant, tries: u8, reply: &Reply) -> Go {
        // A modem that was told to answer in digits says so.
        if reply.is_ok() || reply.first() == Some("0") {
            return Go::To(self.step_after(&Step::Hello(tries)));
        }
        // A modem that was plugged in or reset a moment ago may still be booting.
        let limit = if self.ladder.is_climbing() { HELLOS_BOOTING } else { HELLOS };
        if tries + 1 < limit {
            return Go::To(Step::Hello(tries + 1));
        }
        let answers = !reply.is_silent();
        let why = if answers { "it refuses AT" } else { "it does not answer AT" };
        self.climb(now, if answers { Evidence::SetupRefused } else { Evidence::Dead }, why);
        Go::Stop
    }

    /// The first line of an answer that may be bare.
    fn name_of(&self, reply: &Reply, prefix: &str) -> String {
        reply.first().map(|line| identity::name(line, prefix)).unwrap_or_default()
    }

    fn imei_reply(&mut self, reply: &Reply) -> Go {
        self.known.identity.imei = reply.lines.iter().find_map(|info| identity::imei(&info.line));
        self.setup.identified = true;
        let changed = self.settle_profile();
        self.setup.service = self.profile.init.service;
        self.tell_identity();
        // The profile that was just found has first commands of its own.
        Go::To(if changed { Step::First(0) } else { Step::Function })
    }

    fn function_reply(&mut self, reply: &Reply) -> Go {
        let said = reply.behind("+CFUN:").map(fields::split).unwrap_or_default();
        // Some sticks answer with their range; they are on.
        let off = said.first().is_some_and(|level| level.parse::<u8>().is_ok_and(|level| level != 1));
        Go::To(if off { Step::FunctionFull } else { Step::Sim(SimStep::State(0)) })
    }

    fn iccid_reply(&mut self, place: usize, reply: &Reply) -> Go {
        match reply.lines.iter().find_map(|info| identity::iccid(&info.line)) {
            Some(iccid) => {
                self.known.sim.iccid = Some(iccid);
                Go::To(Step::ServiceRange)
            }
            None if place + 1 < self.profile.init.iccid.len() => Go::To(Step::Iccid(place + 1)),
            None => Go::To(Step::ServiceRange),
        }
    }

    /// PDU mode is refused while the message service starts up; without it nothing works.
    fn pdu_mode_reply(&mut self, now: Instant, reply: &Reply) -> Go {
        if reply.is_ok() {
            self.setup.refused_since = None;
            self.verified.prove(now);
            return Go::To(Step::AfterSim(0));
        }
        let since = *self.setup.refused_since.get_or_insert(now);
        if now.saturating_duration_since(since) < self.profile.init.ready_wait.max(SECOND * 10) {
            return Go::Wait(Step::PduMode, SECOND);
        }
        let why = match &reply.end {
            End::Failed(failure) => format!("it refuses PDU mode (AT+CMGF=0): {failure}"),
            End::Ok | End::Settled | End::Silent => "it refuses PDU mode (AT+CMGF=0)".to_owned(),
        };
        let text = format!("{}: {why}", self.name());
        self.tell_trouble(text, "Check that its firmware supports messages in PDU mode.", catalog::MODEM_SETUP_FAILED);
        self.setup.refused_since = None;
        self.climb(now, Evidence::SetupRefused, &why);
        Go::Stop
    }

    /// The profile's stores that the modem offers, in the profile's order; those for all three purposes first.
    fn choose_stores(&mut self, reply: &Reply) {
        let offered = reply.behind("+CPMS:").map(storage::offered).unwrap_or_default();
        let wanted = &self.profile.init.storage;
        let in_all = |store: &&String| offered.iter().all(|group| group.contains(store));
        self.setup.stores = if offered.is_empty() {
            wanted.clone()
        } else {
            let whole: Vec<String> = wanted.iter().filter(in_all).cloned().collect();
            let first = |store: &&String| offered[0].contains(store) && !whole.contains(store);
            let partly: Vec<String> = wanted.iter().filter(first).cloned().collect();
            [whole, partly].concat()
        };
        self.known.readable = offered.into_iter().next().unwrap_or_default();
    }

    fn store_reply(&mut self, place: usize, groups: u8, reply: &Reply) -> Go {
        let Some(store) = self.setup.stores.get(place).cloned() else { return Go::To(Step::IndicationRange) };
        if reply.is_ok() {
            self.known.selected = Some(store.clone());
            self.count_store(&store, reply);
            self.known.home = Some((groups, store));
            return Go::To(Step::IndicationRange);
        }
        // A store that is refused for three purposes may do for two or one; then the next store is tried.
        let next = if groups > 1 { Step::Store(place, groups - 1) } else { Step::Store(place + 1, 3) };
        Go::To(next)
    }

    fn indicate_reply(&mut self, place: usize, reply: &Reply) -> Go {
        if reply.is_ok() {
            self.known.cnmi = self.indications().get(place).copied();
        } else if place + 1 < self.indications().len() {
            return Go::To(Step::Indicate(place + 1));
        }
        match self.known.cnmi {
            Some(values) if values[3] != 0 || !self.settings.reports => {}
            Some(_) => {
                let text = format!("{}: it gives no status reports", self.name());
                let advice = "Messages will stay \"sent\". Ask the maker for a firmware that takes AT+CNMI=2,1,0,1,0.";
                self.tell_trouble(text, advice, catalog::MODEM_SETUP_FAILED);
            }
            None => {
                let text =
                    format!("{}: it refuses every AT+CNMI, so its stores are looked through instead", self.name());
                let advice = "Incoming messages and reports come late. Set `indications` in the modem's profile.";
                self.tell_trouble(text, advice, catalog::MODEM_SETUP_FAILED);
            }
        }
        Go::To(Step::Centre)
    }

    /// The number that the SIM holds. While the SIM is still being read there is none, so it is asked for again later.
    pub(super) fn centre_reply(&mut self, now: Instant, reply: &Reply) {
        self.setup.centre_read = reply.is_ok();
        if reply.is_ok() {
            self.known.smsc = reply.behind("+CSCA:").and_then(service::service_centre);
            self.tell_centre();
        } else if self.setup.centre_tries < CENTRE_TRIES {
            self.setup.centre_tries += 1;
            self.upkeep.centre_at = Some(now + CENTRE_LATER);
        }
    }

    fn centre_written(&mut self, reply: &Reply) {
        match (&reply.end, &self.settings.smsc) {
            (End::Ok, Some(number)) => self.known.smsc = Some(number.as_str().to_owned()),
            _ => {
                let text = format!("{}: it refused the service centre's number", self.name());
                self.tell_trouble(text, "Check `smsc` in the configuration.", catalog::MODEM_SETUP_FAILED);
            }
        }
        self.tell_centre();
    }

    fn end_setup(&mut self, now: Instant) {
        if self.setup.stale {
            return self.begin_setup(now, super::steps::FIRST);
        }
        self.phase = Phase::Running;
        if !self.setup.identified {
            self.tell_identity();
        }
        self.tell_sim();
        let centre_at = self.upkeep.centre_at.take();
        self.upkeep.begin(now, &self.settings, &self.profile);
        self.upkeep.centre_at = centre_at;
        self.watch_network(now);
        self.sweep_all(now);
        self.tell_running();
    }
}
