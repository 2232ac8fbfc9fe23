//! Amounts of money as whole ten-thousandths, so that sums are exact in every currency.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::attribute::number_json;
use super::fault::{Fault, kind_of, short};

/// How many parts one unit of a currency has here. No currency has more than four decimals.
pub const PARTS: i64 = 10_000;
/// The largest amount, in units; what is above it is a slip.
const UNITS_MAX: i64 = 100_000_000_000;

/// An amount; its currency stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

impl Money {
    /// The amount of so many ten-thousandths.
    pub const fn from_parts(parts: i64) -> Self {
        Self(parts)
    }

    /// The amount in ten-thousandths, as rows hold it.
    pub const fn parts(self) -> i64 {
        self.0
    }

    /// Both together, never past the largest amount that can be held.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The amount as a number, for showing.
    pub fn units(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "amounts of a shop lie far below 2^53 parts")]
        let parts = self.0 as f64;
        parts / 10_000.0
    }

    /// Reads a JSON number or a text like `"49.90"`.
    ///
    /// # Errors
    /// Says how amounts are written.
    pub fn from_json(value: &Value) -> Result<Self, Fault> {
        let read = match value {
            Value::Number(number) => number.to_string().parse(),
            Value::String(text) => text.trim().parse(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(format!("an amount is a number, not {}", kind_of(value)))
            }
        };
        read.map_err(|detail| Fault::new("", "wrong_amount", detail))
    }

    /// The amount as JSON.
    pub fn to_json(self) -> Value {
        number_json(self.units())
    }
}

impl FromStr for Money {
    type Err = String;

    /// Reads `49`, `49.9`, `-0.0001`; digits past the fourth decimal must be zeros.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{}\" is no amount; write one like 49.90", short(text));
        let (sign, bare) = text.strip_prefix('-').map_or((1, text), |bare| (-1, bare));
        let (whole, decimals) = bare.split_once('.').unwrap_or((bare, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 12 || !digits(whole) || !digits(decimals) {
            return Err(wrong());
        }
        let (kept, beyond) = decimals.split_at(decimals.len().min(4));
        if beyond.bytes().any(|byte| byte != b'0') {
            return Err(format!("\"{}\" has more than four decimals", short(text)));
        }
        let units: i64 = whole.parse().map_err(|_| wrong())?;
        let parts: i64 = format!("{kept:0<4}").parse().map_err(|_| wrong())?;
        if units > UNITS_MAX {
            return Err(format!("\"{}\" is more than {UNITS_MAX}", short(text)));
        }
        Ok(Self(sign * (units * PARTS + parts)))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.units())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_exact() {
        for (text, parts) in [("49.9", 499_000), ("0", 0), ("-0.0001", -1), ("12000", 120_000_000), ("1.50000", 15_000)]
        {
            assert_eq!(text.parse::<Money>().map(Money::parts), Ok(parts), "{text}");
        }
        for text in ["", ".5", "1e3", "1,5", "0.00001", "9999999999999", "+1", "--1", "1.2.3"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn json_numbers_and_texts_are_both_read() {
        assert_eq!(Money::from_json(&json!(49.9)), Money::from_json(&json!("49.90")));
        assert_eq!(Money::from_json(&json!(35000)).unwrap().to_json(), json!(35000));
        assert!(Money::from_json(&json!(true)).is_err() && Money::from_json(&json!(1e30)).is_err());
    }
}
