//! A campaign as it is written, and as it is known once every mistake is out of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::span::parse_span;
use super::start::{Start, spread};
use crate::contact::{check_label, read_number};
use crate::fault::{Fault, pointer_part, short};
use postrider_model::{Class, Country, PhoneNumber, Sender, Timestamp};

/// Most variants of one campaign.
pub const VARIANTS_MAX: usize = 10;
/// Most numbers that a definition names itself; longer lists are imported as a list.
pub const NUMBERS_MAX: usize = 1_000;
/// The longest name, and the longest title.
const NAME_MAX: usize = 60;
/// Who is held out at most.
const CONTROL_MAX: u8 = 90;
/// The longest spread, and the longest time in which purchases are counted.
const SPAN_MAX: Duration = Duration::from_secs(90 * 86_400);
/// In which purchases are counted when the definition does not say.
const ATTRIBUTION: &str = "7d";
/// The only variant's name when there is one template.
const ONLY: &str = "a";

/// A campaign as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name: small letters, digits, `_` and `-`. In the API it stands in the path and may be left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it is called; the name if absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// To whom.
    pub to: Audience,
    /// The template, if all get the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The templates, if not all get the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// How many in a hundred get nothing and are measured all the same.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub control: u8,
    /// `marketing` or `transactional`; `marketing` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// When it begins; when it is started if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartRequest>,
    /// Over how long the turns are spread: `3h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<String>,
    /// From which sender; the route's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Over which route; chosen by rules if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// How long a text is worth sending: `12h`; the class's default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<String>,
    /// How long after its turn a contact's purchases count: `7d` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// To whom: one of segment, list and numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// A segment's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// A list's name; `postrider contact import FILE --list NAME` makes one of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// Numbers with country code, at most 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
    /// A segment whose contacts are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<String>,
}

/// One of the texts between which a campaign chooses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name; `control` is taken.
    pub name: String,
    /// The template's name.
    pub template: String,
    /// Its share, in proportion to the others; alike if absent.
    #[serde(default = "alike")]
    pub share: u8,
}

const fn alike() -> u8 {
    1
}

/// When a campaign begins: one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// At an instant: `2026-11-25T10:00:00+09:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// At each contact's own time: `2026-11-25T10:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_time: Option<String>,
}

/// A campaign without mistakes.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The numbers that it names.
    pub numbers: Vec<PhoneNumber>,
    /// The texts; one if there is nothing to choose between.
    pub variants: Vec<Variant>,
    /// How many in a hundred get nothing.
    pub control_percent: u8,
    /// In which class.
    pub class: Class,
    /// When it begins.
    pub start: Start,
    /// Over how long turns are spread.
    pub spread: Duration,
    /// From which sender.
    pub from: Option<Sender>,
    /// Over which route.
    pub route: Option<Arc<str>>,
    /// How long a text is worth sending.
    pub valid_for: Option<Duration>,
    /// How long after its turn a contact's purchases count.
    pub attribution: Duration,
}

/// Whether a name can be one: 1 to 60 of a-z 0-9 - _.
///
/// # Errors
/// Says how names are written.
pub fn check_name(name: &str) -> Result<(), Fault> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    let detail = format!("a name has 1 to {NAME_MAX} small letters, digits, - and _, not \"{}\"", short(name));
    Err(Fault::new("", "wrong_name", detail))
}

impl Definition {
    /// Checks all of it. Numbers have their country code.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check(&self) -> Result<Run, Vec<Fault>> {
        self.check_in(None)
    }

    /// As [`Definition::check`], for a shop that writes the numbers of `country` without their country code.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check_in(&self, country: Option<Country>) -> Result<Run, Vec<Fault>> {
        let mut check = Checker::default();
        if !self.name.is_empty() {
            check.take("/name", check_name(&self.name));
        }
        if self.title.chars().count() > NAME_MAX {
            check.fault("/title", "too_long", format!("a title has at most {NAME_MAX} characters"));
        }
        let numbers = check.audience(&self.to, country);
        let variants = check.variants(self.template.as_deref(), &self.variants);
        if self.control > CONTROL_MAX {
            check.fault("/control", "out_of_range", format!("0 to {CONTROL_MAX} in a hundred are held out"));
        }
        let run = Run {
            numbers,
            variants,
            control_percent: self.control,
            class: check.class(self.class.as_deref()),
            start: check.start(self.start.as_ref()),
            spread: check.span("/spread", self.spread.as_deref().unwrap_or("0s"), Duration::ZERO),
            from: self.from.as_deref().and_then(|text| check.sender(text)),
            route: self.route.as_deref().map(Arc::from),
            valid_for: self.valid_for.as_deref().map(|text| check.span("/valid_for", text, Duration::from_secs(60))),
            attribution: check.span(
                "/attribution",
                self.attribution.as_deref().unwrap_or(ATTRIBUTION),
                Duration::from_secs(3_600),
            ),
        };
        if check.0.is_empty() { Ok(run) } else { Err(check.0) }
    }
}

#[derive(Default)]
struct Checker(Vec<Fault>);

impl Checker {
    fn fault(&mut self, place: &str, code: &'static str, detail: impl Into<String>) {
        self.0.push(Fault::new(place, code, detail));
    }

    fn take<T>(&mut self, place: &str, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.0.push(fault.under(place))).ok()
    }

    fn audience(&mut self, to: &Audience, country: Option<Country>) -> Vec<PhoneNumber> {
        let named = [to.segment.is_some(), to.list.is_some(), !to.numbers.is_empty()];
        if named.into_iter().filter(|named| *named).count() != 1 {
            self.fault("/to", "wrong_audience", "a campaign goes to one of segment, list and numbers");
        }
        if let Some(list) = &to.list {
            self.take("/to/list", check_label(list));
        }
        if to.numbers.len() > NUMBERS_MAX {
            let detail = format!("a definition names at most {NUMBERS_MAX} numbers; import more as a list");
            self.fault("/to/numbers", "too_many", detail);
            return Vec::new();
        }
        let read = |(n, text): (usize, &String)| self.take(&format!("/to/numbers/{n}"), read_number(text, country));
        let unique: BTreeSet<_> = to.numbers.iter().enumerate().filter_map(read).collect();
        unique.into_iter().collect()
    }

    fn variants(&mut self, template: Option<&str>, variants: &[Variant]) -> Vec<Variant> {
        match (template, variants) {
            (Some(template), []) => {
                return vec![Variant { name: ONLY.to_owned(), template: template.to_owned(), share: 1 }];
            }
            (None, []) => self.fault("/template", "missing", "a campaign needs a template, or variants"),
            (Some(_), _) => {
                self.fault("/template", "wrong_field", "a campaign has either one template or variants");
            }
            (None, _) => {}
        }
        if variants.len() > VARIANTS_MAX {
            self.fault("/variants", "too_many", format!("a campaign has at most {VARIANTS_MAX} variants"));
            return Vec::new();
        }
        for (n, variant) in variants.iter().enumerate() {
            let place = format!("/variants/{n}");
            self.take(&format!("{place}/name"), check_name(&variant.name));
            let before = variants.iter().take(n);
            if variant.name == super::report::CONTROL || before.into_iter().any(|other| other.name == variant.name) {
                let detail = format!("the name \"{}\" is taken", pointer_part(&variant.name));
                self.fault(&format!("{place}/name"), "taken", detail);
            }
            if variant.share == 0 {
                self.fault(&format!("{place}/share"), "out_of_range", "a share is a number from 1 to 255");
            }
        }
        variants.to_vec()
    }

    fn class(&mut self, text: Option<&str>) -> Class {
        match text {
            None | Some("marketing") => Class::Marketing,
            Some("transactional") => Class::Transactional,
            Some(other) => {
                let detail = format!("a campaign is marketing or transactional, not \"{}\"", short(other));
                self.fault("/class", "wrong_class", detail);
                Class::Marketing
            }
        }
    }

    fn start(&mut self, start: Option<&StartRequest>) -> Start {
        match start.map(|start| (start.at.as_deref(), start.local_time.as_deref())) {
            None => Start::AtOnce,
            Some((Some(at), None)) => at.parse::<Timestamp>().map(Start::At).unwrap_or_else(|_| {
                let detail = format!("\"{}\" is no instant like 2026-11-25T10:00:00+09:00", short(at));
                self.fault("/start/at", "wrong_time", detail);
                Start::AtOnce
            }),
            Some((None, Some(local))) => local.parse::<DateTime>().map(Start::Local).unwrap_or_else(|_| {
                let detail = format!("\"{}\" is no local time like 2026-11-25T10:00", short(local));
                self.fault("/start/local_time", "wrong_time", detail);
                Start::AtOnce
            }),
            Some((Some(_), Some(_)) | (None, None)) => {
                self.fault("/start", "wrong_field", "a campaign starts either at an instant or at a local_time");
                Start::AtOnce
            }
        }
    }

    fn span(&mut self, place: &str, text: &str, least: Duration) -> Duration {
        match parse_span(text) {
            Ok(span) if (least..=SPAN_MAX).contains(&span) => return span,
            Ok(_) => {
                let (least, most) = (super::show_span(least), super::show_span(SPAN_MAX));
                self.fault(place, "out_of_range", format!("this is {least} to {most}"));
            }
            Err(detail) => self.fault(place, "wrong_span", detail),
        }
        least
    }

    fn sender(&mut self, text: &str) -> Option<Sender> {
        let read = Sender::parse(text);
        read.map_err(|error| self.fault("/from", "wrong_sender", error.to_string())).ok()
    }
}

impl Run {
    /// The turn of number `n` of `count` recipients.
    pub fn due_at(&self, number: &PhoneNumber, zone: Option<&str>, began_at: Timestamp) -> Timestamp {
        self.start.due_at(number, zone, began_at)
    }

    /// How long after its moment number `n` of `count` has its turn.
    pub fn offset(&self, n: u64, count: u64) -> Duration {
        spread(self.spread, n, count)
    }

    /// The variant of this name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(value: Value) -> Result<Run, Vec<String>> {
        let definition: Definition = serde_json::from_value(value).unwrap();
        definition.check().map_err(|faults| faults.into_iter().map(|fault| fault.pointer).collect())
    }

    #[test]
    fn the_shortest_definition_goes_at_once_to_all() {
        let run = check(json!({"to": {"segment": "vip"}, "template": "hi"})).unwrap();
        assert_eq!((run.class, run.start, run.spread), (Class::Marketing, Start::AtOnce, Duration::ZERO));
        assert_eq!((run.variants.len(), run.variants[0].name.as_str()), (1, "a"));
        assert_eq!(run.attribution, Duration::from_secs(7 * 86_400));
    }

    #[test]
    fn every_mistake_is_named_by_its_place() {
        let value = json!({"name": "Spring!", "title": "x".repeat(61), "template": "t",
            "to": {"segment": "a", "list": "b", "numbers": ["12", "+821012345678"]},
            "variants": [{"name": "control", "template": "t"}, {"name": "b", "template": "t", "share": 0}],
            "control": 91, "class": "otp", "start": {"at": "tomorrow"}, "spread": "1y", "from": "", "valid_for": "5s",
            "attribution": "1m"});
        let expected = [
            "/name",
            "/title",
            "/to",
            "/to/numbers/0",
            "/template",
            "/variants/0/name",
            "/variants/1/share",
            "/control",
            "/class",
            "/start/at",
            "/spread",
            "/from",
            "/valid_for",
            "/attribution",
        ];
        assert_eq!(check(value).unwrap_err(), expected);
        assert_eq!(check(json!({"to": {}})).unwrap_err(), ["/to", "/template"]);
        let both =
            json!({"to": {"list": "a"}, "template": "t", "start": {"at": "2026-11-25T10:00:00Z", "local_time": "x"}});
        assert_eq!(check(both).unwrap_err(), ["/start"]);
    }

    #[test]
    fn a_definition_reads_back_as_it_was_written() {
        let value = json!({"name": "s", "title": "S", "to": {"list": "news", "exclude": "vip"}, "variants":
            [{"name": "a", "template": "t", "share": 60}, {"name": "b", "template": "u", "share": 40}], "control": 10,
            "start": {"local_time": "2026-11-25T10:00"}, "spread": "3h"});
        let definition: Definition = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&definition).unwrap(), value);
        let toml = toml::to_string(&definition).unwrap();
        assert_eq!(toml::from_str::<Definition>(&toml).unwrap(), definition);
    }
}
