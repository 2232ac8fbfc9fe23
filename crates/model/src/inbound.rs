//! Messages that come in: one segment as it arrives, and the whole once it is together.

use super::{Alphabet, MessageId, Sender, Timestamp};

/// How a part belongs to a longer message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartOf {
    /// The sender's reference.
    pub reference: u16,
    /// Whether the reference was written with 16 bits. The same number with 8 bits belongs to another message.
    pub wide: bool,
    /// How many parts there are.
    pub total: u8,
    /// Which this is, from 1.
    pub number: u8,
}

/// One incoming segment, decoded as far as a segment can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundPart {
    /// Who sent it.
    pub from: Sender,
    /// Our number or short code.
    pub to: Sender,
    /// How the payload is to be read.
    pub alphabet: Alphabet,
    /// The user data without its header, as [`Encoded`](super::Encoded) keeps it.
    pub payload: Vec<u8>,
    /// Information elements besides the concatenation, in wire form without length octet.
    pub elements: Vec<u8>,
    /// Its place in a longer message, if it has one.
    pub part_of: Option<PartOf>,
    /// The network's time stamp, if it gave one.
    pub network_time: Option<Timestamp>,
}

/// A whole incoming message.
#[derive(Clone, PartialEq, Eq)]
pub struct InboundMessage {
    /// Its id.
    pub id: MessageId,
    /// Who sent it.
    pub from: Sender,
    /// Our number or short code.
    pub to: Sender,
    /// The text; `None` for data, or when the octets are no text.
    pub text: Option<String>,
    /// The raw user data of data messages.
    pub data: Option<Vec<u8>>,
    /// The link that it came in on.
    pub link: String,
    /// When its last part was stored.
    pub received_at: Timestamp,
    /// How many parts it had, and how many of them came.
    pub parts: (u8, u8),
}
