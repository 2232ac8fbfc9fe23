//! What can be wrong with a PDU: errors that stop decoding, quirks that do not, and what encoding refuses.

use super::Header;
use crate::{CommandStatus, Tag};

/// A frame that cannot be understood. It ends neither the session nor the connection: it is answered by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The octets are not one frame with a whole header.
    #[error("a frame of {octets} octets is not one PDU")]
    NotOneFrame {
        /// How many octets there were.
        octets: usize,
    },
    /// The header was read and the body could not be.
    #[error("{} {}: {error}", header.command_id, header.sequence_number)]
    Body {
        /// The header.
        header: Header,
        /// What was wrong.
        error: BodyError,
    },
}

impl DecodeError {
    /// The header, by which the PDU is answered.
    pub const fn header(&self) -> Option<Header> {
        match self {
            Self::NotOneFrame { .. } => None,
            Self::Body { header, .. } => Some(*header),
        }
    }

    /// The status to answer with.
    pub const fn status(&self) -> CommandStatus {
        match self {
            Self::NotOneFrame { .. } | Self::Body { error: BodyError::Cut { .. }, .. } => CommandStatus::RINVCMDLEN,
            Self::Body { error: BodyError::DestFlag { .. }, .. } => CommandStatus::RINVDESTFLAG,
        }
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// A mandatory field lies beyond the end of the PDU.
    #[error("the PDU ends before {field}")]
    Cut {
        /// The first field that is not there.
        field: &'static str,
    },
    /// A destination of `submit_multi` is neither an address nor a list.
    #[error("dest_flag is {flag}, not 1 or 2")]
    DestFlag {
        /// What it is.
        flag: u8,
    },
}

/// Something that a strict reader would refuse, noted and passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Quirk {
    /// A text is longer than its field may be; it was kept whole.
    #[error("{field} has {octets} octets, more than its limit")]
    OverLimit {
        /// The field.
        field: &'static str,
        /// Octets of the text, without the NUL.
        octets: usize,
    },
    /// The PDU ended before the NUL of a text; the text was kept.
    #[error("{field} has no NUL at its end")]
    MissingNul {
        /// The field.
        field: &'static str,
    },
    /// `sm_length` says more than the PDU holds; what was there was kept.
    #[error("sm_length is {announced}, but only {held} octets follow")]
    ShortMessageCut {
        /// `sm_length`.
        announced: u8,
        /// Octets that were there.
        held: usize,
    },
    /// A TLV says more than the PDU holds; it was dropped.
    #[error("TLV {tag} announces {announced} octets, but only {held} follow")]
    TlvCut {
        /// Its tag.
        tag: Tag,
        /// Its length field.
        announced: u16,
        /// Octets that were there.
        held: usize,
    },
    /// Octets after the last field that make no TLV; they were dropped.
    #[error("{octets} octets follow the last field")]
    TrailingOctets {
        /// How many.
        octets: usize,
    },
    /// A response that says "no error" came without the body that it must have.
    #[error("the body is missing")]
    MissingBody,
    /// A response came with TLVs in the place of its fields.
    #[error("TLVs stand in the place of the body's fields")]
    TlvsAlone,
    /// A TLV that this PDU must have is not there.
    #[error("TLV {tag} is missing")]
    MissingTlv {
        /// Its tag.
        tag: Tag,
    },
    /// There is text both in `short_message` and in `message_payload`.
    #[error("short_message and message_payload are both there")]
    TextTwice,
}

/// A value that the specification does not let us send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A text or a block of octets is longer than its field.
    #[error("{field} has {octets} octets, but at most {limit} are allowed")]
    TooLong {
        /// The field.
        field: &'static str,
        /// How many octets it has.
        octets: usize,
        /// How many it may have.
        limit: usize,
    },
    /// A NUL inside a text would end it early.
    #[error("{field} has a NUL octet inside")]
    NulInside {
        /// The field.
        field: &'static str,
    },
    /// A time is neither empty nor 16 characters.
    #[error("{field} has {octets} characters, but a time is empty or has 16")]
    NotATime {
        /// The field.
        field: &'static str,
        /// How many it has.
        octets: usize,
    },
    /// More entries than one octet can count.
    #[error("{field} has {count} entries, but at most {limit} are allowed")]
    TooMany {
        /// The field.
        field: &'static str,
        /// How many.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The value of a TLV is longer than its length field can say.
    #[error("TLV {tag} has {octets} octets, but at most 65535 are allowed")]
    TlvTooLong {
        /// The tag.
        tag: Tag,
        /// How many octets.
        octets: usize,
    },
    /// A response came with TLVs in the place of its fields.
    #[error("TLVs stand in the place of the body's fields")]
    TlvsAlone,
    /// A TLV that this PDU must have is not there.
    #[error("TLV {tag} is missing")]
    MissingTlv {
        /// Its tag.
        tag: Tag,
    },
    /// `sm_length` must be 0 when the text is in `message_payload` (3.4, 5.3.2.32).
    #[error("short_message and message_payload are both there")]
    TextTwice,
}
