//! Brings what people type into one form: compatibility forms, case, accents, punctuation and blanks do not count.

use unicode_normalization::UnicodeNormalization;

/// The words of `text` in their plainest form.
///
/// Accents go from letters that stand without them too; the vowel signs of Thai or Hindi are part of the word and stay.
pub fn words(text: &str) -> Vec<String> {
    // Compatibility composition makes full and half width one, and joins Korean letters to syllables.
    let plain: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let mut folded = String::with_capacity(plain.len());
    for letter in plain.nfd() {
        match letter {
            // Combining accents of Latin, Greek and Cyrillic; the marks of Arabic and its lengthening stroke.
            '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{640}' => {}
            // What is not seen: joiners, directions, variation selectors.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' => {}
            // Turkish writes i with and without dot; both are one here, since half of all keyboards lack one of them.
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'æ' => folded.push_str("ae"),
            'đ' => folded.push('d'),
            'أ' | 'إ' | 'آ' | 'ٱ' => folded.push('ا'),
            'ى' => folded.push('ي'),
            'ة' => folded.push('ه'),
            other if is_part_of_a_word(other) => folded.push(other),
            _ => folded.push(' '),
        }
    }
    folded.nfc().collect::<String>().split_whitespace().map(str::to_owned).collect()
}

fn is_part_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || unicode_normalization::char::is_combining_mark(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_accents_and_punctuation_do_not_count() {
        for (written, expected) in [
            ("  \"ＳＴＯＰ\"!! ", "stop"),
            ("Arrêt.", "arret"),
            ("İPTAL", "iptal"),
            ("ıptal", "iptal"),
            ("S-T-O-P", "s t o p"),
            ("수신\u{200b}거부", "수신거부"),
            ("ｽﾄｯﾌﾟ", "ストップ"),
            ("إيقاف", "ايقاف"),
            ("Rezygnuję", "rezygnuje"),
            ("STOP\u{fe0f}🛑", "stop"),
        ] {
            assert_eq!(words(written).join(" "), expected, "{written}");
        }
        assert_eq!(words("ยกเลิก"), ["ยกเลิก"], "Thai vowel signs stay");
        assert_eq!(words("बंद"), ["बंद"]);
        assert!(words("...!?").is_empty());
    }
}
