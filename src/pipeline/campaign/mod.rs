//! Campaigns at work: taking recipients, writing to them at their turns, and what people do to a campaign.
//!
//! | part | when |
//! |---|---|
//! | `plan` | at the start: segments and templates as they are then, which the campaign keeps to its end |
//! | `step` | whenever something is due: recipients are taken, given their turns, written to, a bounded number at a time |
//! | `operate` | a person writes, starts, pauses, resumes, cancels or removes one |
//! | `estimate` | before the start: who would get it, what it would cost, when it would be over |
//! | `trial` | a text of it to the shop's own handsets |
//! | `result` | what it came to |
//!
//! A recipient's row and its message are written in one transaction, so no crash doubles or loses one.

mod estimate;
mod operate;
mod plan;
mod result;
mod step;
mod trial;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_report;

pub use estimate::{Forecast, SAMPLE_MAX, estimate};
pub use operate::{Withdrawn, Wrong, cancel, define, pause, remove, resume, start};
pub use plan::{Plan, definition_of};
pub use result::report;
pub use step::step;
pub use trial::{NUMBERS_MAX as TRIAL_MAX, Trial, Tried, test};
