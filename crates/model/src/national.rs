//! Decides which E.164 number a person of some country means by what they wrote.
//!
//! ```text
//! "+82 10-1234-5678"  ┐
//! "00700 82 10 …"     ├─▶ calling code + national number ─▶ trunk prefix off, length checked ─▶ +821012345678
//! "010-1234-5678"     │
//! "82 10 1234 5678"   ┘
//! ```

use super::country_table::{GLOBAL, Row};
use super::{Country, PhoneError, PhoneNumber};

/// Longer texts are no number, whatever stands in them.
const TEXT_MAX: usize = 40;

impl PhoneNumber {
    /// Reads a number that comes from outside, however it is written: with plus or 00 and country code, and in a known
    /// `country` as people write it there. The same person is the same number in every form.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn read(text: &str, country: Option<Country>) -> Result<Self, PhoneError> {
        if let Some(country) = country {
            return Self::parse_in(text, country);
        }
        let written = Written::read(text).ok_or_else(|| PhoneError::NotANumber(text.to_owned()))?;
        match written.digits.strip_prefix("00") {
            _ if written.plus => international(text, &written.digits),
            Some(rest) => international(text, rest),
            None => Err(PhoneError::NotANumber(text.to_owned())),
        }
    }

    /// Reads a number as it is written in `country`: national with or without trunk prefix, or international with
    /// plus, with the prefix for foreign numbers that is dialled there, or bare.
    ///
    /// Full-width, Arabic, Persian, Devanagari and Thai digits count as digits.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse_in(text: &str, country: Country) -> Result<Self, PhoneError> {
        let written = Written::read(text).ok_or_else(|| PhoneError::NotANumber(text.to_owned()))?;
        if written.plus {
            return international(text, &written.digits);
        }
        let row = country.row();
        // Two zeros and the country's own code: nobody dials abroad to get home, whatever else 001 or 006 would mean.
        let own = written.digits.strip_prefix("00").filter(|rest| rest.starts_with(row.calling));
        if let Some(number) = own.and_then(|rest| international(text, rest).ok()) {
            return Ok(number);
        }
        let mut foreign =
            row.international.split_whitespace().filter_map(|dialled| written.digits.strip_prefix(dialled));
        if let Some(number) = foreign.find_map(|rest| international(text, rest).ok()) {
            return Ok(number);
        }
        // Two zeros stand for a plus in most of the world, and people write them where something else is dialled.
        if let Some(number) = written.digits.strip_prefix("00").and_then(|rest| international(text, rest).ok()) {
            return Ok(number);
        }
        national(&written.digits, row).ok_or_else(|| PhoneError::National {
            text: text.to_owned(),
            digits: written.digits.len(),
            country: country.as_str(),
        })
    }

    /// The country that the number belongs to; see [`country_of`](super::country_of).
    pub fn country(&self) -> Option<Country> {
        super::country_of(self)
    }
}

/// The digits of a text, and whether a plus stood before them.
struct Written {
    plus: bool,
    digits: String,
}

impl Written {
    fn read(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let trimmed = trimmed.strip_prefix("tel:").unwrap_or(trimmed);
        if trimmed.chars().count() > TEXT_MAX {
            return None;
        }
        let trimmed = without_fraction(trimmed);
        let mut written = Self { plus: false, digits: String::with_capacity(trimmed.len()) };
        for character in trimmed.chars() {
            match character {
                '+' | '\u{ff0b}' if !written.plus && written.digits.is_empty() => written.plus = true,
                ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' => {}
                // Hyphens, dashes, minus and long-vowel signs, blanks and brackets as word processors write them.
                '\u{2000}'..='\u{2015}'
                | '\u{2212}'
                | '\u{202f}'
                | '\u{3000}'
                | '\u{30fc}'
                | '\u{ff08}'
                | '\u{ff09}'
                | '\u{ff0d}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{ad}'
                | '\u{61c}'
                | '\u{feff}'
                | '\t' => {}
                _ => written.digits.push(digit(character)?),
            }
        }
        (!written.digits.is_empty()).then_some(written)
    }
}

/// A spreadsheet's number without the fraction that it puts behind: `821012345678.0`.
fn without_fraction(text: &str) -> &str {
    let Some((whole, fraction)) = text.rsplit_once('.') else { return text };
    let is_number = whole.len() >= 8 && whole.bytes().all(|byte| byte.is_ascii_digit());
    let is_zero = matches!(fraction, "0" | "00");
    if is_number && is_zero { whole } else { text }
}

/// The first of ten digits in a row: Arabic, Persian, Devanagari, Thai, full-width.
const ZEROS: [char; 5] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{e50}', '\u{ff10}'];

fn digit(character: char) -> Option<char> {
    if character.is_ascii_digit() {
        return Some(character);
    }
    ZEROS.iter().find_map(|&zero| {
        let value = u32::from(character).checked_sub(u32::from(zero))?;
        char::from_digit(value, 10)
    })
}

/// The number whose digits, calling code first, are `digits`. A trunk prefix that was left in is taken out.
fn international(text: &str, digits: &str) -> Result<PhoneNumber, PhoneError> {
    let not_a_number = || PhoneError::NotANumber(text.to_owned());
    if digits.starts_with('0') {
        return Err(not_a_number());
    }
    let Some((country, rest)) = Country::split_calling_code(digits) else {
        let global = GLOBAL.iter().any(|code| digits.starts_with(code));
        return if global { PhoneNumber::from_digits(text, digits) } else { Err(not_a_number()) };
    };
    let row = country.row();
    let national = without_trunk(rest, row);
    if row.strict && !fits(national, row) {
        let (digits, country) = (national.len(), country.as_str());
        return Err(PhoneError::National { text: text.to_owned(), digits, country });
    }
    PhoneNumber::from_digits(text, &format!("{}{national}", row.calling))
}

/// The national part of an international number, without a trunk prefix that does not belong there: `+44 (0)20`.
fn without_trunk<'a>(rest: &'a str, row: &Row) -> &'a str {
    // Mexico's mobile numbers had a 1 here until 2019, Argentina's have a 9 and keep it.
    if row.iso == "MX" && rest.len() == 11 && rest.starts_with('1') {
        return &rest[1..];
    }
    let mut trunks = row.trunks.split_whitespace();
    let stripped = trunks.find_map(|trunk| {
        let shorter = rest.strip_prefix(trunk)?;
        // A zero never begins a number where it is the trunk prefix; an 8 or a 1 may.
        (fits(shorter, row) && (trunk.starts_with('0') || !fits(rest, row))).then_some(shorter)
    });
    stripped.unwrap_or(rest)
}

/// A number as it is dialled within the country, or an international one without anything in front.
fn national(digits: &str, row: &Row) -> Option<PhoneNumber> {
    let full = |national: &str| PhoneNumber::from_digits(digits, &format!("{}{national}", row.calling)).ok();
    for trunk in row.trunks.split_whitespace() {
        if let Some(rest) = digits.strip_prefix(trunk).filter(|rest| fits(rest, row)) {
            return full(&mobile_of_argentina(rest, row));
        }
    }
    if row.iso == "BR"
        && let Some(rest) = without_brazilian_carrier(digits, row)
    {
        return full(rest);
    }
    if row.iso == "AR"
        && let Some(rest) = digits.strip_prefix('0')
    {
        return Some(mobile_of_argentina(rest, row)).filter(|rest| fits(rest, row)).and_then(|rest| full(&rest));
    }
    // A spreadsheet drops the plus more often than the trunk prefix; where there is no trunk prefix, a number that is
    // whole as it stands is national: Italian mobile numbers begin with 39.
    let bare = digits.strip_prefix(row.calling).map(|rest| without_trunk(rest, row)).filter(|rest| fits(rest, row));
    match bare {
        Some(rest) if !row.trunks.is_empty() || !fits(digits, row) => full(rest),
        _ if digits.starts_with('0') && row.trunks.split_whitespace().any(|trunk| trunk.starts_with('0')) => None,
        _ if fits(digits, row) => full(digits),
        _ => None,
    }
}

fn fits(national: &str, row: &Row) -> bool {
    let (least, most) = row.digits;
    // Where a zero is dialled in front of national numbers, none begins with one.
    let has_trunk_zero = row.trunks.split_whitespace().any(|trunk| trunk == "0");
    (least..=most).contains(&national.len())
        && !(has_trunk_zero && national.starts_with('0'))
        && of_its_kind(national, row)
}

/// Whether a number is as long as its kind is in countries whose plan is known well (ITU-T operational bulletins: South
/// Korea, Thailand, the North American Numbering Plan).
fn of_its_kind(national: &str, row: &Row) -> bool {
    let length = national.len();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| national.starts_with(prefix));
    match (row.iso, row.calling) {
        ("KR", _) if starts(&["10"]) => length == 10,
        ("KR", _) if starts(&["15", "16", "17", "18", "19"]) => (8..=10).contains(&length),
        ("KR", _) if starts(&["11"]) => (9..=10).contains(&length),
        ("KR", _) if starts(&["2"]) => (8..=9).contains(&length),
        ("KR", _) if starts(&["50"]) => (10..=11).contains(&length),
        ("KR", _) => {
            let areas =
                ["31", "32", "33", "41", "42", "43", "44", "51", "52", "53", "54", "55", "61", "62", "63", "64"];
            (starts(&areas) || starts(&["30", "60", "70", "80"])) && (8..=11).contains(&length)
        }
        ("TH", _) if starts(&["6", "8", "9"]) => length == 9,
        ("TH", _) if starts(&["2", "3", "4", "5", "7"]) => length == 8,
        // Neither an area nor an exchange begins with 0 or 1.
        (_, "1") => {
            [0, 3].iter().all(|&place| national.as_bytes().get(place).is_none_or(|digit| (b'2'..=b'9').contains(digit)))
        }
        _ => true,
    }
}

/// Within Argentina a mobile number is `0 11 15 1234 5678`; abroad it is `9 11 1234 5678`.
fn mobile_of_argentina(national: &str, row: &Row) -> String {
    if row.iso == "AR" && national.len() == 12 {
        let areas: &[usize] = if national.starts_with("11") { &[2] } else { &[3, 4] };
        for &area in areas {
            if national.get(area..area + 2) == Some("15") {
                return format!("9{}{}", &national[..area], &national[area + 2..]);
            }
        }
    }
    national.to_owned()
}

/// Within Brazil two digits after the zero choose a carrier: `0 15 11 98765-4321`.
fn without_brazilian_carrier<'a>(digits: &'a str, row: &Row) -> Option<&'a str> {
    let rest = digits.strip_prefix('0')?;
    rest.get(2..).filter(|number| fits(number, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, country: &str) -> Result<String, PhoneError> {
        PhoneNumber::parse_in(text, country.parse().unwrap()).map(|number| number.as_str().to_owned())
    }

    #[test]
    fn numbers_are_read_as_people_write_them_at_home() {
        for (country, text, expected) in [
            ("KR", "010-1234-5678", "+821012345678"),
            ("KR", "１０１２３４５６７８", "+821012345678"),
            ("KR", "02-123-4567", "+8221234567"),
            ("KR", "0505-123-45678", "+8250512345678"),
            ("KR", "82-10-1234-5678", "+821012345678"),
            ("KR", "+82 (0)10 1234 5678", "+821012345678"),
            ("TH", "081-234-5678", "+66812345678"),
            ("TH", "๐๘๑ ๒๓๔ ๕๖๗๘", "+66812345678"),
            ("TH", "02 123 4567", "+6621234567"),
            ("TH", "66812345678", "+66812345678"),
            ("DE", "0151 12345678", "+4915112345678"),
            ("DE", "+49 (0) 30 901820", "+4930901820"),
            ("DE", "4915112345678", "+4915112345678"),
            ("FR", "06 12 34 56 78", "+33612345678"),
            ("FR", "612345678", "+33612345678"),
            ("FR", "+33 06 12 34 56 78", "+33612345678"),
            ("IT", "06 698 12345", "+390669812345"),
            ("IT", "333 123 4567", "+393331234567"),
            ("IT", "393 456 7890", "+393934567890"),
            ("IT", "39 333 123 4567", "+393331234567"),
            ("GB", "07700 900123", "+447700900123"),
            ("GB", "+44 (0)20 7946 0958", "+442079460958"),
            ("US", "(212) 555-0123", "+12125550123"),
            ("US", "1-212-555-0123", "+12125550123"),
            ("CA", "416.555.0123", "+14165550123"),
            ("MX", "55 1234 5678", "+525512345678"),
            ("MX", "044 55 1234 5678", "+525512345678"),
            ("MX", "+52 1 55 1234 5678", "+525512345678"),
            ("BR", "(11) 98765-4321", "+5511987654321"),
            ("BR", "0 15 11 98765-4321", "+5511987654321"),
            ("BR", "011 98765-4321", "+5511987654321"),
            ("BR", "55 99123-4567", "+5555991234567"),
            ("IN", "098123 45678", "+919812345678"),
            ("IN", "98123 45678", "+919812345678"),
            ("IN", "919812345678", "+919812345678"),
            ("JP", "０９０－１２３４－５６７８", "+819012345678"),
            ("JP", "03-1234-5678", "+81312345678"),
            ("AU", "0412 345 678", "+61412345678"),
            ("RU", "8 (916) 123-45-67", "+79161234567"),
            ("RU", "9161234567", "+79161234567"),
            ("HU", "06 20 123 4567", "+36201234567"),
            ("AR", "011 15 1234-5678", "+5491112345678"),
            ("AR", "0351 15 123-4567", "+5493511234567"),
            ("ES", "612 34 56 78", "+34612345678"),
            ("ID", "0812-3456-7890", "+6281234567890"),
            ("ID", "6281234567890", "+6281234567890"),
        ] {
            assert_eq!(parse(text, country).as_deref(), Ok(expected), "{text} in {country}");
        }
    }

    #[test]
    fn one_person_is_one_number_without_a_country_too() {
        for (text, expected) in [
            ("+82 010-1234-5678", "+821012345678"),
            ("0082 010 1234 5678", "+821012345678"),
            ("+44 (0) 7700 900000", "+447700900000"),
            ("+44 07700900000", "+447700900000"),
            ("\u{202a}+44 7700 900000\u{202c}", "+447700900000"),
            ("+44\u{ad}7700\u{200b}900000\u{feff}", "+447700900000"),
            ("+39 06 698 12345", "+390669812345"),
            ("+１ (212) 555-0123", "+12125550123"),
        ] {
            let read = PhoneNumber::read(text, None).map(|number| number.as_str().to_owned());
            assert_eq!(read.as_deref(), Ok(expected), "{text}");
        }
        for text in
            ["010-1234-5678", "821012345678", "821012345678.0", "+8210567890", "+12025550123456", "+1 102 555 0123", ""]
        {
            assert!(PhoneNumber::read(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_refused_and_spreadsheets_are_read() {
        for (country, text) in [
            ("KR", "010-123-456"),
            ("KR", "0000000000"),
            ("KR", "00000000000"),
            ("TH", "0000000000"),
            ("KR", "6581234569"),
            ("TH", "081 234 567"),
            ("US", "1112223333"),
        ] {
            assert!(parse(text, country).is_err(), "{text} in {country}: {:?}", parse(text, country));
        }
        assert_eq!(parse("821012345678.0", "KR").as_deref(), Ok("+821012345678"));
        assert_eq!(parse("0066812345673", "TH").as_deref(), Ok("+66812345673"));
        assert_eq!(parse("0082 10 1234 5678", "KR").as_deref(), Ok("+821012345678"));
    }

    #[test]
    fn foreign_numbers_begin_with_what_is_dialled_there() {
        for (country, text) in [
            ("KR", "001 49 151 12345678"),
            ("KR", "002-49-151-12345678"),
            ("KR", "00700 49 151 12345678"),
            ("TH", "001 49 151 12345678"),
            ("TH", "009 49 151 12345678"),
            ("US", "011 49 151 12345678"),
            ("JP", "010 49 151 12345678"),
            ("AU", "0011 49 151 12345678"),
            ("FR", "0049 151 12345678"),
            ("RU", "8 10 49 151 12345678"),
            ("BR", "+49 151 12345678"),
            ("IN", "tel:+49-151-12345678"),
        ] {
            assert_eq!(parse(text, country).as_deref(), Ok("+4915112345678"), "{text} in {country}");
        }
    }

    #[test]
    fn what_cannot_be_a_number_there_is_told_with_the_country() {
        for (country, text) in [
            ("KR", "010-1234"),
            ("US", "555-0123"),
            ("FR", "06 12 34 56 7"),
            ("IN", "9812"),
            ("DE", "0"),
            ("US", "+1 212 555 01"),
            ("DE", "+33 6 12 34 56"),
        ] {
            let error = parse(text, country).unwrap_err();
            assert!(matches!(error, PhoneError::National { .. }), "{text} in {country}: {error:?}");
            assert!(error.to_string().contains(text), "{error}");
        }
        for text in ["", "+", "hello", "12a4", "+999 1234567", "+0151 12345678", "1+2", &"1".repeat(41)] {
            assert!(parse(text, "DE").is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_of_no_country_pass() {
        assert_eq!(parse("+881 612 345 678", "DE").as_deref(), Ok("+881612345678"));
    }
}
