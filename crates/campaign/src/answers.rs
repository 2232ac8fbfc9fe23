//! The texts that answer a keyword, in the language of who sent it: `answers.toml`, or the operator's own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

use super::Rules;
use postrider_model::Timestamp;

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// An opt-out is done.
    Stop,
    /// One of everything.
    StopAll,
    /// A consent is on record.
    Start,
    /// The question of a double opt-in.
    Ask,
    /// Who this is and how to leave.
    Help,
    /// The reminder of a consent that the law wants checked.
    Renew,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Stop, Self::StopAll, Self::Start, Self::Ask, Self::Help, Self::Renew];

    /// The word in the configuration and in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::StopAll => "stop_all",
            Self::Start => "start",
            Self::Ask => "ask",
            Self::Help => "help",
            Self::Renew => "renew",
        }
    }
}

type Texts = BTreeMap<String, BTreeMap<String, String>>;

static TEXTS: LazyLock<Texts> = LazyLock::new(|| toml::from_str(include_str!("answers.toml")).unwrap_or_default());

/// The text of an answer in `language`, or in the operator's own if there is none in that. `at` is when the consent or
/// refusal that it speaks of was said, `zone` where the reader is.
pub fn text(rules: &Rules, language: &str, answer: Answer, at: Timestamp, zone: &TimeZone) -> String {
    let template = [language, rules.language.as_str(), "en"]
        .into_iter()
        .find_map(|language| {
            let own = rules.answers.get(&(language.to_owned(), answer));
            own.or_else(|| TEXTS.get(language)?.get(answer.as_str()))
        })
        .map_or("", String::as_str);
    let date = at.to_jiff().to_zoned(zone.clone()).date().to_string();
    let named = match rules.brand.as_deref() {
        Some(brand) => template.replace("{brand}", brand),
        None => {
            let without = ["{brand}: ", "{brand} : "].iter().find_map(|start| template.strip_prefix(start));
            without.unwrap_or(template).replace("{brand}", "")
        }
    };
    named.replace("{date}", &date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keywords;

    fn say(rules: &Rules, language: &str, answer: Answer) -> String {
        let zone = crate::law::zone("Asia/Seoul").unwrap();
        text(rules, language, answer, "2026-11-21T16:00:00Z".parse().unwrap(), &zone)
    }

    #[test]
    fn every_language_has_every_answer_and_names_a_word_that_works() {
        let texts: Texts = toml::from_str(include_str!("answers.toml")).unwrap();
        for language in keywords::languages() {
            for answer in Answer::ALL {
                let text = &texts[language][answer.as_str()];
                assert!(text.starts_with("{brand}") && text.chars().count() < 130, "{language} {text}");
            }
        }
        assert_eq!(texts.len(), keywords::languages().count());
    }

    #[test]
    fn brand_and_local_date_stand_in_the_text() {
        let mut rules = Rules { brand: Some("가게".into()), ..Rules::default() };
        assert!(say(&rules, "ko", Answer::Start).starts_with("가게: 2026-11-22 광고"));
        rules.brand = None;
        assert!(say(&rules, "en", Answer::Stop).starts_with("You will get no more"));
        assert!(say(&rules, "fr", Answer::Help).starts_with("Repondez"));
        assert_eq!(say(&rules, "xx", Answer::Help), say(&rules, "en", Answer::Help));
        rules.answers.insert(("en".into(), Answer::Help), "Call us.".into());
        assert_eq!(say(&rules, "en", Answer::Help), "Call us.");
    }
}
