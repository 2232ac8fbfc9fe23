//! What one turn needs again and again: definitions, templates and compiled segments, each read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::campaign::segment::{self, Calendars, Compiled, Tree};
use crate::campaign::template::Template;
use crate::campaign::workflow::Workflow;
use crate::pipeline::Turn;
use crate::store::StoreError;
use crate::store::campaign::{segment as segment_table, template, workflow};

/// The desk of one turn.
pub struct Desk<'t, 'a> {
    /// The turn.
    pub turn: &'t Turn<'a>,
    definitions: BTreeMap<(String, i64), Option<Arc<Workflow>>>,
    templates: BTreeMap<String, Option<Arc<Template>>>,
    segments: BTreeMap<(String, i64, usize), Arc<Compiled>>,
    calendars: Option<Arc<Calendars>>,
}

/// The place of an audience among the compiled segments of a workflow; steps have their own places.
pub const AUDIENCE: usize = usize::MAX;

impl<'t, 'a> Desk<'t, 'a> {
    /// An empty one.
    pub const fn new(turn: &'t Turn<'a>) -> Self {
        Self {
            turn,
            definitions: BTreeMap::new(),
            templates: BTreeMap::new(),
            segments: BTreeMap::new(),
            calendars: None,
        }
    }

    /// A version of a workflow.
    pub(super) fn definition(&mut self, name: &str, version: i64) -> Result<Option<Arc<Workflow>>, StoreError> {
        let key = (name.to_owned(), version);
        if let Some(known) = self.definitions.get(&key) {
            return Ok(known.clone());
        }
        let found = workflow::find_version(self.turn.tx.connection(), name, version)?.map(Arc::new);
        self.definitions.insert(key, found.clone());
        Ok(found)
    }

    /// A template.
    pub(super) fn template(&mut self, name: &str) -> Result<Option<Arc<Template>>, StoreError> {
        if let Some(known) = self.templates.get(name) {
            return Ok(known.clone());
        }
        let found = template::find(self.turn.tx.connection(), name)?.map(|stored| Arc::new(stored.template));
        self.templates.insert(name.to_owned(), found.clone());
        Ok(found)
    }

    /// Whether a contact belongs to a tree that stands at a place of a workflow's version.
    pub(super) fn has(
        &mut self,
        (name, version, place): (&str, i64, usize),
        tree: &Tree,
        contact: i64,
    ) -> Result<bool, StoreError> {
        let key = (name.to_owned(), version, place);
        let compiled = match self.segments.get(&key) {
            Some(known) => Arc::clone(known),
            None => {
                let compiled = Arc::new(segment::compile(tree, &*self.calendars()?));
                self.segments.insert(key, Arc::clone(&compiled));
                compiled
            }
        };
        segment_table::has(self.turn.tx.connection(), &compiled, contact)
    }

    fn calendars(&mut self) -> Result<Arc<Calendars>, StoreError> {
        if let Some(known) = &self.calendars {
            return Ok(Arc::clone(known));
        }
        let calendars = Arc::new(segment_table::calendars(self.turn.tx.connection(), self.turn.now)?);
        self.calendars = Some(Arc::clone(&calendars));
        Ok(calendars)
    }
}
