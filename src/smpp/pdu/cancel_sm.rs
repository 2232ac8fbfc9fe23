//! `cancel_sm`: withdraws messages that wait at the carrier.

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};

/// Withdraws one message, or all from one sender to one recipient (4.9.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CancelSm {
    /// Which application it is for; usually empty.
    pub service_type: COctetString<6>,
    /// The message; empty for all that the addresses match.
    pub message_id: COctetString<65>,
    /// `source_addr_ton`, `source_addr_npi`, `source_addr`: who sends.
    pub source_addr: Address,
    /// `dest_addr_ton`, `dest_addr_npi`, `destination_addr`: who gets it.
    pub destination_addr: Address,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl CancelSm {
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        Ok(Self {
            service_type: reader.c_octets("service_type")?,
            message_id: reader.c_octets("message_id")?,
            source_addr: Address::decode(reader, "source_addr")?,
            destination_addr: Address::decode(reader, "destination_addr")?,
            tlvs: reader.tlvs(),
        })
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("service_type", &self.service_type)?;
        out.c_octets("message_id", &self.message_id)?;
        self.source_addr.encode(out, "source_addr")?;
        self.destination_addr.encode(out, "destination_addr")?;
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("service_type", &self.service_type);
        out.text("message_id", &self.message_id);
        out.address("source_addr", &self.source_addr);
        out.address("destination_addr", &self.destination_addr);
        out.tlvs(&self.tlvs);
    }
}
