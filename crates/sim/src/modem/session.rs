//! What a modem forgets when it reboots, and the SIM's lock, which it does not forget.

use std::time::Instant;

use super::read::Prompt;
use super::settings::{SimCard, SimModemSettings};

/// What a modem forgets when it reboots.
#[derive(Debug)]
pub(super) struct Session {
    pub powered: bool,
    /// Nothing is heard or said.
    pub hung: bool,
    /// When it was powered up.
    pub since: Instant,
    /// It answered something.
    pub awake: bool,
    /// A command runs.
    pub busy: bool,
    /// The PDU that is waited for.
    pub prompt: Option<Prompt>,
    pub echo: bool,
    pub verbose: bool,
    /// `AT+CMEE`.
    pub errors: u8,
    /// `AT+CMGF=1`.
    pub text_mode: bool,
    /// `AT+CSMS`.
    pub service: u8,
    /// `AT+CNMI`.
    pub indications: [u8; 5],
    /// `AT+CMMS`.
    pub more_messages: u8,
    /// `AT+CPMS`: for reading, for writing, for receiving.
    pub memories: [String; 3],
    /// `AT+CREG`, `AT+CGREG`, `AT+CEREG`.
    pub registration_notice: [u8; 3],
    /// `AT+COPS=3,n`.
    pub operator_format: u8,
    /// `AT+CFUN`: 1 full, 4 radio off, 0 minimum.
    pub function: u8,
    pub registered: bool,
    /// When the SIM is read.
    pub sim_at: Instant,
    /// When messages work.
    pub sms_at: Instant,
    /// The choices of an open USSD menu.
    pub menu: Vec<(String, String)>,
}

impl Session {
    pub fn new(now: Instant, settings: &SimModemSettings, cold: bool) -> Self {
        let persona = &settings.persona;
        let memory = persona.memories.first().map_or("SM", |(name, _)| name);
        Self {
            powered: true,
            hung: false,
            since: now,
            awake: false,
            busy: false,
            prompt: None,
            echo: true,
            verbose: true,
            errors: 0,
            text_mode: false,
            service: 0,
            indications: [0; 5],
            more_messages: 0,
            memories: [memory.to_owned(), memory.to_owned(), memory.to_owned()],
            registration_notice: [0; 3],
            operator_format: 0,
            function: 1,
            registered: !cold,
            sim_at: if cold { now + persona.sim_after } else { now },
            sms_at: if cold { now + persona.sms_after } else { now },
            menu: Vec::new(),
        }
    }

    /// Whether nothing runs and nothing is waited for.
    pub fn is_idle(&self) -> bool {
        self.powered && !self.hung && !self.busy && self.prompt.is_none()
    }
}

/// The SIM's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lock {
    pub state: LockState,
    pub pin_tries: u8,
    pub puk_tries: u8,
}

/// What the SIM asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockState {
    Absent,
    Open,
    Pin,
    Puk,
}

impl Lock {
    pub fn new(sim: Option<&SimCard>) -> Self {
        let pin_tries = sim.map_or(0, |sim| sim.pin_tries);
        let mut lock = Self { state: LockState::Absent, pin_tries, puk_tries: 10 };
        lock.handle_power_up(sim);
        lock
    }

    pub fn handle_power_up(&mut self, sim: Option<&SimCard>) {
        self.state = match sim {
            None => LockState::Absent,
            Some(_) if self.pin_tries == 0 => LockState::Puk,
            Some(SimCard { pin: Some(_), .. }) => LockState::Pin,
            Some(_) => LockState::Open,
        };
    }

    /// A PIN is entered; whether it was right.
    pub fn enter(&mut self, right: bool) -> bool {
        if right {
            (self.state, self.pin_tries) = (LockState::Open, 3);
            return true;
        }
        self.pin_tries = self.pin_tries.saturating_sub(1);
        if self.pin_tries == 0 {
            self.state = LockState::Puk;
        }
        false
    }

    /// The `+CME ERROR` of commands that need the SIM.
    pub const fn error(&self) -> Option<u16> {
        match self.state {
            LockState::Absent => Some(10),
            LockState::Pin => Some(11),
            LockState::Puk => Some(12),
            LockState::Open => None,
        }
    }
}
