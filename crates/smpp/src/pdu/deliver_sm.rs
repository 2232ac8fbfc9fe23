//! `deliver_sm`: a message or a receipt from the carrier, and its answer.

use bytes::Bytes;

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::CommandStatus;

/// A message from a handset, or a receipt (4.6.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliverSm {
    /// Which application it is for; usually empty.
    pub service_type: COctetString<6>,
    /// `source_addr_ton`, `source_addr_npi`, `source_addr`: who sends.
    pub source_addr: Address,
    /// `dest_addr_ton`, `dest_addr_npi`, `destination_addr`: who gets it.
    pub destination_addr: Address,
    /// 0x04 and 0x20 mark receipts, 0x40 a user data header (5.2.12).
    pub esm_class: u8,
    /// TP-PID.
    pub protocol_id: u8,
    /// 0 normal to 3 most urgent.
    pub priority_flag: u8,
    /// Not used; empty.
    pub schedule_delivery_time: COctetString<17>,
    /// Not used; empty.
    pub validity_period: COctetString<17>,
    /// Whether the sender asks for an acknowledgement (5.2.17).
    pub registered_delivery: u8,
    /// Not used; 0.
    pub replace_if_present_flag: u8,
    /// How the text is encoded (5.2.19).
    pub data_coding: u8,
    /// Not used; 0.
    pub sm_default_msg_id: u8,
    /// `sm_length` and `short_message`: up to 254 octets, a user data header included.
    pub short_message: Bytes,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl DeliverSm {
    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("service_type", &mut self.service_type)?;
        self.source_addr.decode(reader, "source_addr")?;
        self.destination_addr.decode(reader, "destination_addr")?;
        [self.esm_class, self.protocol_id, self.priority_flag] = reader.array("esm_class")?;
        reader.c_octets("schedule_delivery_time", &mut self.schedule_delivery_time)?;
        reader.c_octets("validity_period", &mut self.validity_period)?;
        [self.registered_delivery, self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id] =
            reader.array("registered_delivery")?;
        self.short_message = reader.short_message()?;
        self.tlvs = reader.text_tlvs(&self.short_message);
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("service_type", &self.service_type)?;
        self.source_addr.encode(out, "source_addr")?;
        self.destination_addr.encode(out, "destination_addr")?;
        out.array(&[self.esm_class, self.protocol_id, self.priority_flag]);
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.array(&[self.registered_delivery, self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id]);
        out.short_message(&self.short_message)?;
        out.text_tlvs(&self.short_message, &self.tlvs)
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("service_type", &self.service_type);
        out.address("source_addr", &self.source_addr);
        out.address("destination_addr", &self.destination_addr);
        out.number("esm_class", self.esm_class);
        out.number("protocol_id", self.protocol_id);
        out.number("priority_flag", self.priority_flag);
        out.text("schedule_delivery_time", &self.schedule_delivery_time);
        out.text("validity_period", &self.validity_period);
        out.number("registered_delivery", self.registered_delivery);
        out.number("replace_if_present_flag", self.replace_if_present_flag);
        out.number("data_coding", self.data_coding);
        out.number("sm_default_msg_id", self.sm_default_msg_id);
        out.octets("short_message", &self.short_message);
        out.tlvs(&self.tlvs);
    }
}

/// The answer to a `deliver_sm` (4.6.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliverSmResp {
    /// Not used; empty. Some peers fill it nevertheless.
    pub message_id: COctetString<65>,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl DeliverSmResp {
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
    use super::super::testing::{self, NODE_SMPP, QUIRKS, capture, read, reads_back};
    use super::*;
    use crate::{Body, Pdu, Quirk, Tag};

    fn body() -> DeliverSm {
        DeliverSm {
            source_addr: Address::new(1, 1, "491512345689"),
            destination_addr: Address::new(5, 0, "postrider"),
            short_message: Bytes::from_static(b"hello"),
            ..DeliverSm::default()
        }
    }

    fn odd(name: &str) -> (DeliverSm, Vec<Quirk>) {
        let decoded = Pdu::decode(&capture(QUIRKS, name)).unwrap();
        let Body::DeliverSm(body) = decoded.pdu.body else { panic!("not a deliver_sm") };
        (body, decoded.quirks)
    }

    #[test]
    fn a_receipt_reads_as_its_sender_meant_it() {
        let Body::DeliverSm(receipt) = read(NODE_SMPP, "deliver_sm_receipt").body else { panic!("not a deliver_sm") };
        assert_eq!((receipt.esm_class, receipt.source_addr.addr.to_text()), (4, "491512345689".into()));
        assert!(receipt.short_message.starts_with(b"id:0972660181 sub:001"));
        assert_eq!(receipt.tlvs.text(Tag::RECEIPTED_MESSAGE_ID).unwrap(), "0972660181");
        assert_eq!(receipt.tlvs.integer(Tag::MESSAGE_STATE), Some(2));
        assert_eq!(receipt.tlvs.get(Tag::NETWORK_ERROR_CODE), Some(&[3, 0, 0][..]));
        assert_eq!(read(NODE_SMPP, "deliver_sm_resp").body, Body::DeliverSmResp(DeliverSmResp::default()));
    }

    #[test]
    fn tlvs_of_other_forms_are_understood() {
        let (receipt, quirks) = odd("receipt_without_nul");
        assert_eq!(receipt.tlvs.text(Tag::RECEIPTED_MESSAGE_ID).unwrap(), "39F99DD5");
        assert_eq!(receipt.tlvs.integer(Tag::MESSAGE_STATE), Some(2));
        assert_eq!(quirks, []);
        let (vendor, quirks) = odd("vendor_tlvs");
        assert_eq!(vendor.tlvs.get(Tag(0x1502)), Some(&b"mo-1"[..]));
        assert_eq!(vendor.tlvs.all(Tag::CALLBACK_NUM).count(), 2);
        assert_eq!(quirks, []);
    }

    #[test]
    fn what_a_strict_reader_would_refuse_is_taken_and_noted() {
        let (body, quirks) = odd("sender_too_long");
        assert_eq!(body.source_addr.addr, "0049151234568901234567");
        assert_eq!(body.destination_addr.addr.as_bytes(), b"Caf\xe9");
        assert_eq!(quirks, [Quirk::OverLimit { field: "source_addr", octets: 22 }]);
        let (body, quirks) = odd("message_cut");
        assert_eq!(
            (&body.short_message[..], quirks),
            (&b"hello"[..], vec![Quirk::ShortMessageCut { announced: 20, held: 5 }])
        );
        let (body, quirks) = odd("tlv_cut");
        assert_eq!(body.tlvs.iter().count(), 1);
        assert_eq!(quirks, [Quirk::TlvCut { tag: Tag::MESSAGE_PAYLOAD, announced: 16, held: 3 }]);
        let (body, quirks) = odd("trailing_octets");
        assert_eq!(body.tlvs.integer(Tag::USER_MESSAGE_REFERENCE), Some(1));
        assert_eq!(quirks, [Quirk::TrailingOctets { octets: 3 }]);
        assert_eq!(odd("text_twice").1, [Quirk::TextTwice]);
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut tlvs = Tlvs::new();
        tlvs.push_c_octets(Tag::RECEIPTED_MESSAGE_ID, "1").unwrap();
        reads_back(Body::DeliverSm(DeliverSm { tlvs: tlvs.clone(), ..body() }));
        reads_back(Body::DeliverSmResp(DeliverSmResp { tlvs, ..DeliverSmResp::default() }));
        testing::error_answer_is_its_header(Body::DeliverSmResp(DeliverSmResp::default()));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("service_type", 5, |text| Body::DeliverSm(DeliverSm { service_type: text.into(), ..body() }));
        testing::limit("source_addr", 20, |text| {
            Body::DeliverSm(DeliverSm { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("destination_addr", 20, |text| {
            Body::DeliverSm(DeliverSm { destination_addr: Address::new(1, 1, text), ..body() })
        });
        testing::time("schedule_delivery_time", |text| {
            Body::DeliverSm(DeliverSm { schedule_delivery_time: text.into(), ..body() })
        });
        testing::time("validity_period", |text| Body::DeliverSm(DeliverSm { validity_period: text.into(), ..body() }));
        testing::short_message(|short_message| Body::DeliverSm(DeliverSm { short_message, ..body() }));
        testing::limit("message_id", 64, |text| {
            Body::DeliverSmResp(DeliverSmResp { message_id: text.into(), ..DeliverSmResp::default() })
        });
    }
}
