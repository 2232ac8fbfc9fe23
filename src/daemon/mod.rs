//! Starts the house, wires the stages to the links, keeps the clock, and shuts down in order.
//!
//! ```text
//! http ──▶ store ◀── dispatcher ──▶ links ──▶ settler ──▶ store ◀── notifier ──▶ tools
//!            ▲                                                ▲
//!            └────────────── housekeeper ─────────────────────┘
//! ```
//!
//! Each task is a loop: one turn over the rows, then wait for a wake-up, a deadline or the stop. A wake-up carries no
//! data, so start, retry and normal running are one path.

mod bells;
mod caretaker;
mod caught;
mod clock;
mod dispatcher;
mod housekeeper;
pub mod intake;
mod links;
mod local;
pub mod log;
mod log_budget;
mod loops;
mod metrics;
mod notifier;
mod notifier_metrics;
mod pages;
pub mod plan;
mod run;
mod settler;
mod start;
mod status;
mod stepper;
mod supervisor;
mod surroundings;
mod systemd;
mod timekeeper;
mod watch;

pub use caught::caught;
pub use clock::now;
pub use local::{LocalApi, TOKEN_NAME};
pub use pages::PagesParts;
pub use run::{Daemon, Parts, Reloaded, run};
