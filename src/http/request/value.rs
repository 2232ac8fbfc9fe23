//! Reads the small notations inside strings: spans of time, hexadecimal, base64, user data headers.

use std::time::Duration;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 from the many tools that do or do not pad it.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const TOLERANT_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads `24h`, `90m`, `1h30m`, `2d`, `1w`, `45s`, or digits alone as seconds.
pub fn span(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let mut characters = tail.chars();
        let unit = match characters.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
        total = total.checked_add(Duration::from_secs(seconds))?;
        rest = characters.as_str().trim_start();
    }
    (!text.is_empty()).then_some(total)
}

/// Reads pairs of hexadecimal digits; blanks and colons between pairs are dropped.
pub fn hex(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for character in text.chars() {
        match (character, high) {
            (' ' | ':', None) => {}
            (digit, None) => high = Some(digit.to_digit(16)?),
            (digit, Some(first)) => {
                octets.push(u8::try_from(first * 16 + digit.to_digit(16)?).ok()?);
                high = None;
            }
        }
    }
    high.is_none().then_some(octets)
}

/// Reads base64 in either alphabet, padded or not.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    TOLERANT.decode(text).or_else(|_| TOLERANT_URL.decode(text)).ok()
}

/// The information elements of a user data header whose length octets agree (3GPP TS 23.040, 9.2.3.24).
pub fn header_elements(header: &[u8]) -> Option<&[u8]> {
    let (&length, elements) = header.split_first()?;
    if usize::from(length) != elements.len() {
        return None;
    }
    let mut rest = elements;
    while let [_, size, tail @ ..] = rest {
        rest = tail.get(usize::from(*size)..)?;
    }
    rest.is_empty().then_some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_seconds_or_numbers_with_units() {
        for (text, seconds) in [("86400", 86_400), ("24h", 86_400), ("1h30m", 5_400), ("1w 2d", 777_600), ("45s", 45)] {
            assert_eq!(span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "-1h", "24hours", "99999999999999999999h", "18446744073709551615w", "1.5h", "é"] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn octets_come_in_base64_and_hexadecimal() {
        assert_eq!(hex("06 05:04158 2"), None, "a blank inside an octet");
        assert_eq!(hex("06 05:0415"), Some(vec![6, 5, 4, 0x15]));
        assert_eq!(hex("0"), None);
        assert_eq!(hex("0g"), None);
        assert_eq!(base64("-_8="), base64("+/8"));
        assert_eq!(base64("+/8"), Some(vec![0xfb, 0xff]));
        assert_eq!(base64("?"), None);
    }

    #[test]
    fn a_header_whose_lengths_disagree_is_none() {
        assert_eq!(header_elements(&[6, 5, 4, 0x15, 0x82, 0, 0]), Some(&[5, 4, 0x15, 0x82, 0, 0][..]));
        for header in [&[][..], &[6, 5, 4, 0x15, 0x82, 0], &[5, 5, 4, 0x15, 0x82, 0], &[1, 5], &[2, 5, 1]] {
            assert_eq!(header_elements(header), None, "{header:?}");
        }
        assert_eq!(header_elements(&[0]), Some(&[][..]));
    }
}
