//! A workflow that was read and checked: where its steps lead is known, so whoever has one need not ask again.

use std::collections::BTreeMap;

use jiff::civil::Time;
use serde_json::{Map, Value};

use super::span::{Hours, Span};
use crate::attribute::Attribute;
use crate::point::Point;
use crate::segment::Tree;
use postrider_model::Class;

/// A workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// The class of its texts.
    pub class: Class,
    /// Whether a contact may go through it again.
    pub reentry: Reentry,
    /// Who may come in.
    pub audience: Option<Tree>,
    /// The part of the contact's day in which it sends.
    pub at_local: Option<Hours>,
    /// What ends it.
    pub goals: Vec<EventMatch>,
    /// What begins it.
    pub triggers: Vec<Trigger>,
    /// What it does.
    pub steps: Vec<Step>,
    /// The definition as it was written.
    pub source: Value,
}

/// Whether a contact may go through a workflow again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reentry {
    /// Once only.
    Never,
    /// As often as it is triggered, one after the other.
    Always,
    /// When so much time has passed since it last began.
    After(Span),
}

/// An event with certain properties.
#[derive(Debug, Clone, PartialEq)]
pub struct EventMatch {
    /// Its type.
    pub kind: String,
    /// Properties that must be equal.
    pub with: BTreeMap<String, Value>,
}

impl EventMatch {
    /// Whether an event with these fields is meant.
    pub fn matches(&self, kind: &str, fields: &Map<String, Value>) -> bool {
        let same = |wanted: &Value, found: &Value| match (wanted.as_f64(), found.as_f64()) {
            #[expect(clippy::float_cmp, reason = "a property that must be equal")]
            (Some(wanted), Some(found)) => wanted == found,
            _ => wanted == found,
        };
        self.kind == kind
            && self.with.iter().all(|(name, wanted)| fields.get(name).is_some_and(|found| same(wanted, found)))
    }
}

/// What begins a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// What happens.
    pub on: On,
    /// How long after it the first step comes.
    pub delay: Span,
}

/// What happens that begins a workflow.
#[derive(Debug, Clone, PartialEq)]
pub enum On {
    /// An event.
    Event(EventMatch),
    /// The contact enters a live segment.
    Segment(String),
    /// A day or an instant of the contact comes near.
    Date(DateTrigger),
    /// A keyword service of this name was used.
    Keyword(String),
    /// Somebody asks for it: the API, a service, another workflow.
    Api,
}

/// A day or an instant of the contact, moved.
#[derive(Debug, Clone, PartialEq)]
pub struct DateTrigger {
    /// Which one.
    pub field: Field,
    /// How long before or after it.
    pub offset: Span,
    /// At which local time, for days.
    pub at: Option<Time>,
}

/// Where a day or an instant stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// In a data point.
    Point(Point),
    /// In an attribute.
    Attribute(String),
    /// In a property of the event that began the workflow.
    Event(String),
}

impl Field {
    /// As it is written.
    pub fn name(&self) -> String {
        match self {
            Self::Point(point) => point.name().to_owned(),
            Self::Attribute(name) => format!("attribute.{name}"),
            Self::Event(name) => format!("event.{name}"),
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name.
    pub id: String,
    /// What it does.
    pub action: Action,
    /// The place of the step after it; the number of steps is the end.
    pub next: usize,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sends a text.
    Send(Send),
    /// Waits for a span, and then for a local time.
    Wait {
        /// How long.
        span: Span,
        /// Until when on that day, or the next.
        at: Option<Time>,
    },
    /// Waits for a day or an instant.
    WaitUntil(DateTrigger),
    /// Waits until something happens.
    WaitFor {
        /// What, and where it leads.
        answers: Vec<Answer>,
        /// How long.
        timeout: Span,
        /// Where it leads when nothing happened.
        otherwise: usize,
    },
    /// Goes one way or the other.
    Branch {
        /// What is asked.
        question: Question,
        /// Where a yes leads.
        then: usize,
        /// Where a no leads.
        otherwise: usize,
    },
    /// Goes one of several ways, the same for a contact each time: the place of the step, and its share.
    Split(Vec<(usize, u32)>),
    /// Does something to the contact or with the contact.
    Do(Deed),
    /// Ends with an outcome.
    Exit(String),
}

/// A text to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// The template.
    pub template: String,
    /// In which class.
    pub class: Class,
    /// Whether it overtakes campaigns, and waits for no hours.
    pub urgent: bool,
}

/// Something that is done at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Adds tags.
    Tag(Vec<String>),
    /// Takes tags away.
    Untag(Vec<String>),
    /// Sets attributes; `None` takes one away.
    Set(BTreeMap<String, Option<SetTo>>),
    /// Puts the contact on lists.
    List(Vec<String>),
    /// Takes the contact from lists.
    Unlist(Vec<String>),
    /// Gives out a code of a pool.
    Coupon(String),
    /// Records an event.
    Event {
        /// Its type.
        kind: String,
        /// Its properties; a text `event.NAME` takes the one of the event that began the workflow.
        properties: BTreeMap<String, Value>,
        /// Whose, if not the contact's own: a property that holds a number.
        contact: Option<Field>,
    },
    /// Begins a survey.
    Survey(String),
    /// Begins another workflow.
    Enrol(String),
    /// Tells a tool.
    Webhook(String),
    /// Tells the staff; a source of a template.
    Notify(String),
    /// Withdraws the consent to marketing, in these words.
    OptOut(String),
}

/// What an attribute is set to.
#[derive(Debug, Clone, PartialEq)]
pub enum SetTo {
    /// This value.
    Value(Attribute),
    /// The present day of the contact's calendar, moved.
    Day(Span),
    /// A property of the event that began the workflow.
    Event(String),
}

/// Something that a step waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What happens.
    pub what: Awaited,
    /// Where it leads.
    pub to: usize,
}

/// What a step may wait for.
#[derive(Debug, Clone, PartialEq)]
pub enum Awaited {
    /// An event.
    Event(EventMatch),
    /// One of these texts from the contact, folded.
    Words(Vec<String>),
    /// A link in the text of this step is followed.
    Clicked(String),
    /// The contact writes anything.
    Replied,
}

/// What a branch asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Was a link in the text of this step followed since the enrolment?
    Clicked(String),
    /// Did the contact write after the text of this step?
    Replied(String),
    /// Did the text of this step arrive?
    Delivered(String),
    /// Did the contact buy since the enrolment?
    Bought(bool),
    /// Was there an event since the enrolment?
    Event(EventMatch),
    /// Does a condition hold for the contact?
    Condition(Tree),
}

impl Workflow {
    /// The place of the step of this name.
    pub fn place_of(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.id == id)
    }

    /// The step at a place; none is the end.
    pub fn step(&self, place: usize) -> Option<&Step> {
        self.steps.get(place)
    }

    /// The templates, pools, segments, surveys and workflows that it names, each with the pointer of the place.
    pub fn names(&self) -> Vec<Named<'_>> {
        let mut all = Vec::new();
        for (n, trigger) in self.triggers.iter().enumerate() {
            if let On::Segment(name) = &trigger.on {
                all.push(Named { kind: "segment", name, pointer: format!("/trigger/{n}/segment") });
            }
        }
        for (n, step) in self.steps.iter().enumerate() {
            let mut put = |kind, name, key| all.push(Named { kind, name, pointer: format!("/step/{n}/{key}") });
            match &step.action {
                Action::Send(send) => put("template", &send.template, "send"),
                Action::Do(Deed::Coupon(name)) => put("coupon pool", name, "coupon"),
                Action::Do(Deed::Survey(name)) => put("survey", name, "survey"),
                Action::Do(Deed::Enrol(name)) => put("workflow", name, "enrol"),
                Action::Do(_)
                | Action::Wait { .. }
                | Action::WaitUntil(_)
                | Action::WaitFor { .. }
                | Action::Branch { .. }
                | Action::Split(_)
                | Action::Exit(_) => {}
            }
        }
        all
    }

    /// The types of events that begin it.
    pub fn begun_by(&self) -> impl Iterator<Item = &str> {
        self.triggers.iter().filter_map(|trigger| match &trigger.on {
            On::Event(event) => Some(event.kind.as_str()),
            On::Segment(_) => Some("segment_entered"),
            On::Keyword(_) => Some("keyword"),
            On::Date(_) | On::Api => None,
        })
    }

    /// The types of events that matter to those who are in it.
    pub fn moved_by(&self) -> impl Iterator<Item = &str> {
        let goals = self.goals.iter().map(|goal| goal.kind.as_str());
        let waits = self.steps.iter().flat_map(|step| match &step.action {
            Action::WaitFor { answers, .. } => answers.as_slice(),
            Action::Send(_)
            | Action::Wait { .. }
            | Action::WaitUntil(_)
            | Action::Branch { .. }
            | Action::Split(_)
            | Action::Do(_)
            | Action::Exit(_) => &[],
        });
        goals.chain(waits.filter_map(|answer| match &answer.what {
            Awaited::Event(event) => Some(event.kind.as_str()),
            Awaited::Clicked(_) => Some("clicked"),
            Awaited::Replied => Some("replied"),
            Awaited::Words(_) => None,
        }))
    }
}

/// Something that a workflow names and that must be there when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// What it is: `template`, `coupon pool`, `segment`, `survey`, `workflow`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'a str,
    /// Where it stands.
    pub pointer: String,
}
