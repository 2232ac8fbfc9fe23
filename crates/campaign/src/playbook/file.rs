//! Reads a playbook file: its head, the parameters put in, then everything that it brings; mistakes are told by line.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::parameter::{Parameter, Values, fill};
use super::{Asset, Definition, Outline, Playbook, refer};
use crate::contest::Contest;
use crate::coupon::Pool;
use crate::fault::{Fault, nearest, pointer_part, short};
use crate::page::Page;
use crate::service::Service;
use crate::survey::Survey;
use crate::template::{Compiled, SEGMENTS_MAX, Template};
use crate::texts::Texts;
use crate::workflow::file::{Document, Mistake};
use crate::{segment, workflow};

/// The largest file.
const FILE_SIZE_BYTES_MAX: usize = 256 << 10;
/// Most things that a playbook brings.
const ASSETS_MAX: usize = 200;
/// Parameters that several playbooks use.
const COMMON: &str = include_str!("../../../../playbooks/common.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    title: Texts,
    about: Texts,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
}

#[derive(Debug, Deserialize)]
struct Common {
    parameters: BTreeMap<String, Parameter>,
}

/// A parameter that the shop must set and did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(pub Vec<String>);

impl Outline {
    /// Whether the shop set all that it must.
    ///
    /// # Errors
    /// The names of those that it did not.
    pub fn is_set(&self, values: &Values) -> Result<(), Missing> {
        let is_missing = |(name, parameter): &(&String, &Parameter)| {
            parameter.required && !values.0.keys().any(|key| key.split('.').next() == Some(name))
        };
        let missing: Vec<String> = self.parameters.iter().filter(is_missing).map(|(name, _)| name.clone()).collect();
        if missing.is_empty() { Ok(()) } else { Err(Missing(missing)) }
    }
}

/// Reads what a playbook is.
///
/// # Errors
/// Every mistake, by line.
pub fn outline(text: &str) -> Result<Outline, Vec<Mistake>> {
    if text.len() > FILE_SIZE_BYTES_MAX {
        return Err(vec![mistake(1, format!("a playbook has at most {FILE_SIZE_BYTES_MAX} octets"))]);
    }
    let (head, body) = split(text);
    let document = Document::parse(head)?;
    let read: Head =
        serde_json::from_value(document.value.clone()).map_err(|error| vec![mistake(1, error.to_string())])?;
    let mut faults = Vec::new();
    if let Err(detail) = workflow::check_name(&read.name) {
        faults.push(Fault::new("/name", "wrong_name", detail));
    }
    for (place, texts) in [("/title", &read.title), ("/about", &read.about)] {
        faults.extend(texts.check().err().unwrap_or_default().into_iter().map(|fault| fault.under(place)));
    }
    for name in read.parameters.keys() {
        let good = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !good {
            let place = format!("/parameters/{}", pointer_part(name));
            faults.push(Fault::new(place, "wrong_name", "a parameter is named by small letters, digits and _"));
        }
    }
    if !faults.is_empty() {
        return Err(faults.iter().map(|fault| document.mistake(fault)).collect());
    }
    let mut parameters = common();
    parameters.retain(|name, _| body.contains(&format!("${{{name}}}")) || body.contains(&format!("${{{name}.")));
    parameters.extend(read.parameters);
    Ok(Outline { name: read.name, title: read.title, about: read.about, parameters })
}

fn common() -> BTreeMap<String, Parameter> {
    // A test reads it, so that a mistake in it is not passed over here.
    let document = Document::parse(COMMON).unwrap_or_default();
    serde_json::from_value(document.value).map(|common: Common| common.parameters).unwrap_or_default()
}

/// The head of the file, and the rest: what comes after the parameters.
fn split(text: &str) -> (&str, &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let table = line.trim_start().trim_start_matches('[').trim_start();
        let is_head = ["title", "about", "parameters"]
            .iter()
            .any(|word| table.strip_prefix(word).is_some_and(|rest| rest.starts_with([']', '.', ' '])));
        if line.trim_start().starts_with('[') && !is_head {
            break;
        }
        at += line.len();
    }
    text.split_at(at)
}

fn mistake(line: usize, detail: String) -> Mistake {
    Mistake { line, key: String::new(), detail }
}

/// Reads a playbook with the shop's own values.
///
/// # Errors
/// Every mistake, by line.
pub fn read(text: &str, values: &Values) -> Result<Playbook, Vec<Mistake>> {
    let outline = outline(text)?;
    let (head, body) = split(text);
    let mut mistakes = Vec::new();
    for name in values.0.keys() {
        let base = name.split('.').next().unwrap_or_default();
        if !outline.parameters.contains_key(base) {
            let hint = nearest(base, outline.parameters.keys().map(String::as_str));
            let hint = hint.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            mistakes.push(mistake(1, format!("there is no parameter \"{}\"{hint}", short(name))));
        }
    }
    let mut written = BTreeMap::new();
    for (name, parameter) in &outline.parameters {
        match parameter.written(name, values) {
            Ok(keys) => drop(written.insert(name.clone(), keys)),
            Err(detail) => mistakes.push(Mistake { line: 1, key: format!("parameters.{name}"), detail }),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let before = head.matches('\n').count();
    let filled = fill(body, &written).map_err(|faults| {
        let line = |at: usize| before + 1 + body.get(..at).map_or(0, |text| text.matches('\n').count());
        faults.into_iter().map(|(at, detail)| mistake(line(at), detail)).collect::<Vec<_>>()
    })?;
    let document = Document::parse(&format!("{}{filled}", "\n".repeat(before)))?;
    let mut reader = Reader { assets: Vec::new(), faults: Vec::new() };
    reader.all(&document.value);
    let playbook = Playbook { outline, assets: reader.assets };
    let mut faults = reader.faults;
    refer::check(&playbook, &document.value, &mut faults);
    if faults.is_empty() {
        return Ok(playbook);
    }
    let mistakes: BTreeSet<Mistake> = faults.iter().map(|fault| document.mistake(fault)).collect();
    Err(mistakes.into_iter().collect())
}

const TABLES: [&str; 8] = ["template", "coupon", "segment", "survey", "contest", "page", "service", "workflow"];

struct Reader {
    assets: Vec<Asset>,
    faults: Vec<Fault>,
}

impl Reader {
    fn all(&mut self, value: &Value) {
        let Value::Object(tables) = value else { return };
        for name in tables.keys().filter(|name| !TABLES.contains(&name.as_str())) {
            let hint = nearest(name, TABLES).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            let detail = format!("a playbook has no \"{}\"{hint}", short(name));
            self.faults.push(Fault::new(format!("/{}", pointer_part(name)), "unknown_field", detail));
        }
        for table in TABLES {
            match tables.get(table) {
                None => {}
                Some(Value::Object(named)) if ["template", "coupon", "segment"].contains(&table) => {
                    for (name, value) in named {
                        self.one(table, name, value, &format!("/{table}/{}", pointer_part(name)));
                    }
                }
                Some(Value::Array(entries)) if !["template", "coupon", "segment"].contains(&table) => {
                    for (n, value) in entries.iter().enumerate() {
                        let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
                        self.one(table, name, value, &format!("/{table}/{n}"));
                    }
                }
                Some(_) => {
                    let form = if ["template", "coupon", "segment"].contains(&table) { "[NAME]" } else { "[[...]]" };
                    let detail = format!(
                        "{table} is written as {}",
                        form.replace("NAME", &format!("{table}.NAME")).replace("...", table)
                    );
                    self.faults.push(Fault::new(format!("/{table}"), "wrong_form", detail));
                }
            }
        }
        if self.assets.len() > ASSETS_MAX {
            self.faults.push(Fault::new("", "too_many", format!("a playbook brings at most {ASSETS_MAX} things")));
        }
    }

    fn one(&mut self, table: &str, name: &str, value: &Value, place: &str) {
        let read = match table {
            "template" => template(value).map(Definition::Template),
            "coupon" => typed::<Pool>(value).and_then(|pool| pool.check().map(|()| Definition::Coupon(pool))),
            "segment" => segment(value),
            "workflow" => workflow::read(value).map(|workflow| Definition::Workflow(Box::new(workflow))),
            "survey" => typed::<Survey>(value).and_then(|one| one.check().map(|()| Definition::Survey(one))),
            "contest" => typed::<Contest>(value).and_then(|one| one.check().map(|()| Definition::Contest(one))),
            "page" => typed::<Page>(value).and_then(|one| one.check().map(|()| Definition::Page(one))),
            _ => typed::<Service>(value).and_then(|one| one.check().map(|()| Definition::Service(Box::new(one)))),
        };
        match read {
            Ok(definition) => self.assets.push(Asset { name: name.to_owned(), definition }),
            Err(faults) => self.faults.extend(faults.into_iter().map(|fault| fault.under(place))),
        }
    }
}

fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Vec<Fault>> {
    serde_json::from_value(value.clone()).map_err(|error| vec![Fault::new("", "wrong_field", error.to_string())])
}

/// A template as playbooks have it: texts by language, fallbacks, `segments_max`.
fn template(value: &Value) -> Result<Template, Vec<Fault>> {
    let mut fields: Map<String, Value> = typed(value)?;
    let fallbacks = fields.remove("fallbacks").map_or_else(|| Ok(BTreeMap::new()), |value| typed(&value))?;
    let segments_max = fields.remove("segments_max").map_or(Ok(SEGMENTS_MAX), |value| typed(&value))?;
    let mut variants: BTreeMap<String, String> = typed(&Value::Object(fields))?;
    let Some(text) = variants.remove("en") else {
        return Err(vec![Fault::new(
            "/en",
            "missing",
            "a template needs its text in English, for all other languages",
        )]);
    };
    let template = Template { text, variants, fallbacks, segments_max, compiled: Compiled::default() };
    template.check().map_err(|faults| faults.into_iter().map(by_language).collect::<Vec<_>>())?;
    Ok(template)
}

/// A fault of a template, placed where the playbook has the text.
fn by_language(fault: Fault) -> Fault {
    let pointer =
        fault.pointer.strip_prefix("/variants").map_or_else(|| fault.pointer.replace("/text", "/en"), str::to_owned);
    Fault { pointer, ..fault }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentDraft {
    title: Texts,
    tree: Value,
}

fn segment(value: &Value) -> Result<Definition, Vec<Fault>> {
    let SegmentDraft { title, tree } = typed(value)?;
    title.check().map_err(|faults| faults.into_iter().map(|fault| fault.under("/title")).collect::<Vec<_>>())?;
    segment::read(&tree).map_err(|faults| faults.into_iter().map(|fault| fault.under("/tree")).collect::<Vec<_>>())?;
    Ok(Definition::Segment(title, tree))
}
