//! Carries bytes between the protocol machines and the world: TCP and TLS for `smpp`.
//!
//! | file | decides |
//! |---|---|
//! | `connector` | which host is tried next, and when |
//! | `silence` | when a bound carrier that answers nothing counts as lost |
//! | `tls` | which certificates are trusted and shown |

pub mod connector;
pub mod silence;
pub mod status;
pub mod stream;
pub mod tls;
