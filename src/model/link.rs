//! What passes between the pipeline and the links: names, capacity, outcomes and events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{CarrierMessageId, ErrorClass, InboundPart, MessageId, Receipt, Timestamp};

/// One bind of a carrier or one modem. All binds of a carrier are one group: receipts and rates are the group's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkName {
    /// The carrier or modem as the configuration names it.
    pub group: Arc<str>,
    /// Which of the group's binds, from 1.
    pub bind: u16,
}

impl LinkName {
    /// Bind number `bind` of `group`.
    pub fn new(group: &str, bind: u16) -> Self {
        Self { group: group.into(), bind }
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bind <= 1 { f.pad(&self.group) } else { write!(f, "{}/{}", self.group, self.bind) }
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

/// Names an incoming PDU that waits for its answer until the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AckToken {
    /// Which session of the link; an answer never goes to a later one.
    pub session: u32,
    /// The sequence number that the answer repeats.
    pub sequence: u32,
    /// Whether it was a `data_sm`, whose answer has another id.
    pub data_sm: bool,
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
}
