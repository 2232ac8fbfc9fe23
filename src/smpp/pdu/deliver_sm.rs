//! `deliver_sm`: a message or a receipt from the carrier, and its answer.

use bytes::Bytes;

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::smpp::CommandStatus;

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
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        let mut body = Self {
            service_type: reader.c_octets("service_type")?,
            source_addr: Address::decode(reader, "source_addr")?,
            destination_addr: Address::decode(reader, "destination_addr")?,
            esm_class: reader.u8("esm_class")?,
            protocol_id: reader.u8("protocol_id")?,
            priority_flag: reader.u8("priority_flag")?,
            schedule_delivery_time: reader.c_octets("schedule_delivery_time")?,
            validity_period: reader.c_octets("validity_period")?,
            registered_delivery: reader.u8("registered_delivery")?,
            replace_if_present_flag: reader.u8("replace_if_present_flag")?,
            data_coding: reader.u8("data_coding")?,
            sm_default_msg_id: reader.u8("sm_default_msg_id")?,
            short_message: reader.short_message()?,
            tlvs: Tlvs::default(),
        };
        body.tlvs = reader.text_tlvs(&body.short_message);
        Ok(body)
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("service_type", &self.service_type)?;
        self.source_addr.encode(out, "source_addr")?;
        self.destination_addr.encode(out, "destination_addr")?;
        out.octets(&[self.esm_class, self.protocol_id, self.priority_flag]);
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.octets(&[self.registered_delivery, self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id]);
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
    pub(super) fn decode(ok: bool, reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        if reader.body_is_missing(ok) {
            return Ok(Self::default());
        }
        Ok(Self { message_id: reader.c_octets("message_id")?, tlvs: reader.tlvs() })
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
