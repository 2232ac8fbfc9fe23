//! Modems: finds them among the ports of this machine, carries the bytes of each, and brings them back.
//!
//! ```text
//!              sysfs ─▶ finder ──port, fault──▶ modem_link (a task each) ⇄ wire ⇄ modem
//!                         ▲   └─ probe, port        │ at::Modem, queue, report
//!                         └────── port lost ────────┘
//! ```
//!
//! | file | decides |
//! |---|---|
//! | `sysfs`, `holder` | which USB devices have which ttys; who has one open |
//! | `fault` | what is wrong with a port, in words, and the next step |
//! | `port`, `serial`, `telnet` | opening a device file, a TCP port, a port with RFC 2217 |

mod fault;
mod holder;
mod port;
mod serial;
pub mod sysfs;
mod telnet;

pub use fault::Fault;
pub use sysfs::Roots;
