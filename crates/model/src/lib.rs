//! The nouns: ids, phone numbers, times, messages, segments, states, submissions, receipts, inbound messages.
//!
//! Every other module speaks in these types, so a number that was parsed at the door is never parsed again. Nothing
//! here reads a clock, a file or a socket.

mod allowance;
pub mod catalog;
mod country;
mod country_table;
mod id;
mod inbound;
mod link;
mod message;
mod modem;
mod national;
mod phone;
mod random;
mod receipt;
mod segment;
mod state;
mod target;
mod time;
mod trace;
mod written;

pub use allowance::Allowance;
pub use country::{Country, country_of};
pub use id::{IdClock, MessageId, ParseIdError};
pub use inbound::{InboundMessage, InboundPart, OLD_AFTER, PartOf, sane_network_time};
pub use link::{AckToken, Capacity, LinkEvent, LinkHealth, LinkName, SessionNews, SubmitOutcome, SubmitResult};
pub use message::{Body, Class, Data, NewMessage, OnDoubt, Submission};
pub use modem::{
    ModemAnswer, ModemCounters, ModemIdentity, ModemNotice, ModemRequest, ModemStage, ModemStatus, Registration,
    ResetKind, SimIdentity, StorageFill,
};
pub use phone::{PhoneError, PhoneNumber, Sender, mask};
pub use random::Random;
pub use receipt::{CarrierMessageId, IdRelation, Receipt};
pub use segment::{Alphabet, Concatenation, Encoded, Indication, SegmentTurn, Waiting};
pub use state::{ErrorClass, State};
pub use target::{AllowedTargets, origin_of};
pub use time::Timestamp;
pub use trace::TraceLine;
pub use written::{TAIL_DIGITS_MIN, is_written};
