//! Puts on a marketing text what its country asks for: the label in front, the sender's name, the free refusal line.
//!
//! Korea: the text starts with exactly `(광고)`, the sender's name follows, and the free refusal number ends it.
//! Lookalikes of the label are an offence of their own, so a text that begins with one is refused, not mended.

use std::borrow::Cow;

use super::table::Label;
use crate::{Labels, Rules};

/// The sender's name stands within so many characters from the start.
const NAME_WITHIN: usize = 30;
/// The refusal line stands within so many from the end.
const REFUSAL_WITHIN: usize = 40;

/// Why a text cannot be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The label is missing, and it is not to be added.
    #[error("a marketing text to this country begins with \"{0}\"")]
    NoLabel(Box<str>),
    /// Something like the label stands there.
    #[error("a marketing text to this country begins with exactly \"{0}\"; lookalikes of it are an offence")]
    Lookalike(Box<str>),
    /// The sender's name is missing.
    #[error("a marketing text to this country names its sender (\"{0}\") within its first 30 characters")]
    NoName(Box<str>),
    /// The free refusal line is missing.
    #[error(
        "a marketing text to this country ends with the free way to refuse, like \"{0} 080-123-4567\"; \
         write it, or set consent.refusal_number and consent.labels = \"add\""
    )]
    NoRefusal(Box<str>),
}

/// `text` with what `label` asks for.
///
/// # Errors
/// What is missing and cannot be added.
pub fn labelled<'t>(label: &Label, rules: &Rules, text: &'t str) -> Result<Cow<'t, str>, LabelError> {
    if rules.labels == Labels::Off {
        return Ok(Cow::Borrowed(text));
    }
    let add = rules.labels == Labels::Add;
    let mut out = Cow::Borrowed(text);
    if !text.starts_with(&*label.prefix) {
        if looks_like(&label.prefix, text) {
            return Err(LabelError::Lookalike(label.prefix.clone()));
        }
        if !add {
            return Err(LabelError::NoLabel(label.prefix.clone()));
        }
        out = Cow::Owned(format!("{}{text}", label.prefix));
    }
    if let Some(brand) = rules.brand.as_deref().filter(|_| label.sender_name) {
        let start: String =
            out.chars().take(NAME_WITHIN.max(brand.chars().count() + label.prefix.chars().count())).collect();
        if !start.contains(brand) {
            if !add {
                return Err(LabelError::NoName(brand.into()));
            }
            let rest = out.strip_prefix(&*label.prefix).unwrap_or(&out).trim_start();
            out = Cow::Owned(format!("{}{brand} {rest}", label.prefix));
        }
    }
    if !has_refusal(&out) {
        let number = rules.refusal_number.as_deref().filter(|_| add);
        let number = number.ok_or_else(|| LabelError::NoRefusal(label.refusal.clone()))?;
        out = Cow::Owned(format!("{}\n{} {number}", out.trim_end(), label.refusal));
    }
    Ok(out)
}

/// Whether a text begins with the letters of the label in other brackets, or with something between them.
fn looks_like(prefix: &str, text: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<Vec<_>>();
    let (label, mut start) = (letters(prefix), text.trim_start().chars());
    let bracketed =
        start.next().is_some_and(|first| matches!(first, '(' | '[' | '（' | '［' | '{' | '<' | '【' | '〔'));
    let inner: String = start
        .take_while(|letter| !matches!(letter, ')' | ']' | '）' | '］' | '}' | '>' | '】' | '〕'))
        .take(12)
        .collect();
    bracketed && letters(&inner).windows(label.len().max(1)).any(|part| part == label)
}

/// Whether `무료수신거부` or `무료거부` and a telephone number stand at the end.
fn has_refusal(text: &str) -> bool {
    let mut end: Vec<char> = text.chars().rev().take(REFUSAL_WITHIN).collect();
    end.reverse();
    let end: String = end.into_iter().collect();
    let after = ["무료수신거부", "무료거부"].iter().find_map(|words| end.rsplit_once(words).map(|(_, after)| after));
    after.is_some_and(|after| {
        let digits = after.chars().filter(char::is_ascii_digit).count();
        let number = after.trim_start_matches([' ', ':', '-']);
        number.starts_with('0') && (8..=11).contains(&digits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Table;

    fn korea() -> &'static Label {
        Table::built_in().row("KR".parse().ok()).label.as_ref().unwrap()
    }

    fn rules(labels: Labels) -> Rules {
        let (brand, number) = (Some("가게".to_owned()), Some("080-123-4567".to_owned()));
        Rules { labels, brand, refusal_number: number, ..Rules::default() }
    }

    #[test]
    fn a_bare_text_gets_label_name_and_refusal_line() {
        let text = labelled(korea(), &rules(Labels::Add), "50% 할인").unwrap();
        assert_eq!(text, "(광고)가게 50% 할인\n무료수신거부 080-123-4567");
        assert_eq!(labelled(korea(), &rules(Labels::Add), &text).unwrap(), text, "and nothing twice");
        assert_eq!(labelled(korea(), &rules(Labels::Check), &text).unwrap(), text);
    }

    #[test]
    fn checking_names_what_is_missing() {
        let check = |text: &str| labelled(korea(), &rules(Labels::Check), text).unwrap_err();
        assert!(matches!(check("50% 할인"), LabelError::NoLabel(_)));
        assert!(matches!(check("(광고) 할인 무료거부 0801234567"), LabelError::NoName(_)));
        assert!(matches!(check("(광고)가게 할인 080-123-4567"), LabelError::NoRefusal(_)));
        assert!(labelled(korea(), &rules(Labels::Check), "(광고)가게 할인 무료거부0801234567").is_ok());
        assert_eq!(labelled(korea(), &rules(Labels::Off), "할인").unwrap(), "할인");
    }

    #[test]
    fn lookalikes_of_the_label_are_refused_and_not_mended() {
        for text in ["(광 고) 할인", "[광고] 할인", "(대출광고) 할인", "(광.고)할인", "【광고】할인", " (광고) 할인"]
        {
            let error = labelled(korea(), &rules(Labels::Add), text).unwrap_err();
            assert!(matches!(error, LabelError::Lookalike(_)), "{text}");
        }
        assert!(labelled(korea(), &rules(Labels::Add), "(공지) 할인").is_ok());
    }

    #[test]
    fn without_a_refusal_number_the_text_must_bring_its_own() {
        let rules = Rules { refusal_number: None, ..rules(Labels::Add) };
        let error = labelled(korea(), &rules, "할인").unwrap_err();
        assert!(error.to_string().contains("consent.refusal_number"), "{error}");
        let own = labelled(korea(), &rules, "할인 무료수신거부 080-000-1111").unwrap();
        assert!(own.starts_with("(광고)가게 할인"), "{own}");
    }
}
