//! `replace_sm`: puts another text in the place of one that waits at the carrier.

use bytes::Bytes;

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};

/// Replaces the text of a waiting message (4.10.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplaceSm {
    /// The carrier's id of the message, as its answer gave it.
    pub message_id: COctetString<65>,
    /// The sender that the message had.
    pub source_addr: Address,
    /// When it is to be delivered; empty for at once (7.1.1).
    pub schedule_delivery_time: COctetString<17>,
    /// Until when it is worth delivering; empty for the carrier's default (7.1.1).
    pub validity_period: COctetString<17>,
    /// Which receipts are asked for (5.2.17).
    pub registered_delivery: u8,
    /// A message stored at the carrier; 0 for none.
    pub sm_default_msg_id: u8,
    /// `sm_length` and `short_message`: up to 254 octets, a user data header included.
    pub short_message: Bytes,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl ReplaceSm {
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        let mut body = Self {
            message_id: reader.c_octets("message_id")?,
            source_addr: Address::decode(reader, "source_addr")?,
            schedule_delivery_time: reader.c_octets("schedule_delivery_time")?,
            validity_period: reader.c_octets("validity_period")?,
            registered_delivery: reader.u8("registered_delivery")?,
            sm_default_msg_id: reader.u8("sm_default_msg_id")?,
            short_message: reader.short_message()?,
            tlvs: Tlvs::default(),
        };
        body.tlvs = reader.text_tlvs(&body.short_message);
        Ok(body)
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("message_id", &self.message_id)?;
        self.source_addr.encode(out, "source_addr")?;
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.octets(&[self.registered_delivery, self.sm_default_msg_id]);
        out.short_message(&self.short_message)?;
        out.text_tlvs(&self.short_message, &self.tlvs)
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("message_id", &self.message_id);
        out.address("source_addr", &self.source_addr);
        out.text("schedule_delivery_time", &self.schedule_delivery_time);
        out.text("validity_period", &self.validity_period);
        out.number("registered_delivery", self.registered_delivery);
        out.number("sm_default_msg_id", self.sm_default_msg_id);
        out.octets("short_message", &self.short_message);
        out.tlvs(&self.tlvs);
    }
}
