//! Reads strings that a modem writes as UCS-2 in hexadecimal: all of them while `AT+CSCS` is `"UCS2"`, and with some firmware
//! the network's name, the own number and USSD texts whatever it is.

use postrider_model::Alphabet;
use postrider_text as text;

/// A text, read if it is written so for certain (`wide`), or if nothing else makes sense of it.
pub(crate) fn readable(written: &str, wide: bool) -> String {
    match decode(written) {
        Some(read) if wide && is_sane(&read) || is_plain(&read) => read,
        Some(_) | None => written.to_owned(),
    }
}

/// A number or code, which is nothing but digits and signs when it is read.
pub(crate) fn number(written: &str) -> String {
    let is_number = |read: &String| read.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '*' | '#'));
    decode(written).filter(is_number).unwrap_or_else(|| written.to_owned())
}

fn decode(written: &str) -> Option<String> {
    if written.is_empty() || !written.len().is_multiple_of(4) {
        return None;
    }
    let (pairs, _) = written.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let octets: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    Some(text::decode(Alphabet::Ucs2, &octets?, &[]))
}

fn is_sane(read: &str) -> bool {
    !read.chars().any(|c| c == char::REPLACEMENT_CHARACTER || c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Whether a text can hardly be anything else: several characters that people of one script write together.
fn is_plain(read: &str) -> bool {
    let script = |c: char| match c {
        ' '..='~' | '\n' | '\r' => Some(0),
        '\u{a0}'..='\u{24f}' => Some(1),
        '\u{370}'..='\u{3ff}' => Some(2),
        '\u{400}'..='\u{52f}' => Some(3),
        '\u{590}'..='\u{6ff}' => Some(4),
        '\u{900}'..='\u{97f}' => Some(5),
        '\u{e00}'..='\u{e7f}' => Some(6),
        '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' => Some(7),
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' => Some(8),
        _ => None,
    };
    let scripts: Option<Vec<u8>> = read.chars().map(script).collect();
    let Some(mut scripts) = scripts.filter(|scripts| scripts.len() > 1) else { return false };
    // Latin letters and signs stand in texts of every script.
    scripts.retain(|&script| script > 1);
    let foreign = scripts.len();
    scripts.sort_unstable();
    scripts.dedup();
    // Two words of four letters from A to F read as two syllables, too.
    scripts.is_empty() || scripts.len() == 1 && (foreign > 2 || foreign < read.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_hexadecimal_are_read_and_others_left_alone() {
        assert_eq!(readable("0053004B00540065006C00650063006F006D", false), "SKTelecom");
        assert_eq!(readable("0E410E2D0E440E2D0E2A", false), "แอไอส");
        assert_eq!(readable("4E2D56FD79FB52A8", false), "中国移动");
        for name in ["SKTelecom", "45005", "CAFE", "DEADBEEF", "0A0B", "12345678", "BEEFCAFE"] {
            assert_eq!(readable(name, false), name);
        }
        assert_eq!(readable("0053", true), "S", "known to be UCS-2");
    }

    #[test]
    fn a_number_in_hexadecimal_is_one_that_reads_as_a_number() {
        assert_eq!(number("002B003800320031"), "+821");
        assert_eq!(number("+821012345678"), "+821012345678");
        assert_eq!(number("821012345678"), "821012345678");
    }
}
