//! The tables of campaigns: contacts, their events and data points, and segments over them.
//!
//! - [`contact`]: contacts with their attributes, tags and lists
//! - [`event`]: what happened, once for each id
//! - [`point`]: the data points, one row for each contact
//! - [`segment`]: definitions, and counting them
//! - [`template`], [`coupon`]: texts, and the codes that they give out

pub mod contact;
pub mod coupon;
pub mod event;
pub mod point;
pub mod segment;
pub mod template;
