//! Brings a playbook into the database in one transaction, and takes it out again. What the shop changed by hand stays.
//!
//! ```text
//!            nothing of this name             as the playbook left it          changed by hand, or the shop's own
//! install    made                             brought up to date               kept; replaced only when asked
//! remove     -                                taken away, unless it is in use  kept
//! ```

mod asset;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use super::{Turn, workflow};
use crate::campaign::playbook::{Definition, Playbook, Values};
use crate::store::StoreError;
use crate::store::campaign::playbook::{self as table, Owned};

/// What to install.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The playbook with its parameters filled in.
    pub playbook: &'a Playbook,
    /// The text of its file.
    pub text: &'a str,
    /// The shop's own values.
    pub values: &'a Values,
    /// In which language the shop reads the names of segments.
    pub language: &'a str,
    /// Whether to replace what the shop changed by hand.
    pub replace: bool,
    /// Whether its workflows begin at once.
    pub activate: bool,
}

/// What became of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Made,
    /// It was brought up to date.
    Changed,
    /// It was so already.
    Same,
    /// The shop changed it, or had it before: it stays as it is.
    Kept,
    /// It is gone.
    Removed,
}

impl Fate {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Kept => "kept",
            Self::Removed => "removed",
        }
    }
}

/// What became of each thing of a playbook: its kind, its name, its fate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// In the order in which it was done.
    pub assets: Vec<(String, String, Fate)>,
}

/// Installs a playbook, or brings it up to date. Doing it twice does nothing the second time.
///
/// # Errors
/// The store's own.
pub fn install(turn: &Turn<'_>, wanted: &Wanted<'_>) -> Result<Outcome, StoreError> {
    let outline = &wanted.playbook.outline;
    let parameters = serde_json::to_string(&wanted.values.0).map_err(|error| StoreError::Row(error.to_string()))?;
    table::put(turn.tx, &outline.name, &parameters, &hash(wanted.text), turn.now)?;
    let mut outcome = Outcome::default();
    for one in &wanted.playbook.assets {
        let kind = one.definition.kind();
        let before = asset::current(turn.tx.connection(), kind, &one.name)?.map(|json| hash(&json));
        let owner = table::owner(turn.tx.connection(), kind, &one.name)?;
        let is_ours = before.is_none() || before == owner.map(|owner| owner.hash);
        let fate = if is_ours || wanted.replace {
            asset::put(turn, one, wanted.language)?;
            let after = asset::current(turn.tx.connection(), kind, &one.name)?.map(|json| hash(&json));
            let fate = match &before {
                None => Fate::Made,
                Some(_) if before == after => Fate::Same,
                Some(_) => Fate::Changed,
            };
            let (kind, name, playbook) = (kind.to_owned(), one.name.clone(), outline.name.clone());
            table::own(turn.tx, &Owned { kind, name, playbook, hash: after.unwrap_or_default() })?;
            fate
        } else {
            Fate::Kept
        };
        outcome.assets.push((kind.to_owned(), one.name.clone(), fate));
        if wanted.activate && matches!(one.definition, Definition::Workflow(_)) {
            workflow::activate(turn, &one.name)?;
        }
    }
    Ok(outcome)
}

/// Why a playbook cannot be removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unremovable {
    /// Nobody installed it.
    #[error("the playbook \"{0}\" is not installed")]
    Absent(String),
    /// Contacts are in one of its workflows.
    #[error(
        "{contacts} contacts are in the workflow \"{workflow}\"; deactivate it and wait for them, or remove it by itself"
    )]
    Running {
        /// Which workflow.
        workflow: String,
        /// How many contacts.
        contacts: i64,
    },
}

/// Removes a playbook with what it brought, if nobody is in its workflows. What the shop changed stays, and so do pools whose
/// codes somebody has and pages whose links somebody has.
///
/// # Errors
/// The store's own.
pub fn remove(turn: &Turn<'_>, name: &str) -> Result<Result<Outcome, Unremovable>, StoreError> {
    if table::find(turn.tx.connection(), name)?.is_none() {
        return Ok(Err(Unremovable::Absent(name.to_owned())));
    }
    let owned = table::owned(turn.tx.connection(), name)?;
    for one in owned.iter().filter(|one| one.kind == "workflow") {
        let contacts = table::running(turn.tx.connection(), &one.name)?;
        if contacts > 0 {
            return Ok(Err(Unremovable::Running { workflow: one.name.clone(), contacts }));
        }
    }
    let mut outcome = Outcome::default();
    // Workflows go first: they name the others.
    for one in owned.iter().rev() {
        let now = asset::current(turn.tx.connection(), &one.kind, &one.name)?.map(|json| hash(&json));
        let fate = match now {
            None => continue,
            Some(now) if now == one.hash && !asset::is_in_use(turn.tx.connection(), &one.kind, &one.name)? => {
                asset::remove(turn, &one.kind, &one.name)?;
                Fate::Removed
            }
            Some(_) => Fate::Kept,
        };
        outcome.assets.push((one.kind.clone(), one.name.clone(), fate));
    }
    table::remove(turn.tx, name)?;
    Ok(Ok(outcome))
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}
