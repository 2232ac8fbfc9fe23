//! Landing pages: small, readable without JavaScript, in the contact's language.
//!
//! - [`Page`], [`Kind`]: what the shop defines, checked as a whole
//! - [`View`]: what one reader sees of it; [`render`] makes HTML of that
//! - [`form`]: what a reader sends back
//! - [`notice`]: what is said where there is no page
//! - [`Words`]: what the pages say by themselves, by language

mod barcode;
mod definition;
pub mod form;
mod html;
mod notice;
mod render;
mod view;
mod words;

pub use definition::{Button, Kind, Listed, Page, language};
pub use notice::{Notice, notice, spoken};
pub use render::render;
pub use view::{Answer, Choice, Coupon, Form, Part, Question, Send, View};
pub use words::Words;

/// The style of all pages. It stands in each of them, and is all that they load.
pub const STYLE: &str = include_str!("style.css");
