//! What passes between the pipeline and the links: names, capacity, outcomes and events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{CarrierMessageId, ErrorClass, InboundPart, MessageId, ModemNotice, Receipt, Timestamp};

/// One bind of a carrier, or one modem of a group of modems. Receipts are matched within the group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkName {
    /// The carrier or the group of modems as the configuration names it.
    pub group: Arc<str>,
    /// Which of the carrier's binds, from 1; 0 for a modem.
    pub bind: u16,
    /// The modem's name within its group; absent for a bind.
    pub modem: Option<Arc<str>>,
}

impl LinkName {
    /// Bind number `bind` of `group`.
    pub fn new(group: &str, bind: u16) -> Self {
        Self { group: group.into(), bind, modem: None }
    }

    /// The modem `name` of `group`, shown as `group/name`.
    pub fn modem(group: &str, name: &str) -> Self {
        Self { group: group.into(), bind: 0, modem: Some(name.into()) }
    }

    /// Reads back a link as it is shown: `north`, `north/2`, `sticks/one`.
    pub fn parse(shown: &str) -> Self {
        match shown.split_once('/') {
            None => Self::new(shown, 1),
            Some((group, name)) => {
                name.parse().map_or_else(|_| Self::modem(group, name), |bind| Self::new(group, bind))
            }
        }
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.modem {
            Some(modem) => write!(f, "{}/{modem}", self.group),
            None if self.bind <= 1 => f.pad(&self.group),
            None => write!(f, "{}/{}", self.group, self.bind),
        }
    }
}

impl fmt::Debug for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a link is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkHealth {
    /// Not there yet, or not there any more; the text says why.
    Down(String),
    /// Ready to take submissions.
    Up,
    /// There, but not to be used until an instant.
    Paused {
        /// When it may be used again.
        until: Timestamp,
        /// Why it is paused.
        reason: String,
    },
}

/// How many segments a link can take now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capacity {
    /// Segments that may be leased to it beyond those it already holds.
    pub free_segments: usize,
}

/// Names an incoming PDU, or a notice of a modem, that waits for its answer until the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AckToken {
    /// Which session of the link, or which opening of a modem's port; an answer never goes to a later one.
    pub session: u32,
    /// The sequence number that the answer repeats; a modem's own count.
    pub sequence: u32,
    /// Whether it was a `data_sm`, whose answer has another id; never for a modem.
    pub data_sm: bool,
    /// Which of the session's deliveries it is, from 1; 0 for a modem. What the carrier read of our answers is told by it.
    pub place: u64,
    /// When it came.
    pub came_at: Timestamp,
}

/// What became known of a session, as far as its deliveries are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionNews {
    /// It is bound.
    Began,
    /// The carrier has certainly read our answers to its first so many deliveries.
    Read {
        /// How many.
        up_to: u64,
    },
    /// It will never be known whether the carrier read our answers to these deliveries, though it answered later ones.
    Missed {
        /// The last before them.
        after: u64,
        /// The last of them.
        up_to: u64,
    },
    /// It is over. Whether the carrier got the answers that were not told of as read, nobody knows.
    Ended,
}

/// What became of one segment that was handed to a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitOutcome {
    /// The carrier took it. Without an id no receipt can be matched.
    Accepted {
        /// The carrier's id.
        carrier_id: Option<CarrierMessageId>,
    },
    /// The carrier refused it.
    Refused {
        /// What the code asks of us.
        class: ErrorClass,
        /// The carrier's code.
        code: u32,
        /// The code's name and meaning, for people.
        reason: String,
        /// How long the link wants to be left alone, if it said so.
        retry_after: Option<Duration>,
    },
    /// No byte of it left: it can be sent again without doubt.
    NotSent {
        /// Why not.
        reason: String,
    },
    /// Bytes left and no answer came: it may have been sent.
    Unanswered {
        /// What happened instead of an answer.
        reason: String,
    },
}

/// The outcome of one segment of one lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitResult {
    /// The message.
    pub message: MessageId,
    /// The lease that it answers.
    pub attempt: u32,
    /// The segment, from 0.
    pub index: u8,
    /// What became of it.
    pub outcome: SubmitOutcome,
}

/// What a link reports. The settler turns it into rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A segment has its outcome, at first or late.
    Submit(SubmitResult),
    /// A delivery receipt came; it is acknowledged once stored.
    Receipt {
        /// What it says.
        receipt: Receipt,
        /// The PDU to acknowledge.
        ack: Option<AckToken>,
    },
    /// A part of an incoming message came; it is acknowledged once stored.
    Inbound {
        /// The part.
        part: InboundPart,
        /// The PDU to acknowledge.
        ack: Option<AckToken>,
    },
    /// The link came up, went down or paused.
    Health(LinkHealth),
    /// A session of the link began, went on or ended.
    Session {
        /// Which, as acknowledgements name it.
        session: u32,
        /// What became known.
        news: SessionNews,
    },
    /// A modem has something for the store.
    Modem {
        /// What it is.
        notice: ModemNotice,
        /// What waits until it is stored.
        ack: Option<AckToken>,
    },
}
