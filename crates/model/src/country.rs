//! Countries by their ISO 3166 letters, and which one a number belongs to.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use super::PhoneNumber;
use super::country_table::{Row, TABLE};

/// A country.
#[derive(Clone, Copy)]
pub struct Country(&'static Row);

impl Country {
    /// All countries, by their letters.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(Self)
    }

    /// Its two letters.
    pub fn as_str(self) -> &'static str {
        self.0.iso
    }

    /// Its calling code, without plus. Several countries may share one.
    pub fn calling_code(self) -> &'static str {
        self.0.calling
    }

    pub(super) fn row(self) -> &'static Row {
        self.0
    }

    /// The first digits of its numbers, country code first: every number of the country, and no other's, starts with
    /// one of them. A country whose numbers cannot be told from its neighbour's has the neighbour's.
    pub fn prefixes(self) -> Vec<String> {
        match self.0.own {
            "" | "-" => without_others(self.0.calling),
            own => own.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// The main country of a calling code.
    pub(super) fn of_calling_code(code: &str) -> Option<Self> {
        Self::all().find(|country| country.0.calling == code && country.0.own.is_empty())
    }

    /// The country whose calling code stands in front of `digits`, and the rest of them.
    pub(super) fn split_calling_code(digits: &str) -> Option<(Self, &str)> {
        (1..=3).rev().find_map(|length| {
            let (code, rest) = digits.split_at_checked(length)?;
            Some((Self::of_calling_code(code)?, rest))
        })
    }
}

/// The country of a number: the longest known beginning decides. `None` for numbers of no country, such as satellites.
///
/// In the shared code 1, an area code that no other country is known for counts as the United States.
pub fn country_of(number: &PhoneNumber) -> Option<Country> {
    let digits = number.digits();
    (1..=LONGEST_OWN.min(digits.len())).rev().find_map(|length| {
        let start = digits.get(..length)?;
        let place = BEGINNINGS.binary_search_by_key(&start, |(beginning, _)| *beginning).ok()?;
        Some(BEGINNINGS[place].1)
    })
}

/// The longest entry of [`BEGINNINGS`].
const LONGEST_OWN: usize = 7;

/// What numbers begin with, in order, and whose they are.
static BEGINNINGS: LazyLock<Vec<(&'static str, Country)>> = LazyLock::new(|| {
    let mut all = Vec::with_capacity(TABLE.len() * 2);
    for country in Country::all() {
        match country.0.own {
            "" => all.push((country.0.calling, country)),
            "-" => {}
            own => all.extend(own.split_whitespace().map(|beginning| (beginning, country))),
        }
    }
    all.sort_by_key(|(beginning, _)| *beginning);
    all
});

/// `prefix` without what belongs to other countries below it, as a list of longer prefixes.
fn without_others(prefix: &str) -> Vec<String> {
    let inside =
        |digits: &str| BEGINNINGS.iter().any(|(other, _)| other.len() > digits.len() && other.starts_with(digits));
    if !inside(prefix) {
        return vec![prefix.to_owned()];
    }
    let mut found = Vec::new();
    for digit in '0'..='9' {
        let longer = format!("{prefix}{digit}");
        if BEGINNINGS.binary_search_by_key(&longer.as_str(), |(beginning, _)| *beginning).is_err() {
            found.extend(without_others(&longer));
        }
    }
    found
}

impl PartialEq for Country {
    fn eq(&self, other: &Self) -> bool {
        self.0.iso == other.0.iso
    }
}

impl Eq for Country {}

impl PartialOrd for Country {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Country {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.iso.cmp(other.0.iso)
    }
}

impl std::hash::Hash for Country {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.iso.hash(state);
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.iso)
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iso)
    }
}

impl FromStr for Country {
    type Err = String;

    /// Reads two letters in either case.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::all().find(|country| country.0.iso.eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("\"{text}\" is no country; write two letters of ISO 3166 like KR"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(number: &str) -> Option<&'static str> {
        country_of(&number.parse().unwrap()).map(Country::as_str)
    }

    #[test]
    fn the_table_is_in_order_and_each_code_has_one_main_country() {
        assert!(TABLE.is_sorted_by(|a, b| a.iso < b.iso));
        assert!(TABLE.len() > 245);
        for row in TABLE {
            let main = TABLE.iter().filter(|other| other.calling == row.calling && other.own.is_empty());
            assert_eq!(main.count(), 1, "{} +{}", row.iso, row.calling);
            let (least, most) = row.digits;
            assert!(least <= most && row.calling.len() + most <= 15, "{}", row.iso);
        }
        assert!(BEGINNINGS.windows(2).all(|pair| pair[0].0 < pair[1].0), "no beginning belongs to two");
        assert!(BEGINNINGS.iter().all(|(beginning, _)| beginning.len() <= LONGEST_OWN));
    }

    #[test]
    fn the_longest_beginning_decides() {
        for (number, expected) in [
            ("+821012345678", "KR"),
            ("+66812345678", "TH"),
            ("+4915112345678", "DE"),
            ("+33612345678", "FR"),
            ("+393331234567", "IT"),
            ("+390669812345", "VA"),
            ("+447700900123", "JE"),
            ("+447911123456", "GG"),
            ("+442079460958", "GB"),
            ("+12125550123", "US"),
            ("+14165550123", "CA"),
            ("+18765550123", "JM"),
            ("+525512345678", "MX"),
            ("+5511987654321", "BR"),
            ("+919812345678", "IN"),
            ("+819012345678", "JP"),
            ("+61412345678", "AU"),
            ("+79161234567", "RU"),
            ("+77011234567", "KZ"),
        ] {
            assert_eq!(country(number), Some(expected), "{number}");
        }
        assert_eq!(country("+881612345678"), None, "a satellite phone");
        assert_eq!(country("+999123456789"), None);
    }

    #[test]
    fn the_prefixes_of_a_country_match_its_numbers_and_no_others() {
        let takes = |country: &str, number: &str| {
            let prefixes = country.parse::<Country>().unwrap().prefixes();
            prefixes.iter().any(|prefix| number.starts_with(prefix.as_str()))
        };
        assert!(takes("US", "12125550123") && !takes("US", "14165550123") && takes("CA", "14165550123"));
        assert!(takes("RU", "79161234567") && !takes("RU", "77011234567") && takes("KZ", "77011234567"));
        assert!(takes("GB", "442079460958") && !takes("GB", "441481234567"));
        assert!(takes("IT", "393331234567") && !takes("IT", "390669812345"));
        assert_eq!("KR".parse::<Country>().unwrap().prefixes(), ["82"]);
        for country in Country::all() {
            assert!(!country.prefixes().is_empty(), "{country}: no prefix would mean every number");
        }
    }

    #[test]
    fn countries_are_read_in_either_case() {
        assert_eq!("kr".parse::<Country>().unwrap().calling_code(), "82");
        assert!("ZZ".parse::<Country>().unwrap_err().contains("ZZ"));
    }
}
