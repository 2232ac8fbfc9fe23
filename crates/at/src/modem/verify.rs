//! Decides whether the modem still is as it was set up: one that rebooted without a word is in text mode as like as not, and
//! would send the digits of a PDU as a text.
//!
//! Asked before a segment, unless something has just proved it, and at each round of the regular questions. `AT+CMGF?;+CNMI?`
//! is one line; where compound commands are refused `AT+CMGF?` goes alone, and where even that is, `AT+CMGF=0` is written.

use std::time::{Duration, Instant};

use super::Modem;
use crate::answers::indications;
use crate::command::{Command, Reply};
use crate::fields;
use crate::profile::Cnmi;

/// Nothing boots within this time, so what was proved so long ago holds.
const HOLDS: Duration = Duration::from_secs(3);
const WAIT: Duration = Duration::from_secs(5);

/// How the modem is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    Both,
    Mode,
    Write,
}

/// What is remembered of it.
#[derive(Debug, Default)]
pub(super) struct Verified {
    /// When it was proved last that the modem is in PDU mode.
    at: Option<Instant>,
    form: Form,
    /// Whether the modem goes on echoing though it was told not to.
    echoes: bool,
    /// What `AT+CNMI?` gave after a set-up though something else was set: so the modem writes it.
    indications: Option<Cnmi>,
    /// Whether the set-up was repeated for its sake.
    repeated: bool,
    /// What `AT+CREG?` says of its own indications.
    announces: Option<u8>,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is in PDU mode.
    Certain,
    /// It is to be asked in another form.
    Again,
    /// It is not as it was set up, and in which way.
    Changed(String),
}

impl Verified {
    /// A set-up is through, or a segment left: it is in PDU mode now.
    pub(super) fn prove(&mut self, now: Instant) {
        self.at = Some(now);
    }

    /// A set-up begins: nothing holds but what the modem is like.
    pub(super) fn forget(&mut self) {
        (self.at, self.announces, self.echoes) = (None, None, false);
    }

    /// Whether a segment may go without a question.
    pub(super) fn holds(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| now.saturating_duration_since(at) <= HOLDS)
    }

    /// An echo during the set-up, after `ATE0`.
    pub(super) fn handle_echo(&mut self) {
        self.echoes = true;
    }

    /// `AT+CREG?` was answered: whether indications were switched off since.
    pub(super) fn announces_less(&mut self, said: &str) -> bool {
        let fields = fields::split(said);
        let setting = fields.first().filter(|_| fields.len() >= 2).and_then(|field| field.parse::<u8>().ok());
        let Some(setting) = setting.filter(|setting| *setting <= 5) else { return false };
        let before = self.announces.replace(setting);
        setting == 0 && before.is_some_and(|before| before > 0)
    }
}

impl Modem {
    pub(super) fn verify_command(&self) -> Command {
        match self.verified.form {
            Form::Both => Command::ask_several("AT+CMGF?;+CNMI?", &["+CMGF:", "+CNMI:"], WAIT),
            Form::Mode => Command::ask("AT+CMGF?", "+CMGF:", WAIT),
            Form::Write => Command::new("AT+CMGF=0", WAIT),
        }
    }

    /// What an answer to [`Modem::verify_command`] says.
    pub(super) fn verify_reply(&mut self, now: Instant, reply: &Reply) -> Verdict {
        let mode = reply.behind("+CMGF:").map(|said| fields::split(said).first().is_some_and(|mode| *mode == "0"));
        if reply.echoed && !self.verified.echoes {
            return Verdict::Changed("it echoes again".to_owned());
        }
        if mode == Some(false) {
            return Verdict::Changed("it is in text mode".to_owned());
        }
        let written = self.verified.form == Form::Write && reply.is_ok();
        if mode.is_none() && !written {
            self.verified.form = match self.verified.form {
                Form::Both => Form::Mode,
                Form::Mode => Form::Write,
                Form::Write => return Verdict::Changed("it refuses PDU mode".to_owned()),
            };
            return Verdict::Again;
        }
        if let Some(why) =
            reply.behind("+CNMI:").and_then(indications::current).and_then(|set| self.other_indications(now, set))
        {
            return Verdict::Changed(why);
        }
        self.verified.prove(now);
        Verdict::Certain
    }

    /// Whether the indications are set otherwise. What stays so after the set-up was repeated is the modem's own way.
    fn other_indications(&mut self, now: Instant, current: Cnmi) -> Option<String> {
        let wanted = self.known.cnmi?;
        if current[..4] == wanted[..4] {
            self.verified.repeated = false;
            return None;
        }
        if self.verified.indications == Some(current) {
            return None;
        }
        // After an acknowledgement that came too late a modem stops indicating (3GPP TS 27.005, 3.4.4), and nothing else changes.
        if self.known.service == 1 && current[0] == wanted[0] && current[1] == 0 && current[3] == 0 {
            self.look_at_indications(now);
            return None;
        }
        if std::mem::replace(&mut self.verified.repeated, true) {
            self.verified.indications = Some(current);
            self.verified.repeated = false;
            return None;
        }
        let shown = current.map(|value| value.to_string()).join(",");
        Some(format!("its indications are set to AT+CNMI={shown}"))
    }

    /// The modem lost its settings without a word.
    pub(super) fn settings_lost(&mut self, now: Instant, what: &str) {
        self.restart_setup(now, &format!("it rebooted without a word ({what})"));
    }
}
