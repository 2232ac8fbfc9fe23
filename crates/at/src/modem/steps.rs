//! The steps of the set-up in their order, and the command of each.

use std::time::Duration;

use super::Modem;
use super::network::Check;
use super::sim::SimStep;
use crate::command::{Command, Ends};

/// Where a set-up begins: nothing is known of what is on the other side.
pub(super) const FIRST: Step = Step::Escape;
/// Where it begins when the modem is known to answer.
pub(super) const AGAIN: Step = Step::EchoOff;

/// Where it begins when only the SIM is in doubt.
pub(super) const SIM: Step = Step::Sim(SimStep::State(0));

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// ESC leaves a prompt or data mode.
    Escape,
    /// `AT`, up to five times.
    Hello(u8),
    /// `ATE0`.
    EchoOff,
    /// `ATV1`: results in words.
    Verbose,
    /// `ATQ0`: results at all.
    Results,
    /// `AT+CMEE=1`: numeric errors.
    Errors,
    /// The character set of strings: the words for GSM, plain or as a modem in UCS-2 wants them.
    Charset(usize),
    /// `AT+CSCS?`: what it is.
    CharsetRead,
    /// The profile's first commands.
    First(usize),
    Maker,
    Model,
    Firmware,
    Imei,
    /// Whether it is fully on.
    Function,
    /// Switched fully on.
    FunctionFull,
    /// The SIM and its PIN.
    Sim(SimStep),
    Imsi,
    /// The commands that may give the ICCID.
    Iccid(usize),
    ServiceRange,
    Service,
    /// `AT+CMGF=0`, repeated until the modem's message service is up.
    PduMode,
    /// The profile's commands after the SIM is ready.
    AfterSim(usize),
    StoreRange,
    /// One of the stores that may be chosen, named in so many groups.
    Store(usize, u8),
    IndicationRange,
    /// One of the values that may be chosen.
    Indicate(usize),
    /// `AT+CSCA?`
    Centre,
    CentreWrite,
    Number,
    /// Indications of registration.
    Announce(u8),
    OperatorForm,
    /// The questions of the upkeep, for the first time.
    Check(Check),
    Done,
}

/// `GSM`, `IRA`, and `GSM` for a modem that takes strings in UCS-2 only.
pub(super) const CHARSETS: [&str; 3] = ["GSM", "IRA", "00470053004D"];

const S: Duration = Duration::from_secs(1);

impl Modem {
    /// The command of `step`; `None` when there is nothing to do.
    pub(super) fn step_command(&self, step: &Step) -> Option<Command> {
        let init = &self.profile.init;
        Some(match step {
            Step::Escape => Command::escape(true, S / 10),
            Step::Hello(_) => Command::ask_bare("AT", "", S),
            Step::EchoOff => Command::new("ATE0", S * 2),
            Step::Verbose => Command::new("ATV1", S * 2),
            Step::Results => Command::new("ATQ0", S * 2),
            Step::Errors => Command::new("AT+CMEE=1", S * 2),
            Step::Charset(place) => Command::new(format!("AT+CSCS=\"{}\"", CHARSETS.get(*place)?), S * 3),
            Step::CharsetRead => Command::ask("AT+CSCS?", "+CSCS:", S * 3),
            Step::First(place) => Command::new(init.first.get(*place)?, S * 5),
            Step::Maker => Command::ask_bare("AT+CGMI", "+CGMI:", S * 3),
            Step::Model => Command::ask_bare("AT+CGMM", "+CGMM:", S * 3),
            Step::Firmware => Command::ask_bare("AT+CGMR", "+CGMR:", S * 3),
            Step::Imei => Command::ask_bare("AT+CGSN", "+CGSN:", S * 3),
            Step::Function => Command::ask("AT+CFUN?", "+CFUN:", S * 3),
            Step::FunctionFull => Command::new("AT+CFUN=1", S * 30),
            Step::Sim(step) => return self.sim_command(step),
            Step::Imsi => Command::ask_bare("AT+CIMI", "+CIMI:", S * 5),
            Step::Iccid(place) => iccid_command(init.iccid.get(*place)?),
            Step::ServiceRange if init.service != 0 => Command::ask("AT+CSMS=?", "+CSMS:", S * 5),
            Step::Service => Command::ask(format!("AT+CSMS={}", self.setup.service), "+CSMS:", S * 5),
            Step::PduMode => Command::new("AT+CMGF=0", S * 5),
            Step::AfterSim(place) => Command::new(init.after_sim.get(*place)?, S * 5),
            Step::StoreRange => Command::ask("AT+CPMS=?", "+CPMS:", S * 10),
            Step::Store(place, groups) => {
                let store = self.setup.stores.get(*place)?;
                let names = vec![format!("\"{store}\""); usize::from(*groups)];
                Command::ask(format!("AT+CPMS={}", names.join(",")), "+CPMS:", S * 10)
            }
            Step::IndicationRange if init.indications.is_empty() => Command::ask("AT+CNMI=?", "+CNMI:", S * 5),
            Step::Indicate(place) => Command::new(indicate(self.indications().get(*place)?), S * 5),
            Step::Centre => Command::ask("AT+CSCA?", "+CSCA:", S * 5),
            Step::CentreWrite => {
                let wanted = self.settings.smsc.as_ref()?;
                // Each writing wears the SIM out, so what it holds is to be known.
                let differs = self.setup.centre_read && self.known.smsc.as_deref() != Some(wanted.as_str());
                return differs.then(|| Command::new(format!("AT+CSCA=\"{wanted}\",145"), S * 5));
            }
            Step::Number => Command::ask("AT+CNUM", "+CNUM:", S * 5),
            Step::Announce(0) => Command::new("AT+CREG=2", S * 3),
            Step::Announce(1) => Command::new("AT+CGREG=2", S * 3),
            Step::Announce(2) => Command::new("AT+CEREG=2", S * 3),
            Step::OperatorForm => Command::new("AT+COPS=3,0", S * 3),
            Step::Check(check) => return self.check_command(check),
            Step::ServiceRange | Step::IndicationRange | Step::Announce(_) | Step::Done => return None,
        })
    }

    /// Whether the profile's own commands choose the character set.
    fn profile_sets_charset(&self) -> bool {
        let init = &self.profile.init;
        init.first.iter().chain(&init.after_sim).any(|command| command.contains("+CSCS"))
    }

    /// The step after `step`.
    pub(super) fn step_after(&self, step: &Step) -> Step {
        match step {
            Step::Escape => Step::Hello(0),
            Step::Hello(_) => Step::EchoOff,
            Step::EchoOff => Step::Verbose,
            Step::Verbose => Step::Results,
            Step::Results => Step::Errors,
            Step::Errors => Step::First(0),
            Step::First(place) if *place < self.profile.init.first.len() => Step::First(place + 1),
            Step::First(_) if self.setup.identified => Step::Function,
            Step::First(_) => Step::Maker,
            Step::Maker => Step::Model,
            Step::Model => Step::Firmware,
            Step::Firmware => Step::Imei,
            Step::Imei => Step::Function,
            Step::Function | Step::FunctionFull => Step::Sim(SimStep::State(0)),
            Step::Sim(_) => Step::Imsi,
            Step::Imsi => Step::Iccid(0),
            Step::Iccid(_) => Step::ServiceRange,
            Step::ServiceRange => Step::Service,
            Step::Service => Step::PduMode,
            Step::PduMode => Step::AfterSim(0),
            Step::AfterSim(place) if *place < self.profile.init.after_sim.len() => Step::AfterSim(place + 1),
            Step::AfterSim(_) if self.profile_sets_charset() => Step::CharsetRead,
            Step::AfterSim(_) => Step::Charset(0),
            Step::Charset(_) => Step::CharsetRead,
            Step::CharsetRead => Step::StoreRange,
            Step::StoreRange => Step::Store(0, 3),
            Step::Store(..) => Step::IndicationRange,
            Step::IndicationRange => Step::Indicate(0),
            Step::Indicate(_) => Step::Centre,
            Step::Centre => Step::CentreWrite,
            Step::CentreWrite => Step::Number,
            Step::Number => Step::Announce(0),
            Step::Announce(0) => Step::Announce(1),
            Step::Announce(1) => Step::Announce(2),
            Step::Announce(_) => Step::OperatorForm,
            Step::OperatorForm => Step::Check(Check::FIRST),
            Step::Check(check) => check.after().map_or(Step::Done, Step::Check),
            Step::Done => Step::Done,
        }
    }
}

/// A command that gives the ICCID, bare or behind any prefix.
pub(super) fn iccid_command(text: &str) -> Command {
    let name = text.trim_start_matches("AT").split(['=', '?']).next().unwrap_or_default();
    // `AT+CICCID` answers `+ICCID:`, which is bare to us as any line is.
    Command::ask_bare(text, &format!("{name}:"), S * 5).ends(Ends::Result)
}

/// `AT+CNMI` with `values`.
pub(super) fn indicate(values: &crate::Cnmi) -> String {
    let [mode, mt, bm, ds, bfr] = values;
    format!("AT+CNMI={mode},{mt},{bm},{ds},{bfr}")
}
