//! What a carrier says about a message that it took.

use std::fmt;

use super::{PhoneNumber, Sender, State, Timestamp};

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

    /// The form in which two spellings of one id are equal: upper case, without leading zeros.
    pub fn normal_form(&self) -> String {
        let bare = self.0.trim_start_matches('0');
        if bare.is_empty() { "0".to_owned() } else { bare.to_ascii_uppercase() }
    }

    /// The normal forms that the id has if its carrier writes it in hexadecimal in one place and in decimal in the
    /// other: at most two, most likely first, without the normal form itself.
    ///
    /// Ids over 64 bits exist, so the numbers have any size up to `DIGITS_MAX` digits.
    pub fn alternative_forms(&self) -> Vec<String> {
        let normal = self.normal_form();
        let mut forms = Vec::with_capacity(2);
        for (from, to) in [(10, 16), (16, 10)] {
            if let Some(form) = in_base(&normal, from, to)
                && form != normal
            {
                forms.push(form);
            }
        }
        forms
    }

    /// The id as a decimal number, if it is hexadecimal digits.
    pub fn hex_to_decimal(&self) -> Option<Self> {
        in_base(&self.0, 16, 10).as_deref().and_then(Self::new)
    }

    /// The id as a hexadecimal number in upper case, if it is decimal digits.
    pub fn decimal_to_hex(&self) -> Option<Self> {
        in_base(&self.0, 10, 16).as_deref().and_then(Self::new)
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
    /// The handset that the message was for. It must agree before a receipt is matched.
    pub recipient: Option<PhoneNumber>,
    /// The sender that the message had, as the receipt writes it.
    pub sender: Option<Sender>,
    /// When the carrier says that it happened.
    pub done_at: Option<Timestamp>,
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
        let (answer, receipt) = (id("39f99dd5"), id("0972660181"));
        assert!(receipt.alternative_forms().contains(&answer.normal_form()));
        assert!(answer.alternative_forms().contains(&receipt.normal_form()));
        assert_eq!(answer.hex_to_decimal(), Some(id("972660181")));
        assert_eq!(receipt.decimal_to_hex(), Some(id("39F99DD5")));
    }

    #[test]
    fn ids_over_64_and_128_bits_are_converted_too() {
        assert_eq!(id("18446744073709551616").decimal_to_hex(), Some(id("10000000000000000")));
        let largest = id(&"F".repeat(64));
        let decimal = largest.hex_to_decimal().unwrap();
        assert_eq!(decimal.as_str().len(), 78);
        assert!(decimal.as_str().starts_with("11579208923731619542357098500868790785326998466564056403"));
        assert_eq!(id(&"F".repeat(65)).alternative_forms(), Vec::<String>::new(), "not an SMPP id");
    }

    #[test]
    fn what_is_no_number_has_no_other_form() {
        assert!(id("550e8400-e29b-41d4-a716-446655440000").alternative_forms().is_empty());
        assert_eq!(id("7").alternative_forms(), Vec::<String>::new(), "the same in both bases");
        assert_eq!(id("10").alternative_forms(), ["A", "16"]);
    }
}
