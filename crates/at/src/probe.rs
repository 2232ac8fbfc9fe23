//! Finds out whether a port speaks AT, and which modem and SIM are behind it. It changes nothing but the echo.
//!
//! ```text
//!  ESC ─▶ AT, again and again ─▶ IMEI ─▶ ATE0 ─▶ maker ─▶ model ─▶ firmware ─▶ IMEI ─▶ ICCID (commands in turn) ─▶ known
//!              │                  ▲                                             │ another one
//!              │                  └─────────────────────────────────────────────┘
//!              └─ no answer for as long as patience lasts ─▶ no AT port
//! ```
//!
//! A modem that wakes slowly answers late, and then often all that was asked meanwhile. So what was asked and what was
//! answered is counted; while answers are owed, the next question waits until they came or the line fell silent. And since a
//! count can be wrong, the question for the IMEI, whose answer no other question has, is asked before and after all others:
//! when both answers agree, those between belong to their questions.

use std::time::{Duration, Instant};

use super::answers::identity;
use super::command::{Command, Reply};
use super::fields;
use super::line::{LineReader, Reading};
use super::result;
use super::wire::{Line, Wire};
use postrider_model::ModemIdentity;

const SECOND: Duration = Duration::from_secs(1);
/// After this many, `AT` is tried ever more seldom.
const HELLOS: u32 = 3;
/// The longest pause between two tries.
const HELLO_PAUSE_MAX: Duration = Duration::from_secs(8);
/// How long a port that gave a sign of life, like the lines of a modem that starts, is waited for.
const SIGN_PATIENCE: Duration = Duration::from_secs(30);
/// A modem that floods the port is given up after so many octets.
const OCTETS_MAX: usize = 64 * 1024;
/// A modem that answered, but does not get through the questions by then, is given up.
const QUESTIONS_MAX: Duration = Duration::from_secs(120);
/// The longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long the line must be silent once nothing is owed.
const SILENCE: Duration = Duration::from_millis(100);
/// The longest listening for late answers.
const LISTEN_MAX: Duration = Duration::from_secs(20);
/// How often the IMEI is asked for before it counts as something that this modem does not tell.
const SYNCS: u8 = 4;
/// How often all is asked anew because questions and answers did not fit.
const ROUNDS: u8 = 3;
/// Commands that give the ICCID, of all makers; tried in turn.
const ICCID: [&str; 6] = ["AT+CCID", "AT+QCCID", "AT+CICCID", "AT^ICCID?", "AT#CCID", "AT+CRSM=176,12258,0,0,10"];

/// One port that is being looked at.
#[derive(Debug)]
pub struct Probe {
    reader: LineReader,
    wire: Wire,
    step: Step,
    /// Late answers are listened for; the step's command comes after it.
    listening: Option<Listening>,
    started: Instant,
    /// When it counts as no AT port, or as too slow.
    until: Instant,
    /// Commands without a final result so far.
    owed: u32,
    /// From the first `AT` to the first answer.
    latency: Duration,
    round: u8,
    /// Results come as digits: `ATV0`.
    numeric: bool,
    /// The first line that was no answer.
    sign: Option<String>,
    octets: usize,
    identity: ModemIdentity,
    iccid: Option<String>,
    outcome: Option<Result<(), String>>,
}

/// Listening for late answers.
#[derive(Debug, Clone, Copy)]
struct Listening {
    /// When the line counts as silent.
    silent_at: Instant,
    /// When it ends even if the line never falls silent.
    until: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Escape,
    Hello(u32),
    /// The IMEI, for the first time.
    Sync(u8),
    EchoOff,
    Maker,
    Model,
    Firmware,
    /// The IMEI again.
    Imei,
    Iccid(usize),
}

impl Probe {
    /// Begins with a port that was just opened, and gives it `patience` to answer its first `AT`.
    pub fn new(now: Instant, patience: Duration) -> Self {
        let mut probe = Self {
            reader: LineReader::default(),
            wire: Wire::default(),
            step: Step::Escape,
            listening: None,
            started: now,
            until: now + patience,
            owed: 0,
            latency: Duration::ZERO,
            round: 0,
            numeric: false,
            sign: None,
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
        if self.outcome.is_some() {
            return;
        }
        if now >= self.until {
            let is_silent = matches!(self.step, Step::Escape | Step::Hello(_));
            let why =
                if is_silent { self.silence() } else { "it answers too slowly to find out what it is".to_owned() };
            return self.fail(&why);
        }
        if let Some(listening) = self.listening {
            if now >= listening.silent_at.min(listening.until) {
                // What is owed now never comes: a modem that is still starting swallows commands.
                self.owed = 0;
                self.listening = None;
                self.begin(now, self.step);
            }
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
        let silent = self.listening.map(|listening| listening.silent_at.min(listening.until));
        silent.or_else(|| self.wire.poll_timeout()).map(|at| at.min(self.until))
    }

    /// What was found out: the modem and its SIM's ICCID, or why it is no AT port. `None` while it goes on.
    pub fn outcome(&self) -> Option<Result<(ModemIdentity, Option<String>), String>> {
        let found = || (self.identity.clone(), self.iccid.clone());
        self.outcome.clone().map(|outcome| outcome.map(|()| found()))
    }

    fn fail(&mut self, why: &str) {
        self.outcome.get_or_insert_with(|| Err(why.to_owned()));
    }

    /// What there is to say of a port that answered no `AT`.
    fn silence(&self) -> String {
        match &self.sign {
            None => "it does not answer AT".to_owned(),
            Some(line) if is_position(line) => "it tells positions (NMEA) and does not answer AT".to_owned(),
            Some(line) => format!("it says \"{}\" and does not answer AT", identity::name(line, "")),
        }
    }

    fn handle_line(&mut self, now: Instant, line: &str) {
        let is_result = result::parse(line).is_some() || (self.numeric && line == "0");
        if is_result {
            self.owed = self.owed.saturating_sub(1);
        }
        if self.listening.is_some() {
            return self.listen(now, if self.owed > 0 { self.patience() } else { SILENCE });
        }
        match self.wire.handle_line(now, line, None) {
            Line::Ends(reply) => self.handle_reply(now, &reply),
            Line::Other if is_name(line, self.step) => {
                self.wire.handle_bare(line);
            }
            Line::Other => self.note_sign(now, line),
            Line::Taken => {}
        }
    }

    /// A line that answers nothing. A modem that is starting speaks so; a receiver of positions is left alone soon.
    fn note_sign(&mut self, now: Instant, line: &str) {
        let is_early = matches!(self.step, Step::Escape | Step::Hello(_));
        if !is_early || self.sign.as_deref().is_some_and(is_position) {
            return;
        }
        if is_position(line) {
            self.until = self.until.min(self.started + SECOND * HELLOS);
            self.sign = Some(line.to_owned());
        } else if is_of_boot(line) {
            // What talks for ever without an answer is a console, not a modem.
            self.until = self.until.max((now + SIGN_PATIENCE).min(self.started + SIGN_PATIENCE * 2));
            self.sign.get_or_insert_with(|| line.to_owned());
        }
    }

    fn handle_reply(&mut self, now: Instant, reply: &Reply) {
        let first = |prefix| reply.first().map(|line| identity::name(line, prefix)).unwrap_or_default();
        let next = match self.step {
            Step::Escape => Step::Hello(0),
            // An error is an answer, too: only a modem knows AT commands to refuse.
            Step::Hello(_) if !reply.is_silent() || reply.first() == Some("0") => {
                self.numeric = reply.is_silent();
                self.owed = self.owed.saturating_sub(u32::from(self.numeric));
                self.latency = now.saturating_duration_since(self.started);
                self.until = now + QUESTIONS_MAX;
                Step::Sync(0)
            }
            Step::Hello(tries) => return self.begin(now, Step::Hello(tries + 1)),
            Step::Sync(tries) => {
                self.identity.imei = reply.lines.iter().find_map(|info| identity::imei(&info.line));
                if self.identity.imei.is_none() && tries + 1 < SYNCS {
                    // It was another question's answer, or none: the line must be silent before it is asked again.
                    self.step = Step::Sync(tries + 1);
                    return self.listen_first(now);
                }
                Step::EchoOff
            }
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
            Step::Imei => match self.check(reply) {
                Some(step) => step,
                None => {
                    return self.fail("its answers do not fit the questions; it may be starting, or its line garbled");
                }
            },
            Step::Iccid(place) => {
                self.iccid = reply.lines.iter().find_map(|info| identity::iccid(&info.line));
                if self.iccid.is_some() || place + 1 == ICCID.len() {
                    self.outcome.get_or_insert(Ok(()));
                    return;
                }
                Step::Iccid(place + 1)
            }
        };
        self.step = next;
        if self.owed > 0 { self.listen_first(now) } else { self.begin(now, next) }
    }

    /// Whether the answers since the first IMEI belong to their questions; what comes next, or `None` when they never do.
    fn check(&mut self, reply: &Reply) -> Option<Step> {
        let again = reply.lines.iter().find_map(|info| identity::imei(&info.line));
        if again == self.identity.imei {
            return Some(Step::Iccid(0));
        }
        self.round += 1;
        self.identity = ModemIdentity::default();
        // Whatever the reason was, an answer may still be on its way.
        self.owed = self.owed.max(1);
        (self.round < ROUNDS).then_some(Step::Sync(0))
    }

    /// How long a late answer is waited for.
    fn patience(&self) -> Duration {
        (self.latency + self.latency / 4 + SECOND / 2).clamp(SECOND, ANSWER_MAX)
    }

    /// Listens before the step's command is written.
    fn listen_first(&mut self, now: Instant) {
        self.listening = Some(Listening { silent_at: now, until: now + LISTEN_MAX });
        self.listen(now, self.patience());
    }

    fn listen(&mut self, now: Instant, silence: Duration) {
        if let Some(listening) = self.listening.as_mut() {
            listening.silent_at = now + silence;
        }
    }

    fn begin(&mut self, now: Instant, step: Step) {
        self.step = step;
        let wait = (SECOND * 3).max(self.latency * 2).min(ANSWER_MAX);
        let command = match step {
            Step::Escape => Command::escape(true, SECOND / 10),
            Step::Hello(tries) => Command::ask_bare("AT", "", hello_pause(tries)),
            Step::EchoOff if self.numeric => Command::new("ATE0V1", wait),
            Step::EchoOff => Command::new("ATE0", wait),
            Step::Maker => Command::ask_bare("AT+CGMI", "+CGMI:", wait),
            Step::Model => Command::ask_bare("AT+CGMM", "+CGMM:", wait),
            Step::Firmware => Command::ask_bare("AT+CGMR", "+CGMR:", wait),
            Step::Sync(_) | Step::Imei => Command::ask_bare("AT+CGSN", "+CGSN:", wait),
            Step::Iccid(place) => Command::ask_bare(ICCID[place], "", wait),
        };
        if step != Step::Escape {
            self.owed += 1;
        }
        if step == Step::Hello(0) {
            self.started = now;
        }
        self.wire.begin(now, command);
    }
}

/// How long an answer to this `AT` is waited for before the next one.
fn hello_pause(tries: u32) -> Duration {
    let doubled = tries.saturating_sub(HELLOS - 1).min(10);
    (SECOND * (1 << doubled)).min(HELLO_PAUSE_MAX)
}

/// Whether a bare line may be what was asked for; indications that come meanwhile are not.
fn is_name(line: &str, step: Step) -> bool {
    let indication = line.starts_with(['+', '^', '*', '#', '!', '$']);
    match step {
        Step::Iccid(_) => identity::iccid(line).is_some(),
        Step::Sync(_) | Step::Imei => identity::imei(line).is_some(),
        Step::Hello(_) => line == "0",
        Step::Maker | Step::Model | Step::Firmware => {
            !indication && !BOOT_LINES.contains(&line) && fields::behind(line, "AT").is_none()
        }
        Step::Escape | Step::EchoOff => false,
    }
}

/// Lines without a mark that modems say of their own accord.
const BOOT_LINES: [&str; 6] = ["RDY", "RING", "Call Ready", "SMS Ready", "SMS DONE", "PB DONE"];

/// Whether a line is one that modems say of their own accord.
fn is_of_boot(line: &str) -> bool {
    let marked = line.starts_with(['+', '^', '*']) && line[1..].starts_with(|c: char| c.is_ascii_uppercase());
    marked || BOOT_LINES.contains(&line)
}

/// Whether a line is a sentence of NMEA 0183, as receivers of positions write them.
fn is_position(line: &str) -> bool {
    let talker = line.strip_prefix('$').and_then(|rest| rest.get(..5));
    talker.is_some_and(|talker| talker.bytes().all(|byte| byte.is_ascii_uppercase())) && line.contains(',')
}
