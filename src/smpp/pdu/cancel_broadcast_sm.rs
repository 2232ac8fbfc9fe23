//! `cancel_broadcast_sm`: withdraws a broadcast (5.0).

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};

/// Withdraws a broadcast (5.0, 4.6.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CancelBroadcastSm {
    /// Which application it is for; usually empty.
    pub service_type: COctetString<6>,
    /// The broadcast; empty for all that the sender matches.
    pub message_id: COctetString<65>,
    /// The sender that it had.
    pub source_addr: Address,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl CancelBroadcastSm {
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        Ok(Self {
            service_type: reader.c_octets("service_type")?,
            message_id: reader.c_octets("message_id")?,
            source_addr: Address::decode(reader, "source_addr")?,
            tlvs: reader.tlvs(),
        })
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("service_type", &self.service_type)?;
        out.c_octets("message_id", &self.message_id)?;
        self.source_addr.encode(out, "source_addr")?;
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("service_type", &self.service_type);
        out.text("message_id", &self.message_id);
        out.address("source_addr", &self.source_addr);
        out.tlvs(&self.tlvs);
    }
}
