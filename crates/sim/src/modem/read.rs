//! Reads what the gateway writes: command lines, and the PDU behind a prompt; and runs the commands of a line.

use std::time::Instant;

use super::command;
use super::faults::Fault;
use super::machine::{Job, SimModem};
use super::reply::{End, Reply};

/// The longest command line, and the longest text behind a prompt.
const LINE_MAX: usize = 1024;
const CTRL_Z: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;

/// A PDU that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prompt {
    pub purpose: Purpose,
    /// The length of the TPDU as the command said it.
    pub length: usize,
}

/// What the PDU is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Send,
    Acknowledge,
}

/// What a command does.
pub(super) enum Done {
    /// It is answered.
    Reply(Reply),
    /// It waits for a PDU.
    Prompt(Prompt),
}

impl<T: Into<Reply>> From<T> for Done {
    fn from(reply: T) -> Self {
        Self::Reply(reply.into())
    }
}

impl SimModem {
    /// Reads until a command runs or nothing is left; whether anything was read.
    pub(super) fn read(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while self.session.powered && !self.session.hung && !self.session.busy {
            let Some(octet) = self.input.pop_front() else { break };
            moved = true;
            if self.session.echo || self.settings.faults.echo {
                self.put(&[octet]);
            }
            match self.session.prompt {
                Some(prompt) => self.read_pdu(now, prompt, octet),
                None => self.read_command(now, octet),
            }
        }
        moved
    }

    fn read_command(&mut self, now: Instant, octet: u8) {
        match octet {
            b'\r' => {
                let line = std::mem::take(&mut self.line);
                self.run_line(now, &String::from_utf8_lossy(&line));
            }
            ESCAPE => self.line.clear(),
            b'\n' | CTRL_Z | 0 => {}
            _ if self.line.len() < LINE_MAX => self.line.push(octet),
            _ => {}
        }
    }

    fn run_line(&mut self, now: Instant, line: &str) {
        let Some(commands) = command::parse(line) else { return };
        self.ledger.counts.commands += 1;
        // What comes of the command is told after its answer.
        self.session.busy = true;
        let mut lines = Vec::new();
        for command in &commands {
            match self.run_command(now, command) {
                Done::Reply(reply) => {
                    lines.extend(reply.lines);
                    if reply.end != End::Ok {
                        self.answer(now, Reply { lines, end: reply.end });
                        return;
                    }
                }
                Done::Prompt(prompt) => {
                    self.show_prompt(prompt);
                    return;
                }
            }
        }
        self.answer(now, Reply { lines, end: End::Ok });
    }

    /// Plans an answer, or what goes wrong instead.
    fn answer(&mut self, now: Instant, reply: Reply) {
        if self.trouble_at_command(now) {
            return;
        }
        let Self { settings, random, .. } = self;
        let silent = settings.faults.hits(Fault::Silent, random);
        let mut delay = settings.latency + settings.faults.delay(random);
        if !std::mem::replace(&mut self.session.awake, true) {
            delay += self.settings.faults.wakes_after;
        }
        self.session.busy = true;
        self.plan(now + delay, if silent { Job::Release } else { Job::Answer(reply) });
    }

    /// Whether the modem hangs or reboots instead of doing what it was told.
    fn trouble_at_command(&mut self, now: Instant) -> bool {
        let Self { settings, random, session, .. } = self;
        if settings.faults.hits(Fault::Hang, random) {
            let over = settings.faults.hang_time;
            session.hung = true;
            session.busy = false;
            self.input.clear();
            if let Some(over) = over {
                self.plan(now + over, Job::Recover);
            }
            return true;
        }
        if settings.faults.hits(Fault::Reboot, random) {
            self.plan(now, Job::Reboot);
            return true;
        }
        if settings.faults.hits(Fault::SilentReboot, random) {
            self.reboot_silently(now);
            return true;
        }
        false
    }

    fn show_prompt(&mut self, prompt: Prompt) {
        self.line.clear();
        self.session.busy = false;
        self.session.prompt = Some(prompt);
        if !self.settings.faults.hits(Fault::NoPrompt, &mut self.random) {
            self.put(b"\r\n> ");
            let between = self.interruption();
            self.put(&between);
        }
    }

    fn read_pdu(&mut self, now: Instant, prompt: Prompt, octet: u8) {
        match octet {
            CTRL_Z => {
                self.session.prompt = None;
                let text = std::mem::take(&mut self.line);
                match prompt.purpose {
                    Purpose::Send => self.send(now, prompt.length, &text),
                    Purpose::Acknowledge => self.acknowledge_with(now, &text),
                }
            }
            ESCAPE => {
                self.session.prompt = None;
                self.line.clear();
                let escape = self.settings.persona.escape;
                if !escape.is_empty() {
                    self.session.busy = true;
                    let delay = self.settings.latency;
                    self.plan(now + delay, Job::Answer(End::Words(escape).into()));
                }
            }
            b'\r' | b'\n' => {}
            _ if self.line.len() < LINE_MAX => self.line.push(octet),
            _ => {}
        }
    }
}
