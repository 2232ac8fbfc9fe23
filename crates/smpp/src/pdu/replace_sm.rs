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
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("message_id", &mut self.message_id)?;
        self.source_addr.decode(reader, "source_addr")?;
        reader.c_octets("schedule_delivery_time", &mut self.schedule_delivery_time)?;
        reader.c_octets("validity_period", &mut self.validity_period)?;
        [self.registered_delivery, self.sm_default_msg_id] = reader.array("registered_delivery")?;
        self.short_message = reader.short_message()?;
        self.tlvs = reader.text_tlvs(&self.short_message);
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("message_id", &self.message_id)?;
        self.source_addr.encode(out, "source_addr")?;
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.array(&[self.registered_delivery, self.sm_default_msg_id]);
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

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, read, reads_back};
    use super::*;
    use crate::{Body, Tag};

    fn body() -> ReplaceSm {
        ReplaceSm {
            message_id: "0972660181".into(),
            source_addr: Address::new(5, 0, "postrider"),
            registered_delivery: 1,
            short_message: Bytes::from_static(b"another text"),
            ..ReplaceSm::default()
        }
    }

    #[test]
    fn captures_read_as_their_sender_meant_them() {
        assert_eq!(read(NODE_SMPP, "replace_sm").body, Body::ReplaceSm(body()));
        assert_eq!(read(NODE_SMPP, "replace_sm_resp").body, Body::ReplaceSmResp);
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::ReplaceSm(body()));
        let mut long = ReplaceSm { short_message: Bytes::new(), ..body() };
        long.tlvs.push(Tag::MESSAGE_PAYLOAD, &[b'x'; 1000]).unwrap();
        reads_back(Body::ReplaceSm(long));
        testing::error_answer_is_its_header(Body::ReplaceSmResp);
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("message_id", 64, |text| Body::ReplaceSm(ReplaceSm { message_id: text.into(), ..body() }));
        testing::limit("source_addr", 20, |text| {
            Body::ReplaceSm(ReplaceSm { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::time("schedule_delivery_time", |text| {
            Body::ReplaceSm(ReplaceSm { schedule_delivery_time: text.into(), ..body() })
        });
        testing::time("validity_period", |text| Body::ReplaceSm(ReplaceSm { validity_period: text.into(), ..body() }));
        testing::short_message(|short_message| Body::ReplaceSm(ReplaceSm { short_message, ..body() }));
    }
}
