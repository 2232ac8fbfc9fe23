//! PDUs as we write them, kept as a fixture that decoders which nobody here wrote read in `tests/interop`.
//!
//! The columns say what was asked for, not what our own reader makes of it. When the writing changes on purpose, the
//! failing test says where the new table stands.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test may fail where it stands")]

use std::time::Duration;

use postrider::model::{
    Alphabet, Body, Concatenation, Data, Encoded, Indication, PhoneNumber, Sender, Timestamp, Waiting,
};
use postrider::text::{self, LongForm, NationalLanguage, TextProfile};
use postrider::tpdu::{
    Address, Command, CommandType, DataCoding, Deliver, DeliverReport, FailureCause, Incoming, Outgoing, Parameters,
    Pdu, ProtocolId, Status, StatusReport, Submit, SubmitReport, TimeStamp, TypeOfNumber, UserData, Validity, to_hex,
};

const SAMPLES: &str = include_str!("../hw-fixtures/tpdu/samples.csv");

const HEAD: &str = "\
# Device: none; PDUs as this project writes them, kept up by tests/tpdu_samples.rs
# Shows: what was asked for in each, for decoders that nobody here wrote to read (tests/interop/tpdu.py)
# Columns: as in vectors.csv, and fcs, ct and mn for the fields of reports and commands. An empty column says nothing.
";

const COLUMNS: [&str; 24] = [
    "id",
    "case",
    "direction",
    "smsc_prefix",
    "hex",
    "tpdu_len",
    "type",
    "smsc",
    "addr_toa",
    "addr",
    "mr",
    "pid",
    "dcs",
    "alphabet",
    "scts",
    "vp",
    "discharge",
    "status",
    "fcs",
    "ct",
    "mn",
    "udh",
    "text",
    "data_hex",
];

const KOREAN: &str = "(광고)[한빛마트] 이번 주 전 품목 30% 할인! 무료수신거부 080-123-4567";
const THAI: &str = "ลดราคา 50% ทุกสาขา วันนี้ถึง 31 ม.ค. เท่านั้น!";
const TURKISH: &str = "İndirim: bugün şubede çay ve ığdır üzümü ücretsiz";
const ENGLISH: &str = "The shop is open again. ";

/// The samples so far.
#[derive(Default)]
struct Table(Vec<Vec<(&'static str, String)>>);

impl Table {
    fn push(&mut self, case: &str, direction: &str, pdu: &Pdu, columns: &[(&'static str, String)]) {
        let mut row = vec![
            ("id", format!("S{:03}", self.0.len() + 1)),
            ("case", case.to_owned()),
            ("direction", direction.to_owned()),
            ("smsc_prefix", "1".to_owned()),
            ("hex", pdu.to_hex()),
            ("tpdu_len", pdu.tpdu_len().to_string()),
        ];
        row.extend_from_slice(columns);
        assert!(row.iter().all(|(name, _)| COLUMNS.contains(name)));
        self.0.push(row);
    }

    fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS).unwrap();
        for row in &self.0 {
            let cell = |name: &str| row.iter().find(|(column, _)| *column == name).map_or("", |(_, value)| value);
            writer.write_record(COLUMNS.map(cell)).unwrap();
        }
        format!("{HEAD}{}", String::from_utf8(writer.into_inner().unwrap()).unwrap())
    }
}

fn number(text: &str) -> PhoneNumber {
    text.parse().unwrap()
}

fn named(alphabet: Alphabet) -> String {
    match alphabet {
        Alphabet::Gsm7 => "gsm7",
        Alphabet::Ucs2 => "ucs2",
        _ => "8bit",
    }
    .to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\x0c', "\\f")
}

fn hex(octet: u8) -> String {
    format!("{octet:02X}")
}

fn time(text: &str, quarters: i8) -> TimeStamp {
    TimeStamp::new(text.parse::<Timestamp>().unwrap(), quarters)
}

/// A text cut into segments, and the text of each.
fn encoded(text: &str, indication: &Indication, profile: &TextProfile, reference: u16) -> (Encoded, Vec<String>) {
    let encoding = text::encode(&Body::Text(text.to_owned()), indication, profile, Some(false)).unwrap();
    let encoded = Encoded { reference, ..encoding.encoded };
    let texts = encoded.segments.iter().map(|payload| text::decode(encoded.alphabet, payload, &encoded.elements));
    let texts: Vec<String> = texts.collect();
    assert_eq!(texts.concat(), text, "cut, and nothing lost");
    (encoded, texts)
}

fn plain(text: &str) -> Submit {
    let (encoded, _) = encoded(text, &Indication::default(), &TextProfile::default(), 0);
    Submit::of_segment(&encoded, 0, Address::number(&number("+821012345678"))).unwrap()
}

/// One SMS-SUBMIT; `text` is what it says, `vp` its validity in the words of the table.
fn submit(table: &mut Table, case: &str, submit: &Submit, (toa, addr): (&str, &str), text: &str, vp: &str) {
    let pdu = Pdu { smsc: None, tpdu: submit.encode().unwrap() };
    let mut columns = vec![
        ("type", "SUBMIT".to_owned()),
        ("addr_toa", toa.to_owned()),
        ("addr", addr.to_owned()),
        ("mr", submit.reference.to_string()),
        ("pid", hex(submit.protocol_id.0)),
        ("dcs", hex(submit.coding.0)),
        ("alphabet", named(submit.coding.alphabet())),
        ("vp", vp.to_owned()),
        ("udh", to_hex(&submit.header)),
    ];
    if submit.coding.alphabet() == Alphabet::Binary {
        columns.push(("data_hex", to_hex(submit.data.payload())));
    } else {
        columns.push(("text", escaped(text)));
    }
    table.push(case, "MO", &pdu, &columns);
}

const KOREAN_NUMBER: (&str, &str) = ("91", "+821012345678");

/// Every segment of a text.
fn long(table: &mut Table, case: &str, text: &str, profile: &TextProfile, reference: u16) {
    let (encoded, texts) = encoded(text, &Indication::default(), profile, reference);
    let count = texts.len();
    for (index, text) in texts.iter().enumerate() {
        let mut one = Submit::of_segment(&encoded, index, Address::number(&number(KOREAN_NUMBER.1))).unwrap();
        one.report_request = index + 1 == count;
        let case = if count == 1 { case.to_owned() } else { format!("{case}, part {} of {count}", index + 1) };
        submit(table, &case, &one, KOREAN_NUMBER, text, "");
    }
}

fn texts(table: &mut Table) {
    let udh8 = TextProfile::default();
    let udh16 = TextProfile { long: LongForm::Udh16, ..TextProfile::default() };
    long(table, "no text", "", &udh8, 0);
    long(table, "seven characters leave seven bits", "1234567", &udh8, 0);
    long(table, "eight characters leave none", "12345678", &udh8, 0);
    long(table, "extension table", "5€ [a] {b} ^~ \\ | \x0c.", &udh8, 0);
    let upper = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?";
    let lower = "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    long(table, "the whole default alphabet", &format!("{upper}{lower}"), &udh8, 0);
    long(table, "160 characters", &"a".repeat(160), &udh8, 0);
    long(table, "8-bit reference", &ENGLISH.repeat(14), &udh8, 0xab);
    long(table, "16-bit reference", &ENGLISH.repeat(8), &udh16, 0xabcd);
    long(table, "Korean", &KOREAN.chars().take(30).collect::<String>(), &udh8, 0);
    long(table, "Korean, long", &KOREAN.repeat(4), &udh8, 0x2a);
    long(table, "Korean, long, 16-bit reference", &KOREAN.repeat(2), &udh16, 0x1234);
    long(table, "Thai", THAI, &udh8, 0);
    long(table, "Thai, long", &THAI.repeat(3), &udh8, 0x01);
    long(table, "emoji", "Sale today 🎉🇰🇷 -30% 😀", &udh8, 0);
    let national = |language| TextProfile { national: vec![language], ..TextProfile::default() };
    long(table, "Turkish, single shift", "Yarın şubeye gel", &national(NationalLanguage::Turkish), 0);
    long(table, "Turkish, long", &TURKISH.repeat(5), &national(NationalLanguage::Turkish), 0x77);
    long(table, "Portuguese, shifted", "Não há promoção até amanhã, João", &national(NationalLanguage::Portuguese), 0);
    long(
        table,
        "Spanish, single shift",
        "Mañana a las nueve: ¡más información aquí! Ó",
        &national(NationalLanguage::Spanish),
        0,
    );
    long(table, "Hindi, locking shift", "आज की छूट 50 रुपये", &national(NationalLanguage::Hindi), 0);
}

fn indications(table: &mut Table) {
    let class = |class| Indication { message_class: Some(class), ..Indication::default() };
    let waiting =
        |kind, active, store| Indication { waiting: Some(Waiting { kind, active, store }), ..Indication::default() };
    let silent = Indication { protocol_id: 0x40, ..Indication::default() };
    let replace = Indication { protocol_id: 0x43, ..Indication::default() };
    for (case, indication, text) in [
        ("flash, GSM 7-bit", class(0), "Your code is 482913"),
        ("flash, UCS-2", class(0), "인증번호 482913"),
        ("class 1", class(1), "for the handset"),
        ("class 2", class(2), "for the SIM"),
        ("class 3, UCS-2", class(3), "터미널"),
        ("voicemail waits, discard", waiting(0, true, false), "voicemail"),
        ("fax gone, store", waiting(1, false, true), "fax"),
        ("e-mail waits, UCS-2", waiting(2, true, true), "전자우편"),
        ("silent", silent, "nobody sees it"),
        ("replace type 3", replace, "the newer text"),
    ] {
        let (encoded, _) = encoded(text, &indication, &TextProfile::default(), 0);
        let one = Submit::of_segment(&encoded, 0, Address::number(&number(KOREAN_NUMBER.1))).unwrap();
        submit(table, case, &one, KOREAN_NUMBER, text, "");
    }
    let game = Data { octets: (0..60).collect(), elements: vec![] };
    let ports = Indication { ports: Some((5505, 5506)), ..Indication::default() };
    let own = Data { octets: vec![0xfe; 20], elements: vec![0x04, 2, 0xe2, 0xf0, 0x70, 0] };
    let long = Data { octets: (0..=255).collect(), elements: vec![] };
    for (case, data, indication) in [
        ("data for 16-bit ports", game, ports),
        ("data for 8-bit ports, and an element of the SIM toolkit", own, Indication::default()),
        ("data, class 1", Data { octets: vec![0, 0x1b, 0x80, 0xff], elements: vec![] }, class(1)),
        ("long data", long, Indication::default()),
    ] {
        let encoding = text::encode(&Body::Data(data), &indication, &TextProfile::default(), None).unwrap();
        let encoded = Encoded { reference: 0x05, ..encoding.encoded };
        assert!(encoded.concatenation == Concatenation::Reference8 || encoded.segments.len() == 1);
        for index in 0..encoded.segments.len() {
            let one = Submit::of_segment(&encoded, index, Address::number(&number(KOREAN_NUMBER.1))).unwrap();
            submit(table, case, &one, KOREAN_NUMBER, "", "");
        }
    }
}

fn addresses(table: &mut Table) {
    let digits = |kind, text| Address::digits(kind, text).unwrap();
    for (case, to, toa, addr) in [
        ("odd number of digits", Address::number(&number("+46708251358")), "91", "+46708251358"),
        ("fifteen digits", Address::number(&number("+123456789012345")), "91", "+123456789012345"),
        ("short code", Address::from_sender(&Sender::Digits("1588".into())).unwrap(), "81", "1588"),
        ("short code, odd", digits(TypeOfNumber::Unknown, "100"), "81", "100"),
        ("national", digits(TypeOfNumber::National, "01012345678"), "A1", "01012345678"),
        ("network's own", digits(TypeOfNumber::NetworkSpecific, "4321"), "B1", "4321"),
        ("subscriber", digits(TypeOfNumber::Subscriber, "12345"), "C1", "12345"),
        ("star and number sign", digits(TypeOfNumber::Unknown, "*100#"), "81", "*100#"),
        ("all signs", digits(TypeOfNumber::Abbreviated, "*#abc#*51"), "E1", "*#abc#*51"),
        ("twenty digits", digits(TypeOfNumber::Unknown, "12345678901234567890"), "81", "12345678901234567890"),
    ] {
        let one = Submit { to, ..plain("Hello") };
        submit(table, case, &one, (toa, addr), "Hello", "");
    }
}

fn validities(table: &mut Table) {
    let relative = |seconds| Some(Validity::relative_at_least(Duration::from_secs(seconds)));
    for (case, validity, vp) in [
        ("five minutes", relative(1), "rel 00=5min"),
        ("an hour", relative(3600), "rel 0B=60min"),
        ("twelve and a half hours", relative(12 * 3600 + 1), "rel 90=750min"),
        ("a day", relative(86_400), "rel A7=1440min"),
        ("three days", relative(3 * 86_400), "rel A9=3d"),
        ("nine weeks", relative(9 * 7 * 86_400), "rel C9=9w"),
        ("longest", Some(Validity::relative_at_least(Duration::MAX)), "rel FF=63w"),
        ("absolute, east", Some(Validity::Absolute(time("2026-11-22T06:00:00Z", 36))), "abs 26-11-22T15:00:00+09:00"),
        ("absolute, west", Some(Validity::Absolute(time("2026-11-22T06:00:00Z", -14))), "abs 26-11-22T02:30:00-03:30"),
        ("enhanced, 90 seconds", Validity::enhanced_seconds(90), "enh 025A0000000000"),
        ("enhanced, 12:34:56", Validity::enhanced_hours(Duration::from_secs(45_296)), "enh 03214365000000"),
    ] {
        let one = Submit { validity, reference: 0xfe, report_request: true, ..plain("Test") };
        submit(table, case, &one, KOREAN_NUMBER, "Test", vp);
    }
    let bits = Submit { reject_duplicates: true, reply_path: true, report_request: true, ..plain("Test") };
    submit(table, "reject duplicates, reply path, report", &bits, KOREAN_NUMBER, "Test", "");
}

/// One SMS-DELIVER with `text` from `from`.
fn deliver(
    table: &mut Table,
    case: &str,
    from: &Sender,
    (toa, addr): (&str, &str),
    text: &str,
    scts: (TimeStamp, &str),
) {
    let (encoded, texts) = encoded(text, &Indication::default(), &TextProfile::default(), 0x99);
    for (index, text) in texts.iter().enumerate() {
        let coding = DataCoding::of(encoded.alphabet, &Indication::default()).unwrap();
        let deliver = Deliver {
            more_messages: index + 1 < texts.len(),
            loop_prevention: false,
            reply_path: false,
            report_indication: false,
            from: Address::from_sender(from).unwrap(),
            protocol_id: ProtocolId::PLAIN,
            coding,
            service_centre_time: scts.0,
            header: encoded.user_data_header(index),
            data: UserData::new(coding, encoded.segments[index].clone()),
        };
        let smsc = Some(Address::number(&number("+821099990000")));
        let pdu = Pdu { smsc, tpdu: deliver.encode().unwrap() };
        let columns = [
            ("type", "DELIVER".to_owned()),
            ("smsc", "+821099990000".to_owned()),
            ("addr_toa", toa.to_owned()),
            ("addr", addr.to_owned()),
            ("pid", "00".to_owned()),
            ("dcs", hex(coding.0)),
            ("alphabet", named(encoded.alphabet)),
            ("scts", scts.1.to_owned()),
            ("udh", to_hex(&deliver.header)),
            ("text", escaped(text)),
        ];
        table.push(case, "MT", &pdu, &columns);
    }
}

fn delivers(table: &mut Table) {
    let seoul = (time("2026-11-21T05:35:22Z", 36), "26-11-21T14:35:22+09:00");
    let lima = (time("2026-11-21T05:35:22Z", -20), "26-11-21T00:35:22-05:00");
    let delhi = (time("2026-02-28T18:35:22Z", 22), "26-03-01T00:05:22+05:30");
    let from = |text: &str| Sender::parse(text).unwrap();
    deliver(table, "international", &from("+821012345678"), KOREAN_NUMBER, "STOP", seoul);
    deliver(table, "short code", &from("15771234"), ("81", "15771234"), "네, 감사합니다", seoul);
    deliver(table, "name of four", &from("Shop"), ("D0", "Shop"), "Welcome", lima);
    deliver(table, "name of seven", &from("sipgate"), ("D0", "sipgate"), "Welcome", lima);
    deliver(table, "name of eight", &from("eightlet"), ("D0", "eightlet"), "Welcome", delhi);
    deliver(table, "name of eleven", &from("ElevenChars"), ("D0", "ElevenChars"), "Welcome", delhi);
    deliver(table, "name with accents", &from("Caffè 24"), ("D0", "Caffè 24"), "Ciao", seoul);
    deliver(table, "long, Korean", &from("+821012345678"), KOREAN_NUMBER, &KOREAN.repeat(2), seoul);
}

/// One SMS-STATUS-REPORT.
fn report(
    table: &mut Table,
    case: &str,
    status: u8,
    recipient: Address,
    (toa, addr): (&str, &str),
    more: Option<Parameters>,
) {
    let report = StatusReport {
        more_messages: false,
        loop_prevention: false,
        for_command: false,
        reference: status.wrapping_mul(3),
        recipient,
        service_centre_time: time("2026-11-21T05:35:22Z", 36),
        discharge_time: time("2026-11-21T08:35:24Z", -14),
        status: Status(status),
        parameters: more,
    };
    let said = report.parameters.as_ref().and_then(|more| more.data.as_ref()).map_or("", |_| "read");
    let pdu = Pdu { smsc: None, tpdu: report.encode().unwrap() };
    let columns = [
        ("type", "STATUS-REPORT".to_owned()),
        ("addr_toa", toa.to_owned()),
        ("addr", addr.to_owned()),
        ("mr", report.reference.to_string()),
        ("scts", "26-11-21T14:35:22+09:00".to_owned()),
        ("discharge", "26-11-21T05:05:24-03:30".to_owned()),
        ("status", hex(status)),
        ("text", said.to_owned()),
    ];
    table.push(case, "MT", &pdu, &columns);
}

fn reports(table: &mut Table) {
    let to = || Address::number(&number(KOREAN_NUMBER.1));
    for (case, status) in [
        ("delivered", 0x00),
        ("forwarded", 0x01),
        ("replaced", 0x02),
        ("busy, still trying", 0x21),
        ("the centre's own, still trying", 0x30),
        ("rejected", 0x42),
        ("expired", 0x46),
        ("unknown to the centre", 0x49),
        ("no response, gave up", 0x62),
        ("error, gave up", 0x65),
    ] {
        report(table, case, status, to(), KOREAN_NUMBER, None);
    }
    let national = Address::digits(TypeOfNumber::Unknown, "01012345678").unwrap();
    report(table, "recipient in national form", 0x00, national, ("81", "01012345678"), None);
    report(table, "nothing more is announced", 0x00, to(), KOREAN_NUMBER, Some(Parameters::default()));
    let all = Parameters {
        protocol_id: Some(ProtocolId::PLAIN),
        coding: Some(DataCoding::GSM7),
        header: vec![],
        data: Some(UserData::Septets(b"read".to_vec())),
    };
    report(table, "with text", 0x00, to(), KOREAN_NUMBER, Some(all));
}

fn answers(table: &mut Table) {
    let service_centre_time = time("2026-11-21T05:35:22Z", 36);
    let scts = || ("scts", "26-11-21T14:35:22+09:00".to_owned());
    for (case, failure) in [("taken", None), ("refused: validity form", Some(0xc6))] {
        let failure = failure.map(FailureCause);
        let report = SubmitReport { failure, service_centre_time, parameters: Parameters::default() };
        let mut columns = vec![("type", "SUBMIT-REPORT".to_owned()), scts()];
        columns.extend(failure.map(|cause| ("fcs", hex(cause.0))));
        table.push(case, "MT", &Pdu { smsc: None, tpdu: report.encode().unwrap() }, &columns);
        assert_eq!(Incoming::decode(&report.encode().unwrap()), Ok(Incoming::SubmitReport(report)));
    }
    for (case, failure) in [("taken", None), ("refused: memory full", Some(FailureCause::MEMORY_FULL))] {
        let parameters = Parameters { protocol_id: Some(ProtocolId::PLAIN), ..Parameters::default() };
        let report = DeliverReport { failure, parameters };
        let mut columns = vec![("type", "DELIVER-REPORT".to_owned()), ("pid", "00".to_owned())];
        columns.extend(failure.map(|cause| ("fcs", hex(cause.0))));
        table.push(case, "MO", &Pdu { smsc: None, tpdu: report.encode().unwrap() }, &columns);
        assert_eq!(Outgoing::decode(&report.encode().unwrap()), Ok(Outgoing::DeliverReport(report)));
    }
    for (case, command_type) in [("enquiry", CommandType::ENQUIRY), ("delete", CommandType::DELETE)] {
        let command = Command {
            report_request: command_type == CommandType::ENQUIRY,
            reference: 7,
            protocol_id: ProtocolId::PLAIN,
            command_type,
            message_number: 200,
            to: Address::number(&number(KOREAN_NUMBER.1)),
            header: vec![],
            data: vec![],
        };
        let columns = [
            ("type", "COMMAND".to_owned()),
            ("mr", "7".to_owned()),
            ("pid", "00".to_owned()),
            ("ct", hex(command_type.0)),
            ("mn", "200".to_owned()),
            ("addr_toa", "91".to_owned()),
            ("addr", KOREAN_NUMBER.1.to_owned()),
        ];
        table.push(case, "MO", &Pdu { smsc: None, tpdu: command.encode().unwrap() }, &columns);
    }
}

#[test]
fn the_samples_that_others_read_are_the_ones_we_write() {
    let mut table = Table::default();
    texts(&mut table);
    indications(&mut table);
    addresses(&mut table);
    validities(&mut table);
    delivers(&mut table);
    reports(&mut table);
    answers(&mut table);
    let written = table.to_csv();
    if written != SAMPLES {
        let file = format!("{}/tpdu-samples.csv", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(&file, &written).unwrap();
        let (ours, kept) = (written.lines(), SAMPLES.lines().chain(std::iter::repeat("")));
        let first = ours.zip(kept).find(|(ours, kept)| ours != kept);
        panic!("hw-fixtures/tpdu/samples.csv has other PDUs; the new table is {file}; first: {first:?}");
    }
}
