//! Two ways: what a person writes is heard in one order, and whoever it is for answers in the same transaction.
//!
//! ```text
//! STOP, START, JOIN, HELP, YES ─▶ a word that a workflow waits for ─▶ the open question of a survey
//!   (consent::hear)                 ─▶ a keyword service ─▶ the conversation
//! ```
//!
//! | part | does |
//! |---|---|
//! | `hear` | the order above, and the event `replied` |
//! | `answer` | sends what is answered by itself, within the bounds of `campaign::flood` |
//! | `service`, `survey`, `contest` | what each of them does with a text |
//! | `staff` | what people of the shop do: reply, note, tag, assign, close |
//! | `person` | what is known of a number here, shown and erased |
//! | `step` | surveys that nobody answers in time, and what is old enough to be forgotten |

mod answer;
mod contest;
mod hear;
mod person;
mod service;
mod staff;
mod step;
mod survey;

#[cfg(test)]
mod tests;

pub use contest::{Drawing, Entering, NotDrawn, Outcome, begin_draw, draw, enter_contest, record_draw};
pub use hear::{Incoming, hear, is_answer};
pub use person::Known;
pub(super) use person::{erase, known};
pub use staff::{Change, Reply, change, note, notice, reply};
pub(super) use step::step;
pub use survey::{Begin, NotBegun, PageRefusal, answer_survey_page, start_survey, stop_survey};
