//! What the law of the recipient's country asks, and where the recipient is.
//!
//! | part | decides |
//! |---|---|
//! | `table`, `countries.toml` | hours, labels, renewal by country, each row with its source and date |
//! | `zones`, `zones.txt`, `areas.txt` | the time zones in which a number's owner may be |
//! | `holidays`, `holidays.txt` | public holidays, where a rule mentions them |
//! | `label` | what a marketing text must begin and end with |

mod holidays;
mod label;
mod table;
mod zones;

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::Rules;
use postrider_model::{Country, PhoneNumber, country_of};

pub use holidays::is_holiday;
pub use label::{LabelError, labelled};
pub use table::{Basis, Label, Row, Table, Week, Window, day};
pub use zones::{Area, area_of, zone};

/// What holds for one recipient.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The country, if the number has one.
    pub country: Option<Country>,
    /// The region, as far as the number tells: `FL`.
    pub region: Option<&'a str>,
    /// The hours.
    pub week: Week,
    /// Where the recipient may be; a moment is allowed when it is allowed in each.
    pub zones: Cow<'a, [TimeZone]>,
    /// The row of the table.
    pub row: &'static Row,
}

impl<'a> Place<'a> {
    /// Where `number` is and what holds there. `own` is the contact's own time zone, which wins over all guesses.
    pub fn of(number: &PhoneNumber, rules: &Rules, own: Option<&TimeZone>) -> Place<'a> {
        let country = country_of(number);
        let area = zones::area_of(number, country);
        let row = Table::built_in().row(country);
        let region = area.region.as_deref();
        let week = match country.and_then(|country| rules.weeks.get(&country)) {
            Some(week) => *week,
            None => week_of(row, region),
        };
        let zones = own.map_or(Cow::Borrowed(area.zones.as_slice()), |own| Cow::Owned(vec![own.clone()]));
        Place { country, region, week, zones, row }
    }
}

/// The hours of a region; where the region is not known, the strictest of all of the country's.
fn week_of(row: &Row, region: Option<&str>) -> Week {
    match region {
        Some(region) => row.regions.get(region).copied().unwrap_or(row.week),
        None => row.regions.values().fold(row.week, |all, week| all.and(*week)),
    }
}
