//! `[conversations]`: when somebody of the shop is there, and how often a number is answered by itself.

use jiff::civil::Date;
use toml::de::DeValue;

use postrider_campaign::conversation::{OpeningHours, TalkRules};
use postrider_campaign::flood::DAY_MAX;
use postrider_campaign::law::{Window, day};
use postrider_campaign::locale::Locale;
use postrider_model::{Country, Sender};

use super::document::Section;
use super::profile::zone;
use super::value::{Checked, filled, flag, whole};

/// Most entries of one list.
const LIST_MAX: usize = 1_000;
/// The longest own answer, in characters.
const ANSWER_MAX: usize = 480;
/// The days of the week as keys, from Monday.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Reads the section into `rules`.
pub(super) fn read(rules: &mut TalkRules, mut section: Section<'_>) {
    section.set("answers", &mut rules.answers, flag);
    section.set("zone", &mut rules.zone, zone);
    let limits = &mut rules.limits;
    section.set("answers_hour", &mut limits.hour, whole(0..=1_000));
    section.set("answers_day", &mut limits.day, whole(0..=i64::from(DAY_MAX)));
    section.set("service_hour", &mut limits.service_hour, whole(0..=1_000));
    section.set("same_text", &mut limits.same, whole(2..=1_000));
    section.set_list("own_numbers", &mut rules.own_numbers, |value| {
        let text = filled(value)?;
        Sender::parse(&text).map(|own| own.as_str().to_owned()).map_err(|why| format!("is no number: {why}"))
    });
    if rules.own_numbers.len() > LIST_MAX {
        section.wrong("own_numbers", &format!("has more than {LIST_MAX} entries"));
    }
    if let Some(hours) = section.section("hours") {
        rules.hours = Some(read_hours(hours));
    }
    for (name, inner) in section.named_sections("answers_in") {
        read_answers(rules, &name, inner);
    }
    section.finish();
}

fn window(value: &DeValue<'_>) -> Checked<Option<Window>> {
    let text = filled(value)?;
    day(&text).map_err(|_| format!("must be a span of a day like \"09:00-18:00\", or \"closed\", not \"{text}\""))
}

fn read_hours(mut section: Section<'_>) -> OpeningHours {
    let mut weekdays = None;
    if !section.set("weekdays", &mut weekdays, window) && !section.has("monday") {
        section.missing("weekdays", "write weekdays = \"09:00-18:00\"");
    }
    let mut days = [weekdays, weekdays, weekdays, weekdays, weekdays, None, None];
    for (key, day) in DAYS.into_iter().zip(&mut days) {
        section.set(key, day, window);
    }
    let mut closed_days: Vec<Date> = Vec::new();
    section.set_list("closed_days", &mut closed_days, |value| {
        let text = filled(value)?;
        text.parse().map_err(|_| format!("must be a day like \"2026-12-24\", not \"{text}\""))
    });
    if closed_days.len() > LIST_MAX {
        section.wrong("closed_days", &format!("has more than {LIST_MAX} entries"));
    }
    let mut holidays: Option<Country> = None;
    section.set_some("holidays", &mut holidays, |value| {
        let text = filled(value)?;
        text.parse().map_err(|_| format!("must be a country of two letters, not \"{text}\""))
    });
    section.finish();
    OpeningHours { days, closed_days: closed_days.into_iter().collect(), holidays }
}

/// `[conversations.answers_in.ko]`: the operator's own answers in a language.
fn read_answers(rules: &mut TalkRules, name: &str, mut section: Section<'_>) {
    let mut text = None;
    section.set_some("closed", &mut text, |value| match filled(value)? {
        text if text.chars().count() > ANSWER_MAX => Err(format!("has more than {ANSWER_MAX} characters")),
        text => Ok(text),
    });
    match (text, name.parse::<Locale>()) {
        (Some(text), Ok(locale)) if locale.as_str() == name && locale.country().is_none() => {
            rules.closed.insert(name.to_owned(), text);
        }
        (Some(_), _) => section.wrong("closed", &format!("stands under \"{name}\", which is no language like \"ko\"")),
        (None, _) => {}
    }
    section.finish();
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::files::tests::MapFiles;
    use crate::parse;
    use postrider_campaign::conversation::TalkRules;

    fn read(text: &str) -> Result<TalkRules, String> {
        parse(Path::new("postrider.toml"), text, &MapFiles::default())
            .map(|settings| settings.conversations)
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn nothing_written_answers_at_any_time_within_bounds() {
        let rules = read("").unwrap();
        assert_eq!(rules, TalkRules::default());
        assert!(rules.answers && rules.hours.is_none() && rules.limits.hour == 20);
    }

    #[test]
    fn every_key_is_taken() {
        let rules = read(
            "[conversations]\nanswers = false\nzone = \"Asia/Seoul\"\nanswers_hour = 5\nanswers_day = 9\nservice_hour = 2\n\
             same_text = 3\nown_numbers = [\"+821012345678\", \"15771234\"]\n[conversations.hours]\nweekdays = \"09:00-18:00\"\n\
             friday = \"09:00-15:00\"\nsaturday = \"10:00-12:00\"\nclosed_days = [\"2026-12-24\"]\nholidays = \"FR\"\n\
             [conversations.answers_in.ko]\nclosed = \"{time}\"\n",
        )
        .unwrap();
        let hours = rules.hours.unwrap();
        let shown = hours.days.map(|day| day.map_or_else(|| "closed".to_owned(), |window| window.to_string()));
        assert_eq!(shown[4..], ["09:00-15:00", "10:00-12:00", "closed"]);
        assert_eq!((hours.closed_days.len(), rules.own_numbers.len(), rules.closed["ko"].as_str()), (1, 2, "{time}"));
        assert_eq!(rules.limits, postrider_campaign::flood::Limits { hour: 5, day: 9, service_hour: 2, same: 3 });
    }

    #[test]
    fn mistakes_are_named() {
        for (text, told) in [
            ("zone = \"Mars\"", "zone"),
            ("answers_day = 501", "answers_day must be"),
            ("same_text = 1", "same_text must be"),
            ("own_numbers = [\"+1\"]", "own_numbers, entry 1"),
            ("[conversations.hours]\nsunday = \"closed\"", "weekdays is missing"),
            ("[conversations.hours]\nweekdays = \"18:00-09:00\"", "weekdays must be"),
            ("[conversations.hours]\nweekdays = \"closed\"\nholidays = \"France\"", "holidays"),
            ("[conversations.answers_in.korean]\nclosed = \"a\"", "no language"),
            ("answer = true", "did you mean \"answers\""),
        ] {
            let problems = read(&format!("[conversations]\n{text}\n")).unwrap_err();
            assert!(problems.contains(told), "{text}: {problems}");
        }
    }
}
