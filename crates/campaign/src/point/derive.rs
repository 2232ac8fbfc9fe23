//! Works out the data points that depend on the present day, or on several others.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Point, PointValue, Points, day_number};
use postrider_model::Timestamp;

/// The milliseconds of a day that has 24 hours.
pub const DAY_MILLIS: i64 = 86_400_000;
const HOUR_MILLIS: i64 = 3_600_000;

/// How a point follows from stored ones. The compiler of segments writes the same in SQL; a test in `store` holds both
/// together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// Midnights of the contact's calendar that lie between an instant and now.
    DaysSince(Point),
    /// Full hours from an instant until now.
    HoursSince(Point),
    /// Days of the contact's calendar from today until an instant; below zero it is past.
    DaysUntilTime(Point),
    /// Days from today until a day; below zero it is past.
    DaysUntilDay(Point),
    /// Days from today until the day's next return in a year.
    DaysUntilReturn(Point),
    /// One by the other, in whole numbers for money.
    Ratio(Point, Point),
    /// The mean span between purchases, in days.
    Interval,
    /// How far the time since the last purchase is beyond [`Derivation::Interval`].
    Overdue,
    /// The last purchase, and [`Derivation::Interval`] on top.
    Expected,
}

impl Point {
    /// How the point is worked out; `None` for stored ones.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are stored")]
    pub const fn derivation(self) -> Option<Derivation> {
        use Derivation::*;
        Some(match self {
            Self::DaysInactive => DaysSince(Self::LastActiveAt),
            Self::DaysSinceJoined => DaysSince(Self::ContactSince),
            Self::DaysSincePurchase => DaysSince(Self::LastPurchaseAt),
            Self::DaysSinceVisit => DaysSince(Self::LastVisitAt),
            Self::DaysSinceClick => DaysSince(Self::LastClickAt),
            Self::DaysSinceReply => DaysSince(Self::LastReplyAt),
            Self::DaysSinceMessage => DaysSince(Self::LastMessageAt),
            Self::DaysUntilBirthday => DaysUntilReturn(Self::Birthday),
            Self::DaysUntilPointsExpire => DaysUntilDay(Self::PointsExpireOn),
            Self::DaysUntilRenewal => DaysUntilDay(Self::RenewalOn),
            Self::DaysUntilAppointment => DaysUntilTime(Self::NextAppointmentAt),
            Self::HoursSinceCart => HoursSince(Self::CartUpdatedAt),
            Self::AveragePurchaseValue => Ratio(Self::LifetimeValue, Self::Purchases),
            Self::UsualIntervalDays => Interval,
            Self::DaysOverdue => Overdue,
            Self::NextPurchaseExpectedAt => Expected,
            Self::ClickRate => Ratio(Self::Clicks, Self::MessagesSent),
            Self::ReplyRate => Ratio(Self::Replies, Self::MessagesSent),
            _ => return None,
        })
    }
}

/// The present, by the calendar of one time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    /// The present instant.
    pub now: Timestamp,
    /// The day.
    pub date: Date,
    /// The day, as rows hold days.
    pub day: i64,
    /// When the day began.
    pub start: Timestamp,
    /// When the next day begins.
    pub end: Timestamp,
}

impl Today {
    /// The day that it is in `zone`.
    pub fn of(now: Timestamp, zone: &TimeZone) -> Self {
        let date = now.to_jiff().to_zoned(zone.clone()).date();
        let begins = |day: Date| day.to_zoned(zone.clone()).map_or(now, |begin| begin.timestamp().into());
        let end = date.tomorrow().map_or(now, begins);
        Self { now, date, day: day_number(date), start: begins(date), end }
    }

    /// The place of today in [`birthday_place`]'s year, and how many days that year has.
    pub fn place_in_year(&self) -> (i64, i64) {
        // The year that begins in March is as long as the calendar year in which its February lies.
        let february = i32::from(self.date.year()) + i32::from(self.date.month() > 2);
        let leap = february % 4 == 0 && (february % 100 != 0 || february % 400 == 0);
        (birthday_place(self.date), if leap { 366 } else { 365 })
    }
}

/// The place of a day in a year that begins on the first of March, from 0; so the 29th of February is the last, and in
/// years that lack it falls on the first of March.
pub fn birthday_place(day: Date) -> i64 {
    let month = (i64::from(day.month()) + 9) % 12;
    (153 * month + 2) / 5 + i64::from(day.day()) - 1
}

impl Points {
    /// The value of any point, stored or worked out.
    pub fn value(&self, point: Point, today: &Today) -> Option<PointValue> {
        let Some(derivation) = point.derivation() else { return self.get(point).cloned() };
        let now = today.now.as_millis();
        match derivation {
            Derivation::DaysSince(of) => {
                Some(PointValue::Integer((today.end.as_millis() - 1 - self.integer(of)?).div_euclid(DAY_MILLIS)))
            }
            Derivation::HoursSince(of) => Some(PointValue::Integer((now - self.integer(of)?).div_euclid(HOUR_MILLIS))),
            Derivation::DaysUntilTime(of) => {
                Some(PointValue::Integer((self.integer(of)? - today.start.as_millis()).div_euclid(DAY_MILLIS)))
            }
            Derivation::DaysUntilDay(of) => Some(PointValue::Integer(self.integer(of)? - today.day)),
            Derivation::DaysUntilReturn(of) => {
                let ((place, length), wanted) =
                    (today.place_in_year(), birthday_place(super::day_of(self.integer(of)?)?));
                let until = if wanted >= place { wanted - place } else { wanted + length - place };
                Some(PointValue::Integer(until))
            }
            Derivation::Ratio(above, below) => self.ratio(above, below),
            Derivation::Interval => self.interval_millis().map(|millis| PointValue::Real(days(millis))),
            Derivation::Overdue => {
                let interval = self.interval_millis()?;
                Some(PointValue::Real(days(now - self.integer(Point::LastPurchaseAt)? - interval)))
            }
            Derivation::Expected => {
                Some(PointValue::Integer(self.integer(Point::LastPurchaseAt)? + self.interval_millis()?))
            }
        }
    }

    fn ratio(&self, above: Point, below: Point) -> Option<PointValue> {
        let divisor = self.integer(below).filter(|count| *count > 0)?;
        let dividend = self.integer(above);
        if above.kind() == super::Kind::Money {
            return Some(PointValue::Integer(dividend? / divisor));
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of one contact are small")]
        Some(PointValue::Real(dividend.unwrap_or(0) as f64 / divisor as f64))
    }

    fn interval_millis(&self) -> Option<i64> {
        let gaps = self.integer(Point::Purchases).filter(|count| *count > 1)? - 1;
        let (first, last) = (self.integer(Point::FirstPurchaseAt)?, self.integer(Point::LastPurchaseAt)?);
        Some((last - first) / gaps)
    }
}

#[expect(clippy::cast_precision_loss, reason = "spans of one life in milliseconds lie below 2^53")]
fn days(millis: i64) -> f64 {
    millis as f64 / DAY_MILLIS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today(text: &str, zone: &str) -> Today {
        Today::of(text.parse().unwrap(), &TimeZone::get(zone).unwrap())
    }

    fn with(point: Point, at: &str) -> Points {
        let mut points = Points::default();
        points.set_time(point, at.parse().unwrap());
        points
    }

    #[test]
    fn days_are_counted_by_the_contacts_own_midnights() {
        let points = with(Point::LastActiveAt, "2026-11-21T14:59:00Z");
        // It was 23:59 in Seoul, and is 00:01 there now.
        let seoul = today("2026-11-21T15:01:00Z", "Asia/Seoul");
        assert_eq!(points.value(Point::DaysInactive, &seoul), Some(PointValue::Integer(1)));
        let berlin = today("2026-11-21T15:01:00Z", "Europe/Berlin");
        assert_eq!(points.value(Point::DaysInactive, &berlin), Some(PointValue::Integer(0)));
        assert_eq!(Points::default().value(Point::DaysInactive, &seoul), None);
    }

    #[test]
    fn birthdays_return_every_year() {
        let until = |birthday: &str, now: &str| {
            let mut points = Points::default();
            points.set(Point::Birthday, Some(PointValue::Integer(day_number(birthday.parse().unwrap()))));
            points.value(Point::DaysUntilBirthday, &today(&format!("{now}T12:00:00Z"), "UTC"))
        };
        for (birthday, now, days) in [
            ("1990-11-22", "2026-11-22", 0),
            ("1990-11-29", "2026-11-22", 7),
            ("1990-01-05", "2026-12-31", 5),
            ("1990-11-21", "2026-11-22", 364),
            ("1990-02-28", "2026-03-01", 364),
            ("1990-02-28", "2027-03-01", 364),
            ("2000-02-29", "2027-02-28", 1),
            ("2000-02-29", "2028-02-28", 1),
            ("1990-03-01", "2028-02-28", 2),
        ] {
            assert_eq!(until(birthday, now), Some(PointValue::Integer(days)), "{birthday} from {now}");
        }
    }

    #[test]
    fn a_rhythm_needs_two_purchases() {
        let now = today("2026-11-22T00:00:00Z", "UTC");
        let mut points = with(Point::LastPurchaseAt, "2026-10-22T00:00:00Z");
        points.set_time(Point::FirstPurchaseAt, "2026-10-02T00:00:00Z".parse().unwrap());
        points.add(Point::Purchases, 1);
        assert_eq!(points.value(Point::UsualIntervalDays, &now), None);
        points.add(Point::Purchases, 2);
        assert_eq!(points.value(Point::UsualIntervalDays, &now), Some(PointValue::Real(10.0)));
        assert_eq!(points.value(Point::DaysOverdue, &now), Some(PointValue::Real(21.0)));
        let expected = "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap().as_millis();
        assert_eq!(points.value(Point::NextPurchaseExpectedAt, &now), Some(PointValue::Integer(expected)));
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        let now = today("2026-11-22T00:00:00Z", "UTC");
        let mut points = Points::default();
        points.add(Point::Purchases, 0);
        assert_eq!(points.value(Point::AveragePurchaseValue, &now), None);
        points.add(Point::Purchases, 3);
        points.add(Point::LifetimeValue, 100_000);
        assert_eq!(points.value(Point::AveragePurchaseValue, &now), Some(PointValue::Integer(33_333)));
    }
}
