//! The stages of a message, each a synchronous function over a transaction and `now`.
//!
//! ```text
//! prepare ─▶ accept ─▶ dispatch ─▶ (link) ─▶ settle ─▶ notify
//!                         ▲                    │  receive
//!                         └──── retry ─────────┘  sweep, recover: timers and crashes
//! ```
//!
//! Only these stages change a state, only through `change`, and only to what `policy::lifecycle` returns. What must
//! happen next is told by [`Wakes`], which carry no data: a wake-up makes somebody look at the rows.

mod accept;
mod apart;
pub mod campaign;
mod care;
mod change;
pub mod click;
mod clock;
pub mod compose;
pub mod consent;
mod dispatch;
mod estimate;
mod happen;
pub mod intake;
mod lease;
pub mod live;
mod modems;
pub mod notify;
mod operate;
pub mod page;
mod parts;
pub mod playbook;
mod pool;
mod receipts;
mod receive;
mod settings;
mod settle;
mod step;
mod sweep;
pub mod talk;
mod targets;
mod turn;
mod uncertain;
pub mod workflow;

#[cfg(test)]
mod tests;

pub use accept::{Accepted, Answer, Key, Prepared, Refusal, accept, accept_once, prepare};
pub use apart::settle_apart;
pub use care::{Question, SimStanding, SpanUse, care, sims};
pub use clock::{ClockChange, believe_clock, follow_clock, start_clock};
pub use dispatch::{Dispatched, Dispatcher, LinkOffer, SimOffer, dispatch};
pub use estimate::{Draft, Estimated, estimate};
pub use operate::{Canceled, Resolution, cancel, resolve};
pub use settings::{Group, Receipts, Settings};
pub use settle::settle;
pub use step::{Progress, step};
pub use sweep::{Swept, recover, reroute, sweep};
pub use targets::{Taken, give_up_behind, take_in_turn};
pub use turn::{Turn, Wakes};
