//! Reads the table of countries: hours, labels, renewal, and where each row comes from.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;

use postrider_model::Country;

/// A part of a day in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first minute that is allowed, from midnight.
    pub open: u16,
    /// The first that is not any more.
    pub close: u16,
}

impl Window {
    /// What both windows allow; `None` if that is nothing.
    pub fn and(self, other: Self) -> Option<Self> {
        let both = Self { open: self.open.max(other.open), close: self.close.min(other.close) };
        (both.open < both.close).then_some(both)
    }
}

impl FromStr for Window {
    type Err = String;

    /// Reads `08:00-21:00`; `24:00` is the end of a day.
    fn from_str(text: &str) -> Result<Self, String> {
        let minutes = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
        };
        let both = text.split_once('-').and_then(|(open, close)| Some((minutes(open)?, minutes(close)?)));
        let window = both.filter(|(open, close)| open < close).map(|(open, close)| Self { open, close });
        window.ok_or_else(|| format!("\"{text}\" is no span of a day like \"09:00-20:00\""))
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { open, close } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", open / 60, open % 60, close / 60, close % 60)
    }
}

/// What a day of the week allows; `None` is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// Monday to Friday.
    pub weekdays: Option<Window>,
    /// Saturday.
    pub saturday: Option<Window>,
    /// Sunday.
    pub sunday: Option<Window>,
    /// Whether nothing goes on public holidays.
    pub holidays_closed: bool,
}

impl Week {
    /// The same on every day.
    pub const fn daily(window: Window) -> Self {
        Self { weekdays: Some(window), saturday: Some(window), sunday: Some(window), holidays_closed: false }
    }

    /// What both allow.
    pub fn and(self, other: Self) -> Self {
        let both = |a: Option<Window>, b: Option<Window>| a?.and(b?);
        Self {
            weekdays: both(self.weekdays, other.weekdays),
            saturday: both(self.saturday, other.saturday),
            sunday: both(self.sunday, other.sunday),
            holidays_closed: self.holidays_closed || other.holidays_closed,
        }
    }
}

impl std::fmt::Display for Week {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |window: Option<Window>| window.map_or_else(|| "closed".to_owned(), |window| window.to_string());
        if self.weekdays == self.saturday && self.weekdays == self.sunday {
            write!(f, "{} every day", shown(self.weekdays))?;
        } else {
            let (week, saturday, sunday) = (shown(self.weekdays), shown(self.saturday), shown(self.sunday));
            write!(f, "Mon-Fri {week}, Sat {saturday}, Sun {sunday}")?;
        }
        if self.holidays_closed { f.write_str(", not on public holidays") } else { Ok(()) }
    }
}

/// How sure a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A statute.
    Law,
    /// Several guides agree.
    Guides,
    /// One guide.
    Guide,
    /// No statute found; the stricter end of what is usual.
    Usage,
    /// A careful choice of our own.
    Own,
}

impl Basis {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Law => "law",
            Self::Guides => "guides",
            Self::Guide => "guide",
            Self::Usage => "usage",
            Self::Own => "own",
        }
    }
}

/// What a marketing text to a country must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// How it must begin.
    pub prefix: Box<str>,
    /// Whether the sender's name must follow.
    pub sender_name: bool,
    /// The words of the free way to refuse at its end, before the telephone number.
    pub refusal: Box<str>,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The hours.
    pub week: Week,
    /// Whether other hours are allowed with a consent of their own.
    pub night_by_consent: bool,
    /// Stricter regions.
    pub regions: BTreeMap<Box<str>, Week>,
    /// What a text must show.
    pub label: Option<Label>,
    /// After so many months a consent is checked with the person.
    pub renew_months: Option<u32>,
    /// Within so many days the result of a consent or withdrawal is told.
    pub tell_days: Option<u32>,
    /// How sure this is.
    pub basis: Basis,
    /// Where it comes from.
    pub source: Box<str>,
    /// As of when.
    pub as_of: Box<str>,
    /// What else there is to know.
    pub note: Box<str>,
}

/// The table.
#[derive(Debug)]
pub struct Table {
    rows: BTreeMap<Country, Row>,
    others: Row,
}

impl Table {
    /// The table that is part of the program.
    pub fn built_in() -> &'static Self {
        static TABLE: LazyLock<Table> = LazyLock::new(|| load(include_str!("countries.toml")).unwrap_or_default());
        &TABLE
    }

    /// The row of a country; that of all others if it has none.
    pub fn row(&self, country: Option<Country>) -> &Row {
        country.and_then(|country| self.rows.get(&country)).unwrap_or(&self.others)
    }

    /// The rows, by country; that of all others comes last, without one.
    pub fn rows(&self) -> impl Iterator<Item = (Option<Country>, &Row)> {
        self.rows.iter().map(|(country, row)| (Some(*country), row)).chain(std::iter::once((None, &self.others)))
    }
}

/// Without a readable table the strictest usual hours hold; a test proves that it is readable.
impl Default for Table {
    fn default() -> Self {
        let week = Week { sunday: None, ..Week::daily(Window { open: 10 * 60, close: 17 * 60 }) };
        let others = Row {
            week,
            night_by_consent: false,
            regions: BTreeMap::new(),
            label: None,
            renew_months: None,
            tell_days: None,
            basis: Basis::Own,
            source: Box::default(),
            as_of: Box::default(),
            note: Box::default(),
        };
        Self { rows: BTreeMap::new(), others }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    country: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: String,
    weekdays: String,
    saturday: Option<String>,
    sunday: Option<String>,
    holidays: Option<String>,
    night: Option<String>,
    label: Option<String>,
    #[serde(default)]
    sender_name: bool,
    refusal: Option<String>,
    renew_months: Option<u32>,
    tell_days: Option<u32>,
    basis: Basis,
    source: String,
    as_of: String,
    note: String,
    #[serde(default)]
    state: Vec<WrittenRegion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRegion {
    codes: Vec<String>,
    weekdays: String,
    saturday: Option<String>,
    sunday: Option<String>,
    #[serde(rename = "basis")]
    _basis: Basis,
}

/// A day: a span, or `closed`.
pub fn day(text: &str) -> Result<Option<Window>, String> {
    if text == "closed" { Ok(None) } else { text.parse().map(Some) }
}

fn week(weekdays: &str, saturday: Option<&str>, sunday: Option<&str>, holidays_closed: bool) -> Result<Week, String> {
    let weekdays = day(weekdays)?;
    let other = |text: Option<&str>| text.map_or(Ok(weekdays), day);
    Ok(Week { weekdays, saturday: other(saturday)?, sunday: other(sunday)?, holidays_closed })
}

fn load(text: &str) -> Result<Table, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut table = Table::default();
    for written in file.country {
        let code = written.code.clone();
        let row = row(written)?;
        if code == "*" {
            table.others = row;
        } else if table.rows.insert(code.parse()?, row).is_some() {
            return Err(format!("{code} stands twice"));
        }
    }
    Ok(table)
}

fn row(written: Written) -> Result<Row, String> {
    let holidays_closed = written.holidays.as_deref() == Some("closed");
    let federal = week(&written.weekdays, written.saturday.as_deref(), written.sunday.as_deref(), holidays_closed)?;
    let mut regions = BTreeMap::new();
    for region in written.state {
        let own = week(&region.weekdays, region.saturday.as_deref(), region.sunday.as_deref(), holidays_closed)?;
        regions.extend(region.codes.into_iter().map(|code| (code.into_boxed_str(), own.and(federal))));
    }
    let label = written.label.map(|prefix| Label {
        prefix: prefix.into(),
        sender_name: written.sender_name,
        refusal: written.refusal.unwrap_or_default().into(),
    });
    Ok(Row {
        week: federal,
        night_by_consent: written.night.as_deref() == Some("consent"),
        regions,
        label,
        renew_months: written.renew_months,
        tell_days: written.tell_days,
        basis: written.basis,
        source: written.source.into(),
        as_of: written.as_of.into(),
        note: written.note.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_right_and_every_row_has_its_source_and_date() {
        let table = load(include_str!("countries.toml")).unwrap();
        assert!(table.rows().count() >= 15);
        for (country, row) in table.rows() {
            assert!(!row.source.is_empty() && !row.as_of.is_empty(), "{country:?}");
            assert!(row.week.weekdays.is_some(), "{country:?}");
        }
    }

    #[test]
    fn the_documentation_has_every_row() {
        let document = include_str!("../../../../docs/CONSENT.md");
        for (country, row) in Table::built_in().rows() {
            let name = country.map_or("all others".to_owned(), |country| country.to_string());
            let line = document.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap();
            for part in [row.week.to_string().as_str(), &row.source, &row.note, row.basis.as_str()] {
                assert!(line.contains(part), "{name}: {part}");
            }
            for (region, week) in &row.regions {
                let own = |line: &&str| line.starts_with(&format!("| {name}: ")) && line.contains(&**region);
                assert!(document.lines().find(own).unwrap().contains(&week.to_string()), "{name}-{region}");
            }
        }
    }

    #[test]
    fn windows_are_read_and_written() {
        let window: Window = "08:00-21:00".parse().unwrap();
        assert_eq!((window.open, window.close, window.to_string().as_str()), (480, 1260, "08:00-21:00"));
        assert!("00:00-24:00".parse::<Window>().is_ok());
        for wrong in ["", "8-21", "21:00-08:00", "08:00-24:01", "08:60-09:00", "08:00", "x:00-09:00", "08:00-08:00"] {
            assert!(wrong.parse::<Window>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stricter_state_wins_over_the_federal_hours() {
        let row = Table::built_in().row("US".parse().ok());
        assert_eq!(row.week.to_string(), "08:00-21:00 every day");
        assert_eq!(row.regions["FL"].to_string(), "08:00-20:00 every day");
        assert_eq!(row.regions["TX"].sunday, Some("12:00-21:00".parse().unwrap()));
        assert_eq!(Table::built_in().row("FR".parse().ok()).week.sunday, None);
        assert_eq!(Table::built_in().row("ZW".parse().ok()).basis, Basis::Own);
    }
}
