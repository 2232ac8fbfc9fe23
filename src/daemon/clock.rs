//! The daemon's only reading of the wall clock.

pub use crate::link::now;
