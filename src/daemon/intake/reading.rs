//! What the rows of a table are, and into the store with them. Whatever is brought in twice is there once.

use csv::StringRecord;

use crate::campaign::contact::ContactChange;
use crate::campaign::event::Event;
use crate::campaign::event_import::{EventMapping, Repeats};
use crate::campaign::fault::Fault;
use crate::campaign::import::Mapping;
use crate::model::Timestamp;
use crate::store::campaign::contact::{self, Upserted};
use crate::store::campaign::event::{self, Recorded};
use crate::store::{StoreError, Tx};

/// How the rows of a table are read.
#[derive(Debug)]
pub enum Reading {
    /// As contacts.
    Contacts(Box<Mapping>),
    /// As events.
    Events(Box<EventMapping>, Repeats),
}

/// What a row is.
#[derive(Debug)]
pub enum Item {
    /// A change of a contact.
    Contact(Box<ContactChange>),
    /// An event.
    Event(Box<Event>),
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    New,
    /// A contact changed.
    Changed,
    /// It was there already.
    Same,
}

impl Reading {
    /// The columns that are left out.
    pub fn unused(&self) -> &[String] {
        match self {
            Self::Contacts(mapping) => mapping.unused(),
            Self::Events(mapping, _) => mapping.unused(),
        }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Every cell that is wrong.
    pub fn read(&mut self, row: &StringRecord, now: Timestamp) -> Result<Item, Vec<Fault>> {
        let cell = |place| row.get(place);
        match self {
            Self::Contacts(mapping) => mapping.read(cell).map(|change| Item::Contact(Box::new(change))),
            Self::Events(mapping, repeats) => {
                mapping.read(cell, repeats, now).map(|event| Item::Event(Box::new(event)))
            }
        }
    }
}

/// Brings an item in. The inner error is an item that cannot be.
///
/// # Errors
/// The store's own.
pub fn write(tx: &Tx<'_>, item: &Item, now: Timestamp) -> Result<Result<Outcome, Fault>, StoreError> {
    Ok(match item {
        Item::Contact(change) => contact::upsert(tx, change, now)?.map(|upserted| match upserted {
            Upserted::Created => Outcome::New,
            Upserted::Changed => Outcome::Changed,
            Upserted::Unchanged => Outcome::Same,
        }),
        Item::Event(event) => Ok(match event::record(tx, event, now)? {
            Recorded::New => Outcome::New,
            Recorded::Repeated => Outcome::Same,
        }),
    })
}

/// What is wrong with a row, in one line.
pub fn reasons(faults: &[Fault]) -> String {
    faults.iter().map(|fault| fault.detail.clone()).collect::<Vec<_>>().join("; ")
}
