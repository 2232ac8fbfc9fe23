//! What shops do with texts, as rules over values: contacts and segments, consent and the law, keywords.
//!
//! | part | decides |
//! |---|---|
//! | [`contact`], [`attribute`], [`locale`] | what a contact is, and what a change of one does |
//! | [`event`], [`money`], [`point`] | what a contact did, and the data points that follow from it |
//! | [`import`], [`event_import`], [`charset`] | which column of a table is which field; how its letters are written |
//! | [`mapping`] | what a shop system's webhook tells |
//! | [`segment`] | who is meant: a tree of conditions, and the SQL that counts it |
//! | [`template`], [`texts`] | a text with fields, in the contact's language, never with a hole in it |
//! | [`origin`] | what a message was sent for |
//! | [`coupon`] | what a pool of coupons gives out, and whether a code can be redeemed |
//! | [`keywords`] | whether an incoming text is a STOP, START, JOIN, YES or HELP |
//! | [`law`] | what a country asks: hours, labels, renewal; and where a number is |
//! | [`hours`] | whether a message may leave now, and otherwise when |
//! | [`consent`] | what a ledger of consents says at an instant, and how often a number may be written to |
//! | [`Rules`] | the operator's choices about all of these |
//! | [`answers`] | the texts that answer a keyword |
//! | [`fault`] | what is wrong with a value from outside, and where |
//!
//! Everything here is pure: rows and `now` come in, verdicts go out. `pipeline` and `store` apply them.

pub mod answers;
pub mod attribute;
pub mod charset;
pub mod consent;
pub mod contact;
pub mod coupon;
pub mod event;
pub mod event_import;
pub mod fault;
pub mod hours;
pub mod import;
pub mod keywords;
pub mod law;
pub mod locale;
pub mod mapping;
pub mod money;
pub mod origin;
pub mod point;
mod rules;
pub mod segment;
pub mod template;
pub mod texts;

pub use rules::{Caps, Labels, Rules};
