//! The SMPP link against the simulated carrier, over real sockets on the loopback interface.
//!
//! No test sleeps: each waits for what it claims, and a guard ends one that waits in vain.

mod faults;
mod life;
mod loss;
mod speed;
mod support;
mod tls;
