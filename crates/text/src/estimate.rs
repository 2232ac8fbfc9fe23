//! Tells what a text would cost, which characters make it dear, and what it would cost in GSM 7-bit.

use std::collections::BTreeMap;

use serde::Serialize;

use postrider_model::{Alphabet, Indication};

use super::choose::{self, Candidate, Terms};
use super::coder::Coder;
use super::encode::{levels, refuse_beyond_limit};
use super::error::{Change, TextError};
use super::normal;
use super::profile::{Level, TextProfile, TransliterationLevels};
use super::translit;

/// How many characters are reported as forcing UCS-2, and how many places of each.
const FORCING_MAX: usize = 50;
const POSITIONS_MAX: usize = 20;

/// What a text would cost on a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The alphabet that it would be sent in.
    #[serde(serialize_with = "word")]
    pub alphabet: Alphabet,
    /// The national tables that it would need, as `single` and `locking`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub national: Vec<String>,
    /// How many segments would be sent, or be made by the carrier.
    pub segments: usize,
    /// How many the profile allows.
    pub segments_max: u8,
    /// Unicode characters of the text in NFC.
    pub characters: usize,
    /// Units (septets, UTF-16 units or octets) of the whole text.
    pub units_used: usize,
    /// The units that each segment has room for.
    pub units_per_segment: usize,
    /// The units that the last segment still has room for.
    pub units_left: usize,
    /// The characters that make UCS-2 necessary; empty in another alphabet.
    pub forced_ucs2: Vec<Forcing>,
    /// The replacements that would be made.
    pub changes: Vec<Change>,
    /// The text with as many replacements as GSM 7-bit needs, if it is not in GSM 7-bit and could be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gsm7_variant: Option<Gsm7Variant>,
    /// Why the text would be refused, if it would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// A character that forces UCS-2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forcing {
    /// The character.
    pub character: char,
    /// Its code point, as `U+2019`.
    pub code_point: String,
    /// Its Unicode name, or what kind of character it is, as far as known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// How often it occurs.
    pub count: usize,
    /// Where it occurs, counted in characters from 0; the first twenty places.
    pub positions: Vec<usize>,
}

/// What a text would be and cost in GSM 7-bit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gsm7Variant {
    /// The text with its replacements.
    pub text: String,
    /// How many segments it would take.
    pub segments: usize,
    /// What was replaced.
    pub changes: Vec<Change>,
    /// The levels that the replacements belong to.
    #[serde(serialize_with = "words")]
    pub levels: Vec<Level>,
}

/// Estimates `text` for a link with `profile`; `transliterate` as for [`encode`](super::encode).
pub fn estimate(text: &str, profile: &TextProfile, transliterate: Option<bool>) -> Estimate {
    let text = normal::nfc(text);
    let indication = Indication::default();
    let terms = Terms { profile, indication: &indication, levels: levels(profile, transliterate) };
    let (candidate, refusal) = match choose::cheapest(&text, terms) {
        Ok(candidate) => {
            let refusal = refuse_beyond_limit(&candidate, profile.segments_max).err();
            (candidate, refusal)
        }
        // UCS-2 has every character, so that it tells the cost where the profile forbids it too.
        Err(refusal) => (Candidate::plain(&text, Coder::Ucs2, terms), Some(refusal)),
    };
    let forced_ucs2 = if candidate.coder == Coder::Ucs2 { forcing(&text, terms) } else { Vec::new() };
    let gsm7_variant = if candidate.coder.alphabet() == Alphabet::Gsm7 { None } else { variant(&text, terms) };
    Estimate {
        alphabet: candidate.coder.alphabet(),
        national: national(&candidate),
        segments: candidate.segments(),
        segments_max: profile.segments_max.max(1),
        characters: candidate.text.chars().count(),
        units_used: candidate.units,
        units_per_segment: candidate.room,
        units_left: candidate.room.saturating_sub(candidate.last_units()),
        forced_ucs2,
        changes: candidate.changes,
        gsm7_variant,
        refusal: refusal.as_ref().map(TextError::to_string),
    }
}

fn national(candidate: &Candidate<'_>) -> Vec<String> {
    let Coder::National(shift) = candidate.coder else { return Vec::new() };
    let single = shift.single.map(|language| format!("{language} single"));
    let locking = shift.locking.map(|language| format!("{language} locking"));
    single.into_iter().chain(locking).collect()
}

/// The characters that keep `text` out of the cheaper alphabets, in the order of their first place.
fn forcing(text: &str, terms: Terms<'_>) -> Vec<Forcing> {
    let obstacles = choose::obstacles(text, terms);
    let mut found: BTreeMap<char, Forcing> = BTreeMap::new();
    for (position, character) in text.chars().enumerate() {
        if obstacles.binary_search(&character).is_err() {
            continue;
        }
        let forcing = found.entry(character).or_insert_with(|| Forcing {
            character,
            code_point: format!("U+{:04X}", u32::from(character)),
            name: translit::name(character).or_else(|| kind(character)),
            count: 0,
            positions: Vec::new(),
        });
        forcing.count += 1;
        if forcing.positions.len() < POSITIONS_MAX {
            forcing.positions.push(position);
        }
    }
    let mut forcing: Vec<_> = found.into_values().collect();
    forcing.sort_by_key(|forcing| forcing.positions.first().copied());
    forcing.truncate(FORCING_MAX);
    forcing
}

/// The text in GSM 7-bit with the fewest levels: those in force, then the safe ones, then all.
fn variant(text: &str, terms: Terms<'_>) -> Option<Gsm7Variant> {
    let (safe, all) = (TransliterationLevels::SAFE, TransliterationLevels::ALL);
    let (replaced, changes) =
        [terms.profile.transliterate, safe, all].into_iter().find_map(|set| translit::apply(text, Coder::Gsm7, set))?;
    let used: TransliterationLevels = changes.iter().filter_map(|change| translit::level(change.from)).collect();
    let segments = Candidate::plain(&replaced, Coder::Gsm7, terms).segments();
    Some(Gsm7Variant { text: replaced, segments, changes, levels: used.iter().collect() })
}

/// What kind of character `c` is, for those that shops meet.
fn kind(c: char) -> Option<&'static str> {
    const KINDS: [(char, char, &str); 27] = [
        ('\0', '\u{1f}', "CONTROL CHARACTER"),
        ('\u{80}', '\u{9f}', "CONTROL CHARACTER"),
        ('\u{a0}', '\u{bf}', "LATIN SIGN"),
        ('\u{c0}', '\u{24f}', "LATIN LETTER"),
        ('\u{300}', '\u{36f}', "COMBINING MARK"),
        ('\u{370}', '\u{3ff}', "GREEK LETTER"),
        ('\u{400}', '\u{52f}', "CYRILLIC LETTER"),
        ('\u{530}', '\u{58f}', "ARMENIAN LETTER"),
        ('\u{590}', '\u{5ff}', "HEBREW LETTER"),
        ('\u{600}', '\u{6ff}', "ARABIC LETTER"),
        ('\u{900}', '\u{97f}', "DEVANAGARI LETTER"),
        ('\u{980}', '\u{9ff}', "BENGALI LETTER"),
        ('\u{a00}', '\u{dff}', "INDIC LETTER"),
        ('\u{e00}', '\u{e7f}', "THAI LETTER"),
        ('\u{e80}', '\u{eff}', "LAO LETTER"),
        ('\u{1100}', '\u{11ff}', "HANGUL JAMO"),
        ('\u{1e00}', '\u{1eff}', "LATIN LETTER"),
        ('\u{2000}', '\u{206f}', "PUNCTUATION"),
        ('\u{20a0}', '\u{20cf}', "CURRENCY SIGN"),
        ('\u{2100}', '\u{2bff}', "SYMBOL"),
        ('\u{3000}', '\u{303f}', "CJK PUNCTUATION"),
        ('\u{3040}', '\u{30ff}', "KANA"),
        ('\u{3400}', '\u{9fff}', "CJK IDEOGRAPH"),
        ('\u{ac00}', '\u{d7a3}', "HANGUL SYLLABLE"),
        ('\u{fe00}', '\u{fe0f}', "VARIATION SELECTOR"),
        ('\u{ff00}', '\u{ffef}', "FULLWIDTH FORM"),
        ('\u{1f000}', '\u{1faff}', "EMOJI"),
    ];
    KINDS.into_iter().find(|&(first, last, _)| (first..=last).contains(&c)).map(|(_, _, kind)| kind)
}

fn word<S: serde::Serializer>(alphabet: &Alphabet, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(alphabet.as_str())
}

fn words<S: serde::Serializer>(levels: &[Level], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(levels.iter().map(|level| level.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::NationalLanguage;

    fn default(text: &str) -> Estimate {
        estimate(text, &TextProfile::default(), None)
    }

    #[test]
    fn a_gsm_text_tells_its_septets_and_what_is_left() {
        let short = default("Price: 5 €");
        assert_eq!((short.alphabet, short.segments), (Alphabet::Gsm7, 1));
        assert_eq!((short.characters, short.units_used, short.units_per_segment, short.units_left), (10, 11, 160, 149));
        assert!(short.forced_ucs2.is_empty() && short.gsm7_variant.is_none() && short.refusal.is_none());
        let long = default(&"[".repeat(153));
        assert_eq!((long.segments, long.units_used, long.units_per_segment, long.units_left), (3, 306, 153, 151));
    }

    #[test]
    fn the_characters_that_force_ucs2_are_named_with_their_places() {
        let found = default("Don’t wait 한 now’s 😀");
        let shown: Vec<_> = found.forced_ucs2.iter().map(|f| (f.code_point.as_str(), f.name, f.count)).collect();
        let expected = [
            ("U+2019", Some("RIGHT SINGLE QUOTATION MARK"), 2),
            ("U+D55C", Some("HANGUL SYLLABLE"), 1),
            ("U+1F600", Some("EMOJI"), 1),
        ];
        assert_eq!(shown, expected);
        assert_eq!(found.forced_ucs2[0].positions, [3, 16]);
        assert_eq!(found.gsm7_variant, None, "a syllable has no replacement");
    }

    #[test]
    fn the_gsm_variant_takes_the_fewest_levels() {
        let quoted = default(&"“Sale” – 50 % off. ".repeat(6));
        assert_eq!((quoted.alphabet, quoted.segments), (Alphabet::Ucs2, 2));
        let variant = quoted.gsm7_variant.unwrap();
        assert_eq!((variant.segments, variant.levels.as_slice()), (1, &[Level::Punct][..]));
        assert!(variant.text.starts_with("\"Sale\" - 50 % off. "));
        assert_eq!(variant.changes.len(), 3);
        assert_eq!(default("Kış – indirim").gsm7_variant.unwrap().levels, [Level::Punct, Level::Accent]);
    }

    #[test]
    fn a_refusal_is_told_with_the_cost() {
        let long = default(&"한".repeat(800));
        assert_eq!(long.segments, 12);
        assert_eq!(long.refusal.unwrap(), "the message needs 12 segments in ucs2, and 10 are allowed");
        let gsm = TextProfile { alphabets: vec![Alphabet::Gsm7], ..TextProfile::default() };
        let foreign = estimate("한글", &gsm, None);
        assert_eq!((foreign.segments, foreign.forced_ucs2.len()), (1, 2));
        assert_eq!(foreign.refusal.unwrap(), "the route's alphabets lack U+AE00, U+D55C");
    }

    #[test]
    fn what_forces_ucs2_is_measured_against_the_nearest_alphabet() {
        let alphabets = vec![Alphabet::Gsm7, Alphabet::EucKr, Alphabet::Ucs2];
        let korean = TextProfile { alphabets, ..TextProfile::default() };
        let found = estimate("안녕 똠방각하", &korean, None);
        let forcing: Vec<_> = found.forced_ucs2.iter().map(|f| f.character).collect();
        assert_eq!((found.alphabet, forcing), (Alphabet::Ucs2, vec!['똠']));
    }

    #[test]
    fn it_serialises_with_words() {
        let national = TextProfile { national: vec![NationalLanguage::Turkish], ..TextProfile::default() };
        let json = serde_json::to_value(estimate("Kış indirimi başladı", &national, None)).unwrap();
        assert_eq!(json["alphabet"], "gsm7");
        assert_eq!(json["national"][0], "turkish locking");
        let json = serde_json::to_value(default("…")).unwrap();
        assert_eq!(json["gsm7_variant"]["levels"][0], "punct");
        assert_eq!(json["forced_ucs2"][0]["character"], "…");
    }

    proptest! {
        #[test]
        fn it_agrees_with_what_is_sent(text in any::<String>(), transliterate in any::<Option<bool>>()) {
            let profile = TextProfile::default();
            let told = estimate(&text, &profile, transliterate);
            let body = postrider_model::Body::Text(text);
            let sent = super::super::encode(&body, &Indication::default(), &profile, transliterate).unwrap();
            prop_assert_eq!(told.alphabet, sent.encoded.alphabet);
            prop_assert_eq!(told.segments, sent.encoded.segments.len());
            prop_assert_eq!(told.changes, sent.changes);
            prop_assert_eq!(told.alphabet == Alphabet::Ucs2, !told.forced_ucs2.is_empty());
        }
    }
}
