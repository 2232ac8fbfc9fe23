//! The simulated carrier and the simulated modem, without IO; both keep a ledger and make the faults that they are told to make.
//!
//! | file | decides |
//! |---|---|
//! | `settings`, `ids`, `faults` | what kind of carrier it is, how it writes ids, what goes wrong |
//! | `carrier` | what is due when: answers, receipts, timers, closings |
//! | `serve`, `message`, `answer`, `receipts` | what each PDU of a client gets for an answer, and what may go wrong with it |
//! | `connection`, `delivery` | one connection; one receipt or incoming message |
//! | `server` | nothing: it carries the octets over TCP and TLS |
//! | `ledger`, `assemble` | what is remembered, and what a person would read on the handset |
//! | `modem` | the simulated modem |
//! | `fixture`, `fixture_script`, `fixture_player` | what a recorded dialogue says, and how a modem is played by it |
//! | `modem_server` | nothing: it carries the modem's octets over pseudo terminals and TCP |
//!
//! It is used by `postrider demo`, `postrider bench` and the tests. The codec is the gateway's own; the session rules are
//! written anew, so that one mistake is not made on both sides.

mod answer;
pub mod assemble;
mod carrier;
mod connection;
pub mod delivery;
pub mod faults;
pub mod fixture;
mod fixture_player;
mod fixture_script;
#[cfg(test)]
mod fixture_tests;
pub mod ids;
pub mod ledger;
mod message;
pub mod modem;
pub mod modem_server;
mod receipts;
mod serve;
mod server;
pub mod settings;
#[cfg(test)]
mod tests;

pub use carrier::Carrier;
pub use connection::ConnectionId;
pub use delivery::Inbound;
pub use faults::Faults;
pub use fixture::Fixture;
pub use fixture_player::{Player, PlayerSettings};
pub use ids::{IdForm, IdForms};
pub use ledger::{Counts, Entry, Fate, Keep};
pub use server::{CarrierServer, ServerSettings};
pub use settings::{CarrierSettings, FinalState, ReceiptAddresses, ReceiptCoding, ReceiptPlace, ReceiptSettings};
