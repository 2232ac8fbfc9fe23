//! What several parts of a definition have in common: names, words that may stand alone or in a list, spans of time, our
//! own numbers.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fault::{Fault, pointer_part, short};
use super::texts::Texts;

/// The longest name of a thing that the shop defines.
pub const NAME_MAX: usize = 60;

/// One word or several: `tag = "vip"` or `tag = ["vip", "web"]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(pub Vec<String>);

impl Words {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a text or an array of texts")]
        enum Either {
            One(String),
            Many(Vec<String>),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::One(word) => Self(vec![word]),
            Either::Many(words) => Self(words),
        })
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            many => many.serialize(serializer),
        }
    }
}

/// Whether something can be called so: 1 to 60 small letters, digits, `_` and `-`.
pub fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
}

/// A fault, unless something can be called so.
pub(super) fn check_name(place: &str, name: &str, faults: &mut Vec<Fault>) {
    if !is_name(name) {
        let detail = format!("\"{}\" is no name: 1 to {NAME_MAX} small letters, digits, _ and -", short(name));
        faults.push(Fault::new(place, "wrong_name", detail));
    }
}

/// The faults of a text in several languages.
pub(super) fn check_texts(place: &str, texts: &Texts, faults: &mut Vec<Fault>) {
    if let Err(wrong) = texts.check() {
        faults.extend(wrong.into_iter().map(|fault| fault.under(place)));
    }
}

/// The faults of tags or lists.
pub(super) fn check_labels(place: &str, words: &Words, faults: &mut Vec<Fault>) {
    use super::contact::LABEL_MAX;
    for (at, word) in words.0.iter().enumerate() {
        let length = word.chars().count();
        if !(1..=LABEL_MAX).contains(&length) || word.trim() != word || word.chars().any(char::is_control) {
            let detail = format!("\"{}\" has not 1 to {LABEL_MAX} characters without blanks around them", short(word));
            faults.push(Fault::new(format!("{place}/{}", pointer_part(&at.to_string())), "wrong_label", detail));
        }
    }
}

/// Reads a span of time: `90s`, `15m`, `24h`, `3d`, `2w`.
///
/// # Errors
/// Says how spans are written.
pub fn span(text: &str) -> Result<Duration, Fault> {
    let wrong = || {
        let detail = format!("\"{}\" is no span of time; write it like 90s, 15m, 24h, 3d or 2w", short(text));
        Fault::new("", "wrong_span", detail)
    };
    let (number, unit) = text.split_at_checked(text.len().wrapping_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(wrong()),
    };
    let digits = number.len() <= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = if digits { number.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
    if number == 0 { Err(wrong()) } else { Ok(Duration::from_secs(number * seconds)) }
}

/// Whether both are the same number of ours, however a network writes it: with plus, bare, or as it is dialled at home.
pub fn is_same_number(one: &str, two: &str) -> bool {
    let bare = |text: &str| -> String {
        text.chars().filter(char::is_ascii_digit).collect::<String>().trim_start_matches('0').to_owned()
    };
    if one == two {
        return true;
    }
    let (one, two) = (bare(one), bare(two));
    let (long, short) = if one.len() >= two.len() { (one, two) } else { (two, one) };
    !short.is_empty() && (long == short || (short.len() >= 7 && long.ends_with(&short)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_whole_numbers_with_a_unit() {
        let seconds = |text: &str| span(text).map(|span| span.as_secs()).ok();
        assert_eq!((seconds("90s"), seconds("15m"), seconds("2w")), (Some(90), Some(900), Some(1_209_600)));
        for wrong in ["", "s", "24", "1.5h", "-1d", "0d", "24 h", "1y", "9999999d", "1é"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_number_of_ours_is_known_in_each_of_its_forms() {
        assert!(is_same_number("+821012345678", "01012345678"));
        assert!(is_same_number("15771234", "15771234") && !is_same_number("15771234", "15771235"));
        assert!(!is_same_number("1234", "+82101234") && !is_same_number("", "0"));
    }

    #[test]
    fn one_word_or_several() {
        let words = |json: &str| serde_json::from_str::<Words>(json).map(|words| words.0);
        assert_eq!(words(r#""vip""#).unwrap(), ["vip"]);
        assert_eq!(words(r#"["vip", "web"]"#).unwrap(), ["vip", "web"]);
        assert!(words("3").is_err());
    }
}
