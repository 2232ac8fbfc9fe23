//! Modems: finds them among the ports of this machine, carries the bytes of each, and brings them back.
//!
//! ```text
//!              sysfs ─▶ finder ──port, fault──▶ modem_link (a task each) ⇄ carriage ⇄ modem
//!                         ▲   └─ probe, port        │ at::Modem, queue, report
//!                         └────── port lost ────────┘
//! ```
//!
//! | file | decides |
//! |---|---|
//! | `modems`, `board` | all modems as the daemon holds them |
//! | `settings`, `handle` | what modems are told; what technicians hold of one |
//! | `finder`, `seek`, `slot` | which port belongs to which link: the task, what is due, one link as it sees it |
//! | `devices`, `probing` | what is known of each USB device; who answers on its ports |
//! | `sysfs`, `holder` | which USB devices have which ttys; who has one open |
//! | `fault` | what is wrong with a port, in words, and the next step |
//! | `port`, `serial`, `telnet` | opening a device file, a TCP port, a port with RFC 2217 |
//! | `choice` | which ports are tried first, and whose modem an answering one is |
//! | `ends` | what link and finder say to each other; how a link begins |
//! | `modem_link`, `events`, `carriage` | the life of one modem's link; what its machine's events mean; its octets |
//! | `asks` | the USB reset and the hook |

mod asks;
mod board;
mod carriage;
mod choice;
mod device_id;
mod devices;
mod ends;
mod events;
mod fault;
mod finder;
mod handle;
mod holder;
mod modem_link;
mod modems;
mod port;
mod probing;
mod seek;
mod serial;
mod settings;
mod slot;
pub mod sysfs;
mod telnet;

pub use board::Stray;
pub use device_id::DeviceId;
pub use fault::Fault;
pub use finder::Sought;
pub use handle::ModemHandle;
pub use modems::{Modems, spawn};
pub use port::open_line;
pub use settings::ModemsSettings;
pub use sysfs::Roots;
