//! Decides how a segment leaves, and what became of it: accepted, refused, certainly not sent, or in doubt.
//!
//! ```text
//!  AT+CMMS=n ─▶ AT+CMGS=<length> ─ prompt ─▶ PDU, Ctrl-Z ─ +CMGS: <TP-MR> ─▶ accepted
//!  (if more)           │                          │
//!                      │ nothing, or an error     ├─ error ─▶ by its class
//!                      ▼                          └─ nothing for 180 s, or the port goes ─▶ in doubt
//!               certainly not sent
//! ```

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::engine::Next;
use super::jobs::Job;
use super::verify::Verdict;
use super::{Modem, Phase};
use crate::SendErrorClass;
use crate::answers::message;
use crate::command::{Command, End, Ends, Reply};
use crate::event::ModemEvent;
use crate::ladder::Evidence;
use crate::outcome::{self, Reached};
use crate::result::Failure;
use postrider_model::{
    CarrierMessageId, ErrorClass, MessageId, PhoneNumber, Submission, SubmitOutcome, SubmitResult, catalog,
};
use postrider_tpdu::{Address, Pdu, Submit, Validity};

const SECOND: Duration = Duration::from_secs(1);
/// `+CMGS:` alone is proof enough; its `OK` is waited for so long.
const OK_WAIT: Duration = Duration::from_secs(5);
/// A result is believed to belong to a send in doubt for so long.
const DOUBT_MAX: Duration = Duration::from_secs(600);
/// Recipients that are remembered to recognise them in reports.
const RECIPIENTS_MAX: usize = 64;
/// The longest rest after sends that failed before they began.
const REST_MAX: Duration = Duration::from_secs(60);
/// SIMs for which the profile's cure was tried.
const CURED_MAX: usize = 16;

/// The reply of a job that was never begun.
pub(super) const NOTHING: End = End::Silent;
/// How far it came.
pub(super) const NOWHERE: Reached = Reached::BeforePdu;

/// One segment on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Send {
    key: Key,
    to: PhoneNumber,
    more: bool,
    /// Octets of the TPDU, as `AT+CMGS` announces them.
    length: usize,
    pdu: String,
    part: Part,
    began: Option<Instant>,
}

/// Which segment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    message: MessageId,
    attempt: u32,
    index: u8,
}

impl Key {
    fn result(self, outcome: SubmitOutcome) -> ModemEvent {
        let Self { message, attempt, index } = self;
        ModemEvent::Submit(SubmitResult { message, attempt, index, outcome })
    }
}

/// Which command of a send is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Whether it is in PDU mode.
    Verify,
    /// `AT+CMMS`, so that the network keeps the connection.
    KeepOpen,
    /// `AT+CMGS`
    Pdu,
    /// `AT+CMMS=0`, after the last.
    Close,
    /// The profile's cure for an unknown error.
    Cure,
}

impl Send {
    /// What its silence is called.
    pub(super) fn silence(&self, reached: Reached) -> &'static str {
        match reached {
            Reached::BeforePdu => "it gave no prompt for a message",
            Reached::Pdu => "it gave no result for a message",
        }
    }
}

/// What is remembered of sends.
#[derive(Debug, Default)]
pub(super) struct Sends {
    /// Whether a segment waits or is under way.
    open: bool,
    rest_until: Option<Instant>,
    /// Sends in a row that failed before they began.
    failures: u32,
    doubt: Option<(Instant, Key, PhoneNumber)>,
    /// The last segments' references and recipients.
    recipients: VecDeque<(u8, PhoneNumber)>,
    time: Option<Duration>,
    cured: BTreeSet<String>,
}

impl Sends {
    /// Whether another segment may come.
    pub(super) fn is_free(&self) -> bool {
        !self.open && self.rest_until.is_none()
    }

    /// The smoothed time of a send.
    pub(super) fn time(&self) -> Option<Duration> {
        self.time
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.rest_until
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.rest_until = self.rest_until.filter(|until| *until > now);
    }

    /// The recipient of the newest segment with that reference whom `address` may name.
    pub(super) fn recipient(&self, reference: u8, address: &Address) -> Option<PhoneNumber> {
        let mut newest = self.recipients.iter().rev();
        newest.find(|(known, to)| *known == reference && address.may_be(to)).map(|(_, to)| to.clone())
    }

    fn rest(&mut self, until: Instant) {
        self.rest_until = Some(self.rest_until.map_or(until, |known| known.max(until)));
    }

    fn remember(&mut self, reference: u8, to: PhoneNumber) {
        if self.recipients.len() == RECIPIENTS_MAX {
            self.recipients.pop_front();
        }
        self.recipients.push_back((reference, to));
    }

    fn measure(&mut self, took: Duration) {
        self.time = Some(self.time.map_or(took, |known| (known * 3 + took) / 4));
    }
}

impl Modem {
    pub(super) fn begin_send(&mut self, now: Instant, submission: &Submission, index: u8, more: bool) {
        let key = Key { message: submission.message, attempt: submission.attempt, index };
        if !self.is_ready() {
            let reason = format!("{} takes no message now", self.name());
            self.events.push_back(key.result(SubmitOutcome::NotSent { reason }));
            return;
        }
        let (length, pdu) = match self.pdu_of(submission, index) {
            Ok(written) => written,
            Err(why) => {
                let reason = format!("a modem cannot carry this message: {why}");
                let refused = SubmitOutcome::Refused { class: ErrorClass::Bug, code: 0, reason, retry_after: None };
                return self.tell_outcome(key, refused);
            }
        };
        let keep_open = more && self.profile.send.more_messages > 0 && !self.known.more_messages;
        let part = match keep_open {
            _ if !self.verified.holds(now) => Part::Verify,
            true => Part::KeepOpen,
            false => Part::Pdu,
        };
        let send = Send { key, to: submission.to.clone(), more, length, pdu, part, began: None };
        self.sends.open = true;
        self.queue.push(now, Job::Send(Box::new(send)));
    }

    /// The TPDU's length and the digits that are written at the prompt.
    fn pdu_of(&self, submission: &Submission, index: u8) -> Result<(usize, String), String> {
        let to = Address::number(&submission.to);
        let segment = Submit::of_segment(&submission.encoded, index.into(), to).map_err(|error| error.to_string())?;
        let period = submission.valid_until.since(self.wall);
        let submit = Submit {
            report_request: self.settings.reports,
            validity: self.profile.send.validity.then(|| Validity::relative_at_least(period)),
            ..segment
        };
        let pdu = Pdu { smsc: None, tpdu: submit.encode().map_err(|error| error.to_string())? };
        Ok((pdu.tpdu_len(), pdu.to_hex()))
    }

    pub(super) fn send(&mut self, now: Instant, mut send: Box<Send>, reply: Option<Reply>) -> Next {
        let Some(reply) = reply else { return self.send_part(now, send) };
        match send.part {
            Part::Verify => self.send_verified(now, send, &reply),
            Part::KeepOpen => {
                // Refused or not: it only saves time.
                self.known.more_messages = true;
                send.part = Part::Pdu;
                self.send_part(now, send)
            }
            Part::Pdu => self.sent(now, send, &reply),
            Part::Close => Next::Done,
            Part::Cure => {
                self.upkeep.check_by(now + SECOND * 5);
                Next::Done
            }
        }
    }

    fn send_part(&mut self, now: Instant, mut send: Box<Send>) -> Next {
        let sending = &self.profile.send;
        let command = match send.part {
            Part::Verify => self.verify_command(),
            Part::KeepOpen => Command::new(format!("AT+CMMS={}", sending.more_messages), SECOND * 5),
            Part::Close => Command::new("AT+CMMS=0", SECOND * 5),
            Part::Cure => Command::new(sending.on_unknown_error.as_deref().unwrap_or("AT"), SECOND * 10),
            Part::Pdu => {
                send.began = Some(now);
                let ask = Command::ask(format!("AT+CMGS={}", send.length), "+CMGS:", sending.prompt_wait);
                let payload = Some((send.pdu.clone(), sending.result_wait));
                Command { payload, ..ask.ends(Ends::Settles(OK_WAIT)) }
            }
        };
        Next::Command(Job::Send(send), command)
    }

    /// Whether the modem is in PDU mode is known.
    fn send_verified(&mut self, now: Instant, mut send: Box<Send>, reply: &Reply) -> Next {
        match self.verify_reply(now, reply) {
            Verdict::Certain => {
                let keep_open = send.more && self.profile.send.more_messages > 0 && !self.known.more_messages;
                send.part = if keep_open { Part::KeepOpen } else { Part::Pdu };
                self.send_part(now, send)
            }
            Verdict::Again => self.send_part(now, send),
            Verdict::Changed(what) => {
                let reason = format!("{} rebooted without a word ({what}); nothing was sent", self.name());
                self.tell_outcome(send.key, SubmitOutcome::NotSent { reason });
                self.settings_lost(now, &what);
                Next::Done
            }
        }
    }

    /// `AT+CMGS` has its result.
    fn sent(&mut self, now: Instant, mut send: Box<Send>, reply: &Reply) -> Next {
        if let Some(said) = reply.behind("+CMGS:").filter(|_| reply.is_ok()) {
            let took = send.began.map(|began| now.saturating_duration_since(began));
            self.sends.measure(took.unwrap_or_default());
            self.verified.prove(now);
            self.accepted(send.key, send.to.clone(), message::reference(said));
            if !send.more && std::mem::take(&mut self.known.more_messages) && self.profile.send.more_messages == 2 {
                send.part = Part::Close;
                return self.send_part(now, send);
            }
            return Next::Done;
        }
        match &reply.end {
            End::Failed(failure) => self.refused(now, send, failure, reply.reached),
            End::Ok | End::Settled | End::Silent => {
                let reason = format!("{} answered OK without a reference", self.name());
                let outcome = match reply.reached {
                    Reached::BeforePdu => SubmitOutcome::NotSent { reason },
                    Reached::Pdu => SubmitOutcome::Unanswered { reason },
                };
                self.tell_outcome(send.key, outcome);
                // The modem is most likely not in PDU mode any more.
                self.restart_setup(now, "it answered a message without a reference");
                Next::Done
            }
        }
    }

    fn accepted(&mut self, key: Key, to: PhoneNumber, reference: Option<u8>) {
        self.ladder.handle_success();
        self.sends.failures = 0;
        let carrier_id = reference.and_then(|reference| self.carrier_id(reference));
        if let Some(reference) = reference {
            self.sends.remember(reference, to);
        }
        self.tell_outcome(key, SubmitOutcome::Accepted { carrier_id });
    }

    /// The id that a report is matched by: the SIM, and the reference that the modem gave.
    pub(super) fn carrier_id(&self, reference: u8) -> Option<CarrierMessageId> {
        let sim = self.known.key().unwrap_or(&self.settings.name);
        CarrierMessageId::new(&format!("{sim}:{reference}"))
    }

    fn refused(&mut self, now: Instant, mut send: Box<Send>, failure: &Failure, reached: Reached) -> Next {
        let maker = self.known.maker(&self.profile.name);
        let advice = outcome::advice(failure, &self.profile, maker);
        let outcome = outcome::outcome(failure, advice, reached, maker);
        let said = outcome::sentence(failure, maker);
        let in_doubt = matches!(outcome, SubmitOutcome::Unanswered { .. });
        let not_sent = matches!(outcome, SubmitOutcome::NotSent { .. });
        self.tell_outcome(send.key, outcome);
        self.sends.failures = if not_sent { self.sends.failures + 1 } else { 0 };
        let rest = SECOND * 2_u32.pow(self.sends.failures.min(6));
        if not_sent {
            self.sends.rest(now + rest.min(REST_MAX));
        }
        let cure = self.profile.send.on_unknown_error.is_some() && in_doubt;
        if cure && self.first_cure() {
            self.sends.rest(now + SECOND * 5);
            send.part = Part::Cure;
            return self.send_part(now, send);
        }
        self.care(now, advice.class, &said);
        Next::Done
    }

    /// Whether the profile's cure was not tried for this SIM yet.
    fn first_cure(&mut self) -> bool {
        let sim = self.known.key().unwrap_or_default().to_owned();
        self.sends.cured.len() < CURED_MAX && self.sends.cured.insert(sim)
    }

    /// What a class asks of us besides the outcome.
    fn care(&mut self, now: Instant, class: SendErrorClass, said: &str) {
        match class {
            SendErrorClass::NetworkBusy => self.sends.rest(now + SECOND * 30),
            SendErrorClass::SimWait => self.sends.rest(now + SECOND * 5),
            SendErrorClass::NoNetwork => self.upkeep.check_by(now),
            SendErrorClass::SimAccount => {
                self.sends.rest(now + outcome::ACCOUNT_WAIT);
                let text = format!("{}: the network refuses what its SIM sends: {said}", self.name());
                let advice =
                    "Check credit and contract of the SIM, and whether it may send messages. It rests for 15 minutes.";
                self.tell_trouble(text, advice, catalog::SIM_REFUSED);
            }
            SendErrorClass::Sim => self.restart_setup(now, said),
            SendErrorClass::Storage => self.sweep_all(now),
            SendErrorClass::Modem | SendErrorClass::Config | SendErrorClass::UnknownOutcome => {
                let why = format!("sends fail: {said}");
                self.climb(now, Evidence::Faulty, &why);
            }
            SendErrorClass::NetworkRetry
            | SendErrorClass::PermanentNumber
            | SendErrorClass::TemporaryNumber
            | SendErrorClass::PermanentMessage
            | SendErrorClass::Duplicate
            | SendErrorClass::Ignore => {}
        }
    }

    /// A send that will have no result any more.
    pub(super) fn drop_send(&mut self, send: &Send, reply: &Reply, why: &str) {
        if matches!(send.part, Part::Close | Part::Cure) {
            return;
        }
        let name = self.name();
        if let Some(said) = reply.behind("+CMGS:") {
            return self.accepted(send.key, send.to.clone(), message::reference(said));
        }
        if send.part == Part::Pdu && reply.reached == Reached::Pdu {
            let reason = format!("{name}: {why}, after the message was handed over");
            self.sends.doubt = send.began.map(|began| (began, send.key, send.to.clone()));
            let text = format!("{reason}: nobody knows whether it went out");
            let advice = "It waits for a report or a person, or is sent again, as its class says.";
            self.tell_trouble(text, advice, catalog::SEND_IN_DOUBT);
            return self.tell_outcome(send.key, SubmitOutcome::Unanswered { reason });
        }
        self.tell_outcome(send.key, SubmitOutcome::NotSent { reason: format!("{name}: {why}; nothing was sent") });
    }

    /// A `+CMGS` that nobody waits for: the result of the send in doubt, if there is one.
    pub(super) fn handle_late_result(&mut self, now: Instant, said: &str) {
        // It belongs to a dialogue that broke off, whose `OK` ends another command: what the set-up read is not to be trusted.
        self.setup.stale |= self.phase == Phase::Starting;
        if let Some((began, key, to)) = self.sends.doubt.take()
            && now.saturating_duration_since(began) < DOUBT_MAX
            && let Some(reference) = message::reference(said)
        {
            let open = self.sends.open;
            self.accepted(key, to, Some(reference));
            // Another segment may be under way by now.
            self.sends.open = open;
        }
    }

    fn tell_outcome(&mut self, key: Key, outcome: SubmitOutcome) {
        match &outcome {
            SubmitOutcome::Accepted { .. } => self.counters.sent += 1,
            SubmitOutcome::Refused { .. } => self.counters.refused += 1,
            SubmitOutcome::Unanswered { .. } => self.counters.unanswered += 1,
            SubmitOutcome::NotSent { .. } => {}
        }
        self.sends.open = false;
        self.events.push_back(key.result(outcome));
    }
}
