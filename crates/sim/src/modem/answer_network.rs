//! What is answered about the network: registration, operator, signal, radio, and USSD.

use std::time::{Duration, Instant};

use super::air;
use super::command::{Command, Form};
use super::machine::{Job, SimModem};
use super::persona::{RegistrationForm, UssdText};
use super::read::Done;
use super::reply::{End, Reply};
use postrider_model::{Alphabet, Body, Indication};
use postrider_text::{self as text, TextProfile, septets};

/// From a USSD code to the network's answer.
const USSD_WAIT: Duration = Duration::from_secs(2);
/// The registrations that a modem tells of, in the order of the session's fields.
const REGISTRATIONS: [&str; 3] = ["+CREG", "+CGREG", "+CEREG"];

impl SimModem {
    pub(super) fn answer_network(&mut self, now: Instant, command: &Command) -> Done {
        match (command.name.as_str(), &command.form) {
            ("+CREG" | "+CGREG" | "+CEREG", _) => self.answer_registration(command).into(),
            ("+COPS", Form::Read) => Reply::line(self.operator()).into(),
            ("+COPS", Form::Set(_)) => {
                if command.number(0) == Some(3) {
                    self.session.operator_format = command.number(1).map_or(0, |format| format.to_le_bytes()[0]);
                }
                Reply::ok().into()
            }
            ("+CSQ", Form::Run) => Reply::line(format!("+CSQ: {},99", self.rssi())).into(),
            ("+CESQ", Form::Run) if self.settings.persona.extended_signal => {
                let level = if self.rssi() == 99 { 255 } else { u16::from(self.rssi()) * 2 + 28 };
                Reply::line(format!("+CESQ: 99,99,255,255,20,{level}")).into()
            }
            ("+CFUN", Form::Read) => Reply::line(format!("+CFUN: {}", self.session.function)).into(),
            ("+CFUN", Form::Set(_)) => self.set_function(now, command).into(),
            ("+CUSD", Form::Set(_)) => self.begin_ussd(now, command).into(),
            ("+CUSD", Form::Read) => Reply::line("+CUSD: 1").into(),
            ("+CGSMS", _) => Reply::ok().into(),
            _ => End::Error.into(),
        }
    }

    fn is_registered(&self) -> bool {
        self.session.registered
            && self.session.function == 1
            && !self.settings.faults.denied
            && self.lock.error().is_none()
    }

    fn rssi(&self) -> u8 {
        if self.session.function == 1 { self.settings.network.rssi } else { 99 }
    }

    fn registration_state(&self) -> u8 {
        match (self.is_registered(), self.settings.faults.denied) {
            (true, _) if self.settings.network.roaming => 5,
            (true, _) => 1,
            (false, true) => 3,
            (false, false) if self.session.function == 1 => 2,
            (false, false) => 0,
        }
    }

    fn answer_registration(&mut self, command: &Command) -> Reply {
        let place = REGISTRATIONS.iter().position(|name| *name == command.name).unwrap_or(0);
        match command.form {
            Form::Set(_) => match command.number(0).and_then(|notice| u8::try_from(notice).ok()) {
                Some(notice @ 0..=2) => {
                    self.session.registration_notice[place] = notice;
                    Reply::ok()
                }
                _ => End::Error.into(),
            },
            Form::Read => {
                let notice = self.session.registration_notice[place];
                Reply::line(format!("{}: {notice},{}", command.name, self.registration(notice)))
            }
            Form::Test => Reply::line(format!("{}: (0-2)", command.name)),
            Form::Run => End::Error.into(),
        }
    }

    /// The state, and the cell where it is wanted and known.
    fn registration(&self, notice: u8) -> String {
        let state = self.registration_state();
        let technology = self.settings.network.technology;
        match self.settings.persona.registration {
            _ if notice < 2 || !self.is_registered() => state.to_string(),
            RegistrationForm::Quoted => format!("{state},\"1F00\",\"79D903\",{technology}"),
            RegistrationForm::Bare => format!("{state},4CA,81DE445"),
            RegistrationForm::Short => state.to_string(),
        }
    }

    /// Tells of a changed registration those who asked for it.
    pub(super) fn tell_registration(&mut self) {
        for (place, name) in REGISTRATIONS.iter().enumerate() {
            let notice = self.session.registration_notice[place];
            if notice > 0 {
                let line = format!("{name}: {}", self.registration(notice));
                self.indicate(&line);
            }
        }
    }

    fn operator(&self) -> String {
        if !self.is_registered() {
            return "+COPS: 0".to_owned();
        }
        let network = &self.settings.network;
        let format = self.session.operator_format;
        let name = if format == 2 { &network.code } else { &network.operator };
        match self.settings.persona.registration {
            RegistrationForm::Short => format!("+COPS: 0,{format},\"{name}\""),
            RegistrationForm::Quoted | RegistrationForm::Bare => {
                format!("+COPS: 0,{format},\"{name}\",{}", network.technology)
            }
        }
    }

    fn set_function(&mut self, now: Instant, command: &Command) -> Reply {
        let Some(function) = command.number(0).and_then(|value| u8::try_from(value).ok()) else {
            return End::Error.into();
        };
        // A reset that is not this maker's.
        if command.number(1) == Some(1) || !matches!(function, 0 | 1 | 4) {
            return End::Words(self.settings.persona.unknown).into();
        }
        if function != self.session.function {
            self.session.function = function;
            self.session.registered = false;
            if function == 1 {
                self.plan(now + self.settings.registers_after, Job::Register);
            }
            self.tell_registration();
        }
        Reply::ok()
    }

    fn begin_ussd(&mut self, now: Instant, command: &Command) -> Reply {
        if command.number(0) == Some(2) {
            self.session.menu.clear();
            return Reply::ok();
        }
        let Some(written) = command.values().get(1) else { return Reply::ok() };
        if !self.is_registered() {
            return End::Cme(30).into();
        }
        let code = self.read_ussd(written);
        let choice = self.session.menu.iter().find(|(choice, _)| *choice == code).map(|(_, text)| text.clone());
        self.session.menu.clear();
        let entry = self.settings.network.ussd.iter().find(|entry| entry.code == code);
        let line = match (choice, entry) {
            (Some(text), _) => self.write_ussd(0, &text),
            (None, Some(entry)) => {
                let line = self.write_ussd(u8::from(!entry.choices.is_empty()), &entry.text);
                self.session.menu = entry.choices.clone();
                line
            }
            (None, None) => "+CUSD: 4".to_owned(),
        };
        self.plan(now + USSD_WAIT, Job::Say(line));
        Reply::ok()
    }

    /// The code as the gateway wrote it.
    fn read_ussd(&self, written: &str) -> String {
        if self.settings.persona.ussd != UssdText::Packed {
            return written.to_owned();
        }
        let octets = air::from_hex(written.as_bytes()).unwrap_or_default();
        let text = text::decode(Alphabet::Gsm7, &septets::unpack(&octets, 0, octets.len() * 8 / 7), &[]);
        // Seven bits that are left over read as `@`, or as the carriage return that fills them.
        text.trim_end_matches(['@', '\r']).to_owned()
    }

    fn write_ussd(&self, more: u8, text: &str) -> String {
        let encode = |alphabet| {
            let profile = TextProfile { alphabets: vec![alphabet], ..TextProfile::default() };
            text::encode(&Body::Text(text.to_owned()), &Indication::default(), &profile, Some(true))
                .map(|encoding| encoding.encoded.segments.concat())
                .unwrap_or_default()
        };
        match self.settings.persona.ussd {
            UssdText::Plain => format!("+CUSD: {more},\"{text}\",15"),
            UssdText::Packed => {
                format!("+CUSD: {more},\"{}\",15", air::hex(&septets::pack(&encode(Alphabet::Gsm7), 0)))
            }
            UssdText::Ucs2 => format!("+CUSD: {more},\"{}\",72", air::hex(&encode(Alphabet::Ucs2))),
        }
    }
}
