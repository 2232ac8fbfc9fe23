//! Cuts a stream of octets into frames, each holding one PDU with its header.

use bytes::{Bytes, BytesMut};

use super::pdu::HEADER_OCTETS;

/// The longest frame taken by default: a `message_payload` of 64 KiB and 2 KiB for everything else.
pub const FRAME_OCTETS_MAX: usize = 66 * 1024;

/// A length that cannot be: the stream is lost, because nobody knows where the next PDU begins.
///
/// The peer gets a `generic_nack` with `ESME_RINVCMDLEN` and the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("command_length is {command_length}, but a PDU has {HEADER_OCTETS} to {limit} octets")]
pub struct FrameError {
    /// What the peer announced.
    pub command_length: u32,
    /// The longest frame that is taken.
    pub limit: usize,
    /// The sequence number of the bad PDU, if that much of it had arrived.
    pub sequence_number: Option<u32>,
}

/// Gathers octets as they arrive and gives out whole frames.
///
/// It holds what was fed to it and nothing more: an announced length alone never makes it allocate beyond the limit.
#[derive(Debug)]
pub struct FrameSplitter {
    buffer: BytesMut,
    limit: usize,
}

impl Default for FrameSplitter {
    fn default() -> Self {
        Self::new(FRAME_OCTETS_MAX)
    }
}

impl FrameSplitter {
    /// A splitter that refuses frames longer than `limit` octets.
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit: limit.max(HEADER_OCTETS) }
    }

    /// Takes octets as they came. Call [`FrameSplitter::next_frame`] until it has no more before feeding again, so
    /// that less than one frame is ever left over.
    pub fn handle_bytes(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// The buffer itself, for a reader that appends to it without a copy.
    pub fn buffer_mut(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// How many octets wait for the rest of their frame.
    pub fn pending_octets(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole frame, header included; `None` until more octets come.
    ///
    /// After an error the stream cannot be read further; every later call gives the same error.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(length) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let command_length = u32::from_be_bytes(*length);
        let octets = usize::try_from(command_length).unwrap_or(usize::MAX);
        if octets < HEADER_OCTETS || octets > self.limit {
            let sequence_number = self
                .buffer
                .get(12..16)
                .and_then(|field| field.first_chunk::<4>())
                .map(|field| u32::from_be_bytes(*field));
            return Err(FrameError { command_length, limit: self.limit, sequence_number });
        }
        if self.buffer.len() < octets {
            // The rest is on its way; one allocation now saves several while it trickles in.
            self.buffer.reserve(octets - self.buffer.len());
            return Ok(None);
        }
        Ok(Some(self.buffer.split_to(octets).freeze()))
    }
}
