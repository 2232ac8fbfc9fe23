//! Decides in which time zones a number's owner may be.
//!
//! What is known decides in this order: the contact's own zone, the number's first digits, all zones of the country.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use postrider_model::{Country, PhoneNumber};

/// The time zone with this IANA name, from the table that is part of the program.
pub fn zone(name: &str) -> Option<TimeZone> {
    static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    DATABASE.get(name).ok()
}

/// What a number's first digits tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// The region: `FL` of the United States, if it is known.
    pub region: Option<Box<str>>,
    /// Where its owner may be, never empty.
    pub zones: Vec<TimeZone>,
}

/// Where `number` is.
pub fn area_of(number: &PhoneNumber, country: Option<Country>) -> &'static Area {
    let digits = number.digits();
    let known = (2..=LONGEST.min(digits.len())).rev().find_map(|length| TABLES.areas.get(digits.get(..length)?));
    known.or_else(|| TABLES.countries.get(&country?)).unwrap_or(&TABLES.anywhere)
}

/// The longest prefix in `areas.txt`.
const LONGEST: usize = 4;

struct Tables {
    areas: BTreeMap<&'static str, Area>,
    countries: BTreeMap<Country, Area>,
    /// A number of no country, such as a satellite telephone's.
    anywhere: Area,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    areas: areas(include_str!("areas.txt")).unwrap_or_default(),
    countries: countries(include_str!("zones.txt")).unwrap_or_default(),
    anywhere: Area { region: None, zones: vec![TimeZone::UTC] },
});

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn zones(names: &str) -> Result<Vec<TimeZone>, String> {
    names.split(' ').map(|name| zone(name).ok_or_else(|| format!("{name} is no time zone"))).collect()
}

fn areas(text: &'static str) -> Result<BTreeMap<&'static str, Area>, String> {
    let mut table = BTreeMap::new();
    for line in lines(text) {
        let (place, names) = line.split_once(" / ").ok_or_else(|| line.to_owned())?;
        let mut words = place.split(' ');
        let region = words.next().and_then(|word| word.split_once('-')).map(|(_, region)| region.into());
        let area = Area { region, zones: zones(names)? };
        for prefix in words {
            if table.insert(prefix, area.clone()).is_some() {
                return Err(format!("{prefix} stands twice"));
            }
        }
    }
    Ok(table)
}

fn countries(text: &'static str) -> Result<BTreeMap<Country, Area>, String> {
    let mut table = BTreeMap::new();
    for line in lines(text) {
        let (letters, names) = line.split_once(' ').ok_or_else(|| line.to_owned())?;
        // Territories without telephone numbers of their own are in the tables of zones only.
        let Ok(country) = letters.parse() else { continue };
        table.insert(country, Area { region: None, zones: zones(names)? });
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_model::country_of;

    fn names(number: &str) -> (Option<&'static str>, Vec<&'static str>) {
        let number: PhoneNumber = number.parse().unwrap();
        let area = area_of(&number, country_of(&number));
        (area.region.as_deref(), area.zones.iter().filter_map(TimeZone::iana_name).collect())
    }

    #[test]
    fn the_tables_are_right() {
        let areas = areas(include_str!("areas.txt")).unwrap();
        assert!(areas.len() > 450 && areas.keys().all(|prefix| (2..=LONGEST).contains(&prefix.len())));
        let countries = countries(include_str!("zones.txt")).unwrap();
        let without: Vec<_> = Country::all().filter(|country| !countries.contains_key(country)).collect();
        assert!(without.iter().all(|country| ["BV", "HM"].contains(&country.as_str())), "{without:?}");
        for prefix in areas.keys() {
            let number: PhoneNumber = format!("+{prefix}12345678").parse().unwrap();
            let country = country_of(&number).unwrap().as_str();
            assert!(["US", "CA", "BR", "AU"].contains(&country), "{prefix} is in {country}");
        }
    }

    #[test]
    fn an_area_code_tells_state_and_zone() {
        assert_eq!(names("+12125550123"), (Some("NY"), vec!["America/New_York"]));
        assert_eq!(names("+19155550123"), (Some("TX"), vec!["America/Denver"]));
        assert_eq!(names("+13055550123").0, Some("FL"));
        assert_eq!(names("+14165550123"), (Some("ON"), vec!["America/Toronto"]));
        assert_eq!(names("+5568987654321"), (Some("AC"), vec!["America/Rio_Branco"]));
        assert_eq!(names("+821012345678"), (None, vec!["Asia/Seoul"]));
    }

    #[test]
    fn without_a_known_area_all_zones_of_the_country_hold() {
        let (region, zones) = names("+15005550123");
        assert!(region.is_none() && zones.len() > 6 && zones.contains(&"Pacific/Honolulu"), "{zones:?}");
        assert!(names("+61412345678").1.len() > 4, "an Australian mobile number tells no state");
        assert_eq!(names("+881612345678").1.len(), 1, "a satellite telephone");
    }
}
