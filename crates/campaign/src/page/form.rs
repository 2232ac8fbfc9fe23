//! Reads what a form sends: few fields, few values, plain characters.

use std::collections::BTreeMap;

/// The longest answer in words, in characters.
pub const WORDS_MAX: usize = 500;
/// Most fields that are read; a form has fewer.
const FIELDS_MAX: usize = 200;
/// The longest name of a field.
const NAME_MAX: usize = 60;

/// What was sent, by the names of the fields. What is too much or too long is not read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sent(BTreeMap<String, Vec<String>>);

impl Sent {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn read(body: &[u8]) -> Self {
        let mut sent = Self::default();
        for pair in body.split(|byte| *byte == b'&').take(FIELDS_MAX) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
            let (name, value) = (decoded(name), decoded(value));
            if !name.is_empty() && name.len() <= NAME_MAX {
                sent.0.entry(name).or_default().push(value);
            }
        }
        sent
    }

    /// The one value of a field, without blanks around it; nothing if it is empty.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A value with its escapes read. Line ends are line feeds; other control characters are left out.
fn decoded(text: &[u8]) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) => octets.push(b' '),
            (b'%', [high, low, later @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    octets.push(high << 4 | low);
                    rest = later;
                }
                _ => octets.push(b'%'),
            },
            (other, _) => octets.push(other),
        }
    }
    let text = String::from_utf8_lossy(&octets).replace("\r\n", "\n");
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let sent = Sent::read(
            "a=1&list=news&list=club&text=%EC%B0%A8+%26+%EB%8B%A4%EA%B3%BC%0D%0Ab%00&empty=&%20=x".as_bytes(),
        );
        assert_eq!((sent.one("a"), sent.one("text"), sent.one("empty")), (Some("1"), Some("차 & 다과\nb"), None));
        assert_eq!(sent.all("list"), ["news", "club"]);
        assert!(sent.all("gone").is_empty());
    }

    #[test]
    fn garbage_is_no_form_and_no_panic() {
        for body in ["", "&&&=", "%", "%4", "%zz=%zz", "=x", "\u{0}"] {
            Sent::read(body.as_bytes());
        }
        assert_eq!(Sent::read(&[0xff, b'=', 0xfe]).0.len(), 1);
        let many = "a=1&".repeat(1_000);
        assert_eq!(Sent::read(many.as_bytes()).all("a").len(), FIELDS_MAX);
    }
}
