//! Phone numbers and senders, parsed once at the door.

use std::fmt;
use std::str::FromStr;

/// The fewest and the most digits of an E.164 number, country code included.
const DIGITS_MIN: usize = 6;
const DIGITS_MAX: usize = 15;
/// The longest alphanumeric sender that networks show (3GPP TS 23.040, 9.1.2.5).
const ALPHANUMERIC_MAX: usize = 11;

/// A phone number in E.164 form, kept with its leading plus: `+821012345678`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(Box<str>);

impl PhoneNumber {
    /// The number with its leading plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits alone, country code first.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// The number with these digits, country code first. `text` is what a person wrote.
    pub(super) fn from_digits(text: &str, digits: &str) -> Result<Self, PhoneError> {
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) {
            return Err(PhoneError::Length(text.to_owned(), digits.len()));
        }
        Ok(Self(format!("+{digits}").into_boxed_str()))
    }

    /// The number with its middle hidden, for logs: `+49151***89`.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }
}

/// Hides the middle of a number or sender: six characters at the start and two at the end stay.
pub fn mask(text: &str) -> String {
    let count = text.chars().count();
    if count < 9 {
        return "***".to_owned();
    }
    let head: String = text.chars().take(6).collect();
    let tail: String = text.chars().skip(count - 2).collect();
    format!("{head}***{tail}")
}

/// Why a text is not a phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Characters that no phone number has.
    #[error("\"{0}\" is not a phone number: write it with country code, like +821012345678")]
    NotANumber(String),
    /// Digits, but too few or too many.
    #[error("\"{0}\" has {1} digits; a number with country code has 6 to 15")]
    Length(String, usize),
    /// Not as many digits as a number of its country has.
    #[error("\"{text}\" has {digits} digits, which no number of {country} has")]
    National {
        /// What was written.
        text: String,
        /// How many digits it has, without what is dialled in front.
        digits: usize,
        /// The country's letters.
        country: &'static str,
    },
}

impl FromStr for PhoneNumber {
    type Err = PhoneError;

    /// Reads `+` and digits; blanks, hyphens, dots, slashes and parentheses between them are dropped, and `00` in front counts as `+`.
    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let mut digits = String::with_capacity(text.len());
        for (place, character) in text.trim().chars().enumerate() {
            match character {
                '0'..='9' => digits.push(character),
                '+' if place == 0 => digits.push('+'),
                ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' => {}
                _ => return Err(PhoneError::NotANumber(text.to_owned())),
            }
        }
        let bare = match digits.strip_prefix('+').or_else(|| digits.strip_prefix("00")) {
            Some(bare) if !bare.starts_with('0') => bare,
            _ => return Err(PhoneError::NotANumber(text.to_owned())),
        };
        Self::from_digits(text, bare)
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Debug output reaches logs, so it hides the middle.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Who a message comes from, as the handset shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// A number with country code.
    International(PhoneNumber),
    /// Digits without country code: a short code or a national number. Its TON is the carrier's rule.
    Digits(Box<str>),
    /// A name.
    Alphanumeric(Box<str>),
}

impl Sender {
    /// The sender as it is written in JSON and SQL; [`Sender::parse`] reads it back.
    pub fn as_str(&self) -> &str {
        match self {
            Self::International(number) => number.as_str(),
            Self::Digits(text) | Self::Alphanumeric(text) => text,
        }
    }

    /// Reads a sender that a tool asks for: `+` and digits, 3 to 15 digits, or a name of 1 to 11 characters.
    ///
    /// # Errors
    /// Says what is wrong with the text, for the person who wrote it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('+') {
            return text.parse().map(Self::International).map_err(|error: PhoneError| error.to_string());
        }
        let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            return match bare.len() {
                3..=DIGITS_MAX => Ok(Self::Digits(bare.into_boxed_str())),
                length => Err(format!("sender \"{text}\" has {length} digits; 3 to 15 are possible")),
            };
        }
        match text.chars().count() {
            1..=ALPHANUMERIC_MAX if !text.chars().any(char::is_control) => Ok(Self::Alphanumeric(text.into())),
            length => Err(format!(
                "sender \"{text}\" has {length} characters; a name has 1 to {ALPHANUMERIC_MAX}, without control characters"
            )),
        }
    }

    /// Takes whatever a network shows as the origin of an incoming message; nothing is refused.
    pub fn from_network(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self::Alphanumeric(text.into()))
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(self.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_numbers_in_many_ways() {
        for text in ["+821012345678", "+82 10-1234-5678", "0082 (10) 1234.5678"] {
            assert_eq!(text.parse::<PhoneNumber>().unwrap().as_str(), "+821012345678", "{text}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_named() {
        for text in ["", "hello", "010-1234-5678", "+0101234567", "12+345678", "+12345", "+1234567890123456"] {
            let error = text.parse::<PhoneNumber>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn logs_never_show_a_whole_number() {
        let number: PhoneNumber = "+4915112345689".parse().unwrap();
        assert_eq!(format!("{number:?}"), "+49151***89");
        assert_eq!(format!("{:?}", Sender::parse("15771234").unwrap()), "***");
    }

    #[test]
    fn senders_are_numbers_digits_or_names() {
        assert!(matches!(Sender::parse("+4915112345689"), Ok(Sender::International(_))));
        assert!(matches!(Sender::parse("1577-1234"), Ok(Sender::Digits(text)) if &*text == "15771234"));
        assert!(matches!(Sender::parse("Caffè 24"), Ok(Sender::Alphanumeric(_))));
        for text in ["", "12", "ElevenPlusOne", "a\nb"] {
            assert!(Sender::parse(text).is_err(), "{text}");
        }
        assert_eq!(Sender::from_network("a very long network name").as_str(), "a very long network name");
    }
}
