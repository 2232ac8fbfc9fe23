//! Other implementations read what we write as we meant it, and write it as we read it.
//!
//! Every PDU made here is written by us and read by rusmpp-core and smpp34; each field must have the same octets. Then
//! they write it, and we must read the PDU that we began with. Where one of them is wrong, the generator leaves that
//! out and says why.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

mod smpp_pdus;

use bytes::{BufMut, Bytes, BytesMut};
use postrider::smpp::pdu::{Address, COctetString, DestAddress, Tlvs};
use postrider::smpp::{Body, Pdu, Tag};
use proptest::prelude::*;
use smpp_pdus::{common_tags, pdu};

fn encode(pdu: &Pdu) -> Bytes {
    let mut out = BytesMut::new();
    pdu.encode(&mut out).unwrap();
    out.freeze()
}

fn decode(frame: impl Into<Bytes>) -> Pdu {
    let decoded = Pdu::decode(&frame.into()).unwrap();
    assert_eq!(decoded.quirks, []);
    decoded.pdu
}

/// The fields of a body, each as its octets on the wire.
#[derive(Debug, Default, PartialEq)]
struct Fields(Vec<Vec<u8>>);

impl Fields {
    fn text(mut self, text: &str) -> Self {
        self.0.push([text.as_bytes(), &[0]].concat());
        self
    }

    fn ours<const SIZE: usize>(self, text: &COctetString<SIZE>) -> Self {
        self.text(&text.to_text())
    }

    fn octets(mut self, octets: &[u8]) -> Self {
        self.0.push(octets.to_vec());
        self
    }

    fn numbers(self, numbers: &[u8]) -> Self {
        numbers.iter().fold(self, |fields, &number| fields.octets(&[number]))
    }

    fn address<const SIZE: usize>(self, address: &Address<SIZE>) -> Self {
        self.numbers(&[address.ton, address.npi]).ours(&address.addr)
    }

    fn tlvs(self, tlvs: &Tlvs) -> Self {
        tlvs.iter().fold(self, |fields, (tag, value)| fields.octets(&tag.0.to_be_bytes()).octets(value))
    }
}

/// What a body says, field by field, in wire order.
fn fields(body: &Body) -> Fields {
    let out = Fields::default();
    match body {
        Body::Bind(bind) => out
            .ours(&bind.system_id)
            .ours(&bind.password)
            .ours(&bind.system_type)
            .numbers(&[bind.interface_version, bind.addr_ton, bind.addr_npi])
            .ours(&bind.address_range),
        Body::BindResp(resp) => out.ours(&resp.system_id).tlvs(&resp.tlvs),
        Body::Outbind(outbind) => out.ours(&outbind.system_id).ours(&outbind.password),
        Body::SubmitSm(sm) => out
            .ours(&sm.service_type)
            .address(&sm.source_addr)
            .address(&sm.destination_addr)
            .numbers(&[sm.esm_class, sm.protocol_id, sm.priority_flag])
            .ours(&sm.schedule_delivery_time)
            .ours(&sm.validity_period)
            .numbers(&[sm.registered_delivery, sm.replace_if_present_flag, sm.data_coding, sm.sm_default_msg_id])
            .octets(&sm.short_message)
            .tlvs(&sm.tlvs),
        Body::DeliverSm(sm) => out
            .ours(&sm.service_type)
            .address(&sm.source_addr)
            .address(&sm.destination_addr)
            .numbers(&[sm.esm_class, sm.protocol_id, sm.priority_flag])
            .ours(&sm.schedule_delivery_time)
            .ours(&sm.validity_period)
            .numbers(&[sm.registered_delivery, sm.replace_if_present_flag, sm.data_coding, sm.sm_default_msg_id])
            .octets(&sm.short_message)
            .tlvs(&sm.tlvs),
        Body::SubmitMulti(sm) => {
            let out = out.ours(&sm.service_type).address(&sm.source_addr);
            let out = sm.dest_address.iter().fold(out, |out, dest| match dest {
                DestAddress::Sme(address) => out.numbers(&[1]).address(address),
                DestAddress::DistributionList(name) => out.numbers(&[2]).ours(name),
            });
            out.numbers(&[sm.esm_class, sm.protocol_id, sm.priority_flag])
                .ours(&sm.schedule_delivery_time)
                .ours(&sm.validity_period)
                .numbers(&[sm.registered_delivery, sm.replace_if_present_flag, sm.data_coding, sm.sm_default_msg_id])
                .octets(&sm.short_message)
                .tlvs(&sm.tlvs)
        }
        Body::SubmitMultiResp(resp) => {
            let out = out.ours(&resp.message_id);
            let out = resp.unsuccess_sme.iter().fold(out, |out, sme| {
                out.address(&sme.destination_addr).octets(&sme.error_status_code.0.to_be_bytes())
            });
            out.tlvs(&resp.tlvs)
        }
        Body::DataSm(sm) => out
            .ours(&sm.service_type)
            .address(&sm.source_addr)
            .address(&sm.destination_addr)
            .numbers(&[sm.esm_class, sm.registered_delivery, sm.data_coding])
            .tlvs(&sm.tlvs),
        Body::SubmitSmResp(resp) => out.ours(&resp.message_id).tlvs(&resp.tlvs),
        Body::DeliverSmResp(resp) => out.ours(&resp.message_id).tlvs(&resp.tlvs),
        Body::DataSmResp(resp) => out.ours(&resp.message_id).tlvs(&resp.tlvs),
        Body::BroadcastSmResp(resp) => out.ours(&resp.message_id).tlvs(&resp.tlvs),
        Body::QueryBroadcastSmResp(resp) => out.ours(&resp.message_id).tlvs(&resp.tlvs),
        Body::QuerySm(query) => out.ours(&query.message_id).address(&query.source_addr),
        Body::QuerySmResp(resp) => {
            out.ours(&resp.message_id).ours(&resp.final_date).numbers(&[resp.message_state, resp.error_code])
        }
        Body::CancelSm(cancel) => out
            .ours(&cancel.service_type)
            .ours(&cancel.message_id)
            .address(&cancel.source_addr)
            .address(&cancel.destination_addr),
        Body::ReplaceSm(sm) => out
            .ours(&sm.message_id)
            .address(&sm.source_addr)
            .ours(&sm.schedule_delivery_time)
            .ours(&sm.validity_period)
            .numbers(&[sm.registered_delivery, sm.sm_default_msg_id])
            .octets(&sm.short_message),
        Body::AlertNotification(alert) => out.address(&alert.source_addr).address(&alert.esme_addr).tlvs(&alert.tlvs),
        Body::BroadcastSm(sm) => out
            .ours(&sm.service_type)
            .address(&sm.source_addr)
            .ours(&sm.message_id)
            .numbers(&[sm.priority_flag])
            .ours(&sm.schedule_delivery_time)
            .ours(&sm.validity_period)
            .numbers(&[sm.replace_if_present_flag, sm.data_coding, sm.sm_default_msg_id])
            .tlvs(&sm.tlvs),
        Body::QueryBroadcastSm(query) => out.ours(&query.message_id).address(&query.source_addr).tlvs(&query.tlvs),
        Body::CancelBroadcastSm(cancel) => {
            out.ours(&cancel.service_type).ours(&cancel.message_id).address(&cancel.source_addr).tlvs(&cancel.tlvs)
        }
        Body::Unbind
        | Body::UnbindResp
        | Body::EnquireLink
        | Body::EnquireLinkResp
        | Body::GenericNack
        | Body::CancelSmResp
        | Body::ReplaceSmResp
        | Body::CancelBroadcastSmResp
        | Body::Unknown { .. } => out,
    }
}

mod rusmpp {
    use super::*;
    use rusmpp_core::command::owned::Command;
    use rusmpp_core::decode::owned::DecodeWithLength;
    use rusmpp_core::encode::Length;
    use rusmpp_core::encode::owned::Encode;
    use rusmpp_core::pdus::owned::Pdu as Theirs;
    use rusmpp_core::tlvs::owned::Tlv;

    fn wire(value: &(impl Encode + Length)) -> Vec<u8> {
        let mut out = BytesMut::new();
        value.encode(&mut out);
        out.to_vec()
    }

    /// Gathers the octets of fields in wire order.
    macro_rules! gather {
        ($out:expr, $body:expr; $($field:ident),*) => {{
            let mut out = $out;
            $(out = out.octets(&wire(&$body.$field));)*
            out
        }};
    }

    fn tlvs(out: Fields, tlvs: &[Tlv]) -> Fields {
        // A TLV is its tag, its length and its value.
        tlvs.iter().map(wire).fold(out, |out, tlv| out.octets(&tlv[..2]).octets(&tlv[4..]))
    }

    fn fields(pdu: &Theirs) -> Fields {
        let out = Fields::default();
        match pdu {
            Theirs::BindTransmitter(bind) => {
                gather!(out, bind; system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range)
            }
            Theirs::BindReceiver(bind) => {
                gather!(out, bind; system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range)
            }
            Theirs::BindTransceiver(bind) => {
                gather!(out, bind; system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range)
            }
            Theirs::BindTransmitterResp(resp) => {
                tlvs(gather!(out, resp; system_id), resp.sc_interface_version_tlv().map_or(&[], std::slice::from_ref))
            }
            Theirs::BindReceiverResp(resp) => {
                tlvs(gather!(out, resp; system_id), resp.sc_interface_version_tlv().map_or(&[], std::slice::from_ref))
            }
            Theirs::BindTransceiverResp(resp) => {
                tlvs(gather!(out, resp; system_id), resp.sc_interface_version_tlv().map_or(&[], std::slice::from_ref))
            }
            Theirs::Outbind(outbind) => gather!(out, outbind; system_id, password),
            Theirs::AlertNotification(alert) => {
                let out = gather!(out, alert; source_addr_ton, source_addr_npi, source_addr, esme_addr_ton, esme_addr_npi, esme_addr);
                match alert.ms_availability_status() {
                    Some(status) => out.octets(&Tag::MS_AVAILABILITY_STATUS.0.to_be_bytes()).octets(&wire(&status)),
                    None => out,
                }
            }
            Theirs::SubmitSm(sm) => {
                let out = gather!(out, sm; service_type, source_addr_ton, source_addr_npi, source_addr, dest_addr_ton,
                    dest_addr_npi, destination_addr, esm_class, protocol_id, priority_flag, schedule_delivery_time,
                    validity_period, registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id);
                tlvs(out.octets(&wire(sm.short_message())), sm.tlvs())
            }
            Theirs::DeliverSm(sm) => {
                let out = gather!(out, sm; service_type, source_addr_ton, source_addr_npi, source_addr, dest_addr_ton,
                    dest_addr_npi, destination_addr, esm_class, protocol_id, priority_flag, schedule_delivery_time,
                    validity_period, registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id);
                tlvs(out.octets(&wire(sm.short_message())), sm.tlvs())
            }
            Theirs::DataSm(sm) => {
                let out = gather!(out, sm; service_type, source_addr_ton, source_addr_npi, source_addr, dest_addr_ton,
                    dest_addr_npi, destination_addr, esm_class, registered_delivery, data_coding);
                tlvs(out, sm.tlvs())
            }
            Theirs::SubmitSmResp(resp) => tlvs(out.octets(&wire(resp.message_id())), resp.tlvs()),
            Theirs::DeliverSmResp(resp) => tlvs(out.octets(&wire(resp.message_id())), resp.tlvs()),
            Theirs::DataSmResp(resp) => tlvs(out.octets(&wire(resp.message_id())), resp.tlvs()),
            Theirs::QuerySm(query) => {
                gather!(out, query; message_id, source_addr_ton, source_addr_npi, source_addr)
            }
            Theirs::QuerySmResp(resp) => gather!(out, resp; message_id, final_date, message_state, error_code),
            Theirs::CancelSm(cancel) => {
                gather!(out, cancel; service_type, message_id, source_addr_ton, source_addr_npi, source_addr,
                    dest_addr_ton, dest_addr_npi, destination_addr)
            }
            Theirs::ReplaceSm(sm) => {
                let out = gather!(out, sm; message_id, source_addr_ton, source_addr_npi, source_addr,
                    schedule_delivery_time, validity_period, registered_delivery, sm_default_msg_id);
                out.octets(&wire(sm.short_message()))
            }
            Theirs::SubmitMulti(sm) => {
                let out = gather!(out, sm; service_type, source_addr_ton, source_addr_npi, source_addr);
                let out = sm.dest_address().iter().map(wire).fold(out, |out, dest| match dest[0] {
                    1 => out.numbers(&dest[..3]).octets(&dest[3..]),
                    _ => out.numbers(&dest[..1]).octets(&dest[1..]),
                });
                // Its short_message has no accessor; the octets that it writes are compared all the same.
                gather!(out, sm; esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period,
                    registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id)
            }
            Theirs::SubmitMultiResp(resp) => {
                let out = resp.unsuccess_sme().iter().fold(
                    gather!(out, resp; message_id),
                    |out, sme| gather!(out, sme; dest_addr_ton, dest_addr_npi, destination_addr, error_status_code),
                );
                tlvs(out, resp.tlvs())
            }
            Theirs::BroadcastSm(sm) => {
                let out = gather!(out, sm; service_type, source_addr_ton, source_addr_npi, source_addr, message_id,
                    priority_flag, schedule_delivery_time, validity_period, replace_if_present_flag, data_coding,
                    sm_default_msg_id);
                tlvs(out, sm.tlvs())
            }
            Theirs::BroadcastSmResp(resp) => tlvs(gather!(out, resp; message_id), resp.tlvs()),
            Theirs::QueryBroadcastSm(query) => {
                let out = gather!(out, query; message_id, source_addr_ton, source_addr_npi, source_addr);
                match query.user_message_reference() {
                    Some(value) => out.octets(&Tag::USER_MESSAGE_REFERENCE.0.to_be_bytes()).octets(&wire(&value)),
                    None => out,
                }
            }
            Theirs::QueryBroadcastSmResp(resp) => tlvs(gather!(out, resp; message_id), resp.tlvs()),
            Theirs::CancelBroadcastSm(cancel) => {
                let out = gather!(out, cancel; service_type, message_id, source_addr_ton, source_addr_npi, source_addr);
                tlvs(out, cancel.tlvs())
            }
            _ => out,
        }
    }

    /// The tags that rusmpp-core keeps as they came.
    pub fn tags() -> Vec<Tag> {
        let other = [
            // It takes two octets only; implementations disagree, and one octet is what Kannel and smppex write.
            Tag::SOURCE_TELEMATICS_ID,
            // It keeps the bits that have a meaning and writes 0 for the others.
            Tag::MS_MSG_WAIT_FACILITIES,
            Tag::CALLBACK_NUM_PRES_IND,
            // It takes one or four octets only.
            Tag::MS_VALIDITY,
            // It takes one octet; the specification has two.
            Tag::BROADCAST_REP_NUM,
        ];
        common_tags().into_iter().filter(|tag| !other.contains(tag)).collect()
    }

    pub fn check(pdu: &Pdu) {
        let frame = encode(pdu);
        let mut rest = BytesMut::from(&frame[4..]);
        let length = rest.len();
        let (command, read) = Command::decode(&mut rest, length).unwrap_or_else(|error| panic!("{pdu:?}: {error:?}"));
        assert_eq!(read, length, "{pdu:?}");
        assert_eq!(u32::from(command.id()), pdu.body.command_id().0);
        assert_eq!(
            (u32::from(command.status()), command.sequence_number()),
            (pdu.command_status.0, pdu.sequence_number)
        );
        let mut ours = super::fields(&pdu.body);
        let theirs = command.pdu().map(fields).unwrap_or_default();
        if let Body::SubmitMulti(_) = pdu.body {
            ours.0.truncate(theirs.0.len());
        }
        assert_eq!(theirs, ours, "{pdu:?}");

        let mut again = BytesMut::new();
        again.put_u32(u32::try_from(4 + command.length()).unwrap());
        command.encode(&mut again);
        assert_eq!(decode(again), *pdu);
    }
}

mod smpp34 {
    use super::*;
    use ::smpp34::{CommandHeader, DestAddress, Tlv};

    fn tlvs(out: Fields, tlvs: &[Tlv]) -> Fields {
        tlvs.iter().fold(out, |out, tlv| out.octets(&tlv.tag.to_be_bytes()).octets(&tlv.value))
    }

    fn numbered(out: Fields, tag: Tag, value: Option<u8>) -> Fields {
        value.into_iter().fold(out, |out, value| out.octets(&tag.0.to_be_bytes()).octets(&[value]))
    }

    /// What smpp34 reads and what it writes again; `None` for the commands of 5.0, which it does not know.
    fn both(body: &Body, frame: &[u8]) -> Option<(Fields, Vec<u8>)> {
        let header = CommandHeader::decode(frame).unwrap();
        let out = Fields::default();
        macro_rules! read {
            ($kind:ident) => {
                ::smpp34::$kind::decode(header, frame).unwrap_or_else(|error| panic!("{body:?}: {error:?}"))
            };
        }
        macro_rules! bind {
            ($kind:ident) => {{
                let bind = read!($kind);
                let out = out.text(&bind.system_id).text(&bind.password).text(&bind.system_type);
                let out = out.numbers(&[bind.interface_version, bind.addr_ton, bind.addr_npi]);
                (out.text(&bind.address_range), bind.encode())
            }};
        }
        macro_rules! bind_resp {
            ($kind:ident) => {{
                let resp = read!($kind);
                let out = out.text(resp.system_id.as_deref().unwrap_or_default());
                (numbered(out, Tag::SC_INTERFACE_VERSION, resp.sc_interface_version), resp.encode())
            }};
        }
        macro_rules! message {
            ($kind:ident) => {{
                let sm = read!($kind);
                let out = out
                    .text(&sm.service_type)
                    .numbers(&[sm.source_addr_ton, sm.source_addr_npi])
                    .text(&sm.source_addr)
                    .numbers(&[sm.dest_addr_ton, sm.dest_addr_npi])
                    .text(&sm.destination_addr)
                    .numbers(&[sm.esm_class, sm.protocol_id, sm.priority_flag])
                    .text(&sm.schedule_delivery_time)
                    .text(&sm.validity_period)
                    .numbers(&[
                        sm.registered_delivery,
                        sm.replace_if_present_flag,
                        sm.data_coding,
                        sm.sm_default_msg_id,
                    ])
                    .octets(&sm.short_message);
                (tlvs(out, &sm.tlvs), sm.encode())
            }};
        }
        use postrider::smpp::CommandId;
        Some(match body.command_id() {
            CommandId::BIND_RECEIVER => bind!(bind_receiver),
            CommandId::BIND_TRANSMITTER => bind!(bind_transmitter),
            CommandId::BIND_TRANSCEIVER => bind!(bind_transceiver),
            CommandId::BIND_RECEIVER_RESP => bind_resp!(bind_receiver_resp),
            CommandId::BIND_TRANSMITTER_RESP => bind_resp!(bind_transmitter_resp),
            CommandId::BIND_TRANSCEIVER_RESP => bind_resp!(bind_transceiver_resp),
            CommandId::SUBMIT_SM => message!(submit_sm),
            CommandId::DELIVER_SM => message!(deliver_sm),
            CommandId::SUBMIT_MULTI => {
                let sm = read!(submit_sm_multi);
                let out = out.text(&sm.service_type).numbers(&[sm.source_addr_ton, sm.source_addr_npi]);
                let out = sm.dest_addresses.iter().fold(out.text(&sm.source_addr), |out, dest| match dest {
                    DestAddress::Sme { dest_addr_ton, dest_addr_npi, destination_addr } => {
                        out.numbers(&[1, *dest_addr_ton, *dest_addr_npi]).text(destination_addr)
                    }
                    DestAddress::DistributionList { dl_name } => out.numbers(&[2]).text(dl_name),
                });
                let out = out
                    .numbers(&[sm.esm_class, sm.protocol_id, sm.priority_flag])
                    .text(&sm.schedule_delivery_time)
                    .text(&sm.validity_period)
                    .numbers(&[
                        sm.registered_delivery,
                        sm.replace_if_present_flag,
                        sm.data_coding,
                        sm.sm_default_msg_id,
                    ])
                    .octets(&sm.short_message);
                (tlvs(out, &sm.tlvs), sm.encode())
            }
            CommandId::SUBMIT_SM_RESP => {
                let resp = read!(submit_sm_resp);
                (out.text(resp.message_id.as_deref().unwrap_or_default()), resp.encode())
            }
            CommandId::SUBMIT_MULTI_RESP => {
                let resp = read!(submit_sm_multi_resp);
                let out = out.text(resp.message_id.as_deref().unwrap_or_default());
                let out = resp.unsuccess_sme.iter().fold(out, |out, sme| {
                    out.numbers(&[sme.dest_addr_ton, sme.dest_addr_npi])
                        .text(&sme.destination_addr)
                        .octets(&sme.error_status_code.to_be_bytes())
                });
                (out, resp.encode())
            }
            CommandId::DATA_SM => {
                let sm = read!(data_sm);
                let out = out
                    .text(&sm.service_type)
                    .numbers(&[sm.source_addr_ton, sm.source_addr_npi])
                    .text(&sm.source_addr)
                    .numbers(&[sm.dest_addr_ton, sm.dest_addr_npi])
                    .text(&sm.destination_addr)
                    .numbers(&[sm.esm_class, sm.registered_delivery, sm.data_coding]);
                (tlvs(out, &sm.tlvs), sm.encode())
            }
            CommandId::QUERY_SM => {
                let query = read!(query_sm);
                let out = out.text(&query.message_id).numbers(&[query.source_addr_ton, query.source_addr_npi]);
                (out.text(&query.source_addr), query.encode())
            }
            CommandId::QUERY_SM_RESP => {
                let resp = read!(query_sm_resp);
                let out = out.text(&resp.message_id).text(&resp.final_date);
                (out.numbers(&[resp.message_state, resp.error_code]), resp.encode())
            }
            CommandId::CANCEL_SM => {
                // Of all its commands only this one wants the body without the header.
                let cancel = ::smpp34::cancel_sm::decode(header, &frame[16..]).unwrap();
                let out = out
                    .text(&cancel.service_type)
                    .text(&cancel.message_id)
                    .numbers(&[cancel.source_addr_ton, cancel.source_addr_npi])
                    .text(&cancel.source_addr)
                    .numbers(&[cancel.dest_addr_ton, cancel.dest_addr_npi])
                    .text(&cancel.destination_addr);
                (out, cancel.encode())
            }
            CommandId::REPLACE_SM => {
                let sm = read!(replace_sm);
                let out = out
                    .text(&sm.message_id)
                    .numbers(&[sm.source_addr_ton, sm.source_addr_npi])
                    .text(&sm.source_addr)
                    .text(&sm.schedule_delivery_time)
                    .text(&sm.validity_period)
                    .numbers(&[sm.registered_delivery, sm.sm_default_msg_id])
                    .octets(&sm.short_message);
                (out, sm.encode())
            }
            CommandId::ALERT_NOTIFICATION => {
                let alert = read!(alert_notification);
                let out = out
                    .numbers(&[alert.source_addr_ton, alert.source_addr_npi])
                    .text(&alert.source_addr)
                    .numbers(&[alert.esme_addr_ton, alert.esme_addr_npi])
                    .text(&alert.esme_addr);
                (numbered(out, Tag::MS_AVAILABILITY_STATUS, alert.ms_availability_status), alert.encode())
            }
            CommandId::ENQUIRE_LINK => (out, read!(enquire_link).encode()),
            CommandId::GENERIC_NACK => (out, read!(generic_nack).encode()),
            CommandId::UNBIND_RESP => (out, read!(unbind_resp).encode()),
            CommandId::CANCEL_SM_RESP => (out, read!(cancel_sm_resp).encode()),
            CommandId::REPLACE_SM_RESP => (out, read!(replace_sm_resp).encode()),
            // smpp34 keeps the fields of an outbind to itself; the octets that it writes are compared all the same.
            CommandId::OUTBIND => (super::fields(body), read!(outbind).encode()),
            // Nor does it show the id of these answers.
            CommandId::DELIVER_SM_RESP => (super::fields(body), read!(deliver_sm_resp).encode()),
            CommandId::DATA_SM_RESP => {
                let resp = read!(data_sm_resp);
                let id = if let Body::DataSmResp(ours) = body { ours.message_id.to_text() } else { "".into() };
                (tlvs(out.text(&id), &resp.tlvs), resp.encode())
            }
            _ => return None,
        })
    }

    pub fn check(pdu: &Pdu) {
        let frame = encode(pdu);
        let Some((theirs, again)) = both(&pdu.body, &frame) else { return };
        let ours = super::fields(&pdu.body);
        assert_eq!(theirs, ours, "{pdu:?}");
        assert_eq!(decode(again), *pdu);
    }
}

/// What rusmpp-core can hold of a PDU.
fn fit_for_rusmpp(mut pdu: Pdu) -> Pdu {
    if let Body::DataSm(sm) = &mut pdu.body {
        // Its addresses have 21 octets here; the specification has 65.
        let cut = |text: &COctetString<65>| COctetString::new(&text.as_bytes()[..text.len().min(20)]);
        sm.source_addr.addr = cut(&sm.source_addr.addr);
        sm.destination_addr.addr = cut(&sm.destination_addr.addr);
    }
    if let Body::BroadcastSm(sm) = &mut pdu.body {
        // Its broadcast_rep_num has one octet, and a broadcast must have that TLV.
        let mut tlvs = Tlvs::new();
        for (tag, value) in &sm.tlvs {
            let value = if tag == Tag::BROADCAST_REP_NUM { &value[1..] } else { value };
            tlvs.push(tag, value).unwrap();
        }
        sm.tlvs = tlvs;
    }
    pdu
}

/// What smpp34 can hold of a PDU.
fn fit_for_smpp34(mut pdu: Pdu) -> Pdu {
    match &mut pdu.body {
        // It drops the TLVs of these answers.
        Body::SubmitSmResp(resp) => resp.tlvs = Tlvs::new(),
        Body::SubmitMultiResp(resp) => resp.tlvs = Tlvs::new(),
        Body::DeliverSmResp(resp) => resp.tlvs = Tlvs::new(),
        _ => {}
    }
    pdu
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rusmpp_core_agrees(pdu in pdu(&rusmpp::tags())) {
        rusmpp::check(&fit_for_rusmpp(pdu));
    }

    #[test]
    fn smpp34_agrees(pdu in pdu(&common_tags())) {
        smpp34::check(&fit_for_smpp34(pdu));
    }
}
