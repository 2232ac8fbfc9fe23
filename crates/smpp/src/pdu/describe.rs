//! Shows a PDU to a person: its fields in wire order, each with what its value means.

use std::fmt::Write;

use super::{Address, Body, COctetString, Pdu, Tlvs};
use crate::tlv::TlvKind;
use crate::{CommandStatus, Tag};
use postrider_model::mask;

/// Digits in a row that may be a number of a person; short codes are not.
const PERSON_DIGITS_MIN: usize = 7;

/// The fields of a PDU in wire order, named as in the specification, with their values spelled out.
///
/// Message texts show as hexadecimal octets, and a password shows its length only.
pub fn describe(pdu: &Pdu) -> Vec<(String, String)> {
    let mut out = Description::default();
    out.line("command_id", format!("{} (0x{:08x})", pdu.body.command_id(), pdu.body.command_id().0));
    out.line("command_status", pdu.command_status.to_string());
    out.line("sequence_number", pdu.sequence_number.to_string());
    match &pdu.body {
        Body::Bind(body) => body.describe(&mut out),
        Body::BindResp(body) => body.describe(&mut out),
        Body::Outbind(body) => body.describe(&mut out),
        Body::SubmitSm(body) => body.describe(&mut out),
        Body::SubmitSmResp(body) => body.describe(&mut out),
        Body::SubmitMulti(body) => body.describe(&mut out),
        Body::SubmitMultiResp(body) => body.describe(&mut out),
        Body::DeliverSm(body) => body.describe(&mut out),
        Body::DeliverSmResp(body) => body.describe(&mut out),
        Body::DataSm(body) => body.describe(&mut out),
        Body::DataSmResp(body) => body.describe(&mut out),
        Body::QuerySm(body) => body.describe(&mut out),
        Body::QuerySmResp(body) => body.describe(&mut out),
        Body::CancelSm(body) => body.describe(&mut out),
        Body::ReplaceSm(body) => body.describe(&mut out),
        Body::AlertNotification(body) => body.describe(&mut out),
        Body::BroadcastSm(body) => body.describe(&mut out),
        Body::BroadcastSmResp(body) => body.describe(&mut out),
        Body::QueryBroadcastSm(body) => body.describe(&mut out),
        Body::QueryBroadcastSmResp(body) => body.describe(&mut out),
        Body::CancelBroadcastSm(body) => body.describe(&mut out),
        Body::Unknown { octets, .. } => out.octets("body", octets),
        Body::Unbind
        | Body::UnbindResp
        | Body::EnquireLink
        | Body::EnquireLinkResp
        | Body::GenericNack
        | Body::CancelSmResp
        | Body::ReplaceSmResp
        | Body::CancelBroadcastSmResp => {}
    }
    out.lines
}

/// As [`describe`], without passwords, texts and whole numbers, for logs and for people who need not see them.
pub fn describe_masked(pdu: &Pdu) -> Vec<(String, String)> {
    let mut fields = describe(pdu);
    for (name, value) in &mut fields {
        if name == "short_message" || is_text(name) {
            let length = value.split([':', '"']).next().unwrap_or_default().trim_end();
            *value = if length.is_empty() { "not shown".to_owned() } else { format!("{length}, not shown") };
        } else if name.contains("addr") || name.contains("callback_num") {
            *value = masked_digits(value);
        }
    }
    fields
}

/// Whether a TLV carries the words of a person, or names one in octets.
fn is_text(name: &str) -> bool {
    ["message_payload", "callback_num_atag", "subaddress", "additional_status_info_text"]
        .iter()
        .any(|tlv| name.contains(tlv))
}

/// A value in which every number that may be a person's is masked.
fn masked_digits(value: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(value.len()), value);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        out.push_str(&if run.len() < PERSON_DIGITS_MIN { run.to_owned() } else { mask(run) });
        rest = after;
    }
    out + rest
}

/// The lines as they are gathered.
#[derive(Default)]
pub struct Description {
    lines: Vec<(String, String)>,
}

impl Description {
    fn line(&mut self, field: &str, value: String) {
        self.lines.push((field.to_owned(), value));
    }

    /// A text in quotes.
    pub(super) fn text<const SIZE: usize>(&mut self, field: &str, text: &COctetString<SIZE>) {
        self.line(field, quoted(text.as_bytes()));
    }

    /// A password: how long it is, and nothing else.
    pub(super) fn password(&mut self, text: &COctetString<9>) {
        self.line("password", format!("{} octets, not shown", text.len()));
    }

    /// Type, plan and digits in one line.
    pub(super) fn address<const SIZE: usize>(&mut self, field: &str, address: &Address<SIZE>) {
        let Address { ton, npi, addr } = address;
        let value = format!("{} (ton {ton} {}, npi {npi} {})", quoted(addr.as_bytes()), ton_name(*ton), npi_name(*npi));
        self.line(field, value);
    }

    /// A number; some fields have names for their values.
    pub(super) fn number(&mut self, field: &str, value: u8) {
        let value = match field {
            "esm_class" => format!("0x{value:02x} ({})", esm_class(value)),
            "registered_delivery" => format!("0x{value:02x} ({})", registered_delivery(value)),
            "data_coding" => format!("0x{value:02x} ({})", data_coding(value)),
            "message_state" => format!("{value} ({})", message_state(u64::from(value))),
            "interface_version" => format!("0x{value:02x}"),
            "addr_ton" => format!("{value} ({})", ton_name(value)),
            "addr_npi" => format!("{value} ({})", npi_name(value)),
            _ => value.to_string(),
        };
        self.line(field, value);
    }

    /// A status inside a body.
    pub(super) fn status(&mut self, field: &str, status: CommandStatus) {
        self.line(field, status.to_string());
    }

    /// Octets in hexadecimal.
    pub(super) fn octets(&mut self, field: &str, octets: &[u8]) {
        self.line(field, format!("{} octets{}", octets.len(), hex(octets)));
    }

    /// The TLVs by name, each as its kind asks.
    pub(super) fn tlvs(&mut self, tlvs: &Tlvs) {
        for (tag, value) in tlvs {
            let shown = tlv_value(tag, value);
            self.line(&tag.to_string(), shown);
        }
    }
}

fn tlv_value(tag: Tag, value: &[u8]) -> String {
    match (tag.rule().map(|rule| rule.kind), value) {
        (Some(TlvKind::Integer | TlvKind::Bits), value) if (1..=8).contains(&value.len()) => {
            let number = value.iter().fold(0_u64, |sum, &octet| sum << 8 | u64::from(octet));
            match tag {
                Tag::MESSAGE_STATE => format!("{number} ({})", message_state(number)),
                Tag::SC_INTERFACE_VERSION => format!("0x{number:02x}"),
                _ => number.to_string(),
            }
        }
        (Some(TlvKind::COctets), value) => quoted(value.strip_suffix(&[0]).unwrap_or(value)),
        (_, &[network, high, low]) if tag == Tag::NETWORK_ERROR_CODE => {
            format!("network {network}, error {}", u16::from_be_bytes([high, low]))
        }
        // Vendors' values are mostly readable: entity and template ids, carrier names.
        (None, value) if !value.is_empty() && value.iter().all(|octet| matches!(octet, b' '..=b'~')) => quoted(value),
        (_, value) => format!("{} octets{}", value.len(), hex(value)),
    }
}

/// A text in quotes; octets that cannot be shown are escaped.
fn quoted(text: &[u8]) -> String {
    format!("\"{}\"", text.escape_ascii())
}

/// A colon and the octets; nothing when there are none.
fn hex(octets: &[u8]) -> String {
    let mut out = String::with_capacity(2 + octets.len() * 3);
    for (index, octet) in octets.iter().enumerate() {
        out.push_str(if index == 0 { ": " } else { " " });
        write!(out, "{octet:02x}").expect("a String takes everything");
    }
    out
}

/// What a type of number means (5.2.5).
pub fn ton_name(ton: u8) -> &'static str {
    match ton {
        0 => "unknown",
        1 => "international",
        2 => "national",
        3 => "network specific",
        4 => "subscriber",
        5 => "alphanumeric",
        6 => "abbreviated",
        _ => "reserved",
    }
}

/// What a numbering plan means (5.2.6).
pub fn npi_name(npi: u8) -> &'static str {
    match npi {
        0 => "unknown",
        1 => "E.164",
        3 => "X.121",
        4 => "F.69",
        6 => "E.212",
        8 => "national",
        9 => "private",
        10 => "ERMES",
        14 => "internet",
        18 => "WAP",
        _ => "reserved",
    }
}

/// What the bits of an `esm_class` mean (5.2.12).
pub fn esm_class(value: u8) -> String {
    let mode = match value & 0x03 {
        0 => "default mode",
        1 => "datagram",
        2 => "forward",
        _ => "store and forward",
    };
    let kind = match value & 0x3c {
        0x00 => "",
        0x04 => ", delivery receipt",
        0x08 => ", delivery acknowledgement",
        0x10 => ", user acknowledgement",
        0x18 => ", conversation abort",
        0x20 => ", intermediate notification",
        _ => ", reserved type",
    };
    let header = if value & 0x40 != 0 { ", user data header" } else { "" };
    let reply = if value & 0x80 != 0 { ", reply path" } else { "" };
    format!("{mode}{kind}{header}{reply}")
}

/// What the bits of a `registered_delivery` mean (5.2.17).
pub fn registered_delivery(value: u8) -> String {
    let receipt = match value & 0x03 {
        0 => "no receipt",
        1 => "receipt",
        2 => "receipt on failure",
        _ => "receipt on success",
    };
    let acknowledgement = match value & 0x0c {
        0x00 => "",
        0x04 => ", delivery acknowledgement",
        0x08 => ", user acknowledgement",
        _ => ", both acknowledgements",
    };
    let notification = if value & 0x10 != 0 { ", intermediate notification" } else { "" };
    format!("{receipt}{acknowledgement}{notification}")
}

/// What a `data_coding` means (5.2.19; 3GPP TS 23.038, 4).
pub fn data_coding(value: u8) -> &'static str {
    match value {
        0x00 => "carrier's default alphabet, mostly GSM 7-bit",
        0x01 => "ASCII",
        0x02 | 0x04 => "8-bit data",
        0x03 => "Latin-1",
        0x05 => "JIS X 0208",
        0x06 => "ISO 8859-5, Cyrillic",
        0x07 => "ISO 8859-8, Hebrew",
        0x08 => "UCS-2",
        0x09 => "pictogram",
        0x0a => "ISO-2022-JP, music codes",
        0x0d => "JIS X 0212",
        0x0e => "KS C 5601, Korean",
        0x10..=0x13 => "GSM 7-bit with message class",
        0x14..=0x17 => "8-bit data with message class",
        0x18..=0x1b => "UCS-2 with message class",
        0xc0..=0xcf => "message waiting, discard",
        0xd0..=0xdf => "message waiting, store",
        0xe0..=0xef => "message waiting, store, UCS-2",
        0xf0..=0xf3 => "GSM 7-bit with message class",
        0xf4..=0xf7 => "8-bit data with message class",
        _ => "reserved",
    }
}

/// What a `message_state` means (5.2.28; 5.0, 4.7.15).
pub fn message_state(value: u64) -> &'static str {
    match value {
        0 => "SCHEDULED",
        1 => "ENROUTE",
        2 => "DELIVERED",
        3 => "EXPIRED",
        4 => "DELETED",
        5 => "UNDELIVERABLE",
        6 => "ACCEPTED",
        7 => "UNKNOWN",
        8 => "REJECTED",
        9 => "SKIPPED",
        _ => "reserved",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NODE_SMPP, captures, read};
    use super::*;

    fn value(name: &str, field: &str) -> String {
        let lines = describe(&read(NODE_SMPP, name));
        lines.into_iter().find(|(found, _)| found == field).unwrap_or_else(|| panic!("no {field}")).1
    }

    #[test]
    fn values_say_what_they_mean() {
        assert_eq!(value("submit_sm", "command_id"), "submit_sm (0x00000004)");
        assert_eq!(value("submit_sm", "source_addr"), "\"postrider\" (ton 5 alphanumeric, npi 0 unknown)");
        assert_eq!(value("submit_sm_udh", "esm_class"), "0x40 (default mode, user data header)");
        assert_eq!(value("submit_sm_udh", "data_coding"), "0x08 (UCS-2)");
        assert_eq!(value("submit_sm", "registered_delivery"), "0x01 (receipt)");
        assert!(value("submit_sm_udh", "short_message").starts_with("36 octets: 05 00 03 2a 02 01 c5 48"));
        assert_eq!(value("submit_sm_resp_error", "command_status"), "ESME_RTHROTTLED (0x00000058, rate limit passed)");
        assert_eq!(value("deliver_sm_receipt", "esm_class"), "0x04 (default mode, delivery receipt)");
        assert_eq!(value("deliver_sm_receipt", "receipted_message_id (0x001e)"), "\"0972660181\"");
        assert_eq!(value("deliver_sm_receipt", "message_state (0x0427)"), "2 (DELIVERED)");
        assert_eq!(value("deliver_sm_receipt", "network_error_code (0x0423)"), "network 3, error 0");
        assert_eq!(value("submit_multi_resp", "error_status_code"), CommandStatus::RINVDSTADR.to_string());
        assert_eq!(value("submit_multi", "dl_name"), "\"staff\"");
        assert_eq!(value("query_sm_resp", "message_state"), "2 (DELIVERED)");
    }

    #[test]
    fn every_command_shows_its_header_and_no_password() {
        for (name, _) in captures(NODE_SMPP) {
            let lines = describe(&read(NODE_SMPP, name));
            let fields: Vec<&str> = lines.iter().map(|(field, _)| field.as_str()).collect();
            assert_eq!(fields[..3], ["command_id", "command_status", "sequence_number"]);
            assert!(lines.iter().all(|(_, value)| !value.contains("secret")), "{name}");
        }
        assert_eq!(value("bind_transceiver", "password"), "8 octets, not shown");
    }

    #[test]
    fn tlvs_of_vendors_show_as_text_when_they_are_text() {
        assert_eq!(tlv_value(Tag(0x1400), b"1101234567890123456"), "\"1101234567890123456\"");
        assert_eq!(tlv_value(Tag(0x1400), &[1, 0xff]), "2 octets: 01 ff");
        assert_eq!(tlv_value(Tag(0x1400), b""), "0 octets");
        assert_eq!(tlv_value(Tag::MESSAGE_PAYLOAD, b"hi"), "2 octets: 68 69");
    }
}
