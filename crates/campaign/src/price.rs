//! What a segment costs, by country and route, so that a campaign's cost is known before it starts.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use postrider_model::{Country, PhoneNumber, country_of};

/// How many parts one unit of a currency has here: carriers bill in fractions of a cent.
pub const PARTS: i64 = 1_000_000;
/// The dearest segment, in units; what is above it is a slip.
const UNITS_MAX: i64 = 1_000_000;

/// An amount in millionths of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Price(i64);

impl Price {
    /// The price of so many millionths.
    pub const fn from_parts(parts: i64) -> Self {
        Self(parts)
    }

    /// In millionths.
    pub const fn parts(self) -> i64 {
        self.0
    }

    /// The price of so many of it.
    #[must_use]
    pub fn times(self, count: usize) -> Self {
        Self(self.0.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// As a number, for showing.
    pub fn units(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "what a shop pays lies far below 2^53 millionths")]
        let parts = self.0 as f64;
        parts / 1_000_000.0
    }
}

impl FromStr for Price {
    type Err = String;

    /// Reads `0.0064`, `12`.
    fn from_str(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().take(40).collect();
        let wrong = || format!("\"{shown}\" is no price of a segment; write one like 0.0125");
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 9 || decimals.len() > 6 || !digits(whole) || !digits(decimals) {
            return Err(wrong());
        }
        let units: i64 = whole.parse().map_err(|_| wrong())?;
        let parts: i64 = format!("{decimals:0<6}").parse().map_err(|_| wrong())?;
        if units > UNITS_MAX {
            return Err(wrong());
        }
        Ok(Self(units * PARTS + parts))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.units())
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.units())
    }
}

/// The prices of one route, or of all that have none of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceList {
    /// To countries that are not named.
    pub segment: Option<Price>,
    /// By country.
    pub countries: BTreeMap<Country, Price>,
}

impl PriceList {
    fn of(&self, country: Option<Country>) -> Option<Price> {
        country.and_then(|country| self.countries.get(&country)).copied().or(self.segment)
    }
}

/// All prices, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// The currency, as ISO 4217 writes it; empty if no prices are known.
    pub currency: String,
    /// For all routes that have no price of their own.
    pub usual: PriceList,
    /// By route.
    pub routes: BTreeMap<String, PriceList>,
}

impl Prices {
    /// Whether any price is known.
    pub fn known(&self) -> bool {
        !self.currency.is_empty()
    }

    /// What a segment to `number` costs over `route`, if that is known.
    pub fn of(&self, route: &str, number: &PhoneNumber) -> Option<Price> {
        let country = country_of(number);
        let own = self.routes.get(route).and_then(|list| list.of(country));
        own.or_else(|| self.usual.of(country))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn prices_are_exact() {
        for (text, parts) in [("0.0064", 6_400), ("12", 12_000_000), ("0.000001", 1), ("0", 0)] {
            assert_eq!(text.parse::<Price>().map(Price::parts), Ok(parts), "{text}");
        }
        for text in ["", ".5", "-1", "1,5", "0.0000001", "2000000", "1e3", "+1"] {
            assert!(text.parse::<Price>().is_err(), "{text}");
        }
        assert_eq!(price("0.0064").times(3).plus(price("1")), price("1.0192"));
    }

    #[test]
    fn the_routes_own_price_comes_before_the_usual_one() {
        let korea: Country = "KR".parse().unwrap();
        let north = PriceList { segment: None, countries: [(korea, price("0.01"))].into() };
        let usual = PriceList { segment: Some(price("0.05")), countries: [(korea, price("0.02"))].into() };
        let prices = Prices { currency: "EUR".to_owned(), usual, routes: [("north".to_owned(), north)].into() };
        let of = |route: &str, number: &str| prices.of(route, &number.parse().unwrap());
        assert_eq!(of("north", "+821012345678"), Some(price("0.01")));
        assert_eq!(of("south", "+821012345678"), Some(price("0.02")));
        assert_eq!(of("north", "+4915112345678"), Some(price("0.05")));
        assert_eq!(Prices::default().of("north", &"+4915112345678".parse().unwrap()), None);
    }
}
