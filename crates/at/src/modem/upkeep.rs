//! Decides when an idle modem is asked whether it lives, when its stores are swept, and when the network is missed.

use std::time::{Duration, Instant};

use super::jobs::Job;
use super::network::Check;
use super::{Modem, Phase};
use crate::ladder::Rung;
use crate::{ModemProfile, Settings};
use postrider_model::catalog;

/// Answers for so long without a failure put the ladder back on the ground.
const PROVEN: Duration = Duration::from_secs(120);

/// How often the network is asked for while there is none.
const SEARCHING: Duration = Duration::from_secs(5);

/// The regular duties' times.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    check_at: Option<Instant>,
    sweep_at: Option<Instant>,
    /// When the network is missed.
    network_at: Option<Instant>,
    /// When the modem counts as well.
    proven_at: Option<Instant>,
    /// When the service centre's number is asked for again.
    pub(super) centre_at: Option<Instant>,
    /// When the setting of the indications is looked at again.
    pub(super) indications_at: Option<Instant>,
    keep_alive: Duration,
    sweep_every: Duration,
}

impl Upkeep {
    /// The set-up is done.
    pub(super) fn begin(&mut self, now: Instant, settings: &Settings, profile: &ModemProfile) {
        let second = Duration::from_secs(1);
        *self = Self {
            keep_alive: settings.keep_alive.max(second),
            sweep_every: profile.receive.sweep_every.max(second),
            check_at: Some(now + settings.keep_alive.max(second)),
            sweep_at: Some(now + profile.receive.sweep_every.max(second)),
            proven_at: Some(now + PROVEN),
            ..Self::default()
        };
    }

    /// A failure: the modem has to prove itself anew.
    pub(super) fn handle_failure(&mut self, now: Instant) {
        self.proven_at = Some(now + PROVEN);
    }

    /// There is a network.
    pub(super) fn handle_network(&mut self) {
        self.network_at = None;
    }

    /// The next round of questions is due at `at` at the latest.
    pub(super) fn check_by(&mut self, at: Instant) {
        self.check_at = Some(self.check_at.map_or(at, |known| known.min(at)));
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let duties =
            [self.check_at, self.sweep_at, self.network_at, self.proven_at, self.indications_at, self.centre_at];
        duties.into_iter().flatten().min()
    }
}

fn is_due(at: &mut Option<Instant>, now: Instant) -> bool {
    let due = at.is_some_and(|at| at <= now);
    if due {
        *at = None;
    }
    due
}

impl Modem {
    /// A regular duty that is due; the modem is idle.
    pub(super) fn upkeep_due(&mut self, now: Instant) -> Option<Job> {
        if is_due(&mut self.upkeep.check_at, now) {
            // While the network is looked for, it is asked for more often.
            let every =
                if self.known.can_send() { self.upkeep.keep_alive } else { self.upkeep.keep_alive.min(SEARCHING) };
            self.upkeep.check_at = Some(now + every);
            return Some(Job::Check(Check::ROUND));
        }
        if is_due(&mut self.upkeep.sweep_at, now) {
            self.upkeep.sweep_at = Some(now + self.upkeep.sweep_every);
            self.sweep_all(now);
            return self.queue.pop(now);
        }
        None
    }

    /// Duties that need no command.
    pub(super) fn upkeep_timeout(&mut self, now: Instant) {
        if self.phase != Phase::Running {
            return;
        }
        // A busy modem has its duties too: they wait in the queue, and are not put off for ever.
        if self.wire.is_busy() && self.upkeep.check_at.is_some_and(|at| at <= now) {
            self.upkeep.check_at = Some(now + self.upkeep.keep_alive);
            self.queue.push(now, Job::Check(Check::ROUND));
        }
        if self.wire.is_busy() && self.upkeep.sweep_at.is_some_and(|at| at <= now) {
            self.upkeep.sweep_at = Some(now + self.upkeep.sweep_every);
            self.sweep_all(now);
        }
        if is_due(&mut self.upkeep.proven_at, now) {
            self.ladder.handle_success();
            self.end_trouble(catalog::MODEM_POWER);
        }
        if is_due(&mut self.upkeep.indications_at, now) {
            self.look_at_indications(now);
        }
        if is_due(&mut self.upkeep.centre_at, now) {
            self.queue.push(now, Job::Check(Check::Centre));
        }
        if is_due(&mut self.upkeep.network_at, now) {
            self.network_missed(now);
        }
    }

    /// A round of questions is over.
    pub(super) fn end_round(&mut self, now: Instant) {
        self.watch_network(now);
        self.tell_running();
    }

    /// Without a network the clock runs, unless it runs already.
    pub(super) fn watch_network(&mut self, now: Instant) {
        if !self.known.can_send() && self.upkeep.network_at.is_none() {
            self.upkeep.network_at = Some(now + self.ladder.network_wait());
        }
    }

    fn network_missed(&mut self, now: Instant) {
        let waited = self.ladder.network_wait().as_secs() / 60;
        let name = self.name();
        let text = format!("{name}: there was no network for {waited} minutes");
        let advice =
            "Check the antenna, the coverage and whether the SIM is active. Messages take other ways meanwhile.";
        self.tell_lasting(text, advice, catalog::NETWORK_MISSING);
        let rung = self.ladder.handle_no_network();
        let rung = if rung == Rung::Reinit { super::heal::Cure::Radio } else { super::heal::Cure::Reset };
        self.cure_when_idle(now, rung);
    }
}
