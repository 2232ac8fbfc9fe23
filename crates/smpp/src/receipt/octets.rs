//! Makes the text of a receipt readable by its octets, whatever `data_coding` says.
//!
//! Labels, ids and words are ASCII in every receipt, but carriers write them as one octet or as two, in either order, change
//! between them within one text, put a byte order mark before them, or pack them into septets. What stands behind `text:`
//! is the message's own and is never read, so what becomes of it does not matter.

use postrider_model::Alphabet;
use postrider_text::septets;

/// The text with each ASCII character as one, and a blank for what separates fields.
pub fn readable(octets: &[u8]) -> String {
    let is_wide = |at: usize| {
        let is_nul = |at: Option<usize>| at.and_then(|at| octets.get(at)) == Some(&0);
        // A NUL with another one two octets away is half of a character; one that stands alone separates fields.
        is_nul(Some(at)) && (is_nul(at.checked_sub(2)) || is_nul(Some(at + 2)))
    };
    let mut text = String::with_capacity(octets.len());
    for (at, &octet) in octets.iter().enumerate() {
        match octet {
            0 if is_wide(at) => {}
            // Byte order marks of UTF-16 and UTF-8 stand first, or where the second half begins.
            0 | 0xfe | 0xff => text.push(' '),
            0xef if octets.get(at..).is_some_and(|rest| rest.starts_with(&[0xef, 0xbb, 0xbf])) => text.push(' '),
            0xbb | 0xbf if at > 0 && text.ends_with(' ') => text.push(' '),
            _ => text.push(char::from(octet)),
        }
    }
    text
}

/// The text, if the octets are septets that were packed.
pub fn unpacked(octets: &[u8]) -> String {
    postrider_text::decode(Alphabet::Gsm7, &septets::unpack(octets, 0, usize::MAX), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id:0007000001 stat:DELIVRD err:000 text:";

    fn wide(text: &str, octets: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(octets).collect()
    }

    #[test]
    fn one_octet_or_two_in_either_order_read_alike() {
        assert_eq!(readable(TEXT.as_bytes()), TEXT);
        assert_eq!(readable(&wide(TEXT, u16::to_be_bytes)), TEXT);
        assert_eq!(readable(&wide(TEXT, u16::to_le_bytes)), TEXT);
        assert_eq!(readable(&wide(&format!("\u{feff}{TEXT}"), u16::to_be_bytes)).trim(), TEXT);
        assert_eq!(readable(&wide(&format!("\u{feff}{TEXT}"), u16::to_le_bytes)).trim(), TEXT);
        assert_eq!(readable(format!("\u{feff}{TEXT}").as_bytes()).trim(), TEXT);
    }

    #[test]
    fn half_of_each_is_read() {
        for cut in 0..TEXT.len() {
            let (first, second) = TEXT.split_at(cut);
            for order in [u16::to_be_bytes, u16::to_le_bytes] {
                if second.len() != 1 {
                    assert_eq!(readable(&[first.as_bytes(), &wide(second, order)].concat()), TEXT, "from {cut}");
                }
                if first.len() != 1 {
                    assert_eq!(readable(&[&wide(first, order), second.as_bytes()].concat()), TEXT, "up to {cut}");
                }
            }
        }
    }

    #[test]
    fn a_nul_alone_separates_fields() {
        assert_eq!(readable(b"id:7\0stat:DELIVRD\0"), "id:7 stat:DELIVRD ");
    }

    #[test]
    fn packed_septets_are_unpacked() {
        assert_eq!(unpacked(&septets::pack(TEXT.as_bytes(), 0)).trim_end_matches('@'), TEXT);
    }
}
