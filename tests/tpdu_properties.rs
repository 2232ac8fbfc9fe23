//! What holds for every TPDU, and for every octet that could come instead of one.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    reason = "a test may fail where it stands"
)]

use std::time::Duration;

use postrider::model::{Body, Indication, PhoneNumber, Sender, Timestamp};
use postrider::text::{self, LongForm, NationalLanguage, TextProfile};
use postrider::tpdu::{
    Address, Command, CommandType, DataCoding, Deliver, DeliverReport, FailureCause, Incoming, Outgoing, Parameters,
    Pdu, ProtocolId, Status, StatusReport, Submit, SubmitReport, TimeStamp, TypeOfNumber, UserData, Validity, elements,
    parse_hex, to_hex,
};
use proptest::array::uniform7;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn address() -> impl Strategy<Value = Address> {
    let kinds = proptest::sample::select(TypeOfNumber::ALL.to_vec());
    let digits = (kinds, "[0-9*#a-c]{1,20}").prop_map(|(kind, digits)| match kind {
        TypeOfNumber::Alphanumeric => Address::name("Shop").unwrap(),
        kind => Address::digits(kind, &digits).unwrap(),
    });
    let name = "[A-Za-zé0-9 _$§]{1,11}".prop_filter_map("a blank is no name", |name| Address::name(&name).ok());
    prop_oneof![digits, name]
}

fn time() -> impl Strategy<Value = TimeStamp> {
    let sane = (631_152_000_i64..3_786_912_000, -56_i8..=56)
        .prop_map(|(seconds, quarters)| TimeStamp::new(Timestamp::from_millis(seconds * 1000), quarters));
    prop_oneof![sane, uniform7(any::<u8>()).prop_map(TimeStamp)]
}

fn validity() -> impl Strategy<Value = Option<Validity>> {
    option::of(prop_oneof![
        any::<u8>().prop_map(Validity::Relative),
        time().prop_map(Validity::Absolute),
        uniform7(any::<u8>()).prop_map(Validity::Enhanced),
    ])
}

/// A coding with a header and user data that fit into `room` octets.
fn user_data(room: usize) -> impl Strategy<Value = (DataCoding, Vec<u8>, UserData)> {
    let header = prop_oneof![
        Just(Vec::new()),
        vec(any::<u8>(), 0..20).prop_map(|elements| {
            let length = u8::try_from(elements.len()).unwrap();
            std::iter::once(length).chain(elements).collect()
        })
    ];
    (any::<u8>(), header, vec(any::<u8>(), 0..180)).prop_map(move |(coding, header, mut payload)| {
        let coding = DataCoding(coding);
        if coding.is_septets() {
            payload.iter_mut().for_each(|octet| *octet &= 0x7f);
        }
        while UserData::new(coding, payload.clone()).size(header.len()) > room {
            payload.pop();
        }
        (coding, header, UserData::new(coding, payload))
    })
}

fn parameters(room: usize) -> impl Strategy<Value = Parameters> {
    let text = option::of((user_data(room), any::<bool>()));
    (option::of(any::<u8>().prop_map(ProtocolId)), text, option::of(any::<u8>().prop_map(DataCoding))).prop_map(
        |(protocol_id, text, coding)| match text {
            None => Parameters { protocol_id, coding, ..Parameters::default() },
            Some(((coding, header, data), true)) => {
                Parameters { protocol_id, coding: Some(coding), header, data: Some(data) }
            }
            Some(((_, header, _), false)) => {
                let data = UserData::new(DataCoding::GSM7, b"GSM 7-bit".to_vec());
                Parameters { protocol_id, coding: None, header, data: Some(data) }
            }
        },
    )
}

prop_compose! {
    fn submit()(
        flags in any::<[bool; 3]>(), reference in any::<u8>(), to in address(), protocol_id in any::<u8>(),
        (coding, header, data) in user_data(140), validity in validity(),
    ) -> Submit {
        let [reject_duplicates, reply_path, report_request] = flags;
        let protocol_id = ProtocolId(protocol_id);
        Submit {
            reject_duplicates, reply_path, report_request, reference, to, protocol_id, coding, validity, header, data,
        }
    }
}

prop_compose! {
    fn deliver()(
        flags in any::<[bool; 4]>(), from in address(), protocol_id in any::<u8>(),
        (coding, header, data) in user_data(140), service_centre_time in time(),
    ) -> Deliver {
        let [more_messages, loop_prevention, reply_path, report_indication] = flags;
        let protocol_id = ProtocolId(protocol_id);
        Deliver {
            more_messages, loop_prevention, reply_path, report_indication, from, protocol_id, coding,
            service_centre_time, header, data,
        }
    }
}

prop_compose! {
    fn status_report()(
        flags in any::<[bool; 3]>(), reference in any::<u8>(), recipient in address(), service_centre_time in time(),
        discharge_time in time(), status in any::<u8>(), parameters in option::of(parameters(131)),
    ) -> StatusReport {
        let [more_messages, loop_prevention, for_command] = flags;
        StatusReport {
            more_messages, loop_prevention, for_command, reference, recipient, service_centre_time, discharge_time,
            status: Status(status), parameters,
        }
    }
}

fn failure() -> impl Strategy<Value = Option<FailureCause>> {
    option::of((0x80_u8..=0xff).prop_map(FailureCause))
}

prop_compose! {
    fn submit_report()(failure in failure(), service_centre_time in time(), parameters in parameters(151)) -> SubmitReport {
        SubmitReport { failure, service_centre_time, parameters }
    }
}

prop_compose! {
    fn deliver_report()(failure in failure(), parameters in parameters(158)) -> DeliverReport {
        DeliverReport { failure, parameters }
    }
}

prop_compose! {
    fn command()(
        report_request in any::<bool>(), octets in any::<[u8; 4]>(), to in address(),
        (_, header, data) in user_data(130),
    ) -> Command {
        let [reference, protocol_id, command_type, message_number] = octets;
        Command {
            report_request, reference, protocol_id: ProtocolId(protocol_id), command_type: CommandType(command_type),
            message_number, to, header, data: data.payload().to_vec(),
        }
    }
}

/// Reads whatever it is, in both directions. What was read and can be written again reads the same.
fn survives(octets: &[u8]) {
    if let Ok(read) = Incoming::decode(octets) {
        let written = match &read {
            Incoming::Deliver(deliver) => {
                let part = deliver.to_part(Sender::Digits("1588".into()));
                assert!(part.payload.len() <= 255 && deliver.content().text().chars().count() <= 510);
                deliver.encode()
            }
            Incoming::StatusReport(report) => report.encode(),
            Incoming::SubmitReport(report) => report.encode(),
        };
        assert!(format!("{read:?}").len() > 10);
        if let Ok(written) = written {
            assert_eq!(Incoming::decode(&written), Ok(read), "{}", to_hex(octets));
        }
    }
    if let Ok(read) = Outgoing::decode(octets) {
        let written = match &read {
            Outgoing::Submit(submit) => submit.encode(),
            Outgoing::DeliverReport(report) => report.encode(),
            Outgoing::Command(command) => command.encode(),
        };
        if let Ok(written) = written {
            assert_eq!(Outgoing::decode(&written), Ok(read), "{}", to_hex(octets));
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(
        submit in submit(), deliver in deliver(), status_report in status_report(), submit_report in submit_report(),
        deliver_report in deliver_report(), command in command(),
    ) {
        prop_assert_eq!(Outgoing::decode(&submit.encode().unwrap()), Ok(Outgoing::Submit(submit)));
        prop_assert_eq!(Incoming::decode(&deliver.encode().unwrap()), Ok(Incoming::Deliver(deliver)));
        prop_assert_eq!(Incoming::decode(&status_report.encode().unwrap()), Ok(Incoming::StatusReport(status_report)));
        prop_assert_eq!(Incoming::decode(&submit_report.encode().unwrap()), Ok(Incoming::SubmitReport(submit_report)));
        prop_assert_eq!(
            Outgoing::decode(&deliver_report.encode().unwrap()), Ok(Outgoing::DeliverReport(deliver_report))
        );
        prop_assert_eq!(Outgoing::decode(&command.encode().unwrap()), Ok(Outgoing::Command(command)));
    }

    #[test]
    fn the_service_centre_and_hexadecimal_read_back(smsc in option::of(address()), tpdu in vec(any::<u8>(), 0..180)) {
        // A name is no service centre, and its padding would be counted as a digit.
        let smsc = smsc.filter(|smsc| smsc.type_of_number() != TypeOfNumber::Alphanumeric);
        let pdu = Pdu { smsc, tpdu };
        prop_assert_eq!(Pdu::parse_hex(&pdu.to_hex()), Ok(pdu.clone()));
        prop_assert_eq!(Pdu::parse_hex_sized(&pdu.to_hex().to_lowercase(), pdu.tpdu_len()), Ok(pdu));
    }

    #[test]
    fn no_octets_break_the_reader(octets in vec(any::<u8>(), 0..220)) {
        survives(&octets);
        let _ = Pdu::parse(&octets).map(|pdu| survives(&pdu.tpdu));
        prop_assert!(elements(&octets).count() <= octets.len() / 2);
    }

    #[test]
    fn no_damage_to_a_good_tpdu_breaks_the_reader(
        submit in submit(), deliver in deliver(), report in status_report(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>(),
    ) {
        for mut octets in [submit.encode().unwrap(), deliver.encode().unwrap(), report.encode().unwrap()] {
            for (place, octet) in &damage {
                let place = place.index(octets.len());
                octets[place] = *octet;
            }
            survives(&octets);
            octets.truncate(cut.index(octets.len() + 1));
            survives(&octets);
        }
    }

    #[test]
    fn no_text_breaks_the_hexadecimal_reader(text in ".{0,80}", length in 0_usize..300) {
        let _ = parse_hex(&text).map(|octets| survives(&octets));
        let _ = Pdu::parse_hex_sized(&text, length);
    }

    #[test]
    fn every_text_arrives_whole_through_its_segments(
        text in prop_oneof!["[a-zA-Z0-9€\\[\\]@ ]{0,400}", "[가-힣 0-9]{0,200}", "\\PC{0,120}", "[a-zğşıçİ€ ]{0,300}"],
        sixteen in any::<bool>(), report_request in any::<bool>(), seconds in 0_u64..10_000_000,
    ) {
        let profile = TextProfile {
            long: if sixteen { LongForm::Udh16 } else { LongForm::Udh8 },
            national: vec![NationalLanguage::Turkish],
            segments_max: 255,
            ..TextProfile::default()
        };
        let encoding = text::encode(&Body::Text(text.clone()), &Indication::default(), &profile, Some(false)).unwrap();
        let encoded = encoding.encoded;
        let to: PhoneNumber = "+821012345678".parse().unwrap();
        let mut arrived = String::new();
        for index in 0..encoded.segments.len() {
            let mut submit = Submit::of_segment(&encoded, index, Address::number(&to)).unwrap();
            submit.report_request = report_request;
            submit.validity = Some(Validity::relative_at_least(Duration::from_secs(seconds)));
            let octets = submit.encode().unwrap();
            prop_assert!(octets.len() <= 2 + 8 + 3 + 1 + 140);
            let read = Submit::decode(&octets).unwrap();
            prop_assert_eq!(&read, &submit);
            let content = read.content();
            prop_assert_eq!(content.alphabet, encoded.alphabet);
            prop_assert_eq!(&content.payload, &encoded.segments[index]);
            prop_assert_eq!(&content.elements, &encoded.elements);
            let place = content.part_of.map_or((1, 1), |part| (usize::from(part.total), usize::from(part.number)));
            prop_assert_eq!(place, (encoded.segments.len(), index + 1));
            arrived.push_str(&content.text());
        }
        // Texts are composed on the way; what was composed before arrives as it was.
        if text.is_ascii() || text.chars().all(|c| ('가'..='힣').contains(&c) || c == ' ') {
            prop_assert_eq!(arrived, text);
        }
    }
}
