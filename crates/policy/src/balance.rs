//! Reads the amount of money out of the text with which a network answers a balance question.

use std::fmt;
use std::str::FromStr;

use regex::Regex;

use super::pattern::{Case, compile};

/// A longer answer is cut before it is searched: networks send at most a few hundred characters.
const TEXT_MAX: usize = 2000;
/// How large a compiled pattern may be.
const PATTERN_SIZE_BYTES_MAX: usize = 256 * 1024;
/// Decimal places that are kept.
const PLACES: usize = 3;

/// An amount of money in thousandths of whatever the network counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

impl Amount {
    /// The amount of so many thousandths.
    pub const fn from_thousandths(value: i64) -> Self {
        Self(value)
    }

    /// The thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Reads a number as people write it: `12500`, `12,500`, `12.500,50`, `1 234.5`, `-3,10`.
    ///
    /// The last point or comma is the decimal sign, unless three digits follow it and it could divide thousands.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let negative = text.starts_with(['-', '\u{2212}']);
        let bare: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
        let bare = bare.trim_matches(|c| matches!(c, '.' | ','));
        let (whole, part) = match bare.rfind(['.', ',']) {
            Some(place) if is_decimal(bare, place) => (&bare[..place], &bare[place + 1..]),
            Some(_) | None => (bare, ""),
        };
        let mut digits: String = whole.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() {
            return None;
        }
        digits.extend(part.chars().chain(std::iter::repeat('0')).take(PLACES));
        let value: i64 = digits.parse().ok()?;
        Some(Self(if negative { -value } else { value }))
    }
}

/// Whether the sign at `place` divides whole and part.
fn is_decimal(text: &str, place: usize) -> bool {
    let (before, after) = (&text[..place], &text[place + 1..]);
    let sign = &text[place..=place];
    let other = before.contains(if sign == "." { ',' } else { '.' });
    // `1.234,567` has both signs, so its last one is decimal; `1,234,567` has one sign twice, so it divides thousands.
    (other || after.len() != 3 || before == "0") && !before.contains(sign)
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, value) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, part) = (value / 1000, value % 1000);
        match (part, part % 10) {
            (0, _) => write!(f, "{sign}{whole}"),
            (_, 0) => write!(f, "{sign}{whole}.{:02}", part / 10),
            _ => write!(f, "{sign}{whole}.{part:03}"),
        }
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| format!("\"{text}\" is not an amount"))
    }
}

/// Where the amount stands in a network's answer: a regular expression whose group `amount`, or else first group, or else
/// whole match is the number. The default is the first number in the answer.
#[derive(Debug, Clone, Default)]
pub struct BalancePattern(Option<Regex>);

impl BalancePattern {
    /// Compiles `pattern`; case does not count.
    ///
    /// # Errors
    /// Says what is wrong with the pattern.
    pub fn new(pattern: &str) -> Result<Self, String> {
        compile(pattern, Case::Folds, PATTERN_SIZE_BYTES_MAX).map(|regex| Self(Some(regex)))
    }

    /// The pattern as it was written; empty for the first number.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", Regex::as_str)
    }

    /// The amount in `text`, if it is there.
    pub fn amount(&self, text: &str) -> Option<Amount> {
        let end = text.char_indices().nth(TEXT_MAX).map_or(text.len(), |(place, _)| place);
        let text = &text[..end];
        let Some(regex) = &self.0 else { return Amount::read(first_number(text)?) };
        let captures = regex.captures(text)?;
        let found = captures.name("amount").or_else(|| captures.get(1)).or_else(|| captures.get(0))?;
        Amount::read(found.as_str())
    }
}

/// Patterns are the same when they were written the same.
impl PartialEq for BalancePattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for BalancePattern {}

/// The first digits with their points, commas and blanks, and the minus sign before them.
fn first_number(text: &str) -> Option<&str> {
    let first = text.find(|c: char| c.is_ascii_digit())?;
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ');
    let end = text[first..].find(|c| !number(c)).map_or(text.len(), |length| first + length);
    let sign = text[..first].chars().next_back().filter(|c| matches!(c, '-' | '\u{2212}'));
    Some(&text[first - sign.map_or(0, char::len_utf8)..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, thousandths) in [
            ("12500", 12_500_000),
            ("12,500", 12_500_000),
            ("12.500,50", 12_500_500),
            ("1,234,567", 1_234_567_000),
            ("1.234,567", 1_234_567),
            ("0.500", 500),
            ("3,1", 3_100),
            ("-3.10", -3_100),
            ("7.", 7_000),
            ("1 234.5", 1_234_500),
            ("0", 0),
        ] {
            assert_eq!(Amount::read(text), Some(Amount(thousandths)), "{text}");
        }
        for text in ["", "won", ".,", "99999999999999999999"] {
            assert_eq!(Amount::read(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_written_short() {
        for (thousandths, text) in [(12_500_000, "12500"), (3_100, "3.10"), (-3_125, "-3.125"), (0, "0")] {
            assert_eq!(Amount(thousandths).to_string(), text);
        }
    }

    #[test]
    fn the_pattern_finds_the_amount_in_the_networks_words() {
        let pattern = BalancePattern::new(r"balance (?:is|:) *(?<amount>[0-9.,]+) *THB").unwrap();
        assert_eq!(pattern.amount("Dear 2024 customer, your Balance is 123.45 THB."), Some(Amount(123_450)));
        assert_eq!(pattern.amount("Service not available"), None);
        let first = BalancePattern::new("잔액 ([0-9,]+)원").unwrap();
        assert_eq!(first.amount("고객님의 잔액 12,340원"), Some(Amount(12_340_000)));
    }

    #[test]
    fn without_a_pattern_the_first_number_counts() {
        for (text, thousandths) in [
            ("Guthaben: 7,25 EUR", 7_250),
            ("12 340 won, until 2027", 12_340_000),
            ("-3.10", -3_100),
            ("saldo \u{2212}3,10", -3_100),
            ("5", 5_000),
        ] {
            assert_eq!(BalancePattern::default().amount(text), Some(Amount(thousandths)), "{text}");
        }
        assert_eq!(BalancePattern::default().amount("Service not available"), None);
        assert_eq!(BalancePattern::default().as_str(), "");
    }

    #[test]
    fn a_bad_pattern_is_refused_and_a_huge_answer_is_cut() {
        assert!(BalancePattern::new("(").is_err());
        assert!(BalancePattern::new(r"\w{1000}{1000}").is_err(), "too large when compiled");
        let answer = format!("{}balance 5", "가".repeat(TEXT_MAX));
        assert_eq!(BalancePattern::new("balance ([0-9]+)").unwrap().amount(&answer), None);
    }
}
