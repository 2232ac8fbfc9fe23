//! Holds the octets that are to be sent, and counts them, so that after a loss each request is known as sent or not.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::Tap;
use crate::{EncodeError, EncodeLimits, Pdu};

/// The octets on their way out of one session.
#[derive(Debug, Default)]
pub struct Outbox {
    buffer: BytesMut,
    /// Octets that were taken by the transport since the session began.
    taken: u64,
    tap: Option<Arc<dyn Tap>>,
}

impl Outbox {
    /// An empty one that shows `tap` what is written.
    pub fn new(tap: Option<Arc<dyn Tap>>) -> Self {
        Self { tap, ..Self::default() }
    }

    /// Appends a PDU; gives the count of octets written so far, this PDU included.
    pub fn write(&mut self, limits: &EncodeLimits, pdu: &Pdu) -> Result<u64, EncodeError> {
        let start = self.buffer.len();
        pdu.encode_within(limits, &mut self.buffer)?;
        if let (Some(tap), Some(octets)) = (&self.tap, self.buffer.get(start..)) {
            tap.handle_sent(octets);
        }
        Ok(self.taken + octets(self.buffer.len()))
    }

    /// Everything that waits, always whole PDUs.
    pub fn take(&mut self) -> Option<Bytes> {
        if self.buffer.is_empty() {
            return None;
        }
        self.taken += octets(self.buffer.len());
        Some(self.buffer.split().freeze())
    }

    /// How many octets wait to be taken.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// How many octets reached the kernel, when the transport could not write the last `unsent` that it took.
    pub fn sent(&self, unsent: usize) -> u64 {
        self.taken.saturating_sub(octets(unsent))
    }
}

fn octets(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
