//! The links of modems against simulated modems: over pseudo terminals, a made-up sysfs, and serial servers on the loopback
//! interface.
//!
//! No test sleeps: each waits for what it claims, and a guard ends one that waits in vain.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

mod finding;
mod life;
mod reload;
mod speed;
mod support;
