//! PDUs of real networks, handsets and other programs: every field reads as it was published, and is written the same.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use std::collections::BTreeMap;

use postrider::model::Alphabet;
use postrider::tpdu::{
    Address, Content, DataCoding, DecodeError, Deliver, Incoming, Outgoing, Pdu, StatusReport, Submit, UserData,
    Validity, to_hex,
};

const VECTORS: &str = include_str!("../hw-fixtures/tpdu/vectors.csv");

/// One row, by column.
type Row = BTreeMap<String, String>;

fn rows() -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(VECTORS.as_bytes());
    let rows: Vec<Row> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 116);
    rows
}

fn pdu_of(row: &Row) -> Pdu {
    let length = row["tpdu_len"].parse().unwrap();
    let pdu = Pdu::parse_hex_sized(&row["hex"], length).unwrap();
    if row["smsc_prefix"] == "1" {
        assert_eq!(Pdu::parse_hex(&row["hex"]).unwrap(), pdu, "{}: with and without its length", row["id"]);
    }
    pdu
}

/// Either direction, read as the direction says.
#[derive(Debug, PartialEq)]
enum Either {
    In(Incoming),
    Out(Outgoing),
}

impl Either {
    fn read(row: &Row, tpdu: &[u8]) -> Result<Self, DecodeError> {
        if row["direction"] == "MT" {
            Incoming::decode(tpdu).map(Self::In)
        } else {
            Outgoing::decode(tpdu).map(Self::Out)
        }
    }

    fn write(&self) -> Vec<u8> {
        match self {
            Self::In(Incoming::Deliver(deliver)) => deliver.encode(),
            Self::In(Incoming::StatusReport(report)) => report.encode(),
            Self::In(Incoming::SubmitReport(report)) => report.encode(),
            Self::Out(Outgoing::Submit(submit)) => submit.encode(),
            Self::Out(Outgoing::DeliverReport(report)) => report.encode(),
            Self::Out(Outgoing::Command(command)) => command.encode(),
        }
        .unwrap()
    }

    /// What the columns should say, from our reading.
    fn columns(&self) -> Row {
        let mut found = Row::new();
        let mut set = |name: &str, value: String| found.insert(name.to_owned(), value);
        match self {
            Self::In(Incoming::Deliver(Deliver { from, protocol_id, coding, service_centre_time, .. })) => {
                set("type", "DELIVER".into());
                set_address(&mut set, from);
                set("pid", format!("{:02X}", protocol_id.0));
                set("dcs", format!("{:02X}", coding.0));
                set("scts", service_centre_time.to_string());
            }
            Self::Out(Outgoing::Submit(Submit { reference, to, protocol_id, coding, validity, .. })) => {
                set("type", "SUBMIT".into());
                set("mr", reference.to_string());
                set_address(&mut set, to);
                set("pid", format!("{:02X}", protocol_id.0));
                set("dcs", format!("{:02X}", coding.0));
                set("vp", shown(*validity));
            }
            Self::In(Incoming::StatusReport(report)) => set_report(&mut set, report),
            other => panic!("no vector is one: {other:?}"),
        }
        match self {
            Self::In(Incoming::Deliver(Deliver { coding, header, data, .. }))
            | Self::Out(Outgoing::Submit(Submit { coding, header, data, .. })) => {
                set_user_data(&mut set, *coding, header, data);
            }
            _ => {}
        }
        match self {
            Self::In(Incoming::Deliver(deliver)) => set_content(&mut set, &deliver.content()),
            Self::Out(Outgoing::Submit(submit)) => set_content(&mut set, &submit.content()),
            _ => {}
        }
        found
    }
}

type Set<'a> = &'a mut dyn FnMut(&str, String) -> Option<String>;

fn set_address(set: Set<'_>, address: &Address) {
    set("addr_toa", format!("{:02X}", address.type_of_address()));
    set("addr", address.to_string());
}

fn set_report(set: Set<'_>, report: &StatusReport) {
    set("type", "STATUS-REPORT".into());
    set("mr", report.reference.to_string());
    set_address(set, &report.recipient);
    set("scts", report.service_centre_time.to_string());
    set("discharge", report.discharge_time.to_string());
    set("status", format!("{:02X}", report.status.0));
    let parameters = report.parameters.clone().unwrap_or_default();
    if let Some(protocol_id) = parameters.protocol_id {
        set("pid", format!("{:02X}", protocol_id.0));
    }
    if let Some(coding) = parameters.coding {
        set("dcs", format!("{:02X}", coding.0));
    }
    if let Some(data) = &parameters.data {
        set_user_data(set, parameters.coding.unwrap_or_default(), &parameters.header, data);
    }
}

fn set_user_data(set: Set<'_>, coding: DataCoding, header: &[u8], data: &UserData) {
    let alphabet = match coding.alphabet() {
        Alphabet::Gsm7 => "gsm7",
        Alphabet::Ucs2 => "ucs2",
        _ => "8bit",
    };
    set("alphabet", alphabet.into());
    set("udh", to_hex(header));
    let header_units = if coding.is_septets() { (header.len() * 8).div_ceil(7) } else { header.len() };
    set("udl", (header_units + data.payload().len()).to_string());
}

fn set_content(set: Set<'_>, content: &Content) {
    if content.alphabet == Alphabet::Binary {
        set("data_hex", to_hex(&content.payload));
    } else {
        let text =
            content.text().replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\x0c', "\\f");
        set("text", text);
    }
}

/// `rel 5F=480min`, in the largest unit that the table uses for it.
fn shown(validity: Option<Validity>) -> String {
    match validity {
        None => String::new(),
        Some(Validity::Absolute(until)) => format!("abs {until}"),
        Some(Validity::Enhanced(octets)) => format!("enh {}", to_hex(&octets)),
        Some(Validity::Relative(value)) => {
            let minutes = validity.unwrap().period().unwrap().as_secs() / 60;
            match value {
                0..=167 => format!("rel {value:02X}={minutes}min"),
                168..=196 => format!("rel {value:02X}={}d", minutes / 1440),
                _ => format!("rel {value:02X}={}w", minutes / 10080),
            }
        }
    }
}

#[test]
fn every_field_of_every_vector_reads_as_it_was_published() {
    let columns = [
        "type",
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
        "udl",
        "udh",
        "text",
        "data_hex",
    ];
    for row in rows() {
        let id = &row["id"];
        let pdu = pdu_of(&row);
        let smsc = pdu.smsc.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(smsc, row["smsc"], "{id}: smsc");
        assert_eq!(pdu.tpdu_len().to_string(), row["tpdu_len"], "{id}: tpdu_len");
        assert_eq!(format!("{:02X}", pdu.tpdu[0]), row["first_octet"], "{id}: first_octet");
        let found = Either::read(&row, &pdu.tpdu).unwrap().columns();
        for column in columns {
            assert_eq!(found.get(column).map_or("", |text| text), row[column], "{id}: {column}");
        }
    }
}

/// Vectors whose sender left a one in the fill bit between header and text. Nobody reads it, and we write a zero.
const FILL_BIT_SET: [&str; 3] = ["V032", "V033", "V034"];

#[test]
fn every_vector_is_written_again_with_the_same_octets() {
    for row in rows() {
        let id = row["id"].as_str();
        let pdu = pdu_of(&row);
        let read = Either::read(&row, &pdu.tpdu).unwrap();
        let written = read.write();
        assert_eq!(Either::read(&row, &written), Ok(read), "{id}");
        let differences = written.iter().zip(&pdu.tpdu).filter(|(ours, theirs)| ours != theirs).collect::<Vec<_>>();
        if FILL_BIT_SET.contains(&id) {
            assert!(matches!(differences[..], [(ours, theirs)] if ours ^ theirs == 1), "{id}: {differences:02x?}");
        } else {
            assert_eq!(to_hex(&written), to_hex(&pdu.tpdu), "{id}");
        }
        let whole = if row["smsc_prefix"] == "1" { pdu.to_hex() } else { to_hex(&pdu.tpdu) };
        assert_eq!(whole, row["hex"].to_uppercase(), "{id}: the service centre");
    }
}

#[test]
fn hexadecimal_is_read_in_either_case() {
    for row in rows() {
        let upper = Pdu::parse_hex_sized(&row["hex"].to_uppercase(), row["tpdu_len"].parse().unwrap());
        assert_eq!(upper.unwrap(), pdu_of(&row));
        let lower = Pdu::parse_hex_sized(&row["hex"].to_lowercase(), row["tpdu_len"].parse().unwrap());
        assert_eq!(lower.unwrap(), pdu_of(&row));
    }
}

#[test]
fn every_vector_that_is_cut_off_anywhere_is_refused_or_read_as_far_as_it_came() {
    for row in rows() {
        let pdu = pdu_of(&row);
        let whole = Either::read(&row, &pdu.tpdu).unwrap().columns();
        for end in 0..pdu.tpdu.len() {
            let Ok(cut) = Either::read(&row, &pdu.tpdu[..end]) else { continue };
            assert_eq!(Either::read(&row, &cut.write()).as_ref(), Ok(&cut), "{}: {end} octets", row["id"]);
            for column in ["type", "addr_toa", "addr"] {
                assert_eq!(cut.columns()[column], whole[column], "{}: {column} from {end} octets", row["id"]);
            }
        }
        let length: usize = row["tpdu_len"].parse().unwrap();
        if row["smsc_prefix"] == "1" {
            let cut = Pdu::parse_hex_sized(&row["hex"][..row["hex"].len() - 2], length);
            // One octet less is taken for a modem that leaves out an empty service centre.
            let expected = pdu.smsc.is_some();
            assert_eq!(cut.is_err(), expected, "{}: {cut:?}", row["id"]);
        }
    }
}
