//! Segments: who is meant, as a tree of conditions in JSON, checked and compiled to SQL with parameters.
//!
//! ```text
//! JSON ─▶ read ─▶ Tree ─▶ compile (with Calendars) ─▶ Compiled: SQL text and parameters ─▶ store runs it
//! ```
//!
//! - [`read`], [`Tree`]: the tree, with every mistake named by its place
//! - [`Moment`]: dates and times in it, by each contact's own calendar
//! - [`compile`], [`compile_span`], [`Calendars`], [`Compiled`]: the SQL, for all contacts or for a few in a row
//! - [`Concern`]: which events can bring a contact into a segment, or out of it
//! - [`ready`]: segments that every shop needs, as data files

mod compile;
mod concern;
mod event;
mod message;
mod moment;
mod read;
pub mod ready;
mod test;
mod tree;
mod value;

pub use compile::{Compiled, compile, compile_span};
pub use concern::Concern;
pub use message::{MessageCondition, Response};
pub use moment::Moment;
pub use read::{CONDITIONS_MAX, DEPTH_MAX, read};
pub use tree::{Condition, EventCondition, Field, Operand, Order, PropertyValue, Relation, Test, Tree};
pub use value::Calendars;

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
