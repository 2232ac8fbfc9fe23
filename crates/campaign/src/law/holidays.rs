//! Public holidays, as far as a country's rules mention them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;

use postrider_model::Country;

/// One holiday of every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holiday {
    /// On this month and day.
    Fixed(i8, i8),
    /// So many days after Easter Sunday.
    Easter(i32),
}

static TABLE: LazyLock<BTreeMap<Country, Vec<Holiday>>> =
    LazyLock::new(|| load(include_str!("holidays.txt")).unwrap_or_default());

/// Whether `date` is a public holiday of `country`.
pub fn is_holiday(country: Country, date: Date) -> bool {
    let Some(holidays) = TABLE.get(&country) else { return false };
    let easter = easter(date.year());
    holidays.iter().any(|holiday| match *holiday {
        Holiday::Fixed(month, day) => (date.month(), date.day()) == (month, day),
        Holiday::Easter(after) => {
            easter.is_some_and(|easter| easter.until(date).is_ok_and(|span| span.get_days() == after))
        }
    })
}

/// Easter Sunday of the Gregorian calendar (the anonymous computus of 1876).
fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e, f) = (b / 4, b % 4, (b + 8) / 25);
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    let (month, day) = (sum / 31, sum % 31 + 1);
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn load(text: &str) -> Result<BTreeMap<Country, Vec<Holiday>>, String> {
    let mut table = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let mut words = line.split(' ');
        let country = words.next().unwrap_or_default().parse()?;
        table.insert(country, words.map(holiday).collect::<Result<_, _>>()?);
    }
    Ok(table)
}

fn holiday(text: &str) -> Result<Holiday, String> {
    let wrong = || format!("{text} is no holiday");
    if let Some(after) = text.strip_prefix("easter") {
        return after.parse().map(Holiday::Easter).map_err(|_| wrong());
    }
    let (month, day) = text.split_once('-').ok_or_else(wrong)?;
    Ok(Holiday::Fixed(month.parse().map_err(|_| wrong())?, day.parse().map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn easter_is_where_the_calendar_has_it() {
        for (year, month, day) in [(2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25)] {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn the_holidays_of_france_and_brazil_are_known() {
        assert_eq!(load(include_str!("holidays.txt")).unwrap().len(), 2);
        let (france, brazil): (Country, Country) = ("FR".parse().unwrap(), "BR".parse().unwrap());
        for day in [date(2026, 1, 1), date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25), date(2026, 7, 14)] {
            assert!(is_holiday(france, day), "{day}");
        }
        assert!(is_holiday(brazil, date(2026, 4, 3)) && is_holiday(brazil, date(2026, 11, 20)));
        assert!(!is_holiday(france, date(2026, 4, 5)) && !is_holiday(france, date(2026, 4, 3)));
        assert!(!is_holiday("DE".parse().unwrap(), date(2026, 1, 1)), "only where a rule asks for them");
    }
}
