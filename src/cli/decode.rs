//! `postrider decode HEX`: any PDU of SMPP or TPDU of a modem, field by field.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use bytes::Bytes;

use super::out;
use crate::model::Alphabet;
use crate::smpp::inbound::{Delivery, delivery};
use crate::smpp::pdu::describe;
use crate::smpp::profile::CarrierProfile;
use crate::smpp::{Body, CommandId, Pdu as SmppPdu};
use crate::text;
use crate::tpdu::{Incoming, Outgoing, Pdu, to_hex};

/// The header of a PDU of SMPP.
const HEADER_OCTETS: usize = 16;
/// The shortest TPDU that a modem shows, a report to the network with its service centre.
const TPDU_OCTETS_MIN: usize = 3;
/// The longest PDU that is read.
const FRAME_OCTETS_MAX: usize = 64 * 1024;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The octets in hexadecimal, as a log or a modem shows them; blanks, colons and 0x do not count
    #[arg(required = true, num_args = 1.., value_name = "HEX")]
    hex: Vec<String>,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let octets = octets(&args.hex.join(" "))?;
    for line in read(&octets)? {
        out::line(line)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The octets that a person pasted.
fn octets(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut digits = Vec::new();
    let text = text.replace("0x", " ").replace("0X", " ").replace("\\x", " ");
    for (place, character) in text.chars().enumerate() {
        match character.to_digit(16) {
            Some(digit) => digits.push(u8::try_from(digit).unwrap_or(0)),
            None if character.is_whitespace() || matches!(character, ':' | ',' | '-' | '"' | '\u{1a}') => {}
            None => bail!("\"{character}\" at character {} is no hexadecimal digit", place + 1),
        }
    }
    if digits.is_empty() {
        bail!("there is nothing to read; give the octets in hexadecimal");
    }
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        bail!("{} digits are half an octet too many or too few: a digit was lost when they were copied", digits.len());
    }
    Ok(pairs.iter().map(|&[high, low]| high << 4 | low).collect())
}

fn read(octets: &[u8]) -> anyhow::Result<Vec<String>> {
    if is_smpp(octets) {
        return of_smpp(octets);
    }
    of_modem(octets)
}

/// Whether octets begin with the header of a PDU of SMPP: a length that can be and a command that is known.
fn is_smpp(octets: &[u8]) -> bool {
    let word = |at: usize| {
        let octets = octets.get(at..at + 4).and_then(|octets| octets.try_into().ok());
        octets.map(u32::from_be_bytes)
    };
    let (Some(length), Some(command)) = (word(0), word(4)) else { return false };
    let fits = usize::try_from(length).is_ok_and(|length| (HEADER_OCTETS..=FRAME_OCTETS_MAX).contains(&length));
    let command = CommandId(command & !CommandId::GENERIC_NACK.0);
    fits && command.0 <= 0x0000_0113
}

fn of_smpp(octets: &[u8]) -> anyhow::Result<Vec<String>> {
    let (mut lines, mut at) = (Vec::new(), 0);
    while at < octets.len() {
        let rest = &octets[at..];
        let announced = rest.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length));
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced < HEADER_OCTETS || announced > rest.len() {
            let has = rest.len();
            if lines.is_empty() {
                bail!("the PDU at octet {} announces {announced} octets, and {has} are there", at + 1);
            }
            lines.push(format!("octet {}: a PDU that announces {announced} octets, and {has} are there", at + 1));
            break;
        }
        let frame = Bytes::copy_from_slice(&rest[..announced]);
        let read = SmppPdu::decode(&frame).map_err(|error| anyhow!("the PDU at octet {}: {error}", at + 1))?;
        lines.push(format!("SMPP, {announced} octets"));
        lines.extend(describe(&read.pdu).into_iter().map(|(name, value)| format!("  {name:<24}{value}")));
        lines.extend(read.quirks.iter().map(|quirk| format!("  odd: {quirk}")));
        lines.extend(meaning(&read.pdu.body).map(|meaning| format!("  {meaning}")));
        at += announced;
    }
    Ok(lines)
}

/// What a delivery says, for a carrier of the generic kind.
fn meaning(body: &Body) -> Option<String> {
    if !matches!(body, Body::DeliverSm(_) | Body::DataSm(_)) {
        return None;
    }
    Some(match delivery(&CarrierProfile::default(), body) {
        Delivery::Receipt(receipt) => {
            let ids: Vec<&str> = receipt.ids.iter().map(|id| id.as_str()).collect();
            let ids = if ids.is_empty() { "no id was found".to_owned() } else { format!("id {}", ids.join(" or ")) };
            format!("is a receipt: {ids}, {} ({}), error {:?}", receipt.state, receipt.raw_state, receipt.error)
        }
        Delivery::Message(part) if part.alphabet == Alphabet::Binary => "is data".to_owned(),
        Delivery::Message(part) => {
            let parts = [text::Part { alphabet: part.alphabet, payload: &part.payload, elements: &part.elements }];
            let place = part.part_of.map(|of| format!(" {} of {}", of.number, of.total)).unwrap_or_default();
            format!("is a message{place}: {}", text::join(parts))
        }
        Delivery::Neither(why) => format!("is neither receipt nor message: {why}"),
    })
}

/// One way to read octets of a modem.
struct Reading {
    title: String,
    fields: Vec<(&'static str, String)>,
    /// Whether writing it again gives the same octets.
    exact: bool,
    /// Whether modems write it so: to the network without a service centre's number, from the network with one.
    usual: bool,
}

/// A TPDU says neither its direction nor whether a service centre stands before it, so each way is tried.
fn of_modem(octets: &[u8]) -> anyhow::Result<Vec<String>> {
    if octets.len() < TPDU_OCTETS_MIN {
        bail!("{} octets are too few: neither a PDU of SMPP nor a TPDU is as short", octets.len());
    }
    let mut readings: Vec<Reading> = Vec::new();
    let mut errors = Vec::new();
    let with_centre = Pdu::parse(octets).ok().map(|pdu| (pdu.smsc.map(|smsc| smsc.to_string()), pdu.tpdu));
    for (centre, tpdu) in with_centre.into_iter().chain([(None, octets.to_vec())]) {
        let before = match &centre {
            Some(centre) => format!(", service centre {centre}"),
            None if tpdu.len() < octets.len() => ", the SIM's own service centre".to_owned(),
            None => ", without a service centre".to_owned(),
        };
        match Incoming::decode(&tpdu) {
            Ok(read) => readings.push(Reading {
                title: format!("TPDU from the network, {} octets{before}", tpdu.len()),
                exact: read.encode().is_ok_and(|again| again == tpdu),
                usual: centre.is_some(),
                fields: read.describe(),
            }),
            Err(error) => errors.push(format!("  from the network{before}: {error}")),
        }
        match Outgoing::decode(&tpdu) {
            Ok(read) => readings.push(Reading {
                title: format!("TPDU to the network, {} octets{before}", tpdu.len()),
                exact: read.encode().is_ok_and(|again| again == tpdu),
                usual: centre.is_none() && tpdu.len() < octets.len(),
                fields: read.describe(),
            }),
            Err(error) => errors.push(format!("  to the network{before}: {error}")),
        }
    }
    if readings.is_empty() {
        bail!("{} octets are neither a PDU of SMPP nor a TPDU:\n{}", octets.len(), errors.join("\n"));
    }
    readings.sort_by_key(|reading| std::cmp::Reverse((reading.exact, reading.usual)));
    let best = readings.remove(0);
    let mut lines = vec![best.title];
    lines.extend(best.fields.iter().map(|(name, value)| format!("  {name:<10}{value}")));
    if !best.exact {
        lines.push(format!("  odd: written again it is not the same octets ({})", to_hex(octets)));
    }
    let others: Vec<&str> = readings.iter().filter(|reading| reading.exact).map(|one| one.title.as_str()).collect();
    if !others.is_empty() {
        lines.push(format!("It can also be read as: {}", others.join("; ")));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(hex: &str) -> String {
        octets(hex).and_then(|octets| read(&octets)).map_or_else(|error| format!("{error:#}"), |lines| lines.join("\n"))
    }

    #[test]
    fn pdus_of_both_kinds_are_read() {
        let receipt = told(
            "0000005900000005000000000000000100010138323130313233343536373800050053686f70000400000000000000002869643a30303037\
             30303030303120737461743a44454c49565244206572723a30303020746578743a",
        );
        assert!(
            receipt.contains("deliver_sm") && receipt.contains("is a receipt: id 0007000001, delivered"),
            "{receipt}"
        );
        let deliver = told(
            "07 91 66 08 00 00 00 F0 04 0B 91 66 08 00 00 00 F3 00 08 62 10 22 80 61 00 82 0C 0E22 0E01 0E40 0E25 0E34 0E01",
        );
        assert!(deliver.contains("SMS-DELIVER") && deliver.contains("service centre +66800000000"), "{deliver}");
        assert!(deliver.contains("ยกเลิก"), "{deliver}");
        let submit = told("0x0071000C912801214365870000A70A0500032A0301DEEE32");
        assert!(submit.contains("SMS-SUBMIT") && submit.contains("+821012345678"), "{submit}");
        let several = told("0000001000000015000000000000000100000010800000150000000000000001");
        assert_eq!(several.matches("SMPP, 16 octets").count(), 2, "{several}");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        assert!(told("00zz").contains("\"z\" at character 3"));
        assert!(told("000").contains("half an octet"));
        assert!(
            told("0000005900000005").contains("announces 89 octets, and 8 are there"),
            "{}",
            told("0000005900000005")
        );
        assert!(told("07").contains("too few"), "{}", told("07"));
        assert!(told("0791829000").contains("neither"), "{}", told("0791829000"));
        assert!(told("").contains("nothing to read"));
    }
}
