//! Decides what is done about the SIM: waited for, unlocked once with the configured PIN, or left to a person.
//!
//! ```text
//!            READY ───────────────────────────────────────────────▶ set-up goes on
//!  State ─── SIM PIN ─▶ Iccid ─▶ Counter ─▶ store asked ─▶ Enter ─▶ State
//!    ▲  └─── no SIM, PUK, no PIN, too few tries, tried before ─▶ Locked
//!    └───────────────── asked again slowly, or when a SIM is put in ──┘
//! ```
//!
//! A wrong PIN costs one of three tries, and the last one the SIM. So it is entered only after the store has the note of
//! the attempt, and never twice by itself: a restart, a replug and a power cut find the note.

use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::engine::Next;
use super::jobs::Job;
use super::network::Check;
use super::setup::Go;
use super::steps::{Step, iccid_command};
use super::{Modem, Phase};
use crate::answers::identity;
use crate::answers::pin::{self, SimState};
use crate::codes::Family;
use crate::command::{Command, End, Ends, Reply};
use crate::event::{ModemEvent, Token};
use crate::result::Failure;
use postrider_model::catalog::{self, Entry};
use postrider_model::{ModemNotice, ModemStage, SimIdentity};

const SECOND: Duration = Duration::from_secs(1);
/// How often a SIM that is still being read is asked for, once a second.
const BUSY_TRIES: u8 = 30;
/// How often a SIM that seems to be absent is asked for; modems say so while they start.
const ABSENT_TRIES: u8 = 5;
/// How often a SIM is looked at again that needs a person.
const RECHECK: Duration = Duration::from_secs(60);
/// Fewer tries than this are left to a person.
const TRIES_MIN: u8 = 3;

/// One step of the SIM's part in the set-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SimStep {
    /// `AT+CPIN?`, so often already.
    State(u8),
    /// The commands that may give the ICCID while the SIM is locked.
    Iccid(usize),
    /// How many tries are left.
    Counter,
    /// The PIN.
    Enter,
}

/// What is remembered of the PIN as long as the machine lives.
#[derive(Debug, Default)]
pub(super) struct Care {
    /// The store's word on an attempt is awaited.
    waiting: Option<Token>,
    /// The SIM and the digest of the PIN that was entered.
    attempted: Option<(String, i64)>,
    /// The PIN was entered and the SIM has not become ready yet.
    entered: bool,
}

impl Modem {
    pub(super) fn sim_command(&self, step: &SimStep) -> Option<Command> {
        Some(match step {
            // Some modems leave the result away.
            SimStep::State(_) => Command::ask("AT+CPIN?", "+CPIN:", SECOND * 10).ends(Ends::Settles(SECOND)),
            SimStep::Iccid(place) => iccid_command(self.profile.init.iccid.get(*place)?),
            SimStep::Counter => {
                let counter = self.profile.init.pin_counter.as_ref()?;
                // The prefix may hold the start of the value; the answer's name is enough here.
                let name = counter.prefix.split(':').next().unwrap_or_default();
                Command::ask(&counter.command, &format!("{name}:"), SECOND * 5)
            }
            SimStep::Enter => {
                let pin = self.settings.pin.as_ref()?;
                Command::new(format!("AT+CPIN=\"{}\"", pin.expose_secret()), SECOND * 20)
            }
        })
    }

    pub(super) fn sim_reply(&mut self, now: Instant, step: &SimStep, reply: &Reply) -> Go {
        match step {
            SimStep::State(tries) => self.state_reply(now, *tries, reply),
            SimStep::Iccid(place) => {
                self.known.sim.iccid = reply.lines.iter().find_map(|info| identity::iccid(&info.line));
                if self.known.sim.iccid.is_none() && place + 1 < self.profile.init.iccid.len() {
                    return Go::To(Step::Sim(SimStep::Iccid(place + 1)));
                }
                if self.profile.init.pin_counter.is_some() {
                    return Go::To(Step::Sim(SimStep::Counter));
                }
                self.ask_store(now)
            }
            SimStep::Counter => {
                let counter = self.profile.init.pin_counter.as_ref();
                let lines = reply.lines.iter().map(|info| info.line.as_str());
                match counter.and_then(|counter| pin::tries_left(counter, lines)) {
                    Some(left) if left < TRIES_MIN => self.too_few(now, left),
                    Some(_) | None => self.ask_store(now),
                }
            }
            SimStep::Enter => self.entered(now, reply),
        }
    }

    fn state_reply(&mut self, now: Instant, tries: u8, reply: &Reply) -> Go {
        let again = |limit: u8| (tries + 1 < limit).then(|| Go::Wait(Step::Sim(SimStep::State(tries + 1)), SECOND));
        if let Some(state) = reply.behind("+CPIN:").map(pin::state) {
            return match state {
                SimState::Ready => self.sim_ready(),
                SimState::Pin if self.setup.sim.entered => {
                    again(BUSY_TRIES).unwrap_or_else(|| self.pin_refused(now, ""))
                }
                SimState::Pin => self.pin_wanted(now),
                SimState::Puk => self.puk_wanted(now),
                SimState::NotReady => again(BUSY_TRIES).unwrap_or_else(|| self.sim_absent(now)),
                SimState::Other(lock) => self.locked_otherwise(now, &lock),
            };
        }
        match &reply.end {
            End::Failed(failure) if failure.is_one_of(Family::Cme, &[11]) => self.pin_wanted(now),
            End::Failed(failure) if failure.is_one_of(Family::Cms, &[311]) => self.pin_wanted(now),
            End::Failed(failure) if failure.is_one_of(Family::Cme, &[12]) => self.puk_wanted(now),
            End::Failed(failure) if failure.is_one_of(Family::Cms, &[316]) => self.puk_wanted(now),
            End::Failed(failure) if failure.is_one_of(Family::Cme, &[10]) || failure.is_one_of(Family::Cms, &[310]) => {
                again(ABSENT_TRIES).unwrap_or_else(|| self.sim_absent(now))
            }
            // Busy, not yet read, or a failure that passes within a second on several makers.
            End::Failed(Failure::Code(..) | Failure::Text(..)) => {
                again(BUSY_TRIES).unwrap_or_else(|| self.sim_broken(now, reply))
            }
            // It does not know the command, or has nothing to say: the set-up will show.
            End::Failed(Failure::Plain(_)) | End::Ok | End::Settled | End::Silent => {
                again(ABSENT_TRIES).unwrap_or(Go::To(Step::Imsi))
            }
        }
    }

    fn sim_ready(&mut self) -> Go {
        self.phase = Phase::Starting;
        self.tell_starting();
        for entry in [catalog::SIM_ABSENT, catalog::SIM_PIN_NEEDED, catalog::SIM_PIN_REFUSED, catalog::SIM_PUK] {
            self.end_trouble(entry);
        }
        if std::mem::take(&mut self.setup.sim.entered)
            && let Some((sim, _)) = &self.setup.sim.attempted
        {
            let notice = ModemNotice::PinAccepted { sim: sim.clone() };
            self.notice(notice, None);
        }
        Go::To(Step::Imsi)
    }

    fn pin_wanted(&mut self, now: Instant) -> Go {
        if self.settings.pin.is_none() {
            let reason = format!("{}: its SIM wants a PIN and none is configured", self.name());
            let name = &self.settings.name;
            let off = format!("postrider modem at {name} 'AT+CLCK=\"SC\",0,\"PIN\"'");
            let advice =
                format!("Put the PIN into a file and name it in the configuration, or switch the PIN off: {off}.");
            return self.lock(now, reason, &advice, catalog::SIM_PIN_NEEDED);
        }
        if self.attempt().is_some_and(|attempt| self.setup.sim.attempted.as_ref() == Some(&attempt)) {
            return self.pin_refused(now, "");
        }
        Go::To(Step::Sim(SimStep::Iccid(0)))
    }

    /// The SIM and a digest of the PIN, as the store keeps them.
    fn attempt(&self) -> Option<(String, i64)> {
        let pin = self.settings.pin.as_ref()?;
        let sim = self.known.key().unwrap_or(&self.settings.name).to_owned();
        let digest = Sha256::digest(format!("{sim}/{}", pin.expose_secret()));
        let (head, _) = digest.split_first_chunk::<8>()?;
        Some((sim, i64::from_be_bytes(*head)))
    }

    /// The attempt is written down before it is made.
    fn ask_store(&mut self, now: Instant) -> Go {
        let Some((sim, pin_digest)) = self.attempt() else { return Go::Stop };
        if self.setup.sim.attempted.as_ref().is_some_and(|tried| *tried == (sim.clone(), pin_digest)) {
            return self.pin_refused(now, "");
        }
        let token = self.pending.token();
        self.setup.sim.waiting = Some(token);
        self.notice(ModemNotice::PinAttempt { sim, pin_digest }, Some(token));
        Go::Stop
    }

    /// The store's word on the attempt. `false` if `token` names something else.
    pub(super) fn pin_committed(&mut self, now: Instant, token: Token, taken: bool) -> bool {
        if self.setup.sim.waiting != Some(token) {
            return false;
        }
        self.setup.sim.waiting = None;
        if !taken {
            let again = "this PIN failed on this SIM before, so it is not tried again";
            let _ = self.pin_refused(now, again);
            return true;
        }
        self.setup.sim.attempted = self.attempt();
        self.setup.sim.entered = true;
        let next = match self.sim_command(&SimStep::Enter) {
            Some(command) => Next::Command(Job::Setup(Step::Sim(SimStep::Enter)), command),
            None => Next::Done,
        };
        self.follow(now, next);
        true
    }

    /// The store's word will not come any more.
    pub(super) fn forget_pin_token(&mut self) {
        self.setup.sim.waiting = None;
    }

    fn entered(&mut self, now: Instant, reply: &Reply) -> Go {
        match &reply.end {
            End::Failed(failure) => {
                let why = failure.to_string();
                self.pin_refused(now, &why)
            }
            End::Ok | End::Settled | End::Silent => Go::Wait(Step::Sim(SimStep::State(0)), SECOND),
        }
    }

    fn pin_refused(&mut self, now: Instant, why: &str) -> Go {
        self.setup.sim.entered = false;
        let why = if why.is_empty() { "the PIN that is configured does not open it" } else { why };
        let reason = format!("{}: its SIM did not take the PIN: {why}", self.name());
        let advice = "Correct the PIN in its file and reload; it is not tried again until it has changed, so that no try is wasted.";
        self.lock(now, reason, advice, catalog::SIM_PIN_REFUSED)
    }

    fn too_few(&mut self, now: Instant, left: u8) -> Go {
        let reason = format!("{}: its SIM has {left} PIN tries left, so the PIN was not entered", self.name());
        let advice = "Put the SIM into a telephone and enter the right PIN there; that gives all tries back.";
        self.lock(now, reason, advice, catalog::SIM_PIN_REFUSED)
    }

    fn puk_wanted(&mut self, now: Instant) -> Go {
        let reason = format!("{}: its SIM wants its PUK", self.name());
        let advice =
            "Put the SIM into a telephone and enter the PUK there, or get a new SIM. postrider never enters a PUK.";
        self.lock(now, reason, advice, catalog::SIM_PUK)
    }

    fn sim_absent(&mut self, now: Instant) -> Go {
        self.known.sim = SimIdentity::default();
        self.events.push_back(ModemEvent::Sim(SimIdentity::default()));
        let reason = format!("{}: no SIM is in it, or it makes no contact", self.name());
        let advice =
            "Put a SIM in, or take it out, clean its contacts and put it in again. It is looked for every minute.";
        self.lock(now, reason, advice, catalog::SIM_ABSENT)
    }

    fn sim_broken(&mut self, now: Instant, reply: &Reply) -> Go {
        let said = match &reply.end {
            End::Failed(failure) => failure.to_string(),
            End::Ok | End::Settled | End::Silent => String::new(),
        };
        let reason = format!("{}: its SIM cannot be read: {said}", self.name());
        let advice = "Try the SIM in a telephone, and another SIM in this modem, to see which of them is broken.";
        self.lock(now, reason, advice, catalog::SIM_ABSENT)
    }

    fn locked_otherwise(&mut self, now: Instant, lock: &str) -> Go {
        let reason = format!("{}: it is locked and wants \"{lock}\"", self.name());
        let advice =
            "This modem takes only the SIMs of one operator, or one SIM. Use such a SIM, or have the modem unlocked.";
        self.lock(now, reason, advice, catalog::SIM_PIN_NEEDED)
    }

    /// A person is needed; the SIM is looked at again from time to time.
    fn lock(&mut self, now: Instant, reason: String, advice: &str, entry: Entry) -> Go {
        self.phase = Phase::Locked;
        self.tell_identity();
        self.tell_stage(ModemStage::SimLocked, reason, advice, Some(entry));
        // The last try of the count is used, so that each look is one look.
        self.postponed = Some((now + RECHECK, Job::Setup(Step::Sim(SimStep::State(BUSY_TRIES)))));
        Go::Stop
    }

    /// The SIM is asked for in the middle of the usual work; if it is not ready, the set-up begins anew.
    pub(super) fn look_at_sim(&mut self, now: Instant) {
        self.queue.push(now, Job::Check(Check::Sim));
    }

    /// A line says that a SIM was put in, taken out or became ready.
    pub(super) fn handle_sim_changed(&mut self, now: Instant) {
        let look = Job::Setup(Step::Sim(SimStep::State(0)));
        match self.phase {
            Phase::Locked if !self.wire.is_busy() => self.postponed = Some((now + SECOND, look)),
            Phase::Running => self.restart_setup(now, "its SIM was changed"),
            Phase::Closed | Phase::Locked | Phase::Starting | Phase::Healing | Phase::Quarantined { .. } => {}
        }
    }
}
