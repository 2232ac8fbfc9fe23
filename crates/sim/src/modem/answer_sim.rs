//! What is answered about the SIM: its lock, its numbers.

use std::time::Instant;

use super::command::{Command, Form};
use super::machine::SimModem;
use super::read::Done;
use super::reply::{End, Reply};
use super::session::LockState;

impl SimModem {
    pub(super) fn answer_sim(&mut self, now: Instant, command: &Command) -> Done {
        if self.session.sim_at > now && self.lock.state != LockState::Absent {
            return End::Cme(self.settings.persona.sim_busy).into();
        }
        match (command.name.as_str(), &command.form) {
            ("+CPIN", Form::Read) => self.answer_lock().into(),
            ("+CPIN", Form::Set(_)) => self.enter_pin(now, command).into(),
            ("+CPIN", Form::Test) => Reply::ok().into(),
            _ => match self.lock.error() {
                Some(code) => End::Cme(code).into(),
                None => self.answer_open_sim(command).into(),
            },
        }
    }

    fn answer_open_sim(&self, command: &Command) -> Reply {
        let Some(sim) = &self.settings.sim else { return End::Cme(10).into() };
        match (command.name.as_str(), &command.form) {
            ("+CIMI", Form::Run) => Reply::line(sim.imsi.clone()),
            ("+CNUM", Form::Run) if sim.shows_number => Reply::line(format!("+CNUM: \"\",\"{}\",145", sim.number)),
            ("+CNUM", Form::Run) => Reply::ok(),
            ("+CLCK", Form::Set(_)) => Reply::line(format!("+CLCK: {}", u8::from(sim.pin.is_some()))),
            // EF-ICCID (3GPP TS 31.102, 4.2.1): ten octets with swapped digits.
            ("+CRSM", Form::Set(values)) if values.get(1).is_some_and(|file| file == "12258") => {
                Reply::line(format!("+CRSM: 144,0,\"{}\"", swapped(&sim.iccid)))
            }
            _ => End::Error.into(),
        }
    }

    /// The state in the words of `AT+CPIN?`.
    pub(super) const fn lock_words(&self) -> &'static str {
        match self.lock.state {
            LockState::Absent => "NO SIM",
            LockState::Open => "READY",
            LockState::Pin => "SIM PIN",
            LockState::Puk => "SIM PUK",
        }
    }

    fn answer_lock(&self) -> Reply {
        if self.lock.state == LockState::Absent {
            return End::Cme(10).into();
        }
        let end = if self.settings.persona.pin_without_ok { End::Nothing } else { End::Ok };
        Reply { lines: vec![format!("+CPIN: {}", self.lock_words())], end }
    }

    fn enter_pin(&mut self, now: Instant, command: &Command) -> Reply {
        if self.lock.state != LockState::Pin {
            return End::Cme(self.lock.error().unwrap_or(3)).into();
        }
        let pin = self.settings.sim.as_ref().and_then(|sim| sim.pin.as_deref());
        let right = pin == command.values().first().map(String::as_str);
        if !self.lock.enter(right) {
            return End::Cme(16).into();
        }
        // The SIM is read anew before messages work.
        self.session.sim_at = now + self.settings.persona.sim_after;
        self.offer(now);
        Reply::ok()
    }
}

/// Digits in swapped pairs, filled up with F.
fn swapped(digits: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    digits.chunks(2).flat_map(|pair| [pair.get(1).copied().unwrap_or('F'), pair[0]]).collect()
}
