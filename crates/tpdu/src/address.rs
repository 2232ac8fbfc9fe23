//! Decides what an address field says: digits of some type, or a name (3GPP TS 23.040, 9.1.2.5).

use std::fmt;

use super::reader::Reader;
use super::{DecodeError, EncodeError, TypeOfNumber};
use postrider_model::{Alphabet, Body, Indication, PhoneNumber, Sender, mask};
use postrider_text::{self as text, TextProfile, septets};

/// The most semi-octets of an address.
const SEMI_OCTETS_MAX: usize = 20;
/// The filler of an odd number of semi-octets.
const FILLER: u8 = 0x0f;
/// ISDN/telephone numbering plan (E.164).
const PLAN_TELEPHONE: u8 = 1;

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
        match self.type_of_number() {
            TypeOfNumber::Alphanumeric => false,
            // A country code counts, but for what stands before it.
            TypeOfNumber::International => {
                let bare = self.text();
                bare.trim_start_matches('0').len() >= number.digits().len() && number.may_be_written(&bare)
            }
            TypeOfNumber::Unknown
            | TypeOfNumber::National
            | TypeOfNumber::NetworkSpecific
            | TypeOfNumber::Subscriber
            | TypeOfNumber::Abbreviated
            | TypeOfNumber::Reserved => number.may_be_written(&self.text()),
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

    /// The service centre's address without its length octet, which counts octets. It may be a type without digits.
    pub(super) fn from_service_centre(octets: &[u8]) -> Option<Self> {
        let (&type_of_address, value) = octets.split_first()?;
        let filled = value.last().is_some_and(|last| last >> 4 == FILLER);
        let semi_octets = u8::try_from(value.len() * 2).ok()? - u8::from(filled);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(address: &Address) -> Vec<u8> {
        let mut out = Vec::new();
        address.encode(&mut out).unwrap();
        out
    }

    fn read(octets: &[u8]) -> Address {
        let mut reader = Reader::new(octets);
        let address = Address::decode(&mut reader, "TP-OA").unwrap();
        assert!(reader.rest().is_empty());
        address
    }

    #[test]
    fn digits_are_swapped_and_an_odd_one_is_filled() {
        let number = |text: &str| Address::number(&text.parse().unwrap());
        assert_eq!(octets(&number("+46708251358")), [11, 0x91, 0x64, 0x07, 0x28, 0x15, 0x53, 0xf8]);
        assert_eq!(octets(&number("+821012345678")), [12, 0x91, 0x28, 0x01, 0x21, 0x43, 0x65, 0x87]);
        let short = Address::digits(TypeOfNumber::Unknown, "1588").unwrap();
        assert_eq!(octets(&short), [4, 0x81, 0x51, 0x88], "a short code has no type");
        let signs = Address::digits(TypeOfNumber::Abbreviated, "*#abc#*51").unwrap();
        assert_eq!(octets(&signs), [9, 0xe1, 0xba, 0xdc, 0xbe, 0x5a, 0xf1]);
        assert_eq!(read(&octets(&signs)).to_string(), "*#abc#*51");
    }

    #[test]
    fn every_type_of_number_is_kept() {
        for (kind, octet) in TypeOfNumber::ALL.into_iter().zip([0x81, 0x91, 0xa1, 0xb1, 0xc1, 0xd0, 0xe1, 0xf1]) {
            let address = if kind == TypeOfNumber::Alphanumeric {
                Address::name("Shop").unwrap()
            } else {
                Address::digits(kind, "12345").unwrap()
            };
            assert_eq!((address.type_of_address(), address.type_of_number()), (octet, kind));
            assert_eq!(read(&octets(&address)), address);
        }
    }

    #[test]
    fn names_are_counted_in_useful_semi_octets() {
        for (name, semi_octets, length) in
            [("Abc", 6, 3), ("sixsix", 11, 6), ("sipgate", 13, 7), ("eightlet", 14, 7), ("ElevenChars", 20, 10)]
        {
            let written = octets(&Address::name(name).unwrap());
            assert_eq!((written[0], written[1], written.len() - 2), (semi_octets, 0xd0, length), "{name}");
            assert_eq!(read(&written).text(), name);
        }
        assert_eq!(Address::name("Caffè 24").unwrap().text(), "Caffè 24");
        assert_eq!(Address::name("[a]").unwrap().value.len(), 5, "an extension character counts twice");
        let padded = read(&[14, 0xd0, 0xf3, 0x34, 0xfc, 0x1c, 0xa6, 0x97, 0x01]);
        assert_eq!(padded.text(), "sipgate", "seven characters, rounded up to whole octets");
    }

    #[test]
    fn what_no_address_holds_is_refused() {
        let digits = |text: &str| Address::digits(TypeOfNumber::Unknown, text).unwrap_err();
        assert_eq!(digits(""), EncodeError::AddressEmpty);
        assert_eq!(digits("12 34"), EncodeError::AddressCharacter("12 34".into()));
        assert_eq!(digits("123456789012345678901"), EncodeError::AddressTooLong("123456789012345678901".into()));
        assert!(Address::digits(TypeOfNumber::Alphanumeric, "123").is_err());
        assert_eq!(Address::name("").unwrap_err(), EncodeError::AddressEmpty);
        assert_eq!(Address::name("가게").unwrap_err(), EncodeError::AddressCharacter("가게".into()));
        assert_eq!(Address::name("[Ten+] it's").unwrap_err(), EncodeError::AddressTooLong("[Ten+] it's".into()));
        assert!(Address::name(&"a".repeat(2000)).is_err());
    }

    #[test]
    fn senders_are_read_as_the_house_speaks_of_them() {
        let sender = |kind, digits| Address::digits(kind, digits).unwrap().to_sender();
        let international = Sender::International("+821012345678".parse().unwrap());
        assert_eq!(sender(TypeOfNumber::International, "821012345678"), international);
        assert_eq!(sender(TypeOfNumber::International, "00821012345678"), international, "a prefix too many");
        assert_eq!(sender(TypeOfNumber::Unknown, "00821012345678"), international, "as it is dialled");
        assert_eq!(sender(TypeOfNumber::National, "01012345678"), Sender::Digits("01012345678".into()));
        assert_eq!(sender(TypeOfNumber::International, "123"), Sender::Digits("123".into()), "no number is so short");
        assert_eq!(sender(TypeOfNumber::Unknown, "*100#"), Sender::Alphanumeric("*100#".into()));
        assert_eq!(Address::name("12345").unwrap().to_sender(), Sender::Alphanumeric("12345".into()));
        for sender in [international, Sender::Digits("1588".into()), Sender::Alphanumeric("Shop".into())] {
            assert_eq!(Address::from_sender(&sender).unwrap().to_sender(), sender);
        }
    }

    #[test]
    fn a_report_may_name_the_recipient_in_its_national_form() {
        let number: PhoneNumber = "+821012345678".parse().unwrap();
        let may_be = |kind, digits| Address::digits(kind, digits).unwrap().may_be(&number);
        assert!(may_be(TypeOfNumber::International, "821012345678"));
        assert!(may_be(TypeOfNumber::Unknown, "821012345678"));
        assert!(may_be(TypeOfNumber::Unknown, "00821012345678"));
        assert!(may_be(TypeOfNumber::Unknown, "01012345678"));
        assert!(may_be(TypeOfNumber::National, "1012345678"));
        assert!(!may_be(TypeOfNumber::International, "1012345678"), "a country code counts");
        assert!(!may_be(TypeOfNumber::National, "1012345679"));
        assert!(!may_be(TypeOfNumber::Unknown, "45678"), "too short to tell");
        assert!(!Address::name("1012345678").unwrap().may_be(&number));
    }

    #[test]
    fn logs_never_show_a_whole_number() {
        let number = Address::number(&"+4915112345689".parse().unwrap());
        assert_eq!(format!("{number:?}"), "Address(91 491511***89)");
    }
}
