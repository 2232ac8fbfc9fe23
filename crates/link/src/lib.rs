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
//! | `departures` | whether the contract has room for it, over all links of a carrier |
//! | `brake` | how far a link goes after "too fast" |
//! | `silence` | when a bound carrier that answers nothing counts as lost |
//! | `report` | what the settler gets, in batches |
//! | `small_file` | what of the disk is read at all |
//! | `line`, `stream`, `tls` | octets between a session and its socket; connecting; whom to trust |

pub mod brake;
mod carriage;
mod clock;
pub mod connector;
pub mod departures;
mod handle;
mod line;
pub mod modem;
pub mod queue;
mod report;
mod settings;
pub mod silence;
mod small_file;
mod smpp_link;
pub mod status;
pub mod stream;
pub mod tls;
mod trace;
mod traffic;

pub use clock::{clock_step, now, put_clock_forward, shift_line, up_millis};
pub use handle::{AckResult, LinkHandle};
pub use settings::SmppLinkSettings;
pub use small_file::{FILE_SIZE_BYTES_MAX, read_small_file, read_small_text};
pub use smpp_link::spawn;
pub use status::{LinkCounters, LinkState, LinkStatus};
pub use stream::{HostPort, Tls};
pub use trace::Shown;
