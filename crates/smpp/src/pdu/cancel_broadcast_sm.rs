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
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("service_type", &mut self.service_type)?;
        reader.c_octets("message_id", &mut self.message_id)?;
        self.source_addr.decode(reader, "source_addr")?;
        self.tlvs = reader.tlvs();
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, read, reads_back};
    use super::*;
    use crate::Body;

    fn body() -> CancelBroadcastSm {
        CancelBroadcastSm {
            service_type: "CBCS".into(),
            message_id: "b1".into(),
            source_addr: Address::new(5, 0, "postrider"),
            ..CancelBroadcastSm::default()
        }
    }

    #[test]
    fn captures_read_as_their_sender_meant_them() {
        assert_eq!(read(NODE_SMPP, "cancel_broadcast_sm").body, Body::CancelBroadcastSm(body()));
        assert_eq!(read(NODE_SMPP, "cancel_broadcast_sm_resp").body, Body::CancelBroadcastSmResp);
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::CancelBroadcastSm(body()));
        testing::error_answer_is_its_header(Body::CancelBroadcastSmResp);
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("service_type", 5, |text| {
            Body::CancelBroadcastSm(CancelBroadcastSm { service_type: text.into(), ..body() })
        });
        testing::limit("message_id", 64, |text| {
            Body::CancelBroadcastSm(CancelBroadcastSm { message_id: text.into(), ..body() })
        });
        testing::limit("source_addr", 20, |text| {
            Body::CancelBroadcastSm(CancelBroadcastSm { source_addr: Address::new(1, 1, text), ..body() })
        });
    }
}
