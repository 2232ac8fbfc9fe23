//! Posts one signed callback (Standard Webhooks 1.0) and says what came of it.
//!
//! `poster` holds the pooled HTTP client, `resolver` keeps it away from addresses that nobody allowed, `signature`
//! signs and verifies, `tls` sets up the trust. When a callback is due, tried again or given up is decided elsewhere
//! (`pipeline::notify`, `policy`).

mod poster;
mod resolver;
mod signature;
mod tls;

pub use poster::{Callback, CallbackSettings, Outcome, Poster};
pub use signature::{SECRET_PREFIX, SecretError, Signer, format_secret};
