//! Decides whether what a network wrote is a number: carriers and modems leave the country code out, put a trunk zero or an
//! exit code before it, or both.

use super::PhoneNumber;

/// The fewest digits of a number's end that tell whose it is.
pub const TAIL_DIGITS_MIN: usize = 7;
/// Digits of the longest country code.
const COUNTRY_DIGITS_MAX: usize = 3;

impl PhoneNumber {
    /// Whether `text` may be this number in one of the ways in which networks write it.
    pub fn may_be_written(&self, text: &str) -> bool {
        let bare = text.trim_start_matches('+');
        !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) && is_written(self.digits(), bare)
    }
}

/// Whether `text`, digits alone, may be the number with these `digits`, country code first.
pub fn is_written(digits: &str, text: &str) -> bool {
    if digits == text {
        return true;
    }
    let same = digits.bytes().rev().zip(text.bytes().rev()).take_while(|(own, other)| own == other).count();
    let (Some(code), Some(before)) = (digits.get(..digits.len() - same), text.get(..text.len() - same)) else {
        return false;
    };
    // A tail alone tells no more than its length.
    if same < TAIL_DIGITS_MIN {
        return false;
    }
    if before.is_empty() || code.is_empty() {
        return is_exit_code(before);
    }
    let with_code = before.strip_suffix('0').and_then(|before| before.strip_suffix(code));
    let is_trunk = before.bytes().all(|byte| byte == b'0');
    code.len() <= COUNTRY_DIGITS_MAX && (is_trunk || with_code.is_some_and(is_exit_code))
}

/// Whether digits before a whole number are those by which one dials abroad: 00, 001, 0011, 011, 810, 119, …
fn is_exit_code(digits: &str) -> bool {
    matches!(digits, "" | "119" | "810" | "8010") || digits.starts_with('0') && digits.len() <= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_in_all_the_ways_in_which_networks_write_it() {
        let number: PhoneNumber = "+821012345678".parse().unwrap();
        for text in [
            "+821012345678",
            "821012345678",
            "00821012345678",
            "001821012345678",
            "011821012345678",
            "0011821012345678",
            "01012345678",
            "1012345678",
            "8201012345678",
            "+8201012345678",
            "0082010 12345678".replace(' ', "").as_str(),
            "12345678",
        ] {
            assert!(number.may_be_written(text), "{text}");
        }
        for text in
            ["", "+", "5678", "821012345679", "0821012345679", "441012345678", "Shop", "15771234", "99991012345678"]
        {
            assert!(!number.may_be_written(text), "{text}");
        }
    }
}
