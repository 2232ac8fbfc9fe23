//! A campaign ready to run: its definition, and the segments and templates as they were when it was started.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::campaign::fault::{Fault, short};
use crate::campaign::run::{Audience, Definition, Run};
use crate::campaign::segment::{self, Compiled, Condition, Field, Test, Tree, ready};
use crate::campaign::template::Template;
use crate::model::Timestamp;
use crate::pipeline::Settings;
use crate::store::StoreError;
use crate::store::campaign::run::Stored;
use crate::store::campaign::{segment as segments, template};

/// Segments and templates as they were.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Frozen {
    /// The definition.
    definition: Definition,
    /// The segment's conditions.
    #[serde(default)]
    segment: Option<Value>,
    /// The conditions of those who are left out.
    #[serde(default)]
    exclude: Option<Value>,
    /// The templates, by name.
    templates: BTreeMap<String, Template>,
}

/// A campaign ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its definition without mistakes.
    pub run: Run,
    /// To whom.
    tree: Tree,
    /// The templates, by name.
    pub templates: BTreeMap<String, Template>,
}

impl Plan {
    /// The plan of a campaign that was started.
    ///
    /// # Errors
    /// A row that only a bug can have written.
    pub fn of(stored: &Stored) -> Result<Self, StoreError> {
        let text = stored.frozen.as_deref().unwrap_or_default();
        let frozen: Frozen = serde_json::from_str(text).map_err(|error| broken(stored, &error))?;
        frozen.plan().map_err(|faults| broken(stored, &faults.first().map_or(String::new(), ToString::to_string)))
    }

    /// The condition that its recipients meet, at `began_at`.
    ///
    /// # Errors
    /// The store's own.
    pub fn compiled(&self, connection: &Connection, began_at: Timestamp) -> Result<Compiled, StoreError> {
        Ok(segment::compile(&self.tree, &segments::calendars(connection, began_at)?))
    }

    /// As [`Plan::compiled`], to be asked about contacts in a row without looking at all others.
    ///
    /// # Errors
    /// The store's own.
    pub fn compiled_for_spans(&self, connection: &Connection, began_at: Timestamp) -> Result<Compiled, StoreError> {
        Ok(segment::compile_span(&self.tree, &segments::calendars(connection, began_at)?))
    }

    /// The template of a variant.
    pub fn template(&self, variant: &str) -> Option<&Template> {
        self.templates.get(&self.run.variant(variant)?.template)
    }
}

/// The definition of a campaign as it was written last.
///
/// # Errors
/// A row that only a bug can have written.
pub fn definition_of(stored: &Stored) -> Result<Definition, StoreError> {
    serde_json::from_str(&stored.definition).map_err(|error| broken(stored, &error))
}

fn broken(stored: &Stored, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Row(format!("campaign {}: {error}", stored.name))
}

/// Looks up what a definition names, as it is now.
///
/// # Errors
/// Every mistake with its place, in the definition and in what it names.
pub(super) fn freeze(
    connection: &Connection,
    settings: &Settings,
    definition: &Definition,
) -> Result<Result<(Frozen, Plan), Vec<Fault>>, StoreError> {
    let mut faults = Vec::new();
    let run = definition.check().map_err(|found| faults.extend(found)).ok();
    let Audience { segment, exclude, .. } = &definition.to;
    let mut conditions = |name: &Option<String>, place: &str| -> Result<Option<Value>, StoreError> {
        let Some(name) = name else { return Ok(None) };
        let found = match ready::named(name) {
            Some(ready) => Some(ready.tree),
            None => segments::find(connection, name)?.and_then(|stored| serde_json::from_str(&stored.tree).ok()),
        };
        if found.is_none() {
            faults.push(Fault::new(place, "unknown_segment", format!("there is no segment \"{}\"", short(name))));
        }
        Ok(found)
    };
    let (segment, exclude) = (conditions(segment, "/to/segment")?, conditions(exclude, "/to/exclude")?);
    let mut templates = BTreeMap::new();
    let named = definition.template.iter().map(|name| ("/template".to_owned(), name));
    let variants = definition.variants.iter().enumerate();
    let named = named.chain(variants.map(|(n, variant)| (format!("/variants/{n}/template"), &variant.template)));
    for (place, name) in named {
        match template::find(connection, name)? {
            Some(stored) => drop(templates.insert(name.clone(), stored.template)),
            None => {
                faults.push(Fault::new(place, "unknown_template", format!("there is no template \"{}\"", short(name))));
            }
        }
    }
    if let Some(route) = run.as_ref().and_then(|run| run.route.as_deref())
        && !settings.routes.iter().any(|known| *known.name == *route)
    {
        faults.push(Fault::new("/route", "unknown_route", format!("there is no route \"{}\"", short(route))));
    }
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let frozen = Frozen { definition: definition.clone(), segment, exclude, templates };
    Ok(frozen.plan().map(|plan| (frozen, plan)))
}

impl Frozen {
    fn plan(&self) -> Result<Plan, Vec<Fault>> {
        let run = self.definition.check()?;
        let under = |place: &str, faults: Vec<Fault>| -> Vec<Fault> {
            faults.into_iter().map(|fault| fault.under(place)).collect()
        };
        let who = match (&self.segment, &self.definition.to.list) {
            (Some(tree), _) => segment::read(tree).map_err(|faults| under("/to/segment", faults))?,
            (None, Some(list)) => Tree::Is(Condition::List(vec![list.clone()])),
            (None, None) => {
                let numbers = run.numbers.iter().map(ToString::to_string).collect();
                Tree::Is(Condition::Field(Field::Number, vec![Test::OneOf(numbers)]))
            }
        };
        let tree = match &self.exclude {
            None => who,
            Some(tree) => {
                let without = segment::read(tree).map_err(|faults| under("/to/exclude", faults))?;
                Tree::All(vec![who, Tree::Not(Box::new(without))])
            }
        };
        Ok(Plan { run, tree, templates: self.templates.clone() })
    }
}
