//! Tables that come from outside: read in whatever encoding they have, brought in row by row, refused rows told.
//!
//! - [`Table`]: the rows of a file
//! - [`Reading`], [`Item`], [`write`]: what a row is, and into the store with it
//! - [`Refused`]: the file of refused rows
//! - [`FolderTask`]: folders that are looked at now and then

mod folder;
mod reading;
mod refused;
mod table;

pub use folder::{FolderTask, Look};
pub use reading::{Item, Outcome, Reading, reasons, write};
pub use refused::Refused;
pub use table::{Row, Table};
