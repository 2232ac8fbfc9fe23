//! `data_sm`: a message in either direction whose text is a TLV, and its answer.

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::CommandStatus;

/// A message whose text is in `message_payload` (4.7.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataSm {
    /// Which application it is for; usually empty.
    pub service_type: COctetString<6>,
    /// `source_addr_ton`, `source_addr_npi`, `source_addr`: who sends.
    pub source_addr: Address<65>,
    /// `dest_addr_ton`, `dest_addr_npi`, `destination_addr`: who gets it.
    pub destination_addr: Address<65>,
    /// Mode, type and features of the message (5.2.12).
    pub esm_class: u8,
    /// Which receipts are asked for (5.2.17).
    pub registered_delivery: u8,
    /// How the text is encoded (5.2.19).
    pub data_coding: u8,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl DataSm {
    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("service_type", &mut self.service_type)?;
        self.source_addr.decode(reader, "source_addr")?;
        self.destination_addr.decode(reader, "destination_addr")?;
        [self.esm_class, self.registered_delivery, self.data_coding] = reader.array("esm_class")?;
        self.tlvs = reader.tlvs();
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("service_type", &self.service_type)?;
        self.source_addr.encode(out, "source_addr")?;
        self.destination_addr.encode(out, "destination_addr")?;
        out.array(&[self.esm_class, self.registered_delivery, self.data_coding]);
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("service_type", &self.service_type);
        out.address("source_addr", &self.source_addr);
        out.address("destination_addr", &self.destination_addr);
        out.number("esm_class", self.esm_class);
        out.number("registered_delivery", self.registered_delivery);
        out.number("data_coding", self.data_coding);
        out.tlvs(&self.tlvs);
    }
}

/// What became of a `data_sm` (4.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataSmResp {
    /// The carrier's id of the message.
    pub message_id: COctetString<65>,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl DataSmResp {
    #[inline]
    pub(super) fn decode(&mut self, ok: bool, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        if let Some(tlvs) = reader.answer_without_text(ok) {
            self.tlvs = tlvs;
            return Ok(());
        }
        reader.c_octets("message_id", &mut self.message_id)?;
        self.tlvs = reader.tlvs();
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        // An error answer that has nothing to say is its header alone (4.4.2).
        if !status.is_ok() && *self == Self::default() {
            return Ok(());
        }
        out.c_octets("message_id", &self.message_id)?;
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
    use crate::{Body, Tag};

    fn body() -> DataSm {
        let mut tlvs = Tlvs::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"hello").unwrap();
        DataSm {
            source_addr: Address::new(5, 0, "postrider"),
            destination_addr: Address::new(1, 1, "491512345689"),
            registered_delivery: 1,
            tlvs,
            ..DataSm::default()
        }
    }

    #[test]
    fn captures_read_as_their_sender_meant_them() {
        // node-smpp writes data_coding 1 for text that is ASCII, and no body when the status is an error.
        assert_eq!(read(NODE_SMPP, "data_sm").body, Body::DataSm(DataSm { data_coding: 1, ..body() }));
        let pdu = read(NODE_SMPP, "data_sm_resp");
        assert_eq!(pdu.command_status, CommandStatus::RDELIVERYFAILURE);
        assert_eq!(pdu.body, Body::DataSmResp(DataSmResp::default()));
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::DataSm(body()));
        let mut resp = DataSmResp { message_id: "77".into(), ..DataSmResp::default() };
        resp.tlvs.push_u8(Tag::DELIVERY_FAILURE_REASON, 2);
        reads_back(Body::DataSmResp(resp));
        testing::error_answer_is_its_header(Body::DataSmResp(DataSmResp::default()));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("service_type", 5, |text| Body::DataSm(DataSm { service_type: text.into(), ..body() }));
        testing::limit("source_addr", 64, |text| {
            Body::DataSm(DataSm { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("destination_addr", 64, |text| {
            Body::DataSm(DataSm { destination_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("message_id", 64, |text| {
            Body::DataSmResp(DataSmResp { message_id: text.into(), ..DataSmResp::default() })
        });
    }
}
