//! Decides what an address field says: digits of some type, or a name (3GPP TS 23.040, 9.1.2.5).

use std::fmt;

use super::reader::Reader;
use super::{DecodeError, EncodeError};
use crate::model::{Alphabet, Body, Indication, PhoneNumber, Sender, mask};
use crate::text::{self, TextProfile, septets};

/// The most semi-octets of an address.
const SEMI_OCTETS_MAX: usize = 20;
/// The filler of an odd number of semi-octets.
const FILLER: u8 = 0x0f;
/// ISDN/telephone numbering plan (E.164).
const PLAN_TELEPHONE: u8 = 1;

/// Type of number: how the digits are to be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeOfNumber {
    /// The network's habit decides: short codes and numbers as they are dialled.
    Unknown,
    /// With country code.
    International,
    /// Without country code and trunk prefix.
    National,
    /// The network's own service.
    NetworkSpecific,
    /// A short code within the service centre.
    Subscriber,
    /// A name in GSM 7-bit.
    Alphanumeric,
    /// An abbreviated number.
    Abbreviated,
    /// Not assigned.
    Reserved,
}

impl TypeOfNumber {
    /// All types, in the order of their three bits.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::International,
        Self::National,
        Self::NetworkSpecific,
        Self::Subscriber,
        Self::Alphanumeric,
        Self::Abbreviated,
        Self::Reserved,
    ];

    fn from_octet(octet: u8) -> Self {
        Self::ALL.get(usize::from(octet >> 4 & 7)).copied().unwrap_or(Self::Reserved)
    }

    /// The three bits.
    pub fn bits(self) -> u8 {
        (0..).zip(Self::ALL).find(|&(_, known)| known == self).map_or(7, |(bits, _)| bits)
    }
}

/// An address exactly as it travels, so that one that was read is written the same.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Address-Length: semi-octets that count.
    semi_octets: u8,
    /// Type-of-Address.
    type_of_address: u8,
    /// Address-Value.
    value: Box<[u8]>,
}

impl Address {
    /// A number with country code.
    pub fn number(number: &PhoneNumber) -> Self {
        Self::packed(TypeOfNumber::International, PLAN_TELEPHONE, number.digits().bytes())
    }

    /// Digits of a type, in the telephone numbering plan: `0` to `9`, `*`, `#`, `a`, `b`, `c`.
    ///
    /// # Errors
    /// When there are none or too many, or a character is none of them.
    pub fn digits(kind: TypeOfNumber, digits: &str) -> Result<Self, EncodeError> {
        match digits.chars().count() {
            0 => return Err(EncodeError::AddressEmpty),
            1..=SEMI_OCTETS_MAX => {}
            _ => return Err(EncodeError::AddressTooLong(digits.to_owned())),
        }
        if kind == TypeOfNumber::Alphanumeric || !digits.bytes().all(|digit| semi_octet(digit).is_some()) {
            return Err(EncodeError::AddressCharacter(digits.to_owned()));
        }
        Ok(Self::packed(kind, PLAN_TELEPHONE, digits.bytes()))
    }

    /// A name of up to 11 characters of GSM 7-bit, those of its extension table counting twice.
    ///
    /// # Errors
    /// When it is empty, too long, or GSM 7-bit lacks a character.
    pub fn name(name: &str) -> Result<Self, EncodeError> {
        let profile = TextProfile { alphabets: vec![Alphabet::Gsm7], ..TextProfile::default() };
        let written = text::encode(&Body::Text(name.to_owned()), &Indication::default(), &profile, Some(false));
        let septets = match written.map(|encoding| encoding.encoded.segments.concat()) {
            Ok(septets) if septets.is_empty() => return Err(EncodeError::AddressEmpty),
            Ok(septets) => septets,
            Err(_) => return Err(EncodeError::AddressCharacter(name.to_owned())),
        };
        let semi_octets = (septets.len() * 7).div_ceil(4);
        match u8::try_from(semi_octets) {
            Ok(semi_octets) if usize::from(semi_octets) <= SEMI_OCTETS_MAX => Ok(Self {
                semi_octets,
                type_of_address: type_of_address(TypeOfNumber::Alphanumeric, 0),
                value: septets::pack(&septets, 0).into(),
            }),
            _ => Err(EncodeError::AddressTooLong(name.to_owned())),
        }
    }

    /// A sender as a handset shows it. Digits without country code have no type, so that short codes reach their service.
    ///
    /// # Errors
    /// As [`Address::digits`] and [`Address::name`].
    pub fn from_sender(sender: &Sender) -> Result<Self, EncodeError> {
        match sender {
            Sender::International(number) => Ok(Self::number(number)),
            Sender::Digits(digits) => Self::digits(TypeOfNumber::Unknown, digits),
            Sender::Alphanumeric(name) => Self::name(name),
        }
    }

    /// The Type-of-Address octet.
    pub const fn type_of_address(&self) -> u8 {
        self.type_of_address
    }

    /// The type of number.
    pub fn type_of_number(&self) -> TypeOfNumber {
        TypeOfNumber::from_octet(self.type_of_address)
    }

    /// The numbering plan: 1 telephone, 3 data, 4 telex, 8 national, 9 private, 10 ERMES; 0 unknown.
    pub const fn numbering_plan(&self) -> u8 {
        self.type_of_address & 0x0f
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// The digits without any plus, or the name.
    pub fn text(&self) -> String {
        if self.type_of_number() == TypeOfNumber::Alphanumeric {
            return text::decode(Alphabet::Gsm7, &self.name_septets(), &[]);
        }
        let nibbles = self.value.iter().flat_map(|octet| [octet & 0x0f, octet >> 4]);
        // A filler in the middle carries nothing.
        nibbles.take(usize::from(self.semi_octets)).filter_map(digit).collect()
    }

    /// Who it names, as the rest of the house speaks of senders. Whatever it is, it is kept.
    pub fn to_sender(&self) -> Sender {
        let text = self.text();
        let kind = self.type_of_number();
        if kind == TypeOfNumber::Alphanumeric || !text.bytes().all(|byte| byte.is_ascii_digit()) || text.is_empty() {
            return Sender::Alphanumeric(text.into());
        }
        let international = match kind {
            TypeOfNumber::International => Some(text.strip_prefix("00").unwrap_or(&text)),
            // Some centres write the dialled form.
            TypeOfNumber::Unknown => text.strip_prefix("00"),
            TypeOfNumber::National
            | TypeOfNumber::NetworkSpecific
            | TypeOfNumber::Subscriber
            | TypeOfNumber::Alphanumeric
            | TypeOfNumber::Abbreviated
            | TypeOfNumber::Reserved => None,
        };
        if let Some(number) = international.and_then(|digits| format!("+{digits}").parse().ok()) {
            return Sender::International(number);
        }
        Sender::Digits(text.into())
    }

    /// Whether it can be `number`: the same with country code, or the national form of it.
    ///
    /// A status report may name the recipient in another form than the message did.
    pub fn may_be(&self, number: &PhoneNumber) -> bool {
        const NATIONAL_DIGITS_MIN: usize = 6;
        let text = self.text();
        let bare = text.trim_start_matches('0');
        match self.type_of_number() {
            TypeOfNumber::Alphanumeric => false,
            TypeOfNumber::International => bare == number.digits(),
            TypeOfNumber::Unknown
            | TypeOfNumber::National
            | TypeOfNumber::NetworkSpecific
            | TypeOfNumber::Subscriber
            | TypeOfNumber::Abbreviated
            | TypeOfNumber::Reserved => {
                bare == number.digits() || bare.len() >= NATIONAL_DIGITS_MIN && number.digits().ends_with(bare)
            }
        }
    }

    /// The septets of a name. A count that was rounded up to whole octets has a padding at its end, which is no `@`.
    fn name_septets(&self) -> Vec<u8> {
        let bits = usize::from(self.semi_octets) * 4;
        let mut septets = septets::unpack(&self.value, 0, bits / 7);
        if bits % 56 == 0 && septets.last() == Some(&0) {
            septets.pop();
        }
        septets
    }

    fn packed(kind: TypeOfNumber, plan: u8, digits: impl Iterator<Item = u8>) -> Self {
        let nibbles: Vec<u8> = digits.filter_map(semi_octet).collect();
        let octet = |pair: &[u8]| pair.first().map_or(FILLER, |&low| low) | pair.get(1).unwrap_or(&FILLER) << 4;
        Self {
            semi_octets: u8::try_from(nibbles.len()).unwrap_or(u8::MAX),
            type_of_address: type_of_address(kind, plan),
            value: nibbles.chunks(2).map(octet).collect(),
        }
    }

    /// Reads TP-OA, TP-DA or TP-RA, whose length counts semi-octets.
    pub(super) fn decode(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let [semi_octets, type_of_address] = reader.array(field)?;
        let value = reader.slice(usize::from(semi_octets).div_ceil(2), field)?.into();
        Ok(Self { semi_octets, type_of_address, value })
    }

    /// Writes TP-OA, TP-DA or TP-RA.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if usize::from(self.semi_octets) > SEMI_OCTETS_MAX {
            return Err(EncodeError::AddressTooLong(self.text()));
        }
        out.extend_from_slice(&[self.semi_octets, self.type_of_address]);
        out.extend_from_slice(&self.value);
        Ok(())
    }

    /// The service centre's address without its length octet, which counts octets; `None` without digits.
    pub(super) fn from_service_centre(octets: &[u8]) -> Option<Self> {
        let (&type_of_address, value) = octets.split_first()?;
        let last = *value.last()?;
        let semi_octets = u8::try_from(value.len() * 2).ok()? - u8::from(last >> 4 == FILLER);
        Some(Self { semi_octets, type_of_address, value: value.into() })
    }

    /// Writes the service centre's address with its length octet.
    pub(super) fn write_service_centre(&self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.value.len() + 1).unwrap_or(u8::MAX));
        out.push(self.type_of_address);
        out.extend_from_slice(&self.value);
    }
}

/// Numbers reach logs, so the middle is hidden.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:02X} {})", self.type_of_address, mask(&self.text()))
    }
}

/// The digits, with a plus where they have a country code, or the name.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.type_of_number() == TypeOfNumber::International {
            f.write_str("+")?;
        }
        f.write_str(&self.text())
    }
}

fn type_of_address(kind: TypeOfNumber, plan: u8) -> u8 {
    0x80 | kind.bits() << 4 | plan & 0x0f
}

fn semi_octet(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'*' => Some(0x0a),
        b'#' => Some(0x0b),
        b'a'..=b'c' => Some(0x0c + (digit - b'a')),
        _ => None,
    }
}

fn digit(semi_octet: u8) -> Option<char> {
    match semi_octet {
        0..=9 => Some(char::from(b'0' + semi_octet)),
        0x0a => Some('*'),
        0x0b => Some('#'),
        0x0c..=0x0e => Some(char::from(b'a' + (semi_octet - 0x0c))),
        _ => None,
    }
}
