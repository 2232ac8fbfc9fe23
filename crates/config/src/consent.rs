//! `[consent]`: what of consent and the law is enforced, in whose name, and how keywords are answered.

use jiff::civil::Date;
use toml::de::DeValue;

use postrider_campaign::answers::Answer;
use postrider_campaign::consent::Covers;
use postrider_campaign::keywords;
use postrider_campaign::law::{Week, Window, day};
use postrider_campaign::{Labels, Rules};
use postrider_model::{Class, Country, PhoneNumber};

use super::document::Section;
use super::value::{Checked, days, duration, filled, flag, secs, whole, word};

/// Most numbers, words or days of one list.
const LIST_MAX: usize = 1_000;
/// The longest own answer, in characters.
const ANSWER_MAX: usize = 480;

/// Reads the section into `rules`.
pub(super) fn read(rules: &mut Rules, mut section: Section<'_>) {
    section.set("required", &mut rules.required, flag);
    section.set_some("brand", &mut rules.brand, |value| match filled(value)? {
        text if text.chars().count() > 40 => Err("has more than 40 characters".to_owned()),
        text => Ok(text.trim().to_owned()),
    });
    section.set("language", &mut rules.language, |value| language(&filled(value)?));
    section.set("keywords", &mut rules.keywords, flag);
    section.set_list("stop_words", &mut rules.words.stop, filled);
    section.set_list("ignored_words", &mut rules.words.ignored, filled);
    section.set("confirm", &mut rules.confirm, flag);
    section.set("double_opt_in", &mut rules.double_opt_in, flag);
    section.set("confirm_within", &mut rules.confirm_within, duration(secs(3_600)..=days(90)));
    section.set("stop_by_sender", &mut rules.stop_by_sender, flag);
    section.set("stop_covers", &mut rules.stop_covers, word(Covers::ALL, Covers::as_str));
    read_quiet_hours(rules, &mut section);
    section.set("margin", &mut rules.margin, duration(secs(0)..=secs(4 * 3_600)));
    section.set_list("closed_days", &mut rules.closed_days, closed_day);
    section.set("labels", &mut rules.labels, word(&Labels::ALL, Labels::as_str));
    section.set_some("refusal_number", &mut rules.refusal_number, refusal_number);
    section.set_list("exempt_numbers", &mut rules.exempt, |value| {
        let text = filled(value)?;
        PhoneNumber::read(&text, None).map_err(|_| format!("must be a number with country code, not \"{text}\""))
    });
    section.set("notices", &mut rules.notices, flag);
    section.set("keep_years", &mut rules.keep_years, whole(1..=100));
    for (key, length) in [
        ("stop_words", rules.words.stop.len()),
        ("ignored_words", rules.words.ignored.len()),
        ("closed_days", rules.closed_days.len()),
        ("exempt_numbers", rules.exempt.len()),
    ] {
        if length > LIST_MAX {
            section.wrong(key, &format!("has {length} entries; at most {LIST_MAX} are possible"));
        }
    }
    if let Some(mut caps) = section.section("caps") {
        caps.set("day", &mut rules.caps.day, whole(0..=1_000));
        caps.set("week", &mut rules.caps.week, whole(0..=1_000));
        caps.set("month", &mut rules.caps.month, whole(0..=1_000));
        caps.finish();
    }
    for (name, inner) in section.named_sections("hours") {
        read_hours(rules, &name, inner);
    }
    for (name, inner) in section.named_sections("answers") {
        read_answers(rules, &name, inner);
    }
    section.finish();
}

fn read_quiet_hours(rules: &mut Rules, section: &mut Section<'_>) {
    let mut classes: Vec<Class> = Class::ALL.into_iter().filter(|class| rules.is_quiet(*class)).collect();
    if section.set_list("quiet_hours", &mut classes, word(&Class::ALL, Class::as_str)).is_some() {
        rules.quiet_hours = Class::ALL.map(|class| classes.contains(&class));
    }
    if classes.contains(&Class::Otp) {
        section.warn("quiet_hours", "quiet_hours hold for one-time codes too: people wait for these".to_owned());
    }
}

/// `2026-12-24`, or with a country in front of it: `FR 2026-12-24`.
fn closed_day(value: &DeValue<'_>) -> Checked<(Option<Country>, Date)> {
    let text = filled(value)?;
    let (country, date) = text.split_once(' ').map_or((None, text.as_str()), |(country, date)| (Some(country), date));
    let country = country.map(str::parse).transpose();
    match (country, date.trim().parse()) {
        (Ok(country), Ok(date)) => Ok((country, date)),
        _ => Err(format!("must be a day like \"2026-12-24\" or \"FR 2026-12-24\", not \"{text}\"")),
    }
}

fn refusal_number(value: &DeValue<'_>) -> Checked<String> {
    let text = filled(value)?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if plain && text.starts_with('0') && (8..=11).contains(&digits) {
        return Ok(text);
    }
    Err(format!("must be a free telephone number like \"080-123-4567\", not \"{text}\""))
}

fn language(text: &str) -> Checked<String> {
    if keywords::languages().any(|known| known == text) {
        return Ok(text.to_owned());
    }
    let known: Vec<_> = keywords::languages().collect();
    Err(format!("must be one of {}, not \"{text}\"", known.join(", ")))
}

/// `[consent.hours.FR]`: the operator's own hours of a country.
fn read_hours(rules: &mut Rules, name: &str, mut section: Section<'_>) {
    let mut weekdays: Option<Window> = None;
    let window = |value: &DeValue<'_>| {
        let text = filled(value)?;
        day(&text).map_err(|_| format!("must be a span of a day like \"09:00-20:00\", or \"closed\", not \"{text}\""))
    };
    if !section.set("weekdays", &mut weekdays, window) {
        section.missing("weekdays", "write weekdays = \"09:00-20:00\"");
    }
    let (mut saturday, mut sunday) = (weekdays, weekdays);
    section.set("saturday", &mut saturday, window);
    section.set("sunday", &mut sunday, window);
    let mut holidays_closed = false;
    section.set("holidays_closed", &mut holidays_closed, flag);
    match name.parse::<Country>() {
        Ok(country) => drop(rules.weeks.insert(country, Week { weekdays, saturday, sunday, holidays_closed })),
        Err(_) => section
            .wrong("weekdays", &format!("stands under \"{name}\", which is no country; write [consent.hours.FR]")),
    }
    section.finish();
}

/// `[consent.answers.ko]`: the operator's own answers in a language.
fn read_answers(rules: &mut Rules, name: &str, mut section: Section<'_>) {
    let known = language(name);
    for answer in Answer::ALL {
        let mut text = None;
        section.set_some(answer.as_str(), &mut text, |value| match filled(value)? {
            text if text.chars().count() > ANSWER_MAX => Err(format!("has more than {ANSWER_MAX} characters")),
            text => Ok(text),
        });
        match (text, &known) {
            (Some(text), Ok(language)) => drop(rules.answers.insert((language.clone(), answer), text)),
            (Some(_), Err(why)) => section.wrong(answer.as_str(), &format!("stands under a language that {why}")),
            (None, _) => {}
        }
    }
    section.finish();
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::files::tests::MapFiles;
    use crate::parse;
    use postrider_campaign::answers::Answer;
    use postrider_campaign::consent::Covers;
    use postrider_campaign::{Caps, Labels, Rules};

    fn read(text: &str) -> Result<Rules, String> {
        parse(Path::new("postrider.toml"), text, &MapFiles::default())
            .map(|settings| settings.consent)
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn nothing_written_honours_opt_outs_and_quiet_hours_and_demands_no_consent() {
        let rules = read("").unwrap();
        assert_eq!(rules, Rules::default());
        assert!(rules.keywords && !rules.required && rules.quiet_hours == [false, false, true]);
        assert_eq!((rules.labels, rules.stop_covers, rules.caps), (Labels::Add, Covers::Marketing, Caps::default()));
    }

    #[test]
    fn every_key_is_taken() {
        let rules = read(
            "[messages]\ndefault_country = \"KR\"\n[consent]\nrequired = true\nbrand = \"가게\"\nlanguage = \"ko\"\n\
             stop_words = [\"nein\"]\nignored_words = [\"end\"]\nstop_by_sender = true\nstop_covers = \"all\"\n\
             quiet_hours = [\"marketing\", \"transactional\"]\nmargin = \"30m\"\nclosed_days = [\"2026-12-24\", \"FR 2026-12-26\"]\n\
             labels = \"check\"\nrefusal_number = \"080-123-4567\"\nexempt_numbers = [\"+821012345678\"]\ndouble_opt_in = true\n\
             [consent.caps]\nday = 1\nweek = 4\n[consent.hours.FR]\nweekdays = \"10:00-19:00\"\nsunday = \"closed\"\n\
             holidays_closed = true\n[consent.answers.ko]\nhelp = \"전화 주세요\"\n",
        )
        .unwrap();
        assert_eq!(rules.country, "KR".parse().ok());
        assert_eq!(rules.quiet_hours, [false, true, true]);
        assert_eq!((rules.caps.day, rules.caps.week, rules.caps.month), (1, 4, 0));
        let france = rules.weeks[&"FR".parse().unwrap()];
        assert_eq!(france.to_string(), "Mon-Fri 10:00-19:00, Sat 10:00-19:00, Sun closed, not on public holidays");
        assert_eq!(rules.answers[&("ko".to_owned(), Answer::Help)], "전화 주세요");
        assert_eq!(rules.closed_days.len(), 2);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, told) in [
            ("margin = \"9h\"", "margin must be"),
            ("labels = \"maybe\"", "labels"),
            ("language = \"xx\"", "language must be one of"),
            ("refusal_number = \"call us\"", "080-123-4567"),
            ("closed_days = [\"Christmas\"]", "2026-12-24"),
            ("stop_covers = \"some\"", "stop_covers"),
            ("[consent.hours.FR]\nsunday = \"closed\"", "weekdays is missing"),
            ("[consent.hours.XX]\nweekdays = \"09:00-20:00\"", "no country"),
            ("[consent.hours.FR]\nweekdays = \"20:00-09:00\"", "weekdays must be"),
            ("[consent.answers.xx]\nhelp = \"a\"", "language"),
            ("exempt_numbers = [\"010\"]", "exempt_numbers, entry 1"),
            ("requird = true", "did you mean \"required\""),
        ] {
            let problems = read(&format!("[consent]\n{text}\n")).unwrap_err();
            assert!(problems.contains(told), "{text}: {problems}");
        }
    }
}
