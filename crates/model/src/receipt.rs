//! What a carrier says about a message that it took.

use std::fmt;

use super::{Sender, State, Timestamp};

/// The id that a carrier gave to one segment, exactly as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CarrierMessageId(Box<str>);

impl CarrierMessageId {
    /// Takes the id as the carrier wrote it. An empty id is none.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() { None } else { Some(Self(text.into())) }
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one id are equal: upper case, without hyphens and leading zeros. Some carriers
    /// write the hyphens of a UUID in one place only.
    pub fn normal_form(&self) -> String {
        let bare: String = self.0.chars().filter(|&c| c != '-').collect();
        let bare = bare.trim_start_matches('0');
        if bare.is_empty() { "0".to_owned() } else { bare.to_ascii_uppercase() }
    }

    /// The id as a number may be written; what has a hyphen is none.
    fn number(&self) -> Option<&str> {
        let bare = self.0.trim_start_matches('0');
        (!bare.contains('-')).then_some(if bare.is_empty() { "0" } else { bare })
    }

    /// How many characters of the id tell it from others: those of its normal form.
    pub fn significant_len(&self) -> usize {
        self.normal_form().trim_start_matches('0').len()
    }
}

/// How the id in a carrier's receipts follows from the id in its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdRelation {
    /// It is the same.
    Same,
    /// The answer has it in hexadecimal, the receipt in decimal.
    HexThenDecimal,
    /// The answer has it in decimal, the receipt in hexadecimal.
    DecimalThenHex,
}

impl IdRelation {
    /// All of them, the most usual first.
    pub const ALL: [Self; 3] = [Self::Same, Self::HexThenDecimal, Self::DecimalThenHex];

    /// The word for it in the store and in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::HexThenDecimal => "hex_then_decimal",
            Self::DecimalThenHex => "decimal_then_hex",
        }
    }

    /// The normal form that the answer's id has if a receipt names `id`; `None` if it is no number of that base.
    ///
    /// Ids over 64 bits exist, so the numbers have any size up to `DIGITS_MAX` digits.
    pub fn in_answer(self, id: &CarrierMessageId) -> Option<String> {
        match self {
            Self::Same => Some(id.normal_form()),
            Self::HexThenDecimal => in_base(id.number()?, 10, 16),
            Self::DecimalThenHex => in_base(id.number()?, 16, 10),
        }
    }

    /// The normal form that the receipt's id has if an answer names `id`.
    pub fn in_receipt(self, id: &CarrierMessageId) -> Option<String> {
        match self {
            Self::Same => Some(id.normal_form()),
            Self::HexThenDecimal => in_base(id.number()?, 16, 10),
            Self::DecimalThenHex => in_base(id.number()?, 10, 16),
        }
    }
}

impl std::str::FromStr for IdRelation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|relation| relation.as_str() == text);
        known.ok_or_else(|| format!("\"{text}\" is no relation of ids"))
    }
}

/// The longest id that is read as a number; `message_id` has at most 64 characters (SMPP 3.4, 4.4.2).
const DIGITS_MAX: usize = 64;

/// The number `text` of base `from` written in base `to`, upper case; `None` if it is no such number.
fn in_base(text: &str, from: u32, to: u32) -> Option<String> {
    if text.is_empty() || text.len() > DIGITS_MAX {
        return None;
    }
    // Digits of base `to`, least significant first. Each digit of `text` multiplies them all: 64 times at most 78.
    let mut digits: Vec<u32> = Vec::with_capacity(2 * DIGITS_MAX);
    for character in text.chars() {
        let mut carry = character.to_digit(from)?;
        for digit in &mut digits {
            let value = *digit * from + carry;
            *digit = value % to;
            carry = value / to;
        }
        while carry > 0 {
            digits.push(carry % to);
            carry /= to;
        }
    }
    if digits.is_empty() {
        digits.push(0);
    }
    digits.iter().rev().map(|&digit| char::from_digit(digit, to).map(|c| c.to_ascii_uppercase())).collect()
}

impl fmt::Display for CarrierMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A delivery receipt, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Every id that the receipt names (TLV and text may disagree), most trusted first.
    pub ids: Vec<CarrierMessageId>,
    /// What it says: `Sent` for every intermediate state, or a final state.
    pub state: State,
    /// The carrier's own word or number for the state, as it came.
    pub raw_state: String,
    /// The carrier's error code, as it came; empty if none.
    pub error: String,
    /// The address that the receipt comes from: as a rule the handset that the message was for.
    pub source: Option<Sender>,
    /// The address that it goes to: as a rule the sender that the message had. Some carriers leave both as they were in
    /// the submission.
    pub destination: Option<Sender>,
    /// When the carrier says that it happened.
    pub done_at: Option<Timestamp>,
    /// The octets of a receipt in which no id was found; empty otherwise.
    pub unread: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CarrierMessageId {
        CarrierMessageId::new(text).unwrap()
    }

    #[test]
    fn case_and_leading_zeros_do_not_count() {
        for (left, right) in [("00B8BE19", "b8be19"), ("0000000042", "42"), ("39f99dd5", "39F99DD5"), ("000", "0")] {
            assert_eq!(id(left).normal_form(), id(right).normal_form());
        }
        assert_ne!(id("420").normal_form(), id("42").normal_form(), "zeros at the end count");
        assert_eq!(CarrierMessageId::new("  "), None);
    }

    #[test]
    fn a_hexadecimal_answer_meets_a_decimal_receipt() {
        let (hex, decimal) = (id("39f99dd5"), id("0972660181"));
        assert_eq!(IdRelation::HexThenDecimal.in_answer(&decimal), Some(hex.normal_form()));
        assert_eq!(IdRelation::HexThenDecimal.in_receipt(&hex), Some(decimal.normal_form()));
        assert_eq!(IdRelation::DecimalThenHex.in_answer(&hex), Some(decimal.normal_form()));
        assert_eq!(IdRelation::DecimalThenHex.in_receipt(&decimal), Some(hex.normal_form()));
        assert_eq!(IdRelation::Same.in_answer(&hex), Some("39F99DD5".to_owned()));
    }

    #[test]
    fn ids_over_64_and_128_bits_are_converted_too() {
        let over = IdRelation::HexThenDecimal.in_answer(&id("18446744073709551616"));
        assert_eq!(over.as_deref(), Some("10000000000000000"));
        let decimal = IdRelation::DecimalThenHex.in_answer(&id(&"F".repeat(64))).unwrap();
        assert_eq!(decimal.len(), 78);
        assert!(decimal.starts_with("11579208923731619542357098500868790785326998466564056403"));
        assert_eq!(IdRelation::DecimalThenHex.in_answer(&id(&"F".repeat(65))), None, "not an SMPP id");
    }

    #[test]
    fn what_is_no_number_has_no_other_form() {
        let uuid = id("550e8400-e29b-41d4-a716-446655440000");
        assert!(IdRelation::HexThenDecimal.in_answer(&uuid).is_none());
        assert!(IdRelation::DecimalThenHex.in_answer(&uuid).is_none());
    }

    #[test]
    fn every_relation_has_its_word() {
        for relation in IdRelation::ALL {
            assert_eq!(relation.as_str().parse(), Ok(relation));
        }
    }
}
