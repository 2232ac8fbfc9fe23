//! Reads what stands in the cells of tables as people and their programs write them: names of columns, days, moments, amounts.

use jiff::civil::{Date, DateTime, Time};
use serde_json::Value;

use super::attribute::number_json;

/// The name of a column without case, blanks, underscores, hyphens, stars, and what stands in brackets behind it.
pub(super) fn plain_header(text: &str) -> String {
    let bare = text.split(['(', '（', '[']).next().unwrap_or(text);
    let bare = if bare.trim().is_empty() { text } else { bare };
    let counts = |c: &char| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{feff}' | '*' | '"');
    bare.to_lowercase().chars().filter(counts).collect()
}

/// A day, in any of the ways of [`civil`].
pub(super) fn day(text: &str) -> Option<Date> {
    civil(text).map(DateTime::date)
}

/// Years from here on are those of the Buddhist calendar, 543 ahead.
const BUDDHIST_FROM: i16 = 2400;

/// A moment as tills and people write it: `2026-11-22 14:30`, `20261122 1430`, `2026. 2. 28`, `2026년 2월 28일 오후 3:05`,
/// `28.02.2026 9:05`, `22/11/2569`. What could be two days, like 03/04/2026, is none.
pub(super) fn civil(text: &str) -> Option<DateTime> {
    let folded = text.trim().to_lowercase().replace("오전", " am ").replace("오후", " pm ");
    let afternoon = folded.contains("pm").then_some(true).or(folded.contains("am").then_some(false));
    let folded = folded.replace("a.m.", "am").replace("p.m.", "pm").replace("am", " ").replace("pm", " ");
    let known = |c: char| c.is_ascii_digit() || c.is_whitespace() || "-./:t년월일시분초".contains(c);
    if !folded.chars().all(known) {
        return None;
    }
    let mut groups: Vec<&str> = folded.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let separator = folded.trim_start_matches(|c: char| c.is_ascii_digit()).chars().next().unwrap_or(' ');
    let number = |group: &str| group.parse::<i16>().ok();
    let (day, rest) = match groups.first()?.len() {
        8 => {
            let date = groups.remove(0);
            (date_of(number(date.get(..4)?)?, number(date.get(4..6)?)?, number(date.get(6..)?)?)?, groups)
        }
        4 if groups.len() >= 3 => {
            let rest = groups.split_off(3);
            (date_of(number(groups[0])?, number(groups[1])?, number(groups[2])?)?, rest)
        }
        1 | 2 if groups.len() >= 3 && groups[2].len() == 4 => {
            let rest = groups.split_off(3);
            let (first, second, year) = (number(groups[0])?, number(groups[1])?, number(groups[2])?);
            let day_first = separator == '.' || year >= BUDDHIST_FROM || first > 12 || first == second;
            match (day_first, second > 12) {
                (true, _) => (date_of(year, second, first)?, rest),
                (false, true) => (date_of(year, first, second)?, rest),
                (false, false) => return None,
            }
        }
        _ => return None,
    };
    Some(day.to_datetime(clock(&rest, afternoon)?))
}

fn date_of(year: i16, month: i16, day: i16) -> Option<Date> {
    let year = if year >= BUDDHIST_FROM { year - 543 } else { year };
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// The time of day from its groups of digits: `14 30`, `9 05 00`, `1430`, `143000`; midnight of none. A fraction of a second
/// does not count.
fn clock(groups: &[&str], afternoon: Option<bool>) -> Option<Time> {
    let joined: String;
    let groups: Vec<&str> = match groups {
        [] => return Some(Time::midnight()),
        [one] if matches!(one.len(), 4 | 6) => {
            joined = (*one).to_owned();
            (0..joined.len()).step_by(2).filter_map(|from| joined.get(from..from + 2)).collect()
        }
        [hour, rest @ ..] if hour.len() <= 2 && !rest.is_empty() => [&[*hour], rest].concat(),
        _ => return None,
    };
    let part = |place: usize| groups.get(place).map_or(Some(0), |group| group.parse::<i8>().ok());
    let hour = match (part(0)?, afternoon) {
        (hour, None) => hour,
        (12, Some(false)) => 0,
        (12, Some(true)) => 12,
        (hour, Some(true)) if hour < 12 => hour + 12,
        (hour, Some(_)) => hour,
    };
    Time::new(hour, part(1)?, part(2)?, 0).ok()
}

/// Currencies without a smaller unit: a point in their amounts parts thousands.
const WHOLE_CURRENCIES: [&str; 8] = ["KRW", "JPY", "VND", "IDR", "CLP", "PYG", "ISK", "UGX"];
/// Currencies of a thousand smaller units.
const MILLE_CURRENCIES: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// An amount of money. A point before three digits parts thousands in whole currencies; in others nobody can tell, and it is
/// no amount.
pub(super) fn money(text: &str, currency: Option<&str>) -> Option<Value> {
    let is = |list: &[&str]| currency.is_some_and(|currency| list.iter().any(|one| currency.eq_ignore_ascii_case(one)));
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
    let thousands = digits.rsplit_once('.').is_some_and(|(whole, last)| {
        last.len() == 3 && !whole.contains(['.', ',']) && whole.trim_start_matches('0') == whole
    });
    if thousands && !is_scientific(text) && !is(&MILLE_CURRENCIES) {
        return if is(&WHOLE_CURRENCIES) { amount(&text.replace('.', "")) } else { None };
    }
    amount(text)
}

/// Whether a spreadsheet wrote it with an exponent.
fn is_scientific(text: &str) -> bool {
    let text = text.trim();
    text.contains(['e', 'E']) && text.parse::<f64>().is_ok()
}

/// A number as tills write it: `35000`, `35,000`, `49.90`, `49,90`, `1.234,50`, `(35,000)` and `35,000-` for less than
/// nothing, `3.5E+04`, with a sign of its currency or not.
pub(super) fn amount(text: &str) -> Option<Value> {
    let number = |written: &str| written.parse::<f64>().ok().filter(|number| number.is_finite());
    if is_scientific(text) {
        return number(text.trim()).map(number_json);
    }
    let signed = text.trim().replace(['\u{2212}', '\u{2013}', '\u{ff0d}', '\u{fe63}'], "-");
    let plain: String = signed.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
    let foreign = signed.chars().filter(|c| c.is_alphabetic()).count();
    let minuses = signed.matches('-').count();
    let bracketed = signed.starts_with('(') && signed.ends_with(')');
    if foreign > 3 || minuses > 1 || !plain.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A minus between two digits is a date or a range.
    let bare: Vec<char> = signed.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    let inside = bare.iter().position(|c| *c == '-').is_some_and(|place| place != 0 && place + 1 != bare.len());
    if inside {
        return None;
    }
    let decimal = match (plain.rfind('.'), plain.rfind(',')) {
        (Some(point), Some(comma)) => Some(if point > comma { '.' } else { ',' }),
        (Some(_), None) if plain.matches('.').count() > 1 => None,
        (Some(_), None) => Some('.'),
        // A comma before three digits parts thousands; before one or two it is the decimal one.
        (None, Some(comma)) if plain.len() - comma - 1 == 3 || plain.matches(',').count() > 1 => None,
        (None, Some(_)) => Some(','),
        (None, None) => None,
    };
    let mut written = String::with_capacity(plain.len() + 1);
    if bracketed || minuses == 1 {
        written.push('-');
    }
    for letter in plain.chars() {
        match letter {
            letter if Some(letter) == decimal => written.push('.'),
            '.' | ',' => {}
            other => written.push(other),
        }
    }
    number(&written).map(number_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        for text in ["2026-11-22 14:30", "2026.11.22T14:30:00", "20261122 1430", "2026/11/22 14:30:00.5"] {
            assert_eq!(civil(text).unwrap().to_string(), "2026-11-22T14:30:00", "{text}");
        }
        for (text, expected) in [
            ("1990. 2. 28", "1990-02-28T00:00:00"),
            ("1990. 2. 28.", "1990-02-28T00:00:00"),
            ("1990년 2월 28일", "1990-02-28T00:00:00"),
            ("2026년 11월 22일 오후 3:05", "2026-11-22T15:05:00"),
            ("2026-11-22 오전 12:10", "2026-11-22T00:10:00"),
            ("28.02.1990", "1990-02-28T00:00:00"),
            ("22.11.2026 9:05", "2026-11-22T09:05:00"),
            ("2533-02-28", "1990-02-28T00:00:00"),
            ("29/02/2567", "2024-02-29T00:00:00"),
            ("22/11/2569 14:30", "2026-11-22T14:30:00"),
            ("22/11/2026", "2026-11-22T00:00:00"),
            ("11/22/2026 2:30 PM", "2026-11-22T14:30:00"),
            ("2026-11-22 9:05", "2026-11-22T09:05:00"),
        ] {
            assert_eq!(civil(text).map(|at| at.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["03/04/2026", "2026-13-01", "2026-11-22 25:00", "2026-11-22 9", "tomorrow", "28-02", "29.02.2026"]
        {
            assert_eq!(civil(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_read_as_tills_write_them() {
        for (text, expected) in [
            ("35,000", 35_000.0),
            ("49.90", 49.9),
            ("49,90", 49.9),
            ("1.234,50", 1_234.5),
            ("1,234.50", 1_234.5),
            ("1.234.567", 1_234_567.0),
            ("฿ 640", 640.0),
            ("-12", -12.0),
            ("12 EUR", 12.0),
            ("(35,000)", -35_000.0),
            ("\u{2212}35000", -35_000.0),
            ("35,000-", -35_000.0),
            ("3.5E+04", 35_000.0),
            ("₩ -4,500", -4_500.0),
        ] {
            assert_eq!(amount(text).and_then(|value| value.as_f64()), Some(expected), "{text}");
        }
        assert_eq!((amount("much"), amount("12 pieces of"), amount("12-15"), amount("--5")), (None, None, None, None));
        for (text, currency, expected) in [
            ("35.000", "KRW", Some(35_000.0)),
            ("1.234.500", "KRW", Some(1_234_500.0)),
            ("35.000", "EUR", None),
            ("3.500", "KWD", Some(3.5)),
            ("35.50", "EUR", Some(35.5)),
            ("0.500", "EUR", Some(0.5)),
        ] {
            assert_eq!(money(text, Some(currency)).and_then(|value| value.as_f64()), expected, "{text} {currency}");
        }
    }

    #[test]
    fn the_name_of_a_column_counts_without_what_is_around_it() {
        assert_eq!(plain_header("\u{feff}Order_Date *"), "orderdate");
        assert_eq!(plain_header("판매금액 (원)"), "판매금액");
    }
}
