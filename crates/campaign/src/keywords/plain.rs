//! The plain forms of a text, for whoever compares it with words of his own: services, surveys, workflows.
//!
//! Case, accents, width, punctuation, blanks and politeness do not count, as for STOP and START.

use super::{TABLE, WORDS_MAX, fold, without};

/// A text is read so far, in octets; nobody writes a longer keyword.
const TEXT_SIZE_BYTES_MAX: usize = 1_600;
/// Most forms of one text.
const FORMS_MAX: usize = 60;

/// The forms of `text`, the most literal one first; none of a text without letters and digits.
///
/// "Yes, please!" is `yes please` and `yes`; "사고 싶어요 부탁드립니다" is also `사고싶어요`.
pub fn forms(text: &str) -> Vec<String> {
    let words = fold::words(cut(text));
    if words.is_empty() {
        return Vec::new();
    }
    let joined = words.join(" ");
    let mut forms = vec![joined.clone()];
    let add = |forms: &mut Vec<String>, form: String| {
        if !form.is_empty() && !forms.contains(&form) && forms.len() < FORMS_MAX {
            forms.push(form);
        }
    };
    if words.len() > WORDS_MAX {
        return forms;
    }
    let mut bare = words.clone();
    for language in TABLE.iter() {
        add(&mut forms, without(&words, &language.polite).join(" "));
        let barer = without(&bare, &language.polite);
        if !barer.is_empty() {
            bare = barer;
        }
    }
    if let Some((first, rest)) = bare.split_first()
        && rest.iter().all(|word| word == first)
    {
        add(&mut forms, first.clone());
    }
    add(&mut forms, bare.join(" "));
    if joined.is_ascii() {
        return forms;
    }
    for language in TABLE.iter().filter(|language| !language.endings.is_empty()) {
        let mut text: String = words.concat();
        for _ in 0..WORDS_MAX {
            add(&mut forms, text.clone());
            let shorter = language.endings.iter().find_map(|ending| {
                let rest = text.strip_suffix(ending.as_str()).or_else(|| text.strip_prefix(ending.as_str()))?;
                (!rest.is_empty()).then(|| rest.to_owned())
            });
            let Some(shorter) = shorter else { break };
            text = shorter;
        }
    }
    forms
}

/// The form of a word of the shop's own, as it stands among the [`forms`] of a text that says it.
pub fn form(word: &str) -> String {
    fold::words(cut(word)).join(" ")
}

/// Whether `text` says `word` and nothing else but politeness.
pub fn says(text: &str, word: &str) -> bool {
    let word = form(word);
    let unspaced = word.replace(' ', "");
    !word.is_empty()
        && forms(text).iter().any(|form| *form == word || (!unspaced.is_ascii() && form.replace(' ', "") == unspaced))
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_SIZE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_punctuation_and_politeness_do_not_count() {
        for (text, word) in [
            ("yes", "YES"),
            ("Yes, please!", "YES"),
            ("YES YES", "yes"),
            ("ＩＮＦＯ.", "info"),
            ("Promoção por favor", "PROMOCAO"),
            ("정보 부탁드립니다", "정보"),
            ("정보주세요", "정보"),
            ("สนใจค่ะ", "สนใจ"),
            ("ขอโปรโมชั่นด้วยครับ", "โปรโมชั่น"),
            ("무료 배송", "무료배송"),
            ("remind-me", "Remind me"),
            ("ok", "OK"),
        ] {
            assert!(says(text, word), "{text} {word} {:?}", forms(text));
        }
        for (text, word) in [("yes but later", "yes"), ("no", "yes"), ("", "yes"), ("?!", "yes"), ("yes", "?")] {
            assert!(!says(text, word), "{text} {word}");
        }
    }

    #[test]
    fn no_text_has_forms_without_bound() {
        let forms = forms(&"ขอ".repeat(4_000));
        assert!(forms.len() <= FORMS_MAX && forms.iter().all(|form| form.len() <= TEXT_SIZE_BYTES_MAX));
    }
}
