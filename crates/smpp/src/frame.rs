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

#[cfg(test)]
mod tests {
    use super::*;

    const ENQUIRE_LINK: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 9];

    fn frame(octets: usize) -> Vec<u8> {
        let mut frame = vec![0xaa; octets];
        frame[..4].copy_from_slice(&u32::try_from(octets).unwrap().to_be_bytes());
        frame
    }

    #[test]
    fn frames_come_out_whole_however_they_arrive() {
        let stream: Vec<u8> = [&ENQUIRE_LINK[..], &frame(17), &frame(300), &ENQUIRE_LINK[..]].concat();
        for piece in [1, 2, 3, 7, 16, 17, 100, 1000] {
            let mut splitter = FrameSplitter::default();
            let mut found = Vec::new();
            for octets in stream.chunks(piece) {
                splitter.handle_bytes(octets);
                while let Some(frame) = splitter.next_frame().unwrap() {
                    found.push(frame);
                }
            }
            assert_eq!(found.iter().map(Bytes::len).collect::<Vec<_>>(), [16, 17, 300, 16], "pieces of {piece}");
            assert_eq!(found.concat(), stream);
            assert_eq!(splitter.pending_octets(), 0);
        }
    }

    #[test]
    fn a_length_below_a_header_or_above_the_limit_is_named() {
        for (command_length, ok) in [(0, false), (15, false), (16, true), (100, true), (101, false), (u32::MAX, false)]
        {
            let mut splitter = FrameSplitter::new(100);
            splitter.handle_bytes(&command_length.to_be_bytes());
            let expected = FrameError { command_length, limit: 100, sequence_number: None };
            let found = splitter.next_frame();
            assert_eq!(found, if ok { Ok(None) } else { Err(expected) });
            assert_eq!(splitter.next_frame(), found, "an error stays");
        }
        let error = FrameError { command_length: 5, limit: 100, sequence_number: None };
        assert_eq!(error.to_string(), "command_length is 5, but a PDU has 16 to 100 octets");
    }

    #[test]
    fn a_bad_length_is_answered_by_its_number_when_that_has_come() {
        let mut splitter = FrameSplitter::default();
        let mut bad = ENQUIRE_LINK;
        bad[3] = 15;
        splitter.handle_bytes(&bad);
        assert_eq!(splitter.next_frame().unwrap_err().sequence_number, Some(9));
    }

    #[test]
    fn an_announced_length_never_makes_it_reserve_more_than_the_limit() {
        let mut splitter = FrameSplitter::default();
        splitter.handle_bytes(&0x7fff_ffff_u32.to_be_bytes());
        assert!(splitter.next_frame().is_err());
        assert!(splitter.buffer_mut().capacity() < 1024);
        let mut splitter = FrameSplitter::default();
        splitter.handle_bytes(&u32::try_from(FRAME_OCTETS_MAX).unwrap().to_be_bytes());
        assert_eq!(splitter.next_frame(), Ok(None));
        assert!(splitter.buffer_mut().capacity() <= 2 * FRAME_OCTETS_MAX);
    }
}
