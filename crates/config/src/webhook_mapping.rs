//! The mapping files of shop systems: those that are built in, and an operator's own, read to a checked [`Mapping`].
//!
//! `mapping = "shopify"` is `webhooks/shopify.toml` beside the configuration, or else the built-in file of that name;
//! `mapping = "/etc/postrider/till.toml"` is that file.

use std::collections::BTreeMap;
use std::io;

use toml::de::DeValue;

use postrider_campaign::attribute;
use postrider_campaign::event::check_kind;
use postrider_campaign::mapping::{
    Condition, ConsentRule, ContactRule, EarlierEvent, Encoding, EventRule, Mapping, Path, ProductRule, Rule, Selector,
    Signature, Topic, Want,
};

use super::BuiltIn;
use super::document::{Document, Section};
use super::files::Place;
use super::problem::{Problems, Report, did_you_mean};
use super::value::{Checked, filled, flag, integer_text, must_be, one_of, str_of, text};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltIn { name: $name, text: include_str!(concat!("../../../firmware-config/webhooks/", $name, ".toml")) }),*]
    };
}

/// All of them, by name.
pub const WEBHOOK_MAPPINGS: &[BuiltIn] = built_in!["generic", "shopify", "woocommerce"];

/// Most rules of a mapping.
const RULES_MAX: usize = 100;
/// The fields of a product.
const PRODUCT_FIELDS: [&str; 6] = ["id", "name", "category", "price", "quantity", "url"];

/// Reads a mapping on its own, for a tool that tries it.
///
/// # Errors
/// Every mistake, by line.
pub fn webhook_mapping(file: &str, toml: &str) -> Result<Mapping, Problems> {
    let report = Report::default();
    let mapping = read_file(file, toml, &report);
    let (problems, _, _) = report.finish();
    match mapping {
        Some(mapping) if problems.is_empty() => Ok(mapping),
        _ => Err(Problems(problems)),
    }
}

/// Reads `mapping` of a webhook, and the file that it names.
pub(super) fn named(section: &mut Section<'_>, place: Place<'_>) -> Option<Mapping> {
    let mut name = String::new();
    if !section.set("mapping", &mut name, filled) {
        section.missing("mapping", "write the name of a shop system like \"shopify\", or the path of a mapping file");
    }
    if name.is_empty() {
        return None;
    }
    if name.contains('/') || name.ends_with(".toml") {
        let path = place.path(&name);
        let text = place.read(&path).map_err(|predicate| section.wrong("mapping", &predicate)).ok()?;
        return read_file(&path.display().to_string(), &text, section.report);
    }
    let own = place.path(&format!("webhooks/{name}.toml"));
    match (place.files.read(&own), WEBHOOK_MAPPINGS.iter().find(|file| file.name == name)) {
        (Ok(text), _) => read_file(&own.display().to_string(), &text, section.report),
        (Err(error), Some(file)) if error.kind() == io::ErrorKind::NotFound => {
            read_file(&format!("{name}.toml, built in"), file.text, section.report)
        }
        (Err(error), _) if error.kind() != io::ErrorKind::NotFound => {
            section.wrong("mapping", &format!("names {}, which cannot be read: {error}", own.display()));
            None
        }
        (Err(_), _) => {
            let names: Vec<_> = WEBHOOK_MAPPINGS.iter().map(|file| file.name).collect();
            let hint = did_you_mean(&name, names.iter().copied());
            let hint = hint.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
            let known = names.join(", ");
            section.wrong(
                "mapping",
                &format!("names \"{name}\", which is none of {known} and not in {}{hint}", own.display()),
            );
            None
        }
    }
}

fn read_file(name: &str, toml: &str, report: &Report) -> Option<Mapping> {
    let document = Document::parse(name, toml, report);
    let mut root = document.root("", report).with_path("mapping");
    let mut title = String::new();
    root.set("title", &mut title, text);
    let topic = topic(&mut root);
    let signature = signature(&mut root);
    let mut ping = None;
    root.set_some("ping", &mut ping, filled);
    let sections = root.sections("rule");
    if sections.is_empty() {
        root.missing("rule", "write at least one [[rule]]");
    }
    if sections.len() > RULES_MAX {
        root.wrong("rule", &format!("stands more than {RULES_MAX} times"));
    }
    let rules: Vec<Rule> = sections.into_iter().take(RULES_MAX).filter_map(rule).collect();
    root.finish();
    Some(Mapping { title, topic: topic?, signature: signature?, ping, rules })
}

fn topic(root: &mut Section<'_>) -> Option<Topic> {
    let (mut header, mut path) = (None, None);
    root.set_some("topic_header", &mut header, header_name);
    root.set_some("topic_path", &mut path, path_of);
    match (header, path) {
        (Some(header), None) => Some(Topic::Header(header)),
        (None, Some(path)) => Some(Topic::Body(path)),
        (Some(_), Some(_)) => {
            root.wrong("topic_path", "stands beside topic_header; keep one of them");
            None
        }
        (None, None) => {
            root.missing("topic_header", "name the header that says what happened, or its topic_path in the body");
            None
        }
    }
}

fn signature(root: &mut Section<'_>) -> Option<Signature> {
    let Some(mut section) = root.section("signature") else {
        root.missing("signature", "write [signature] with the header that has it");
        return None;
    };
    let (mut header, mut encoding, mut prefix) = (None, Encoding::Hex, String::new());
    section.set_some("header", &mut header, header_name);
    section.set("encoding", &mut encoding, one_of([("base64", Encoding::Base64), ("hex", Encoding::Hex)]));
    section.set("prefix", &mut prefix, text);
    if header.is_none() {
        section.missing("header", "name the header that has the signature");
    }
    section.finish();
    Some(Signature { header: header?, encoding, prefix })
}

fn rule(mut section: Section<'_>) -> Option<Rule> {
    let mut rule = Rule::default();
    section.set_list("topics", &mut rule.topics, filled);
    if rule.topics.is_empty() {
        section.missing("topics", "write the topics that it is about, or [\"*\"]");
    }
    rule.when = when(&mut section, "when");
    section.set_some("each", &mut rule.each, path_of);
    section.set_some("number", &mut rule.number, selector);
    section.set_some("country", &mut rule.country, selector);
    section.set_some("at", &mut rule.at, selector);
    if let Some(mut inner) = section.section("contact_of") {
        let (mut kind, mut id) = (None, None);
        inner.set_some("event", &mut kind, event_kind);
        inner.set_some("id", &mut id, selector);
        if kind.is_none() || id.is_none() {
            inner.missing("event", "write the type of the earlier event, and its id");
        }
        inner.finish();
        rule.contact_of = kind.zip(id).map(|(kind, id)| EarlierEvent { kind, id });
    }
    rule.event = event(&mut section);
    if let Some(inner) = section.section("contact") {
        rule.contact = Some(contact(inner));
    }
    for inner in section.sections("consent") {
        rule.consents.extend(consent(inner));
    }
    if rule.number.is_none() && rule.contact_of.is_none() {
        section.missing("number", "say where the contact's number is");
    }
    let says_nothing = rule.event.is_none() && rule.contact.is_none() && rule.consents.is_empty();
    if says_nothing {
        section.missing("event", "a rule records an event, a [rule.contact] or a [[rule.consent]]");
    }
    section.finish();
    Some(rule)
}

fn event(section: &mut Section<'_>) -> Option<EventRule> {
    let (mut kind, mut id, mut amount, mut currency) = (None, None, None, None);
    let mut properties = BTreeMap::new();
    section.set_some("event", &mut kind, event_kind);
    section.set_some("id", &mut id, selector);
    section.set_some("amount", &mut amount, selector);
    section.set_some("currency", &mut currency, selector);
    section.set_map("properties", &mut properties, attribute_name, selector);
    let products = section.section("products").and_then(products);
    if kind.is_some() && id.is_none() {
        section.missing("id", "shops post things more than once, and the id tells; write one like \"order-{id}\"");
    }
    Some(EventRule { kind: kind?, id: id?, amount, currency, products, properties })
}

fn products(mut section: Section<'_>) -> Option<ProductRule> {
    let mut each = None;
    let mut fields = BTreeMap::new();
    section.set_some("each", &mut each, path_of);
    if each.is_none() {
        section.missing("each", "name the array of products");
    }
    for name in PRODUCT_FIELDS {
        let mut found = None;
        section.set_some(name, &mut found, selector);
        if let Some(found) = found {
            fields.insert(name, found);
        }
    }
    section.finish();
    Some(ProductRule { each: each?, fields })
}

fn contact(mut section: Section<'_>) -> ContactRule {
    let mut rule = ContactRule::default();
    section.set_some("name", &mut rule.name, selector);
    section.set_some("locale", &mut rule.locale, selector);
    section.set_map("attributes", &mut rule.attributes, attribute_name, selector);
    section.set_list("tags", &mut rule.tags, filled);
    section.set_list("lists", &mut rule.lists, filled);
    section.finish();
    rule
}

fn consent(mut section: Section<'_>) -> Option<ConsentRule> {
    let (mut given, mut number, mut at, mut words, mut proof) = (None, None, None, None, None);
    section.set_some("given", &mut given, flag);
    let when = when(&mut section, "when");
    section.set_some("number", &mut number, selector);
    section.set_some("at", &mut at, selector);
    section.set_some("words", &mut words, selector);
    section.set_some("proof", &mut proof, selector);
    for (key, there, advice) in [
        ("given", given.is_some(), "write true for a consent, false for a withdrawal"),
        ("at", at.is_some(), "say when it was said"),
        ("proof", proof.is_some(), "say what proves it"),
    ] {
        if !there {
            section.missing(key, advice);
        }
    }
    section.finish();
    Some(ConsentRule { given: given?, when, number, at: at?, words, proof: proof? })
}

fn when(section: &mut Section<'_>, key: &'static str) -> Vec<Condition> {
    let mut wanted = BTreeMap::new();
    section.set_map(key, &mut wanted, |path| Path::parse(path).map(|_| path.to_owned()), want);
    let conditions = wanted.into_iter();
    conditions.filter_map(|(path, want)| Some(Condition { path: Path::parse(&path).ok()?, want })).collect()
}

fn want(value: &DeValue<'_>) -> Checked<Want> {
    let wrong = || must_be("a text, a list of texts, { known = true } or { not = [...] }", value);
    if let DeValue::Table(entries) = value {
        let mut entries = entries.iter();
        let (Some((name, entry)), None) = (entries.next(), entries.next()) else { return Err(wrong()) };
        return match name.get_ref().as_ref() {
            "known" => flag(entry.get_ref()).map(Want::Known),
            "not" => texts(entry.get_ref()).map(Want::NoneOf),
            _ => Err(wrong()),
        };
    }
    texts(value).map(Want::OneOf).map_err(|_| wrong())
}

fn texts(value: &DeValue<'_>) -> Checked<Vec<String>> {
    let one = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        DeValue::Integer(_) => integer_text(value).ok_or_else(|| must_be("a whole number", value)),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            Err(must_be("a text, a whole number, true or false", value))
        }
    };
    match value.as_array() {
        Some(entries) => entries.iter().map(|entry| one(entry.get_ref())).collect(),
        None => one(value).map(|text| vec![text]),
    }
}

fn selector(value: &DeValue<'_>) -> Checked<Selector> {
    Selector::parse(str_of(value, "a path like \"customer.phone\"")?).map_err(|why| format!("is wrong: {why}"))
}

fn path_of(value: &DeValue<'_>) -> Checked<Path> {
    Path::parse(str_of(value, "a path like \"line_items\"")?).map_err(|why| format!("is wrong: {why}"))
}

fn event_kind(value: &DeValue<'_>) -> Checked<String> {
    check_kind(str_of(value, "a type of event like \"purchase\"")?)
        .map_err(|fault| format!("is wrong: {}", fault.detail))
}

fn attribute_name(name: &str) -> Checked<String> {
    attribute::check_name(name).map(|()| name.to_owned()).map_err(|fault| format!("is wrong: {}", fault.detail))
}

/// The name of a header, in the small letters in which servers know them.
fn header_name(value: &DeValue<'_>) -> Checked<String> {
    let name = filled(value)?.to_ascii_lowercase();
    match name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        true => Ok(name),
        false => Err(must_be("the name of a header like \"X-Signature\"", value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_mappings_are_right() {
        for file in WEBHOOK_MAPPINGS {
            let mapping = webhook_mapping(file.name, file.text).unwrap_or_else(|problems| panic!("{problems}"));
            assert!(!mapping.title.is_empty() && !mapping.rules.is_empty(), "{}", file.name);
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let toml = "title = \"Till\"\ntopic_header = \"X Topic\"\n[signature]\nencoding = \"base32\"\n[[rule]]\n\
                    topics = [\"a\"]\nevent = \"Purchase\"\nnumber = \"a..b\"\nwhen = { \"x[\" = 1, y = { some = 1 } }\nfoo = 1\n";
        let text = webhook_mapping("till.toml", toml).unwrap_err().to_string();
        for expected in [
            "topic_header",
            "encoding must be one of base64, hex",
            "header is missing",
            "event is wrong",
            "number is wrong",
            "when.x[",
            "when.y",
            "unknown key \"foo\"",
            "till.toml, line 8",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        let without_id = "title = \"T\"\ntopic_path = \"type\"\n[signature]\nheader = \"X-S\"\n[[rule]]\ntopics = [\"*\"]\n\
                          event = \"visit\"\nnumber = \"phone\"\n";
        assert!(webhook_mapping("t", without_id).unwrap_err().to_string().contains("id is missing"));
    }
}
