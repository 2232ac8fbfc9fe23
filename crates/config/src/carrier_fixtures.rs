//! Plays `hw-fixtures/carriers/*.txt`: what a carrier file says must come out in PDUs, and receipts must be understood.
//!
//! A file is lines of a keyword and a value. `profile` and `config` stand at its top; `case` begins a case, which is
//! either a receipt (`answer`, `receipt`, `esm_class`, `tlv`, `handset`) or a message (`send`, `from`, `to`,
//! `parameter`), and ends with what is expected.

use std::path::Path;
use std::sync::Arc;

use super::files::tests::MapFiles;
use super::{BUILT_IN, Carrier, parse};
use postrider_model::{Body as MessageBody, SegmentTurn};
use postrider_model::{
    CarrierMessageId, IdRelation, Indication, MessageId, NewMessage, Receipt, Sender, Submission, Timestamp,
};
use postrider_smpp::inbound::{Delivery, delivery};
use postrider_smpp::pdu::{Address, Body, DeliverSm, SubmitSm};
use postrider_smpp::submit::request;
use postrider_smpp::{Pdu, Tag};

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

/// One case: its lines, and where it begins.
struct Case {
    place: String,
    lines: Vec<(String, String)>,
}

impl Case {
    fn value(&self, keyword: &str) -> Option<&str> {
        self.lines.iter().find(|(known, _)| known == keyword).map(|(_, value)| value.as_str())
    }

    fn values<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter(move |(known, _)| known == keyword).map(|(_, value)| value.as_str())
    }

    fn needed(&self, keyword: &str) -> &str {
        self.value(keyword).unwrap_or_else(|| panic!("{}: no `{keyword}`", self.place))
    }
}

/// The carrier and the cases of one file.
fn read(name: &str, text: &str) -> (Carrier, Vec<Case>) {
    let mut toml =
        "[[carrier]]\nname = \"c\"\nhosts = [\"c.example:2775\"]\nsystem_id = \"s\"\npassword = \"p\"\n".to_owned();
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        match (keyword, cases.last_mut()) {
            ("profile", None) => toml.push_str(&format!("profile = \"{value}\"\n")),
            ("config", None) => toml.push_str(&format!("{value}\n")),
            ("case", _) => cases.push(Case { place: format!("{name}:{} {value}", number + 1), lines: Vec::new() }),
            (
                "answer" | "receipt" | "esm_class" | "tlv" | "handset" | "send" | "from" | "to" | "parameter"
                | "expect",
                Some(case),
            ) => case.lines.push((keyword.to_owned(), value.to_owned())),
            _ => panic!("{name}:{}: unknown line `{line}`", number + 1),
        }
    }
    let settings = parse(Path::new(name), &toml, &MapFiles::default()).unwrap();
    (settings.carriers[0].clone(), cases)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn number(text: &str) -> u16 {
    text.strip_prefix("0x").map_or_else(|| text.parse().unwrap(), |digits| u16::from_str_radix(digits, 16).unwrap())
}

fn tag_and_value(text: &str) -> (Tag, Vec<u8>) {
    let (tag, value) = text.split_once(' ').unwrap_or((text, ""));
    (Tag(number(tag)), hex(value))
}

/// Whether the pipeline may match the receipt with the answer: by one of its ids, in some way of writing them.
fn matches(receipt: &Receipt, answer: &str) -> bool {
    let answer = CarrierMessageId::new(answer).unwrap().normal_form();
    let forms = |id| IdRelation::ALL.into_iter().filter_map(move |relation| relation.in_answer(id));
    receipt.ids.iter().flat_map(forms).any(|form| form == answer)
}

fn play_receipt(carrier: &Carrier, case: &Case) {
    let text = Some(case.needed("receipt")).filter(|text| *text != "-").unwrap_or_default();
    let mut deliver = DeliverSm {
        source_addr: Address::new(1, 1, case.needed("handset")),
        destination_addr: Address::new(5, 0, "Shop"),
        esm_class: u8::try_from(number(case.needed("esm_class"))).unwrap(),
        short_message: text.as_bytes().to_vec().into(),
        ..DeliverSm::default()
    };
    for (tag, value) in case.values("tlv").map(tag_and_value) {
        deliver.tlvs.push(tag, &value).unwrap();
    }
    let found = delivery(&carrier.profile, &Body::DeliverSm(deliver));
    for expected in case.values("expect") {
        let mut words = expected.split(' ');
        match (words.next().unwrap(), &found) {
            ("inbound", Delivery::Message(_)) => {}
            (matched @ ("matched" | "unmatched"), Delivery::Receipt(receipt)) => {
                assert_eq!(
                    matches(receipt, case.needed("answer")),
                    matched == "matched",
                    "{}: {receipt:?}",
                    case.place
                );
                assert_eq!(Some(receipt.state.as_str()), words.next(), "{}", case.place);
                if let Some(at) = words.next() {
                    assert_eq!(receipt.done_at, Some(at.parse().unwrap()), "{}", case.place);
                }
                assert_eq!(
                    receipt.source.as_ref().unwrap().as_str().trim_start_matches('+'),
                    case.needed("handset"),
                    "{}",
                    case.place
                );
            }
            ("first-id", Delivery::Receipt(receipt)) => {
                let relation = carrier.profile.receipts.id_relation().unwrap_or(IdRelation::Same);
                let expected = words.next().and_then(CarrierMessageId::new).map(|id| id.normal_form());
                assert_eq!(relation.in_answer(&receipt.ids[0]), expected, "{}", case.place);
            }
            _ => panic!("{}: expected {expected}, found {found:?}", case.place),
        }
    }
}

/// The requests of a message, or why it has none.
fn requests(carrier: &Carrier, case: &Case) -> Result<Vec<SubmitSm>, String> {
    let to = format!("+{}", case.needed("to")).parse().unwrap();
    let message = NewMessage::text(to, case.needed("send"));
    let MessageBody::Text(_) = &message.body else { unreachable!("a text was made") };
    let encoded = postrider_text::encode(&message.body, &Indication::default(), &carrier.text, None).unwrap().encoded;
    let count = u8::try_from(encoded.segments.len()).unwrap();
    let split = |text: &str| text.split_once(' ').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    let submission = Submission {
        message: MessageId::from_i64(1).unwrap(),
        attempt: 1,
        from: case.value("from").map(|from| Sender::parse(from).unwrap()),
        class: message.class,
        to: message.to.clone(),
        encoded: Arc::new(encoded),
        turns: (0..count).map(|index| SegmentTurn { index, not_before: NOW }).collect(),
        gap: std::time::Duration::ZERO,
        allowance: None,
        valid_until: NOW,
        parameters: case.values("parameter").map(split).collect(),
    };
    (0..count)
        .map(|index| match request(&carrier.profile, &submission, index, NOW) {
            Ok(Body::SubmitSm(submit)) => {
                // What was built must also fit on the wire.
                Pdu::request(1, Body::SubmitSm(submit.clone())).encode(&mut bytes::BytesMut::new()).unwrap();
                Ok(submit)
            }
            Ok(other) => panic!("{}: {other:?}", case.place),
            Err(error) => Err(error.to_string()),
        })
        .collect()
}

fn play_message(carrier: &Carrier, case: &Case) {
    let requests = requests(carrier, case);
    for expected in case.values("expect") {
        let (what, value) = expected.split_once(' ').unwrap_or((expected, ""));
        if what == "refused" {
            assert!(requests.as_ref().is_err_and(|error| error.contains(value)), "{}: {requests:?}", case.place);
            continue;
        }
        let requests = requests.as_ref().unwrap_or_else(|error| panic!("{}: {error}", case.place));
        let first = &requests[0];
        let place = format!("{}: {expected}: {first:?}", case.place);
        let address = |address: &Address| format!("{} {} {}", address.ton, address.npi, address.addr.to_text());
        match what {
            "segments" => assert_eq!(requests.len(), usize::from(number(value)), "{place}"),
            "data_coding" => assert_eq!(u16::from(first.data_coding), number(value), "{place}"),
            "esm_class" => assert_eq!(u16::from(first.esm_class), number(value), "{place}"),
            "registered_delivery" => assert_eq!(u16::from(first.registered_delivery), number(value), "{place}"),
            "source" => assert_eq!(address(&first.source_addr), value, "{place}"),
            "destination" => assert_eq!(address(&first.destination_addr), value, "{place}"),
            "text" => assert_eq!(&first.short_message[..], hex(value), "{place}"),
            "tlv" => {
                let (tag, value) = tag_and_value(value);
                assert_eq!(first.tlvs.get(tag), Some(&value[..]), "{place}");
            }
            "no-tlv" => assert!(!first.tlvs.contains(Tag(number(value))), "{place}"),
            _ => panic!("{place}: unknown expectation"),
        }
    }
}

#[test]
fn every_carrier_file_does_what_its_fixture_shows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hw-fixtures/carriers");
    let mut played: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (carrier, cases) = read(&name, &std::fs::read_to_string(&path).unwrap());
        assert!(!cases.is_empty(), "{name} has no case");
        for case in &cases {
            assert!(case.value("expect").is_some(), "{}: nothing is expected", case.place);
            if case.value("send").is_some() { play_message(&carrier, case) } else { play_receipt(&carrier, case) }
        }
        played.push(carrier.profile_name);
    }
    played.sort();
    let built_in: Vec<_> = BUILT_IN.iter().map(|file| file.name).collect();
    assert_eq!(played, built_in, "each built-in carrier file has one fixture");
}
