//! AT modems, without IO: lines in, lines out, deadlines.
//!
//! | file | decides |
//! |---|---|
//! | `profile` | what is particular about a maker's modem, as data |
//! | `settings` | what one modem's machine is told |
//! | `event` | what it reports |
//! | `modem` | a modem's life: set-up, sending, receiving, healing |
//! | `probe` | whether a port speaks AT, and who is behind it |
//! | `line`, `fields` | where octets form lines, and lines fields |
//! | `result`, `codes`, `outcome` | how a command ended, what its code means, and what that means for a segment |
//! | `command`, `wire` | what a command is, and what belongs to the one under way |
//! | `answers` | what each kind of answer says |
//! | `ladder` | which rung a failing modem is put on next |
//! | `recent` | the last lines of the dialogue |
//!
//! ```
//! use std::time::Instant;
//!
//! use postrider_at::{Modem, Settings};
//! use postrider_model::Timestamp;
//!
//! # #[allow(clippy::disallowed_methods)]
//! let (now, wall) = (Instant::now(), Timestamp::from_millis(1_795_000_000_000));
//! let mut modem = Modem::new(Settings::default(), None);
//! modem.handle_opened(now, wall);
//! // It leaves whatever prompt the modem may stand in, and goes on when the owner says that time has passed.
//! assert_eq!(modem.poll_transmit().as_deref(), Some(&b"\x1b\r"[..]));
//! let due = modem.poll_timeout().unwrap();
//! modem.handle_timeout(due, wall);
//! assert_eq!(modem.poll_transmit().as_deref(), Some(&b"AT\r"[..]));
//! ```

mod answers;
mod codes;
mod command;
mod event;
mod fields;
mod ladder;
mod line;
mod mask;
mod modem;
mod outcome;
mod probe;
#[cfg(test)]
mod probe_tests;
mod profile;
mod recent;
mod result;
mod settings;
#[cfg(test)]
mod test_clock;
mod wire;

pub use event::{Ask, ModemEvent, Network, Token};
pub use mask::Masker;
pub use modem::Modem;
pub use probe::Probe;
pub use profile::{
    Acknowledge, Cnmi, Init, Matches, ModemProfile, PinCounter, Ports, Receiving, Recovery, Sending, UssdForm,
};
pub use result::ends_command;
pub use settings::{Healing, Settings};

/// What a `+CMS ERROR` or `+CME ERROR` in answer to a send asks of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendErrorClass {
    /// The network could not; try again later.
    NetworkRetry,
    /// The network is congested: slow the SIM down, then try again.
    NetworkBusy,
    /// No network at the moment: nothing was sent.
    NoNetwork,
    /// The number does not exist or takes no messages.
    PermanentNumber,
    /// The number cannot be reached for hours.
    TemporaryNumber,
    /// The message itself is refused: most often our PDU is wrong.
    PermanentMessage,
    /// The SIM or its contract may not send: pause it and tell a person.
    SimAccount,
    /// The SIM is missing, locked or broken.
    Sim,
    /// The SIM is busy for a moment.
    SimWait,
    /// The modem is at fault: the ladder is climbed.
    Modem,
    /// The modem's store is full.
    Storage,
    /// The modem is set up wrongly: it is set up anew.
    Config,
    /// The network knew the message already: it counts as sent.
    Duplicate,
    /// Nobody can tell whether it was sent.
    UnknownOutcome,
    /// It means nothing for the send.
    Ignore,
}
