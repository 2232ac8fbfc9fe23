//! What the pages say by themselves, by language: words for buttons, mistakes and thanks.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The words of one language. Keys say where they stand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is named like the word in English that it holds")]
pub struct Words {
    pub name: String,
    pub not_found_title: String,
    pub not_found_text: String,
    pub busy_title: String,
    pub busy_text: String,
    pub ended_title: String,
    pub ended_text: String,
    pub stop_title: String,
    pub stop_text: String,
    pub stop_button: String,
    pub stopped_title: String,
    pub stopped_text: String,
    pub preferences_title: String,
    pub preferences_text: String,
    pub purposes: String,
    pub marketing: String,
    pub marketing_night: String,
    pub transactional: String,
    pub lists: String,
    pub language: String,
    pub save: String,
    pub saved: String,
    pub code: String,
    pub code_hint: String,
    pub valid_until: String,
    pub code_used: String,
    pub code_over: String,
    pub no_code: String,
    pub code_hidden: String,
    pub send: String,
    pub thanks_title: String,
    pub thanks_text: String,
    pub optional: String,
    pub choose: String,
    pub yes: String,
    pub no: String,
    pub missing: String,
    pub wrong_form: String,
    pub enter: String,
    pub entered_title: String,
    pub entered_text: String,
    pub entered_again: String,
    pub not_open: String,
    pub appointment_title: String,
    pub confirm: String,
    pub change: String,
    pub confirmed: String,
    pub change_asked: String,
}

const TABLE: &str = include_str!("words.toml");
/// The language for readers of none of the others.
const USUAL: &str = "en";

static WORDS: LazyLock<BTreeMap<String, Words>> = LazyLock::new(|| toml::from_str(TABLE).unwrap_or_default());

impl Words {
    /// The words of a language, else the English ones.
    pub fn of(language: &str) -> Option<&'static Self> {
        WORDS.get(language).or_else(|| WORDS.get(USUAL))
    }

    /// Whether the pages speak this language.
    pub fn are_known(language: &str) -> bool {
        WORDS.contains_key(language)
    }

    /// The languages that the pages speak, with their own names.
    pub fn languages() -> impl Iterator<Item = (&'static str, &'static str)> {
        WORDS.iter().map(|(language, words)| (language.as_str(), words.name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_word() {
        let table: BTreeMap<String, Words> = toml::from_str(TABLE).unwrap();
        assert!(["en", "ko", "th"].iter().all(|language| table.contains_key(*language)));
        assert!(!TABLE.contains("\"\""), "no word is empty");
        assert_eq!(Words::of("xx").unwrap(), &table["en"]);
    }
}
