//! `query_sm`: asks what became of a message, and the answer.

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::smpp::CommandStatus;

/// Asks for the state of a message (4.8.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuerySm {
    /// The carrier's id of the message, as its answer gave it.
    pub message_id: COctetString<65>,
    /// The sender that the message had.
    pub source_addr: Address,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl QuerySm {
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

/// The state of a message (4.8.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuerySmResp {
    /// The id that was asked for.
    pub message_id: COctetString<65>,
    /// When it reached its final state; empty before that. Often 10 or 12 digits instead of a full time.
    pub final_date: COctetString<17>,
    /// 0 to 9, as in the TLV of that name (5.2.28).
    pub message_state: u8,
    /// The network's error, if any.
    pub error_code: u8,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl QuerySmResp {
    #[inline]
    pub(super) fn decode(ok: bool, reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        if reader.body_is_missing(ok) {
            return Ok(Self::default());
        }
        Ok(Self {
            message_id: reader.c_octets("message_id")?,
            final_date: reader.c_octets("final_date")?,
            message_state: reader.u8("message_state")?,
            error_code: reader.u8("error_code")?,
            tlvs: reader.tlvs(),
        })
    }

    #[inline]
    pub(super) fn encode(&self, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        // An error answer that has nothing to say is its header alone (4.4.2).
        if !status.is_ok() && *self == Self::default() {
            return Ok(());
        }
        out.c_octets("message_id", &self.message_id)?;
        out.c_octets("final_date", &self.final_date)?;
        out.octets(&[self.message_state, self.error_code]);
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("message_id", &self.message_id);
        out.text("final_date", &self.final_date);
        out.number("message_state", self.message_state);
        out.number("error_code", self.error_code);
        out.tlvs(&self.tlvs);
    }
}
