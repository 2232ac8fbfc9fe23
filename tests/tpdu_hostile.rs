//! PDUs that are broken, or made to break a reader: each is refused, or read as far as it makes sense.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test may fail where it stands")]

use postrider::tpdu::{
    Command, DecodeError, Deliver, DeliverReport, FailureCause, Incoming, Outgoing, Pdu, Status, StatusReport, Submit,
    SubmitReport, parse_hex,
};

fn incoming(hex: &str) -> Result<Incoming, DecodeError> {
    Incoming::decode(&Pdu::parse_hex(hex)?.tpdu)
}

fn deliver(hex: &str) -> Deliver {
    match incoming(hex) {
        Ok(Incoming::Deliver(deliver)) => deliver,
        other => panic!("{hex}: {other:?}"),
    }
}

fn submit(hex: &str) -> Result<Submit, DecodeError> {
    Submit::decode(&Pdu::parse_hex(hex)?.tpdu)
}

fn report(hex: &str) -> Result<StatusReport, DecodeError> {
    StatusReport::decode(&parse_hex(hex).unwrap())
}

/// The faults that ModemManager tests its own reader with.
#[test]
fn known_broken_pdus_are_refused_or_survived() {
    let short = deliver("07912143658709F1040B918100551512F20000111010214365000BE8329BFD4697D9EC37");
    assert_eq!(short.content().text(), "hellohello", "TP-UDL says 11 and 9 octets came: ten characters are there");
    assert_eq!(incoming("000ABF00"), Err(DecodeError::Truncated("TP-RA")));
    assert_eq!(incoming("001C011C"), Err(DecodeError::Truncated("TP-OA")));
    let no_text = submit("004100010100014B00002E").unwrap();
    assert_eq!((no_text.header.len(), no_text.content().text()), (0, String::new()));
    let no_header = submit("00F101010C0000000000").unwrap();
    assert_eq!((no_header.header.len(), no_header.content().text()), (0, String::new()));
}

#[test]
fn an_address_of_any_length_is_read_or_refused() {
    let with = |length: u8, octets: usize| {
        let mut tpdu = vec![0x04, length, 0x91];
        tpdu.extend(vec![0x21; octets]);
        tpdu.extend([0x00, 0x00, 0x62, 0x11, 0x12, 0x41, 0x53, 0x22, 0x63, 0x00]);
        Incoming::decode(&tpdu)
    };
    for length in 0..=u8::MAX {
        let octets = usize::from(length).div_ceil(2);
        let Ok(Incoming::Deliver(read)) = with(length, octets) else { panic!("{length}") };
        assert_eq!(read.from.to_string().len(), 1 + usize::from(length));
        // What came is kept, however long; what is sent keeps to 20 digits.
        assert_eq!(read.encode().is_ok(), length <= 20, "{length}");
        assert!(with(length, octets.saturating_sub(12)).is_err() || octets < 12, "{length}");
    }
}

#[test]
fn a_name_has_as_many_characters_as_its_semi_octets_hold() {
    let name = |hex: &str| deliver(&format!("0004{hex}00006211124153226300")).from.text();
    assert_eq!(name("00D0"), "");
    assert_eq!(name("01D041"), "");
    assert_eq!(name("02D041"), "A");
    assert_eq!(name("03D0E101"), "a");
    assert_eq!(name("04D0E101"), "a¥");
}

#[test]
fn a_header_that_is_longer_than_the_text_is_text() {
    for header_length in 0..=u8::MAX {
        for (coding, length) in [("00", 8_u8), ("04", 7), ("08", 7)] {
            let hex = format!("00440491214300{coding}62111241532263{length:02X}{header_length:02X}000301020161");
            let read = deliver(&hex);
            let header = usize::from(header_length) + 1;
            assert_eq!(read.header.len(), if header <= 7 { header } else { 0 }, "{hex}");
            let again = Deliver::decode(&read.encode().unwrap()).unwrap();
            assert_eq!(again, read, "{hex}");
        }
    }
}

#[test]
fn reports_end_where_their_centres_end_them() {
    let report_with = |tail: &str| report(&format!("06110C912801214365876211124153226362111241534263{tail}"));
    let plain = report_with("00").unwrap();
    assert_eq!((plain.status, plain.parameters), (Status(0), None));
    assert_eq!(report_with("00FF").unwrap().parameters, None, "padding");
    assert_eq!(report_with("00FFFFFF").unwrap().parameters, None, "padding");
    assert_eq!(report_with("0000").unwrap().parameters, Some(postrider::tpdu::Parameters::default()));
    let cut = report_with("4607").unwrap().parameters.unwrap();
    assert_eq!((cut.protocol_id, cut.coding, cut.data), (None, None, None), "announced, and not there");
    let extended = report_with("4681030008").unwrap().parameters.unwrap();
    assert_eq!(extended.protocol_id.map(|id| id.0), Some(0x00), "a second octet of TP-PI is passed over");
    assert_eq!(report_with(""), Err(DecodeError::Truncated("TP-ST")));
}

#[test]
fn answers_are_read_with_and_without_a_cause() {
    let submitted = |hex: &str| SubmitReport::decode(&parse_hex(hex).unwrap());
    let taken = submitted("010062111241532263").unwrap();
    assert_eq!((taken.failure, taken.service_centre_time.to_string().as_str()), (None, "26-11-21T14:35:22+09:00"));
    let refused = submitted("01C60062111241532263").unwrap();
    assert_eq!(refused.failure, Some(FailureCause(0xc6)));
    assert_eq!(submitted("01C600"), Err(DecodeError::Truncated("TP-SCTS")));
    let delivered = |hex: &str| DeliverReport::decode(&parse_hex(hex).unwrap());
    assert_eq!(delivered("0000").unwrap(), DeliverReport::default());
    assert_eq!(delivered("00").unwrap(), DeliverReport::default());
    assert_eq!(delivered("00D300").unwrap().failure, Some(FailureCause::MEMORY_FULL));
    assert_eq!(DeliverReport::default().encode().unwrap(), [0, 0], "the shortest");
}

#[test]
fn the_direction_decides_what_a_kind_is() {
    let deliver = parse_hex("040491214300006211124153226300").unwrap();
    assert!(matches!(Incoming::decode(&deliver), Ok(Incoming::Deliver(_))));
    let reserved = parse_hex("070491214300006211124153226300").unwrap();
    assert!(matches!(Incoming::decode(&reserved), Ok(Incoming::Deliver(_))), "as a handset takes it");
    assert_eq!(Outgoing::decode(&reserved), Err(DecodeError::Kind(3)));
    assert_eq!(Submit::decode(&deliver), Err(DecodeError::Kind(0)));
    assert_eq!(Command::decode(&deliver), Err(DecodeError::Kind(0)));
    for octets in [&[][..], &[0x04], &[0x01], &[0x02]] {
        assert!(Incoming::decode(octets).is_err());
    }
    assert!(Outgoing::decode(&[]).is_err());
}

#[test]
fn a_service_centre_of_any_length_is_read_or_refused() {
    for length in 0..=u8::MAX {
        let mut octets = vec![length];
        octets.extend(vec![0x91; usize::from(length)]);
        octets.extend([0x04, 0x04]);
        let read = Pdu::parse(&octets);
        if length <= 12 {
            let read = read.unwrap();
            assert_eq!((read.tpdu_len(), read.to_octets()), (2, octets));
        } else {
            assert_eq!(read, Err(DecodeError::ServiceCentre(length)));
        }
    }
}
