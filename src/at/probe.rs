//! Finds out whether a port speaks AT, and which modem and SIM are behind it. It changes nothing but the echo.
//!
//! ```text
//!  ESC ─▶ AT (up to 3 times) ─▶ ATE0 ─▶ maker ─▶ model ─▶ firmware ─▶ IMEI ─▶ ICCID (commands in turn) ─▶ known
//!              └─ no answer ─▶ no AT port
//! ```

use std::time::{Duration, Instant};

use super::answers::identity;
use super::command::{Command, Reply};
use super::fields;
use super::line::{LineReader, Reading};
use super::wire::{Line, Wire};
use crate::model::ModemIdentity;

const SECOND: Duration = Duration::from_secs(1);
/// How often `AT` is tried. A diagnostics port never answers, so this is what a search among ports costs.
const HELLOS: u8 = 3;
/// A modem that floods the port is given up after so many octets.
const OCTETS_MAX: usize = 64 * 1024;
/// A probe that is not through by then is given up.
const PROBE_MAX: Duration = Duration::from_secs(40);
/// Commands that give the ICCID, of all makers; tried in turn.
const ICCID: [&str; 6] = ["AT+CCID", "AT+QCCID", "AT+CICCID", "AT^ICCID?", "AT#CCID", "AT+CRSM=176,12258,0,0,10"];

/// One port that is being looked at.
#[derive(Debug)]
pub struct Probe {
    reader: LineReader,
    wire: Wire,
    step: Step,
    until: Instant,
    octets: usize,
    identity: ModemIdentity,
    iccid: Option<String>,
    outcome: Option<Result<(), String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Escape,
    Hello(u8),
    EchoOff,
    Maker,
    Model,
    Firmware,
    Imei,
    Iccid(usize),
}

impl Probe {
    /// Begins with a port that was just opened.
    pub fn new(now: Instant) -> Self {
        let mut probe = Self {
            reader: LineReader::default(),
            wire: Wire::default(),
            step: Step::Escape,
            until: now + PROBE_MAX,
            octets: 0,
            identity: ModemIdentity::default(),
            iccid: None,
            outcome: None,
        };
        probe.begin(now, Step::Escape);
        probe
    }

    /// Octets came.
    pub fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.octets = self.octets.saturating_add(bytes.len());
        if self.octets > OCTETS_MAX {
            self.fail("it floods the port with octets that are no answers to AT commands");
        }
        for &byte in bytes {
            self.reader.handle_byte(byte);
            while let Some(reading) = self.reader.poll() {
                if let Reading::Line(line) = reading {
                    self.handle_line(now, &line);
                }
            }
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.outcome.is_none() && now >= self.until {
            self.fail("it answers too slowly to find out what it is");
        } else if let Some(reply) = self.wire.handle_timeout(now) {
            self.handle_reply(now, &reply);
        }
    }

    /// The next octets for the port.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.wire.poll_transmit()
    }

    /// When [`Probe::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.outcome.is_some() {
            return None;
        }
        self.wire.poll_timeout().map(|at| at.min(self.until))
    }

    /// What was found out: the modem and its SIM's ICCID, or why it is no AT port. `None` while it goes on.
    pub fn outcome(&self) -> Option<Result<(ModemIdentity, Option<String>), String>> {
        let found = || (self.identity.clone(), self.iccid.clone());
        self.outcome.clone().map(|outcome| outcome.map(|()| found()))
    }

    fn fail(&mut self, why: &str) {
        self.outcome.get_or_insert_with(|| Err(why.to_owned()));
    }

    fn handle_line(&mut self, now: Instant, line: &str) {
        match self.wire.handle_line(now, line, None) {
            Line::Ends(reply) => self.handle_reply(now, &reply),
            Line::Other if is_name(line, self.step) => {
                self.wire.handle_bare(line);
            }
            Line::Other | Line::Taken => {}
        }
    }

    fn handle_reply(&mut self, now: Instant, reply: &Reply) {
        let first = |prefix| reply.first().map(|line| identity::name(line, prefix)).unwrap_or_default();
        let next = match self.step {
            Step::Escape => Step::Hello(0),
            // An error is an answer, too: only a modem knows AT commands to refuse.
            Step::Hello(_) if !reply.is_silent() || reply.first() == Some("0") => Step::EchoOff,
            Step::Hello(tries) if tries + 1 < HELLOS => Step::Hello(tries + 1),
            Step::Hello(_) => return self.fail("it does not answer AT"),
            Step::EchoOff => Step::Maker,
            Step::Maker => {
                self.identity.maker = first("+CGMI:");
                Step::Model
            }
            Step::Model => {
                self.identity.model = first("+CGMM:");
                Step::Firmware
            }
            Step::Firmware => {
                self.identity.firmware = first("+CGMR:");
                Step::Imei
            }
            Step::Imei => {
                self.identity.imei = reply.lines.iter().find_map(|info| identity::imei(&info.line));
                Step::Iccid(0)
            }
            Step::Iccid(place) => {
                self.iccid = reply.lines.iter().find_map(|info| identity::iccid(&info.line));
                if self.iccid.is_some() || place + 1 == ICCID.len() {
                    self.outcome.get_or_insert(Ok(()));
                    return;
                }
                Step::Iccid(place + 1)
            }
        };
        self.begin(now, next);
    }

    fn begin(&mut self, now: Instant, step: Step) {
        self.step = step;
        let command = match step {
            Step::Escape => Command::escape(true, SECOND / 10),
            Step::Hello(_) => Command::ask_bare("AT", "", SECOND),
            Step::EchoOff => Command::new("ATE0", SECOND * 2),
            Step::Maker => Command::ask_bare("AT+CGMI", "+CGMI:", SECOND * 3),
            Step::Model => Command::ask_bare("AT+CGMM", "+CGMM:", SECOND * 3),
            Step::Firmware => Command::ask_bare("AT+CGMR", "+CGMR:", SECOND * 3),
            Step::Imei => Command::ask_bare("AT+CGSN", "+CGSN:", SECOND * 3),
            Step::Iccid(place) => Command::ask_bare(ICCID[place], "", SECOND * 3),
        };
        self.wire.begin(now, command);
    }
}

/// Whether a bare line may be what was asked for; indications that come meanwhile are not.
fn is_name(line: &str, step: Step) -> bool {
    let indication = line.starts_with(['+', '^', '*', '#', '!', '$']);
    match step {
        Step::Iccid(_) => identity::iccid(line).is_some(),
        Step::Imei => identity::imei(line).is_some(),
        Step::Hello(_) => line == "0",
        Step::Maker | Step::Model | Step::Firmware => {
            !indication && !BOOT_LINES.contains(&line) && fields::behind(line, "AT").is_none()
        }
        Step::Escape | Step::EchoOff => false,
    }
}

/// Lines without a mark that modems say of their own accord.
const BOOT_LINES: [&str; 6] = ["RDY", "RING", "Call Ready", "SMS Ready", "SMS DONE", "PB DONE"];

#[cfg(test)]
mod tests {
    use super::*;

    fn run(answers: &[(&str, &str)]) -> (Probe, Vec<String>) {
        let mut now = crate::at::test_clock::zero();
        let mut probe = Probe::new(now);
        let mut sent = Vec::new();
        for _ in 0..100 {
            while let Some(octets) = probe.poll_transmit() {
                let line = String::from_utf8(octets).unwrap().trim().to_owned();
                let answer = answers.iter().find(|(asked, _)| *asked == line);
                sent.push(line);
                if let Some((_, said)) = answer {
                    probe.handle_bytes(now, format!("\r\n{said}\r\n").as_bytes());
                }
            }
            let Some(at) = probe.poll_timeout() else { break };
            now = now.max(at);
            probe.handle_timeout(now);
        }
        (probe, sent)
    }

    #[test]
    fn a_modem_says_who_it_and_its_sim_are() {
        let (probe, sent) = run(&[
            ("AT", "OK"),
            ("ATE0", "OK"),
            ("AT+CGMI", "^RSSI:17\r\n\r\nhuawei\r\n\r\nOK"),
            ("AT+CGMM", "E173\r\n\r\nOK"),
            ("AT+CGMR", "11.126.85.00.209\r\n\r\nOK"),
            ("AT+CGSN", "490154203237518\r\n\r\nOK"),
            ("AT+CCID", "COMMAND NOT SUPPORT"),
            ("AT+QCCID", "ERROR"),
            ("AT+CICCID", "ERROR"),
            ("AT^ICCID?", "^ICCID: 8982000000000000001F\r\n\r\nOK"),
        ]);
        let (identity, iccid) = probe.outcome().unwrap().unwrap();
        assert_eq!((identity.maker.as_str(), identity.model.as_str()), ("huawei", "E173"));
        assert_eq!(identity.imei.as_deref(), Some("490154203237518"));
        assert_eq!(iccid.as_deref(), Some("8982000000000000001"));
        assert!(!sent.iter().any(|line| line.starts_with("AT#")), "enough is known");
    }

    #[test]
    fn a_modem_without_sim_is_known_by_its_imei() {
        let (probe, _) = run(&[
            ("AT", "ERROR"),
            ("ATE0", "OK"),
            ("AT+CGMI", "OK"),
            ("AT+CGMM", "OK"),
            ("AT+CGMR", "OK"),
            ("AT+CGSN", "+CGSN: \"490154203237518\"\r\nOK"),
        ]);
        let (identity, iccid) = probe.outcome().unwrap().unwrap();
        assert_eq!(identity.imei.as_deref(), Some("490154203237518"));
        assert_eq!(iccid, None);
    }

    #[test]
    fn a_port_that_does_not_answer_is_no_at_port() {
        let (probe, sent) = run(&[]);
        assert_eq!(probe.outcome(), Some(Err("it does not answer AT".to_owned())));
        assert_eq!(sent, ["\u{1b}", "AT", "AT", "AT"]);
    }

    #[test]
    fn a_port_that_floods_is_given_up() {
        let mut probe = Probe::new(crate::at::test_clock::zero());
        probe.handle_bytes(crate::at::test_clock::zero(), &vec![0x7e; OCTETS_MAX + 1]);
        assert!(probe.outcome().unwrap().is_err());
        assert_eq!(probe.poll_timeout(), None);
    }
}
