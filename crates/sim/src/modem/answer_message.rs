//! What is answered about messages besides sending them: formats, stores, indications, the service centre.

use std::time::Instant;

use super::air;
use super::command::{Command, Form};
use super::machine::SimModem;
use super::read::Done;
use super::reply::{End, Reply};

impl SimModem {
    pub(super) fn answer_message(&mut self, now: Instant, command: &Command) -> Done {
        if let Some(code) = self.lock.error() {
            return End::Cme(code).into();
        }
        if self.session.sms_at > now {
            return End::Words(self.settings.persona.not_ready).into();
        }
        let reply = match command.name.as_str() {
            "+CMGF" => self.answer_format(command),
            "+CSMS" => self.answer_service(command),
            "+CPMS" => self.answer_memories(command),
            "+CNMI" => self.answer_indications(now, command),
            "+CSCA" => self.answer_service_centre(command),
            "+CMMS" if self.settings.persona.more_messages => match command.form {
                Form::Test => Reply::line("+CMMS: (0-2)"),
                Form::Read => Reply::line(format!("+CMMS: {}", self.session.more_messages)),
                Form::Set(_) => {
                    self.session.more_messages = command.number(0).map_or(0, |value| value.to_le_bytes()[0]);
                    Reply::ok()
                }
                Form::Run => End::Error.into(),
            },
            "+CMGL" => self.list(command),
            "+CMGR" => self.read_slot(command),
            "+CMGD" => self.delete(now, command),
            _ => End::Words(self.settings.persona.unknown).into(),
        };
        reply.into()
    }

    fn answer_format(&mut self, command: &Command) -> Reply {
        match (&command.form, command.number(0)) {
            (Form::Set(_), Some(value @ 0..=1)) => {
                self.session.text_mode = value == 1;
                Reply::ok()
            }
            (Form::Read, _) => Reply::line(format!("+CMGF: {}", u8::from(self.session.text_mode))),
            (Form::Test, _) => Reply::line("+CMGF: (0,1)"),
            _ => End::Error.into(),
        }
    }

    fn answer_service(&mut self, command: &Command) -> Reply {
        let persona = &self.settings.persona;
        match (&command.form, command.number(0).and_then(|value| u8::try_from(value).ok())) {
            (Form::Set(_), Some(service)) if persona.services.contains(&service) => {
                self.session.service = service;
                Reply::line("+CSMS: 1,1,1")
            }
            (Form::Set(_), _) => End::Words(persona.refusal).into(),
            (Form::Read, _) => Reply::line(format!("+CSMS: {},1,1,1", self.session.service)),
            (Form::Test, _) => Reply::line(format!("+CSMS: {}", persona.services_test)),
            (Form::Run, _) => End::Error.into(),
        }
    }

    fn answer_memories(&mut self, command: &Command) -> Reply {
        let persona = &self.settings.persona;
        match &command.form {
            Form::Test => return Reply::line(format!("+CPMS: {}", persona.memories_test)),
            Form::Read => {
                let fill = |name: &String| {
                    let (used, total) = self.memories.fill(name);
                    format!("\"{name}\",{used},{total}")
                };
                let all: Vec<String> = self.session.memories.iter().take(persona.memory_groups).map(fill).collect();
                return Reply::line(format!("+CPMS: {}", all.join(",")));
            }
            Form::Run => return End::Error.into(),
            Form::Set(_) => {}
        }
        let names = command.values();
        let receiving = names.get(2).is_none_or(|name| persona.memories_receiving.contains(&name.as_str()));
        let known = names.iter().all(|name| self.memories.has(name));
        if names.is_empty() || names.len() > persona.memory_groups || !known || !receiving {
            return End::Words(persona.refusal).into();
        }
        for (chosen, name) in self.session.memories.iter_mut().zip(names) {
            chosen.clone_from(name);
        }
        // With two groups, received messages go where written ones do.
        if persona.memory_groups == 2
            && let Some(name) = names.get(1)
        {
            self.session.memories[2].clone_from(name);
        }
        let fill = |name: &String| {
            let (used, total) = self.memories.fill(name);
            format!("{used},{total}")
        };
        let all: Vec<String> = self.session.memories.iter().take(persona.memory_groups).map(fill).collect();
        Reply::line(format!("+CPMS: {}", all.join(",")))
    }

    fn answer_indications(&mut self, now: Instant, command: &Command) -> Reply {
        let persona = &self.settings.persona;
        match &command.form {
            Form::Test => return Reply::line(format!("+CNMI: {}", persona.indications_test)),
            Form::Read => {
                let all = self.session.indications.map(|value| value.to_string());
                return Reply::line(format!("+CNMI: {}", all.join(",")));
            }
            Form::Run => return End::Error.into(),
            Form::Set(_) => {}
        }
        let mut wanted = self.session.indications;
        for (place, field) in wanted.iter_mut().enumerate() {
            if let Some(value) = command.number(place).and_then(|value| u8::try_from(value).ok()) {
                *field = value;
            } else if command.values().get(place).is_some_and(|value| !value.is_empty()) {
                return End::Words(persona.refusal).into();
            }
        }
        let in_range = persona.indications.iter().zip(wanted).all(|(range, value)| range.contains(&value));
        if !in_range || persona.refuses_direct_reports && wanted[3] == 1 {
            return End::Words(persona.refusal).into();
        }
        self.session.indications = wanted;
        self.offer(now);
        Reply::ok()
    }

    fn answer_service_centre(&mut self, command: &Command) -> Reply {
        let Some(sim) = &mut self.settings.sim else { return End::Cms(310).into() };
        match &command.form {
            Form::Read => {
                let kind = if sim.smsc.starts_with('+') { 145 } else { 129 };
                Reply::line(format!("+CSCA: \"{}\",{kind}", sim.smsc))
            }
            Form::Set(values) if values.first().is_some_and(|number| number.len() <= 21) => {
                sim.smsc = values.first().cloned().unwrap_or_default();
                Reply::ok()
            }
            Form::Set(_) | Form::Test | Form::Run => End::Error.into(),
        }
    }

    /// `AT+CMGL`: 0 unread, 1 read, 4 all; there are no messages of our own.
    fn list(&mut self, command: &Command) -> Reply {
        let wanted = command.number(0).unwrap_or(0);
        if wanted > 4 {
            return End::Cms(305).into();
        }
        let name = self.session.memories[0].clone();
        let mut lines = Vec::new();
        for (slot, stored) in self.memories.slots(&name) {
            let state = usize::from(stored.read);
            if wanted == 4 || wanted == state {
                lines.push(format!("+CMGL: {slot},{state},,{}", stored.length));
                lines.push(air::hex(&stored.pdu));
                stored.read = true;
            }
        }
        Reply { lines, end: End::Ok }
    }

    fn read_slot(&mut self, command: &Command) -> Reply {
        let empty = if self.settings.persona.empty_slot_fails { End::Cms(321) } else { End::Ok };
        let name = self.session.memories[0].clone();
        let slot = command.number(0).and_then(|slot| u16::try_from(slot).ok());
        let found = self.memories.slots(&name).find(|(known, _)| Some(*known) == slot);
        let Some((_, stored)) = found else { return empty.into() };
        let state = u8::from(std::mem::replace(&mut stored.read, true));
        let lines = vec![format!("+CMGR: {state},,{}", stored.length), air::hex(&stored.pdu)];
        Reply { lines, end: End::Ok }
    }

    fn delete(&mut self, now: Instant, command: &Command) -> Reply {
        let name = self.session.memories[0].clone();
        let fails = self.settings.persona.empty_slot_fails;
        if command.form == Form::Test {
            let slots: Vec<String> = self.memories.slots(&name).map(|(slot, _)| slot.to_string()).collect();
            return Reply::line(format!("+CMGD: ({}),(0-4)", slots.join(",")));
        }
        let Some(slot) = command.number(0).and_then(|slot| u16::try_from(slot).ok()) else {
            return End::Cms(305).into();
        };
        let found = match command.number(1).unwrap_or(0) {
            0 => self.memories.delete(&name, slot),
            flag => {
                self.memories.delete_all(&name, flag == 4);
                true
            }
        };
        self.offer_again(now);
        if found || !fails { Reply::ok() } else { End::Cms(321).into() }
    }
}
