//! A modem and its SIM as everyone speaks of them: what they are, how they are, and what may be asked of them.

use std::fmt;
use std::time::Duration;

use super::{Timestamp, mask};

/// What a modem says of itself. Empty where it did not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModemIdentity {
    /// `AT+CGMI`.
    pub maker: String,
    /// `AT+CGMM`.
    pub model: String,
    /// `AT+CGMR`.
    pub firmware: String,
    /// `AT+CGSN`, 15 digits.
    pub imei: Option<String>,
}

/// What the SIM says of itself.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SimIdentity {
    /// 19 or 20 digits, without a filler.
    pub iccid: Option<String>,
    /// 15 digits.
    pub imsi: Option<String>,
    /// The SIM's own number, if it knows it (`AT+CNUM`) or the configuration says it.
    pub number: Option<String>,
}

/// An IMSI and a number name a person's contract: debug output shows their ends only.
impl fmt::Debug for SimIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = |text: &Option<String>| text.as_deref().map(mask);
        f.debug_struct("SimIdentity")
            .field("iccid", &self.iccid)
            .field("imsi", &masked(&self.imsi))
            .field("number", &masked(&self.number))
            .finish()
    }
}

/// Where the modem stands with the network (3GPP TS 27.007, 7.2; the best of CREG, CGREG and CEREG).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Nothing was heard yet, or state 4.
    #[default]
    Unknown,
    /// Registered at home (1, 6, 9).
    Home,
    /// Registered as a guest (5, 7, 10).
    Roaming,
    /// Looks for a network (2).
    Searching,
    /// Refused by the network (3).
    Denied,
    /// Not registered and not looking (0).
    Off,
    /// Emergency calls or restricted services only (8, 11).
    EmergencyOnly,
}

impl Registration {
    /// Whether messages can be sent.
    pub const fn is_registered(self) -> bool {
        matches!(self, Self::Home | Self::Roaming)
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Home => "home",
            Self::Roaming => "roaming",
            Self::Searching => "searching",
            Self::Denied => "denied",
            Self::Off => "off",
            Self::EmergencyOnly => "emergency_only",
        }
    }
}

/// What a modem is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ModemStage {
    /// Not plugged in, or its port cannot be opened; the status says why.
    #[default]
    Absent,
    /// Its port is open and it is being set up.
    Starting,
    /// Set up, and waits for the network.
    Searching,
    /// Takes messages.
    Ready,
    /// The SIM needs a person: no SIM, PIN or PUK.
    SimLocked,
    /// A rung of the ladder is being tried.
    Healing,
    /// Left alone until an instant after everything was tried.
    Quarantined {
        /// When it is tried again.
        until: Timestamp,
    },
    /// Plugged in, and no modem of the configuration: nobody uses it.
    Unclaimed,
    /// Stopped with the daemon.
    Stopped,
}

impl ModemStage {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Starting => "starting",
            Self::Searching => "searching",
            Self::Ready => "ready",
            Self::SimLocked => "sim_locked",
            Self::Healing => "healing",
            Self::Quarantined { .. } => "quarantined",
            Self::Unclaimed => "unclaimed",
            Self::Stopped => "stopped",
        }
    }
}

/// How full one of the modem's message stores is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageFill {
    /// `ME`, `SM`, `SR`, ...
    pub name: String,
    /// Slots in use.
    pub used: u16,
    /// Slots.
    pub total: u16,
}

/// Sums since the modem's link was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModemCounters {
    /// Segments that the network took.
    pub sent: u64,
    /// Segments that it refused.
    pub refused: u64,
    /// Segments without a result.
    pub unanswered: u64,
    /// Parts of incoming messages.
    pub received: u64,
    /// Status reports.
    pub reports: u64,
    /// Commands that were not answered in time.
    pub timeouts: u64,
    /// Times that it was reset by any rung.
    pub resets: u64,
    /// Times that its port went away.
    pub losses: u64,
}

/// Everything that is known of one modem at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModemStatus {
    /// Its name: configured, or made of model and IMEI.
    pub name: String,
    /// The link group that it belongs to.
    pub group: String,
    /// What it is doing.
    pub stage: ModemStage,
    /// Since when.
    pub since: Timestamp,
    /// Why, in words that a technician understands; empty when all is well.
    pub reason: String,
    /// What a person should do; empty when nothing.
    pub advice: String,
    /// Where it is plugged in: a USB path like `1-1.2`, a device path or `host:port`.
    pub place: Option<String>,
    /// The port in use: `/dev/ttyUSB2` or `host:port`.
    pub port: Option<String>,
    /// `12d1:1506`, if it is a USB device.
    pub usb_id: Option<String>,
    /// The profile in force.
    pub profile: String,
    /// What it says of itself.
    pub identity: ModemIdentity,
    /// What its SIM says.
    pub sim: SimIdentity,
    /// The service centre's number.
    pub smsc: Option<String>,
    /// The registration.
    pub registration: Registration,
    /// The network's name or code.
    pub operator: Option<String>,
    /// `GSM`, `UMTS`, `LTE`, ...
    pub technology: Option<String>,
    /// The received strength in dBm.
    pub signal_dbm: Option<i16>,
    /// The message stores.
    pub storage: Vec<StorageFill>,
    /// When it answered last.
    pub last_answer_at: Option<Timestamp>,
    /// When the network took a segment last.
    pub last_success_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<(Timestamp, String)>,
    /// The smoothed time from `AT+CMGS` to its result.
    pub send_time: Option<Duration>,
    /// Sends that failed one after the other until now.
    pub failures: u32,
    /// The sums.
    pub counters: ModemCounters,
}

/// How hard a modem is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetKind {
    /// Set up anew.
    Init,
    /// The profile's reset command, mostly `AT+CFUN=1,1`.
    Modem,
    /// The USB device is taken from the kernel and given back.
    Usb,
    /// The operator's hook, for example a power relay.
    Hook,
}

/// What a technician asks of a modem that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModemRequest {
    /// One AT command, without `AT+CMGS` and other commands that prompt.
    At(String),
    /// A USSD code such as `*100#`, or the answer to a menu.
    Ussd(String),
    /// Ends an open USSD dialogue.
    UssdEnd,
    /// A reset.
    Reset(ResetKind),
    /// Reads identity, network and signal again.
    Refresh,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModemAnswer {
    /// The lines that came, the final result last.
    Lines(Vec<String>),
    /// A USSD answer.
    Ussd {
        /// The text.
        text: String,
        /// Whether the network waits for an answer.
        more: bool,
    },
    /// It was done, or begun.
    Done,
    /// It cannot be done; the sentence says why.
    Failed(String),
}

/// What the store is to know of a modem. Those with a token are answered once it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModemNotice {
    /// A modem and its SIM are known.
    Identified {
        /// The modem.
        modem: ModemIdentity,
        /// The SIM.
        sim: SimIdentity,
    },
    /// The PIN is about to be entered. `Ok` lets it happen; a refusal means that this PIN failed on this SIM before.
    PinAttempt {
        /// The SIM, or the modem's IMEI when the SIM does not show its number while it is locked.
        sim: String,
        /// A digest of the PIN, so that a changed one is tried again.
        pin_digest: i64,
    },
    /// The PIN was taken: the note of the attempt may go.
    PinAccepted {
        /// As in `PinAttempt`.
        sim: String,
    },
    /// The answer to a balance question.
    Balance {
        /// The SIM.
        iccid: String,
        /// The text that the network sent.
        text: String,
    },
}
