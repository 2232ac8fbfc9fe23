//! What a carrier says about a message that it took.

use std::fmt;

use super::{PhoneNumber, Sender, State, Timestamp};

/// The id that a carrier gave to one segment, exactly as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CarrierMessageId(Box<str>);

impl CarrierMessageId {
    /// Takes the id as the carrier wrote it. An empty id is none.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() { None } else { Some(Self(text.into())) }
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CarrierMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A delivery receipt, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Every id that the receipt names (TLV and text may disagree), most trusted first.
    pub ids: Vec<CarrierMessageId>,
    /// What it says: `Sent` for every intermediate state, or a final state.
    pub state: State,
    /// The carrier's own word or number for the state, as it came.
    pub raw_state: String,
    /// The carrier's error code, as it came; empty if none.
    pub error: String,
    /// The handset that the message was for. It must agree before a receipt is matched.
    pub recipient: Option<PhoneNumber>,
    /// The sender that the message had, as the receipt writes it.
    pub sender: Option<Sender>,
    /// When the carrier says that it happened.
    pub done_at: Option<Timestamp>,
}
