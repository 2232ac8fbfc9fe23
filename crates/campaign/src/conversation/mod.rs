//! Conversations: when somebody of the shop is there, and what is answered when nobody is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Span;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::flood::Limits;
use super::law::{Window, is_holiday};
use postrider_model::{Country, Timestamp};

/// How many days ahead an opening is looked for.
const DAYS_AHEAD: i64 = 31;
/// Most tags of a conversation.
pub const TAGS_MAX: usize = 50;
/// Most notes of a conversation; the oldest goes when there is one more.
pub const NOTES_MAX: usize = 500;
/// The longest note, in characters.
pub const NOTE_MAX: usize = 2_000;
/// The longest name of somebody of the shop.
pub const PERSON_MAX: usize = 60;

/// The operator's choices about conversations.
#[derive(Debug, Clone, PartialEq)]
pub struct TalkRules {
    /// Whether services, surveys and opening hours are answered; without it texts are only shown.
    pub answers: bool,
    /// When somebody is there; always if absent.
    pub hours: Option<OpeningHours>,
    /// The shop's time zone, by which days of contests and hours are meant.
    pub zone: TimeZone,
    /// What is told who writes at other times, by language, in place of the program's own texts.
    pub closed: BTreeMap<String, String>,
    /// How often one number is answered by itself.
    pub limits: Limits,
    /// Further numbers of our own, which are never answered.
    pub own_numbers: Vec<String>,
}

impl Default for TalkRules {
    fn default() -> Self {
        Self {
            answers: true,
            hours: None,
            zone: TimeZone::UTC,
            closed: BTreeMap::new(),
            limits: Limits::default(),
            own_numbers: Vec::new(),
        }
    }
}

/// When somebody of the shop is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpeningHours {
    /// From Monday to Sunday; `None` is closed.
    pub days: [Option<Window>; 7],
    /// Further days on which nobody is there.
    pub closed_days: BTreeSet<Date>,
    /// The country whose public holidays are closed days.
    pub holidays: Option<Country>,
}

impl OpeningHours {
    fn window(&self, day: Date) -> Option<Window> {
        if self.closed_days.contains(&day) || self.holidays.is_some_and(|country| is_holiday(country, day)) {
            return None;
        }
        let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
        self.days.get(weekday).copied().flatten()
    }

    /// Whether somebody is there at `at`.
    pub fn is_open(&self, zone: &TimeZone, at: Timestamp) -> bool {
        let local = at.to_jiff().to_zoned(zone.clone());
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        self.window(local.date()).is_some_and(|window| (window.open..window.close).contains(&minute))
    }

    /// When somebody is there next; `None` if that is not within a month.
    pub fn opens(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let today = after.to_jiff().to_zoned(zone.clone()).date();
        (0..=DAYS_AHEAD).find_map(|ahead| {
            let day = today.checked_add(Span::new().days(ahead)).ok()?;
            let window = self.window(day)?;
            let (hour, minute) = (i8::try_from(window.open / 60).ok()?, i8::try_from(window.open % 60).ok()?);
            let opening = day.to_datetime(Time::new(hour, minute, 0, 0).ok()?).to_zoned(zone.clone()).ok()?;
            Some(Timestamp::from(opening.timestamp())).filter(|opening| *opening > after)
        })
    }
}

type Texts = BTreeMap<String, BTreeMap<String, String>>;

static TEXTS: LazyLock<Texts> = LazyLock::new(|| toml::from_str(include_str!("texts.toml")).unwrap_or_default());

/// What is told in `language` who writes while nobody is there; `zone` is where the reader is.
pub fn closed_text(
    rules: &TalkRules,
    brand: Option<&str>,
    language: &str,
    opens: Option<Timestamp>,
    zone: &TimeZone,
) -> String {
    let key = if opens.is_some() { "closed_until" } else { "closed" };
    let template = [language, "en"].into_iter().find_map(|language| {
        let own = rules.closed.get(language);
        own.or_else(|| TEXTS.get(language)?.get(key))
    });
    let template = template.map_or("", String::as_str);
    let named = match brand {
        Some(brand) => template.replace("{brand}", brand),
        None => {
            let without = ["{brand}: ", "{brand} : "].iter().find_map(|start| template.strip_prefix(start));
            without.unwrap_or(template).replace("{brand}", "")
        }
    };
    let time = opens.map(|opens| opens.to_jiff().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string());
    named.replace("{time}", time.as_deref().unwrap_or_default()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seoul() -> TimeZone {
        super::super::law::zone("Asia/Seoul").unwrap()
    }

    fn office() -> OpeningHours {
        let window = "09:00-18:00".parse().ok();
        let days = [window, window, window, window, window, None, None];
        let closed_days = [jiff::civil::date(2026, 11, 24)].into();
        OpeningHours { days, closed_days, holidays: "FR".parse().ok() }
    }

    #[test]
    fn somebody_is_there_in_the_hours_of_the_week_and_not_on_closed_days() {
        let open = |text: &str| office().is_open(&seoul(), text.parse().unwrap());
        assert!(open("2026-11-23T09:00:00+09:00") && open("2026-11-23T17:59:59+09:00"));
        assert!(!open("2026-11-23T08:59:59+09:00") && !open("2026-11-23T18:00:00+09:00"));
        assert!(!open("2026-11-22T12:00:00+09:00"), "Sunday");
        assert!(!open("2026-11-24T12:00:00+09:00"), "a closed day");
        assert!(!open("2026-12-25T12:00:00+09:00"), "a public holiday");
    }

    #[test]
    fn the_next_opening_is_told() {
        let opens = |text: &str| office().opens(&seoul(), text.parse().unwrap()).unwrap().to_string();
        assert_eq!(opens("2026-11-21T12:00:00+09:00"), "2026-11-23T00:00:00.000Z", "Saturday to Monday at nine");
        assert_eq!(opens("2026-11-23T19:00:00+09:00"), "2026-11-25T00:00:00.000Z", "over a closed day");
        assert_eq!(OpeningHours::default().opens(&seoul(), Timestamp::default()), None);
    }

    #[test]
    fn the_answer_is_in_the_reader_s_language_and_time() {
        let (rules, opens) = (TalkRules::default(), "2026-11-23T00:00:00Z".parse().ok());
        let say = |language: &str, opens| closed_text(&rules, Some("Kim's Tea"), language, opens, &seoul());
        assert_eq!(say("en", opens), "Kim's Tea: We are closed now. We will answer from 2026-11-23 09:00.");
        assert!(say("ko", opens).contains("2026-11-23 09:00") && say("xx", opens) == say("en", opens));
        for language in ["en", "ko", "th", "ja", "es", "fr", "de", "it", "pt"] {
            let (timed, plain) = (say(language, opens), say(language, None));
            assert!(timed.starts_with("Kim's Tea") && timed.contains("09:00") && !plain.contains('{'), "{language}");
        }
        let own = TalkRules { closed: [("en".to_owned(), "Back at {time}".to_owned())].into(), ..TalkRules::default() };
        assert_eq!(closed_text(&own, None, "en", opens, &seoul()), "Back at 2026-11-23 09:00");
        assert!(closed_text(&rules, None, "en", None, &seoul()).starts_with("We are closed"));
    }
}
