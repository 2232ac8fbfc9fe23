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
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("service_type", &mut self.service_type)?;
        reader.c_octets("message_id", &mut self.message_id)?;
        self.source_addr.decode(reader, "source_addr")?;
        self.destination_addr.decode(reader, "destination_addr")?;
        self.tlvs = reader.tlvs();
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, read, reads_back};
    use super::*;
    use crate::{Body, CommandStatus};

    fn body() -> CancelSm {
        CancelSm {
            message_id: "0972660181".into(),
            source_addr: Address::new(5, 0, "postrider"),
            destination_addr: Address::new(1, 1, "491512345689"),
            ..CancelSm::default()
        }
    }

    #[test]
    fn captures_read_as_their_sender_meant_them() {
        assert_eq!(read(NODE_SMPP, "cancel_sm").body, Body::CancelSm(body()));
        let pdu = read(NODE_SMPP, "cancel_sm_resp");
        assert_eq!((pdu.command_status, pdu.body), (CommandStatus::RCANCELFAIL, Body::CancelSmResp));
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::CancelSm(body()));
        testing::error_answer_is_its_header(Body::CancelSmResp);
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("service_type", 5, |text| Body::CancelSm(CancelSm { service_type: text.into(), ..body() }));
        testing::limit("message_id", 64, |text| Body::CancelSm(CancelSm { message_id: text.into(), ..body() }));
        testing::limit("source_addr", 20, |text| {
            Body::CancelSm(CancelSm { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("destination_addr", 20, |text| {
            Body::CancelSm(CancelSm { destination_addr: Address::new(1, 1, text), ..body() })
        });
    }
}
