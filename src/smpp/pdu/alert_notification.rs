//! `alert_notification`: the carrier says that a handset can be reached again.

use super::{Address, BodyError, Description, EncodeError, Reader, Tlvs, Writer};

/// A handset that was away is back (4.12.1). It has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertNotification {
    /// The handset.
    pub source_addr: Address<65>,
    /// Who asked to be told.
    pub esme_addr: Address<65>,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl AlertNotification {
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        Ok(Self {
            source_addr: Address::decode(reader, "source_addr")?,
            esme_addr: Address::decode(reader, "esme_addr")?,
            tlvs: reader.tlvs(),
        })
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.source_addr.encode(out, "source_addr")?;
        self.esme_addr.encode(out, "esme_addr")?;
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.address("source_addr", &self.source_addr);
        out.address("esme_addr", &self.esme_addr);
        out.tlvs(&self.tlvs);
    }
}
