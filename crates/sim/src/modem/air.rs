//! The TPDUs of the network's side: reads SMS-SUBMIT, writes SMS-DELIVER and SMS-STATUS-REPORT (3GPP TS 23.040, 9.2.2).
//!
//! The gateway has its own codec. This one is written anew, so that one mistake is not made on both sides.

use std::fmt::Write;

use postrider_model::{Alphabet, Timestamp};
use postrider_text::septets;

/// What a SUBMIT says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// TP-MR as the gateway wrote it.
    pub reference: u8,
    /// TP-SRR.
    pub report_request: bool,
    /// TP-RD.
    pub reject_duplicates: bool,
    /// The recipient's digits, without a sign.
    pub recipient: String,
    /// The recipient's type-of-address octet.
    pub recipient_type: u8,
    /// TP-PID.
    pub protocol_id: u8,
    /// TP-DCS.
    pub coding: u8,
    /// TP-VP in octets: none, one or seven.
    pub validity: Vec<u8>,
    /// The user data header with its length octet; empty when there is none.
    pub header: Vec<u8>,
    /// The user data behind the header; one septet in each octet for GSM 7-bit.
    pub payload: Vec<u8>,
}

impl Submitted {
    /// How the payload is to be read (3GPP TS 23.038, 4).
    pub fn alphabet(&self) -> Alphabet {
        alphabet(self.coding)
    }

    /// The same as an SMPP `data_coding`.
    pub(super) fn alphabet_code(&self) -> u8 {
        match self.alphabet() {
            Alphabet::Ucs2 => 8,
            Alphabet::Binary => 4,
            Alphabet::Gsm7 | Alphabet::Latin1 | Alphabet::EucKr => 0,
        }
    }
}

fn alphabet(coding: u8) -> Alphabet {
    match (coding >> 4, (coding >> 2) & 3) {
        (0x0..=0x7, 1) | (0xf, 1 | 3) => Alphabet::Binary,
        (0x0..=0x7, 2) | (0xe, _) => Alphabet::Ucs2,
        _ => Alphabet::Gsm7,
    }
}

/// Why a PDU was not understood: `+CMS ERROR: 304`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadPdu;

/// Reads octets one after another; every step checks what is left.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn one(&mut self) -> Result<u8, BadPdu> {
        let (first, rest) = self.0.split_first().ok_or(BadPdu)?;
        self.0 = rest;
        Ok(*first)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], BadPdu> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BadPdu)?;
        self.0 = rest;
        Ok(taken)
    }
}

/// The SUBMIT in a PDU with its service centre.
pub(crate) fn read_pdu(pdu: &[u8]) -> Option<Submitted> {
    read_submit(split_service_centre(pdu).ok()?.1).ok()
}

/// Splits a PDU into the service centre's address and the TPDU.
pub(super) fn split_service_centre(pdu: &[u8]) -> Result<(&[u8], &[u8]), BadPdu> {
    let length = usize::from(*pdu.first().ok_or(BadPdu)?);
    if length > 11 {
        return Err(BadPdu);
    }
    pdu.split_at_checked(length + 1).ok_or(BadPdu)
}

/// Reads an SMS-SUBMIT (9.2.2.2). Octets left over make it bad, since the modem's length said otherwise.
pub(super) fn read_submit(tpdu: &[u8]) -> Result<Submitted, BadPdu> {
    let mut octets = Octets(tpdu);
    let first = octets.one()?;
    if first & 0x03 != 1 {
        return Err(BadPdu);
    }
    let reference = octets.one()?;
    let digits = usize::from(octets.one()?);
    let recipient_type = octets.one()?;
    if digits == 0 || digits > 20 {
        return Err(BadPdu);
    }
    let recipient = read_digits(octets.take(digits.div_ceil(2))?, digits);
    let (protocol_id, coding) = (octets.one()?, octets.one()?);
    let validity = octets.take(match first & 0x18 {
        0x00 => 0,
        0x10 => 1,
        _ => 7,
    })?;
    let length = usize::from(octets.one()?);
    let (header, payload) = read_user_data(octets.0, length, alphabet(coding), first & 0x40 != 0)?;
    Ok(Submitted {
        reference,
        report_request: first & 0x20 != 0,
        reject_duplicates: first & 0x04 != 0,
        recipient,
        recipient_type,
        protocol_id,
        coding,
        validity: validity.to_vec(),
        header,
        payload,
    })
}

/// The header with its length octet, and the payload.
fn read_user_data(
    octets: &[u8],
    length: usize,
    alphabet: Alphabet,
    has_header: bool,
) -> Result<(Vec<u8>, Vec<u8>), BadPdu> {
    if octets.len() > 140 {
        return Err(BadPdu);
    }
    let header_octets = if has_header { usize::from(*octets.first().ok_or(BadPdu)?) + 1 } else { 0 };
    let (header, rest) = octets.split_at_checked(header_octets).ok_or(BadPdu)?;
    if alphabet != Alphabet::Gsm7 {
        if octets.len() != length {
            return Err(BadPdu);
        }
        return Ok((header.to_vec(), rest.to_vec()));
    }
    if length > 160 || octets.len() != (length * 7).div_ceil(8) {
        return Err(BadPdu);
    }
    let count = length.checked_sub(septets::header_septets(header_octets)).ok_or(BadPdu)?;
    Ok((header.to_vec(), septets::unpack(rest, septets::fill_bits(header_octets), count)))
}

fn read_digits(octets: &[u8], count: usize) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'a', 'b', 'c', 'f'];
    let nibbles = octets.iter().flat_map(|octet| [octet & 0x0f, octet >> 4]);
    nibbles.take(count).map(|nibble| DIGITS[usize::from(nibble)]).collect()
}

/// An address: how many digits, its type, and its digits in swapped nibbles.
fn write_address(out: &mut Vec<u8>, digits: &str, kind: u8) {
    out.push(u8::try_from(digits.len()).unwrap_or(20));
    out.push(kind);
    write_digits(out, digits);
}

fn write_digits(out: &mut Vec<u8>, digits: &str) {
    let nibbles: Vec<u8> = digits
        .chars()
        .map(|digit| match digit {
            '*' => 10,
            '#' => 11,
            _ => digit.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0),
        })
        .collect();
    out.extend(nibbles.chunks(2).map(|pair| pair[0] | pair.get(1).copied().unwrap_or(0x0f) << 4));
}

/// The address of a sender: `+82...`, a short code, or a name.
fn write_sender(out: &mut Vec<u8>, from: &str) {
    let digits = from.strip_prefix('+').unwrap_or(from);
    if digits.chars().all(|digit| digit.is_ascii_digit()) && !digits.is_empty() {
        let digits = digits.get(..20).unwrap_or(digits);
        write_address(out, digits, if from.starts_with('+') { 0x91 } else { 0x81 });
        return;
    }
    // Names are written in the part of GSM 7-bit that is ASCII; other characters become blanks.
    let plain = |name: char| u8::try_from(name).ok().filter(u8::is_ascii_alphanumeric).unwrap_or(b' ');
    let name: Vec<u8> = from.chars().take(11).map(plain).collect();
    out.push(u8::try_from((name.len() * 7).div_ceil(4)).unwrap_or(0));
    out.push(0xd0);
    out.extend_from_slice(&septets::pack(&name, 0));
}

/// A time stamp (9.2.3.11) in the zone of `quarters` quarter hours.
fn write_time(out: &mut Vec<u8>, at: Timestamp, quarters: i8) {
    let seconds = at.as_seconds().saturating_add(i64::from(quarters) * 900);
    let local = Timestamp::from_millis(seconds.saturating_mul(1000)).to_jiff();
    let text = local.strftime("%y%m%d%H%M%S").to_string();
    write_digits(out, &text);
    let zone = quarters.unsigned_abs();
    let sign = if quarters < 0 { 0x08 } else { 0 };
    out.push(((zone / 10) & 0x07) | sign | ((zone % 10) << 4));
}

/// The service centre's address that stands before a TPDU.
pub(super) fn service_centre(number: &str) -> Vec<u8> {
    let digits = number.trim_start_matches('+');
    if digits.is_empty() {
        return vec![0];
    }
    let mut out = vec![u8::try_from(digits.len().div_ceil(2) + 1).unwrap_or(11), 0x91];
    write_digits(&mut out, digits);
    out
}

/// An incoming part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// `+82...`, a short code or a name.
    pub from: String,
    /// How the payload is to be read: GSM 7-bit, UCS-2 or octets.
    pub alphabet: Alphabet,
    /// The header with its length octet, or nothing.
    pub header: Vec<u8>,
    /// The payload; one septet in each octet for GSM 7-bit.
    pub payload: Vec<u8>,
}

/// Writes an SMS-DELIVER (9.2.2.1).
pub(super) fn write_deliver(part: &Incoming, at: Timestamp, zone: i8) -> Vec<u8> {
    let mut out = vec![if part.header.is_empty() { 0x04 } else { 0x44 }];
    write_sender(&mut out, &part.from);
    out.push(0);
    let (coding, length, payload) = match part.alphabet {
        Alphabet::Gsm7 => (
            0x00,
            septets::header_septets(part.header.len()) + part.payload.len(),
            septets::pack(&part.payload, septets::fill_bits(part.header.len())),
        ),
        Alphabet::Ucs2 => (0x08, part.header.len() + part.payload.len(), part.payload.clone()),
        Alphabet::Binary | Alphabet::Latin1 | Alphabet::EucKr => {
            (0x04, part.header.len() + part.payload.len(), part.payload.clone())
        }
    };
    out.push(coding);
    write_time(&mut out, at, zone);
    out.push(u8::try_from(length).unwrap_or(u8::MAX));
    out.extend_from_slice(&part.header);
    out.extend_from_slice(&payload);
    out
}

/// What a status report says.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub reference: u8,
    pub recipient: String,
    pub recipient_type: u8,
    pub submitted_at: Timestamp,
    pub done_at: Timestamp,
    pub state: u8,
}

/// Writes an SMS-STATUS-REPORT (9.2.2.3).
pub(super) fn write_report(report: &Report, zone: i8) -> Vec<u8> {
    let mut out = vec![0x06, report.reference];
    write_address(&mut out, &report.recipient, report.recipient_type);
    write_time(&mut out, report.submitted_at, zone);
    write_time(&mut out, report.done_at, zone);
    out.push(report.state);
    out
}

/// Octets as upper-case hexadecimal.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut out, octet| {
        let _ = write!(out, "{octet:02X}");
        out
    })
}

/// Reads hexadecimal in either case.
pub(crate) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, odd) = text.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_text as text;

    fn submit(pdu: &str) -> Submitted {
        let pdu = from_hex(pdu.as_bytes()).unwrap();
        read_submit(split_service_centre(&pdu).unwrap().1).unwrap()
    }

    #[test]
    fn a_submit_of_each_alphabet_is_read() {
        let plain = submit(
            "0031000C919471312900100000A72849B41C347C93CB3A102D3783C96E2E500DB42983A46171984E076D786F373BED2E6F7C",
        );
        assert_eq!(
            (plain.recipient.as_str(), plain.report_request, plain.alphabet()),
            ("491713920001", true, Alphabet::Gsm7)
        );
        let said = text::decode(Alphabet::Gsm7, &plain.payload, &[]);
        assert!(said.starts_with("Ihr Code"), "{said}");
        let long = submit(
            "0071000C912801214300100008A7460500032A0202002000300032002D003000300030002D00300030003000300020BB34B8CCC218C2E0AC70BD800020003000380030002D003000300030002D0030003000300030",
        );
        assert_eq!((long.header.as_slice(), long.alphabet()), (&[5, 0, 3, 0x2a, 2, 2][..], Alphabet::Ucs2));
    }

    #[test]
    fn wrong_lengths_and_other_kinds_are_refused() {
        let good = from_hex(b"01000A91540200001000000CD4F29C0E6A97E7F3F0B9").unwrap();
        assert_eq!(read_submit(&good), Err(BadPdu), "twelve septets need eleven octets");
        assert_eq!(read_submit(&[]), Err(BadPdu));
        assert_eq!(read_submit(&[0x02, 0, 1]), Err(BadPdu));
        assert_eq!(split_service_centre(&[7, 0x91]), Err(BadPdu));
    }

    #[test]
    fn a_report_and_a_deliver_are_written_as_networks_write_them() {
        let at = "2026-01-15T14:10:12+09:00".parse().unwrap();
        let report = Report {
            reference: 0x11,
            recipient: "821012340010".to_owned(),
            recipient_type: 0x91,
            submitted_at: at,
            done_at: at,
            state: 0,
        };
        let written = hex(&write_report(&report, 36));
        assert_eq!(written, "06110C91280121430001621051410121636210514101216300");
        let part = Incoming {
            from: "+447700900456".to_owned(),
            alphabet: Alphabet::Gsm7,
            header: Vec::new(),
            payload: b"STOP".to_vec(),
        };
        let at = "2026-01-15T11:00:00Z".parse().unwrap();
        assert_eq!(hex(&write_deliver(&part, at, 0)), "040C914477000940650000621051110000000453EA130A");
        assert_eq!(hex(&service_centre("+447785016005")), "0791447758100650");
    }

    #[test]
    fn negative_zones_and_names_are_written() {
        let mut out = Vec::new();
        write_time(&mut out, "2026-01-15T12:00:00Z".parse().unwrap(), -20);
        assert_eq!(hex(&out), "6210517000000A");
        out.clear();
        write_sender(&mut out, "BANGKOK SHO");
        assert_eq!(hex(&out), "14D0C2A0F3B87C2E4153E413");
    }
}
