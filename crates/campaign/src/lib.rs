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
//! | [`link`] | where a short link may lead, and whether a person followed it |
//! | [`origin`] | what a message was sent for |
//! | [`workflow`] | what happens step by step to who enrolled |
//! | [`page`] | landing pages: what they may say, and their HTML |
//! | [`playbook`] | a whole use of texts in one file, with parameters |
//! | [`coupon`] | what a pool of coupons gives out, and whether a code can be redeemed |
//! | [`run`], [`price`] | campaigns: who gets which text when, what it costs and what it came to |
//! | [`keywords`] | whether an incoming text is a STOP, START, JOIN, YES or HELP |
//! | [`service`], [`survey`], [`contest`] | what a text from a person sets off, and what its answer says |
//! | [`conversation`], [`flood`] | when somebody is there to answer, and when nothing is answered by itself |
//! | [`label`] | names, words and spans of time in definitions |
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
mod cells;
pub mod charset;
pub mod consent;
pub mod contact;
pub mod contest;
pub mod conversation;
pub mod coupon;
pub mod event;
pub mod event_import;
pub mod fault;
pub mod flood;
pub mod hours;
pub mod import;
pub mod keywords;
pub mod label;
pub mod law;
pub mod link;
pub mod locale;
pub mod mapping;
pub mod money;
pub mod origin;
pub mod page;
pub mod playbook;
pub mod point;
pub mod price;
mod rules;
pub mod run;
pub mod segment;
pub mod service;
pub mod survey;
pub mod template;
pub mod texts;
pub mod workflow;

pub use rules::{Caps, Labels, Rules};
