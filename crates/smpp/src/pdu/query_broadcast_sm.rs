//! `query_broadcast_sm`: asks what became of a broadcast (5.0), and the answer.

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::{CommandStatus, Tag};

/// What the answer must say: the state, where, and how well it went (5.0, 4.6.3).
const REQUIRED: &[Tag] = &[Tag::MESSAGE_STATE, Tag::BROADCAST_AREA_IDENTIFIER, Tag::BROADCAST_AREA_SUCCESS];

/// Asks for the state of a broadcast (5.0, 4.6.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryBroadcastSm {
    /// The carrier's id of the broadcast.
    pub message_id: COctetString<65>,
    /// The sender that it had.
    pub source_addr: Address,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl QueryBroadcastSm {
    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("message_id", &mut self.message_id)?;
        self.source_addr.decode(reader, "source_addr")?;
        self.tlvs = reader.tlvs();
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("message_id", &self.message_id)?;
        self.source_addr.encode(out, "source_addr")?;
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("message_id", &self.message_id);
        out.address("source_addr", &self.source_addr);
        out.tlvs(&self.tlvs);
    }
}

/// The state of a broadcast (5.0, 4.6.3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryBroadcastSmResp {
    /// The id that was asked for.
    pub message_id: COctetString<65>,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl QueryBroadcastSmResp {
    #[inline]
    pub(super) fn decode(&mut self, ok: bool, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        if reader.body_is_missing(ok) {
            return Ok(());
        }
        reader.c_octets("message_id", &mut self.message_id)?;
        self.tlvs = if ok { reader.required_tlvs(REQUIRED) } else { reader.tlvs() };
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        // An error answer that has nothing to say is its header alone (4.4.2).
        if !status.is_ok() && *self == Self::default() {
            return Ok(());
        }
        out.c_octets("message_id", &self.message_id)?;
        if status.is_ok() {
            return out.required_tlvs(REQUIRED, &self.tlvs);
        }
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("message_id", &self.message_id);
        out.tlvs(&self.tlvs);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, read, reads_back};
    use super::*;
    use crate::{Body, Pdu};

    fn body() -> QueryBroadcastSm {
        let mut tlvs = Tlvs::new();
        tlvs.push_u16(Tag::USER_MESSAGE_REFERENCE, 9);
        QueryBroadcastSm { message_id: "b1".into(), source_addr: Address::new(5, 0, "postrider"), tlvs }
    }

    fn resp() -> QueryBroadcastSmResp {
        let mut tlvs = Tlvs::new();
        tlvs.push_u8(Tag::MESSAGE_STATE, 2);
        tlvs.push(Tag::BROADCAST_AREA_IDENTIFIER, b"\0BKK").unwrap();
        tlvs.push_u8(Tag::BROADCAST_AREA_SUCCESS, 90);
        QueryBroadcastSmResp { message_id: "b1".into(), tlvs }
    }

    #[test]
    fn captures_read_as_their_sender_meant_them() {
        assert_eq!(read(NODE_SMPP, "query_broadcast_sm").body, Body::QueryBroadcastSm(body()));
        assert_eq!(read(NODE_SMPP, "query_broadcast_sm_resp").body, Body::QueryBroadcastSmResp(resp()));
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::QueryBroadcastSm(body()));
        reads_back(Body::QueryBroadcastSmResp(resp()));
        testing::error_answer_is_its_header(Body::QueryBroadcastSmResp(QueryBroadcastSmResp::default()));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("message_id", 64, |text| {
            Body::QueryBroadcastSm(QueryBroadcastSm { message_id: text.into(), ..body() })
        });
        testing::limit("source_addr", 20, |text| {
            Body::QueryBroadcastSm(QueryBroadcastSm { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("message_id", 64, |text| {
            Body::QueryBroadcastSmResp(QueryBroadcastSmResp { message_id: text.into(), ..resp() })
        });
    }

    #[test]
    fn an_answer_without_a_state_is_refused() {
        let bare = QueryBroadcastSmResp { tlvs: Tlvs::new(), ..resp() };
        let refused = testing::encode(Body::QueryBroadcastSmResp(bare));
        assert_eq!(refused, Err(EncodeError::MissingTlv { tag: Tag::MESSAGE_STATE }));
        // An error needs no state, whatever else it says.
        let body = Body::QueryBroadcastSmResp(QueryBroadcastSmResp { tlvs: Tlvs::new(), ..resp() });
        let error = Pdu::answer(CommandStatus::RBCASTQUERYFAIL, 7, body);
        let mut out = bytes::BytesMut::new();
        assert_eq!(error.encode(&mut out), Ok(()));
        let decoded = Pdu::decode(&out.freeze()).unwrap();
        assert_eq!((decoded.pdu, decoded.quirks), (error, vec![]));
    }
}
