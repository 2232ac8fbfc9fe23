//! One PDU whole: its header around its body, read from a frame and written into a buffer.

use bytes::{Bytes, BytesMut};

use super::{Body, CommandId, DecodeError, EncodeError, EncodeLimits, Quirk, Reader, Writer};
use crate::CommandStatus;

/// Octets of a header.
pub const HEADER_OCTETS: usize = 16;

/// The four fields that open every PDU (3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Octets of the whole PDU, this header included.
    pub command_length: u32,
    /// Which PDU it is.
    pub command_id: CommandId,
    /// 0 in requests; in answers what became of the request.
    pub command_status: CommandStatus,
    /// Ties an answer to its request.
    pub sequence_number: u32,
}

impl Header {
    /// Reads the first 16 octets of a frame.
    #[inline]
    pub fn decode(frame: &[u8]) -> Option<Self> {
        let octets = frame.first_chunk::<HEADER_OCTETS>()?;
        let field = |at: usize| u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]);
        Some(Self {
            command_length: field(0),
            command_id: CommandId(field(4)),
            command_status: CommandStatus(field(8)),
            sequence_number: field(12),
        })
    }
}

/// One PDU. Its `command_length` and `command_id` follow from the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// 0 in requests; in answers what became of the request.
    pub command_status: CommandStatus,
    /// Ties an answer to its request: 1 to 0x7fffffff, though any value is taken and echoed.
    pub sequence_number: u32,
    /// Everything else.
    pub body: Body,
}

/// A PDU and what was odd about its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The PDU.
    pub pdu: Pdu,
    /// What a strict reader would have refused; empty for almost every PDU.
    pub quirks: Vec<Quirk>,
}

impl Pdu {
    /// A request.
    pub const fn request(sequence_number: u32, body: Body) -> Self {
        Self { command_status: CommandStatus::ROK, sequence_number, body }
    }

    /// An answer.
    pub const fn answer(command_status: CommandStatus, sequence_number: u32, body: Body) -> Self {
        Self { command_status, sequence_number, body }
    }

    /// Reads one frame, header included. Values are slices of it where that is cheaper than a copy.
    pub fn decode(frame: &Bytes) -> Result<Decoded, DecodeError> {
        let octets = frame.len();
        let Some(header) = Header::decode(frame) else { return Err(DecodeError::NotOneFrame { octets }) };
        if usize::try_from(header.command_length) != Ok(octets) {
            return Err(DecodeError::NotOneFrame { octets });
        }
        let Header { command_id, command_status, sequence_number, .. } = header;
        let pdu = Self { command_status, sequence_number, body: Body::blank(command_id) };
        let mut decoded = Decoded { pdu, quirks: Vec::new() };
        let mut reader = Reader::new(frame);
        if let Err(error) = decoded.pdu.body.decode(command_status, &mut reader) {
            return Err(DecodeError::Body { header, error });
        }
        decoded.quirks = reader.finish();
        Ok(decoded)
    }

    /// Appends the PDU to `out` within the limits of SMPP 3.4. After an error `out` is as before.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.encode_within(&EncodeLimits::SMPP_3_4, out)
    }

    /// Appends the PDU to `out` within limits that a carrier may have stretched. After an error `out` is as before.
    pub fn encode_within(&self, limits: &EncodeLimits, out: &mut BytesMut) -> Result<(), EncodeError> {
        let start = out.len();
        let mut writer = Writer::new(out, limits);
        writer.array(&[0; 4]);
        writer.array(&self.body.command_id().0.to_be_bytes());
        writer.array(&self.command_status.0.to_be_bytes());
        writer.array(&self.sequence_number.to_be_bytes());
        let written = self.body.encode(self.command_status, &mut writer);
        let octets = writer.finish() - start;
        match (written, u32::try_from(octets), out.get_mut(start..start + 4)) {
            (Ok(()), Ok(command_length), Some(field)) => {
                field.copy_from_slice(&command_length.to_be_bytes());
                Ok(())
            }
            (written, _, _) => {
                out.truncate(start);
                written?;
                Err(EncodeError::TooLong { field: "command_length", octets, limit: u32::MAX as usize })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SubmitSm;
    use super::super::testing::{NODE_SMPP, QUIRKS, SMPPLIB, SPECIFICATION, capture, captures, read};
    use super::*;

    #[test]
    fn every_good_capture_reads_without_a_quirk_and_writes_the_same_octets() {
        for fixture in [NODE_SMPP, SMPPLIB, SPECIFICATION] {
            for (name, _) in captures(fixture) {
                let pdu = read(fixture, name);
                assert!(name.starts_with(pdu.body.command_id().name()), "{name}");
            }
        }
    }

    #[test]
    fn pdus_without_a_body_read_and_octets_after_them_are_noted() {
        let bodies = [
            ("enquire_link", Body::EnquireLink),
            ("enquire_link_resp", Body::EnquireLinkResp),
            ("unbind", Body::Unbind),
            ("unbind_resp", Body::UnbindResp),
            ("generic_nack", Body::GenericNack),
        ];
        for (name, body) in bodies {
            assert_eq!(read(NODE_SMPP, name).body, body);
        }
        let decoded = Pdu::decode(&capture(QUIRKS, "enquire_link_with_body")).unwrap();
        assert_eq!(decoded.pdu, Pdu::request(11, Body::EnquireLink));
        assert_eq!(decoded.quirks, [Quirk::TrailingOctets { octets: 1 }]);
    }

    #[test]
    fn an_unknown_command_is_kept_as_it_came() {
        let frame = capture(QUIRKS, "unknown_command");
        let decoded = Pdu::decode(&frame).unwrap();
        let body = Body::Unknown { command_id: CommandId(0x0100_0001), octets: Bytes::from_static(&[1, 2, 3]) };
        assert_eq!(decoded.pdu, Pdu::request(12, body));
        let mut again = BytesMut::new();
        decoded.pdu.encode(&mut again).unwrap();
        assert_eq!(again, frame);
    }

    #[test]
    fn answers_that_end_early_or_say_too_much_are_taken() {
        let message_id = |name| {
            let decoded = Pdu::decode(&capture(QUIRKS, name)).unwrap();
            let Body::SubmitSmResp(resp) = decoded.pdu.body else { panic!("not an answer") };
            (resp.message_id.to_text().into_owned(), decoded.quirks)
        };
        let field = "message_id";
        assert_eq!(message_id("submit_resp_without_nul"), ("0972660181".into(), vec![Quirk::MissingNul { field }]));
        assert_eq!(message_id("submit_resp_without_body"), (String::new(), vec![Quirk::MissingBody]));
        let long = ("a1b2c3d4e5".repeat(7), vec![Quirk::OverLimit { field, octets: 70 }]);
        assert_eq!(message_id("submit_resp_long_id"), long);
    }

    #[test]
    fn a_body_that_cannot_be_read_is_answered_by_its_number() {
        let error = Pdu::decode(&capture(QUIRKS, "deliver_too_short")).unwrap_err();
        assert_eq!(error.header().map(|header| header.sequence_number), Some(13));
        assert_eq!(error.status(), CommandStatus::RINVCMDLEN);
        assert_eq!(error.to_string(), "deliver_sm 13: the PDU ends before destination_addr");
    }

    #[test]
    fn what_is_not_one_frame_is_refused() {
        let frame = capture(NODE_SMPP, "enquire_link");
        assert_eq!(Pdu::decode(&frame.slice(..15)), Err(DecodeError::NotOneFrame { octets: 15 }));
        let two: Bytes = [&frame[..], &frame[..]].concat().into();
        assert_eq!(Pdu::decode(&two), Err(DecodeError::NotOneFrame { octets: 32 }));
    }

    #[test]
    fn a_refused_pdu_leaves_nothing_behind() {
        let mut out = BytesMut::from(&b"before"[..]);
        let bad = SubmitSm { service_type: "too long".into(), ..SubmitSm::default() };
        assert!(Pdu::request(1, Body::SubmitSm(bad)).encode(&mut out).is_err());
        assert_eq!(out, "before");
    }
}
