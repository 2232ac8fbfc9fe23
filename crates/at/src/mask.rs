//! Decides what of a recorded dialogue would name a person or a place, and puts something of the same form in its stead.
//!
//! Digits are replaced by digits, the same ones always by the same ones, so that what belongs together still does. Without
//! the salt, which is thrown away, nobody can go back.

use sha2::{Digest, Sha256};

use postrider_model::Alphabet;
use postrider_tpdu::{Address, Incoming, Outgoing, Pdu, TypeOfNumber, UserData, parse_hex};

/// Digits in a row that may be a number of a person, a SIM or a device.
const RUN_MIN: usize = 6;
/// Lines whose quoted fields tell in which cell the modem is.
const CELLS: [&str; 3] = ["+CREG:", "+CGREG:", "+CEREG:"];
/// Lines after which a PDU follows.
const BEFORE_PDU: [&str; 5] = ["+CMGL:", "+CMGR:", "+CMT:", "+CDS:", "+CBM:"];
/// Lines that hold names from a phone book.
const NAMES: [&str; 3] = ["+CNUM:", "+CMGL:", "+CMGR:"];

/// Masks the lines of one dialogue.
#[derive(Debug)]
pub struct Masker {
    salt: [u8; 16],
    /// Whether a PDU is due, and whether it is one of ours.
    pdu: Option<bool>,
}

impl Masker {
    /// One with a salt of its own.
    pub fn new(salt: [u8; 16]) -> Self {
        Self { salt, pdu: None }
    }

    /// A line of [`Modem::recent_lines`](crate::Modem::recent_lines) as it may be shown.
    pub fn recent(&mut self, text: &str) -> String {
        let (mark, line) = text.split_once(' ').unwrap_or((text, ""));
        let masked = match mark {
            ">>" => match line.strip_suffix("\\x1A") {
                Some(pdu) => self.pdu(pdu, true).map(|pdu| format!("{pdu}\\x1A")).ok_or_else(|| left_out(line)),
                None => Ok(line.to_owned()),
            },
            // The line that says what this PDU is has left the ring.
            "<" if self.pdu.is_none() && is_pdu(line) => Err(left_out(line)),
            "<" => self.line(line),
            ">" => Ok(self.runs(line)),
            _ => Ok(line.to_owned()),
        };
        match masked {
            Ok(line) => format!("{mark} {line}"),
            Err(remark) => format!("# {remark}"),
        }
    }

    /// The line as it may be shown; `Err` has what stands for one that cannot be masked.
    pub fn line(&mut self, line: &str) -> Result<String, String> {
        if let Some(ours) = self.pdu.take() {
            return self.pdu(line, ours).ok_or_else(|| left_out(line));
        }
        if BEFORE_PDU.iter().any(|start| line.starts_with(start)) {
            // Of a list, the state comes second: 2 and 3 are messages of ours. Of a single message it comes first.
            let place = usize::from(line.starts_with("+CMGL:"));
            let state = line.split_once(':').and_then(|(_, rest)| rest.split(',').nth(place)).map(str::trim);
            self.pdu = Some(line.starts_with("+CMG") && matches!(state, Some("2" | "3")));
        }
        let is_cell = CELLS.iter().any(|start| line.starts_with(start));
        let has_names = NAMES.iter().any(|start| line.starts_with(start));
        let mut out = String::with_capacity(line.len());
        for (number, part) in line.split('"').enumerate() {
            if number > 0 {
                out.push('"');
            }
            match number % 2 == 1 {
                true if is_cell => out.push_str(&self.cell(part)),
                true => out.push_str(&self.quoted(part, has_names)),
                false => out.push_str(&self.runs(part)),
            }
        }
        Ok(out)
    }

    /// A quoted field: digits, a name, or UCS-2 in hexadecimal with digits or a name in it.
    fn quoted(&self, text: &str, has_names: bool) -> String {
        if let Some(plain) = from_ucs2(text) {
            return to_ucs2(&self.quoted(&plain, has_names));
        }
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+*#".contains(&byte));
        if has_names && !is_number {
            return text.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect();
        }
        self.runs(text)
    }

    /// Replaces every long run of digits.
    fn runs(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, from) = rest.split_at(start);
            let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
            let (run, after) = from.split_at(end);
            out.push_str(before);
            out.push_str(&if run.len() < RUN_MIN { run.to_owned() } else { self.digits(run) });
            rest = after;
        }
        out + rest
    }

    /// Other digits for these. What tells the country and the network stays.
    fn digits(&self, digits: &str) -> String {
        let kept = match digits.len() {
            18.. => 6,
            15..18 => 5,
            _ => 3,
        };
        let hash = Sha256::new_with_prefix(self.salt).chain_update(digits).finalize();
        let other = hash.iter().cycle().map(|octet| char::from(b'0' + octet % 10));
        let (head, tail) = digits.split_at_checked(kept).unwrap_or((digits, ""));
        head.chars().chain(other.take(tail.len())).collect()
    }

    /// Other hexadecimal digits for those of an area or a cell.
    fn cell(&self, text: &str) -> String {
        let hash = Sha256::new_with_prefix(self.salt).chain_update("cell").chain_update(text).finalize();
        let other = hash.iter().cycle().map(|octet| char::from_digit(u32::from(octet % 16), 16).unwrap_or('0'));
        text.chars()
            .zip(other)
            .map(|(c, other)| if c.is_ascii_hexdigit() { other.to_ascii_uppercase() } else { c })
            .collect()
    }

    /// A PDU with other addresses and another text of the same length.
    fn pdu(&self, line: &str, ours: bool) -> Option<String> {
        // Some modems send the TPDU without a service centre; what does not read back is not trusted.
        let pdu = Pdu::parse_hex(line).ok()?;
        let tpdu = if ours { self.outgoing(&pdu.tpdu)? } else { self.incoming(&pdu.tpdu)? };
        let smsc = match &pdu.smsc {
            Some(address) => Some(self.address(address)?),
            None => None,
        };
        Some(Pdu { smsc, tpdu }.to_hex())
    }

    fn incoming(&self, tpdu: &[u8]) -> Option<Vec<u8>> {
        match Incoming::decode(tpdu).ok()? {
            Incoming::Deliver(mut deliver) => {
                deliver.from = self.address(&deliver.from)?;
                deliver.data = text(&deliver.data, deliver.content().alphabet);
                deliver.encode().ok()
            }
            Incoming::StatusReport(mut report) => {
                report.recipient = self.address(&report.recipient)?;
                // What may follow the status is rare, and not worth the risk of showing it.
                report.parameters = None;
                report.encode().ok()
            }
            Incoming::SubmitReport(_) => None,
        }
    }

    fn outgoing(&self, tpdu: &[u8]) -> Option<Vec<u8>> {
        match Outgoing::decode(tpdu).ok()? {
            Outgoing::Submit(mut submit) => {
                submit.to = self.address(&submit.to)?;
                submit.data = text(&submit.data, submit.content().alphabet);
                submit.encode().ok()
            }
            Outgoing::DeliverReport(_) | Outgoing::Command(_) => None,
        }
    }

    fn address(&self, address: &Address) -> Option<Address> {
        let text = address.text();
        if text.is_empty() {
            return Some(address.clone());
        }
        let kind = address.type_of_number();
        if kind == TypeOfNumber::Alphanumeric {
            return Address::name(&"x".repeat(text.chars().count())).ok();
        }
        Address::digits(kind, &self.runs(&text)).ok()
    }
}

/// What stands for a line that cannot be masked.
fn left_out(line: &str) -> String {
    format!("a line of {} characters was left out: it is no PDU that could be masked", line.len())
}

/// Whether a line may be a PDU: no answer is as long and of hexadecimal digits alone, but for numbers of cards.
fn is_pdu(line: &str) -> bool {
    line.len() >= 24 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// As many characters, of which only blanks and line ends are the same.
fn text(data: &UserData, alphabet: Alphabet) -> UserData {
    match data {
        UserData::Septets(septets) => UserData::Septets(
            septets.iter().map(|&septet| if matches!(septet, 0x0a | 0x0d | 0x20) { septet } else { b'x' }).collect(),
        ),
        UserData::Octets(octets) if alphabet == Alphabet::Ucs2 => {
            let units = octets.chunks(2).flat_map(|unit| match unit {
                [0, 0x0a | 0x0d | 0x20] => [0, unit[1]].to_vec(),
                [0, 0..=0x7f] => [0, b'x'].to_vec(),
                // A pair of surrogates must stay one: the grinning face.
                [0xd8..=0xdb, _] => [0xd8, 0x3d].to_vec(),
                [0xdc..=0xdf, _] => [0xde, 0x00].to_vec(),
                [_, _] => [0xac, 0x00].to_vec(),
                [..] => vec![0; unit.len()],
            });
            UserData::Octets(units.collect())
        }
        UserData::Octets(octets) => UserData::Octets(vec![0; octets.len()]),
    }
}

/// The text of UCS-2 in hexadecimal, if it is such: at least two characters, and none that is unlikely.
fn from_ucs2(text: &str) -> Option<String> {
    if text.len() < 8 || !text.len().is_multiple_of(4) {
        return None;
    }
    let octets = parse_hex(text).ok()?;
    let units: Vec<u16> = octets.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    let read = String::from_utf16(&units).ok()?;
    read.chars().all(|c| !c.is_control() && (c.is_ascii() || c.is_alphanumeric())).then_some(read)
}

fn to_ucs2(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("{unit:04X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_tpdu::Deliver;

    fn masked(lines: &[&str]) -> Vec<String> {
        let mut masker = Masker::new([7; 16]);
        lines.iter().map(|line| masker.line(line).unwrap_or_else(|comment| format!("# {comment}"))).collect()
    }

    #[test]
    fn numbers_keep_their_length_and_their_likeness_and_nothing_else() {
        let lines = [
            "490154203237518",
            "+CCID: \"8944200000000000001F\"",
            "+CSCA: \"+447785016005\",145",
            "+CNUM: \"Anna Kim\",\"+447785016005\",145",
            "+CMS ERROR: 38",
            "+COPS: 0,2,\"45005\",7",
        ];
        let out = masked(&lines);
        for (before, after) in lines.iter().zip(&out).take(4) {
            assert_eq!(before.len(), after.len());
            assert_ne!(before, after);
        }
        assert!(out[0].starts_with("49015") && out[1].starts_with("+CCID: \"894420"));
        let number = out[2].split('"').nth(1).unwrap();
        assert!(number.starts_with("+447") && out[3].contains(number), "the same number, masked alike: {out:?}");
        assert!(out[3].contains("\"xxxx xxx\""));
        assert_eq!(out[4..], lines[4..], "codes and networks name nobody");
        assert_ne!(Masker::new([8; 16]).line(lines[0]), Ok(out[0].clone()), "another salt, other digits");
    }

    #[test]
    fn cells_and_hidden_numbers_are_masked_too() {
        let number = "+CNUM: \"\",\"002B0034003400370037003800350030003100360030\",145";
        let out = masked(&["+CREG: 2,1,\"0A1F\",\"02B41C77\",7", number]);
        assert!(!out[0].contains("0A1F") && !out[0].contains("02B41C77"), "{out:?}");
        assert!(out[0].starts_with("+CREG: 2,1,\"") && out[0].ends_with("\",7"));
        assert_eq!(out[1].len(), number.len());
        assert!(out[1].contains("\"002B003400340037") && out[1] != number, "{out:?}");
    }

    #[test]
    fn a_stored_message_keeps_its_form_and_loses_its_words() {
        let from = Address::digits(TypeOfNumber::International, "821012345678").unwrap();
        let deliver = Deliver {
            more_messages: false,
            loop_prevention: false,
            reply_path: false,
            report_indication: false,
            from,
            protocol_id: postrider_tpdu::ProtocolId(0),
            coding: postrider_tpdu::DataCoding(8),
            service_centre_time: postrider_tpdu::TimeStamp([0x62, 0x11, 0x22, 0x90, 0, 0, 0x63]),
            header: Vec::new(),
            data: UserData::Octets("한글 ok 😀".encode_utf16().flat_map(u16::to_be_bytes).collect()),
        };
        let hex = Pdu { smsc: None, tpdu: deliver.encode().unwrap() }.to_hex();
        let out = masked(&["+CMGL: 1,1,,40", &hex, "OK"]);
        let Incoming::Deliver(read) = Incoming::decode(&Pdu::parse_hex(&out[1]).unwrap().tpdu).unwrap() else {
            panic!("{out:?}")
        };
        assert_eq!(out[1].len(), hex.len());
        assert!(read.from.text().starts_with("821") && read.from.text() != "821012345678");
        let words = read.data.payload().as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
        assert_eq!(String::from_utf16(&words.collect::<Vec<_>>()).unwrap(), "가가 xx 😀");
    }

    #[test]
    fn what_was_sent_to_a_modem_loses_number_and_text_too() {
        let mut masker = Masker::new([7; 16]);
        let submit = "0011000C9128014365870000080004D55CAE00";
        let shown = masker.recent(&format!(">> {submit}\\x1A"));
        assert!(shown.starts_with(">> 0011000C9128") && shown.ends_with("\\x1A"), "{shown}");
        assert!(!shown.contains("436587") && !shown.contains("D55CAE00"), "{shown}");
        assert_eq!(masker.recent("> AT+CMGS=18"), "> AT+CMGS=18");
        assert_eq!(
            masker.recent(&format!("< {submit}")),
            "# a line of 38 characters was left out: it is no PDU that could be masked"
        );
        assert_eq!(masker.recent("<< \\r\\n> "), "<< \\r\\n> ");
        assert!(!masker.recent("> AT+CPBF=\"821012345678\"").contains("12345678"));
        assert_eq!(masker.recent("# a line without end was dropped"), "# a line without end was dropped");
    }

    #[test]
    fn what_cannot_be_masked_is_left_out() {
        let out = masked(&["+CMGL: 1,1,,40", "Hello Anna, your code is 1234", "OK"]);
        assert!(out[1].starts_with("# a line of 29 characters was left out"), "{out:?}");
        assert_eq!(out[2], "OK");
    }
}
