//! Decides what a technician may ask of a modem that runs, and what the answer is.

use std::time::{Duration, Instant};

use super::engine::Next;
use super::heal::Cure;
use super::jobs::Job;
use super::network::Check;
use super::{Modem, Phase};
use crate::command::{Command, End, Ends, Reply, Wanted};
use postrider_model::{ModemAnswer, ModemRequest};

const SECOND: Duration = Duration::from_secs(1);
/// A search for networks takes three minutes.
const WAIT: Duration = Duration::from_secs(180);
/// The longest command of a technician.
const COMMAND_MAX: usize = 200;
/// Commands that write a prompt, so that what follows would be taken for a message.
const PROMPTS: [&str; 6] = ["+CMGS", "+CMGW", "+CMGC", "+CNMA=", "+UCMGS", "+QCMGS"];
/// Commands that hand the port over to data.
const DATA: [&str; 6] = ["D", "A", "O", "+CGDATA", "+CMUX", "+QPOWD"];

/// A request on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A command.
    Command { request: u64, text: String },
    /// A USSD code.
    Ussd { request: u64, code: String },
    /// The end of a USSD dialogue.
    UssdEnd { request: Option<u64> },
}

impl Modem {
    pub(super) fn handle_request(&mut self, now: Instant, request: u64, what: ModemRequest) {
        if let Some(why) = self.unable(&what) {
            return self.answer(request, ModemAnswer::Failed(why));
        }
        match what {
            ModemRequest::At(text) => match checked(&text) {
                Ok(text) => {
                    self.queue.push(now, Job::Asked(Asked::Command { request, text }));
                }
                Err(why) => self.answer(request, ModemAnswer::Failed(why)),
            },
            ModemRequest::Ussd(said) => self.begin_ussd(now, request, &said),
            ModemRequest::UssdEnd => {
                self.queue.push(now, Job::Asked(Asked::UssdEnd { request: Some(request) }));
            }
            ModemRequest::Reset(kind) => {
                self.answer(request, ModemAnswer::Done);
                self.cure_when_idle(now, Cure::from(kind));
            }
            ModemRequest::Refresh => {
                self.setup.refused.clear();
                self.queue.push(now, Job::Check(Check::FIRST));
                self.tell_identity();
                self.answer(request, ModemAnswer::Done);
            }
        }
    }

    /// Why a request cannot be taken now.
    fn unable(&self, what: &ModemRequest) -> Option<String> {
        let name = self.name();
        let ussd = matches!(what, ModemRequest::Ussd(_) | ModemRequest::UssdEnd);
        match self.phase {
            Phase::Running => None,
            Phase::Locked if ussd => Some(format!("{name} has no usable SIM")),
            Phase::Locked => None,
            _ if matches!(what, ModemRequest::Reset(_)) && self.phase != Phase::Closed => None,
            Phase::Closed => Some(format!("{name} has no port at the moment")),
            Phase::Starting => Some(format!("{name} is being set up; try again in some seconds")),
            Phase::Healing => Some(format!("{name} is being brought back; try again in a minute")),
            Phase::Quarantined { .. } => Some(format!("{name} is left alone after failures; reset it first")),
        }
    }

    pub(super) fn asked(&mut self, now: Instant, asked: Asked, reply: Option<Reply>) -> Next {
        match asked {
            Asked::Command { request, text } => match reply {
                None => {
                    let command = technicians(&text);
                    Next::Command(Job::Asked(Asked::Command { request, text }), command)
                }
                Some(reply) => {
                    self.answer(request, ModemAnswer::Lines(lines_of(reply)));
                    Next::Done
                }
            },
            Asked::Ussd { request, code } => self.ussd(now, request, code, reply),
            Asked::UssdEnd { request } => match reply {
                None => {
                    self.end_dialogue("the dialogue was ended");
                    let command = Command::new("AT+CUSD=2", SECOND * 30);
                    Next::Command(Job::Asked(Asked::UssdEnd { request }), command)
                }
                Some(_) => {
                    if let Some(request) = request {
                        self.answer(request, ModemAnswer::Done);
                    }
                    Next::Done
                }
            },
        }
    }

    /// A request that will not be done any more.
    pub(super) fn drop_asked(&mut self, asked: &Asked, why: &str) {
        let request = match asked {
            Asked::Command { request, .. } | Asked::Ussd { request, .. } => Some(*request),
            Asked::UssdEnd { request } => *request,
        };
        self.dialogue = self.dialogue.take().filter(|_| !matches!(asked, Asked::Ussd { .. }));
        if let Some(request) = request {
            self.answer(request, ModemAnswer::Failed(format!("{}: {why}", self.name())));
        }
    }
}

/// The command, if it can do no harm to the dialogue.
fn checked(text: &str) -> Result<String, String> {
    let text = text.trim_matches(' ');
    if text.chars().any(char::is_control) || text.len() > COMMAND_MAX || !text.is_ascii() {
        return Err(format!(
            "a command is one line of up to {COMMAND_MAX} ASCII characters, without control characters"
        ));
    }
    let upper = text.to_ascii_uppercase();
    let Some(body) = upper.strip_prefix("AT") else {
        return Err("a command begins with AT".to_owned());
    };
    // Several commands may stand in one line.
    for part in body.split(';').map(str::trim) {
        let question = part.ends_with('?');
        if !question && PROMPTS.iter().any(|start| part.starts_with(start)) {
            return Err(format!("AT{part} asks for a message at a prompt; use `postrider modem sms-test` instead"));
        }
        if !question && DATA.iter().any(|start| part.starts_with(start)) {
            return Err(format!("AT{part} would take the port away from postrider"));
        }
        if part.starts_with('E') || part.starts_with('V') || part.starts_with('Q') || part.starts_with("+CMGF=1") {
            return Err(format!("AT{part} would change how answers look; postrider could not read them any more"));
        }
    }
    Ok(text.to_owned())
}

fn technicians(text: &str) -> Command {
    let body = text.get(2..).unwrap_or_default();
    let name: String = body.chars().take_while(|c| !matches!(c, '=' | '?' | ';')).collect();
    let prefix = if name.len() > 1 { format!("{name}:") } else { String::new() };
    let ends = if body.to_ascii_uppercase().starts_with('H') { Ends::Call } else { Ends::Result };
    Command { wanted: Wanted::Anything(prefix), ..Command::new(text, WAIT) }.ends(ends)
}

fn lines_of(reply: Reply) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for info in reply.lines {
        lines.push(info.line);
        lines.extend(info.pdu);
    }
    lines.push(match reply.end {
        End::Ok | End::Settled => "OK".to_owned(),
        End::Failed(failure) => failure.to_string(),
        End::Silent => "no answer".to_owned(),
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prompts_or_takes_the_port_is_refused() {
        for text in [
            "AT+CMGS=23",
            "at+cmgw=10",
            "AT+CMGC=5",
            "AT+CNMA=1,2",
            "AT+CSQ;+CMGS=20",
            "ATD+821012345678;",
            "ATE1",
            "ATV0",
            "AT+CMGF=1",
            "ATO",
            "AT\r",
            "AT+CSQ\rAT",
            "AT\u{1b}",
            "AT\u{1a}",
            "hello",
            "",
        ] {
            assert!(checked(text).is_err(), "{text:?}");
        }
        for text in ["AT", "ATI", "AT+CSQ", "AT+COPS=?", "AT+CMGS=?", "AT^SYSINFOEX", "ATH", "AT+CREG?;+CSQ"] {
            assert_eq!(checked(text).as_deref(), Ok(text));
        }
    }
}
