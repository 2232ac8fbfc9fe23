//! Reads the steps of a workflow: first their names, then what each does and where it leads.

use std::collections::BTreeMap;

use serde_json::Value;

use super::definition::{Action, Answer, Awaited, DateTrigger, Deed, Field, Question, Send, SetTo, Step};
use super::read::{class_of, event_match, field, positive, read_tree};
use super::reader::{Faults, Object, plain_name};
use super::span::{Span, local_time};
use crate::attribute::{self, Attribute};
use crate::event::check_kind;
use crate::fault::{kind_of, nearest, short};
use crate::{keywords, template};
use postrider_model::Class;

/// How long a step waits for something when it does not say.
const TIMEOUT: Span = Span::days(30);
/// Most ways of one step.
const WAYS_MAX: usize = 20;
/// Most words, tags and the like of one step.
const TEXTS_MAX: usize = 50;
/// The longest reason and outcome, in characters.
const TEXT_MAX: usize = 200;

const ACTIONS: [&str; 18] = [
    "send",
    "wait",
    "wait_until",
    "wait_for",
    "branch",
    "split",
    "tag",
    "untag",
    "set",
    "list",
    "unlist",
    "coupon",
    "event",
    "survey",
    "enrol",
    "webhook",
    "notify",
    "opt_out",
];

/// The names of all steps.
struct Ids<'a> {
    ids: Vec<String>,
    faults: &'a Faults,
}

/// Reads the steps; nothing if one of them cannot be read.
pub fn steps(entries: &[(&Value, String)], class: Class, faults: &Faults) -> Option<Vec<Step>> {
    let mut ids: Vec<String> = Vec::with_capacity(entries.len());
    for (n, (value, place)) in entries.iter().enumerate() {
        let given = value.get("id").and_then(Value::as_str);
        let id = given.map_or_else(|| format!("step-{}", n + 1), |id| id.trim().to_owned());
        if ids.contains(&id) {
            faults.add(&format!("{place}/id"), "repeated", format!("there are two steps \"{}\"", short(&id)));
        }
        ids.push(id);
    }
    let ids = Ids { ids, faults };
    let read = |(n, (value, place)): (usize, &(&Value, String))| {
        let object = Object::of(value, place, "a step", faults)?;
        object.name("id");
        let step = ids.step(&object, n, class);
        object.finish("a step of this kind");
        step
    };
    let steps: Vec<Option<Step>> = entries.iter().enumerate().map(read).collect();
    steps.into_iter().collect()
}

impl Ids<'_> {
    fn step(&self, object: &Object<'_>, n: usize, class: Class) -> Option<Step> {
        let found: Vec<_> = ACTIONS.into_iter().chain(["exit"]).filter(|name| object.has(name)).collect();
        let [name] = found.as_slice() else {
            let known = ACTIONS.join(", ");
            let detail = if found.is_empty() {
                format!("a step has one of {known}, exit")
            } else {
                format!("one step has {} at once; write [[step]] for each", found.join(" and "))
            };
            object.fault("", if found.is_empty() { "no_action" } else { "several_actions" }, detail);
            return None;
        };
        let next = self.target(object, "next", n + 1);
        let action = match *name {
            "send" => send(object, class),
            "wait" => wait(object),
            "wait_until" => wait_until(object),
            "wait_for" => self.wait_for(object, next),
            "branch" => self.branch(object, next),
            "split" => self.split(object, next),
            "exit" => outcome(object).map(Action::Exit),
            deed => self::deed(object, deed).map(Action::Do),
        };
        Some(Step { id: self.ids.get(n)?.clone(), action: action?, next })
    }

    /// The place of the step that a field names, or `otherwise`.
    fn target(&self, object: &Object<'_>, name: &'static str, otherwise: usize) -> usize {
        let Some(id) = object.text(name) else { return otherwise };
        if let Some(place) = self.ids.iter().position(|known| known == id) {
            return place;
        }
        let near = nearest(id, self.ids.iter().map(String::as_str));
        let hint = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        object.fault(name, "unknown_step", format!("there is no step \"{}\"{hint}", short(id)));
        otherwise
    }

    fn known(&self, id: &str, place: &str) -> String {
        if !self.ids.iter().any(|known| known == id) {
            let near = nearest(id, self.ids.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            self.faults.add(place, "unknown_step", format!("there is no step \"{}\"{hint}", short(id)));
        }
        id.to_owned()
    }

    fn wait_for(&self, object: &Object<'_>, next: usize) -> Option<Action> {
        let entries = object.entries("wait_for", WAYS_MAX);
        if entries.is_empty() {
            object.fault("wait_for", "empty", "wait_for names something to wait for");
        }
        let answers = entries.iter().filter_map(|(value, place)| {
            let entry = Object::of(value, place, "what is waited for", self.faults)?;
            let what = self.awaited(&entry);
            let to = self.target(&entry, "to", next);
            entry.finish("what is waited for");
            Some(Answer { what: what?, to })
        });
        let answers: Vec<Answer> = answers.collect();
        let timeout = object.read("timeout", positive).unwrap_or(TIMEOUT);
        if timeout.rough_millis() < 1_000 {
            object.fault("timeout", "wrong_value", "a time-out is at least one second");
        }
        let otherwise = self.target(object, "else", next);
        (answers.len() == entries.len()).then_some(Action::WaitFor { answers, timeout, otherwise })
    }

    fn awaited(&self, entry: &Object<'_>) -> Option<Awaited> {
        const WHAT: [&str; 4] = ["event", "words", "clicked", "replied"];
        let found: Vec<_> = WHAT.into_iter().filter(|name| entry.has(name)).collect();
        match found.as_slice() {
            ["event"] => event_match(entry).map(Awaited::Event),
            ["words"] => {
                let words: Vec<String> =
                    entry.texts("words", TEXTS_MAX)?.iter().map(|word| keywords::form(word)).collect();
                if words.iter().any(String::is_empty) {
                    entry.fault("words", "wrong_value", "a word has letters or digits");
                }
                Some(Awaited::Words(words))
            }
            ["clicked"] => entry.text("clicked").map(|id| Awaited::Clicked(self.known(id, &entry.at("clicked")))),
            ["replied"] => {
                if !entry.flag("replied") {
                    entry.fault("replied", "wrong_value", "replied is true; leave it away otherwise");
                }
                Some(Awaited::Replied)
            }
            _ => {
                entry.fault("", "wrong_wait", format!("this waits for one of {}", WHAT.join(", ")));
                None
            }
        }
    }

    fn branch(&self, object: &Object<'_>, next: usize) -> Option<Action> {
        let place = object.at("branch");
        let asked = Object::of(object.value("branch")?, &place, "what a branch asks", self.faults)?;
        let question = self.question(&asked);
        asked.finish("what a branch asks");
        let (then, otherwise) = (self.target(object, "then", next), self.target(object, "else", next));
        if !object.has("then") && !object.has("else") {
            object.fault("branch", "no_way", "a branch says where it leads: then, else or both");
        }
        Some(Action::Branch { question: question?, then, otherwise })
    }

    fn question(&self, asked: &Object<'_>) -> Option<Question> {
        const WHAT: [&str; 6] = ["clicked", "replied", "delivered", "bought", "event", "condition"];
        let found: Vec<_> = WHAT.into_iter().filter(|name| asked.has(name)).collect();
        let step = |name| asked.text(name).map(|id| self.known(id, &asked.at(name)));
        match found.as_slice() {
            ["clicked"] => step("clicked").map(Question::Clicked),
            ["replied"] => step("replied").map(Question::Replied),
            ["delivered"] => step("delivered").map(Question::Delivered),
            ["bought"] => Some(Question::Bought(asked.flag("bought"))),
            ["event"] => event_match(asked).map(Question::Event),
            ["condition"] => {
                read_tree(asked.value("condition")?, &asked.at("condition"), self.faults).map(Question::Condition)
            }
            _ => {
                asked.fault("", "wrong_question", format!("a branch asks one of {}", WHAT.join(", ")));
                None
            }
        }
    }

    fn split(&self, object: &Object<'_>, next: usize) -> Option<Action> {
        let entries = object.entries("split", WAYS_MAX);
        let ways: Vec<(usize, u32)> = entries
            .iter()
            .filter_map(|(value, place)| {
                let way = Object::of(value, place, "a way", self.faults)?;
                let to = self.target(&way, "to", next);
                let share = way.value("share").and_then(Value::as_u64).and_then(|share| u32::try_from(share).ok());
                let share = share.filter(|share| (1..=1_000_000).contains(share));
                if share.is_none() {
                    way.fault("share", "wrong_value", "a share is a whole number from 1 to 1000000");
                }
                way.finish("a way");
                Some((to, share?))
            })
            .collect();
        if entries.len() < 2 {
            object.fault("split", "wrong_value", "a split has at least two ways");
        }
        (ways.len() == entries.len()).then_some(Action::Split(ways))
    }
}

fn send(object: &Object<'_>, of_workflow: Class) -> Option<Action> {
    let template = object.name("send");
    let urgent = object.flag("urgent");
    let own = class_of(object);
    if urgent && own == Some(Class::Marketing) {
        object.fault("urgent", "wrong_value", "what overtakes campaigns is transactional; marketing waits its turn");
    }
    let class = own.unwrap_or(if urgent { Class::Transactional } else { of_workflow });
    Some(Action::Send(Send { template: template?, class, urgent }))
}

fn wait(object: &Object<'_>) -> Option<Action> {
    let span = object.read("wait", positive);
    let at = object.read("at", local_time);
    Some(Action::Wait { span: span?, at })
}

fn wait_until(object: &Object<'_>) -> Option<Action> {
    let field = object.read("wait_until", field);
    let offset = object.read("offset", Span::parse).unwrap_or_default();
    let at = object.read("at", local_time);
    Some(Action::WaitUntil(DateTrigger { field: field?, offset, at }))
}

fn outcome(object: &Object<'_>) -> Option<String> {
    object.read("exit", |text| words(text, "an outcome"))
}

fn words(text: &str, what: &str) -> Result<String, String> {
    if text.chars().count() > TEXT_MAX || text.chars().any(char::is_control) {
        return Err(format!("{what} has at most {TEXT_MAX} characters in one line"));
    }
    Ok(text.to_owned())
}

fn deed(object: &Object<'_>, name: &str) -> Option<Deed> {
    match name {
        "tag" => labels(object, "tag").map(Deed::Tag),
        "untag" => labels(object, "untag").map(Deed::Untag),
        "list" => labels(object, "list").map(Deed::List),
        "unlist" => labels(object, "unlist").map(Deed::Unlist),
        "set" => set(object).map(Deed::Set),
        "coupon" => object.name("coupon").map(Deed::Coupon),
        "event" => event(object),
        "survey" => object.name("survey").map(Deed::Survey),
        "enrol" => object.name("enrol").map(Deed::Enrol),
        "webhook" => object.name("webhook").map(Deed::Webhook),
        "notify" => {
            let source = object.text("notify")?;
            if let Err(fault) = template::check_source(source) {
                object.fault("notify", fault.code, fault.detail);
            }
            Some(Deed::Notify(source.to_owned()))
        }
        "opt_out" => object.read("opt_out", |text| words(text, "a reason")).map(Deed::OptOut),
        _ => None,
    }
}

fn labels(object: &Object<'_>, name: &'static str) -> Option<Vec<String>> {
    let labels = object.texts(name, TEXTS_MAX)?;
    if labels.iter().any(|label| label.chars().count() > 60 || label.chars().any(char::is_control)) {
        object.fault(name, "wrong_value", "a tag or list has at most 60 characters");
    }
    Some(labels)
}

fn set(object: &Object<'_>) -> Option<BTreeMap<String, Option<SetTo>>> {
    let fields = object.map("set");
    if fields.is_empty() {
        object.fault("set", "empty", "set names an attribute and its value");
    }
    let mut all = BTreeMap::new();
    for (name, value, place) in fields {
        if let Err(fault) = attribute::check_name(name) {
            object.faults().under(&place, fault);
        }
        match set_to(value) {
            Ok(to) => drop(all.insert(name.clone(), to)),
            Err(fault) => object.faults().under(&place, fault),
        }
    }
    Some(all)
}

fn set_to(value: &Value) -> Result<Option<SetTo>, crate::fault::Fault> {
    let Value::String(text) = value else {
        return if value.is_null() {
            Ok(None)
        } else {
            Attribute::from_json(value).map(|value| Some(SetTo::Value(value)))
        };
    };
    let text = text.trim();
    if text == "now" || text == "today" {
        return Ok(Some(SetTo::Day(Span::default())));
    }
    if let (true, Ok(span)) = (text.starts_with(['+', '-']), Span::parse(text)) {
        return Ok(Some(SetTo::Day(span)));
    }
    if let Some(name) = text.strip_prefix("event.").filter(|name| attribute::check_name(name).is_ok()) {
        return Ok(Some(SetTo::Event(name.to_owned())));
    }
    Attribute::from_json(value).map(|value| Some(SetTo::Value(value)))
}

fn event(object: &Object<'_>) -> Option<Deed> {
    let kind = object.read("event", |text| check_kind(text).map_err(|fault| fault.detail));
    let mut properties = BTreeMap::new();
    for (name, value, place) in object.map("properties") {
        if let Err(fault) = attribute::check_name(name) {
            object.faults().under(&place, fault);
        }
        match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                drop(properties.insert(name.clone(), value.clone()))
            }
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let detail = format!("a property is a text, a number, true or false, not {}", kind_of(value));
                object.faults().add(&place, "wrong_type", detail);
            }
        }
    }
    let contact = object.read("contact", |text| match field_of(text) {
        Some(field) => Ok(field),
        None => Err(format!("\"{}\" names no number: event.NAME or attribute.NAME", short(text))),
    });
    Some(Deed::Event { kind: kind?, properties, contact })
}

fn field_of(text: &str) -> Option<Field> {
    let (of, name) = text.split_once('.')?;
    plain_name(name).ok()?;
    match of {
        "event" => Some(Field::Event(name.to_owned())),
        "attribute" => Some(Field::Attribute(name.to_owned())),
        _ => None,
    }
}
