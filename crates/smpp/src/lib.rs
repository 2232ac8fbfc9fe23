//! SMPP 3.4 and 5.0: PDUs to and from bytes, and the rules of a session, without any IO.
//!
//! | file | decides |
//! |---|---|
//! | [`frame`] | where one PDU ends and the next begins in a stream of octets |
//! | [`pdu`] | what the octets of one PDU mean, one PDU kind a file |
//! | [`tlv`] | the tags of optional parameters: name, type, length |
//! | [`status`] | the values of `command_status`: name, meaning, what they ask of us |
//! | [`session`] | bind, window, keep-alive, timers and unbind of one session, as ESME or as SMSC |
//! | [`profile`] | what is particular about one carrier, as data |
//! | [`submit`], [`outcome`] | the request that carries a segment; what its answer means |
//! | [`inbound`], [`receipt`] | what a delivery is: a message, or a receipt and what it says |
//! | [`addressing`], [`coding`], [`content`], [`time_text`] | addresses, alphabets, user data and times as carriers write them |
//!
//! A frame is decoded leniently, as carriers really write them, and what was odd about it is noted beside it
//! ([`pdu::Quirk`]); a PDU is encoded strictly, so that no carrier has to be lenient with us.
//!
//! ```
//! use postrider_smpp::{Body, Pdu};
//!
//! let octets = b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x07";
//! let read = Pdu::decode(&bytes::Bytes::from_static(octets)).unwrap();
//! assert_eq!((read.pdu.sequence_number, read.pdu.body), (7, Body::EnquireLink));
//! ```

pub mod addressing;
pub mod coding;
pub mod content;
pub mod frame;
pub mod inbound;
pub mod outcome;
pub mod pdu;
pub mod profile;
pub mod receipt;
pub mod session;
pub mod status;
pub mod submit;
pub mod time_text;
pub mod tlv;

pub use frame::{FRAME_OCTETS_MAX, FrameError, FrameSplitter};
pub use pdu::{Body, CommandId, DecodeError, Decoded, EncodeError, EncodeLimits, Header, Pdu, Quirk};
pub use status::CommandStatus;
pub use tlv::Tag;
