//! PDUs: one kind a file, each with its fields in wire order, its `decode` and its `encode`.
//!
//! [`Body`] is the index. [`Pdu::decode`] takes one frame from [`FrameSplitter`](super::FrameSplitter); texts and
//! values stay slices of it wherever that is cheaper than a copy. Section numbers are those of SMPP 3.4 unless they
//! say 5.0.

mod address;
mod alert_notification;
mod bind;
mod broadcast_sm;
mod c_octets;
mod cancel_broadcast_sm;
mod cancel_sm;
mod command_id;
mod data_sm;
mod deliver_sm;
mod describe;
mod envelope;
mod error;
mod outbind;
mod query_broadcast_sm;
mod query_sm;
mod reader;
mod replace_sm;
mod submit_multi;
mod submit_sm;
#[cfg(test)]
mod testing;
mod tlvs;
mod writer;

pub use address::Address;
pub use alert_notification::AlertNotification;
pub use bind::{Bind, BindKind, BindResp};
pub use broadcast_sm::{BroadcastSm, BroadcastSmResp};
pub use c_octets::COctetString;
pub use cancel_broadcast_sm::CancelBroadcastSm;
pub use cancel_sm::CancelSm;
pub use command_id::CommandId;
pub use data_sm::{DataSm, DataSmResp};
pub use deliver_sm::{DeliverSm, DeliverSmResp};
pub use describe::{
    data_coding, describe, describe_masked, esm_class, message_state, npi_name, registered_delivery, ton_name,
};
pub use envelope::{Decoded, HEADER_OCTETS, Header, Pdu};
pub use error::{BodyError, DecodeError, EncodeError, Quirk};
pub use outbind::Outbind;
pub use query_broadcast_sm::{QueryBroadcastSm, QueryBroadcastSmResp};
pub use query_sm::{QuerySm, QuerySmResp};
pub use replace_sm::ReplaceSm;
pub use submit_multi::{DestAddress, SubmitMulti, SubmitMultiResp, UnsuccessSme};
pub use submit_sm::{SubmitSm, SubmitSmResp};
pub use tlvs::{TlvIter, Tlvs};
pub use writer::EncodeLimits;

use bytes::Bytes;
use describe::Description;
use reader::Reader;
use writer::Writer;

use super::CommandStatus;

/// All PDUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `bind_receiver`, `bind_transmitter`, `bind_transceiver` (4.1.1, 4.1.3, 4.1.5).
    Bind(Bind),
    /// Their answers (4.1.2, 4.1.4, 4.1.6).
    BindResp(BindResp),
    /// `outbind` (4.1.7).
    Outbind(Outbind),
    /// `unbind` (4.2.1).
    Unbind,
    /// `unbind_resp` (4.2.2).
    UnbindResp,
    /// `enquire_link` (4.11.1).
    EnquireLink,
    /// `enquire_link_resp` (4.11.2).
    EnquireLinkResp,
    /// `generic_nack` (4.3.1).
    GenericNack,
    /// `submit_sm` (4.4.1).
    SubmitSm(SubmitSm),
    /// `submit_sm_resp` (4.4.2).
    SubmitSmResp(SubmitSmResp),
    /// `submit_multi` (4.5.1).
    SubmitMulti(SubmitMulti),
    /// `submit_multi_resp` (4.5.2).
    SubmitMultiResp(SubmitMultiResp),
    /// `deliver_sm` (4.6.1).
    DeliverSm(DeliverSm),
    /// `deliver_sm_resp` (4.6.2).
    DeliverSmResp(DeliverSmResp),
    /// `data_sm` (4.7.1).
    DataSm(DataSm),
    /// `data_sm_resp` (4.7.2).
    DataSmResp(DataSmResp),
    /// `query_sm` (4.8.1).
    QuerySm(QuerySm),
    /// `query_sm_resp` (4.8.2).
    QuerySmResp(QuerySmResp),
    /// `cancel_sm` (4.9.1).
    CancelSm(CancelSm),
    /// `cancel_sm_resp` (4.9.2).
    CancelSmResp,
    /// `replace_sm` (4.10.1).
    ReplaceSm(ReplaceSm),
    /// `replace_sm_resp` (4.10.2).
    ReplaceSmResp,
    /// `alert_notification` (4.12.1).
    AlertNotification(AlertNotification),
    /// `broadcast_sm` (5.0, 4.4.1).
    BroadcastSm(BroadcastSm),
    /// `broadcast_sm_resp` (5.0, 4.4.2).
    BroadcastSmResp(BroadcastSmResp),
    /// `query_broadcast_sm` (5.0, 4.6.1).
    QueryBroadcastSm(QueryBroadcastSm),
    /// `query_broadcast_sm_resp` (5.0, 4.6.3).
    QueryBroadcastSmResp(QueryBroadcastSmResp),
    /// `cancel_broadcast_sm` (5.0, 4.6.2).
    CancelBroadcastSm(CancelBroadcastSm),
    /// `cancel_broadcast_sm_resp` (5.0, 4.6.4).
    CancelBroadcastSmResp,
    /// Any other command, as it came. A request gets a `generic_nack` with `ESME_RINVCMDID`.
    Unknown {
        /// The id that nobody assigned.
        command_id: CommandId,
        /// Everything behind the header.
        octets: Bytes,
    },
}

impl Body {
    /// The id under which it travels.
    pub const fn command_id(&self) -> CommandId {
        match self {
            Self::Bind(bind) => bind.kind.command_id(),
            Self::BindResp(resp) => resp.kind.command_id().response(),
            Self::Outbind(_) => CommandId::OUTBIND,
            Self::Unbind => CommandId::UNBIND,
            Self::UnbindResp => CommandId::UNBIND_RESP,
            Self::EnquireLink => CommandId::ENQUIRE_LINK,
            Self::EnquireLinkResp => CommandId::ENQUIRE_LINK_RESP,
            Self::GenericNack => CommandId::GENERIC_NACK,
            Self::SubmitSm(_) => CommandId::SUBMIT_SM,
            Self::SubmitSmResp(_) => CommandId::SUBMIT_SM_RESP,
            Self::SubmitMulti(_) => CommandId::SUBMIT_MULTI,
            Self::SubmitMultiResp(_) => CommandId::SUBMIT_MULTI_RESP,
            Self::DeliverSm(_) => CommandId::DELIVER_SM,
            Self::DeliverSmResp(_) => CommandId::DELIVER_SM_RESP,
            Self::DataSm(_) => CommandId::DATA_SM,
            Self::DataSmResp(_) => CommandId::DATA_SM_RESP,
            Self::QuerySm(_) => CommandId::QUERY_SM,
            Self::QuerySmResp(_) => CommandId::QUERY_SM_RESP,
            Self::CancelSm(_) => CommandId::CANCEL_SM,
            Self::CancelSmResp => CommandId::CANCEL_SM_RESP,
            Self::ReplaceSm(_) => CommandId::REPLACE_SM,
            Self::ReplaceSmResp => CommandId::REPLACE_SM_RESP,
            Self::AlertNotification(_) => CommandId::ALERT_NOTIFICATION,
            Self::BroadcastSm(_) => CommandId::BROADCAST_SM,
            Self::BroadcastSmResp(_) => CommandId::BROADCAST_SM_RESP,
            Self::QueryBroadcastSm(_) => CommandId::QUERY_BROADCAST_SM,
            Self::QueryBroadcastSmResp(_) => CommandId::QUERY_BROADCAST_SM_RESP,
            Self::CancelBroadcastSm(_) => CommandId::CANCEL_BROADCAST_SM,
            Self::CancelBroadcastSmResp => CommandId::CANCEL_BROADCAST_SM_RESP,
            Self::Unknown { command_id, .. } => *command_id,
        }
    }

    /// The optional parameters, if this kind of PDU can have any.
    pub const fn tlvs(&self) -> Option<&Tlvs> {
        match self {
            Self::Bind(body) => Some(&body.tlvs),
            Self::BindResp(body) => Some(&body.tlvs),
            Self::SubmitSm(body) => Some(&body.tlvs),
            Self::SubmitSmResp(body) => Some(&body.tlvs),
            Self::SubmitMulti(body) => Some(&body.tlvs),
            Self::SubmitMultiResp(body) => Some(&body.tlvs),
            Self::DeliverSm(body) => Some(&body.tlvs),
            Self::DeliverSmResp(body) => Some(&body.tlvs),
            Self::DataSm(body) => Some(&body.tlvs),
            Self::DataSmResp(body) => Some(&body.tlvs),
            Self::QuerySm(body) => Some(&body.tlvs),
            Self::QuerySmResp(body) => Some(&body.tlvs),
            Self::CancelSm(body) => Some(&body.tlvs),
            Self::ReplaceSm(body) => Some(&body.tlvs),
            Self::AlertNotification(body) => Some(&body.tlvs),
            Self::BroadcastSm(body) => Some(&body.tlvs),
            Self::BroadcastSmResp(body) => Some(&body.tlvs),
            Self::QueryBroadcastSm(body) => Some(&body.tlvs),
            Self::QueryBroadcastSmResp(body) => Some(&body.tlvs),
            Self::CancelBroadcastSm(body) => Some(&body.tlvs),
            Self::Outbind(_)
            | Self::Unbind
            | Self::UnbindResp
            | Self::EnquireLink
            | Self::EnquireLinkResp
            | Self::GenericNack
            | Self::CancelSmResp
            | Self::ReplaceSmResp
            | Self::CancelBroadcastSmResp
            | Self::Unknown { .. } => None,
        }
    }

    /// The body that a command has, with all its fields empty.
    #[inline]
    fn blank(command_id: CommandId) -> Self {
        let bind = |kind| Self::Bind(Bind { kind, ..Bind::default() });
        let bind_resp = |kind| Self::BindResp(BindResp { kind, ..BindResp::default() });
        match command_id {
            CommandId::BIND_RECEIVER => bind(BindKind::Receiver),
            CommandId::BIND_TRANSMITTER => bind(BindKind::Transmitter),
            CommandId::BIND_TRANSCEIVER => bind(BindKind::Transceiver),
            CommandId::BIND_RECEIVER_RESP => bind_resp(BindKind::Receiver),
            CommandId::BIND_TRANSMITTER_RESP => bind_resp(BindKind::Transmitter),
            CommandId::BIND_TRANSCEIVER_RESP => bind_resp(BindKind::Transceiver),
            CommandId::OUTBIND => Self::Outbind(Outbind::default()),
            CommandId::UNBIND => Self::Unbind,
            CommandId::UNBIND_RESP => Self::UnbindResp,
            CommandId::ENQUIRE_LINK => Self::EnquireLink,
            CommandId::ENQUIRE_LINK_RESP => Self::EnquireLinkResp,
            CommandId::GENERIC_NACK => Self::GenericNack,
            CommandId::SUBMIT_SM => Self::SubmitSm(SubmitSm::default()),
            CommandId::SUBMIT_SM_RESP => Self::SubmitSmResp(SubmitSmResp::default()),
            CommandId::SUBMIT_MULTI => Self::SubmitMulti(SubmitMulti::default()),
            CommandId::SUBMIT_MULTI_RESP => Self::SubmitMultiResp(SubmitMultiResp::default()),
            CommandId::DELIVER_SM => Self::DeliverSm(DeliverSm::default()),
            CommandId::DELIVER_SM_RESP => Self::DeliverSmResp(DeliverSmResp::default()),
            CommandId::DATA_SM => Self::DataSm(DataSm::default()),
            CommandId::DATA_SM_RESP => Self::DataSmResp(DataSmResp::default()),
            CommandId::QUERY_SM => Self::QuerySm(QuerySm::default()),
            CommandId::QUERY_SM_RESP => Self::QuerySmResp(QuerySmResp::default()),
            CommandId::CANCEL_SM => Self::CancelSm(CancelSm::default()),
            CommandId::CANCEL_SM_RESP => Self::CancelSmResp,
            CommandId::REPLACE_SM => Self::ReplaceSm(ReplaceSm::default()),
            CommandId::REPLACE_SM_RESP => Self::ReplaceSmResp,
            CommandId::ALERT_NOTIFICATION => Self::AlertNotification(AlertNotification::default()),
            CommandId::BROADCAST_SM => Self::BroadcastSm(BroadcastSm::default()),
            CommandId::BROADCAST_SM_RESP => Self::BroadcastSmResp(BroadcastSmResp::default()),
            CommandId::QUERY_BROADCAST_SM => Self::QueryBroadcastSm(QueryBroadcastSm::default()),
            CommandId::QUERY_BROADCAST_SM_RESP => Self::QueryBroadcastSmResp(QueryBroadcastSmResp::default()),
            CommandId::CANCEL_BROADCAST_SM => Self::CancelBroadcastSm(CancelBroadcastSm::default()),
            CommandId::CANCEL_BROADCAST_SM_RESP => Self::CancelBroadcastSmResp,
            command_id => Self::Unknown { command_id, octets: Bytes::new() },
        }
    }

    /// Reads the fields of a blank body. They are read where they stay: moving a body of some two hundred octets from
    /// function to function would cost more than reading it.
    #[inline]
    fn decode(&mut self, status: CommandStatus, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        let ok = status.is_ok();
        match self {
            Self::Bind(body) => body.decode(reader),
            Self::BindResp(body) => body.decode(ok, reader),
            Self::Outbind(body) => body.decode(reader),
            Self::SubmitSm(body) => body.decode(reader),
            Self::SubmitSmResp(body) => body.decode(ok, reader),
            Self::SubmitMulti(body) => body.decode(reader),
            Self::SubmitMultiResp(body) => body.decode(ok, reader),
            Self::DeliverSm(body) => body.decode(reader),
            Self::DeliverSmResp(body) => body.decode(ok, reader),
            Self::DataSm(body) => body.decode(reader),
            Self::DataSmResp(body) => body.decode(ok, reader),
            Self::QuerySm(body) => body.decode(reader),
            Self::QuerySmResp(body) => body.decode(ok, reader),
            Self::CancelSm(body) => body.decode(reader),
            Self::ReplaceSm(body) => body.decode(reader),
            Self::AlertNotification(body) => body.decode(reader),
            Self::BroadcastSm(body) => body.decode(reader),
            Self::BroadcastSmResp(body) => body.decode(ok, reader),
            Self::QueryBroadcastSm(body) => body.decode(reader),
            Self::QueryBroadcastSmResp(body) => body.decode(ok, reader),
            Self::CancelBroadcastSm(body) => body.decode(reader),
            Self::Unknown { octets, .. } => {
                *octets = reader.remaining();
                Ok(())
            }
            Self::Unbind
            | Self::UnbindResp
            | Self::EnquireLink
            | Self::EnquireLinkResp
            | Self::GenericNack
            | Self::CancelSmResp
            | Self::ReplaceSmResp
            | Self::CancelBroadcastSmResp => Ok(()),
        }
    }

    #[inline]
    fn encode(&self, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Bind(body) => body.encode(out),
            Self::BindResp(body) => body.encode(status, out),
            Self::Outbind(body) => body.encode(out),
            Self::SubmitSm(body) => body.encode(out),
            Self::SubmitSmResp(body) => body.encode(status, out),
            Self::SubmitMulti(body) => body.encode(out),
            Self::SubmitMultiResp(body) => body.encode(status, out),
            Self::DeliverSm(body) => body.encode(out),
            Self::DeliverSmResp(body) => body.encode(status, out),
            Self::DataSm(body) => body.encode(out),
            Self::DataSmResp(body) => body.encode(status, out),
            Self::QuerySm(body) => body.encode(out),
            Self::QuerySmResp(body) => body.encode(status, out),
            Self::CancelSm(body) => body.encode(out),
            Self::ReplaceSm(body) => body.encode(out),
            Self::AlertNotification(body) => body.encode(out),
            Self::BroadcastSm(body) => body.encode(out),
            Self::BroadcastSmResp(body) => body.encode(status, out),
            Self::QueryBroadcastSm(body) => body.encode(out),
            Self::QueryBroadcastSmResp(body) => body.encode(status, out),
            Self::CancelBroadcastSm(body) => body.encode(out),
            Self::Unknown { octets, .. } => {
                out.octets(octets);
                Ok(())
            }
            Self::Unbind
            | Self::UnbindResp
            | Self::EnquireLink
            | Self::EnquireLinkResp
            | Self::GenericNack
            | Self::CancelSmResp
            | Self::ReplaceSmResp
            | Self::CancelBroadcastSmResp => Ok(()),
        }
    }
}
