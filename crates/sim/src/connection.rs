//! One connection to the simulated carrier: its octets in and out, and what waits on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;

use super::delivery::Delivery;
use postrider_smpp::pdu::BindKind;
use postrider_smpp::{CommandStatus, FrameSplitter, Pdu};

/// Names one connection for as long as it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u32);

/// How far a connection came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody has said who they are.
    Open,
    /// Bound to an account.
    Bound {
        /// The account.
        account: Arc<str>,
        /// Which way messages go.
        kind: BindKind,
    },
}

#[derive(Debug)]
pub(super) struct Connection {
    pub stage: Stage,
    pub splitter: FrameSplitter,
    pub out: BytesMut,
    pub opened_at: Instant,
    pub heard_at: Instant,
    pub enquired: bool,
    pub pdus: u32,
    /// Closed as soon as `out` is empty.
    pub closing: bool,
    next_sequence: u32,
    /// Deliveries that wait for their answer.
    pub outstanding: BTreeMap<u32, Delivery>,
}

impl Connection {
    pub fn new(now: Instant) -> Self {
        Self {
            stage: Stage::Open,
            splitter: FrameSplitter::default(),
            out: BytesMut::new(),
            opened_at: now,
            heard_at: now,
            enquired: false,
            pdus: 0,
            closing: false,
            next_sequence: 1,
            outstanding: BTreeMap::new(),
        }
    }

    pub fn account(&self) -> Option<&Arc<str>> {
        match &self.stage {
            Stage::Open => None,
            Stage::Bound { account, .. } => Some(account),
        }
    }

    pub fn transmits(&self) -> bool {
        matches!(&self.stage, Stage::Bound { kind, .. } if kind.transmits())
    }

    /// Whether this account's deliveries may go here.
    pub fn receives(&self, of: &str) -> bool {
        !self.closing && matches!(&self.stage, Stage::Bound { account, kind } if kind.receives() && **account == *of)
    }

    pub fn sequence(&mut self) -> u32 {
        let sequence = self.next_sequence;
        self.next_sequence = if sequence >= 0x7fff_ffff { 1 } else { sequence + 1 };
        sequence
    }

    /// Appends a PDU. One that cannot be encoded, from a client's odd values, becomes an answer that says so.
    pub fn send(&mut self, pdu: &Pdu) {
        if pdu.encode(&mut self.out).is_err() {
            let nack = Pdu::answer(CommandStatus::RSYSERR, pdu.sequence_number, postrider_smpp::Body::GenericNack);
            let _ = nack.encode(&mut self.out);
        }
    }

    /// The link breaks here and now: what was not written yet never leaves.
    pub fn drop_link(&mut self) {
        self.out.clear();
        self.closing = true;
    }
}
