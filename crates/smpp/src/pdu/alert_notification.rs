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
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        self.source_addr.decode(reader, "source_addr")?;
        self.esme_addr.decode(reader, "esme_addr")?;
        self.tlvs = reader.tlvs();
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, read, reads_back};
    use super::*;
    use crate::{Body, Tag};

    fn body() -> AlertNotification {
        let mut tlvs = Tlvs::new();
        tlvs.push_u8(Tag::MS_AVAILABILITY_STATUS, 0);
        let source_addr = Address::new(1, 1, "491512345689");
        AlertNotification { source_addr, esme_addr: Address::new(0, 0, "postrider"), tlvs }
    }

    #[test]
    fn a_capture_reads_as_its_sender_meant_it() {
        assert_eq!(read(NODE_SMPP, "alert_notification").body, Body::AlertNotification(body()));
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::AlertNotification(body()));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("source_addr", 64, |text| {
            Body::AlertNotification(AlertNotification { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("esme_addr", 64, |text| {
            Body::AlertNotification(AlertNotification { esme_addr: Address::new(1, 1, text), ..body() })
        });
    }
}
