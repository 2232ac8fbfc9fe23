//! Writes values into SQL: parameters, data points, and moments that differ from one calendar to the next.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::law;
use crate::point::{DAY_MILLIS, Derivation, Kind, Point, PointValue, Today};
use postrider_model::Timestamp;

/// The present day in every time zone that contacts have.
#[derive(Debug, Clone)]
pub struct Calendars {
    home: (TimeZone, Today),
    zones: Vec<(i64, TimeZone, Today)>,
    now: Timestamp,
}

impl Calendars {
    /// The calendars at `now`; `zones` are those that rows name. Numbers of no country live by UTC.
    pub fn new(now: Timestamp, zones: impl IntoIterator<Item = (i64, String)>) -> Self {
        let home = TimeZone::UTC;
        // A zone that this version's table does not know any more counts as UTC.
        let zone = |(id, name): (i64, String)| {
            let zone = law::zone(&name)?;
            let today = Today::of(now, &zone);
            Some((id, zone, today))
        };
        let zones = zones.into_iter().filter_map(zone).collect();
        Self { home: (home.clone(), Today::of(now, &home)), zones, now }
    }

    /// The present instant.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

/// SQL text on its way, and its parameters.
pub struct Writer<'a> {
    pub calendars: &'a Calendars,
    pub params: Vec<PointValue>,
    pub joins_contact: bool,
    pub spans: bool,
}

/// Where the time zone of a row stands when it is asked for: beside the contact's points, or behind a contact's number.
#[derive(Debug, Clone, Copy)]
pub enum Whose {
    /// The row of `contact_point` is at hand as `p`.
    Point,
    /// Only a column with the contact's row id is.
    Contact(&'static str),
}

impl Whose {
    fn zone(self) -> String {
        match self {
            Self::Point => "p.zone".to_owned(),
            Self::Contact(column) => format!("(SELECT z.zone FROM contact_point z WHERE z.contact = {column})"),
        }
    }
}

impl Writer<'_> {
    /// A parameter.
    pub fn param(&mut self, value: PointValue) -> String {
        // The same value needs no second parameter, and SQLite takes a bounded number of them.
        let place = self.params.iter().position(|known| *known == value).unwrap_or_else(|| {
            self.params.push(value);
            self.params.len() - 1
        });
        format!("?{}", place + 1)
    }

    /// A whole number.
    pub fn integer(&mut self, number: i64) -> String {
        self.param(PointValue::Integer(number))
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> String {
        self.param(PointValue::Text(text.to_owned()))
    }

    /// A whole number that follows from the contact's present day: one parameter if all calendars agree.
    pub fn zoned(&mut self, whose: Whose, value: impl Fn(&Today, &TimeZone) -> i64) -> String {
        let calendars = self.calendars;
        let home = value(&calendars.home.1, &calendars.home.0);
        let mut others: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (id, zone, today) in &calendars.zones {
            let own = value(today, zone);
            if own != home {
                others.entry(own).or_default().push(id.to_string());
            }
        }
        let home = self.integer(home);
        if others.is_empty() {
            return home;
        }
        let mut sql = "CASE".to_owned();
        for (own, ids) in others {
            let own = self.integer(own);
            sql.push_str(&format!(" WHEN {} IN ({}) THEN {own}", whose.zone(), ids.join(", ")));
        }
        format!("{sql} ELSE {home} END")
    }

    /// The least value that [`Writer::zoned`] would give for anybody.
    pub fn least(&self, value: impl Fn(&Today, &TimeZone) -> i64) -> i64 {
        let home = value(&self.calendars.home.1, &self.calendars.home.0);
        self.calendars.zones.iter().map(|(_, zone, today)| value(today, zone)).fold(home, i64::min)
    }

    /// The greatest value that [`Writer::zoned`] would give for anybody.
    pub fn greatest(&self, value: impl Fn(&Today, &TimeZone) -> i64) -> i64 {
        let home = value(&self.calendars.home.1, &self.calendars.home.0);
        self.calendars.zones.iter().map(|(_, zone, today)| value(today, zone)).fold(home, i64::max)
    }

    /// The value of a data point: its column, or what it is worked out from, as [`Points::value`] does.
    ///
    /// [`Points::value`]: crate::point::Points::value
    pub fn point(&mut self, point: Point) -> String {
        let now = self.calendars.now.as_millis();
        let interval =
            "(CASE WHEN p.purchases > 1 THEN (p.last_purchase_at - p.first_purchase_at) / (p.purchases - 1) END)";
        match point.derivation() {
            None => format!("p.{}", point.name()),
            Some(Derivation::DaysSince(of)) => {
                let last = self.zoned(Whose::Point, |today, _| today.end.as_millis() - 1);
                floor(&format!("{last} - p.{}", of.name()), DAY_MILLIS)
            }
            Some(Derivation::HoursSince(of)) => {
                let now = self.integer(now);
                floor(&format!("{now} - p.{}", of.name()), DAY_MILLIS / 24)
            }
            Some(Derivation::DaysUntilTime(of)) => {
                let start = self.zoned(Whose::Point, |today, _| today.start.as_millis());
                floor(&format!("p.{} - {start}", of.name()), DAY_MILLIS)
            }
            Some(Derivation::DaysUntilDay(of)) => {
                let day = self.zoned(Whose::Point, |today, _| today.day);
                format!("(p.{} - {day})", of.name())
            }
            Some(Derivation::DaysUntilReturn(_)) => {
                let place = self.zoned(Whose::Point, |today, _| today.place_in_year().0);
                let length = self.zoned(Whose::Point, |today, _| today.place_in_year().1);
                format!("(p.birthday_place - {place} + CASE WHEN p.birthday_place < {place} THEN {length} ELSE 0 END)")
            }
            Some(Derivation::Ratio(above, below)) if above.kind() == Kind::Money => {
                format!("(CASE WHEN p.{1} > 0 THEN p.{0} / p.{1} END)", above.name(), below.name())
            }
            Some(Derivation::Ratio(above, below)) => {
                format!(
                    "(CASE WHEN p.{1} > 0 THEN CAST(ifnull(p.{0}, 0) AS REAL) / p.{1} END)",
                    above.name(),
                    below.name()
                )
            }
            Some(Derivation::Interval) => format!("({interval} / {DAY_MILLIS}.0)"),
            Some(Derivation::Overdue) => {
                let now = self.integer(now);
                format!("(({now} - p.last_purchase_at - {interval}) / {DAY_MILLIS}.0)")
            }
            Some(Derivation::Expected) => format!("(p.last_purchase_at + {interval})"),
        }
    }
}

/// Division that rounds down below zero as well; SQLite's own rounds towards zero.
fn floor(dividend: &str, divisor: i64) -> String {
    const AHEAD: i64 = 1_000_000;
    format!("(({dividend} + {}) / {divisor} - {AHEAD})", AHEAD * divisor)
}
