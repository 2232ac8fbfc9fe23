//! What is known of a number here: shown as a whole, or erased as a whole.

use rusqlite::Connection;

use crate::campaign::conversation::NOTES_MAX;
use crate::model::{MessageId, PhoneNumber, Timestamp};
use crate::pipeline::Turn;
use crate::store::StoreError;
use crate::store::campaign::conversation::{self, Conversation, Note};
use crate::store::campaign::survey::{self, Run};
use crate::store::campaign::{contact, contest, flood};

/// What is known of a number.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The conversation.
    pub conversation: Option<Conversation>,
    /// What the shop noted, the newest first.
    pub notes: Vec<Note>,
    /// What was asked and answered, the newest first.
    pub surveys: Vec<Run>,
    /// The contests that were entered, with their tickets.
    pub contests: Vec<(String, MessageId, Timestamp)>,
}

/// Collects it.
pub fn known(connection: &Connection, number: &PhoneNumber) -> Result<Known, StoreError> {
    let mut known = Known { conversation: conversation::find(connection, number)?, ..Known::default() };
    if let Some(conversation) = &known.conversation {
        known.notes = conversation::notes(connection, conversation.id, NOTES_MAX)?;
    }
    if let Some(id) = contact::id_of(connection, number)? {
        known.surveys = survey::of_contact(connection, id)?;
        known.contests = contest::of_contact(connection, id)?;
    }
    Ok(known)
}

/// Erases it. Surveys and contests go with the contact.
pub fn erase(turn: &Turn<'_>, number: &PhoneNumber) -> Result<(), StoreError> {
    conversation::erase(turn.tx, number)?;
    flood::erase(turn.tx, number)
}
