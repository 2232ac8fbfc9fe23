//! Power: what a reboot and a pull of the stick take with them, and what comes after.

use std::time::{Duration, Instant};

use super::machine::{Job, PortChange, SimModem};
use super::session::Session;

impl SimModem {
    /// The stick is pulled out: its power is gone, and with it all that it was doing.
    pub fn handle_unplugged(&mut self) {
        self.power_off();
        // A reboot that was under way does not end without power.
        self.schedule.retain(|_, job| !matches!(job, Job::PowerUp));
        self.ports.clear();
    }

    /// The stick is plugged in again, and starts cold.
    pub fn handle_plugged(&mut self, now: Instant) {
        self.ports.clear();
        self.power_up(now);
        self.turn(now);
    }

    /// Lines and states after power-up.
    pub(super) fn plan_boot(&mut self, now: Instant, cold: bool) {
        if cold {
            for (after, line) in self.settings.persona.boot {
                self.plan(now + *after, Job::Say((*line).to_owned()));
            }
            self.plan(now + self.settings.registers_after, Job::Register);
        }
        if !self.settings.persona.noise_every.is_zero() {
            self.plan(now + self.settings.persona.noise_every, Job::Noise);
        }
    }

    pub(super) fn power_off(&mut self) {
        self.session.powered = false;
        self.session.busy = false;
        self.input.clear();
        self.line.clear();
        self.out.clear();
        self.indications.clear();
        self.schedule.retain(|_, job| job.is_network());
        // What waited for an acknowledgement will come again.
        if let Some((_, item)) = self.network.outstanding.take() {
            self.network.waiting.push_front(item);
        }
    }

    /// Reboots by command or by fault.
    pub(super) fn reboot(&mut self, now: Instant) {
        self.power_off();
        let gone = self.settings.persona.port_gone;
        if !gone.is_zero() {
            self.ports.push_back(PortChange::Gone);
        }
        self.plan(now + gone.max(Duration::from_millis(500)), Job::PowerUp);
    }

    /// Reboots so fast and so quietly that nobody sees it; the network noticed nothing either.
    pub(super) fn reboot_silently(&mut self, now: Instant) {
        self.power_off();
        self.ledger.counts.reboots += 1;
        let function = self.session.function;
        self.session = Session { text_mode: true, function, ..Session::new(now, &self.settings, false) };
        self.plan_boot(now, false);
    }

    pub(super) fn power_up(&mut self, now: Instant) {
        self.power_off();
        self.ledger.counts.reboots += 1;
        self.session = Session::new(now, &self.settings, true);
        self.lock.handle_power_up(self.settings.sim.as_ref());
        self.plan_boot(now, true);
    }
}
