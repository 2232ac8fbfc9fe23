//! `broadcast_sm`: a message to all handsets of an area (5.0), and its answer.

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::{CommandStatus, Tag};

/// What a broadcast must say: where, what kind, how often, how far apart (5.0, 4.4.1).
const REQUIRED: &[Tag] = &[
    Tag::BROADCAST_AREA_IDENTIFIER,
    Tag::BROADCAST_CONTENT_TYPE,
    Tag::BROADCAST_REP_NUM,
    Tag::BROADCAST_FREQUENCY_INTERVAL,
];

/// A message to an area (5.0, 4.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BroadcastSm {
    /// Which application it is for; usually empty.
    pub service_type: COctetString<6>,
    /// `source_addr_ton`, `source_addr_npi`, `source_addr`: who sends.
    pub source_addr: Address,
    /// The broadcast that this one replaces; empty for a new one.
    pub message_id: COctetString<65>,
    /// 0 normal to 3 most urgent.
    pub priority_flag: u8,
    /// When it is to be delivered; empty for at once (7.1.1).
    pub schedule_delivery_time: COctetString<17>,
    /// Until when it is worth delivering; empty for the carrier's default (7.1.1).
    pub validity_period: COctetString<17>,
    /// 1 replaces a waiting message with the same addresses and service type.
    pub replace_if_present_flag: u8,
    /// How the text is encoded (5.2.19).
    pub data_coding: u8,
    /// A message stored at the carrier; 0 for none.
    pub sm_default_msg_id: u8,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl BroadcastSm {
    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("service_type", &mut self.service_type)?;
        self.source_addr.decode(reader, "source_addr")?;
        reader.c_octets("message_id", &mut self.message_id)?;
        self.priority_flag = reader.u8("priority_flag")?;
        reader.c_octets("schedule_delivery_time", &mut self.schedule_delivery_time)?;
        reader.c_octets("validity_period", &mut self.validity_period)?;
        [self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id] =
            reader.array("replace_if_present_flag")?;
        self.tlvs = reader.required_tlvs(REQUIRED);
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("service_type", &self.service_type)?;
        self.source_addr.encode(out, "source_addr")?;
        out.c_octets("message_id", &self.message_id)?;
        out.array(&[self.priority_flag]);
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.array(&[self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id]);
        out.required_tlvs(REQUIRED, &self.tlvs)
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("service_type", &self.service_type);
        out.address("source_addr", &self.source_addr);
        out.text("message_id", &self.message_id);
        out.number("priority_flag", self.priority_flag);
        out.text("schedule_delivery_time", &self.schedule_delivery_time);
        out.text("validity_period", &self.validity_period);
        out.number("replace_if_present_flag", self.replace_if_present_flag);
        out.number("data_coding", self.data_coding);
        out.number("sm_default_msg_id", self.sm_default_msg_id);
        out.tlvs(&self.tlvs);
    }
}

/// What became of a `broadcast_sm` (5.0, 4.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BroadcastSmResp {
    /// The carrier's id of the broadcast.
    pub message_id: COctetString<65>,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl BroadcastSmResp {
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
    use crate::{Body, Pdu, Quirk};

    fn body() -> BroadcastSm {
        let mut tlvs = Tlvs::new();
        tlvs.push(Tag::BROADCAST_AREA_IDENTIFIER, b"\0BKK").unwrap();
        tlvs.push(Tag::BROADCAST_CONTENT_TYPE, &[1, 0, 1]).unwrap();
        tlvs.push_u16(Tag::BROADCAST_REP_NUM, 5);
        tlvs.push(Tag::BROADCAST_FREQUENCY_INTERVAL, &[9, 0, 10]).unwrap();
        let source_addr = Address::new(5, 0, "postrider");
        BroadcastSm { service_type: "CBCS".into(), source_addr, tlvs, ..BroadcastSm::default() }
    }

    #[test]
    fn captures_read_as_their_sender_meant_them() {
        let Body::BroadcastSm(found) = read(NODE_SMPP, "broadcast_sm").body else { panic!("not a broadcast_sm") };
        assert_eq!(found.tlvs.get(Tag::MESSAGE_PAYLOAD), Some(&b"storm"[..]));
        let mut tlvs = body().tlvs;
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"storm").unwrap();
        assert_eq!(found, BroadcastSm { tlvs, ..body() });
        let resp = BroadcastSmResp { message_id: "b1".into(), ..BroadcastSmResp::default() };
        assert_eq!(read(NODE_SMPP, "broadcast_sm_resp").body, Body::BroadcastSmResp(resp));
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::BroadcastSm(body()));
        let mut resp = BroadcastSmResp { message_id: "b1".into(), ..BroadcastSmResp::default() };
        resp.tlvs.push_u32(Tag::BROADCAST_ERROR_STATUS, 0x109);
        reads_back(Body::BroadcastSmResp(resp));
        testing::error_answer_is_its_header(Body::BroadcastSmResp(BroadcastSmResp::default()));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("service_type", 5, |text| {
            Body::BroadcastSm(BroadcastSm { service_type: text.into(), ..body() })
        });
        testing::limit("source_addr", 20, |text| {
            Body::BroadcastSm(BroadcastSm { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("message_id", 64, |text| Body::BroadcastSm(BroadcastSm { message_id: text.into(), ..body() }));
        testing::time("schedule_delivery_time", |text| {
            Body::BroadcastSm(BroadcastSm { schedule_delivery_time: text.into(), ..body() })
        });
        testing::time("validity_period", |text| {
            Body::BroadcastSm(BroadcastSm { validity_period: text.into(), ..body() })
        });
        testing::limit("message_id", 64, |text| {
            Body::BroadcastSmResp(BroadcastSmResp { message_id: text.into(), ..BroadcastSmResp::default() })
        });
    }

    #[test]
    fn a_broadcast_to_nowhere_is_refused_and_a_received_one_is_noted() {
        let tag = Tag::BROADCAST_AREA_IDENTIFIER;
        let bare = BroadcastSm { tlvs: Tlvs::new(), ..body() };
        assert_eq!(testing::encode(Body::BroadcastSm(bare)), Err(EncodeError::MissingTlv { tag }));
        let frame = testing::encode(Body::BroadcastSm(body())).unwrap();
        let mut cut = bytes::BytesMut::from(&frame[..frame.len() - body().tlvs.as_wire().len()]);
        testing::set_length(&mut cut);
        let quirks = Pdu::decode(&cut.freeze()).unwrap().quirks;
        assert_eq!(quirks.len(), REQUIRED.len());
        assert!(quirks.contains(&Quirk::MissingTlv { tag }));
    }
}
