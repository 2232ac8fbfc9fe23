//! Sends: `AT+CMGS`, what the network makes of the PDU, and everything that may go wrong between the two.

use std::time::Instant;

use super::air::{self, BadPdu, Submitted};
use super::command::Command;
use super::faults::Fault;
use super::machine::{Job, SimModem};
use super::read::{Done, Prompt, Purpose};
use super::reply::{End, Reply};

/// What becomes of a PDU that was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Sent,
    SentUnanswered,
    SentYetError(u16),
    SentThenReboot,
    NoFinal,
    Lost,
    Refused(u16),
    Reboot,
}

impl SimModem {
    /// `AT+CMGS=<length>`.
    pub(super) fn begin_send(&mut self, now: Instant, command: &Command) -> Done {
        let Some(length) = command.number(0).filter(|length| (7..=175).contains(length)) else {
            return End::Cms(304).into();
        };
        if self.session.text_mode {
            return End::Cms(304).into();
        }
        if let Some(error) = self.lock.error() {
            // 310 no SIM, 311 PIN, 316 PUK.
            let code = [310, 311, 316].get(usize::from(error - 10)).copied().unwrap_or(500);
            return End::Cms(code).into();
        }
        if self.session.sms_at > now {
            return End::Words(self.settings.persona.not_ready).into();
        }
        let refused = |fault| if let Fault::RefusePrompt(code) = fault { Some(code) } else { None };
        if let Some(code) = self.settings.faults.find(&mut self.random, refused) {
            self.ledger.counts.refused += 1;
            return End::Cms(code).into();
        }
        Done::Prompt(Prompt { purpose: Purpose::Send, length })
    }

    /// The PDU is there.
    pub(super) fn send(&mut self, now: Instant, length: usize, text: &[u8]) {
        let (result_at, taken_at) = (now + self.settings.part_time, now + self.settings.part_time / 2);
        self.session.busy = true;
        let read = read_pdu(text, length);
        let Ok((content, tpdu)) = read else {
            self.refuse(now + self.settings.latency, 304);
            return;
        };
        if !self.is_reachable(now) {
            self.refuse(now + self.settings.latency, 331);
            return;
        }
        let fate = self.fate(&content.recipient);
        match fate {
            Fate::Refused(code) => return self.refuse(result_at, code),
            Fate::Lost => return self.plan(result_at, Job::Release),
            Fate::Reboot => return self.plan(taken_at, Job::Reboot),
            Fate::Sent | Fate::SentUnanswered | Fate::SentYetError(_) | Fate::SentThenReboot | Fate::NoFinal => {}
        }
        let Self { settings, random, .. } = self;
        let slow = settings.faults.hits(Fault::Slow, random);
        let result_at = if slow { result_at + settings.faults.slow_by } else { result_at };
        let reference = self.reference;
        self.reference = reference.wrapping_add(1);
        self.plan(taken_at, Job::Take { reference, content: Box::new(content), tpdu, reported_at: result_at });
        let line = format!("+CMGS: {reference}");
        let job = match fate {
            Fate::SentUnanswered => Job::Release,
            Fate::SentYetError(code) => Job::Answer(End::Cms(code).into()),
            Fate::SentThenReboot => Job::Reboot,
            Fate::NoFinal => Job::Answer(Reply { lines: vec![line], end: End::Nothing }),
            Fate::Sent | Fate::Lost | Fate::Refused(_) | Fate::Reboot => Job::Answer(Reply::line(line)),
        };
        self.plan(result_at, job);
    }

    fn refuse(&mut self, at: Instant, code: u16) {
        self.ledger.counts.refused += 1;
        self.plan(at, Job::Answer(End::Cms(code).into()));
    }

    fn fate(&mut self, recipient: &str) -> Fate {
        let refused = &self.settings.network.refused;
        if let Some((_, code)) = refused.iter().find(|(start, _)| recipient.starts_with(start.trim_start_matches('+')))
        {
            return Fate::Refused(*code);
        }
        let fate = |fault| match fault {
            Fault::AnswerLost => Some(Fate::SentUnanswered),
            Fault::SendLost => Some(Fate::Lost),
            Fault::Refuse(code) => Some(Fate::Refused(code)),
            Fault::SentYetError(code) => Some(Fate::SentYetError(code)),
            Fault::NoFinal => Some(Fate::NoFinal),
            Fault::RebootAfterSend => Some(Fate::SentThenReboot),
            Fault::RebootBeforeSend => Some(Fate::Reboot),
            Fault::NoPrompt
            | Fault::RefusePrompt(_)
            | Fault::Silent
            | Fault::Slow
            | Fault::Reboot
            | Fault::SilentReboot
            | Fault::Hang
            | Fault::Garbage
            | Fault::Indication
            | Fault::ReportLost
            | Fault::ReportDoubled
            | Fault::ReportLate
            | Fault::ReportEarly
            | Fault::ReportMisplaced
            | Fault::ReportNational => None,
        };
        self.settings.faults.find(&mut self.random, fate).unwrap_or(Fate::Sent)
    }

    /// `AT+CNMA` in its forms.
    pub(super) fn begin_acknowledgement(&mut self, now: Instant, command: &Command) -> Done {
        use super::persona::AcknowledgeForm::{Any, Bare, One};
        let (kind, length) = (command.number(0), command.number(1));
        let fits = match self.settings.persona.acknowledge {
            Any => true,
            Bare => kind.is_none_or(|kind| kind == 0) && length.is_none(),
            One => kind == Some(1) && length.is_none(),
        };
        if !fits || self.session.service == 0 {
            return End::Cms(302).into();
        }
        if self.network.outstanding.is_none() {
            return End::Cms(340).into();
        }
        if let Some(length) = length {
            return Done::Prompt(Prompt { purpose: Purpose::Acknowledge, length });
        }
        self.acknowledge(now, kind != Some(2));
        Reply::ok().into()
    }

    pub(super) fn acknowledge_with(&mut self, now: Instant, text: &[u8]) {
        self.session.busy = true;
        let good = air::from_hex(text).is_some_and(|pdu| pdu.starts_with(&[0]));
        let acknowledged = good && self.acknowledge(now, true);
        let end = if acknowledged { End::Ok } else { End::Cms(304) };
        self.plan(now + self.settings.latency, Job::Answer(end.into()));
    }
}

/// The SUBMIT in the text behind the prompt, and its TPDU.
fn read_pdu(text: &[u8], length: usize) -> Result<(Submitted, Vec<u8>), BadPdu> {
    let pdu = air::from_hex(text).ok_or(BadPdu)?;
    let (_, tpdu) = air::split_service_centre(&pdu)?;
    if tpdu.len() != length {
        return Err(BadPdu);
    }
    Ok((air::read_submit(tpdu)?, tpdu.to_vec()))
}
