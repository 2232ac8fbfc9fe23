//! `submit_multi`: one message for many handsets and lists, and its answer.

use bytes::Bytes;

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::CommandStatus;

/// One recipient (4.5.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DestAddress {
    /// `dest_flag` 1: a handset.
    Sme(Address),
    /// `dest_flag` 2: a list that the carrier keeps.
    DistributionList(COctetString<21>),
}

impl DestAddress {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        match reader.u8("dest_flag")? {
            1 => {
                let mut address = Address::default();
                address.decode(reader, "destination_addr")?;
                Ok(Self::Sme(address))
            }
            2 => {
                let mut name = COctetString::EMPTY;
                reader.c_octets("dl_name", &mut name)?;
                Ok(Self::DistributionList(name))
            }
            flag => Err(BodyError::DestFlag { flag }),
        }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Sme(address) => {
                out.array(&[1]);
                address.encode(out, "destination_addr")
            }
            Self::DistributionList(name) => {
                out.array(&[2]);
                out.c_octets("dl_name", name)
            }
        }
    }
}

/// A message for many (4.5.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubmitMulti {
    /// Which application it is for; usually empty.
    pub service_type: COctetString<6>,
    /// `source_addr_ton`, `source_addr_npi`, `source_addr`: who sends.
    pub source_addr: Address,
    /// `number_of_dests` and `dest_address`: up to 254 in 3.4, 255 in 5.0.
    pub dest_address: Vec<DestAddress>,
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
    /// Not used here; 0.
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

impl SubmitMulti {
    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("service_type", &mut self.service_type)?;
        self.source_addr.decode(reader, "source_addr")?;
        self.dest_address = reader.counted("number_of_dests", DestAddress::decode)?;
        [self.esm_class, self.protocol_id, self.priority_flag] = reader.array("esm_class")?;
        reader.c_octets("schedule_delivery_time", &mut self.schedule_delivery_time)?;
        reader.c_octets("validity_period", &mut self.validity_period)?;
        [self.registered_delivery, self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id] =
            reader.array("registered_delivery")?;
        self.short_message = reader.short_message()?;
        self.tlvs = reader.text_tlvs(&self.short_message);
        Ok(())
    }

    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("service_type", &self.service_type)?;
        self.source_addr.encode(out, "source_addr")?;
        out.count("number_of_dests", self.dest_address.len())?;
        for dest_address in &self.dest_address {
            dest_address.encode(out)?;
        }
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
        for dest_address in &self.dest_address {
            match dest_address {
                DestAddress::Sme(address) => out.address("dest_address", address),
                DestAddress::DistributionList(name) => out.text("dl_name", name),
            }
        }
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

/// A recipient that the message did not go to (4.5.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnsuccessSme {
    /// `dest_addr_ton`, `dest_addr_npi`, `destination_addr`.
    pub destination_addr: Address,
    /// Why not.
    pub error_status_code: CommandStatus,
}

impl UnsuccessSme {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        let mut destination_addr = Address::default();
        destination_addr.decode(reader, "destination_addr")?;
        Ok(Self { destination_addr, error_status_code: CommandStatus(reader.u32("error_status_code")?) })
    }
}

/// What became of a `submit_multi` (4.5.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubmitMultiResp {
    /// The carrier's id of the message.
    pub message_id: COctetString<65>,
    /// `no_unsuccess` and `unsuccess_sme`: whom it did not go to.
    pub unsuccess_sme: Vec<UnsuccessSme>,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl SubmitMultiResp {
    #[inline]
    pub(super) fn decode(&mut self, ok: bool, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        if reader.body_is_missing(ok) {
            return Ok(());
        }
        reader.c_octets("message_id", &mut self.message_id)?;
        self.unsuccess_sme = reader.counted("no_unsuccess", UnsuccessSme::decode)?;
        self.tlvs = reader.tlvs();
        Ok(())
    }

    pub(super) fn encode(&self, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        // An error answer that has nothing to say is its header alone (4.4.2).
        if !status.is_ok() && *self == Self::default() {
            return Ok(());
        }
        out.c_octets("message_id", &self.message_id)?;
        out.count("no_unsuccess", self.unsuccess_sme.len())?;
        for unsuccess_sme in &self.unsuccess_sme {
            unsuccess_sme.destination_addr.encode(out, "destination_addr")?;
            out.array(&unsuccess_sme.error_status_code.0.to_be_bytes());
        }
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("message_id", &self.message_id);
        for unsuccess_sme in &self.unsuccess_sme {
            out.address("unsuccess_sme", &unsuccess_sme.destination_addr);
            out.status("error_status_code", unsuccess_sme.error_status_code);
        }
        out.tlvs(&self.tlvs);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, read, reads_back};
    use super::*;
    use crate::{Body, DecodeError, Pdu};

    fn body() -> SubmitMulti {
        SubmitMulti {
            source_addr: Address::new(5, 0, "postrider"),
            dest_address: vec![
                DestAddress::Sme(Address::new(1, 1, "491512345689")),
                DestAddress::Sme(Address::new(1, 1, "491512345690")),
                DestAddress::DistributionList("staff".into()),
            ],
            short_message: Bytes::from_static(b"hello"),
            ..SubmitMulti::default()
        }
    }

    fn resp() -> SubmitMultiResp {
        let destination_addr = Address::new(1, 1, "491512345690");
        let unsuccess_sme = vec![UnsuccessSme { destination_addr, error_status_code: CommandStatus::RINVDSTADR }];
        SubmitMultiResp { message_id: "12ab".into(), unsuccess_sme, ..SubmitMultiResp::default() }
    }

    #[test]
    fn captures_read_as_their_sender_meant_them() {
        // node-smpp writes data_coding 1 for text that is ASCII.
        let expected = SubmitMulti { data_coding: 1, ..body() };
        assert_eq!(read(NODE_SMPP, "submit_multi").body, Body::SubmitMulti(expected));
        assert_eq!(read(NODE_SMPP, "submit_multi_resp").body, Body::SubmitMultiResp(resp()));
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::SubmitMulti(body()));
        reads_back(Body::SubmitMultiResp(resp()));
        testing::error_answer_is_its_header(Body::SubmitMultiResp(SubmitMultiResp::default()));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("service_type", 5, |text| {
            Body::SubmitMulti(SubmitMulti { service_type: text.into(), ..body() })
        });
        testing::limit("source_addr", 20, |text| {
            Body::SubmitMulti(SubmitMulti { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::time("schedule_delivery_time", |text| {
            Body::SubmitMulti(SubmitMulti { schedule_delivery_time: text.into(), ..body() })
        });
        testing::time("validity_period", |text| {
            Body::SubmitMulti(SubmitMulti { validity_period: text.into(), ..body() })
        });
        testing::short_message(|short_message| Body::SubmitMulti(SubmitMulti { short_message, ..body() }));
        let to = |dest_address| Body::SubmitMulti(SubmitMulti { dest_address, ..body() });
        testing::limit("destination_addr", 20, |text| to(vec![DestAddress::Sme(Address::new(1, 1, text))]));
        testing::limit("dl_name", 20, |text| to(vec![DestAddress::DistributionList(text.into())]));
        testing::limit("message_id", 64, |text| {
            Body::SubmitMultiResp(SubmitMultiResp { message_id: text.into(), ..resp() })
        });

        let many = |count| to(vec![DestAddress::DistributionList("x".into()); count]);
        reads_back(many(255));
        let refused = EncodeError::TooMany { field: "number_of_dests", count: 256, limit: 255 };
        assert_eq!(testing::encode(many(256)), Err(refused));
        let many = |count| {
            Body::SubmitMultiResp(SubmitMultiResp {
                unsuccess_sme: vec![resp().unsuccess_sme[0].clone(); count],
                ..resp()
            })
        };
        reads_back(many(255));
        let refused = EncodeError::TooMany { field: "no_unsuccess", count: 256, limit: 255 };
        assert_eq!(testing::encode(many(256)), Err(refused));
    }

    #[test]
    fn a_recipient_of_no_kind_is_answered_by_its_own_status() {
        let mut frame = testing::encode(Body::SubmitMulti(body())).unwrap();
        // Behind the header: an empty service_type, the sender's 12 octets, the count.
        frame[16 + 1 + 12 + 1] = 3;
        let error = Pdu::decode(&frame.freeze()).unwrap_err();
        assert!(matches!(error, DecodeError::Body { error: BodyError::DestFlag { flag: 3 }, .. }));
        assert_eq!(error.status(), CommandStatus::RINVDESTFLAG);
    }
}
