//! Decides what a line means that nobody asked for.

use std::time::Instant;

use super::jobs::Job;
use super::{Modem, Phase};
use crate::answers::pin::{self, SimState};
use crate::answers::signal;
use crate::fields;
use postrider_model::catalog;

/// Lines of all makers that mean nothing here, by their beginnings.
const NOISE: &[&str] = &[
    "^RSSILVL",
    "^HRSSILVL",
    "^MODE:",
    "^DSFLOWRPT:",
    "^BOOT:",
    "^SRVST",
    "^STIN",
    "^HCSQ:",
    "^CSNR",
    "^NDISSTAT",
    "^NDISEND",
    "^PDPDEACT",
    "^ORIG",
    "^CONF",
    "^CONN",
    "^CEND",
    "^RFSWITCH",
    "^POSITION",
    "^ECCLIST",
    "^LTERSRP",
    "^EONS",
    "^LWURC",
    "^DSDORMANT",
    "+CUSATP",
    "+CUSATEND",
    "+ZUSIMR:",
    "+ZDONR:",
    "+ZPASR:",
    "+ZPSTM:",
    "+ZEND",
    "+QIND:",
    "+QGPSURC",
    "+QLWURC",
    "Call Ready",
    "*ATREADY:",
    "PB DONE",
    "SMS DONE",
    "+CNSMOD:",
    "+NITZ",
    "*PSUTTZ:",
    "*PSNWID:",
    "DST:",
    "#STN:",
    "+CIEV:",
    "^SHUTDOWN",
    "+PBREADY",
    "+READY",
    "+UUSOCL",
    "+WIND:",
    "+CLIP:",
    "+CRING:",
    "NO CARRIER",
    "NO ANSWER",
    "NO DIALTONE",
    "BUSY",
    "+CGEV:",
    "+CTZV",
    "+CTZE",
    "+CBM",
    "+CBMI",
    "+CSSI",
    "+CSSU",
    "+CCWA",
    "POWERED DOWN",
    "NORMAL POWER DOWN",
    "+QNWINFO",
    "+CPSI:",
    "^STATUS",
    "^ACTIVE",
];

/// The modem says that it has just booted.
const BOOTED: &[&str] = &["RDY", "^SYSSTART"];
/// A SIM was put in, taken out, or became ready.
const SIM_CHANGED: &[&str] = &["+QSIMSTAT:", "^SIMST:", "^SCKS:", "#QSS:", "+UUSIMSTAT:", "+QUSIM:"];
/// The power supply is out of its limits; the first two are spelt as SIM800 sends them.
const POWER: &[&str] = &["UNDER-VOLTAGE", "OVER-VOLTAGE", "^SBC: Undervoltage", "^SBC: Overvoltage"];

impl Modem {
    /// `true` if the line was known; else it may be the bare answer to a command.
    pub(super) fn handle_unasked(&mut self, now: Instant, line: &str, pdu: Option<&str>) -> bool {
        let ready_line = self.profile.init.ready_line.clone();
        if ready_line.is_some_and(|ready| !ready.is_empty() && line.starts_with(&ready)) || line == "SMS Ready" {
            self.message_service_ready(now);
            return true;
        }
        self.handle_message_line(now, line, pdu) || self.handle_state_line(now, line) || self.is_noise(line)
    }

    /// Lines about messages, reports and USSD.
    fn handle_message_line(&mut self, now: Instant, line: &str, pdu: Option<&str>) -> bool {
        let Some((name, said)) = line.split_once(':') else { return false };
        match (name, pdu) {
            ("+CMTI", _) => self.handle_announced(now, said, false),
            ("+CDSI", _) => self.handle_announced(now, said, true),
            ("+CMT" | "+CDS", Some(pdu)) => self.handle_direct(now, said, pdu),
            ("+CBM", _) => {}
            ("+CMT" | "+CDS", _) => self.handle_without_pdu(now, name, said),
            ("+CMGS", _) => self.handle_late_result(now, said),
            ("+CUSD", _) => self.handle_said(now, said),
            ("^SMMEMFULL", _) => self.handle_memory_full(now, fields::split(said).first().copied().unwrap_or_default()),
            ("^SMGO", _) if said.trim() != "0" => self.handle_memory_full(now, ""),
            ("^SMGO", _) => {}
            _ => return false,
        }
        true
    }

    /// Lines about the network, the SIM, calls and power.
    fn handle_state_line(&mut self, now: Instant, line: &str) -> bool {
        let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
        if let Some((name, said)) = line.split_once(':') {
            let domain = match name {
                "+CREG" => Some(0),
                "+CGREG" => Some(1),
                "+CEREG" | "+C5GREG" => Some(2),
                _ => None,
            };
            match (name, domain) {
                (_, Some(domain)) => {
                    self.registered(now, domain, Some(said), false);
                    return true;
                }
                ("+CSQ" | "^RSSI", None) => {
                    self.tell_signal(signal::csq(said));
                    return true;
                }
                ("+CPIN", None) => {
                    self.handle_pin_line(now, said);
                    return true;
                }
                ("+CFUN", None) => return true,
                _ => {}
            }
        }
        if line == "RING" || line.starts_with("+CRING") {
            self.queue.push(now, Job::HangUp);
        } else if BOOTED.contains(&line) {
            self.handle_booted(now);
        } else if begins(SIM_CHANGED) {
            self.handle_sim_line(now);
        } else if begins(POWER) {
            let text = format!("{}: its power supply is out of limits ({line})", self.name());
            let advice = "It needs up to 2 A for moments. Use a stronger supply, a short cable or a powered hub.";
            // It may say so at every burst.
            self.tell_lasting(text, advice, catalog::MODEM_POWER);
        } else {
            return false;
        }
        true
    }

    fn is_noise(&self, line: &str) -> bool {
        let begins = |word: &str| !word.is_empty() && line.starts_with(word);
        NOISE.iter().any(|word| begins(word)) || self.profile.noise.iter().any(|word| begins(word))
    }

    /// `SMS Ready`: before the set-up is through it is good news, and a second one is a reboot.
    fn message_service_ready(&mut self, now: Instant) {
        let again = std::mem::replace(&mut self.setup.ready_line, true);
        if again && self.phase == Phase::Running {
            self.restart_setup(now, "it rebooted by itself");
        } else if self.phase == Phase::Starting {
            self.hurry(now);
        }
    }

    /// What the set-up waits for may be there now.
    fn hurry(&mut self, now: Instant) {
        if let Some((at, Job::Setup(_))) = &mut self.postponed {
            *at = now;
        }
    }

    fn handle_booted(&mut self, now: Instant) {
        match self.phase {
            Phase::Running => self.restart_setup(now, "it rebooted by itself"),
            // In the middle of a set-up the first commands are lost; it is begun again, but not for ever.
            Phase::Starting if self.setup.identified && self.setup.reboots < 3 => {
                self.setup.reboots += 1;
                let reboots = self.setup.reboots;
                self.restart_setup(now, "it rebooted during its set-up");
                self.setup.reboots = reboots;
            }
            Phase::Closed | Phase::Starting | Phase::Locked | Phase::Healing | Phase::Quarantined { .. } => {}
        }
    }

    /// `+CPIN:` that nobody asked for.
    fn handle_pin_line(&mut self, now: Instant, said: &str) {
        match (pin::state(said), self.phase) {
            (SimState::Ready, Phase::Starting) => self.hurry(now),
            (SimState::Ready, Phase::Locked) => self.handle_sim_changed(now),
            // The SIM was taken out, or the modem restarted.
            (SimState::NotReady | SimState::Pin | SimState::Puk, Phase::Running) => self.handle_sim_changed(now),
            _ => {}
        }
    }

    /// A maker's line about the SIM. While the set-up runs it is expected.
    fn handle_sim_line(&mut self, now: Instant) {
        match self.phase {
            Phase::Starting => self.hurry(now),
            Phase::Locked => self.handle_sim_changed(now),
            // Many are repeated without any change, so the SIM is asked before the set-up is begun anew.
            Phase::Running => self.look_at_sim(now),
            Phase::Closed | Phase::Healing | Phase::Quarantined { .. } => {}
        }
    }
}
