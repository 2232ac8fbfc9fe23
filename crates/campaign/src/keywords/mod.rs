//! Decides whether an incoming text is a STOP, a START, a JOIN, a YES or a HELP, and in which language.
//!
//! Rules, each with a test below:
//! - case, accents, full and half width, punctuation and blanks do not count;
//! - a word counts alone or among polite words ("Stop. Thank you", "수신거부 부탁드립니다"), and when it is repeated;
//! - a strong stop word counts also among words that only say what is to stop ("please stop texting me");
//! - any other word beside it makes the text a sentence, which is left alone ("stop by tomorrow");
//! - a sentence that says nothing but a refusal is a stop ("do not text me again", see `refusal`);
//! - a short sentence with a strong stop word or a refusal in it is shown to people as one that looks like a stop.
//!
//! The words are data: `words.toml`.

mod fold;
mod plain;
mod refusal;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use postrider_model::Country;

pub use fold::words;
pub use plain::{form, forms, says};
use refusal::{Lists, Refusals, Verdict};

/// What a person wants who sends a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// No more marketing.
    Stop,
    /// No more messages at all, besides one-time codes.
    StopAll,
    /// Messages again.
    Start,
    /// To be taken in.
    Join,
    /// Yes to an open question.
    Yes,
    /// To know who this is.
    Help,
}

impl Action {
    /// The action's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::StopAll => "stop_all",
            Self::Start => "start",
            Self::Join => "join",
            Self::Yes => "yes",
            Self::Help => "help",
        }
    }
}

/// What was found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What the person wants.
    pub action: Action,
    /// The language of the word: two letters of ISO 639.
    pub language: &'static str,
    /// Whether it means this and nothing else. Others are also normal speech, or the answer to a question that is open.
    pub is_strong: bool,
}

/// What a text is, as far as keywords go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A keyword.
    Keyword(Found),
    /// A sentence that may well mean stop; a person should read it.
    LooksLikeStop,
    /// Anything else.
    Other,
}

/// An operator's own changes to the words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Words that also mean stop.
    pub stop: Vec<String>,
    /// Words that mean nothing here, for example because a dialogue uses them.
    pub ignored: Vec<String>,
}

/// The tag of a conversation in which something may mean stop: a person should read it, and marketing waits until then.
pub const LOOKS_LIKE_STOP: &str = "looks-like-stop";

/// A text of more words than this is a letter, not a keyword.
const WORDS_MAX: usize = 24;
/// A text longer than this is not even looked at.
const TEXT_SIZE_BYTES_MAX: usize = 600;
/// Words as short as this count at home only: everywhere else they are initials, answers and names.
const HOME_LETTERS_MAX: usize = 2;

/// Reads `text`, which came from a number of `country`.
pub fn read(text: &str, country: Option<Country>, changes: &Changes) -> Reading {
    if text.len() > TEXT_SIZE_BYTES_MAX {
        return Reading::Other;
    }
    let words = words(text);
    if words.is_empty() || words.len() > WORDS_MAX {
        return Reading::Other;
    }
    let joined = words.join(" ");
    if changes.ignored.iter().any(|ignored| fold::words(ignored) == words) {
        return Reading::Other;
    }
    if changes.stop.iter().any(|own| fold::words(own) == words) {
        return Reading::Keyword(Found { action: Action::Stop, language: language_of(country), is_strong: true });
    }
    if let Some(found) = TABLE.iter().find_map(|language| language.find(&words, &joined, country)) {
        return Reading::Keyword(found);
    }
    let asks = text.contains(['?', '？', '؟']);
    let ends =
        |c: char| matches!(c, ',' | '.' | ';' | ':' | '!' | '?' | '\n' | '，' | '。' | '！' | '？' | '、' | '；' | '…');
    let clauses: Vec<_> = text.split(ends).map(fold::words).filter(|clause| !clause.is_empty()).collect();
    let verdicts = TABLE.iter().map(|language| (language, language.refusals.read(&clauses, asks)));
    let (mut doubtful, mut other) = (false, false);
    for (language, verdict) in verdicts {
        match verdict {
            Verdict::Clear => {
                let language = if language.code == "en" { language_of(country) } else { language.code };
                return Reading::Keyword(Found { action: Action::Stop, language, is_strong: true });
            }
            Verdict::Doubtful => doubtful = true,
            Verdict::Other => other = true,
            Verdict::Not => {}
        }
    }
    let strong = |word: &String| TABLE.iter().any(|language| language.strong.contains_key(word));
    if (doubtful && !other) || words.iter().any(strong) { Reading::LooksLikeStop } else { Reading::Other }
}

/// The language in which a number of `country` is answered when its word does not tell.
pub fn language_of(country: Option<Country>) -> &'static str {
    let spoken = |language: &&Language| country.is_some_and(|country| language.countries.contains(&country));
    // The first language of the list that is at home in the country; French before Dutch in Belgium, as there are more of them
    // who write in it. Who writes a word of his own language is answered in that.
    let own = |language: &&Language| language.countries.first() == country.as_ref();
    TABLE.iter().find(own).or_else(|| TABLE.iter().find(spoken)).map_or("en", |language| language.code)
}

/// The words of a phrase, at least one.
type Phrase = Vec<String>;

/// One language, ready to compare with.
struct Language {
    code: &'static str,
    countries: Vec<Country>,
    /// Strong stop words.
    strong: BTreeMap<String, Action>,
    /// The same, longest first.
    strong_phrases: Vec<Phrase>,
    /// Words that count alone.
    exact: BTreeMap<String, Action>,
    /// Words beside a strong one that make it a stop of everything.
    everything: Vec<String>,
    polite: Vec<Phrase>,
    fillers: Vec<Phrase>,
    /// Polite endings without blanks, for scripts that have none; longest first.
    endings: Vec<String>,
    /// Sentences that refuse.
    refusals: Refusals,
}

impl Language {
    fn find(&self, words: &[String], joined: &str, country: Option<Country>) -> Option<Found> {
        let action = self.bare(words, country).or_else(|| self.unspaced(joined))?;
        // STOP is everybody's word: who sends it is answered in the language of the country.
        let language = if self.code == "en" && country.is_some() { language_of(country) } else { self.code };
        let is_strong = self.is_strong(words, joined);
        Some(Found { action, language, is_strong })
    }

    /// Whether a keyword stands in the text that means nothing else.
    fn is_strong(&self, words: &[String], joined: &str) -> bool {
        let unspaced: String = joined.split(' ').collect();
        let within = |strong: &String| !self.endings.is_empty() && unspaced.contains(&strong.replace(' ', ""));
        without(words, &self.strong_phrases).len() < words.len() || self.strong.keys().any(within)
    }

    /// The action of words parted by blanks.
    fn bare(&self, words: &[String], country: Option<Country>) -> Option<Action> {
        let rest = without(words, &self.polite);
        let phrase = rest.join(" ");
        if let Some(&action) = self.strong.get(&phrase) {
            return Some(action);
        }
        if let Some(&action) = self.exact.get(&phrase).filter(|_| self.counts(&phrase, country)) {
            return Some(action);
        }
        let (first, others) = rest.split_first()?;
        if !others.is_empty() && others.iter().all(|other| other == first) {
            let known =
                self.strong.get(first).or_else(|| self.exact.get(first).filter(|_| self.counts(first, country)));
            return known.copied();
        }
        self.among_fillers(&rest)
    }

    /// A strong stop word, once or more, and otherwise nothing but fillers.
    fn among_fillers(&self, words: &[String]) -> Option<Action> {
        let rest = without(words, &self.strong_phrases);
        if rest.len() == words.len() || !without(&rest, &self.fillers).is_empty() {
            return None;
        }
        let whole = |(phrase, action): (&String, &Action)| {
            let parts: Vec<&str> = phrase.split(' ').collect();
            *action == Action::StopAll && words.windows(parts.len()).any(|part| part.iter().eq(parts.iter()))
        };
        let everything = words.iter().any(|word| self.everything.contains(word)) || self.strong.iter().any(whole);
        Some(if everything { Action::StopAll } else { Action::Stop })
    }

    /// The action of a text whose script has no blanks, or none that count: Korean, Japanese, Thai, Chinese.
    fn unspaced(&self, joined: &str) -> Option<Action> {
        if self.endings.is_empty() {
            return None;
        }
        let mut text: String = joined.split(' ').collect();
        for _ in 0..WORDS_MAX {
            let known = self.strong.get(&text).or_else(|| self.exact.get(&text).filter(|_| !text.is_ascii()));
            if let Some(&action) = known {
                return Some(action);
            }
            let shorter = self.endings.iter().find_map(|ending| {
                let rest = text.strip_suffix(ending.as_str()).or_else(|| text.strip_prefix(ending.as_str()))?;
                (!rest.is_empty()).then(|| rest.to_owned())
            });
            text = shorter?;
        }
        None
    }

    /// Whether a word that is also normal speech counts for a number of `country`.
    fn counts(&self, phrase: &str, country: Option<Country>) -> bool {
        if phrase.len() <= HOME_LETTERS_MAX && phrase.is_ascii() && !self.countries.is_empty() {
            return country.is_some() && self.countries.first() == country.as_ref();
        }
        let everywhere = self.countries.is_empty() || !phrase.is_ascii() || country.is_none();
        everywhere || country.is_some_and(|country| self.countries.contains(&country))
    }
}

/// `words` without those of `dropped`.
fn without(words: &[String], dropped: &[Phrase]) -> Vec<String> {
    let mut kept = Vec::with_capacity(words.len());
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        match dropped.iter().find(|phrase| rest.starts_with(phrase)) {
            Some(phrase) => rest = rest.get(phrase.len()..).unwrap_or_default(),
            None => {
                kept.push(first.clone());
                rest = after;
            }
        }
    }
    kept
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    countries: Vec<String>,
    stop: Vec<String>,
    stop_exact: Vec<String>,
    all: Vec<String>,
    start: Vec<String>,
    join: Vec<String>,
    yes: Vec<String>,
    help: Vec<String>,
    polite: Vec<String>,
    fillers: Vec<String>,
    #[serde(default)]
    refusal: Lists,
}

static TABLE: LazyLock<Vec<Language>> = LazyLock::new(|| load(include_str!("words.toml")).unwrap_or_default());

/// Two letters for each language of the table.
const CODES: [&str; 18] =
    ["en", "fr", "es", "pt", "de", "it", "nl", "pl", "tr", "vi", "id", "ko", "ja", "th", "zh", "hi", "ar", "ru"];

/// The languages that there are words for.
pub fn languages() -> impl Iterator<Item = &'static str> {
    CODES.into_iter()
}

fn load(text: &str) -> Result<Vec<Language>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    file.language.into_iter().map(language).collect()
}

fn language(row: Row) -> Result<Language, String> {
    let code = CODES.into_iter().find(|code| *code == row.code).ok_or_else(|| format!("language {}", row.code))?;
    let fold_all = |list: &[String]| list.iter().map(|word| fold::words(word).join(" ")).collect::<Vec<_>>();
    let mut exact = BTreeMap::new();
    for (list, action) in [
        (&row.stop_exact, Action::Stop),
        (&row.start, Action::Start),
        (&row.join, Action::Join),
        (&row.yes, Action::Yes),
        (&row.help, Action::Help),
    ] {
        exact.extend(fold_all(list).into_iter().map(|word| (word, action)));
    }
    let unspaced = matches!(code, "ko" | "ja" | "th" | "zh");
    let mut strong: BTreeMap<String, Action> =
        fold_all(&row.stop).into_iter().map(|word| (word, Action::Stop)).collect();
    // A phrase is a stop of everything by itself; a single word like "all" only beside a stop word.
    let (whole, everything): (Vec<String>, Vec<String>) =
        fold_all(&row.all).into_iter().partition(|word| unspaced || word.contains(' ') || strong.contains_key(word));
    strong.extend(whole.into_iter().map(|word| (word, Action::StopAll)));
    let mut endings =
        if unspaced { fold_all(&row.polite).iter().map(|word| word.replace(' ', "")).collect() } else { Vec::new() };
    endings.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let countries = row.countries.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let (polite, fillers) = (longest_first(fold_all(&row.polite)), longest_first(fold_all(&row.fillers)));
    let strong_phrases = longest_first(strong.keys().cloned().collect());
    let refusals = Refusals::new(&row.refusal, &row.polite, unspaced);
    Ok(Language { code, countries, strong, strong_phrases, exact, everything, polite, fillers, endings, refusals })
}

/// The words of each phrase, the longest phrase first.
fn longest_first(phrases: Vec<String>) -> Vec<Phrase> {
    let mut phrases: Vec<Phrase> =
        phrases.iter().map(|phrase| phrase.split(' ').map(str::to_owned).collect()).collect();
    phrases.sort_by_key(|phrase: &Phrase| std::cmp::Reverse(phrase.len()));
    phrases
}

#[cfg(test)]
mod tests;
