//! Campaigns: what is known of contacts, who they are, and what they are told; rules over values, without effects.
//!
//! - [`contact`], [`attribute`], [`locale`]: a contact, and a change of one as tools send it
//! - [`event`], [`money`]: what a contact did
//! - [`point`]: the data points that follow from events, kept up to date with each one
//! - [`segment`]: who is meant: a tree of conditions, and the SQL that counts it
//! - [`fault`]: what is wrong with a value from outside, and where

pub mod attribute;
pub mod contact;
pub mod event;
pub mod fault;
pub mod locale;
pub mod money;
pub mod point;
pub mod segment;
