//! Claims about whole receipts, in the variants that carriers send.

use bytes::Bytes;

use super::*;
use crate::Body;
use crate::inbound::{Delivery, delivery};
use crate::pdu::{Address, DataSm, DeliverSm};
use crate::profile::CarrierProfile;
use postrider_model::{Alphabet, State, Timestamp};

const TEXT: &str =
    "id:0972660181 sub:001 dlvrd:001 submit date:2611211430 done date:2611211431 stat:DELIVRD err:000 text:hi";

fn deliver(esm_class: u8, text: &str, tlvs: Tlvs) -> Body {
    Body::DeliverSm(DeliverSm {
        source_addr: Address::new(1, 1, "821012345678"),
        destination_addr: Address::new(5, 0, "Shop"),
        esm_class,
        short_message: Bytes::copy_from_slice(text.as_bytes()),
        tlvs,
        ..DeliverSm::default()
    })
}

fn receipt(form: ReceiptForm, body: &Body) -> Receipt {
    let profile = CarrierProfile { receipts: form, ..CarrierProfile::default() };
    let delivery = delivery(&profile, body);
    let Delivery::Receipt(receipt) = delivery else { panic!("{delivery:?}") };
    receipt
}

fn tlvs(id: Option<&[u8]>, state: Option<&[u8]>, error: Option<&[u8]>) -> Tlvs {
    let mut tlvs = Tlvs::new();
    let values = [(Tag::RECEIPTED_MESSAGE_ID, id), (Tag::MESSAGE_STATE, state), (Tag::NETWORK_ERROR_CODE, error)];
    for (tag, value) in values {
        if let Some(value) = value {
            tlvs.push(tag, value).unwrap();
        }
    }
    tlvs
}

fn ids(receipt: &Receipt) -> Vec<&str> {
    receipt.ids.iter().map(CarrierMessageId::as_str).collect()
}

#[test]
fn a_receipt_by_text_says_all_it_has() {
    let form = ReceiptForm { zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(9)), ..ReceiptForm::default() };
    let receipt = receipt(form, &deliver(0x04, TEXT, Tlvs::new()));
    assert_eq!(ids(&receipt), ["0972660181"]);
    assert_eq!((receipt.state, receipt.raw_state.as_str(), receipt.error.as_str()), (State::Delivered, "DELIVRD", ""));
    assert_eq!(receipt.source.as_ref().map(Sender::as_str), Some("+821012345678"));
    assert_eq!(receipt.destination.as_ref().map(Sender::as_str), Some("Shop"));
    assert_eq!(receipt.done_at, Some("2026-11-21T05:31:00Z".parse::<Timestamp>().unwrap()));
}

#[test]
fn tlvs_win_for_the_state_and_both_ids_are_tried() {
    let tlvs = tlvs(Some(b"39F99DD5\0"), Some(&[5]), Some(&[3, 0, 27]));
    let receipt = receipt(ReceiptForm::default(), &deliver(0x04, TEXT, tlvs));
    assert_eq!(ids(&receipt), ["39F99DD5", "0972660181"]);
    assert_eq!((receipt.state, receipt.error.as_str()), (State::Undelivered, "027"));
}

#[test]
fn tlvs_alone_are_a_receipt_even_with_faults() {
    // Without NUL, the state in four octets, the error in digits, and no mark in esm_class.
    let tlvs = tlvs(Some(b"abc"), Some(&[0, 0, 0, 2]), Some(b"012"));
    let receipt = receipt(ReceiptForm::default(), &deliver(0x00, "", tlvs));
    assert_eq!((ids(&receipt), receipt.state, receipt.error.as_str()), (vec!["abc"], State::Delivered, "012"));
}

#[test]
fn the_text_may_be_in_the_payload_of_a_data_sm() {
    let mut tlvs = Tlvs::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, TEXT.as_bytes()).unwrap();
    let body = Body::DataSm(DataSm {
        esm_class: 0x04,
        source_addr: Address::new(1, 1, "821012345678"),
        tlvs,
        ..DataSm::default()
    });
    let receipt = receipt(ReceiptForm::default(), &body);
    assert_eq!((ids(&receipt), receipt.state), (vec!["0972660181"], State::Delivered));
    assert_eq!(receipt.destination, None);
}

#[test]
fn the_place_can_be_fixed() {
    let tlvs = || tlvs(Some(b"A1"), Some(&[5]), None);
    let text_only = ReceiptForm { place: ReceiptPlace::Text, ..ReceiptForm::default() };
    let found = receipt(text_only, &deliver(0x04, TEXT, tlvs()));
    assert_eq!((ids(&found), found.state), (vec!["0972660181"], State::Delivered));
    let tlv_only = ReceiptForm { place: ReceiptPlace::Tlv, ..ReceiptForm::default() };
    let found = receipt(tlv_only, &deliver(0x04, TEXT, tlvs()));
    assert_eq!((ids(&found), found.state), (vec!["A1"], State::Undelivered));
}

#[test]
fn intermediate_notices_leave_the_message_sent() {
    for (esm_class, text, state) in [
        (0x20, "id:1 stat:ENROUTE", State::Sent),
        (0x20, "id:1", State::Sent),
        (0x04, "id:1 stat:ACCEPTD", State::Sent),
        (0x04, "id:1 stat:NEWWORD", State::Failed),
        (0x44, "id:1 stat:EXPIRED err:0B", State::Expired),
    ] {
        assert_eq!(receipt(ReceiptForm::default(), &deliver(esm_class, text, Tlvs::new())).state, state, "{text}");
    }
}

#[test]
fn accepted_is_delivered_where_the_profile_says_so() {
    let form = || ReceiptForm { accepted_is_delivered: true, ..ReceiptForm::default() };
    assert_eq!(receipt(form(), &deliver(4, "id:1 stat:ACCEPTD", Tlvs::new())).state, State::Delivered);
    assert_eq!(receipt(form(), &deliver(4, "", tlvs(Some(b"1"), Some(&[6]), None))).state, State::Delivered);
    assert_eq!(receipt(form(), &deliver(4, "id:1 stat:ENROUTE", Tlvs::new())).state, State::Sent);
}

#[test]
fn an_unmarked_text_is_a_receipt_only_where_the_profile_says_so() {
    let mut profile = CarrierProfile::default();
    let body = deliver(0x00, TEXT, Tlvs::new());
    assert!(matches!(delivery(&profile, &body), Delivery::Message(_)));
    profile.receipts.detect_by_text = true;
    assert!(matches!(delivery(&profile, &body), Delivery::Receipt(_)));
    assert!(matches!(delivery(&profile, &deliver(0x00, "my id: 7", Tlvs::new())), Delivery::Message(_)));
}

#[test]
fn a_receipt_without_an_id_keeps_what_it_says() {
    let profile = CarrierProfile::default();
    let found = delivery(&profile, &deliver(0x04, "stat:DELIVRD", Tlvs::new()));
    let Delivery::Receipt(receipt) = found else { panic!("{found:?}") };
    assert_eq!(
        (receipt.ids.len(), receipt.state, receipt.unread.as_slice()),
        (0, State::Delivered, &b"stat:DELIVRD"[..])
    );
    assert!(matches!(delivery(&profile, &Body::EnquireLink), Delivery::Neither(_)));
}

#[test]
fn a_header_before_the_text_is_passed_over() {
    let text = "\x05\x00\x03\x01\x02\x01id:9 stat:DELIVRD";
    assert_eq!(ids(&receipt(ReceiptForm::default(), &deliver(0x44, text, Tlvs::new()))), ["9"]);
}

#[test]
fn an_error_in_the_text_counts_when_the_tlv_has_none() {
    let tlvs = tlvs(Some(b"1"), Some(&[5]), Some(&[3, 0, 0]));
    let found = receipt(ReceiptForm::default(), &deliver(4, "id:1 stat:UNDELIV err:21b", tlvs));
    assert_eq!(found.error, "21b");
}

#[test]
fn a_handsets_own_acknowledgement_is_a_message_unless_it_names_an_id() {
    let profile = CarrierProfile::default();
    let read = |text| delivery(&profile, &deliver(0x08, text, Tlvs::new()));
    assert!(matches!(read("thanks"), Delivery::Message(_)));
    assert!(matches!(read("id:7 stat:DELIVRD"), Delivery::Receipt(_)));
}

#[test]
fn a_text_in_ucs_2_is_read() {
    let text: Vec<u8> = "id:77 stat:DELIVRD".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let body =
        Body::DeliverSm(DeliverSm { esm_class: 4, data_coding: 8, short_message: text.into(), ..DeliverSm::default() });
    assert_eq!(ids(&receipt(ReceiptForm::default(), &body)), ["77"]);
}

#[test]
fn a_message_is_no_receipt() {
    let body = deliver(0x00, "hello", Tlvs::new());
    let Delivery::Message(part) = delivery(&CarrierProfile::default(), &body) else { panic!("a message") };
    assert_eq!((part.from.as_str(), part.to.as_str()), ("+821012345678", "Shop"));
    assert_eq!((part.alphabet, part.payload, part.part_of), (Alphabet::Gsm7, b"hello".to_vec(), None));
}

#[test]
fn a_receipt_is_read_by_its_octets_and_not_by_its_data_coding() {
    let text = "id:0007000001 stat:DELIVRD err:000 text:";
    let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let half = [&text.as_bytes()[..14], &wide(u16::to_be_bytes)[28..]].concat();
    let texts = [text.as_bytes().to_vec(), wide(u16::to_be_bytes), wide(u16::to_le_bytes), half];
    for octets in texts {
        for data_coding in [0x00, 0x01, 0x03, 0x04, 0x08, 0x18, 0x48, 0xf0] {
            let body = Body::DeliverSm(DeliverSm {
                esm_class: 4,
                data_coding,
                short_message: Bytes::from(octets.clone()),
                ..DeliverSm::default()
            });
            let Delivery::Receipt(receipt) = delivery(&CarrierProfile::default(), &body) else { panic!("{octets:?}") };
            assert_eq!((ids(&receipt), receipt.state), (vec!["0007000001"], State::Delivered));
        }
    }
}

/// What a carrier was seen to send, in hexadecimal.
fn seen(hex: &str) -> Delivery {
    let octets: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    delivery(&CarrierProfile::default(), &crate::Pdu::decode(&octets.into()).unwrap().pdu.body)
}

#[test]
fn receipts_that_carriers_were_seen_to_send_are_read() {
    let ascii_as_ucs2 = "0000005900000005000000000000000100010138323130313233343536373800050053686f70000400000000000008002869643a3030303730303030303120737461743a44454c49565244206572723a30303020746578743a";
    let unswapped = "000000600000000500000000000000010001013138303035353530313233000101383231303132333435363738000400000000000000002869643a3030303730303030303120737461743a44454c49565244206572723a30303020746578743a";
    let national = "0000005f00000005000000000000000100020130313031323334353637380001013138303035353530313233000400000000000000002869643a3030303730303030303120737461743a44454c49565244206572723a30303020746578743a";
    for (hex, source) in [(ascii_as_ucs2, "+821012345678"), (unswapped, "+18005550123"), (national, "01012345678")] {
        let Delivery::Receipt(receipt) = seen(hex) else { panic!("{hex}") };
        assert_eq!((ids(&receipt), receipt.state), (vec!["0007000001"], State::Delivered));
        assert_eq!(receipt.source.unwrap().as_str(), source);
    }
}

#[test]
fn a_stop_behind_a_byte_order_mark_is_a_stop() {
    let hex = "0000003f0000000500000000000000010001013832313031323334353637380003003135373731323334000000000000000008000afffe530054004f005000";
    let Delivery::Message(part) = seen(hex) else { panic!("no message") };
    let part = postrider_text::Part { alphabet: part.alphabet, payload: &part.payload, elements: &part.elements };
    assert_eq!(postrider_text::join([part]), "STOP");
}

#[test]
fn receipts_of_public_reports_that_other_clients_could_not_read_are_read() {
    // Each in the form of a report to another client's authors, with other digits and texts.
    for (text, id, state, error) in [
        (
            "id:117062714244798000 sub:001 dlvrd:001 submit date:1706271624 done date:1706271624 stat:DELIVRD err:0000 text:H\u{1b}i",
            "117062714244798000",
            State::Delivered,
            "",
        ),
        (
            "id:1526758000 submit date:1701240904 done date:1701240904 stat:DELIVRD err:000 text:hi",
            "1526758000",
            State::Delivered,
            "",
        ),
        (
            "id:0654354000 submit date:2302101454 done date:2302101454 stat:DELIVRD err:000",
            "0654354000",
            State::Delivered,
            "",
        ),
        (
            "id:rdwjwxns18krxr9936ey96aaaa sub:000 dlvrd:000 submit date:180711070003912+ done date:180711070000012+ stat:UNDELIV err:000",
            "rdwjwxns18krxr9936ey96aaaa",
            State::Undelivered,
            "",
        ),
        (
            "id:a29f6845555647139e5c8f3b817f0000 sub:001 dlvrd:001 submit date:141023215253 done date:141023215259 stat:DELIVRD err:000 text:",
            "a29f6845555647139e5c8f3b817f0000",
            State::Delivered,
            "",
        ),
        (
            "id:6C7C7DE28BB3E961947700000000FE00 sub:001 dlvrd:000 submit date:1907311208 done date:1907311208 stat:UNDELIV err:001 text:Ceci",
            "6C7C7DE28BB3E961947700000000FE00",
            State::Undelivered,
            "001",
        ),
        (
            "id: 0654354001 sub: 001 dlvrd: 001 submit date: 2302101454 done date: 2302101454 stat: DELIVRD err: 0 text: x",
            "0654354001",
            State::Delivered,
            "",
        ),
    ] {
        let read = receipt(ReceiptForm::default(), &deliver(0x04, text, Tlvs::new()));
        assert_eq!((ids(&read)[0], read.state, read.error.as_str()), (id, state, error), "{text}");
        assert!(read.done_at.is_some(), "{text}");
    }
}
