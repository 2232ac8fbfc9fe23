//! Decides how a USSD dialogue goes: asked, answered, continued, or given up.

use std::time::{Duration, Instant};

use super::Modem;
use super::engine::Next;
use super::jobs::Job;
use super::technician::Asked;
use crate::answers::ussd::{self, Turn};
use crate::command::{Command, End, Reply};
use crate::event::ModemEvent;
use crate::profile::UssdForm;
use postrider_model::ModemAnswer;

const SECOND: Duration = Duration::from_secs(1);
/// How long the network may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(100);
/// How long a menu stays open while a person thinks; networks close it before.
const MENU_WAIT: Duration = Duration::from_secs(180);

/// An open dialogue.
#[derive(Debug)]
pub(super) struct Dialogue {
    /// Who waits for the network's words; nobody while a menu is open.
    request: Option<u64>,
    until: Instant,
}

impl Dialogue {
    pub(super) fn poll_timeout(&self) -> Instant {
        self.until
    }
}

impl Modem {
    /// A code or the answer to a menu is sent once nothing else is under way.
    pub(super) fn begin_ussd(&mut self, now: Instant, request: u64, said: &str) {
        if self.dialogue.as_ref().is_some_and(|dialogue| dialogue.request.is_some())
            || self.queue.any(|job| matches!(job, Job::Asked(Asked::Ussd { .. })))
        {
            return self.answer(request, ModemAnswer::Failed("another USSD question waits for its answer".to_owned()));
        }
        let form = match self.profile.ussd {
            UssdForm::Plain if self.known.wide => UssdForm::Ucs2,
            form @ (UssdForm::Plain | UssdForm::Packed | UssdForm::Ucs2) => form,
        };
        match ussd::encode(said, form) {
            Ok(code) => {
                self.queue.push(now, Job::Asked(Asked::Ussd { request, code }));
            }
            Err(why) => self.answer(request, ModemAnswer::Failed(why)),
        }
    }

    pub(super) fn ussd(&mut self, now: Instant, request: u64, code: String, reply: Option<Reply>) -> Next {
        let Some(reply) = reply else {
            // The network's words may come before the result.
            self.dialogue = Some(Dialogue { request: Some(request), until: now + ANSWER_WAIT });
            let command = Command::new(format!("AT+CUSD=1,\"{code}\",15"), SECOND * 30);
            return Next::Command(Job::Asked(Asked::Ussd { request, code }), command);
        };
        if let End::Failed(failure) = &reply.end {
            self.dialogue = None;
            let why = format!("{} refused the USSD code: {failure}", self.name());
            self.answer(request, ModemAnswer::Failed(why));
        }
        Next::Done
    }

    /// `+CUSD:` came.
    pub(super) fn handle_said(&mut self, now: Instant, said: &str) {
        let Some((turn, text)) = ussd::parse(said) else { return };
        let Some(dialogue) = self.dialogue.take() else { return };
        let more = turn == Turn::Asks;
        if more {
            self.dialogue = Some(Dialogue { request: None, until: now + MENU_WAIT });
        }
        let Some(request) = dialogue.request else { return };
        let answer = match turn {
            Turn::Done | Turn::Asks => ModemAnswer::Ussd { text, more },
            // Some networks send their text with the end.
            Turn::Ended if !text.is_empty() => ModemAnswer::Ussd { text, more },
            Turn::Ended => ModemAnswer::Failed("the network ended the dialogue without a word".to_owned()),
            Turn::Unknown if !text.is_empty() => ModemAnswer::Ussd { text, more },
            Turn::Unknown => {
                ModemAnswer::Failed(format!("the modem answered with +CUSD: {}, which nobody defined", said.trim()))
            }
            Turn::Elsewhere => ModemAnswer::Failed("another program on this modem answered".to_owned()),
            Turn::Unsupported => ModemAnswer::Failed("the network does not know this code".to_owned()),
            Turn::TimedOut => ModemAnswer::Failed("the network did not answer in time".to_owned()),
        };
        self.answer(request, answer);
    }

    pub(super) fn dialogue_timeout(&mut self, now: Instant) {
        if self.dialogue.as_ref().is_none_or(|dialogue| dialogue.until > now) {
            return;
        }
        let why = format!("the network did not answer within {} seconds", ANSWER_WAIT.as_secs());
        self.end_dialogue(&why);
        self.queue.push(now, Job::Asked(Asked::UssdEnd { request: None }));
    }

    /// Nobody waits any more.
    pub(super) fn end_dialogue(&mut self, why: &str) {
        if let Some(request) = self.dialogue.take().and_then(|dialogue| dialogue.request) {
            self.answer(request, ModemAnswer::Failed(why.to_owned()));
        }
    }

    pub(super) fn answer(&mut self, request: u64, answer: ModemAnswer) {
        self.events.push_back(ModemEvent::Answer { request, answer });
    }
}
