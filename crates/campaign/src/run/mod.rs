//! Campaigns: who gets which text when, who gets none so that its effect can be measured, and what it came to.
//!
//! ```text
//! draft ──start──▶ scheduled ──its time──▶ running ──everybody had his turn──▶ done
//!                      │  ▲                 │  ▲
//!                      └──┴─pause / resume──┴──┘      any of them ──cancel──▶ canceled
//! ```
//!
//! - [`Definition`]: as it is written, in JSON or TOML; [`Definition::check`] gives a [`Run`] or every mistake
//! - [`Run::part_of`]: which variant a contact gets, or none; it is the same whenever it is asked
//! - [`Run::due_at`]: when a contact's turn is
//! - [`Phase`]: what a campaign is doing
//! - [`lift`]: what the held-out contacts tell of its effect
//! - [`report`]: the counts, as JSON and as a table

mod definition;
pub mod lift;
mod pools;
pub mod report;
mod share;
mod span;
mod start;

pub use definition::{Audience, Definition, NUMBERS_MAX, Run, StartRequest, VARIANTS_MAX, Variant, check_name};
pub use pools::pools;
pub use share::Part;
pub use span::{parse_span, show_span};
pub use start::Start;

use std::str::FromStr;

/// What a campaign is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It is being written; nothing is sent.
    Draft,
    /// It was started and waits for its time.
    Scheduled,
    /// It takes its recipients and writes to them.
    Running,
    /// It waits for somebody to resume it.
    Paused,
    /// Everybody had his turn.
    Done,
    /// It was ended before.
    Canceled,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Draft, Self::Scheduled, Self::Running, Self::Paused, Self::Done, Self::Canceled];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Canceled => "canceled",
        }
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text).ok_or_else(|| format!("\"{text}\" is no state"))
    }
}
