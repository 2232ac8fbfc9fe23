//! Reads an answer: the value that it says, or the texts that tell what is missing in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::{Kind, Question};
use crate::attribute::{TEXT_MAX, number_json};
use crate::keywords;
use crate::texts::Texts;

/// Reads the answer to a question.
///
/// # Errors
/// What to tell who gave it.
pub fn check(question: &Question, text: &str) -> Result<Value, Texts> {
    let read = match question.kind {
        Kind::Number => number(question, text),
        Kind::Choice => choice(question, text).map(Value::String),
        Kind::Text => plain(text).map(Value::String),
        Kind::YesNo => yes_no(text).map(Value::Bool),
        Kind::Date => date(text).map(|day| json!(day.to_string())),
    };
    read.ok_or_else(|| question.wrong.clone().unwrap_or_else(|| told(question)))
}

/// Whether the text leaves a question out that need not be answered.
pub fn skips(question: &Question, text: &str) -> bool {
    let dash = matches!(text.trim(), "" | "-" | "–" | "—" | ".");
    !question.required && (dash || WORDS.languages.values().any(|words| said(text, &words.skip)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    yes: Vec<String>,
    no: Vec<String>,
    skip: Vec<String>,
    wrong: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(transparent)]
struct Words {
    languages: BTreeMap<String, Language>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| toml::from_str(include_str!("words.toml")).unwrap_or_default());

fn said(text: &str, words: &[String]) -> bool {
    words.iter().any(|word| keywords::says(text, word))
}

/// The program's own texts for a wrong answer, with what is asked for filled in.
fn told(question: &Question) -> Texts {
    let show = |number: Option<f64>| number.map_or_else(String::new, |number| number_json(number).to_string());
    let key = match (question.kind, question.min, question.max) {
        (Kind::Number, Some(_), Some(_)) => "range",
        (Kind::Number, _, _) => "number",
        (Kind::Choice, _, _) => "choice",
        (Kind::Text, _, _) => "text",
        (Kind::YesNo, _, _) => "yes_no",
        (Kind::Date, _, _) => "date",
    };
    let choices: Vec<String> = (1_usize..).zip(&question.choices).map(|(at, _)| at.to_string()).collect();
    let fill = |text: &String| {
        let text = text.replace("{min}", &show(question.min)).replace("{max}", &show(question.max));
        text.replace("{choices}", &choices.join(", "))
    };
    let text = |words: &Language| words.wrong.get(key).map(fill);
    Texts(WORDS.languages.iter().filter_map(|(code, words)| Some((code.clone(), text(words)?))).collect())
}

/// The text with its digits as ASCII writes them.
fn with_plain_digits(text: &str) -> String {
    // Where the digits of a script begin: Arabic, Persian, Hindi, Bengali, Thai, Lao, Khmer, Burmese.
    const ZEROS: [u32; 8] = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xed0, 0x17e0, 0x1040];
    let digit = |letter: char| {
        let code = u32::from(letter);
        let zero = ZEROS.into_iter().find(|zero| (*zero..zero + 10).contains(&code))?;
        char::from_digit(code - zero, 10)
    };
    text.nfkc().take(TEXT_MAX * 4).map(|letter| digit(letter).unwrap_or(letter)).collect()
}

/// The one number in a text: "5", "5 stars", "４点", "4,5".
fn number(question: &Question, text: &str) -> Option<Value> {
    let text = with_plain_digits(text);
    let numbers: Vec<&str> = text
        .split(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | ',' | '-' | '+')))
        .map(|part| part.trim_end_matches(['.', ',', '-', '+']).trim_start_matches(['.', ',']))
        .filter(|part| part.bytes().any(|byte| byte.is_ascii_digit()))
        .collect();
    let [one] = numbers.as_slice() else { return None };
    let number: f64 = one.replace(',', ".").parse().ok().filter(|number: &f64| number.abs() < 1e15)?;
    let fits = question.min.is_none_or(|min| number >= min) && question.max.is_none_or(|max| number <= max);
    fits.then(|| number_json(number))
}

/// The value of the choice that a text means: by its words, its value, its label, or its place in the list.
fn choice(question: &Question, text: &str) -> Option<String> {
    let means = |choice: &&super::Choice| {
        let labels = choice.label.0.values().filter(|label| !label.contains('{'));
        let words = choice.words.iter().chain(labels).chain([&choice.value]);
        words.into_iter().any(|word| keywords::says(text, word))
    };
    if let Some(choice) = question.choices.iter().find(means) {
        return Some(choice.value.clone());
    }
    let digits = with_plain_digits(text);
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let place: usize = digits.parse().ok()?;
    question.choices.get(place.checked_sub(1)?).map(|choice| choice.value.clone())
}

fn plain(text: &str) -> Option<String> {
    let kept = text.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(TEXT_MAX);
    let text = kept.collect::<String>().trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn yes_no(text: &str) -> Option<bool> {
    let any = |list: fn(&Language) -> &Vec<String>| WORDS.languages.values().any(|words| said(text, list(words)));
    match (any(|words| &words.yes), any(|words| &words.no)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        (true, true) | (false, false) => None,
    }
}

/// A day: year first in any writing, or day first with points; with strokes only where it cannot be read two ways.
fn date(text: &str) -> Option<Date> {
    let text = with_plain_digits(text);
    let parts: Vec<&str> =
        text.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let [one, two, three] = parts.as_slice() else { return None };
    let (a, b, c): (i16, i16, i16) = (one.parse().ok()?, two.parse().ok()?, three.parse().ok()?);
    let (year, month, day) = if one.len() == 4 {
        (a, b, c)
    } else if three.len() != 4 {
        return None;
    } else if !text.contains('/') || a > 12 || a == b {
        (c, b, a)
    } else if b > 12 {
        (c, a, b)
    } else {
        return None;
    };
    // The Buddhist calendar of Thailand is 543 years ahead.
    let year = if (2400..2700).contains(&year) { year - 543 } else { year };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|day| day.year() >= 1900)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(toml: &str) -> Question {
        toml::from_str(&format!("id = \"q\"\nask = {{ en = \"?\" }}\n{toml}")).unwrap()
    }

    fn read(question: &Question, text: &str) -> String {
        check(question, text).map_or_else(|texts| texts.source(None).1.to_owned(), |value| value.to_string())
    }

    #[test]
    fn numbers_are_found_in_what_people_write_around_them() {
        let rating = question("kind = \"number\"\nmin = 1\nmax = 5");
        for (text, value) in [("5", "5"), (" 4 stars!", "4"), ("４点", "4"), ("๓", "3"), ("3,5", "3.5"), ("5.", "5")]
        {
            assert_eq!(read(&rating, text), value, "{text}");
        }
        for text in ["6", "0", "-1", "four", "", "4 or 5", "99999999999999999999"] {
            assert_eq!(read(&rating, text), "Please answer with a number from 1 to 5.", "{text}");
        }
        assert_eq!(read(&question("kind = \"number\""), "-12"), "-12");
    }

    #[test]
    fn a_choice_is_meant_by_word_label_value_or_place() {
        let why = question(
            "kind = \"choice\"\nchoices = [{ value = \"late\", words = [\"LATE\", \"slow\"], label = { ko = \"늦은 배송\" } }, { value = \"dear\" }]",
        );
        for (text, value) in [
            ("1", "late"),
            ("Slow!", "late"),
            ("늦은배송", "late"),
            ("늦은 배송 입니다", "Please answer with one of 1, 2."),
            ("2.", "dear"),
            ("dear", "dear"),
            ("๒", "dear"),
            ("3", "Please answer with one of 1, 2."),
            ("0", "Please answer with one of 1, 2."),
        ] {
            assert_eq!(read(&why, text).trim_matches('"'), value, "{text}");
        }
    }

    #[test]
    fn yes_and_no_are_understood_in_many_languages() {
        let question = question("kind = \"yes_no\"");
        for text in ["Yes please", "네", "ใช่ค่ะ", "はい", "sí", "Oui", "Ja!", "sim", "y"] {
            assert_eq!(read(&question, text), "true", "{text}");
        }
        for text in ["no", "아니요", "ไม่", "いいえ", "Non merci", "nein", "não"] {
            assert_eq!(read(&question, text), "false", "{text}");
        }
        assert_eq!(read(&question, "maybe"), "Please answer with YES or NO.");
    }

    #[test]
    fn days_are_read_where_they_can_be_read_one_way_only() {
        let question = question("kind = \"date\"");
        for text in
            ["2026-11-22", "2026.11.22", "2026년 11월 22일", "22.11.2026", "22/11/2026", "11/22/2026", "22/11/2569"]
        {
            assert_eq!(read(&question, text), "\"2026-11-22\"", "{text}");
        }
        for text in ["1/2/2026", "22.11.26", "2026-13-01", "tomorrow"] {
            assert!(read(&question, text).starts_with("Please answer with a day"), "{text}");
        }
    }

    #[test]
    fn what_need_not_be_answered_can_be_left_out() {
        let free = question("kind = \"text\"\nrequired = false");
        assert!(skips(&free, "skip") && skips(&free, "-") && skips(&free, "건너뛰기") && !skips(&free, "good"));
        assert!(!skips(&question("kind = \"text\""), "skip"));
        assert_eq!(read(&free, "  fine\u{7}  "), "\"fine\"");
    }

    #[test]
    fn the_shop_has_texts_of_its_own_and_the_program_some_in_many_languages() {
        let own = question("kind = \"yes_no\"\nwrong = { en = \"YES or NO?\" }");
        assert_eq!(read(&own, "eh"), "YES or NO?");
        let texts = check(&question("kind = \"number\"\nmin = 1\nmax = 10"), "x").unwrap_err();
        assert!(texts.check().is_ok());
        for code in ["en", "ko", "th", "ja", "es", "fr", "de", "it", "pt"] {
            assert!(texts.0[code].contains('1') && texts.0[code].contains("10"), "{code}");
            let words = &WORDS.languages[code];
            assert_eq!(words.wrong.len(), 6, "{code}");
            assert!(!words.yes.is_empty() && !words.no.is_empty() && !words.skip.is_empty(), "{code}");
        }
    }
}
