//! The rules that decide about a message, as functions over values: no clock, no file, no database.
//!
//! - [`lifecycle`]: which state follows from what happened
//! - [`parts`]: where each part of a message stands, and what the message does next
//! - [`retry`]: whether and when a message is tried again
//! - [`callback_retry`]: whether and when a callback is tried again
//! - [`callback_targets`]: how many callbacks may be on their way to which target
//! - [`throttle`]: when the next segment may leave
//! - [`limits`]: limits that several stages must agree on
//! - [`lanes`]: who goes first when a link has too few slots for all
//! - [`redelivery`]: whether an incoming message is an earlier one once more
//! - [`reassembly`]: which long message an incoming part belongs to
//! - [`report`]: which send a modem's status report is about
//! - [`receipt_match`]: which send a carrier's receipt is about, and how the carrier writes its ids
//! - [`routes`]: which links a message may take
//! - [`pool`]: which modem of a group takes a message
//! - [`caps`], [`pace`]: how much a SIM may send, and when it may send again
//! - [`balance`], [`sim_care`]: what a SIM's credit is, and what keeps the SIM alive
//! - [`pattern`]: how the regular expressions that people write are compiled
//! - [`departure`]: when texts would leave, foretold
//! - [`wall_clock`]: whether the clock was set, and whether it is believed

pub mod balance;
pub mod callback_retry;
pub mod callback_targets;
pub mod caps;
pub mod departure;
pub mod lanes;
pub mod lifecycle;
pub mod limits;
pub mod pace;
pub mod parts;
pub mod pattern;
pub mod pool;
pub mod reassembly;
pub mod receipt_match;
pub mod redelivery;
pub mod report;
pub mod retry;
pub mod routes;
pub mod sim_care;
pub mod throttle;
pub mod wall_clock;
