//! Claims about what a segment looks like to a carrier.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::Pdu;
use crate::profile::{DefaultAlphabet, IntWidth, RegisteredDelivery, TimeForm, TlvKind, TlvRule, TlvSource};
use postrider_model::{Class, Indication, MessageId, SegmentTurn, Sender};

fn encoded(segments: &[&[u8]], concatenation: Concatenation) -> Encoded {
    Encoded {
        alphabet: Alphabet::Gsm7,
        indication: Indication::default(),
        concatenation,
        reference: 0x1234,
        elements: vec![],
        segments: segments.iter().map(|segment| segment.to_vec()).collect(),
    }
}

fn submission(encoded: Encoded) -> Submission {
    Submission {
        message: MessageId::from_i64(1).unwrap(),
        attempt: 1,
        from: Some(Sender::parse("Shop").unwrap()),
        to: "+821012345678".parse().unwrap(),
        class: Class::Transactional,
        encoded: Arc::new(encoded),
        turns: vec![SegmentTurn { index: 0, not_before: Timestamp::default() }],
        gap: std::time::Duration::ZERO,
        allowance: None,
        valid_until: "2026-11-22T05:30:00Z".parse().unwrap(),
        parameters: BTreeMap::new(),
    }
}

fn submit(profile: &CarrierProfile, encoded: Encoded, index: u8) -> SubmitSm {
    let now = "2026-11-21T05:30:00Z".parse().unwrap();
    let body = request(profile, &submission(encoded), index, now).unwrap();
    let mut out = bytes::BytesMut::new();
    Pdu::request(1, body.clone()).encode(&mut out).expect("what is built can be sent");
    let Body::SubmitSm(body) = body else { panic!("{body:?}") };
    body
}

#[test]
fn a_short_text_goes_plain() {
    let body = submit(&CarrierProfile::default(), encoded(&[b"hello"], Concatenation::None), 0);
    assert_eq!((body.source_addr.ton, body.source_addr.npi, body.source_addr.addr.as_bytes()), (5, 0, &b"Shop"[..]));
    assert_eq!(body.destination_addr.addr.as_bytes(), b"821012345678");
    assert_eq!((body.esm_class, body.data_coding, body.registered_delivery), (0, 0, 1));
    assert_eq!(body.validity_period, "261122053000000+");
    assert_eq!(&body.short_message[..], b"hello");
    assert!(body.tlvs.is_empty());
}

#[test]
fn each_long_form_ties_the_segments_in_its_way() {
    let profile = CarrierProfile::default();
    let parts: [&[u8]; 2] = [b"one", b"two"];
    let by_header = submit(&profile, encoded(&parts, Concatenation::Reference8), 1);
    assert_eq!((by_header.esm_class, &by_header.short_message[..]), (0x40, &b"\x05\x00\x03\x34\x02\x02two"[..]));
    let by_wide_header = submit(&profile, encoded(&parts, Concatenation::Reference16), 0);
    assert_eq!(&by_wide_header.short_message[..], b"\x06\x08\x04\x12\x34\x02\x01one");
    let by_sar = submit(&profile, encoded(&parts, Concatenation::Sar), 1);
    assert_eq!((by_sar.esm_class, &by_sar.short_message[..]), (0, &b"two"[..]));
    let sar =
        [Tag::SAR_MSG_REF_NUM, Tag::SAR_TOTAL_SEGMENTS, Tag::SAR_SEGMENT_SEQNUM].map(|tag| by_sar.tlvs.integer(tag));
    assert_eq!(sar, [Some(0x1234), Some(2), Some(2)]);
    let long = vec![b'x'; 400];
    let by_payload = submit(&profile, encoded(&[&long], Concatenation::Payload), 0);
    assert!(by_payload.short_message.is_empty());
    assert_eq!(by_payload.tlvs.get(Tag::MESSAGE_PAYLOAD), Some(&long[..]));
}

#[test]
fn sar_and_a_header_never_meet() {
    let ported = Encoded { elements: vec![5, 4, 0x13, 0x88, 0, 0], ..encoded(&[b"one", b"two"], Concatenation::Sar) };
    let body = submit(&CarrierProfile::default(), ported, 0);
    assert_eq!(&body.short_message[..], b"\x0b\x00\x03\x34\x02\x01\x05\x04\x13\x88\x00\x00one");
    assert_eq!((body.esm_class, body.tlvs.contains(Tag::SAR_MSG_REF_NUM)), (0x40, false));
    let single = submit(&CarrierProfile::default(), encoded(&[b"one"], Concatenation::Sar), 0);
    assert!(single.tlvs.is_empty(), "one segment needs no tie");
}

#[test]
fn receipts_are_asked_for_as_the_profile_says() {
    let ask = |segments, intermediate, index| {
        let registered_delivery = RegisteredDelivery { segments, intermediate };
        let profile = CarrierProfile { registered_delivery, ..CarrierProfile::default() };
        submit(&profile, encoded(&[b"one", b"two"], Concatenation::Reference8), index).registered_delivery
    };
    assert_eq!([ask(ReceiptSegments::All, false, 0), ask(ReceiptSegments::All, true, 1)], [0x01, 0x11]);
    assert_eq!([ask(ReceiptSegments::Last, false, 0), ask(ReceiptSegments::Last, false, 1)], [0x00, 0x01]);
    assert_eq!([ask(ReceiptSegments::None, true, 0), ask(ReceiptSegments::None, true, 1)], [0x00, 0x00]);
}

#[test]
fn all_segments_but_the_last_announce_more() {
    let profile = CarrierProfile { more_messages_to_send: true, ..CarrierProfile::default() };
    let more = |index| {
        let body = submit(&profile, encoded(&[b"one", b"two"], Concatenation::Reference8), index);
        body.tlvs.integer(Tag::MORE_MESSAGES_TO_SEND)
    };
    assert_eq!([more(0), more(1)], [Some(1), None]);
}

#[test]
fn a_missing_required_parameter_is_named_and_given_ones_are_sent() {
    let rule = |name: &str, tag, kind, source| TlvRule { name: name.into(), tag, kind, length_max: 30, source };
    let profile = CarrierProfile {
        tlvs: vec![
            rule("entity", 0x1400, TlvKind::Octets, TlvSource::Constant("1201159".into())),
            rule("template", 0x1401, TlvKind::Octets, TlvSource::PerMessage { required: true }),
            rule("cost", 0x1402, TlvKind::Int(IntWidth::Two), TlvSource::PerMessage { required: false }),
        ],
        ..CarrierProfile::default()
    };
    let mut submission = submission(encoded(&[b"hello"], Concatenation::None));
    let now = Timestamp::default();
    let error = request(&profile, &submission, 0, now).unwrap_err();
    assert_eq!(error.to_string(), "parameter \"template\" is required by this carrier and missing");
    submission.parameters.insert("template".into(), "1207".into());
    let Ok(Body::SubmitSm(body)) = request(&profile, &submission, 0, now) else { panic!("a submit_sm") };
    let sent: Vec<_> = body.tlvs.iter().collect();
    assert_eq!(sent, [(Tag(0x1400), &b"1201159"[..]), (Tag(0x1401), b"1207")]);
}

#[test]
fn a_data_sm_carries_everything_in_its_payload() {
    let profile = CarrierProfile { submit_with: SubmitWith::DataSm, ..CarrierProfile::default() };
    let submission = submission(encoded(&[b"one", b"two"], Concatenation::Reference8));
    let Ok(Body::DataSm(body)) = request(&profile, &submission, 0, Timestamp::default()) else { panic!("a data_sm") };
    assert_eq!(body.tlvs.get(Tag::MESSAGE_PAYLOAD), Some(&b"\x05\x00\x03\x34\x02\x01one"[..]));
    assert_eq!((body.esm_class, body.registered_delivery), (0x40, 1));
}

#[test]
fn what_the_carrier_cannot_take_is_refused_with_a_reason() {
    let mut profile = CarrierProfile { default_alphabet_mt: DefaultAlphabet::Ascii, ..CarrierProfile::default() };
    let refuse = |profile: &CarrierProfile, encoded, index| {
        request(profile, &submission(encoded), index, Timestamp::default()).unwrap_err().to_string()
    };
    let accented = || encoded(&[&[0x04]], Concatenation::None);
    assert_eq!(refuse(&profile, accented(), 0), "the carrier's default alphabet has no \"è\"");
    assert_eq!(refuse(&profile, accented(), 1), "the message has no segment 1");
    profile.codings.remove(&Alphabet::Gsm7);
    assert_eq!(refuse(&profile, accented(), 0), "this carrier takes no gsm7");
}

#[test]
fn the_profiles_sender_and_special_fields_are_used() {
    let profile = CarrierProfile {
        sender: Some(Sender::parse("1577").unwrap()),
        service_type: "CMT".into(),
        priority: BTreeMap::from([(Class::Transactional, 2)]),
        validity: TimeForm::Relative,
        ..CarrierProfile::default()
    };
    let silent = Encoded {
        indication: Indication { protocol_id: 0x40, ..Indication::default() },
        ..encoded(&[b"x"], Concatenation::None)
    };
    let mut submission = submission(silent);
    submission.from = None;
    let now = "2026-11-22T04:30:00Z".parse().unwrap();
    let Ok(Body::SubmitSm(body)) = request(&profile, &submission, 0, now) else { panic!("a submit_sm") };
    assert_eq!(body.source_addr.addr.as_bytes(), b"1577");
    assert_eq!((body.service_type, body.protocol_id, body.priority_flag), ("CMT".into(), 0x40, 2));
    assert_eq!(body.validity_period, "000000010000000R");
}
