//! Reads a workflow from JSON and checks all of it; every mistake is named with its place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::definition::{DateTrigger, EventMatch, Field, On, Reentry, Trigger, Workflow};
use super::reader::{Faults, Object, plain_name};
use super::span::{Hours, Span, local_time};
use super::{graph, read_step};
use crate::attribute;
use crate::event::check_kind;
use crate::fault::{Fault, kind_of, nearest, short};
use crate::point::{Kind, Point};
use crate::segment::{self, Tree};
use postrider_model::Class;

/// Most goals, and most triggers, of one workflow.
const TRIGGERS_MAX: usize = 20;
/// Most steps.
pub const STEPS_MAX: usize = 100;
/// Most properties that an event is compared with.
const WITH_MAX: usize = 20;
/// The longest title, in characters.
const TITLE_MAX: usize = 100;

/// Reads a workflow.
///
/// # Errors
/// Every mistake with its place.
pub fn read(value: &Value) -> Result<Workflow, Vec<Fault>> {
    let faults = Faults::default();
    let workflow = workflow(value, &faults);
    let faults = faults.into_inner();
    match workflow {
        Some(workflow) if faults.is_empty() => Ok(workflow),
        _ => Err(faults),
    }
}

fn workflow(value: &Value, faults: &Faults) -> Option<Workflow> {
    let object = Object::of(value, "", "a workflow", faults)?;
    let name = object.name("name");
    if !object.has("name") {
        object.fault("name", "missing", "a workflow needs its name");
    }
    let title = object.text("title");
    if title.is_some_and(|title| title.chars().count() > TITLE_MAX) {
        object.fault("title", "too_long", format!("a title has at most {TITLE_MAX} characters"));
    }
    let class = class_of(&object).unwrap_or(Class::Marketing);
    let reentry = reentry(&object);
    let audience = object.value("audience").and_then(|tree| read_tree(tree, &object.at("audience"), faults));
    let at_local = at_local(&object);
    let goals = object.entries("goal", TRIGGERS_MAX);
    let goals = goals.into_iter().filter_map(|(value, place)| goal(value, &place, faults)).collect();
    let triggers = object.entries("trigger", TRIGGERS_MAX);
    if triggers.is_empty() {
        object.fault("trigger", "missing", "a workflow needs a trigger; { api = true } if others begin it");
    }
    let triggers = triggers.into_iter().filter_map(|(value, place)| trigger(value, &place, faults)).collect();
    let entries = object.entries("step", STEPS_MAX);
    if entries.is_empty() {
        object.fault("step", "missing", "a workflow needs a step");
    }
    let steps = read_step::steps(&entries, class, faults);
    object.finish("a workflow");
    let (name, steps) = (name?, steps?);
    let title = title.unwrap_or(&name).to_owned();
    let workflow =
        Workflow { title, name, class, reentry, audience, at_local, goals, triggers, steps, source: value.clone() };
    graph::check(&workflow, faults);
    Some(workflow)
}

/// The class that an object names, if it does.
pub fn class_of(object: &Object<'_>) -> Option<Class> {
    object.read("class", |text| match text {
        "marketing" => Ok(Class::Marketing),
        "transactional" => Ok(Class::Transactional),
        _ => Err(format!("class is \"marketing\" or \"transactional\", not \"{}\"", short(text))),
    })
}

fn reentry(object: &Object<'_>) -> Reentry {
    let read = object.read("reentry", |text| match text {
        "never" => Ok(Reentry::Never),
        "always" => Ok(Reentry::Always),
        span => match Span::parse(span) {
            Ok(span) if span.rough_millis() > 0 => Ok(Reentry::After(span)),
            _ => Err(format!("reentry is \"never\", \"always\" or a span like \"30d\", not \"{}\"", short(span))),
        },
    });
    read.unwrap_or(Reentry::Never)
}

fn at_local(object: &Object<'_>) -> Option<Hours> {
    let texts = object.texts("at_local", 2)?;
    let [from, until] = texts.as_slice() else {
        object.fault("at_local", "wrong_value", "at_local has two local times, like [\"09:00\", \"20:00\"]");
        return None;
    };
    match (local_time(from), local_time(until)) {
        (Ok(from), Ok(until)) if from != until => Some(Hours { from, until }),
        (Ok(_), Ok(_)) => {
            object.fault("at_local", "wrong_value", "at_local begins and ends at the same time");
            None
        }
        (from, until) => {
            from.err().into_iter().chain(until.err()).for_each(|why| object.fault("at_local", "wrong_value", why));
            None
        }
    }
}

/// Reads a tree of conditions.
pub fn read_tree(value: &Value, place: &str, faults: &Faults) -> Option<Tree> {
    match segment::read(value) {
        Ok(tree) => Some(tree),
        Err(wrong) => {
            wrong.into_iter().for_each(|fault| faults.under(place, fault));
            None
        }
    }
}

fn goal(value: &Value, place: &str, faults: &Faults) -> Option<EventMatch> {
    let object = Object::of(value, place, "a goal", faults)?;
    if !object.has("event") {
        object.fault("event", "missing", "a goal names its event");
    }
    let event = event_match(&object);
    object.finish("a goal");
    event
}

/// The event that an object names with `event` and `with`.
pub fn event_match(object: &Object<'_>) -> Option<EventMatch> {
    let kind = object
        .text("event")
        .and_then(|text| check_kind(text).map_err(|fault| object.fault("event", fault.code, fault.detail)).ok());
    let with = object.map("with");
    if with.len() > WITH_MAX {
        object.fault("with", "too_many", format!("an event is compared by at most {WITH_MAX} properties"));
    }
    let with: BTreeMap<String, Value> = with
        .into_iter()
        .filter(|(_, value, place)| match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let detail = format!("a property is a text, a number, true or false, not {}", kind_of(value));
                object.faults().add(place, "wrong_type", detail);
                false
            }
        })
        .map(|(name, value, _)| (name.clone(), value.clone()))
        .collect();
    Some(EventMatch { kind: kind?, with })
}

const TRIGGERS: [&str; 5] = ["event", "segment", "date", "keyword", "api"];

fn trigger(value: &Value, place: &str, faults: &Faults) -> Option<Trigger> {
    let object = Object::of(value, place, "a trigger", faults)?;
    let found: Vec<_> = TRIGGERS.into_iter().filter(|name| object.has(name)).collect();
    let on = match found.as_slice() {
        ["event"] => event_match(&object).map(On::Event),
        ["segment"] => object.name("segment").map(On::Segment),
        ["date"] => date_trigger(&object).map(On::Date),
        ["keyword"] => object.name("keyword").map(On::Keyword),
        ["api"] => {
            if !object.flag("api") {
                object.fault("api", "wrong_value", "api is true; leave the trigger away otherwise");
            }
            Some(On::Api)
        }
        [] => {
            let first = value.as_object().and_then(|fields| fields.keys().next()).map_or("", String::as_str);
            let hint = nearest(first, TRIGGERS).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            object.fault("", "no_trigger", format!("a trigger has one of {}{hint}", TRIGGERS.join(", ")));
            return None;
        }
        several => {
            let detail = format!("one trigger has {} at once; write [[trigger]] for each", several.join(" and "));
            object.fault("", "several_triggers", detail);
            return None;
        }
    };
    let delay = object.read("delay", positive).unwrap_or_default();
    object.finish("a trigger of this kind");
    Some(Trigger { on: on?, delay })
}

/// A span that reaches ahead.
pub fn positive(text: &str) -> Result<Span, String> {
    let span = Span::parse(text)?;
    if span.is_back() { Err(format!("\"{}\" reaches back", short(text))) } else { Ok(span) }
}

fn date_trigger(object: &Object<'_>) -> Option<DateTrigger> {
    let field = object.read("date", |text| match field(text)? {
        Field::Event(_) => Err("a trigger has no event yet; it names a data point or attribute.NAME".to_owned()),
        // A column that rows hold can be looked for; what is worked out from the present day cannot.
        Field::Point(point) if point.derivation().is_some() => {
            Err(format!("\"{}\" is worked out from others; begin with the event and wait_until it", point.name()))
        }
        field @ (Field::Point(_) | Field::Attribute(_)) => Ok(field),
    });
    let offset = object.read("offset", Span::parse).unwrap_or_default();
    let at = object.read("at", local_time);
    let field = field?;
    if is_day(&field) && !offset.is_days() {
        object.fault("offset", "wrong_value", format!("{} is a day: its offset is in days or weeks", field.name()));
    }
    if at.is_some() && !offset.is_days() {
        object.fault("at", "wrong_value", "a local time goes with an offset in days or weeks");
    }
    Some(DateTrigger { field, offset, at })
}

/// Whether a field is a day and no instant, as far as is known.
fn is_day(field: &Field) -> bool {
    match field {
        Field::Point(point) => point.kind() == Kind::Day,
        Field::Attribute(_) => true,
        Field::Event(_) => false,
    }
}

/// Reads where a day or an instant stands.
///
/// # Errors
/// Says how it is named.
pub fn field(text: &str) -> Result<Field, String> {
    if let Some(name) = text.strip_prefix("attribute.") {
        return attribute::check_name(name).map(|()| Field::Attribute(name.to_owned())).map_err(|fault| fault.detail);
    }
    if let Some(name) = text.strip_prefix("event.") {
        return attribute::check_name(name).map(|()| Field::Event(name.to_owned())).map_err(|fault| fault.detail);
    }
    let dates = || Point::ALL.iter().filter(|point| matches!(point.kind(), Kind::Time | Kind::Day));
    match dates().find(|point| point.name() == text) {
        Some(point) => Ok(Field::Point(*point)),
        None => {
            let near = nearest(text, dates().map(|point| point.name()));
            let hint = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            Err(format!("\"{}\" is no day or instant: a data point, attribute.NAME or event.NAME{hint}", short(text)))
        }
    }
}

/// The fields of an event in one: its properties, and what it always has.
pub fn flat(event: &Map<String, Value>) -> Map<String, Value> {
    let mut fields = Map::new();
    for name in ["type", "at", "id", "amount", "currency"] {
        if let Some(value) = event.get(name) {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    let first = event.get("products").and_then(Value::as_array).and_then(|products| products.first());
    if let Some(product) = first.and_then(|product| product.get("name").or_else(|| product.get("id"))) {
        fields.insert("product".to_owned(), product.clone());
    }
    if let Some(Value::Object(properties)) = event.get("properties") {
        fields.extend(properties.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    fields
}

/// A name, for others that name workflows.
///
/// # Errors
/// Says how names are written.
pub fn check_name(text: &str) -> Result<&str, String> {
    plain_name(text)
}
