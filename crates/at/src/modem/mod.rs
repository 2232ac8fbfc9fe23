//! One modem's life without IO: set-up, sending, receiving, reports, upkeep, healing.
//!
//! ```text
//!             handle_opened        set up                 no SIM, PIN, PUK
//!  Closed ───────────────▶ Starting ─────▶ Running      Locked ◀──── Starting
//!    ▲                        ▲  ▲            │            │
//!    │ handle_closed          │  │   silence, │            └─ asked again, slowly ─▶ Starting
//!  any phase                  │  │   faults,  ▼
//!                             │  └───────── Healing ────▶ Quarantined ──▶ Healing
//!                             └──── the shell opened the port again ─────────┘
//! ```
//!
//! The owner carries octets and time: after each input it sends what [`Modem::poll_transmit`] has, handles each
//! [`Modem::poll_event`], and comes back at [`Modem::poll_timeout`]. All work is done by jobs, one at a time; a job sends
//! one command after another.
//!
//! | file | decides |
//! |---|---|
//! | `engine` | which job runs, and what an answer or its absence means for it |
//! | `jobs` | what jobs there are, and which goes first |
//! | `setup`, `steps`, `sim`, `identify` | what happens between an open port and a ready modem |
//! | `send` | how a segment leaves, and what became of it |
//! | `unasked` | what a line means that nobody asked for |
//! | `receive`, `slots`, `storage` | how messages and reports come in, and when they are deleted |
//! | `verify` | whether it still is as it was set up |
//! | `upkeep`, `network` | whether it lives, and where it stands with the network |
//! | `ussd`, `technician` | what people ask of it |
//! | `heal` | how it is brought back |
//! | `stage` | what the owner is told of all this |

mod engine;
mod heal;
mod identify;
mod jobs;
mod known;
mod network;
mod receive;
mod send;
mod setup;
mod sim;
mod slots;
mod stage;
mod steps;
mod storage;
mod technician;
#[cfg(test)]
mod tests;
mod unasked;
mod upkeep;
mod ussd;
mod verify;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::jobs::{Job, Queue};
use self::known::Known;
use self::receive::Pending;
use self::send::Sends;
use self::setup::Setup;
use self::stage::Told;
use self::upkeep::Upkeep;
use self::ussd::Dialogue;
use self::verify::Verified;
use super::command::Command;
use super::event::{ModemEvent, Token};
use super::ladder::Ladder;
use super::line::LineReader;
use super::recent::Recent;
use super::wire::Wire;
use super::{ModemProfile, Settings};
use postrider_model::{ModemCounters, ModemRequest, Submission, Timestamp, TraceLine};

/// One modem. It outlives its port: the port may go and come back, under another name too.
#[derive(Debug)]
pub struct Modem {
    settings: Settings,
    usb_id: Option<(u16, u16)>,
    profile: ModemProfile,
    phase: Phase,
    /// The wall clock at the last input that brought it.
    wall: Timestamp,
    reader: LineReader,
    wire: Wire,
    queue: Queue,
    /// The job whose command is under way.
    job: Option<Job>,
    /// A command that waits for the gap between two commands.
    next: Option<(Job, Command)>,
    /// A job that goes on later.
    postponed: Option<(Instant, Job)>,
    gap_until: Option<Instant>,
    /// When the shell is to have answered an [`Ask`](super::Ask).
    ask_until: Option<Instant>,
    ladder: Ladder,
    setup: Setup,
    known: Known,
    sends: Sends,
    pending: Pending,
    upkeep: Upkeep,
    verified: Verified,
    dialogue: Option<Dialogue>,
    told: Told,
    counters: ModemCounters,
    events: VecDeque<ModemEvent>,
    recent: Recent,
}

/// Where its life stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No port.
    Closed,
    /// The set-up runs, or waits for its next step.
    Starting,
    /// The SIM needs a person; it is looked at again from time to time.
    Locked,
    /// Set up.
    Running,
    /// A rung of the ladder is being tried.
    Healing,
    /// Left alone.
    Quarantined {
        /// Until then.
        until: Instant,
    },
}

impl Modem {
    /// A machine that knows nothing yet and has no port.
    pub fn new(settings: Settings, usb_id: Option<(u16, u16)>) -> Self {
        let profile = identify::first_profile(&settings, usb_id);
        let ladder = Ladder::new(settings.healing.clone(), usb_id.is_some() && profile.recovery.usb);
        Self {
            usb_id,
            profile,
            phase: Phase::Closed,
            wall: Timestamp::default(),
            reader: LineReader::default(),
            wire: Wire::default(),
            queue: Queue::default(),
            job: None,
            next: None,
            postponed: None,
            gap_until: None,
            ask_until: None,
            ladder,
            setup: Setup::default(),
            known: Known::default(),
            sends: Sends::default(),
            pending: Pending::default(),
            upkeep: Upkeep::default(),
            verified: Verified::default(),
            dialogue: None,
            told: Told::default(),
            counters: ModemCounters::default(),
            events: VecDeque::new(),
            recent: Recent::default(),
            settings,
        }
    }

    /// A port is open: whatever is on its other side is brought to attention and set up.
    pub fn handle_opened(&mut self, now: Instant, wall: Timestamp) {
        self.wall = wall;
        self.drop_port(0, "the port was opened anew");
        self.begin_setup(now, steps::FIRST);
        self.advance(now);
    }

    /// Octets came.
    pub fn handle_bytes(&mut self, now: Instant, wall: Timestamp, bytes: &[u8]) {
        self.wall = wall;
        if self.phase == Phase::Closed {
            return;
        }
        for &byte in bytes {
            self.reader.handle_byte(byte);
            while let Some(reading) = self.reader.poll() {
                self.handle_reading(now, reading);
                self.advance(now);
            }
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant, wall: Timestamp) {
        self.wall = wall;
        if self.phase == Phase::Closed {
            return;
        }
        if let Some(reply) = self.wire.handle_timeout(now) {
            self.finish(now, reply);
        }
        self.end_waits(now);
        self.advance(now);
    }

    /// The port is gone. `unwritten` octets of the last transmit never reached the kernel.
    pub fn handle_closed(&mut self, now: Instant, wall: Timestamp, unwritten: usize, why: &str) {
        self.wall = wall;
        if self.phase == Phase::Closed {
            return;
        }
        self.counters.losses += 1;
        self.drop_port(unwritten, why);
        self.tell_closed(now, why);
        self.phase = Phase::Closed;
    }

    /// The next octets; they are to be handed to the kernel at once and in this order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.wire.poll_transmit()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ModemEvent> {
        self.events.pop_front()
    }

    /// When [`Modem::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.phase == Phase::Closed {
            return None;
        }
        let quarantine = match self.phase {
            Phase::Quarantined { until } => Some(until),
            Phase::Closed | Phase::Starting | Phase::Locked | Phase::Running | Phase::Healing => None,
        };
        let idle = if self.phase == Phase::Running { self.upkeep.poll_timeout() } else { None };
        let work = [
            self.postponed.as_ref().filter(|_| !self.wire.is_busy()).map(|(at, _)| *at),
            self.ask_until,
            quarantine,
            idle,
            self.sends.poll_timeout(),
            self.dialogue.as_ref().map(Dialogue::poll_timeout),
            self.pending.poll_timeout(),
        ];
        let work = work.into_iter().flatten().min();
        // Between two commands nothing is begun, whatever is due.
        let gap = self.gap_until.filter(|_| !self.wire.is_busy());
        let work = match (work, gap) {
            (_, Some(gap)) if self.next.is_some() || !self.queue.is_empty() => Some(gap),
            (Some(work), Some(gap)) => Some(work.max(gap)),
            (work, _) => work,
        };
        self.wire.poll_timeout().into_iter().chain(work).min()
    }

    /// Whether it takes a segment now.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Running && self.known.can_send() && self.sends.is_free()
    }

    /// Sends segment `index` of `submission`; its outcome comes as an event. `more` says that another one follows at once.
    pub fn submit(&mut self, now: Instant, wall: Timestamp, submission: &Submission, index: u8, more: bool) {
        self.wall = wall;
        self.begin_send(now, submission, index, more);
        self.advance(now);
    }

    /// The store has what `token` names (`taken`), or refuses it.
    pub fn committed(&mut self, now: Instant, token: Token, taken: bool) {
        self.handle_committed(now, token, taken);
        self.advance(now);
    }

    /// A technician's request; the answer comes as an event with the same number.
    pub fn request(&mut self, now: Instant, request: u64, what: ModemRequest) {
        self.handle_request(now, request, what);
        self.advance(now);
    }

    /// The last lines of the dialogue that were not fetched yet, oldest first.
    pub fn recent_lines(&self) -> impl Iterator<Item = &TraceLine> {
        self.recent.iter()
    }

    /// The next line of the dialogue, for a record of it.
    pub fn poll_line(&mut self) -> Option<TraceLine> {
        self.recent.poll()
    }

    /// The sums since the machine was made.
    pub fn counters(&self) -> ModemCounters {
        self.counters
    }

    /// The smoothed time from `AT+CMGS` to its result.
    pub fn send_time(&self) -> Option<Duration> {
        self.sends.time()
    }

    /// The profile in force.
    pub fn profile(&self) -> &ModemProfile {
        &self.profile
    }
}
