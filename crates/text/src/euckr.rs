//! Decides the EUC-KR code of a character: KS X 1001 and ASCII, without the additions of code page 949.

use std::sync::LazyLock;

use encoding_rs::EUC_KR;

/// KS X 1001 has its Hangul in rows 0xB0 to 0xC8, 94 to a row, in the order of Unicode.
const HANGUL_ROWS: std::ops::RangeInclusive<u8> = 0xb0..=0xc8;
const ROW: std::ops::RangeInclusive<u8> = 0xa1..=0xfe;
const ROW_LENGTH: u32 = 94;

/// Which of Unicode's 11172 syllables KS X 1001 has: the rank of a syllable among them gives its code.
struct Syllables {
    present: [u64; WORDS],
    /// How many are present in the words before each.
    before: [u16; WORDS],
}

const WORDS: usize = 11_172_usize.div_ceil(64);

static SYLLABLES: LazyLock<Syllables> = LazyLock::new(|| {
    let mut present = [0_u64; WORDS];
    for code in HANGUL_ROWS.flat_map(|high| ROW.map(move |low| [high, low])) {
        let syllable = EUC_KR.decode_without_bom_handling(&code).0.chars().next();
        if let Some(index) = syllable.and_then(syllable_index) {
            present[index / 64] |= 1 << (index % 64);
        }
    }
    let mut before = [0; WORDS];
    let mut count = 0_u16;
    for (before, word) in before.iter_mut().zip(present) {
        *before = count;
        count += u16::try_from(word.count_ones()).unwrap_or(0);
    }
    Syllables { present, before }
});

fn syllable_index(c: char) -> Option<usize> {
    matches!(c, '\u{ac00}'..='\u{d7a3}').then(|| c as usize - 0xac00)
}

/// The two octets of `c` outside ASCII; `None` if KS X 1001 lacks it.
pub(super) fn code(c: char) -> Option<[u8; 2]> {
    syllable_index(c).map_or_else(|| other_code(c), syllable_code)
}

fn syllable_code(index: usize) -> Option<[u8; 2]> {
    let (word, bit) = (SYLLABLES.present[index / 64], 1 << (index % 64));
    if word & bit == 0 {
        return None;
    }
    let rank = u32::from(SYLLABLES.before[index / 64]) + (word & (bit - 1)).count_ones();
    let (row, column) = (u8::try_from(rank / ROW_LENGTH).ok()?, u8::try_from(rank % ROW_LENGTH).ok()?);
    Some([HANGUL_ROWS.start() + row, ROW.start() + column])
}

fn other_code(c: char) -> Option<[u8; 2]> {
    let mut code = [0; 4];
    let mut text = [0; 4];
    let text = c.encode_utf8(&mut text);
    let (result, _, written) = EUC_KR.new_encoder().encode_from_utf8_without_replacement(text, &mut code, true);
    // Code page 949 puts its own characters where one of the octets is below 0xA1.
    let known = result == encoding_rs::EncoderResult::InputEmpty && written == 2;
    (known && ROW.contains(&code[0]) && ROW.contains(&code[1])).then_some([code[0], code[1]])
}

/// Reads EUC-KR, code page 949 included; what is neither shows as U+FFFD.
pub(super) fn decode(octets: &[u8]) -> String {
    EUC_KR.decode_without_bom_handling(octets).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ks_x_1001_has_2350_syllables_in_order() {
        let syllables: Vec<_> = ('\u{ac00}'..='\u{d7a3}').filter_map(code).collect();
        assert_eq!(syllables.len(), 2350);
        assert!(syllables.is_sorted_by(|a, b| a < b));
        assert_eq!((syllables[0], syllables[2349]), ([0xb0, 0xa1], [0xc8, 0xfe]));
    }

    #[test]
    fn every_code_reads_back() {
        let mut known = 0;
        for c in '\u{80}'..='\u{ffff}' {
            if let Some(octets) = code(c) {
                assert_eq!(decode(&octets), c.to_string());
                assert!(octets.iter().all(|octet| *octet >= 0xa1), "{c}");
                known += 1;
            }
        }
        assert_eq!(known, 8226, "8224 of KS X 1001, and the euro and registered signs that its edition of 1998 added");
    }

    #[test]
    fn what_only_code_page_949_has_is_not_written() {
        assert_eq!(code('가'), Some([0xb0, 0xa1]));
        assert_eq!(code('힝'), Some([0xc8, 0xfe]));
        for c in ['똠', '뷁', '펲', '😀', 'é', '\u{80}'] {
            assert_eq!(code(c), None, "{c}");
        }
        assert_eq!(decode(b"\x8c\x63 \xff"), "똠 \u{fffd}", "still understood");
    }
}
