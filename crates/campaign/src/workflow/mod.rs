//! Workflows: what happens to a contact begins them, and step by step they send, wait, ask and end.
//!
//! - [`read`], [`Workflow`]: a definition, with every mistake named by its place
//! - [`mod@file`]: the same from TOML, with the line of each mistake
//! - [`Machine`]: what an enrolment does next
//! - [`Span`], [`Hours`]: time by the contact's calendar

mod definition;
pub mod file;
mod graph;
mod machine;
mod read;
mod read_step;
mod reader;
mod span;

pub use definition::{
    Action, Answer, Awaited, DateTrigger, Deed, EventMatch, Field, Named, On, Question, Reentry, Send, SetTo, Step,
    Trigger, Workflow,
};
pub use machine::{DONE, ENDLESS, Facts, GOAL, Machine, Moment, Moved, Next, Note, State, VISITS_MAX, morning, moved};
pub use read::{STEPS_MAX, check_name, flat, read};
pub use span::{Hours, Span, instant, local_time, next_at};

#[cfg(test)]
mod tests;
