//! `submit_sm`: a message on its way to a handset, and its answer.

use bytes::Bytes;

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::CommandStatus;

/// A message for one handset (4.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubmitSm {
    /// Which application it is for; usually empty.
    pub service_type: COctetString<6>,
    /// `source_addr_ton`, `source_addr_npi`, `source_addr`: who sends.
    pub source_addr: Address,
    /// `dest_addr_ton`, `dest_addr_npi`, `destination_addr`: who gets it.
    pub destination_addr: Address,
    /// Mode, type and features of the message (5.2.12).
    pub esm_class: u8,
    /// TP-PID.
    pub protocol_id: u8,
    /// 0 normal to 3 most urgent.
    pub priority_flag: u8,
    /// When it is to be delivered; empty for at once (7.1.1).
    pub schedule_delivery_time: COctetString<17>,
    /// Until when it is worth delivering; empty for the carrier's default (7.1.1).
    pub validity_period: COctetString<17>,
    /// Which receipts are asked for (5.2.17).
    pub registered_delivery: u8,
    /// 1 replaces a waiting message with the same addresses and service type.
    pub replace_if_present_flag: u8,
    /// How the text is encoded (5.2.19).
    pub data_coding: u8,
    /// A message stored at the carrier; 0 for none.
    pub sm_default_msg_id: u8,
    /// `sm_length` and `short_message`: up to 254 octets, a user data header included.
    pub short_message: Bytes,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl SubmitSm {
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

/// What became of a `submit_sm` (4.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubmitSmResp {
    /// The carrier's id of the message.
    pub message_id: COctetString<65>,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl SubmitSmResp {
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
    use super::super::testing::{self, NODE_SMPP, SMPPLIB, read, reads_back};
    use super::*;
    use crate::{Body, Tag};

    fn body() -> SubmitSm {
        SubmitSm {
            source_addr: Address::new(5, 0, "postrider"),
            destination_addr: Address::new(1, 1, "491512345689"),
            registered_delivery: 1,
            short_message: Bytes::from_static(b"hello"),
            ..SubmitSm::default()
        }
    }

    #[test]
    fn captures_read_as_their_senders_meant_them() {
        let Body::SubmitSm(plain) = read(NODE_SMPP, "submit_sm").body else { panic!("not a submit_sm") };
        // node-smpp writes data_coding 1 for text that is ASCII.
        let short_message = Bytes::from_static(b"Your order 48151 has left our house.");
        assert_eq!(plain, SubmitSm { data_coding: 1, short_message, ..body() });

        let Body::SubmitSm(korean) = read(NODE_SMPP, "submit_sm_udh").body else { panic!("not a submit_sm") };
        assert_eq!((korean.esm_class, korean.data_coding), (0x40, 8));
        assert_eq!(korean.validity_period, "261121143000036+");
        assert_eq!(korean.short_message[..8], [5, 0, 3, 0x2a, 2, 1, 0xc5, 0x48]);

        let Body::SubmitSm(payload) = read(NODE_SMPP, "submit_sm_tlvs").body else { panic!("not a submit_sm") };
        assert_eq!(payload.service_type, "CMT");
        assert_eq!(payload.tlvs.integer(Tag::SAR_MSG_REF_NUM), Some(0x1234));
        assert_eq!(payload.tlvs.integer(Tag::SAR_SEGMENT_SEQNUM), Some(1));
        assert_eq!(payload.tlvs.get_bytes(Tag::MESSAGE_PAYLOAD).unwrap(), "a part of a longer text");

        let Body::SubmitSm(data) = read(SMPPLIB, "submit_sm_data").body else { panic!("not a submit_sm") };
        assert_eq!((data.esm_class, data.data_coding, data.short_message.len()), (0x43, 4, 11));
        let Body::SubmitSm(reference) = read(SMPPLIB, "submit_sm_reference").body else { panic!("not a submit_sm") };
        assert_eq!(reference.tlvs.integer(Tag::USER_MESSAGE_REFERENCE), Some(5));
    }

    #[test]
    fn an_answer_with_an_id_reads_and_an_error_needs_none() {
        let pdu = read(NODE_SMPP, "submit_sm_resp");
        assert_eq!(pdu.sequence_number, 2);
        let message_id = "0972660181".into();
        assert_eq!(pdu.body, Body::SubmitSmResp(SubmitSmResp { message_id, ..SubmitSmResp::default() }));
        let pdu = read(NODE_SMPP, "submit_sm_resp_error");
        assert_eq!(pdu.command_status, CommandStatus::RTHROTTLED);
        assert_eq!(pdu.body, Body::SubmitSmResp(SubmitSmResp::default()));
        testing::error_answer_is_its_header(pdu.body);
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut tlvs = Tlvs::new();
        tlvs.push_u16(Tag::USER_MESSAGE_REFERENCE, 9);
        tlvs.push(Tag(0x1400), b"1101234567890123456").unwrap();
        reads_back(Body::SubmitSm(SubmitSm { tlvs: tlvs.clone(), ..body() }));
        reads_back(Body::SubmitSmResp(SubmitSmResp { message_id: "a".into(), tlvs }));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("service_type", 5, |text| Body::SubmitSm(SubmitSm { service_type: text.into(), ..body() }));
        testing::limit("source_addr", 20, |text| {
            Body::SubmitSm(SubmitSm { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("destination_addr", 20, |text| {
            Body::SubmitSm(SubmitSm { destination_addr: Address::new(1, 1, text), ..body() })
        });
        testing::time("schedule_delivery_time", |text| {
            Body::SubmitSm(SubmitSm { schedule_delivery_time: text.into(), ..body() })
        });
        testing::time("validity_period", |text| Body::SubmitSm(SubmitSm { validity_period: text.into(), ..body() }));
        testing::short_message(|short_message| Body::SubmitSm(SubmitSm { short_message, ..body() }));
        testing::limit("message_id", 64, |text| {
            Body::SubmitSmResp(SubmitSmResp { message_id: text.into(), ..SubmitSmResp::default() })
        });
    }

    #[test]
    fn text_in_two_places_is_refused() {
        let mut twice = body();
        twice.tlvs.push(Tag::MESSAGE_PAYLOAD, b"hello").unwrap();
        assert_eq!(testing::encode(Body::SubmitSm(twice.clone())), Err(EncodeError::TextTwice));
        reads_back(Body::SubmitSm(SubmitSm { short_message: Bytes::new(), ..twice }));
    }
}
