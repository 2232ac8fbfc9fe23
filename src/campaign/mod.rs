//! What shops do with texts, as rules over values: consent and the law, keywords.
//!
//! | part | decides |
//! |---|---|
//! | [`keywords`] | whether an incoming text is a STOP, START, JOIN, YES or HELP |
//! | [`law`] | what a country asks: hours, labels, renewal; and where a number is |
//! | [`hours`] | whether a message may leave now, and otherwise when |
//! | [`consent`] | what a ledger of consents says at an instant, and how often a number may be written to |
//! | [`Rules`] | the operator's choices about all of these |
//! | [`answers`] | the texts that answer a keyword |
//!
//! Everything here is pure: rows and `now` come in, verdicts go out. `pipeline` applies them.

pub mod answers;
pub mod consent;
pub mod hours;
pub mod keywords;
pub mod law;
mod rules;

pub use rules::{Caps, Labels, Rules};
