//! Decides nothing itself: it says what a link can carry, so that `encode` may decide.

use std::fmt;
use std::str::FromStr;

use postrider_model::Alphabet;

/// What a link carries, and what a route allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextProfile {
    /// The permitted alphabets of texts. Data is always sent as octets.
    pub alphabets: Vec<Alphabet>,
    /// How long messages are tied together.
    pub long: LongForm,
    /// The national languages whose shift tables the link and its handsets know.
    pub national: Vec<NationalLanguage>,
    /// The replacements that are made unless a message says otherwise.
    pub transliterate: TransliterationLevels,
    /// More segments than this are refused; at least one is always allowed.
    pub segments_max: u8,
}

impl Default for TextProfile {
    fn default() -> Self {
        Self {
            alphabets: vec![Alphabet::Gsm7, Alphabet::Ucs2],
            long: LongForm::Udh8,
            national: Vec::new(),
            transliterate: TransliterationLevels::NONE,
            segments_max: 10,
        }
    }
}

/// How the parts of a long message are tied together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LongForm {
    /// A header element with an 8-bit reference. It works nearly everywhere.
    #[default]
    Udh8,
    /// A header element with a 16-bit reference; one character less per part.
    Udh16,
    /// SMPP `sar_*` TLVs; the carrier builds the header.
    Sar,
    /// SMPP `message_payload`; the carrier splits.
    Payload,
}

impl LongForm {
    /// All forms.
    pub const ALL: [Self; 4] = [Self::Udh8, Self::Udh16, Self::Sar, Self::Payload];

    /// The word for it in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udh8 => "udh8",
            Self::Udh16 => "udh16",
            Self::Sar => "sar",
            Self::Payload => "payload",
        }
    }
}

/// A language with shift tables of its own (3GPP TS 23.038, annex A; ids of 6.2.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are the languages' names")]
pub enum NationalLanguage {
    Turkish = 1,
    /// Has a single-shift table only.
    Spanish = 2,
    Portuguese = 3,
    /// Also Assamese.
    Bengali = 4,
    Gujarati = 5,
    Hindi = 6,
    Kannada = 7,
    Malayalam = 8,
    Oriya = 9,
    Punjabi = 10,
    Tamil = 11,
    Telugu = 12,
    Urdu = 13,
}

impl NationalLanguage {
    /// All languages, in the order of their ids.
    pub const ALL: [Self; 13] = [
        Self::Turkish,
        Self::Spanish,
        Self::Portuguese,
        Self::Bengali,
        Self::Gujarati,
        Self::Hindi,
        Self::Kannada,
        Self::Malayalam,
        Self::Oriya,
        Self::Punjabi,
        Self::Tamil,
        Self::Telugu,
        Self::Urdu,
    ];

    /// The language's id, 1 to 13, as the shift elements carry it.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The language with this id.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.id() == id)
    }

    /// The word for it in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Turkish => "turkish",
            Self::Spanish => "spanish",
            Self::Portuguese => "portuguese",
            Self::Bengali => "bengali",
            Self::Gujarati => "gujarati",
            Self::Hindi => "hindi",
            Self::Kannada => "kannada",
            Self::Malayalam => "malayalam",
            Self::Oriya => "oriya",
            Self::Punjabi => "punjabi",
            Self::Tamil => "tamil",
            Self::Telugu => "telugu",
            Self::Urdu => "urdu",
        }
    }
}

/// A group of replacements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Smart quotes, dashes, bullets, the ellipsis.
    Punct,
    /// Other spaces become a space; zero-width characters go.
    Space,
    /// Full-width forms become ASCII.
    Fullwidth,
    /// Letters lose accents that the alphabet lacks. It changes meanings in Turkish, Czech or Vietnamese.
    Accent,
    /// Greek becomes upper case, with Latin look-alikes.
    GreekUpper,
    /// Signs and currencies: (c), 1/2, TM, KRW.
    Symbol,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 6] =
        [Self::Punct, Self::Space, Self::Fullwidth, Self::Accent, Self::GreekUpper, Self::Symbol];

    /// The word for it in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Punct => "punct",
            Self::Space => "space",
            Self::Fullwidth => "fullwidth",
            Self::Accent => "accent",
            Self::GreekUpper => "greek_upper",
            Self::Symbol => "symbol",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of [`Level`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TransliterationLevels(u8);

impl TransliterationLevels {
    /// Nothing is replaced.
    pub const NONE: Self = Self(0);
    /// What a message that asks for replacements gets where the route names none: the levels that keep the meaning.
    pub const SAFE: Self = Self::NONE.with(Level::Punct).with(Level::Space).with(Level::Fullwidth);
    /// Everything.
    pub const ALL: Self = Self::SAFE.with(Level::Accent).with(Level::GreekUpper).with(Level::Symbol);

    /// The set and `level`.
    #[must_use]
    pub const fn with(self, level: Level) -> Self {
        Self(self.0 | level.bit())
    }

    /// Whether `level` is in the set.
    pub const fn contains(self, level: Level) -> bool {
        self.0 & level.bit() != 0
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The levels in the set.
    pub fn iter(self) -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(move |&level| self.contains(level))
    }
}

impl FromIterator<Level> for TransliterationLevels {
    fn from_iter<I: IntoIterator<Item = Level>>(levels: I) -> Self {
        levels.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for TransliterationLevels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Gives a fieldless enum with `ALL` and `as_str` its `Display` and `FromStr`; the error lists the known words.
macro_rules! words {
    ($type:ty, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    format!(concat!("\"{}\" is not ", $what, " ({})"), text, known.join(", "))
                })
            }
        }
    };
}

words!(LongForm, "a form of long messages");
words!(NationalLanguage, "a national language");
words!(Level, "a level of replacement");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for form in LongForm::ALL {
            assert_eq!(form.as_str().parse(), Ok(form));
        }
        for language in NationalLanguage::ALL {
            assert_eq!(language.as_str().parse(), Ok(language));
            assert_eq!(NationalLanguage::from_id(language.id()), Some(language));
        }
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
        }
        assert!("klingon".parse::<NationalLanguage>().unwrap_err().contains("turkish, spanish"));
        assert_eq!(NationalLanguage::from_id(0), None);
        assert_eq!(NationalLanguage::from_id(14), None);
    }

    #[test]
    fn the_safe_levels_leave_letters_alone() {
        let safe: Vec<_> = TransliterationLevels::SAFE.iter().collect();
        assert_eq!(safe, [Level::Punct, Level::Space, Level::Fullwidth]);
        assert_eq!(Level::ALL.into_iter().collect::<TransliterationLevels>(), TransliterationLevels::ALL);
        assert_eq!(format!("{:?}", TransliterationLevels::NONE.with(Level::Accent)), "{Accent}");
    }
}
