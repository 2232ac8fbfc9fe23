//! The SQLite file: one writer thread with group commit, reading connections, and one file per table group.
//!
//! - [`Database`], [`Tx`]: the writing connection and an open transaction; synchronous
//! - [`Store`]: the handle that everybody else holds; many writes share one commit
//! - [`message`], [`submission`], [`event`]: a message, what was sent of it, and its timeline
//! - [`campaign`]: contacts, their events and data points, segments
//! - [`receipt`], [`inbound`], [`inbound_part`], [`inbound_session`], [`inbound_seen`]: what comes in
//! - [`callback`]: what goes to the tools
//! - [`token`], [`idempotency`], [`mod@reference`], [`throttle`]: what has to be remembered besides
//! - [`consent`], [`suppression`], [`consent_due`], [`terms`]: who agreed to what, who must not be written to
//! - [`sim`], [`sim_usage`], [`contact`]: modems and their SIMs, what these sent, and whom they wrote to
//! - [`damaged`]: rows that cannot be read; [`FileLock`]: one daemon on one file; [`restore`]: a file that was put back
//! - [`clock`]: how the wall clock was set, and what moves with it
//! - [`Tally`]: message counts by state
//!
//! SQL stands only here. Functions are named by intent and take a [`Tx`] when they write.

pub mod callback;
pub mod campaign;
mod check;
pub mod clock;
pub mod consent;
pub mod consent_due;
pub mod contact;
pub mod damaged;
mod database;
mod epoch;
mod error;
pub mod event;
mod holder;
pub mod id_relation;
pub mod idempotency;
pub mod inbound;
pub mod inbound_part;
pub mod inbound_seen;
pub mod inbound_session;
mod lock;
pub mod message;
mod migrate;
mod person;
pub mod receipt;
pub mod reference;
pub mod restore;
mod row;
pub mod sim;
pub mod sim_usage;
mod standing;
pub mod submission;
pub mod suppression;
mod tally;
pub mod terms;
pub mod throttle;
pub mod token;
mod writer;

pub use check::quick_check;
pub use database::{Database, Options, Tx, open_reader};
pub use epoch::{End, beside as epoch_file};
pub use error::StoreError;
pub use holder::Holder;
pub use lock::{FileLock, has_other_names};
pub use migrate::known_version;
pub use person::{Person, person_of};
pub use restore::Begun;
pub use row::stable_hash;
pub use standing::Standing;
pub use tally::Tally;
pub use writer::{Stopper, Store, WORK_MAX};
