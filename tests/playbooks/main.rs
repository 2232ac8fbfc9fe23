//! Every playbook, in each of its languages, from what begins it to the texts on the handset, the reply, the click and the
//! report.
//!
//! The pipeline, the store, the SMPP session and the modem machine are the real ones; the carrier, the stick, the handsets
//! and the clock are simulated. Nothing sleeps: ninety days pass in a second.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    dead_code,
    reason = "a test may fail where it stands, and the machinery is shared with the simulation"
)]

mod buying;
mod calendar;
mod house;
#[path = "../simulation/link.rs"]
mod link;
#[path = "../simulation/modem_duel.rs"]
mod modem_duel;
mod network;
mod notices;
mod people;
mod points;
mod seen;
#[path = "../simulation/stick.rs"]
mod stick;
mod tongue;
mod winning;
