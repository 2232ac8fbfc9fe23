//! The data points: what is known of a contact's behaviour, each a typed value that segments and templates can use.
//!
//! - [`Point`], [`Kind`]: the list, with names, types, meanings and sources
//! - [`Points`]: the values of one contact; [`Points::record`] brings an event in
//! - [`Derivation`]: how the points that depend on the present day follow from the stored ones
//! - [`Today`]: the present day by a contact's own calendar

mod derive;
mod record;
mod table;

pub use derive::{DAY_MILLIS, Derivation, Today, birthday_place};
pub use record::KINDS;
pub use table::{Kind, Point};

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::money::Money;
use postrider_model::Timestamp;

/// The value of a data point, in the form that its row holds.
#[derive(Debug, Clone, PartialEq)]
pub enum PointValue {
    /// A count, an amount in ten-thousandths, an instant in milliseconds, or a day since 1970.
    Integer(i64),
    /// Any number.
    Real(f64),
    /// A text.
    Text(String),
}

impl PointValue {
    /// The value as a number; texts are none.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "for ratios and showing")]
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

/// The stored data points of one contact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points(BTreeMap<Point, PointValue>);

impl Points {
    /// The value, if it is known.
    pub fn get(&self, point: Point) -> Option<&PointValue> {
        self.0.get(&point)
    }

    /// Sets or forgets a value, as a row holds it.
    pub fn set(&mut self, point: Point, value: Option<PointValue>) {
        match value {
            Some(value) => drop(self.0.insert(point, value)),
            None => drop(self.0.remove(&point)),
        }
    }

    /// All that are known.
    pub fn iter(&self) -> impl Iterator<Item = (Point, &PointValue)> {
        self.0.iter().map(|(point, value)| (*point, value))
    }

    /// A count, an amount or an instant as it is stored.
    pub fn integer(&self, point: Point) -> Option<i64> {
        match self.get(point)? {
            PointValue::Integer(number) => Some(*number),
            PointValue::Real(_) | PointValue::Text(_) => None,
        }
    }

    /// A number.
    pub fn number(&self, point: Point) -> Option<f64> {
        self.get(point)?.as_f64()
    }

    /// An instant.
    pub fn time(&self, point: Point) -> Option<Timestamp> {
        self.integer(point).map(Timestamp::from_millis)
    }

    /// An amount.
    pub fn money(&self, point: Point) -> Option<Money> {
        self.integer(point).map(Money::from_parts)
    }

    /// A text.
    pub fn text(&self, point: Point) -> Option<&str> {
        match self.get(point)? {
            PointValue::Text(text) => Some(text),
            PointValue::Integer(_) | PointValue::Real(_) => None,
        }
    }

    fn set_time(&mut self, point: Point, at: Timestamp) {
        self.set(point, Some(PointValue::Integer(at.as_millis())));
    }

    fn set_text(&mut self, point: Point, text: Option<&str>) {
        self.set(point, text.map(|text| PointValue::Text(text.to_owned())));
    }

    fn add(&mut self, point: Point, more: i64) {
        let sum = self.integer(point).unwrap_or(0).saturating_add(more);
        self.set(point, Some(PointValue::Integer(sum)));
    }

    fn add_number(&mut self, point: Point, more: f64) {
        self.set(point, Some(PointValue::Real(self.number(point).unwrap_or(0.0) + more)));
    }
}

impl Point {
    /// The point of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|point| point.name() == name)
    }

    /// Those that rows hold.
    pub fn stored() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|point| point.derivation().is_none())
    }
}

/// Days since 1970-01-01.
pub fn day_number(day: Date) -> i64 {
    let start = Date::constant(1970, 1, 1);
    // Both lie within the calendar of the library, so that the span between them has an answer.
    day.since(start).map_or(0, |span| i64::from(span.get_days()))
}

/// The day with this number.
pub fn day_of(number: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(number).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_at_least_fifty_and_each_has_its_own_name_and_a_meaning() {
        let names: BTreeSet<_> = Point::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), Point::ALL.len());
        assert!(Point::ALL.len() >= 50 && Point::stored().count() >= 50);
        for &point in Point::ALL {
            assert_eq!(Point::named(point.name()), Some(point));
            assert!(!point.meaning().is_empty() && !point.meaning().ends_with('.'), "{}", point.name());
            assert_eq!(point.source() == "derived", point.derivation().is_some(), "{}", point.name());
        }
    }

    #[test]
    fn the_documentation_has_all_of_them_in_order() {
        let page = include_str!("../../../../docs/CONTACTS.md");
        let row = |point: &Point| {
            format!("| `{}` | {} | {} | {} |", point.name(), point.kind().as_str(), point.meaning(), point.source())
        };
        let table: Vec<_> = Point::ALL.iter().map(row).collect();
        assert!(page.contains(&table.join("\n")), "docs/CONTACTS.md should have:\n{}", table.join("\n"));
    }

    #[test]
    fn days_are_numbered_from_1970() {
        for (day, number) in [("1970-01-01", 0), ("1969-12-31", -1), ("2026-11-22", 20_779), ("1990-02-28", 7_363)] {
            let day: Date = day.parse().unwrap();
            assert_eq!((day_number(day), day_of(number)), (number, Some(day)));
        }
        assert_eq!(day_of(i64::MAX), None);
    }
}
