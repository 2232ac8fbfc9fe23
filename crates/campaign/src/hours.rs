//! Decides whether a message may leave at an instant, and otherwise when.
//!
//! The recipient's local clock counts. Where the recipient may be in several time zones, a moment is allowed only when it
//! is allowed in each. A margin before the end leaves time for the delivery.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use super::Rules;
use super::law::{Place, Window, is_holiday};
use postrider_model::Timestamp;

/// How many days ahead an opening is looked for.
const DAYS_AHEAD: i64 = 31;

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave.
    Allowed,
    /// It may leave from here on.
    NotBefore(Timestamp),
    /// There is no allowed moment in the next month.
    Never,
}

/// Whether a message to `place` may leave at `at`. `at_night`: the recipient agreed to the hours that need a consent of
/// their own.
pub fn when(place: &Place<'_>, rules: &Rules, at_night: bool, at: Timestamp) -> Verdict {
    if at_night && place.row.night_by_consent {
        return Verdict::Allowed;
    }
    let hours = Hours { place, rules };
    if hours.everywhere(at) {
        return Verdict::Allowed;
    }
    // The first common moment is an opening in one of the zones. No two zones of a country are a day apart, so an earlier
    // day's openings come before a later day's.
    for ahead in 0..=DAYS_AHEAD {
        let mut openings: Vec<Timestamp> = place
            .zones
            .iter()
            .filter_map(|zone| hours.opening(zone, at, ahead))
            .filter(|opening| *opening > at)
            .collect();
        openings.sort_unstable();
        if let Some(opening) = openings.into_iter().find(|opening| hours.everywhere(*opening)) {
            return Verdict::NotBefore(opening);
        }
    }
    Verdict::Never
}

struct Hours<'a> {
    place: &'a Place<'a>,
    rules: &'a Rules,
}

impl Hours<'_> {
    fn everywhere(&self, at: Timestamp) -> bool {
        self.place.zones.iter().all(|zone| self.in_zone(zone, at))
    }

    fn in_zone(&self, zone: &TimeZone, at: Timestamp) -> bool {
        let local = at.to_jiff().to_zoned(zone.clone());
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        self.window(local.date()).is_some_and(|window| (window.open..window.close).contains(&minute))
    }

    /// What a local day allows, without the margin.
    fn window(&self, date: Date) -> Option<Window> {
        let week = &self.place.week;
        let country = self.place.country;
        let closed = |(only, day): &(Option<_>, Date)| *day == date && (only.is_none() || *only == country);
        if self.rules.closed_days.iter().any(closed)
            || (week.holidays_closed && country.is_some_and(|country| is_holiday(country, date)))
        {
            return None;
        }
        let window = match date.weekday() {
            Weekday::Sunday => week.sunday,
            Weekday::Saturday => week.saturday,
            Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday => {
                week.weekdays
            }
        }?;
        let margin = u16::try_from(self.rules.margin.as_secs() / 60).unwrap_or(u16::MAX);
        let close = window.close.saturating_sub(margin);
        (window.open < close).then_some(Window { close, ..window })
    }

    /// When the day that is `ahead` days after `from` opens in `zone`.
    fn opening(&self, zone: &TimeZone, from: Timestamp, ahead: i64) -> Option<Timestamp> {
        let today = from.to_jiff().to_zoned(zone.clone()).date();
        let date = today.checked_add(Span::new().days(ahead)).ok()?;
        let window = self.window(date)?;
        let (hour, minute) = (window.open / 60, window.open % 60);
        let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()?;
        // An opening that the clocks skip in spring is the first moment after the gap.
        let opening: Zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
        Some(Timestamp::from(opening.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{Week, zone};
    use postrider_model::PhoneNumber;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ask_with(rules: &Rules, number: &str, own: Option<&str>, night: bool, instant: &str) -> String {
        let number: PhoneNumber = number.parse().unwrap();
        let own = own.map(|name| zone(name).unwrap());
        let place = Place::of(&number, rules, own.as_ref());
        match when(&place, rules, night, at(instant)) {
            Verdict::Allowed => "now".to_owned(),
            Verdict::NotBefore(time) => time.to_string().replace(":00.000Z", "Z"),
            Verdict::Never => "never".to_owned(),
        }
    }

    fn ask(number: &str, instant: &str) -> String {
        ask_with(&Rules { margin: std::time::Duration::ZERO, ..Rules::default() }, number, None, false, instant)
    }

    const KOREA: &str = "+821012345678";
    const FRANCE: &str = "+33612345678";

    #[test]
    fn the_edges_are_exact_to_the_minute() {
        assert_eq!(ask(KOREA, "2026-11-22T07:59:59.999+09:00"), "2026-11-21T23:00Z");
        assert_eq!(ask(KOREA, "2026-11-22T08:00:00+09:00"), "now");
        assert_eq!(ask(KOREA, "2026-11-22T20:59:59.999+09:00"), "now");
        assert_eq!(ask(KOREA, "2026-11-22T21:00:00+09:00"), "2026-11-22T23:00Z", "08:00 on the next day");
        assert_eq!(ask(KOREA, "2026-12-31T23:30:00+09:00"), "2026-12-31T23:00Z", "over the end of the year");
    }

    #[test]
    fn the_margin_leaves_time_for_the_delivery() {
        let rules = Rules::default();
        assert_eq!(ask_with(&rules, KOREA, None, false, "2026-11-22T20:44:59+09:00"), "now");
        assert_eq!(ask_with(&rules, KOREA, None, false, "2026-11-22T20:45:00+09:00"), "2026-11-22T23:00Z");
    }

    #[test]
    fn a_consent_for_the_night_opens_it_in_korea_and_nowhere_else() {
        let rules = Rules::default();
        assert_eq!(ask_with(&rules, KOREA, None, true, "2026-11-22T23:00:00+09:00"), "now");
        assert_ne!(ask_with(&rules, FRANCE, None, true, "2026-11-21T23:00:00+01:00"), "now");
    }

    #[test]
    fn sundays_and_holidays_are_left_out_in_france() {
        assert_eq!(ask(FRANCE, "2026-11-21T22:00:00+01:00"), "2026-11-23T07:00Z", "Saturday night to Monday");
        assert_eq!(ask(FRANCE, "2026-11-22T12:00:00+01:00"), "2026-11-23T07:00Z", "Sunday noon");
        assert_eq!(ask(FRANCE, "2026-04-04T23:00:00+02:00"), "2026-04-07T06:00Z", "over Easter Monday");
        assert_eq!(ask(FRANCE, "2026-12-25T10:00:00+01:00"), "2026-12-26T07:00Z", "Christmas, then a Saturday");
        assert_eq!(ask(FRANCE, "2027-01-01T10:00:00+01:00"), "2027-01-02T07:00Z", "New Year");
    }

    #[test]
    fn summer_time_moves_the_hours_with_the_clocks() {
        // Clocks go ahead on 2026-03-29 and back on 2026-10-25, both Sundays.
        assert_eq!(ask("+4915112345678", "2026-03-28T20:00:00+01:00"), "2026-03-29T06:00Z", "08:00 is 06:00 UTC now");
        assert_eq!(ask("+4915112345678", "2026-10-24T20:00:00+02:00"), "2026-10-25T07:00Z");
        // Midnight is skipped in Lebanon on 2026-03-29: an opening in the gap is the moment after it.
        let mut rules = Rules { margin: std::time::Duration::ZERO, ..Rules::default() };
        rules.weeks.insert("LB".parse().unwrap(), Week::daily("00:30-02:00".parse().unwrap()));
        assert_eq!(ask_with(&rules, "+9613123456", None, false, "2026-03-28T23:59:00+02:00"), "2026-03-28T22:30Z");
    }

    #[test]
    fn several_zones_hold_together_and_a_known_one_wins() {
        // Australian mobiles: 09:00 in Perth is 12:00 in Sydney; 20:00 on Lord Howe is 17:00 in Perth in summer.
        assert_eq!(ask("+61412345678", "2026-12-01T09:00:00+11:00"), "2026-12-01T01:00Z");
        assert_eq!(ask("+61412345678", "2026-12-01T12:00:00+11:00"), "now");
        let rules = Rules::default();
        let sydney = Some("Australia/Sydney");
        assert_eq!(ask_with(&rules, "+61412345678", sydney, false, "2026-12-01T09:00:00+11:00"), "now");
        // An unknown American area: ten in Honolulu and not yet five in New York.
        assert_eq!(ask("+15005550123", "2026-12-01T12:00:00-05:00"), "2026-12-01T20:00Z");
        assert_eq!(ask("+12125550123", "2026-12-01T08:00:00-05:00"), "now");
        assert_eq!(ask("+13055550123", "2026-12-01T20:00:00-05:00"), "2026-12-02T13:00Z", "Florida ends at eight");
        assert_eq!(
            ask("+12145550123", "2026-12-06T09:00:00-06:00"),
            "2026-12-06T18:00Z",
            "Texan Sundays begin at noon"
        );
    }

    #[test]
    fn russia_has_a_common_hour_from_kaliningrad_to_kamchatka() {
        assert_eq!(ask("+79161234567", "2026-12-01T12:00:00+03:00"), "2026-12-02T07:00Z");
        assert_eq!(ask("+79161234567", "2026-12-02T07:59:00Z"), "now");
    }

    #[test]
    fn closed_days_and_hours_of_ones_own() {
        let mut rules = Rules { margin: std::time::Duration::ZERO, ..Rules::default() };
        rules.closed_days.push((None, jiff::civil::date(2026, 12, 24)));
        rules.closed_days.push(("FR".parse().ok(), jiff::civil::date(2026, 12, 23)));
        assert_eq!(ask_with(&rules, KOREA, None, false, "2026-12-24T10:00:00+09:00"), "2026-12-24T23:00Z");
        assert_eq!(ask_with(&rules, KOREA, None, false, "2026-12-23T10:00:00+09:00"), "now");
        assert_eq!(ask_with(&rules, FRANCE, None, false, "2026-12-23T10:00:00+01:00"), "2026-12-26T07:00Z");
        let nothing = Week { weekdays: None, saturday: None, sunday: None, holidays_closed: false };
        rules.weeks.insert("KR".parse().unwrap(), nothing);
        assert_eq!(ask_with(&rules, KOREA, None, false, "2026-12-23T10:00:00+09:00"), "never");
    }

    #[test]
    fn what_is_promised_is_allowed_when_it_comes() {
        let rules = Rules::default();
        for number in
            [KOREA, FRANCE, "+61412345678", "+15005550123", "+5511987654321", "+263712345678", "+881612345678"]
        {
            for hour in 0..24 * 21 {
                let now = at("2026-03-20T00:17:00Z").plus(std::time::Duration::from_secs(hour * 3600));
                let place = Place::of(&number.parse().unwrap(), &rules, None);
                let Verdict::NotBefore(then) = when(&place, &rules, false, now) else { continue };
                assert!(then > now && when(&place, &rules, false, then) == Verdict::Allowed, "{number} {now}");
            }
        }
    }
}
