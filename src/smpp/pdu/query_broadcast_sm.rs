//! `query_broadcast_sm`: asks what became of a broadcast (5.0), and the answer.

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::smpp::{CommandStatus, Tag};

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
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        Ok(Self {
            message_id: reader.c_octets("message_id")?,
            source_addr: Address::decode(reader, "source_addr")?,
            tlvs: reader.tlvs(),
        })
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
    pub(super) fn decode(ok: bool, reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        if reader.body_is_missing(ok) {
            return Ok(Self::default());
        }
        Ok(Self { message_id: reader.c_octets("message_id")?, tlvs: reader.required_tlvs(REQUIRED) })
    }

    #[inline]
    pub(super) fn encode(&self, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        // An error answer that has nothing to say is its header alone (4.4.2).
        if !status.is_ok() && *self == Self::default() {
            return Ok(());
        }
        out.c_octets("message_id", &self.message_id)?;
        out.required_tlvs(REQUIRED, &self.tlvs)
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("message_id", &self.message_id);
        out.tlvs(&self.tlvs);
    }
}
