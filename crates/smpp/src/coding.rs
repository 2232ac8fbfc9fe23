//! How an alphabet, a message class and a waiting sign become `data_coding`, and what a `data_coding` says.
//!
//! Sources: SMPP 3.4, 5.2.19; 3GPP TS 23.038, 4, for the values that carriers pass through to the handset.

use super::Tag;
use super::pdu::Tlvs;
use super::profile::{CarrierProfile, ClassForm, DefaultAlphabet};
use postrider_model::{Alphabet, Indication, Waiting};
use postrider_text as text;

/// `data_coding`, and the TLVs that say what it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coding {
    /// `data_coding`.
    pub data_coding: u8,
    /// `dest_addr_subunit`, when the class is written so.
    pub subunit: Option<u8>,
    /// `ms_msg_wait_facilities`, when the waiting sign is written so.
    pub waiting_facilities: Option<u8>,
}

impl Coding {
    /// How this carrier wants `alphabet` with `indication`; `None` if it does not take the alphabet.
    pub fn of(profile: &CarrierProfile, alphabet: Alphabet, indication: &Indication) -> Option<Self> {
        let plain = *profile.codings.get(&alphabet)?;
        let mut coding = Self { data_coding: plain, subunit: None, waiting_facilities: None };
        if let Some(waiting) = indication.waiting {
            coding.set_waiting(alphabet, waiting);
        } else if let Some(class) = indication.message_class {
            coding.set_class(profile.class_form, alphabet, class & 3);
        }
        Some(coding)
    }

    fn set_class(&mut self, form: ClassForm, alphabet: Alphabet, class: u8) {
        self.data_coding = match (form, alphabet) {
            (ClassForm::General, Alphabet::Gsm7) => 0x10 | class,
            (ClassForm::General, Alphabet::Binary) => 0x14 | class,
            (ClassForm::Group15, Alphabet::Gsm7) => 0xf0 | class,
            (ClassForm::Group15, Alphabet::Binary) => 0xf4 | class,
            (ClassForm::General | ClassForm::Group15, Alphabet::Ucs2) => 0x18 | class,
            // The handset's own codings know neither Latin-1 nor EUC-KR, so the class goes beside them.
            (ClassForm::Subunit, _) | (_, Alphabet::Latin1 | Alphabet::EucKr) => {
                self.subunit = Some(class + 1);
                self.data_coding
            }
        };
    }

    fn set_waiting(&mut self, alphabet: Alphabet, waiting: Waiting) {
        let kind = waiting.kind & 3;
        let low = u8::from(waiting.active) << 3 | kind;
        match (alphabet, waiting.store) {
            (Alphabet::Gsm7, false) => self.data_coding = 0xc0 | low,
            (Alphabet::Gsm7, true) => self.data_coding = 0xd0 | low,
            (Alphabet::Ucs2, _) => self.data_coding = 0xe0 | low,
            (Alphabet::Binary | Alphabet::Latin1 | Alphabet::EucKr, _) => {
                self.waiting_facilities = Some(u8::from(waiting.active) << 7 | kind);
            }
        }
    }

    /// Appends the TLVs that it needs.
    pub fn push_tlvs(&self, tlvs: &mut Tlvs) {
        if let Some(subunit) = self.subunit {
            tlvs.push_u8(Tag::DEST_ADDR_SUBUNIT, subunit);
        }
        if let Some(facilities) = self.waiting_facilities {
            tlvs.push_u8(Tag::MS_MSG_WAIT_FACILITIES, facilities);
        }
    }
}

/// A character that the carrier's default alphabet lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the carrier's default alphabet has no \"{0}\"")]
pub struct AlphabetError(pub char);

/// A GSM 7-bit payload in what the carrier means by its default alphabet.
///
/// # Errors
/// Names the first character that the alphabet lacks.
pub fn to_default_alphabet(
    alphabet: DefaultAlphabet,
    payload: &[u8],
    elements: &[u8],
    header_octets: usize,
) -> Result<Vec<u8>, AlphabetError> {
    let limit = match alphabet {
        DefaultAlphabet::Gsm7 => return Ok(payload.to_vec()),
        DefaultAlphabet::Gsm7Packed => {
            return Ok(text::septets::pack(payload, text::septets::fill_bits(header_octets)));
        }
        DefaultAlphabet::Utf8 => return Ok(text::decode(Alphabet::Gsm7, payload, elements).into_bytes()),
        DefaultAlphabet::Latin1 => u8::MAX,
        DefaultAlphabet::Ascii => 0x7f,
    };
    let text = text::decode(Alphabet::Gsm7, payload, elements);
    text.chars()
        .map(|character| u8::try_from(character).ok().filter(|&octet| octet <= limit).ok_or(AlphabetError(character)))
        .collect()
}

/// How a payload was coded, and in which of our alphabets it now is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The alphabet.
    pub alphabet: Alphabet,
    /// The payload in that alphabet.
    pub payload: Vec<u8>,
    /// The message class, if the coding names one.
    pub message_class: Option<u8>,
}

/// Reads a payload under its `data_coding`. Alphabets that we do not keep become UCS-2.
pub fn read(data_coding: u8, default: DefaultAlphabet, payload: &[u8], header_octets: usize) -> Read {
    let as_is = |alphabet| (alphabet, payload.to_vec());
    let (alphabet, payload) = match data_coding {
        // 3GPP TS 23.038: a reserved coding is read as the default alphabet.
        0x00 | 0x0b | 0x0c | 0x0f | 0x80..=0xbf => from_default_alphabet(default, payload, header_octets),
        0x01 | 0x03 => as_is(Alphabet::Latin1),
        // Compressed texts are octets to us.
        0x02 | 0x04 | 0x09 | 0x20..=0x3f | 0x60..=0x7f => as_is(Alphabet::Binary),
        0x05 => to_ucs2(encoding_rs::SHIFT_JIS, payload),
        0x06 => to_ucs2(encoding_rs::ISO_8859_5, payload),
        0x07 => to_ucs2(encoding_rs::ISO_8859_8, payload),
        0x08 => as_is(Alphabet::Ucs2),
        0x0a => to_ucs2(encoding_rs::ISO_2022_JP, payload),
        0x0d => to_ucs2(encoding_rs::EUC_JP, payload),
        0x0e => as_is(Alphabet::EucKr),
        // The general group, and the one whose messages the handset deletes itself.
        0x10..=0x1f | 0x40..=0x5f => match data_coding >> 2 & 3 {
            1 => as_is(Alphabet::Binary),
            2 => as_is(Alphabet::Ucs2),
            _ => from_default_alphabet(default, payload, header_octets),
        },
        0xe0..=0xef => as_is(Alphabet::Ucs2),
        0xf0..=0xff if data_coding & 4 != 0 => as_is(Alphabet::Binary),
        0xc0..=0xdf | 0xf0..=0xff => from_default_alphabet(default, payload, header_octets),
    };
    let message_class = matches!(data_coding, 0x10..=0x1f | 0x50..=0x5f | 0xf0..=0xff).then_some(data_coding & 3);
    Read { alphabet, payload, message_class }
}

fn from_default_alphabet(default: DefaultAlphabet, payload: &[u8], header_octets: usize) -> (Alphabet, Vec<u8>) {
    match default {
        DefaultAlphabet::Gsm7 if payload.is_ascii() => (Alphabet::Gsm7, payload.to_vec()),
        // Seven bits have no such octets, so it is something else, whatever was agreed.
        DefaultAlphabet::Gsm7 if is_utf8(payload) => (Alphabet::Ucs2, text::utf8::to_utf16(payload)),
        DefaultAlphabet::Gsm7 => (Alphabet::Latin1, payload.to_vec()),
        DefaultAlphabet::Gsm7Packed => {
            let mut septets = text::septets::unpack(payload, text::septets::fill_bits(header_octets), usize::MAX);
            // Seven octets hold eight septets: a last zero is padding rather than an `@`.
            if septets.len().is_multiple_of(8) && septets.last() == Some(&0) {
                septets.pop();
            }
            (Alphabet::Gsm7, septets)
        }
        DefaultAlphabet::Latin1 | DefaultAlphabet::Ascii => (Alphabet::Latin1, payload.to_vec()),
        DefaultAlphabet::Utf8 => (Alphabet::Ucs2, text::utf8::to_utf16(payload)),
    }
}

/// Whether octets are UTF-8, but for characters that are cut at either end.
fn is_utf8(payload: &[u8]) -> bool {
    let start = payload.iter().take(3).take_while(|&&octet| (0x80..0xc0).contains(&octet)).count();
    let rest = payload.get(start..).unwrap_or_default();
    let whole = match std::str::from_utf8(rest) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !whole.is_ascii()
}

fn to_ucs2(encoding: &'static encoding_rs::Encoding, payload: &[u8]) -> (Alphabet, Vec<u8>) {
    let (text, _) = encoding.decode_without_bom_handling(payload);
    (Alphabet::Ucs2, utf16(&text))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_coding(form: ClassForm, alphabet: Alphabet, indication: Indication) -> (u8, Option<u8>, Option<u8>) {
        let profile = CarrierProfile { class_form: form, ..CarrierProfile::default() };
        let coding = Coding::of(&profile, alphabet, &indication).unwrap();
        (coding.data_coding, coding.subunit, coding.waiting_facilities)
    }

    #[test]
    fn flash_is_written_as_the_carrier_wants_it() {
        let flash = Indication { message_class: Some(0), ..Indication::default() };
        assert_eq!(data_coding(ClassForm::General, Alphabet::Gsm7, flash), (0x10, None, None));
        assert_eq!(data_coding(ClassForm::General, Alphabet::Ucs2, flash), (0x18, None, None));
        assert_eq!(data_coding(ClassForm::Group15, Alphabet::Gsm7, flash), (0xf0, None, None));
        assert_eq!(data_coding(ClassForm::Group15, Alphabet::Binary, flash), (0xf4, None, None));
        assert_eq!(data_coding(ClassForm::Subunit, Alphabet::Gsm7, flash), (0x00, Some(1), None));
        assert_eq!(data_coding(ClassForm::General, Alphabet::EucKr, flash), (0x0e, Some(1), None));
    }

    #[test]
    fn a_waiting_sign_goes_by_the_coding_groups() {
        let waiting =
            |store| Indication { waiting: Some(Waiting { kind: 2, active: true, store }), ..Indication::default() };
        assert_eq!(data_coding(ClassForm::General, Alphabet::Gsm7, waiting(false)), (0xca, None, None));
        assert_eq!(data_coding(ClassForm::General, Alphabet::Gsm7, waiting(true)), (0xda, None, None));
        assert_eq!(data_coding(ClassForm::General, Alphabet::Ucs2, waiting(true)), (0xea, None, None));
        assert_eq!(data_coding(ClassForm::General, Alphabet::Latin1, waiting(true)), (0x03, None, Some(0x82)));
    }

    #[test]
    fn an_alphabet_without_coding_is_not_sent() {
        let mut profile = CarrierProfile::default();
        profile.codings.remove(&Alphabet::EucKr);
        assert_eq!(Coding::of(&profile, Alphabet::EucKr, &Indication::default()), None);
    }

    #[test]
    fn the_default_alphabet_is_the_carriers() {
        let convert = |alphabet, payload: &[u8]| to_default_alphabet(alphabet, payload, &[], 0);
        // "@è_" in GSM 7-bit.
        let gsm7 = [0x00, 0x04, 0x11];
        assert_eq!(convert(DefaultAlphabet::Gsm7, &gsm7), Ok(gsm7.to_vec()));
        assert_eq!(convert(DefaultAlphabet::Latin1, &gsm7), Ok(b"@\xe8_".to_vec()));
        assert_eq!(convert(DefaultAlphabet::Ascii, &gsm7), Err(AlphabetError('è')));
        assert_eq!(convert(DefaultAlphabet::Utf8, &gsm7), Ok("@è_".as_bytes().to_vec()));
        assert_eq!(convert(DefaultAlphabet::Gsm7Packed, b"hello"), Ok(vec![0xe8, 0x32, 0x9b, 0xfd, 0x06]));
        assert_eq!(convert(DefaultAlphabet::Latin1, &[0x1b, 0x65]), Err(AlphabetError('€')));
    }

    #[test]
    fn every_coding_is_read_into_an_alphabet_of_ours() {
        let read = |coding, default, octets: &[u8]| {
            let read = read(coding, default, octets, 0);
            (read.alphabet, text::decode(read.alphabet, &read.payload, &[]))
        };
        let gsm7 = DefaultAlphabet::Gsm7;
        assert_eq!(read(0x00, gsm7, &[0x00]), (Alphabet::Gsm7, "@".into()));
        assert_eq!(read(0x00, DefaultAlphabet::Latin1, b"\xe9"), (Alphabet::Latin1, "é".into()));
        assert_eq!(read(0x00, DefaultAlphabet::Utf8, "한".as_bytes()), (Alphabet::Ucs2, "한".into()));
        let packed = [0xe8, 0x32, 0x9b, 0xfd, 0x06];
        assert_eq!(read(0x00, DefaultAlphabet::Gsm7Packed, &packed), (Alphabet::Gsm7, "hello".into()));
        assert_eq!(read(0x01, gsm7, b"@_$"), (Alphabet::Latin1, "@_$".into()));
        assert_eq!(read(0x03, gsm7, b"\xe9"), (Alphabet::Latin1, "é".into()));
        assert_eq!(read(0x04, gsm7, &[0xc0]), (Alphabet::Binary, "C0".into()));
        assert_eq!(read(0x05, gsm7, &[0x93, 0xfa]), (Alphabet::Ucs2, "日".into()));
        assert_eq!(read(0x06, gsm7, &[0xb4]), (Alphabet::Ucs2, "Д".into()));
        assert_eq!(read(0x07, gsm7, &[0xe0]), (Alphabet::Ucs2, "א".into()));
        assert_eq!(read(0x08, gsm7, &[0xd5, 0x5c]), (Alphabet::Ucs2, "한".into()));
        assert_eq!(read(0x0e, gsm7, &[0xc7, 0xd1]), (Alphabet::EucKr, "한".into()));
        assert_eq!(read(0x18, gsm7, &[0xd5, 0x5c]), (Alphabet::Ucs2, "한".into()));
        assert_eq!(read(0xf4, gsm7, &[0xc0]), (Alphabet::Binary, "C0".into()));
        assert_eq!(read(0xf0, gsm7, &[0x00]), (Alphabet::Gsm7, "@".into()));
        assert_eq!(read(0x8f, gsm7, &[0x00]), (Alphabet::Gsm7, "@".into()), "reserved");
        assert_eq!(read(0x48, gsm7, &[0xd5, 0x5c]), (Alphabet::Ucs2, "한".into()), "deleted by the handset");
        assert_eq!(read(0x44, gsm7, &[0xc0]), (Alphabet::Binary, "C0".into()));
        assert_eq!(read(0x40, gsm7, &[0x00]), (Alphabet::Gsm7, "@".into()));
        assert_eq!(read(0x68, gsm7, &[0xc0]), (Alphabet::Binary, "C0".into()), "compressed");
        assert_eq!(read(0x00, gsm7, "수신거부".as_bytes()), (Alphabet::Ucs2, "수신거부".into()));
        assert_eq!(read(0x00, gsm7, b"arr\xeat"), (Alphabet::Latin1, "arrêt".into()));
    }

    #[test]
    fn the_class_is_read_back() {
        assert_eq!(read(0x10, DefaultAlphabet::Gsm7, &[], 0).message_class, Some(0));
        assert_eq!(read(0xf2, DefaultAlphabet::Gsm7, &[], 0).message_class, Some(2));
        assert_eq!(read(0x00, DefaultAlphabet::Gsm7, &[], 0).message_class, None);
    }
}
