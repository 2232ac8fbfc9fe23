//! An outgoing message as a tool asks for it, and as a link gets it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::{Allowance, Encoded, Indication, MessageId, PhoneNumber, SegmentTurn, Sender, Timestamp};

/// What is to arrive on the handset.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Text, in any script.
    Text(String),
    /// Octets with the caller's own header.
    Data(Data),
}

/// Texts are personal: debug output tells their length only.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} characters)", text.chars().count()),
            Self::Data(data) => write!(f, "Data({} octets)", data.octets.len()),
        }
    }
}

/// 8-bit data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Data {
    /// The user data without its header.
    pub octets: Vec<u8>,
    /// Information elements in wire form, without the leading length octet.
    pub elements: Vec<u8>,
}

/// What kind of message it is. It decides the lane, and what a doubt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A one-time code: first in every queue.
    Otp,
    /// About something that the recipient did: orders, appointments.
    Transactional,
    /// Advertising: last in every queue, and only in allowed hours.
    Marketing,
}

impl Class {
    /// All classes, most urgent first.
    pub const ALL: [Self; 3] = [Self::Otp, Self::Transactional, Self::Marketing];

    /// The class's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Otp => "otp",
            Self::Transactional => "transactional",
            Self::Marketing => "marketing",
        }
    }

    /// The lane of the class: 0 is served first.
    pub const fn lane(self) -> usize {
        match self {
            Self::Otp => 0,
            Self::Transactional => 1,
            Self::Marketing => 2,
        }
    }

    /// What a doubt means unless the message says otherwise: marketing waits, the others are sent again.
    pub const fn on_doubt(self) -> OnDoubt {
        match self {
            Self::Otp | Self::Transactional => OnDoubt::Resend,
            Self::Marketing => OnDoubt::Hold,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is not a class (otp, transactional, marketing)"))
    }
}

/// What to do when nobody can tell whether a message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnDoubt {
    /// Wait for a receipt or a person: at most one copy.
    Hold,
    /// Send once more: at most two copies, at least one.
    Resend,
}

impl OnDoubt {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Resend => "resend",
        }
    }
}

impl FromStr for OnDoubt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "hold" => Ok(Self::Hold),
            "resend" => Ok(Self::Resend),
            _ => Err(format!("\"{text}\" is neither hold nor resend")),
        }
    }
}

/// A message that passed the door: every field is parsed, nothing is stored yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The recipient.
    pub to: PhoneNumber,
    /// The sender; the route's own if absent.
    pub from: Option<Sender>,
    /// Text or data.
    pub body: Body,
    /// Its class.
    pub class: Class,
    /// Flash, silent, replace, waiting sign, ports.
    pub indication: Indication,
    /// The tool's own name for the message, returned in answers and callbacks.
    pub reference: Option<String>,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// Not before this.
    pub send_at: Option<Timestamp>,
    /// How long after `send_at` (or acceptance) it is still worth sending; the class's default if absent.
    pub valid_for: Option<Duration>,
    /// What a doubt means; the class's default if absent.
    pub on_doubt: Option<OnDoubt>,
    /// Where changes of state are posted; the configured target if absent.
    pub callback: Option<String>,
    /// Whether characters may be replaced to stay in GSM 7-bit; the route's setting if absent.
    pub transliterate: Option<bool>,
    /// The route to take; chosen by rules if absent.
    pub route: Option<String>,
    /// The only modem that may carry it, as `group/name`; any link of its route if absent.
    pub link: Option<String>,
    /// Values for a carrier's per-message TLVs, by the name that its configuration gives them.
    pub parameters: BTreeMap<String, String>,
    /// The recipient's own time zone, by its IANA name; guessed from the number if absent.
    pub time_zone: Option<String>,
    /// Why quiet hours, caps and missing consent do not hold for this one. An opt-out always holds.
    pub exempt: Option<String>,
}

impl NewMessage {
    /// A transactional text to `to` with nothing special about it.
    pub fn text(to: PhoneNumber, text: impl Into<String>) -> Self {
        Self {
            to,
            from: None,
            body: Body::Text(text.into()),
            class: Class::Transactional,
            indication: Indication::default(),
            reference: None,
            tags: Vec::new(),
            send_at: None,
            valid_for: None,
            on_doubt: None,
            callback: None,
            transliterate: None,
            route: None,
            link: None,
            parameters: BTreeMap::new(),
            time_zone: None,
            exempt: None,
        }
    }
}

/// A leased message on its way to one link: what to send, and which of its segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The message.
    pub message: MessageId,
    /// Which lease this is, from 1. Outcomes name it, so that a late one cannot be taken for another.
    pub attempt: u32,
    /// The sender; the link's own if absent.
    pub from: Option<Sender>,
    /// The recipient.
    pub to: PhoneNumber,
    /// Its class: some carriers are told the priority.
    pub class: Class,
    /// The whole message in transport form.
    pub encoded: Arc<Encoded>,
    /// The segments to send, in order. Those that the carrier already took are not among them.
    pub turns: Vec<SegmentTurn>,
    /// By the contract's rate, the shortest time between two segments: a link that was held up does not make up for it.
    pub gap: Duration,
    /// What the contract allows all links of the carrier together, which they keep as segments leave.
    pub allowance: Option<Allowance>,
    /// The carrier may give up after this.
    pub valid_until: Timestamp,
    /// Values for the carrier's per-message TLVs.
    pub parameters: BTreeMap<String, String>,
}
