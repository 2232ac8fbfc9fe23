//! How numbers and names become addresses for one carrier, and what an address from a carrier names.

use super::pdu::Address;
use super::profile::{AddressRules, DefaultAlphabet, TonNpi};
use postrider_model::{PhoneNumber, Sender};

/// A sender that cannot be written for this carrier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sender \"{0}\" has characters that this carrier's addresses cannot hold")]
pub struct SenderError(String);

/// The recipient's address.
pub fn destination(rules: &AddressRules, to: &PhoneNumber) -> Address {
    number(rules.destination, rules.strip_plus, to)
}

/// The sender's address; `None` leaves the choice to the carrier.
///
/// # Errors
/// When a name has characters outside ASCII that the carrier's alphabet lacks.
pub fn source(rules: &AddressRules, alphabet: DefaultAlphabet, from: Option<&Sender>) -> Result<Address, SenderError> {
    Ok(match from {
        None => Address::default(),
        Some(Sender::International(from)) => number(rules.international, rules.strip_plus, from),
        Some(Sender::Digits(digits)) => Address::new(rules.digits.ton, rules.digits.npi, digits.as_bytes()),
        Some(Sender::Alphanumeric(name)) => {
            let TonNpi { ton, npi } = rules.alphanumeric;
            Address::new(ton, npi, name_octets(alphabet, name).ok_or_else(|| SenderError(name.to_string()))?)
        }
    })
}

fn number(kind: TonNpi, strip_plus: bool, number: &PhoneNumber) -> Address {
    Address::new(kind.ton, kind.npi, if strip_plus { number.digits() } else { number.as_str() })
}

/// Names travel as ASCII. Beyond it carriers take UTF-8 where that is their alphabet, and Latin-1 elsewhere; GSM codes
/// cannot be used, since `@` is 0 there and would end the text.
fn name_octets(alphabet: DefaultAlphabet, name: &str) -> Option<Vec<u8>> {
    if name.is_ascii() || alphabet == DefaultAlphabet::Utf8 {
        return Some(name.as_bytes().to_vec());
    }
    name.chars().map(|character| u8::try_from(character).ok()).collect()
}

/// The fewest digits of a number without type that are taken for a country code and a number.
const UNTYPED_DIGITS_MIN: usize = 11;

/// Who an address from a carrier names. Whatever it is, it is kept.
///
/// Carriers write international numbers as 1/1 or 0/0, with `+`, with `00` or bare; short codes and national numbers
/// under any type.
pub fn read<const SIZE: usize>(address: &Address<SIZE>) -> Sender {
    let text = address.addr.to_text();
    let text = text.trim();
    let bare = text.strip_prefix('+').or_else(|| text.strip_prefix("00")).unwrap_or(text);
    let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    let explicit = bare.len() < text.len();
    let international = match address.ton {
        _ if !is_number => false,
        1 => true,
        0 => explicit || (bare.len() >= UNTYPED_DIGITS_MIN && !bare.starts_with('0')),
        _ => explicit,
    };
    if international && let Ok(number) = format!("+{bare}").parse() {
        return Sender::International(number);
    }
    if is_number && address.ton != 5 {
        return Sender::Digits(text.into());
    }
    Sender::Alphanumeric(text.into())
}

/// The phone number among what [`read`] gave.
pub fn as_number(sender: &Sender) -> Option<PhoneNumber> {
    match sender {
        Sender::International(number) => Some(number.clone()),
        Sender::Digits(_) | Sender::Alphanumeric(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(ton: u8, text: &str) -> Address {
        Address::new(ton, 1, text)
    }

    #[test]
    fn the_profile_decides_types_and_the_plus() {
        let rules = AddressRules::default();
        let to: PhoneNumber = "+821012345678".parse().unwrap();
        assert_eq!(destination(&rules, &to), Address::new(1, 1, "821012345678"));
        let rules = AddressRules { strip_plus: false, destination: TonNpi::new(0, 0), ..rules };
        assert_eq!(destination(&rules, &to), Address::new(0, 0, "+821012345678"));
        let senders = [
            (Sender::parse("+4915112345689").unwrap(), Address::new(1, 1, "+4915112345689")),
            (Sender::parse("1577").unwrap(), Address::new(3, 0, "1577")),
            (Sender::parse("Shop").unwrap(), Address::new(5, 0, "Shop")),
        ];
        for (sender, expected) in senders {
            assert_eq!(source(&rules, DefaultAlphabet::Gsm7, Some(&sender)), Ok(expected));
        }
        assert_eq!(source(&rules, DefaultAlphabet::Gsm7, None), Ok(Address::default()));
    }

    #[test]
    fn a_name_beyond_ascii_is_latin_1_or_utf_8_or_refused() {
        let rules = AddressRules::default();
        let source = |alphabet, name| source(&rules, alphabet, Some(&Sender::parse(name).unwrap()));
        assert_eq!(source(DefaultAlphabet::Gsm7, "Café").unwrap().addr.as_bytes(), b"Caf\xe9");
        assert_eq!(source(DefaultAlphabet::Utf8, "Café").unwrap().addr.as_bytes(), "Café".as_bytes());
        assert!(source(DefaultAlphabet::Gsm7, "가게").unwrap_err().to_string().contains("가게"));
    }

    #[test]
    fn one_handset_is_one_number_however_the_carrier_writes_it() {
        let expected = Sender::parse("+821012345678").unwrap();
        for (ton, text) in [(1, "821012345678"), (1, "+821012345678"), (0, "00821012345678"), (0, "821012345678")] {
            assert_eq!(read(&address(ton, text)), expected, "{ton} {text}");
        }
    }

    #[test]
    fn short_codes_national_numbers_and_names_are_kept_as_they_are() {
        assert_eq!(read(&address(0, "15771234")), Sender::Digits("15771234".into()));
        assert_eq!(read(&address(2, "01012345678")), Sender::Digits("01012345678".into()));
        assert_eq!(read(&address(0, "01012345678")), Sender::Digits("01012345678".into()));
        assert_eq!(read(&address(5, "Shop")), Sender::Alphanumeric("Shop".into()));
        assert_eq!(read(&address(5, "12345")), Sender::Alphanumeric("12345".into()));
        assert_eq!(read(&address(1, "1")), Sender::Digits("1".into()), "too short for a number, kept all the same");
        assert_eq!(read(&address(0, "")), Sender::Alphanumeric("".into()));
    }
}
