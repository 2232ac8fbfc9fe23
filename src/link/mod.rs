//! Carries bytes between the protocol machines and the world: TCP and TLS for `smpp`.
//!
//! ```text
//! daemon ──offer, ack, stop──▶ handle ─▶ smpp_link (a task) ─▶ carriage ─▶ line ⇄ stream ⇄ carrier
//!    ▲                                       │                    │ session, queue, brake, silence
//!    └────────────── batches of LinkEvent ── report ◀─────────────┘
//! ```
//!
//! | file | decides |
//! |---|---|
//! | `settings`, `handle`, `status` | what a link is told, how it is used, what it says of itself |
//! | `smpp_link` | the life of a link: wait, connect, carry, begin again |
//! | `connector` | which host is tried next, and when |
//! | `carriage`, `traffic` | one turn of the bound link; what each event of a session means |
//! | `queue` | which segment leaves next, and not before when |
//! | `pace`, `rate_window` | when the contract that several links share has a departure for the next one |
//! | `brake` | how far a link goes after "too fast" |
//! | `silence` | when a bound carrier that answers nothing counts as lost |
//! | `report` | what the settler gets, in batches |
//! | `line`, `stream`, `tls` | octets between a session and its socket; connecting; whom to trust |

pub mod brake;
mod carriage;
mod clock;
pub mod connector;
mod handle;
mod line;
pub mod modem;
mod pace;
pub mod queue;
mod rate_window;
mod report;
mod settings;
pub mod silence;
mod smpp_link;
pub mod status;
pub mod stream;
pub mod tls;
mod traffic;

pub use clock::{clock_ahead, put_clock_forward};
pub use handle::{AckResult, LinkHandle};
pub use pace::Pace;
pub use settings::SmppLinkSettings;
pub use smpp_link::spawn;
pub use status::{LinkCounters, LinkState, LinkStatus};
pub use stream::{HostPort, Tls};
