//! Makes PDUs of every kind, for the tests that write and read many of them.

use bytes::Bytes;
use postrider::smpp::pdu::{
    Address, AlertNotification, Bind, BindKind, BindResp, BroadcastSm, BroadcastSmResp, COctetString,
    CancelBroadcastSm, CancelSm, DataSm, DataSmResp, DeliverSm, DeliverSmResp, DestAddress, Outbind, QueryBroadcastSm,
    QueryBroadcastSmResp, QuerySm, QuerySmResp, ReplaceSm, SubmitMulti, SubmitMultiResp, SubmitSm, SubmitSmResp, Tlvs,
    UnsuccessSme,
};
use postrider::smpp::tlv::TlvKind;
use postrider::smpp::{Body, CommandStatus, Pdu, Tag};
use proptest::collection::vec;
use proptest::prelude::*;

/// A text of ASCII characters that fits its field; one in four is empty, one in four fills the field.
pub fn text<const SIZE: usize>() -> impl Strategy<Value = COctetString<SIZE>> {
    let filled = vec(b' '..=b'~', COctetString::<SIZE>::OCTETS_MAX);
    let any = vec(b' '..=b'~', 0..=COctetString::<SIZE>::OCTETS_MAX);
    prop_oneof![1 => Just(Vec::new()), 1 => filled, 2 => any].prop_map(COctetString::new)
}

/// An address.
pub fn address<const SIZE: usize>() -> impl Strategy<Value = Address<SIZE>> {
    (any::<u8>(), any::<u8>(), text()).prop_map(|(ton, npi, addr)| Address { ton, npi, addr })
}

/// A time: empty or 16 characters.
pub fn time() -> impl Strategy<Value = COctetString<17>> {
    prop_oneof!["", "[0-9]{15}[-+R]"].prop_map(COctetString::new)
}

fn message() -> impl Strategy<Value = Bytes> {
    prop_oneof![Just(Vec::new()), vec(any::<u8>(), 1..=254)].prop_map(Bytes::from)
}

/// A value as the specification wants it for this tag.
fn value(tag: Tag) -> BoxedStrategy<Vec<u8>> {
    let rule = tag.rule().expect("a tag of the specification");
    let (min, max) = (usize::from(rule.octets.0), usize::from(rule.octets.1).min(300));
    match rule.kind {
        TlvKind::COctets => vec(b' '..=b'~', min - 1..max)
            .prop_map(|mut text| {
                text.push(0);
                text
            })
            .boxed(),
        TlvKind::None => Just(Vec::new()).boxed(),
        TlvKind::Integer | TlvKind::Bits | TlvKind::Octets => vec(any::<u8>(), min..=max).boxed(),
    }
}

/// A TLV with one of these tags.
pub fn tlv(tags: Vec<Tag>) -> impl Strategy<Value = (Tag, Vec<u8>)> {
    proptest::sample::select(tags).prop_flat_map(|tag| (Just(tag), value(tag)))
}

/// A few TLVs with these tags and, one in eight, a vendor's.
pub fn tlvs(tags: Vec<Tag>) -> impl Strategy<Value = Tlvs> {
    let vendor = (0x1400..=0x3fff_u16, vec(any::<u8>(), 0..40)).prop_map(|(tag, value)| (Tag(tag), value));
    vec(prop_oneof![7 => tlv(tags), 1 => vendor], 0..5).prop_map(|found| {
        let mut tlvs = Tlvs::new();
        for (tag, value) in found {
            tlvs.push(tag, &value).expect("short values");
        }
        tlvs
    })
}

/// All tags but `message_payload`, which may not stand beside a `short_message`.
pub fn common_tags() -> Vec<Tag> {
    Tag::known().filter(|&tag| tag != Tag::MESSAGE_PAYLOAD).collect()
}

fn with(mut tlvs: Tlvs, more: &[(Tag, &[u8])]) -> Tlvs {
    for &(tag, value) in more {
        tlvs.push(tag, value).expect("short values");
    }
    tlvs
}

type Flags = (u8, u8, u8, u8, u8, u8, u8);

fn flags() -> impl Strategy<Value = Flags> {
    any::<Flags>()
}

fn submit_sm(tags: Vec<Tag>) -> impl Strategy<Value = SubmitSm> {
    (text(), address(), address(), flags(), time(), time(), message(), tlvs(tags)).prop_map(
        |(service_type, source_addr, destination_addr, flags, schedule, validity, short_message, tlvs)| SubmitSm {
            service_type,
            source_addr,
            destination_addr,
            esm_class: flags.0,
            protocol_id: flags.1,
            priority_flag: flags.2,
            schedule_delivery_time: schedule,
            validity_period: validity,
            registered_delivery: flags.3,
            replace_if_present_flag: flags.4,
            data_coding: flags.5,
            sm_default_msg_id: flags.6,
            short_message,
            tlvs,
        },
    )
}

fn submit_multi(tags: Vec<Tag>) -> impl Strategy<Value = SubmitMulti> {
    let dest = prop_oneof![address().prop_map(DestAddress::Sme), text().prop_map(DestAddress::DistributionList)];
    (submit_sm(tags), vec(dest, 0..5)).prop_map(|(sm, dest_address)| SubmitMulti {
        service_type: sm.service_type,
        source_addr: sm.source_addr,
        dest_address,
        esm_class: sm.esm_class,
        protocol_id: sm.protocol_id,
        priority_flag: sm.priority_flag,
        schedule_delivery_time: sm.schedule_delivery_time,
        validity_period: sm.validity_period,
        registered_delivery: sm.registered_delivery,
        replace_if_present_flag: sm.replace_if_present_flag,
        data_coding: sm.data_coding,
        sm_default_msg_id: sm.sm_default_msg_id,
        short_message: sm.short_message,
        tlvs: sm.tlvs,
    })
}

fn deliver_sm(tags: Vec<Tag>) -> impl Strategy<Value = DeliverSm> {
    submit_sm(tags).prop_map(|sm| DeliverSm {
        service_type: sm.service_type,
        source_addr: sm.source_addr,
        destination_addr: sm.destination_addr,
        esm_class: sm.esm_class,
        protocol_id: sm.protocol_id,
        priority_flag: sm.priority_flag,
        schedule_delivery_time: sm.schedule_delivery_time,
        validity_period: sm.validity_period,
        registered_delivery: sm.registered_delivery,
        replace_if_present_flag: sm.replace_if_present_flag,
        data_coding: sm.data_coding,
        sm_default_msg_id: sm.sm_default_msg_id,
        short_message: sm.short_message,
        tlvs: sm.tlvs,
    })
}

fn kind() -> impl Strategy<Value = BindKind> {
    proptest::sample::select(&BindKind::ALL[..])
}

fn session(tags: &[Tag]) -> BoxedStrategy<Body> {
    let bind = (kind(), text(), text(), text(), any::<(u8, u8, u8)>(), text()).prop_map(
        |(kind, system_id, password, system_type, numbers, address_range)| {
            Body::Bind(Bind {
                kind,
                system_id,
                password,
                system_type,
                interface_version: numbers.0,
                addr_ton: numbers.1,
                addr_npi: numbers.2,
                address_range,
                tlvs: Tlvs::new(),
            })
        },
    );
    let bind_resp = (kind(), text(), tlvs(tags.to_vec()))
        .prop_map(|(kind, system_id, tlvs)| Body::BindResp(BindResp { kind, system_id, tlvs }));
    prop_oneof![
        bind,
        bind_resp,
        (text(), text()).prop_map(|(system_id, password)| Body::Outbind(Outbind { system_id, password })),
        Just(Body::Unbind),
        Just(Body::UnbindResp),
        Just(Body::EnquireLink),
        Just(Body::EnquireLinkResp),
        Just(Body::GenericNack),
    ]
    .boxed()
}

fn messages(tags: &[Tag]) -> BoxedStrategy<Body> {
    let tags = || tags.to_vec();
    let data_sm = (text(), address(), address(), any::<(u8, u8, u8)>(), tlvs(tags())).prop_map(
        |(service_type, source_addr, destination_addr, numbers, tlvs)| {
            Body::DataSm(DataSm {
                service_type,
                source_addr,
                destination_addr,
                esm_class: numbers.0,
                registered_delivery: numbers.1,
                data_coding: numbers.2,
                tlvs,
            })
        },
    );
    let unsuccess_sme = (address(), 1..0x600_u32)
        .prop_map(|(destination_addr, code)| UnsuccessSme { destination_addr, error_status_code: CommandStatus(code) });
    let multi_resp = (text(), vec(unsuccess_sme, 0..4), tlvs(tags())).prop_map(|(message_id, unsuccess_sme, tlvs)| {
        Body::SubmitMultiResp(SubmitMultiResp { message_id, unsuccess_sme, tlvs })
    });
    prop_oneof![
        3 => submit_sm(tags()).prop_map(Body::SubmitSm),
        1 => (text(), tlvs(tags())).prop_map(|(message_id, tlvs)| Body::SubmitSmResp(SubmitSmResp { message_id, tlvs })),
        1 => submit_multi(tags()).prop_map(Body::SubmitMulti),
        1 => multi_resp,
        3 => deliver_sm(tags()).prop_map(Body::DeliverSm),
        1 => (text(), tlvs(tags()))
            .prop_map(|(message_id, tlvs)| Body::DeliverSmResp(DeliverSmResp { message_id, tlvs })),
        1 => data_sm,
        1 => (text(), tlvs(tags())).prop_map(|(message_id, tlvs)| Body::DataSmResp(DataSmResp { message_id, tlvs })),
    ]
    .boxed()
}

fn about_messages() -> BoxedStrategy<Body> {
    let replace_sm = (text(), address(), time(), time(), any::<(u8, u8)>(), message()).prop_map(
        |(message_id, source_addr, schedule_delivery_time, validity_period, numbers, short_message)| {
            Body::ReplaceSm(ReplaceSm {
                message_id,
                source_addr,
                schedule_delivery_time,
                validity_period,
                registered_delivery: numbers.0,
                sm_default_msg_id: numbers.1,
                short_message,
                tlvs: Tlvs::new(),
            })
        },
    );
    let cancel_sm =
        (text(), text(), address(), address()).prop_map(|(service_type, message_id, source_addr, destination_addr)| {
            let tlvs = Tlvs::new();
            Body::CancelSm(CancelSm { service_type, message_id, source_addr, destination_addr, tlvs })
        });
    let query_resp = (text(), time(), any::<(u8, u8)>()).prop_map(|(message_id, final_date, numbers)| {
        let (message_state, error_code) = numbers;
        Body::QuerySmResp(QuerySmResp { message_id, final_date, message_state, error_code, tlvs: Tlvs::new() })
    });
    let alert = (address(), address(), tlvs(vec![Tag::MS_AVAILABILITY_STATUS]).prop_map(first)).prop_map(
        |(source_addr, esme_addr, tlvs)| Body::AlertNotification(AlertNotification { source_addr, esme_addr, tlvs }),
    );
    prop_oneof![
        (text(), address()).prop_map(|(message_id, source_addr)| {
            Body::QuerySm(QuerySm { message_id, source_addr, tlvs: Tlvs::new() })
        }),
        query_resp,
        cancel_sm,
        Just(Body::CancelSmResp),
        replace_sm,
        Just(Body::ReplaceSmResp),
        alert,
    ]
    .boxed()
}

fn broadcasts(tags: &[Tag]) -> BoxedStrategy<Body> {
    let tags = || tags.to_vec();
    let broadcast_sm = (submit_sm(tags()), text()).prop_map(|(sm, message_id)| {
        let required: [(Tag, &[u8]); 4] = [
            (Tag::BROADCAST_AREA_IDENTIFIER, b"\0area"),
            (Tag::BROADCAST_CONTENT_TYPE, &[1, 0, 2]),
            (Tag::BROADCAST_REP_NUM, &[0, 3]),
            (Tag::BROADCAST_FREQUENCY_INTERVAL, &[9, 0, 10]),
        ];
        Body::BroadcastSm(BroadcastSm {
            service_type: sm.service_type,
            source_addr: sm.source_addr,
            message_id,
            priority_flag: sm.priority_flag,
            schedule_delivery_time: sm.schedule_delivery_time,
            validity_period: sm.validity_period,
            replace_if_present_flag: sm.replace_if_present_flag,
            data_coding: sm.data_coding,
            sm_default_msg_id: sm.sm_default_msg_id,
            tlvs: with(sm.tlvs, &required),
        })
    });
    let query_resp = (text(), tlvs(tags())).prop_map(|(message_id, tlvs)| {
        let required: [(Tag, &[u8]); 3] = [
            (Tag::MESSAGE_STATE, &[2]),
            (Tag::BROADCAST_AREA_IDENTIFIER, b"\0area"),
            (Tag::BROADCAST_AREA_SUCCESS, &[90]),
        ];
        Body::QueryBroadcastSmResp(QueryBroadcastSmResp { message_id, tlvs: with(tlvs, &required) })
    });
    let reference = || tlvs(vec![Tag::USER_MESSAGE_REFERENCE]).prop_map(first);
    let cancel = (text(), text(), address(), reference()).prop_map(|(service_type, message_id, source_addr, tlvs)| {
        Body::CancelBroadcastSm(CancelBroadcastSm { service_type, message_id, source_addr, tlvs })
    });
    prop_oneof![
        broadcast_sm,
        (text(), tlvs(tags()))
            .prop_map(|(message_id, tlvs)| Body::BroadcastSmResp(BroadcastSmResp { message_id, tlvs })),
        (text(), address(), reference()).prop_map(|(message_id, source_addr, tlvs)| {
            Body::QueryBroadcastSm(QueryBroadcastSm { message_id, source_addr, tlvs })
        }),
        query_resp,
        cancel,
        Just(Body::CancelBroadcastSmResp),
    ]
    .boxed()
}

/// The first TLV alone, for PDUs that have room for one.
fn first(tlvs: Tlvs) -> Tlvs {
    let mut one = Tlvs::new();
    if let Some((tag, value)) = tlvs.iter().next().filter(|(tag, _)| !tag.is_vendor()) {
        one.push(tag, value).expect("it came from a TLV");
    }
    one
}

/// A PDU of any kind, well-formed, whose message TLVs have these tags.
pub fn pdu(tags: &[Tag]) -> impl Strategy<Value = Pdu> {
    let body = prop_oneof![
        2 => session(&[Tag::SC_INTERFACE_VERSION]).prop_map(one_tlv),
        6 => messages(tags),
        3 => about_messages(),
        2 => broadcasts(tags),
    ];
    (any::<u32>(), body).prop_map(|(sequence_number, body)| {
        // A nack says what was wrong; every other answer here says that nothing was.
        let status = if body == Body::GenericNack { CommandStatus::RINVCMDID } else { CommandStatus::ROK };
        Pdu::answer(status, sequence_number, body)
    })
}

fn one_tlv(body: Body) -> Body {
    if let Body::BindResp(BindResp { kind, system_id, tlvs }) = body {
        return Body::BindResp(BindResp { kind, system_id, tlvs: first(tlvs) });
    }
    body
}
