//! The tables of campaigns: contacts, their events and data points, and segments over them.
//!
//! - [`contact`]: contacts with their attributes, tags and lists
//! - [`event`]: what happened, once for each id
//! - [`point`]: the data points, one row for each contact
//! - [`segment`]: definitions, and counting them
//! - [`template`], [`coupon`], [`link`]: texts, and the codes that they give out
//! - [`click`]: who followed a link
//! - [`playbook`]: what is installed, and what it brought
//! - [`origin`]: what a message was sent for
//! - [`run`]: campaigns and their recipients
//! - [`happening`]: events that workflows and live segments still have to look at

pub mod click;
pub mod contact;
pub mod coupon;
pub mod event;
pub mod happening;
pub mod link;
pub mod origin;
pub mod playbook;
pub mod point;
pub mod run;
pub mod segment;
pub mod template;
