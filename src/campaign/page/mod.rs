//! Landing pages: small, readable without JavaScript, in the contact's language.

pub mod html;
mod notice;
mod words;

pub use notice::{Notice, notice};
pub use words::Words;

/// The style of all pages. It stands in each of them, and is all that they load.
pub const STYLE: &str = include_str!("style.css");
