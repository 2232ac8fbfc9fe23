//! The simulated modem: a GSM or LTE stick with its SIM and its network, without IO.
//!
//! | file | decides |
//! |---|---|
//! | `settings`, `persona`, `personas`, `faults` | what it is, which maker's ways it has, what goes wrong |
//! | `machine`, `power`, `session` | what is due when; what a reboot takes along; what it forgets |
//! | `read`, `command`, `reply` | what the gateway wrote, and how an answer looks |
//! | `answer`, `answer_*`, `send` | what each command gets for an answer |
//! | `network`, `report`, `store` | what the network has for the modem, and where the modem keeps it |
//! | `air` | the network's TPDUs |
//! | `ledger` | what the network took, and what a handset shows |
//!
//! Nothing here is shared with `at` and `tpdu`, so that one mistake is not made on both sides.

mod air;
mod answer;
mod answer_message;
mod answer_network;
mod answer_sim;
mod command;
pub mod faults;
pub mod ledger;
mod machine;
mod network;
pub mod persona;
mod personas;
mod power;
mod read;
mod reply;
mod report;
mod send;
mod session;
pub mod settings;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_faults;

pub use air::{Incoming, Submitted};
pub(super) use air::{from_hex, read_pdu};
pub use faults::{Fault, ModemFaults};
pub use ledger::{ModemCounts, ModemLedger, SentMessage, SentPart};
pub use machine::{PortChange, SimModem};
pub use persona::{Persona, Usb};
pub use settings::{SimCard, SimModemSettings, SimNetwork, UssdEntry};
