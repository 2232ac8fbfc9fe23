//! Decides the form in which a text is counted and sent: NFC, so that a syllable from a Mac's file name is one character.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// `text` in NFC, borrowed when it already is.
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    let settled = text.is_ascii() || text.chars().all(never_changes);
    if settled || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Characters that NFC leaves alone wherever they stand: Latin, common punctuation, ideographs and Hangul syllables.
fn never_changes(c: char) -> bool {
    matches!(c, '\0'..='\u{2ff}' | '\u{2010}'..='\u{2027}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// The letters with a dot below that NFC takes apart although the national tables have a code for each.
const TAKEN_APART: [char; 19] = [
    '\u{958}', '\u{959}', '\u{95a}', '\u{95b}', '\u{95c}', '\u{95d}', '\u{95e}', '\u{95f}', '\u{9dc}', '\u{9dd}',
    '\u{9df}', '\u{a33}', '\u{a36}', '\u{a59}', '\u{a5a}', '\u{a5b}', '\u{a5e}', '\u{b5c}', '\u{b5d}',
];

/// `text` with the letters of [`TAKEN_APART`] put together again; `None` if it has none.
pub(super) fn put_together(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut found = false;
    for c in text.chars() {
        let whole = out.chars().next_back().and_then(|base| whole_letter(base, c));
        if let Some(whole) = whole {
            out.pop();
            found = true;
            out.push(whole);
        } else {
            out.push(c);
        }
    }
    found.then_some(out)
}

fn whole_letter(base: char, mark: char) -> Option<char> {
    // The four signs called nukta.
    if !matches!(mark, '\u{93c}' | '\u{9bc}' | '\u{a3c}' | '\u{b3c}') {
        return None;
    }
    TAKEN_APART.into_iter().find(|whole| [base, mark].into_iter().eq(std::iter::once(*whole).nfd()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decomposed_hangul_becomes_syllables() {
        assert_eq!(nfc("\u{1112}\u{1161}\u{11ab}"), "한");
        assert_eq!(nfc("\u{ac00}\u{11a8}"), "각");
        assert_eq!(nfc("e\u{301}"), "é");
        assert!(matches!(nfc("이미 완성된 글"), Cow::Borrowed(_)));
    }

    #[test]
    fn every_letter_of_the_list_is_taken_apart_and_put_together() {
        for letter in TAKEN_APART {
            let apart = nfc(letter.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(apart.chars().count(), 2, "U+{:04X}", u32::from(letter));
            assert_eq!(put_together(&apart), Some(letter.to_string()));
        }
        assert_eq!(put_together("कि"), None);
    }

    proptest! {
        #[test]
        fn the_short_cut_agrees_with_unicode(text in "\\PC{0,40}", plain in "[a-z\u{2ff}\u{2010}-\u{2027}一-龥가-힣]{0,20}") {
            prop_assert_eq!(nfc(&text), text.nfc().collect::<String>());
            prop_assert_eq!(nfc(&plain), plain.nfc().collect::<String>());
        }
    }
}
