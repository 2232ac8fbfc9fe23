//! What the carrier needs to know of a submission, whichever PDU brought it.

use bytes::Bytes;

use super::ledger::Sar;
use postrider_smpp::pdu::{Address, DataSm, DataSmResp, SubmitMulti, SubmitSm, SubmitSmResp, Tlvs};
use postrider_smpp::{Body, CommandStatus, Pdu, Tag};

/// One message for one handset.
pub(super) struct Message {
    pub source: Address,
    pub destination: Address,
    pub esm_class: u8,
    pub protocol_id: u8,
    pub data_coding: u8,
    pub registered_delivery: u8,
    pub user_data: Bytes,
    pub tlvs: Tlvs,
}

impl Message {
    pub fn of_submit(body: SubmitSm) -> Self {
        let payload = body.tlvs.get_bytes(Tag::MESSAGE_PAYLOAD);
        Self {
            source: body.source_addr,
            destination: body.destination_addr,
            esm_class: body.esm_class,
            protocol_id: body.protocol_id,
            data_coding: body.data_coding,
            registered_delivery: body.registered_delivery,
            user_data: payload.filter(|_| body.short_message.is_empty()).unwrap_or(body.short_message),
            tlvs: body.tlvs,
        }
    }

    pub fn of_data(body: DataSm) -> Self {
        Self {
            source: body.source_addr.resized(),
            destination: body.destination_addr.resized(),
            esm_class: body.esm_class,
            protocol_id: 0,
            data_coding: body.data_coding,
            registered_delivery: body.registered_delivery,
            user_data: body.tlvs.get_bytes(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
            tlvs: body.tlvs,
        }
    }

    pub fn of_multi(body: &SubmitMulti, destination: Address) -> Self {
        Self {
            source: body.source_addr.clone(),
            destination,
            esm_class: body.esm_class,
            protocol_id: body.protocol_id,
            data_coding: body.data_coding,
            registered_delivery: body.registered_delivery,
            user_data: body.short_message.clone(),
            tlvs: body.tlvs.clone(),
        }
    }

    pub fn sar(&self) -> Option<Sar> {
        let small = |tag| self.tlvs.integer(tag).and_then(|value| u8::try_from(value).ok());
        Some(Sar {
            reference: u16::try_from(self.tlvs.integer(Tag::SAR_MSG_REF_NUM)?).ok()?,
            total: small(Tag::SAR_TOTAL_SEGMENTS)?,
            number: small(Tag::SAR_SEGMENT_SEQNUM)?,
        })
    }

    /// The first characters, as far as everybody reads them alike.
    pub fn preview(&self) -> String {
        if self.data_coding != 0 || self.esm_class & 0x40 != 0 {
            return String::new();
        }
        let plain = |octet: &&u8| octet.is_ascii_alphanumeric() || matches!(octet, b' ' | b'.' | b',' | b'!' | b'?');
        self.user_data.iter().take(20).take_while(plain).map(|octet| char::from(*octet)).collect()
    }
}

/// Which PDU answers a submission.
#[derive(Clone, Copy)]
pub(super) enum Reply {
    SubmitSm,
    DataSm,
}

impl Reply {
    pub fn answer(self, status: CommandStatus, sequence: u32, message_id: &str) -> Pdu {
        let body = match self {
            Self::SubmitSm => {
                Body::SubmitSmResp(SubmitSmResp { message_id: message_id.into(), ..SubmitSmResp::default() })
            }
            Self::DataSm => Body::DataSmResp(DataSmResp { message_id: message_id.into(), ..DataSmResp::default() }),
        };
        Pdu::answer(status, sequence, body)
    }
}
