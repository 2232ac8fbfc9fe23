//! Which command gets which answer.

use std::time::{Duration, Instant};

use super::command::{Command, Form};
use super::machine::{Job, SimModem};
use super::read::Done;
use super::reply::{End, Reply};

impl SimModem {
    /// Does one command.
    pub(super) fn run_command(&mut self, now: Instant, command: &Command) -> Done {
        if self.settings.persona.resets.contains(&command.text.as_str()) {
            self.plan(now + self.settings.latency + Duration::from_millis(100), Job::Reboot);
            return Reply::ok().into();
        }
        if self.settings.persona.noise_stops == Some(command.text.as_str()) {
            self.forget(|job| matches!(job, Job::Noise));
        }
        if let Some(done) = self.answer_canned(command) {
            return done;
        }
        match command.name.as_str() {
            "E" | "V" | "Q" | "Z" | "&F" | "&D" | "&C" | "&W" | "X" | "S" | "H" | "\\Q" | "I" => {
                self.answer_basic(command)
            }
            "+CMEE" | "+CGMI" | "+GMI" | "+CGMM" | "+GMM" | "+CGMR" | "+GMR" | "+CGSN" | "+GSN" | "+CCLK" | "+CLAC"
            | "+IPR" | "+IFC" | "+CSCS" | "+CTZU" | "+CHUP" => self.answer_identity(now, command).into(),
            "+CPIN" | "+CIMI" | "+CNUM" | "+CRSM" | "+CLCK" => self.answer_sim(now, command),
            "+CFUN" | "+CREG" | "+CGREG" | "+CEREG" | "+COPS" | "+CSQ" | "+CESQ" | "+CUSD" | "+CGSMS" => {
                self.answer_network(now, command)
            }
            "+CMGF" | "+CSMS" | "+CPMS" | "+CNMI" | "+CSCA" | "+CMMS" | "+CMGL" | "+CMGR" | "+CMGD" => {
                self.answer_message(now, command)
            }
            "+CMGS" => match command.form {
                Form::Set(_) => self.begin_send(now, command),
                Form::Test => Reply::ok().into(),
                Form::Run | Form::Read => End::Error.into(),
            },
            "+CNMA" => self.begin_acknowledgement(now, command),
            _ => self.answer_rest(command),
        }
    }

    /// The maker's own commands with a fixed answer.
    fn answer_canned(&self, command: &Command) -> Option<Done> {
        let canned = self.settings.persona.canned;
        let (_, lines) = canned.iter().find(|(text, _)| *text == command.text)?;
        if let [single] = lines
            && (single.starts_with("ERROR") || single.starts_with("+CM"))
        {
            return Some(End::Words(single).into());
        }
        Some(Done::Reply(Reply { lines: lines.iter().map(|line| (*line).to_owned()).collect(), end: End::Ok }))
    }

    fn answer_rest(&self, command: &Command) -> Done {
        let persona = &self.settings.persona;
        if let Some((_, before, behind)) = persona.iccid.iter().find(|(text, ..)| *text == command.text) {
            return match (&self.settings.sim, self.lock.error()) {
                (Some(sim), None) => Reply::line(format!("{before}{}{behind}", sim.iccid)).into(),
                (_, error) => End::Cme(error.unwrap_or(10)).into(),
            };
        }
        if let Some((text, lines)) = persona.pin_counter
            && text == command.text
        {
            let (pin, puk) = (self.lock.pin_tries.to_string(), self.lock.puk_tries.to_string());
            let fill =
                |line: &&str| line.replace("{pin}", &pin).replace("{puk}", &puk).replace("{state}", self.lock_words());
            return Reply { lines: lines.iter().map(fill).collect(), end: End::Ok }.into();
        }
        End::Words(persona.unknown).into()
    }

    fn answer_basic(&mut self, command: &Command) -> Done {
        let on = command.number(0).unwrap_or(0) != 0;
        match command.name.as_str() {
            "E" => self.session.echo = on,
            "V" => self.session.verbose = on,
            "I" => {
                let persona = &self.settings.persona;
                let lines =
                    vec![persona.maker.to_owned(), persona.model.to_owned(), format!("Revision: {}", persona.firmware)];
                return Reply { lines, end: End::Ok }.into();
            }
            "Z" | "&F" => {
                self.session.echo = true;
                self.session.errors = 0;
                self.session.indications = [0; 5];
            }
            _ => {}
        }
        Reply::ok().into()
    }

    fn answer_identity(&mut self, now: Instant, command: &Command) -> Reply {
        let persona = &self.settings.persona;
        let said = |text: &str| {
            let prefix = if persona.prefixed_identity { format!("{}: ", command.name) } else { String::new() };
            Reply::line(format!("{prefix}{text}"))
        };
        match (command.name.as_str(), &command.form) {
            ("+CGMI" | "+GMI", Form::Run) => Reply::line(persona.maker),
            ("+CGMM" | "+GMM", Form::Run) => Reply::line(persona.model),
            ("+CGMR" | "+GMR", Form::Run) => said(persona.firmware),
            ("+CGSN" | "+GSN", Form::Run) => Reply::line(self.settings.imei.clone()),
            ("+CGSN", Form::Set(_)) => Reply::line(format!("+CGSN: \"{}\"", self.settings.imei)),
            ("+CMEE", Form::Set(_)) => match command.number(0).and_then(|value| u8::try_from(value).ok()) {
                Some(value @ 0..=2) => {
                    self.session.errors = value;
                    Reply::ok()
                }
                _ => End::Error.into(),
            },
            ("+CMEE", Form::Read) => Reply::line(format!("+CMEE: {}", self.session.errors)),
            ("+CCLK", Form::Read) => Reply::line(self.clock(now)),
            ("+CSCS", Form::Read) => Reply::line("+CSCS: \"IRA\""),
            ("+CLAC", Form::Run) => Reply { lines: vec!["+CMGS".to_owned(), "+CMGL".to_owned()], end: End::Ok },
            ("+IPR" | "+IFC" | "+CSCS" | "+CTZU" | "+CHUP", _) => Reply::ok(),
            _ => End::Error.into(),
        }
    }

    /// `+CCLK: "26/11/22,09:00:00+36"`.
    fn clock(&self, now: Instant) -> String {
        let zone = self.settings.network.zone;
        let shift = i64::from(zone) * 900_000;
        let local = postrider_model::Timestamp::from_millis(self.wall(now).as_millis().saturating_add(shift));
        let text = local.to_jiff().strftime("%y/%m/%d,%H:%M:%S").to_string();
        format!("+CCLK: \"{text}{zone:+03}\"")
    }
}
