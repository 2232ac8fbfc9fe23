//! Decides how a failing modem is brought back: what each rung of the ladder does, and what becomes of the work it interrupts.

use std::time::{Duration, Instant};

use super::engine::Next;
use super::jobs::Job;
use super::steps;
use super::{Modem, Phase};
use crate::command::{Command, Reply};
use crate::event::Ask;
use crate::ladder::{Evidence, Rung};
use postrider_model::catalog;
use postrider_model::{ModemStage, ResetKind};

const SECOND: Duration = Duration::from_secs(1);
/// How often `AT` is tried after a command that was not answered.
const HELLOS: u8 = 3;
/// How long stragglers are swallowed before the next command.
const DRAIN: Duration = Duration::from_millis(300);
/// How long the radio stays off.
const RADIO_OFF: Duration = Duration::from_secs(3);
/// How long the shell may take to do what it was asked.
const ASK_WAIT: Duration = Duration::from_secs(120);

/// A step of a rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heal {
    /// A cure that waited for the command under way.
    Begin(Cure),
    /// ESC leaves a prompt.
    Escape,
    /// `AT`, so often already.
    Hello(u8),
    /// Stragglers are swallowed.
    Drain,
    /// `AT+CFUN=4`
    RadioOff,
    /// `AT+CFUN=1`
    RadioOn,
    /// The profile's reset command.
    Reset,
    /// The set-up begins anew.
    Restart,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cure {
    /// The radio is switched off and on, and the modem set up anew.
    Radio,
    /// The modem is set up anew.
    Reinit,
    /// The profile's reset command.
    Reset,
    /// The USB device is reset.
    Usb,
    /// The operator's hook.
    Hook,
}

impl From<ResetKind> for Cure {
    fn from(kind: ResetKind) -> Self {
        match kind {
            ResetKind::Init => Self::Reinit,
            ResetKind::Modem => Self::Reset,
            ResetKind::Usb => Self::Usb,
            ResetKind::Hook => Self::Hook,
        }
    }
}

impl Modem {
    /// Something speaks against the modem: the next rung is tried, once there is enough of it.
    pub(super) fn climb(&mut self, now: Instant, evidence: Evidence, why: &str) {
        self.upkeep.handle_failure(now);
        let Some(rung) = self.ladder.handle_evidence(evidence) else { return };
        self.interrupt("the modem is being brought back");
        let name = self.name();
        let (does, advice) = in_words(rung);
        if rung == Rung::Quarantine {
            return self.quarantine(now, why);
        }
        let healing = format!("{name}: {why}; {does}");
        self.tell_stage(ModemStage::Healing, healing, advice, Some(entry_of(rung)));
        let cure = match rung {
            Rung::Resync => return self.resync(now),
            Rung::Reopen => return self.ask_shell(now, Ask::Reopen),
            Rung::Reinit => Cure::Reinit,
            Rung::Reset => Cure::Reset,
            Rung::UsbReset => Cure::Usb,
            Rung::Hook | Rung::Quarantine => Cure::Hook,
        };
        self.cure(now, cure);
    }

    /// A cure that a technician or the lack of a network asks for; the command under way ends first.
    pub(super) fn cure_when_idle(&mut self, now: Instant, cure: Cure) {
        let usual = matches!(self.phase, Phase::Running | Phase::Locked);
        if self.wire.is_busy() && usual {
            self.queue.push(now, Job::Heal(Heal::Begin(cure)));
        } else {
            self.begin_cure(now, cure);
        }
    }

    fn begin_cure(&mut self, now: Instant, cure: Cure) {
        self.interrupt("the modem is being reset");
        let does = match cure {
            Cure::Radio => "its radio is switched off and on",
            Cure::Reinit => "it is set up anew",
            Cure::Reset => "it is reset by command",
            Cure::Usb => "its USB device is reset",
            Cure::Hook => "the hook command is run",
        };
        let reason = format!("{}: {does}", self.name());
        self.tell_stage(ModemStage::Healing, reason, "", Some(catalog::MODEM_HEALING));
        self.cure(now, cure);
    }

    fn cure(&mut self, now: Instant, cure: Cure) {
        self.phase = Phase::Healing;
        self.setup.resume = None;
        self.counters.resets += u64::from(cure != Cure::Reinit);
        let heal = match cure {
            Cure::Radio => Heal::RadioOff,
            Cure::Reinit => Heal::Restart,
            Cure::Reset => Heal::Reset,
            Cure::Usb => return self.ask_shell(now, Ask::UsbReset),
            Cure::Hook => return self.ask_shell(now, Ask::Hook),
        };
        let next = self.heal(now, heal, None);
        self.follow(now, next);
    }

    fn resync(&mut self, now: Instant) {
        self.phase = Phase::Healing;
        let next = self.heal(now, Heal::Escape, None);
        self.follow(now, next);
    }

    fn ask_shell(&mut self, now: Instant, ask: Ask) {
        self.phase = Phase::Healing;
        self.ask_until = Some(now + ASK_WAIT);
        self.ask(ask);
    }

    fn quarantine(&mut self, now: Instant, why: &str) {
        let wait = self.ladder.quarantine();
        self.phase = Phase::Quarantined { until: now + wait };
        let reason = format!("{}: {why}, and nothing helped; it is left alone for {} s", self.name(), wait.as_secs());
        let advice =
            "Check power supply, cable and hub; unplug it and plug it in again. Messages take other ways meanwhile.";
        let stage = ModemStage::Quarantined { until: self.wall.plus(wait) };
        self.tell_stage(stage, reason, advice, Some(catalog::MODEM_QUARANTINED));
    }

    pub(super) fn heal(&mut self, now: Instant, heal: Heal, reply: Option<Reply>) -> Next {
        let command = |heal: Heal, command: Command| Next::Command(Job::Heal(heal), command);
        match (heal, reply) {
            (Heal::Begin(cure), _) => {
                self.begin_cure(now, cure);
                Next::Done
            }
            (Heal::Escape, None) => command(Heal::Escape, Command::escape(false, SECOND / 2)),
            (Heal::Escape, Some(_)) => command(Heal::Hello(0), Command::new("AT", SECOND)),
            (Heal::Hello(tries), Some(reply)) if reply.is_silent() => {
                if tries + 1 < HELLOS {
                    return command(Heal::Hello(tries + 1), Command::new("AT", SECOND));
                }
                self.climb(now, Evidence::Dead, "it does not answer AT any more");
                Next::Done
            }
            (Heal::Hello(_), _) => command(Heal::Drain, Command::pause(DRAIN)),
            (Heal::Drain, _) => {
                self.revived(now);
                Next::Done
            }
            (Heal::RadioOff, None) => command(Heal::RadioOff, Command::new("AT+CFUN=4", SECOND * 30)),
            (Heal::RadioOff, Some(_)) => Next::Later(Job::Heal(Heal::RadioOn), RADIO_OFF),
            (Heal::RadioOn, None) => command(Heal::RadioOn, Command::new("AT+CFUN=1", SECOND * 30)),
            (Heal::Reset, None) => command(Heal::Reset, Command::new(&self.profile.recovery.reset, SECOND * 10)),
            (Heal::Reset, Some(_)) => Next::Later(Job::Heal(Heal::Restart), self.profile.recovery.reset_wait),
            (Heal::RadioOn, Some(_)) => {
                self.begin_setup(now, steps::AGAIN);
                Next::Done
            }
            (Heal::Restart, _) => {
                self.begin_setup(now, steps::FIRST);
                Next::Done
            }
        }
    }

    /// It answers again: what was interrupted goes on.
    fn revived(&mut self, now: Instant) {
        match self.setup.resume.take() {
            Some(step) => self.resume_setup(now, step),
            None => {
                self.phase = Phase::Running;
                self.tell_running();
            }
        }
    }

    /// The modem lost its settings: it rebooted by itself, or has another SIM.
    pub(super) fn restart_setup(&mut self, now: Instant, why: &str) {
        self.interrupt(why);
        self.tell_stage(ModemStage::Starting, format!("{}: {why}", self.name()), "", None);
        self.begin_setup(now, steps::AGAIN);
    }

    /// Ends the command under way and all that waits; what was asked for is answered.
    pub(super) fn interrupt(&mut self, why: &str) {
        self.reader.expect_prompt(false);
        self.postponed = None;
        self.gap_until = None;
        self.ask_until = None;
        let reply = self.wire.handle_closed(0);
        if let (Some(job), Some(reply)) = (self.job.take(), reply) {
            self.drop_job(job, reply, why);
        }
        let waiting = self.next.take().map(|(job, _)| job);
        for job in waiting.into_iter().chain(self.queue.take(|_| true)) {
            let reply =
                Reply { lines: Vec::new(), end: super::send::NOTHING, reached: super::send::NOWHERE, echoed: false };
            self.drop_job(job, reply, why);
        }
        self.end_dialogue(why);
        self.forget_pin_token();
    }

    /// A command in the middle of the usual work was not answered.
    pub(super) fn abandon(&mut self, now: Instant, job: Job, reply: Reply) {
        let why = match &job {
            Job::Send(send) => send.silence(reply.reached),
            Job::Asked(_) => "it did not answer a technician's command",
            Job::Slot(_) => "it did not answer when its message store was read",
            Job::Acknowledge(_) => "it did not answer an acknowledgement",
            Job::Check(_) | Job::HangUp | Job::Setup(_) | Job::Heal(_) => "it did not answer a regular question",
        };
        self.drop_job(job, reply, why);
        if self.phase == Phase::Locked {
            self.setup.resume = Some(steps::SIM);
        }
        self.climb(now, Evidence::Silent, why);
    }

    /// The port is gone or new: nothing that was under way goes on.
    pub(super) fn drop_port(&mut self, unwritten: usize, why: &str) {
        let reply = self.wire.handle_closed(unwritten);
        if let (Some(job), Some(reply)) = (self.job.take(), reply) {
            self.drop_job(job, reply, why);
        }
        self.interrupt(why);
        self.reader.clear();
        self.pending.clear();
        self.setup.resume = None;
    }

    fn drop_job(&mut self, job: Job, reply: Reply, why: &str) {
        match job {
            Job::Send(send) => self.drop_send(&send, &reply, why),
            Job::Asked(asked) => self.drop_asked(&asked, why),
            Job::Setup(_) | Job::Heal(_) | Job::Acknowledge(_) | Job::Slot(_) | Job::HangUp | Job::Check(_) => {}
        }
    }

    /// Waits that have no command.
    pub(super) fn end_waits(&mut self, now: Instant) {
        if self.ask_until.is_some_and(|until| until <= now) {
            self.ask_until = None;
            self.climb(now, Evidence::Dead, "its port was not opened again");
        }
        if matches!(self.phase, Phase::Quarantined { until } if until <= now) {
            let reason = format!("{}: its quarantine is over, and its port is opened again", self.name());
            self.tell_stage(ModemStage::Healing, reason, "", Some(catalog::MODEM_HEALING));
            self.ask_shell(now, Ask::Reopen);
        }
        self.sends.handle_timeout(now);
        self.dialogue_timeout(now);
        self.pending_timeout(now);
        self.upkeep_timeout(now);
    }
}

/// What a rung does, and what a person may do meanwhile.
fn in_words(rung: Rung) -> (&'static str, &'static str) {
    match rung {
        Rung::Resync => ("it is brought to attention with ESC and AT", ""),
        Rung::Reopen => ("its port is closed and opened again", "Look whether another program uses the port."),
        Rung::Reinit => ("it is set up anew", ""),
        Rung::Reset => ("it is reset by command", "A weak power supply is the first suspect if this happens often."),
        Rung::UsbReset => {
            ("its USB device is reset", "Check the USB cable, the hub and the power supply if this happens often.")
        }
        Rung::Hook => ("the hook command is run", ""),
        Rung::Quarantine => ("it is left alone for a while", ""),
    }
}

fn entry_of(rung: Rung) -> postrider_model::catalog::Entry {
    if rung == Rung::Reopen { catalog::MODEM_SILENT } else { catalog::MODEM_HEALING }
}
