//! Finds the fields in the text of a receipt: `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`.
//!
//! Carriers write the fields in any order and case, leave some out, add their own and put blanks anywhere. So each label
//! is looked for where a word begins, its first place counts, its value runs to the next label, and what follows
//! `text:` is the message's own.

use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::{one_of, space0};
use nom::combinator::{opt, value};
use nom::sequence::terminated;
use nom::{IResult, Parser};

/// The fields of a receipt's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReceiptText<'a> {
    /// The carrier's id of the message.
    pub id: Option<&'a str>,
    /// Its state, as a word.
    pub state: Option<&'a str>,
    /// The error, as it came.
    pub error: Option<&'a str>,
    /// When it happened, without zone.
    pub done_date: Option<&'a str>,
    /// How many parts arrived, as it came.
    pub delivered: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Id,
    Stat,
    Err,
    DoneDate,
    Delivered,
    /// A field that is not used; it ends the one before.
    Other,
    Text,
}

/// What carriers put between fields and around values.
const SEPARATORS: &[char] = &[',', ';', '|', '/', '"', '\'', '<', '>', '[', ']', '(', ')', '{', '}'];

/// The longest text that is looked at; a receipt's text has about 160 characters.
const TEXT_OCTETS_MAX: usize = 2_000;

impl<'a> ReceiptText<'a> {
    /// Finds what is there; a text that is no receipt gives nothing.
    pub fn parse(text: &'a str) -> Self {
        let text = text.get(..text.floor_char_boundary(TEXT_OCTETS_MAX)).unwrap_or(text);
        let found = Self::scan(text, true);
        // Where `text:` does not stand last, the fields come behind it.
        if found.id.is_some() && found.state.is_some() { found } else { found.or(Self::scan(text, false)) }
    }

    /// Whether the text itself, without any mark on its PDU, is a receipt's: it begins with the id and has a state.
    pub fn looks_like_a_receipt(&self, text: &str) -> bool {
        matches!(label(text.trim_start()), Ok((_, Label::Id))) && self.id.is_some() && self.state.is_some()
    }

    fn scan(text: &'a str, stop_at_text: bool) -> Self {
        let mut found = Self::default();
        // The label whose value is being read, and where it began.
        let mut open: Option<(Label, usize)> = None;
        for at in word_starts(text) {
            let Some((rest, label)) = text.get(at..).and_then(|rest| label(rest).ok()) else { continue };
            found.close(open, text, at);
            open = Some((label, text.len() - rest.len()));
            if label == Label::Text && stop_at_text {
                return found;
            }
        }
        found.close(open, text, text.len());
        found
    }

    /// Keeps the value of a label whose end is found. The first one counts.
    fn close(&mut self, open: Option<(Label, usize)>, text: &'a str, end: usize) {
        let Some((label, start)) = open else { return };
        let place = match label {
            Label::Id => &mut self.id,
            Label::Stat => &mut self.state,
            Label::Err => &mut self.error,
            Label::DoneDate => &mut self.done_date,
            Label::Delivered => &mut self.delivered,
            Label::Other | Label::Text => return,
        };
        if place.is_none() {
            let word = text.get(start..end).and_then(|value| value.split_whitespace().next());
            *place = word.map(|word| word.trim_matches(SEPARATORS)).filter(|word| !word.is_empty());
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            id: self.id.or(other.id),
            state: self.state.or(other.state),
            error: self.error.or(other.error),
            done_date: self.done_date.or(other.done_date),
            delivered: self.delivered.or(other.delivered),
        }
    }
}

/// Where words begin: at the start, and after anything but a letter, a digit or what an id may contain.
fn word_starts(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).filter(move |&at| match at.checked_sub(1).and_then(|before| bytes.get(before)) {
        None => true,
        Some(before) => before.is_ascii_whitespace() || SEPARATORS.contains(&char::from(*before)),
    })
}

/// A label with its colon and the blanks around it.
fn label(input: &str) -> IResult<&str, Label> {
    terminated(
        alt((
            value(Label::Id, tag_no_case("id")),
            value(
                Label::Id,
                (alt((tag_no_case("message"), tag_no_case("msg"))), opt(one_of(" _-")), tag_no_case("id")),
            ),
            value(Label::Stat, alt((tag_no_case("status"), tag_no_case("stat")))),
            value(Label::Err, alt((tag_no_case("error"), tag_no_case("err")))),
            value(Label::DoneDate, (tag_no_case("done"), opt(one_of(" _-")), tag_no_case("date"))),
            value(Label::Other, (tag_no_case("submit"), opt(one_of(" _-")), tag_no_case("date"))),
            value(Label::Other, tag_no_case("sub")),
            value(Label::Delivered, tag_no_case("dlvrd")),
            value(Label::Text, tag_no_case("text")),
        )),
        (space0, one_of(":="), space0),
    )
    .parse(input)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_specifications_form_is_read() {
        let text = "id:0123456789 sub:001 dlvrd:001 submit date:2611211430 done date:2611211431 stat:DELIVRD err:000 \
                    text:Hello id:7 stat:EXPIRED";
        let found = ReceiptText::parse(text);
        let expected = ReceiptText {
            id: Some("0123456789"),
            state: Some("DELIVRD"),
            error: Some("000"),
            done_date: Some("2611211431"),
            delivered: Some("001"),
        };
        assert_eq!(found, expected);
        assert!(found.looks_like_a_receipt(text));
    }

    #[test]
    fn variants_of_the_field_are_read_too() {
        let variants = [
            "stat:UNDELIV id:ab-cd_ef.1 err:21b",
            "ID:ab-cd_ef.1 STAT:UNDELIV ERR: 21b Text:",
            "id: ab-cd_ef.1  submitdate:2611211430 donedate:2611211431 stat: UNDELIV err: 21b text:",
            "id:ab-cd_ef.1 foo:bar stat:UNDELIV err:21b text: stat:DELIVRD",
            "id:ab-cd_ef.1,stat:UNDELIV,err:21b",
            "id:ab-cd_ef.1|stat:UNDELIV|err:21b|",
            "id:ab-cd_ef.1;stat:UNDELIV;err:21b;",
            "id:\"ab-cd_ef.1\"; stat:'UNDELIV' err:21b",
            "id=ab-cd_ef.1 stat=UNDELIV",
            "msgid:ab-cd_ef.1 status:UNDELIV",
            "text:id and err: words id:ab-cd_ef.1 stat:UNDELIV",
        ];
        for text in variants {
            let found = ReceiptText::parse(text);
            assert_eq!((found.id, found.state), (Some("ab-cd_ef.1"), Some("UNDELIV")), "{text}");
        }
    }

    #[test]
    fn an_empty_field_is_none_and_a_label_inside_a_word_is_not_one() {
        let found = ReceiptText::parse("id:7 sub: dlvrd: err: stat:DELIVRD text:");
        assert_eq!((found.id, found.error, found.state), (Some("7"), None, Some("DELIVRD")));
        assert_eq!(ReceiptText::parse("paid:12 upstat:x").id, None);
    }

    #[test]
    fn a_customers_words_are_no_receipt() {
        for text in ["What is my order id: 7?", "id:7", "hello", "id: please stat", ""] {
            assert!(!ReceiptText::parse(text).looks_like_a_receipt(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_fails(text in ".{0,200}", label in "(id|stat|err|text|done date):.{0,40}") {
            ReceiptText::parse(&text);
            ReceiptText::parse(&format!("{text} {label}"));
        }
    }
}
