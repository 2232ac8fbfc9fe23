//! `broadcast_sm`: a message to all handsets of an area (5.0), and its answer.

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::smpp::{CommandStatus, Tag};

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
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        Ok(Self {
            service_type: reader.c_octets("service_type")?,
            source_addr: Address::decode(reader, "source_addr")?,
            message_id: reader.c_octets("message_id")?,
            priority_flag: reader.u8("priority_flag")?,
            schedule_delivery_time: reader.c_octets("schedule_delivery_time")?,
            validity_period: reader.c_octets("validity_period")?,
            replace_if_present_flag: reader.u8("replace_if_present_flag")?,
            data_coding: reader.u8("data_coding")?,
            sm_default_msg_id: reader.u8("sm_default_msg_id")?,
            tlvs: reader.required_tlvs(REQUIRED),
        })
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("service_type", &self.service_type)?;
        self.source_addr.encode(out, "source_addr")?;
        out.c_octets("message_id", &self.message_id)?;
        out.octets(&[self.priority_flag]);
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.octets(&[self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id]);
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
