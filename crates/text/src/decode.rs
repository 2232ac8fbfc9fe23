//! Decides what the octets of a payload say.

use std::fmt::Write as _;

use postrider_model::Alphabet;

use super::national::Shift;
use super::{euckr, utf8};

/// Reads `payload`, kept as [`Encoded`](postrider_model::Encoded) keeps it, under the national shifts that `elements` announce.
///
/// It never fails: what has no meaning shows as a space (a code that GSM 7-bit leaves open) or as U+FFFD. Octets
/// without an alphabet show in hexadecimal.
pub fn decode(alphabet: Alphabet, payload: &[u8], elements: &[u8]) -> String {
    match alphabet {
        Alphabet::Gsm7 => Shift::read(elements).decode(payload),
        Alphabet::Ucs2 => utf16(payload),
        Alphabet::Latin1 => payload.iter().copied().map(char::from).collect(),
        Alphabet::EucKr => euckr::decode(payload),
        Alphabet::Binary => hexadecimal(payload),
    }
}

fn utf16(payload: &[u8]) -> String {
    let (pairs, odd) = payload.as_chunks::<2>();
    let units = pairs.iter().map(|&pair| u16::from_be_bytes(pair));
    let mut out = String::with_capacity(payload.len());
    // Octets of a character that lay across a border.
    let mut cut: Vec<u8> = Vec::new();
    for unit in char::decode_utf16(units) {
        if let Some(octet) = unit.as_ref().err().and_then(|error| utf8::octet_of(error.unpaired_surrogate())) {
            cut.push(octet);
            continue;
        }
        out.push_str(&String::from_utf8_lossy(&std::mem::take(&mut cut)));
        out.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    out.push_str(&String::from_utf8_lossy(&cut));
    if !odd.is_empty() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    out
}

fn hexadecimal(payload: &[u8]) -> String {
    let mut out = String::with_capacity(payload.len() * 2);
    for octet in payload {
        // Writing to a string does not fail.
        let _ = write!(out, "{octet:02X}");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_alphabet_is_read_as_its_own() {
        assert_eq!(decode(Alphabet::Gsm7, &[0x00, 0x1b, 0x65, 0x11], &[]), "@€_");
        assert_eq!(decode(Alphabet::Gsm7, &[0x04, 0x1b, 0x63], &[0x25, 1, 1, 0x24, 1, 1]), "€ç");
        assert_eq!(decode(Alphabet::Ucs2, &[0xd5, 0x5c, 0xd8, 0x3d, 0xde, 0x00], &[]), "한😀");
        assert_eq!(decode(Alphabet::Latin1, &[0x41, 0xe9, 0x80], &[]), "Aé\u{80}");
        assert_eq!(decode(Alphabet::EucKr, &[0xc7, 0xd1, 0x41], &[]), "한A");
        assert_eq!(decode(Alphabet::Binary, &[0x00, 0xfe], &[]), "00FE");
    }

    #[test]
    fn half_a_character_is_shown_as_one_that_is_missing() {
        assert_eq!(decode(Alphabet::Ucs2, &[0xd8, 0x3d, 0x00, 0x41, 0xde, 0x00], &[]), "\u{fffd}A\u{fffd}");
        assert_eq!(decode(Alphabet::Ucs2, &[0x00, 0x41, 0x00], &[]), "A\u{fffd}");
        assert_eq!(decode(Alphabet::EucKr, &[0x41, 0xc7], &[]), "A\u{fffd}");
    }

    proptest! {
        #[test]
        fn no_octets_fail(payload in prop::collection::vec(any::<u8>(), 0..300), elements in prop::collection::vec(any::<u8>(), 0..20)) {
            for alphabet in Alphabet::ALL {
                let text = decode(alphabet, &payload, &elements);
                prop_assert!(text.chars().count() <= payload.len() * 2);
            }
        }
    }
}
