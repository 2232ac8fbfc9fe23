//! Reads a workflow from a file, with the texts, coupons and segments that stand beside it in `templates.toml`; or a playbook,
//! which has all of them.

use std::path::Path;

use anyhow::{Context, anyhow};

use crate::campaign::coupon::Pool;
use crate::campaign::playbook::{self, Definition, Playbook, Values};
use crate::campaign::template::Template;
use crate::campaign::workflow::Workflow;
use crate::campaign::workflow::file::{Document, Mistake};

/// The file of texts beside a workflow.
const BESIDE: &str = "templates.toml";

/// What a file holds.
pub struct Source {
    /// Its workflows.
    pub workflows: Vec<Workflow>,
    /// The texts beside them, by name.
    pub templates: Vec<(String, Template)>,
    /// The pools beside them, by name.
    pub pools: Vec<(String, Pool)>,
    /// The playbook, if it is one, and its text.
    pub playbook: Option<(Playbook, String)>,
}

/// Why a file holds nothing.
pub enum Wrong {
    /// It has mistakes.
    Mistakes(Vec<Mistake>),
    /// It cannot be read.
    Unreadable(anyhow::Error),
}

impl Wrong {
    /// As one error.
    pub fn told(self, path: &Path) -> anyhow::Error {
        match self {
            Self::Unreadable(error) => error,
            Self::Mistakes(mistakes) => {
                let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                anyhow!("{} has mistakes:\n{}", path.display(), lines.join("\n"))
            }
        }
    }
}

impl Source {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, Wrong> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
        let text = text.map_err(Wrong::Unreadable)?;
        let is_json = path.extension().is_some_and(|end| end == "json");
        let document = if is_json { Document::parse_json(&text) } else { Document::parse(&text) };
        let document = match document {
            Ok(document) => document,
            // A playbook's parameters stand where no TOML may.
            Err(_) if !is_json && text.contains("[[workflow]]") => return Self::of_playbook(text),
            Err(mistakes) => return Err(Wrong::Mistakes(mistakes)),
        };
        if document.value.get("workflow").is_some() {
            return Self::of_playbook(text);
        }
        let workflow = document.workflow().map_err(Wrong::Mistakes)?;
        let mut source = Self { workflows: vec![workflow], templates: Vec::new(), pools: Vec::new(), playbook: None };
        source.read_beside(&path.with_file_name(BESIDE)).map_err(Wrong::Unreadable)?;
        Ok(source)
    }

    fn of_playbook(text: String) -> Result<Self, Wrong> {
        let playbook = playbook::read(&text, &Values::default()).map_err(Wrong::Mistakes)?;
        let workflows = playbook.workflows().cloned().collect();
        Ok(Self { workflows, templates: Vec::new(), pools: Vec::new(), playbook: Some((playbook, text)) })
    }

    fn read_beside(&mut self, path: &Path) -> anyhow::Result<()> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let wrong = |detail: String| anyhow!("{}: {detail}", path.display());
        let document = Document::parse(&text)
            .map_err(|mistakes| wrong(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        let tables = |key: &str| document.value.get(key).and_then(serde_json::Value::as_object).into_iter().flatten();
        for (name, value) in tables("template") {
            let place = format!("/template/{name}");
            let told = |detail: String| wrong(format!("line {}: template.{name}: {detail}", document.line(&place)));
            let template: Template = serde_json::from_value(value.clone()).map_err(|error| told(error.to_string()))?;
            template
                .check()
                .map_err(|faults| told(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
            self.templates.push((name.clone(), template));
        }
        for (name, value) in tables("coupon") {
            let told = |detail: String| {
                wrong(format!("line {}: coupon.{name}: {detail}", document.line(&format!("/coupon/{name}"))))
            };
            let pool: Pool = serde_json::from_value(value.clone()).map_err(|error| told(error.to_string()))?;
            pool.check()
                .map_err(|faults| told(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
            self.pools.push((name.clone(), pool));
        }
        Ok(())
    }

    /// What its workflows name and what is not in it.
    pub fn gaps(&self) -> anyhow::Result<Vec<String>> {
        let has = |kind: &str, name: &str| match &self.playbook {
            Some((playbook, _)) => playbook.assets.iter().any(|asset| {
                let is_pool = matches!(asset.definition, Definition::Coupon(_));
                let own = if is_pool { "coupon pool" } else { asset.definition.kind() };
                own == kind && asset.name == name
            }),
            None => match kind {
                "template" => self.templates.iter().any(|(own, _)| own == name),
                "coupon pool" => self.pools.iter().any(|(own, _)| own == name),
                "workflow" => self.workflows.iter().any(|own| own.name == name),
                _ => false,
            },
        };
        let ready =
            |kind: &str, name: &str| kind == "segment" && crate::campaign::segment::ready::named(name).is_some();
        let mut gaps = Vec::new();
        for workflow in &self.workflows {
            for named in workflow.names() {
                if !has(named.kind, named.name) && !ready(named.kind, named.name) {
                    gaps.push(format!("{} \"{}\" ({}{})", named.kind, named.name, workflow.name, named.pointer));
                }
            }
        }
        gaps.dedup();
        Ok(gaps)
    }
}
