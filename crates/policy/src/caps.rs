//! Decides how many segments a SIM may still send, and when it may send again.
//!
//! Minute, hour and day slide: each is cut into slots, and a slot counts until its youngest segment is a whole span old,
//! so no span at any moment holds more than its cap. A month is the contract's own: it begins on a day of the calendar.
//!
//! A clock that was set back leaves slots in the future; they are counted as if they were filled now, so that the caps
//! hold and nothing stalls for longer than a span. A clock that was set ahead cannot be told from time that passed.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use postrider_model::Timestamp;

const SECOND: Duration = Duration::from_secs(1);
/// A segment leaves a little after it was counted; it counts for so much longer.
const LEAVES_WITHIN: Duration = SECOND;

/// A span of time that has a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// From the contract's day of one month to that of the next.
    Month,
}

impl Span {
    /// All spans, shortest first.
    pub const ALL: [Self; 4] = [Self::Minute, Self::Hour, Self::Day, Self::Month];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// How long it is and how long its slots are; `None` for a month.
    const fn length(self) -> Option<(Duration, Duration)> {
        match self {
            Self::Minute => Some((Duration::from_secs(60), Duration::from_secs(5))),
            Self::Hour => Some((Duration::from_secs(3600), Duration::from_secs(300))),
            Self::Day => Some((Duration::from_secs(86_400), Duration::from_secs(3600))),
            Self::Month => None,
        }
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|span| span.as_str() == text);
        found.ok_or_else(|| format!("\"{text}\" is not a span (minute, hour, day, month)"))
    }
}

/// How many segments a SIM may send in each span; `None` is without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// In any 60 seconds.
    pub minute: Option<u32>,
    /// In any 60 minutes.
    pub hour: Option<u32>,
    /// In any 24 hours.
    pub day: Option<u32>,
    /// In a month of the contract.
    pub month: Option<u32>,
}

impl Caps {
    /// No bound at all.
    pub const NONE: Self = Self { minute: None, hour: None, day: None, month: None };

    /// The cap of `span`.
    pub const fn of(&self, span: Span) -> Option<u32> {
        match span {
            Span::Minute => self.minute,
            Span::Hour => self.hour,
            Span::Day => self.day,
            Span::Month => self.month,
        }
    }
}

/// What a consumer's SIM bears without being blocked: 6 a minute, 100 an hour, 200 a day.
impl Default for Caps {
    fn default() -> Self {
        Self { minute: Some(6), hour: Some(100), day: Some(200), month: None }
    }
}

/// Where a month of the contract begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Months {
    /// The day, from 1; in shorter months their last day.
    pub first_day: u8,
    /// Whose midnight it is.
    pub zone: TimeZone,
}

impl Default for Months {
    fn default() -> Self {
        Self { first_day: 1, zone: TimeZone::UTC }
    }
}

impl Months {
    /// The beginnings of the month that `at` lies in and of the next one.
    fn around(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let date = at.to_jiff().to_zoned(self.zone.clone()).date();
        let this = self.begin(date);
        let begins = |ahead: i32| self.midnight(self.begin(moved(date, ahead)));
        if date >= this { (self.midnight(this), begins(1)) } else { (begins(-1), self.midnight(this)) }
    }

    /// The day on which the contract's month begins in the calendar month of `date`.
    fn begin(&self, date: Date) -> Date {
        let day = i8::try_from(self.first_day).unwrap_or(i8::MAX).clamp(1, date.days_in_month());
        date.with().day(day).build().unwrap_or(date)
    }

    fn midnight(&self, date: Date) -> Timestamp {
        date.to_zoned(self.zone.clone()).map_or(Timestamp::from_millis(i64::MAX), |zoned| zoned.timestamp().into())
    }
}

/// The first of the calendar month `months` ahead.
fn moved(date: Date, months: i32) -> Date {
    date.first_of_month().checked_add(jiff::Span::new().months(months)).unwrap_or(date)
}

/// One slot of a span and the segments in it, as the store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The span that it is a piece of.
    pub span: Span,
    /// Its beginning.
    pub start: Timestamp,
    /// How many segments were counted in it.
    pub segments: u32,
}

/// Why a SIM has to wait, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The span whose cap is reached; of several the one that is free last.
    pub span: Span,
    /// When it is free again.
    pub until: Timestamp,
}

/// What a SIM has sent lately, as it counts at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    now: Timestamp,
    /// Begin and end of the contract's month.
    month: (Timestamp, Timestamp),
    slots: Vec<Slot>,
}

impl Usage {
    /// What the store kept, as it counts at `now`.
    pub fn new(slots: impl IntoIterator<Item = Slot>, months: &Months, now: Timestamp) -> Self {
        let mut usage = Self { now, month: months.around(now), slots: Vec::new() };
        for slot in slots {
            let start = slot.start.min(usage.slot_now(slot.span));
            usage.add(Slot { start, ..slot });
        }
        usage.slots.sort_by_key(|slot| (slot.span, slot.start));
        usage
    }

    /// The slots that count `segments` more now, one for each span, for the store to add.
    pub fn slots_of(&self, segments: u32) -> [Slot; 4] {
        Span::ALL.map(|span| Slot { span, start: self.slot_now(span), segments })
    }

    /// Counts `segments` more now.
    pub fn count(&mut self, segments: u32) {
        self.slots_of(segments).into_iter().for_each(|slot| self.add(slot));
    }

    fn add(&mut self, new: Slot) {
        match self.slots.iter_mut().find(|slot| (slot.span, slot.start) == (new.span, new.start)) {
            Some(slot) => slot.segments = slot.segments.saturating_add(new.segments),
            None => self.slots.push(new),
        }
    }

    /// How many segments count against the cap of `span`.
    pub fn used(&self, span: Span) -> u32 {
        self.counting(span).fold(0, |sum, (_, segments)| sum.saturating_add(segments))
    }

    /// The slots of `span` that count now: when each stops counting, and its segments. The oldest comes first.
    fn counting(&self, span: Span) -> impl Iterator<Item = (Timestamp, u32)> + '_ {
        let (begin, end) = self.month;
        let ends = move |start: Timestamp| match span.length() {
            Some((whole, slot)) => start.plus(slot).plus(whole).plus(LEAVES_WITHIN),
            None if start >= begin => end,
            None => start,
        };
        let slots = self.slots.iter().filter(move |slot| slot.span == span);
        slots.map(move |slot| (ends(slot.start), slot.segments)).filter(|(until, _)| *until > self.now)
    }

    /// What keeps `segments` more from leaving now, if anything does.
    ///
    /// A message longer than a cap goes when nothing else counts against it; else it would never go.
    pub fn quota(&self, caps: &Caps, segments: u32) -> Option<Quota> {
        let of = |span: Span| {
            let cap = caps.of(span)?;
            let mut used = self.used(span);
            let fits = |used: u32| used == 0 || used.saturating_add(segments) <= cap;
            if fits(used) {
                return None;
            }
            let free_at = self.counting(span).find_map(|(until, leaving)| {
                used = used.saturating_sub(leaving);
                fits(used).then_some(until)
            });
            Some(Quota { span, until: free_at.unwrap_or_else(|| self.now.plus(SECOND)) })
        };
        Span::ALL.into_iter().filter_map(of).max_by_key(|quota| quota.until)
    }

    /// The beginning of the slot of `span` that it is now.
    fn slot_now(&self, span: Span) -> Timestamp {
        let Some((_, slot)) = span.length() else { return self.month.0 };
        let length = i64::try_from(slot.as_millis()).unwrap_or(i64::MAX).max(1);
        Timestamp::from_millis(self.now.as_millis().div_euclid(length).saturating_mul(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn usage(now: Timestamp) -> Usage {
        Usage::new([], &Months::default(), now)
    }

    /// The same usage at another instant.
    fn at(usage: &Usage, now: Timestamp) -> Usage {
        Usage::new(usage.slots.clone(), &Months::default(), now)
    }

    /// Sends one segment after the other as soon as the caps let it, and returns when each went.
    fn departures(caps: &Caps, count: usize) -> Vec<Timestamp> {
        let mut now = NOW.plus(Duration::from_millis(1234));
        let (mut usage, mut out) = (usage(now), Vec::new());
        while out.len() < count {
            usage = at(&usage, now);
            match usage.quota(caps, 1) {
                Some(quota) => {
                    assert!(quota.until > now, "{quota:?} at {now}");
                    now = quota.until;
                }
                None => {
                    usage.count(1);
                    out.push(now);
                    now = now.plus(Duration::from_millis(700));
                }
            }
        }
        out
    }

    #[test]
    fn no_span_at_any_moment_holds_more_than_its_cap() {
        let caps = Caps { minute: Some(6), hour: Some(100), day: Some(200), month: None };
        let seen = departures(&caps, 450);
        for (span, cap) in [(60, 6), (3600, 100), (86_400, 200)] {
            for (place, start) in seen.iter().enumerate() {
                let within = seen[place..].iter().take_while(|at| at.since(*start) < SECOND * span).count();
                assert!(within <= cap, "{within} within {span} s");
            }
        }
        assert!(seen[449].since(seen[0]) < HOUR * 52, "the caps cost no more than their slots");
    }

    #[test]
    fn a_cap_that_is_reached_has_an_end() {
        let caps = Caps { day: Some(3), ..Caps::NONE };
        let mut first = usage(NOW);
        first.count(2);
        assert_eq!(first.quota(&caps, 1), None);
        let until = NOW.plus(HOUR * 25 + SECOND);
        assert_eq!(first.quota(&caps, 2), Some(Quota { span: Span::Day, until }), "two do not fit any more");
        let mut later = at(&first, NOW.plus(HOUR * 3));
        later.count(1);
        assert_eq!(later.quota(&caps, 1).unwrap().until, until, "the first two leave first");
        assert_eq!(at(&later, until).used(Span::Day), 1);
    }

    #[test]
    fn a_message_longer_than_a_cap_goes_alone() {
        let caps = Caps { minute: Some(6), ..Caps::NONE };
        let mut usage = usage(NOW);
        assert_eq!(usage.quota(&caps, 10), None);
        usage.count(10);
        assert!(usage.quota(&caps, 1).is_some());
        assert_eq!(at(&usage, NOW.plus(SECOND * 66)).quota(&caps, 10), None);
    }

    #[test]
    fn a_clock_set_back_keeps_the_caps_and_stalls_for_no_longer_than_a_span() {
        let caps = Caps { hour: Some(5), ..Caps::NONE };
        let mut usage = usage(NOW);
        usage.count(5);
        let back = NOW.minus(HOUR * 24 * 400);
        let seen = at(&usage, back);
        let quota = seen.quota(&caps, 1).unwrap();
        assert!(quota.until.since(back) <= HOUR + SECOND * 301, "{quota:?}");
        assert_eq!(seen.used(Span::Month), 5);
    }

    #[test]
    fn a_month_begins_on_its_day_in_its_zone() {
        let seoul = Months { first_day: 15, zone: TimeZone::get("Asia/Seoul").unwrap() };
        let last = Months { first_day: 31, ..Months::default() };
        for (months, at, this, next) in [
            (&seoul, "2026-11-14T15:00:00Z", "2026-11-14T15:00:00.000Z", "2026-12-14T15:00:00.000Z"),
            (&seoul, "2026-11-14T14:59:59Z", "2026-10-14T15:00:00.000Z", "2026-11-14T15:00:00.000Z"),
            (&last, "2026-02-28T12:00:00Z", "2026-02-28T00:00:00.000Z", "2026-03-31T00:00:00.000Z"),
            (&last, "2026-02-27T12:00:00Z", "2026-01-31T00:00:00.000Z", "2026-02-28T00:00:00.000Z"),
        ] {
            let (begin, end) = months.around(at.parse().unwrap());
            assert_eq!((begin.to_string().as_str(), end.to_string().as_str()), (this, next), "{at}");
        }
    }

    #[test]
    fn a_month_of_the_contract_frees_everything_at_once() {
        let caps = Caps { month: Some(2), ..Caps::NONE };
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut usage = usage(instant("2026-11-02T00:00:00Z"));
        usage.count(1);
        let mut later = at(&usage, instant("2026-11-29T00:00:00Z"));
        later.count(1);
        let quota = later.quota(&caps, 1).unwrap();
        assert_eq!(quota.until, instant("2026-12-01T00:00:00Z"));
        assert_eq!(at(&later, quota.until).quota(&caps, 2), None);
    }

    #[test]
    fn no_instant_and_no_count_panics() {
        for millis in [i64::MIN, -1, 0, i64::MAX] {
            let mut usage = usage(Timestamp::from_millis(millis));
            usage.count(u32::MAX);
            usage.count(u32::MAX);
            let _ = usage.quota(&Caps { month: Some(0), ..Caps::default() }, u32::MAX);
        }
    }
}
