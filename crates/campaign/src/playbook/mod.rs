//! Playbooks: a whole use of texts in one file, with its texts in several languages, its segments, pages and workflows.
//!
//! - [`read`]: a file with the shop's own values of its parameters, checked as a whole; every mistake has its line
//! - [`Playbook`], [`Asset`]: what it is, and what it puts into the database
//! - [`Parameter`], [`Values`]: what shops have differently
//! - [`sample`]: people by whom the texts are tried
//! - [`BUILT_IN`]: the files that come with the program

mod file;
mod parameter;
mod refer;
pub mod sample;
#[cfg(test)]
mod tests;

pub use file::{Missing, outline, read};
pub use parameter::{Kind as ParameterKind, Parameter, Values};

use std::collections::BTreeMap;

use serde_json::Value;

use super::contest::Contest;
use super::coupon::Pool;
use super::page::Page;
use super::service::Service;
use super::survey::Survey;
use super::template::Template;
use super::texts::Texts;
use super::workflow::Workflow;

/// The languages that every playbook of the program's own has.
pub const LANGUAGES: [&str; 3] = ["en", "ko", "th"];

/// A file that is part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The playbook's name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltIn { name: $name, text: include_str!(concat!("../../../../playbooks/", $name, ".toml")) }),*]
    };
}

/// All of them, by name.
pub const BUILT_IN: &[BuiltIn] = built_in![
    "after-purchase",
    "appointment",
    "birthday",
    "cart",
    "content",
    "conversation",
    "feedback",
    "flash-sale",
    "important-notice",
    "loyalty",
    "new-arrivals",
    "news",
    "order-updates",
    "personal-notice",
    "referral",
    "renewal",
    "replenishment",
    "seasons-greetings",
    "segments",
    "service-day",
    "welcome",
    "win-back",
];

/// The one of this name.
pub fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|file| file.name == name)
}

/// A playbook with its parameters filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Playbook {
    /// What it is.
    pub outline: Outline,
    /// What it puts into the database, in the order in which it goes there.
    pub assets: Vec<Asset>,
}

/// What a playbook is, before its parameters are filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Its name: everything that it brings begins with it.
    pub name: String,
    /// What it is called.
    pub title: Texts,
    /// What it does.
    pub about: Texts,
    /// What shops have differently, by name.
    pub parameters: BTreeMap<String, Parameter>,
}

/// One thing that a playbook brings.
#[derive(Debug, Clone, PartialEq)]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// What it is.
    pub definition: Definition,
}

/// What a playbook brings.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// A template.
    Template(Template),
    /// A pool of coupons.
    Coupon(Pool),
    /// A segment: what it is called, and its conditions.
    Segment(Texts, Value),
    /// A survey.
    Survey(Survey),
    /// A contest.
    Contest(Contest),
    /// A page.
    Page(Page),
    /// A keyword service.
    Service(Box<Service>),
    /// A workflow.
    Workflow(Box<Workflow>),
}

impl Definition {
    /// The word for what it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Template(_) => "template",
            Self::Coupon(_) => "coupon",
            Self::Segment(..) => "segment",
            Self::Survey(_) => "survey",
            Self::Contest(_) => "contest",
            Self::Page(_) => "page",
            Self::Service(_) => "service",
            Self::Workflow(_) => "workflow",
        }
    }
}

impl Playbook {
    /// The templates, by name.
    pub fn templates(&self) -> impl Iterator<Item = (&str, &Template)> {
        self.assets.iter().filter_map(|asset| match &asset.definition {
            Definition::Template(template) => Some((asset.name.as_str(), template)),
            Definition::Coupon(_)
            | Definition::Segment(..)
            | Definition::Survey(_)
            | Definition::Contest(_)
            | Definition::Page(_)
            | Definition::Service(_)
            | Definition::Workflow(_) => None,
        })
    }

    /// The workflows.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.assets.iter().filter_map(|asset| match &asset.definition {
            Definition::Workflow(workflow) => Some(&**workflow),
            Definition::Template(_)
            | Definition::Coupon(_)
            | Definition::Segment(..)
            | Definition::Survey(_)
            | Definition::Contest(_)
            | Definition::Page(_)
            | Definition::Service(_) => None,
        })
    }

    /// Whether it brings something of this kind and name.
    pub fn has(&self, kind: &str, name: &str) -> bool {
        self.assets.iter().any(|asset| asset.name == name && asset.definition.kind() == kind)
    }
}
