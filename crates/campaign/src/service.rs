//! Keyword services: what a text from a person sets off, and which service it means.
//!
//! An exact word wins over a prefix, the longer prefix over the shorter, a prefix over a pattern, and all of them over the
//! service that takes anything. Among equals the first name wins.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::fault::{Fault, short};
use super::keywords;
use super::label::{Words, check_labels, check_name, check_texts, is_same_number};
use super::locale::Locale;
use super::texts::Texts;
use postrider_policy::pattern::{Case, compile};

/// Most services.
pub const SERVICES_MAX: usize = 1_000;
/// Most services that look for patterns: each of them is tried on every text that no word takes.
pub const PATTERNS_MAX: usize = 50;
/// Most words of one service.
const WORDS_MAX: usize = 50;
/// The longest word or pattern, in characters.
const WORD_MAX: usize = 200;
/// How large a pattern may become in memory, in octets.
const PATTERN_SIZE_BYTES_MAX: usize = 64 << 10;
/// Of a text so much meets a pattern, in characters.
const TEXT_MAX: usize = 1_000;
/// Patterns that are kept ready.
const READY_MAX: usize = 2 * PATTERNS_MAX * WORDS_MAX;

/// How the words of a service are compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The text is one of the words.
    #[default]
    Exact,
    /// The text begins with one of the words.
    Prefix,
    /// One of the patterns is found in the text.
    Regex,
    /// Any text that nothing else takes.
    Any,
}

impl Match {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Regex => "regex",
            Self::Any => "any",
        }
    }
}

/// A service as it is defined.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it is used with; the first one is its own, the others mean the same.
    #[serde(default)]
    pub words: Vec<String>,
    /// How they are compared.
    #[serde(default, rename = "match")]
    pub how: Match,
    /// Our numbers that it answers on; all of them if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// The languages of the people that it is for; all if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// What is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Texts>,
    /// Tags that the contact gets.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub tag: Words,
    /// Lists that the contact comes on.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub list: Words,
    /// A survey that it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<String>,
    /// A contest that it enters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// Whether who uses it agrees to marketing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub join: bool,
    /// A word for the tools, which get a callback with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// A note for the people of the shop; it may name `event.text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<String>,
    /// Whether the text is an opinion, which is recorded as one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub feedback: bool,
}

impl Service {
    /// Checks all of it.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        self.check_words(&mut faults);
        for (at, language) in self.languages.iter().enumerate() {
            if let Err(detail) = language.parse::<Locale>() {
                faults.push(Fault::new(format!("/languages/{at}"), "wrong_locale", detail));
            }
        }
        if self.to.len() > WORDS_MAX || self.languages.len() > WORDS_MAX {
            faults.push(Fault::new("", "too_many", format!("at most {WORDS_MAX} numbers and as many languages")));
        }
        if let Some(reply) = &self.reply {
            check_texts("/reply", reply, &mut faults);
        }
        check_labels("/tag", &self.tag, &mut faults);
        check_labels("/list", &self.list, &mut faults);
        for (place, name) in [("/survey", &self.survey), ("/contest", &self.contest), ("/webhook", &self.webhook)] {
            if let Some(name) = name {
                check_name(place, name, &mut faults);
            }
        }
        if let Some(notify) = &self.notify
            && let Err(fault) = super::template::check_source(notify)
        {
            faults.push(fault.under("/notify"));
        }
        if !self.name.is_empty() {
            check_name("/name", &self.name, &mut faults);
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn check_words(&self, faults: &mut Vec<Fault>) {
        let needs = self.how != Match::Any;
        if needs && self.words.is_empty() {
            faults.push(Fault::new("/words", "missing", "a service needs a word, or match = \"any\""));
        }
        if !needs && !self.words.is_empty() {
            faults.push(Fault::new("/words", "not_used", "a service that takes any text has no words"));
        }
        if self.words.len() > WORDS_MAX {
            faults.push(Fault::new("/words", "too_many", format!("a service has at most {WORDS_MAX} words")));
        }
        for (at, word) in self.words.iter().enumerate() {
            let place = format!("/words/{at}");
            if word.chars().count() > WORD_MAX {
                faults.push(Fault::new(place, "too_long", format!("a word has at most {WORD_MAX} characters")));
            } else if self.how == Match::Regex {
                faults.extend(pattern(word).err().map(|fault| fault.under(&place)));
            } else if keywords::form(word).is_empty() {
                let detail = format!("\"{}\" has neither letters nor digits", short(word));
                faults.push(Fault::new(place, "empty", detail));
            }
        }
    }

    /// The words as they are looked up: folded, also without blanks where the script has none that count; patterns as they
    /// are.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = match self.how {
            Match::Any => vec![String::new()],
            Match::Regex => self.words.clone(),
            Match::Exact | Match::Prefix => self.words.iter().flat_map(|word| word_keys(word)).collect(),
        };
        keys.sort();
        keys.dedup();
        keys
    }

    /// The word of the service that the text uses, as the shop wrote it.
    fn word(&self, said: &Said<'_>) -> Option<Used> {
        let whole = |word: &str| Used { word: word.to_owned(), rest: String::new(), size: usize::MAX };
        match self.how {
            Match::Any => Some(whole("")),
            Match::Exact => {
                let says = |word: &&String| word_keys(word).iter().any(|key| said.forms.contains(key));
                self.words.iter().find(says).map(|word| whole(word))
            }
            Match::Prefix => self.words.iter().filter_map(|word| prefix(word, said)).max_by_key(|used| used.size),
            Match::Regex => self.words.iter().find(|word| finds(word, &said.small)).map(|word| whole(word)),
        }
    }

    fn is_for(&self, said: &Said<'_>) -> bool {
        let language = |wanted: &String| wanted.split(['-', '_']).next().is_some_and(|own| own == said.language);
        (self.to.is_empty() || self.to.iter().any(|ours| is_same_number(ours, said.to)))
            && (self.languages.is_empty() || self.languages.iter().any(language))
    }
}

/// How a word is looked up.
fn word_keys(word: &str) -> Vec<String> {
    let key = keywords::form(word);
    let unspaced = key.replace(' ', "");
    if unspaced == key || unspaced.is_ascii() { vec![key] } else { vec![key, unspaced] }
}

/// What a person wrote, ready to compare.
#[derive(Debug, Clone)]
pub struct Said<'a> {
    /// Its plain forms.
    pub forms: Vec<String>,
    small: String,
    to: &'a str,
    language: &'a str,
}

impl<'a> Said<'a> {
    /// `text` as it came to our number `to` from somebody who reads `language`.
    pub fn new(text: &str, to: &'a str, language: &'a str) -> Self {
        let small = text.nfkc().flat_map(char::to_lowercase).take(TEXT_MAX).collect::<String>().trim().to_owned();
        Self { forms: keywords::forms(text), small, to, language }
    }
}

/// A service that a text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The service.
    pub service: &'a Service,
    /// The word that was used, as the shop wrote it; empty for one that takes anything.
    pub word: String,
    /// What stands after a prefix, in its plain form.
    pub rest: String,
}

struct Used {
    word: String,
    rest: String,
    size: usize,
}

/// The service that a text means, among those that may be meant.
pub fn pick<'a>(services: &'a [Service], said: &Said<'_>) -> Option<Hit<'a>> {
    services
        .iter()
        .filter(|service| service.is_for(said))
        .filter_map(|service| service.word(said).map(|used| (service, used)))
        .min_by(|(one, used_one), (two, used_two)| {
            let order = |service: &Service, used: &Used| (service.how, std::cmp::Reverse(used.size));
            order(one, used_one).cmp(&order(two, used_two)).then_with(|| one.name.cmp(&two.name))
        })
        .map(|(service, used)| Hit { service, word: used.word, rest: used.rest })
}

/// Whether the text begins with the word. Between letters that stand apart a blank must follow it.
fn prefix(word: &str, said: &Said<'_>) -> Option<Used> {
    let text = said.forms.first()?;
    word_keys(word).iter().find_map(|key| {
        let rest = text.strip_prefix(key.as_str())?;
        let ends = rest.is_empty() || rest.starts_with(' ') || !key.is_ascii();
        ends.then(|| Used { word: word.to_owned(), rest: rest.trim().to_owned(), size: key.len() })
    })
}

/// Reads a pattern within bounds.
fn pattern(text: &str) -> Result<Regex, Fault> {
    let mut escaped = false;
    for letter in text.chars() {
        if letter.is_uppercase() && !escaped {
            let detail = format!("\"{}\" has capital letters; it meets the text in small ones", short(text));
            return Err(Fault::new("", "capital_letters", detail));
        }
        escaped = letter == '\\' && !escaped;
    }
    compile(text, Case::Counts, PATTERN_SIZE_BYTES_MAX).map_err(|why| Fault::new("", "wrong_pattern", why))
}

/// Whether a pattern is found. Patterns that were built once are kept: a text meets all of them.
fn finds(word: &str, text: &str) -> bool {
    static READY: LazyLock<Mutex<BTreeMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if ready.len() >= READY_MAX {
        ready.clear();
    }
    let regex = ready.entry(word.to_owned()).or_insert_with(|| pattern(word).ok());
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(json: &str) -> Service {
        serde_json::from_str(json).unwrap()
    }

    fn all() -> Vec<Service> {
        [
            r#"{"name": "any", "match": "any"}"#,
            r#"{"name": "info", "words": ["INFO", "정보"]}"#,
            r#"{"name": "info-th", "words": ["INFO"], "languages": ["th"], "to": ["+66812345678"]}"#,
            r#"{"name": "order", "words": ["ORDER", "order status"], "match": "prefix"}"#,
            r##"{"name": "number", "words": ["^#?\\d{6}$"], "match": "regex"}"##,
            r#"{"name": "say", "words": ["후기"], "match": "prefix", "feedback": true}"#,
        ]
        .into_iter()
        .map(service)
        .collect()
    }

    fn means(text: &str, to: &str, language: &str) -> (String, String) {
        let services = all();
        let hit = pick(&services, &Said::new(text, to, language)).unwrap();
        (hit.service.name.clone(), hit.rest)
    }

    #[test]
    fn the_exact_word_wins_then_the_longest_prefix_then_patterns_then_anything() {
        let name = |text: &str| means(text, "15771234", "ko").0;
        assert_eq!(name("info please!"), "info");
        assert_eq!(name("정보 부탁드립니다"), "info");
        assert_eq!(name("Info about tea"), "any");
        assert_eq!(means("order status 12", "1577", "en"), ("order".to_owned(), "12".to_owned()));
        assert_eq!(name("ordering"), "any");
        assert_eq!(means("후기배송이 빨라요", "1577", "ko"), ("say".to_owned(), "배송이 빨라요".to_owned()));
        assert_eq!(name("#１２３４５６"), "number");
        assert_eq!(name("123"), "any");
    }

    #[test]
    fn a_service_is_for_its_numbers_and_languages() {
        assert_eq!(means("INFO", "0812345678", "th").0, "info", "the first name of equals");
        let one = [service(r#"{"name": "a", "words": ["INFO"], "languages": ["th"], "to": ["+66812345678"]}"#)];
        let picked = |to: &str, language: &str| pick(&one, &Said::new("info", to, language)).is_some();
        assert!(picked("0812345678", "th") && !picked("0812345678", "en") && !picked("15771234", "th"));
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong = service(
            r#"{"name": "No", "words": ["(", "A"], "match": "regex", "reply": {"en": "{{ nmae }}"}, "tag": "", "survey": "a b",
                "languages": ["english"], "notify": "{{ event.text"}"#,
        );
        let places: Vec<_> = wrong.check().unwrap_err().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(
            places,
            ["/words/0", "/words/1", "/languages/0", "/reply/en", "/tag/0", "/survey", "/notify", "/name"]
        );
        assert!(service(r#"{"words": []}"#).check().is_err() && service(r#"{"match": "any"}"#).check().is_ok());
        assert!(service(r#"{"words": ["(a{99}){99}"], "match": "regex"}"#).check().is_err(), "too large a pattern");
        assert!(serde_json::from_str::<Service>(r#"{"wrods": []}"#).is_err());
    }

    #[test]
    fn words_are_looked_up_folded_and_without_blanks_where_none_count() {
        assert_eq!(service(r#"{"words": ["Free Ship", "무료 배송"]}"#).keys(), ["free ship", "무료 배송", "무료배송"]);
        assert_eq!(service(r#"{"match": "any"}"#).keys(), [""]);
    }
}
