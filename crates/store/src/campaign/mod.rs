//! The tables of campaigns: contacts, their events and data points, and segments over them.
//!
//! - [`contact`]: contacts with their attributes, tags and lists
//! - [`event`]: what happened, once for each id
//! - [`point`]: the data points, one row for each contact
//! - [`segment`], [`live`]: definitions, and counting them; who is in them now
//! - [`template`], [`coupon`], [`link`]: texts, and the codes that they give out
//! - [`click`]: who followed a link
//! - [`playbook`]: what is installed, and what it brought
//! - [`origin`]: what a message was sent for
//! - [`workflow`], [`enrolment`]: what is defined, and who is in it
//! - [`page`]: landing pages
//! - [`run`]: campaigns and their recipients
//! - [`definition`], [`conversation`], [`dialogue`], [`survey`], [`contest`], [`flood`]: what people write back
//! - [`happening`]: events that workflows and live segments still have to look at

pub mod click;
pub mod contact;
pub mod contest;
pub mod conversation;
pub mod coupon;
pub mod definition;
pub mod dialogue;
pub mod enrolment;
pub mod event;
pub mod flood;
pub mod happening;
pub mod link;
pub mod live;
pub mod origin;
pub mod page;
pub mod playbook;
pub mod point;
pub mod run;
pub mod segment;
pub mod survey;
pub mod template;
pub mod workflow;
pub mod workflow_date;
