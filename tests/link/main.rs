//! The SMPP link against the simulated carrier, over real sockets on the loopback interface.
//!
//! No test sleeps: each waits for what it claims, and a guard ends one that waits in vain.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

mod faults;
mod late;
mod life;
mod loss;
mod proof;
mod speed;
mod support;
mod tls;
