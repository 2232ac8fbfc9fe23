//! What shops have differently: parameters with a kind and a default, and how their values are written into the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::{nearest, short};
use crate::texts::Texts;
use crate::workflow::{self, Span};

/// The longest value, in characters.
const VALUE_MAX: usize = 1_000;

/// What kind of value a parameter has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A text for all languages.
    Text,
    /// A text in each language, named `${x.en}`.
    Texts,
    /// A whole number.
    Number,
    /// A span like `3d`.
    Duration,
    /// A local time like `10:00`.
    Time,
    /// An address on the net.
    Url,
    /// The name of an event, a pool and the like.
    Name,
    /// One of several words, each with what it stands for, named `${x.point}`.
    Choice,
}

/// A parameter of a playbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What kind of value it has.
    pub kind: Kind,
    /// What holds when the shop says nothing.
    pub default: Value,
    /// Whether the shop must say something: the default is an example only.
    #[serde(default)]
    pub required: bool,
    /// What a choice stands for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<String, BTreeMap<String, String>>,
    /// What it is for.
    pub about: Texts,
}

/// The shop's own values: `name`, or `name.ko` for one language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values(pub BTreeMap<String, String>);

impl Values {
    /// Adds `name=value` as it is typed.
    ///
    /// # Errors
    /// Says how it is written.
    pub fn set(&mut self, typed: &str) -> Result<(), String> {
        let (name, value) = typed
            .split_once('=')
            .ok_or_else(|| format!("\"{}\" sets nothing; write name=value or name.ko=value", short(typed)))?;
        self.0.insert(name.trim().to_owned(), value.trim().to_owned());
        Ok(())
    }

    /// Reads them from JSON: texts, numbers, and objects with a text for each language.
    ///
    /// # Errors
    /// Names what is none of these.
    pub fn from_json(json: &serde_json::Map<String, Value>) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for (name, value) in json {
            match value {
                Value::Object(texts) => {
                    for (language, text) in texts {
                        let text = text.as_str().ok_or_else(|| format!("{}: a text is expected", short(name)))?;
                        values.insert(format!("{name}.{language}"), text.to_owned());
                    }
                }
                Value::String(text) => drop(values.insert(name.clone(), text.clone())),
                Value::Number(number) => drop(values.insert(name.clone(), number.to_string())),
                Value::Null | Value::Bool(_) | Value::Array(_) => {
                    return Err(format!("{}: a text or a number is expected", short(name)));
                }
            }
        }
        Ok(Self(values))
    }
}

impl Parameter {
    /// What stands for `${name}` and `${name.key}`: by key, the empty one for the name alone.
    ///
    /// # Errors
    /// Says what the value should be.
    pub fn written(&self, name: &str, values: &Values) -> Result<BTreeMap<String, String>, String> {
        let given = values.0.get(name).map(String::as_str);
        match self.kind {
            Kind::Texts => self.texts(name, given, values),
            Kind::Choice => self.choice(given),
            Kind::Text | Kind::Number | Kind::Duration | Kind::Time | Kind::Url | Kind::Name => {
                let default = match &self.default {
                    Value::String(text) => text.clone(),
                    other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                        other.to_string()
                    }
                };
                let text = given.unwrap_or(&default);
                Ok(BTreeMap::from([(String::new(), self.kind.checked(text)?)]))
            }
        }
    }

    fn texts(&self, name: &str, given: Option<&str>, values: &Values) -> Result<BTreeMap<String, String>, String> {
        let Value::Object(defaults) = &self.default else {
            return Err("the default of texts is a table with a text for each language".to_owned());
        };
        let mut texts = BTreeMap::new();
        for (language, default) in defaults {
            let default = default.as_str().ok_or("the default of texts has a text for each language")?;
            let own = values.0.get(&format!("{name}.{language}")).map(String::as_str);
            texts.insert(language.clone(), Kind::Texts.checked(own.or(given).unwrap_or(default))?);
        }
        Ok(texts)
    }

    fn choice(&self, given: Option<&str>) -> Result<BTreeMap<String, String>, String> {
        let word = given.or_else(|| self.default.as_str()).unwrap_or_default();
        let Some(chosen) = self.choices.get(word) else {
            let known: Vec<&str> = self.choices.keys().map(String::as_str).collect();
            return Err(format!("\"{}\" is none of {}", short(word), known.join(", ")));
        };
        let fields = chosen.iter().map(|(key, value)| Ok((key.clone(), Kind::Text.checked(value)?)));
        let mut written: BTreeMap<String, String> = fields.collect::<Result<_, String>>()?;
        written.insert(String::new(), word.to_owned());
        Ok(written)
    }
}

impl Kind {
    /// A value as it stands in the file, if it is one of this kind.
    fn checked(self, text: &str) -> Result<String, String> {
        if text.chars().count() > VALUE_MAX {
            return Err(format!("a value has at most {VALUE_MAX} characters"));
        }
        let shown = short(text);
        match self {
            Self::Text | Self::Texts => escaped(text),
            Self::Number => match text.parse::<i64>() {
                Ok(number) if number.unsigned_abs() < 1 << 53 => Ok(number.to_string()),
                _ => Err(format!("\"{shown}\" is no whole number")),
            },
            Self::Duration => {
                let span = Span::parse(text)?;
                if span.is_back() { Err(format!("\"{shown}\" reaches back")) } else { Ok(text.to_owned()) }
            }
            Self::Time => workflow::local_time(text).map(|_| text.to_owned()),
            Self::Url => {
                let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
                let plain = |c: char| c.is_ascii_graphic() && !"\"'\\{}<>`|^".contains(c);
                match rest {
                    Some(rest) if !rest.is_empty() && rest.chars().all(plain) => Ok(text.to_owned()),
                    _ => Err(format!("\"{shown}\" is no address like https://shop.example/tea")),
                }
            }
            Self::Name => workflow::check_name(text).map(str::to_owned),
            Self::Choice => Ok(text.to_owned()),
        }
    }
}

/// A text as it stands between the quotes of a TOML text.
fn escaped(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() => return Err("a text has no control characters".to_owned()),
            letter => out.push(letter),
        }
    }
    Ok(out)
}

/// Puts the values into a text. What is no parameter is told with the octet where it stands.
pub fn fill(text: &str, written: &BTreeMap<String, BTreeMap<String, String>>) -> Result<String, Vec<(usize, String)>> {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut faults) = (text, Vec::new());
    while let Some(start) = rest.find("${") {
        let at = text.len() - rest.len() + start;
        let (before, tail) = rest.split_at(start);
        out.push_str(before);
        let tail = tail.get(2..).unwrap_or_default();
        let end = tail.find('}').filter(|end| *end <= 100);
        let Some((named, after)) = end.and_then(|end| Some((tail.get(..end)?, tail.get(end + 1..)?))) else {
            faults.push((at, "\"${\" is not closed by \"}\"".to_owned()));
            rest = tail;
            continue;
        };
        let (name, key) = named.split_once('.').unwrap_or((named, ""));
        match written.get(name).and_then(|keys| keys.get(key)) {
            Some(value) => out.push_str(value),
            None => faults.push((at, unknown(named, name, written))),
        }
        rest = after;
    }
    out.push_str(rest);
    if faults.is_empty() { Ok(out) } else { Err(faults) }
}

fn unknown(named: &str, name: &str, written: &BTreeMap<String, BTreeMap<String, String>>) -> String {
    match written.get(name) {
        Some(keys) => {
            let keys: Vec<String> =
                keys.keys().map(|key| format!("${{{name}{}{key}}}", if key.is_empty() { "" } else { "." })).collect();
            format!("there is no ${{{}}}, but {}", short(named), keys.join(", "))
        }
        None => {
            let hint = nearest(name, written.keys().map(String::as_str));
            let hint = hint.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            format!("there is no parameter \"{}\"{hint}", short(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(json: &str) -> Parameter {
        serde_json::from_str(json).unwrap()
    }

    fn one(kind: &str, value: &str) -> Result<String, String> {
        let parameter = parameter(&format!(r#"{{"kind": "{kind}", "default": "x", "about": {{"en": "x"}}}}"#));
        let values = Values([("p".to_owned(), value.to_owned())].into());
        parameter.written("p", &values).map(|keys| keys[""].clone())
    }

    #[test]
    fn a_value_must_be_of_its_kind() {
        assert_eq!(one("number", "30").as_deref(), Ok("30"));
        assert_eq!(one("duration", "2w").as_deref(), Ok("2w"));
        assert_eq!(one("time", "09:30").as_deref(), Ok("09:30"));
        assert_eq!(one("url", "https://shop.example/a?b=c").as_deref(), Ok("https://shop.example/a?b=c"));
        assert_eq!(one("text", "a \"b\"\nc\\d").as_deref(), Ok("a \\\"b\\\"\\nc\\\\d"));
        for (kind, wrong) in [
            ("number", "many"),
            ("number", "1.5"),
            ("duration", "-2d"),
            ("duration", "2 weeks"),
            ("time", "25:00"),
            ("url", "shop.example"),
            ("url", "https://a') }}{{ x"),
            ("name", "a b"),
            ("text", "a\u{7}"),
        ] {
            assert!(one(kind, wrong).is_err(), "{kind} {wrong}");
        }
    }

    #[test]
    fn texts_are_set_for_one_language_or_for_all() {
        let perks = parameter(r#"{"kind": "texts", "default": {"en": "tea", "ko": "차"}, "about": {"en": "x"}}"#);
        let written = |typed: &[&str]| {
            let mut values = Values::default();
            typed.iter().for_each(|typed| values.set(typed).unwrap());
            let keys = perks.written("perks", &values).unwrap();
            (keys["en"].clone(), keys["ko"].clone())
        };
        assert_eq!(written(&[]), ("tea".into(), "차".into()));
        assert_eq!(written(&["perks.ko=선물"]), ("tea".into(), "선물".into()));
        assert_eq!(written(&["perks = 10 %"]), ("10 %".into(), "10 %".into()));
        assert!(Values::default().set("perks").is_err());
    }

    #[test]
    fn a_choice_stands_for_its_fields() {
        let by = parameter(
            r#"{"kind": "choice", "default": "visit", "about": {"en": "x"},
                "choices": {"visit": {"event": "visit"}, "buy": {"event": "purchase"}}}"#,
        );
        let values = Values([("by".to_owned(), "buy".to_owned())].into());
        let written = BTreeMap::from([("by".to_owned(), by.written("by", &values).unwrap())]);
        assert_eq!(fill("${by} is ${by.event}.", &written).as_deref(), Ok("buy is purchase."));
        let faults = fill("a ${yb} ${by.point} ${by", &written).unwrap_err();
        assert_eq!(faults.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2, 8, 20]);
        let wrong = Values([("by".to_owned(), "sell".to_owned())].into());
        assert_eq!(by.written("by", &wrong), Err("\"sell\" is none of buy, visit".to_owned()));
    }
}
