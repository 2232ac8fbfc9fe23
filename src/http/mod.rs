//! JSON in, JSON out: the API on loopback or a unix socket.
//!
//! ```text
//! Listener ─▶ Server ─▶ Front ─▶ router ─▶ handler ─▶ request / auth / body ─▶ Backend ─▶ store, pipeline
//!             limits    Host     paths     one file per kind of thing
//! ```
//!
//! - [`Server`], [`Listener`], [`Front`]: connections and their limits
//! - [`Api`], [`router`]: the routes, described for OpenAPI by themselves
//! - [`request`]: from octets to checked messages; [`problem`]: what is wrong, as RFC 9457 wants it
//! - [`token`]: the form and scopes of API tokens
//! - [`pages`]: short links and landing pages, on a listener of their own
//! - [`Surroundings`]: what the daemon lends

mod api;
mod auth;
mod backend;
mod body;
pub mod clock;
mod metrics;
mod openapi;
pub mod pages;
pub mod problem;
pub mod request;
mod server;
pub mod settings;
mod surroundings;
pub mod token;

pub use api::{
    Accepted, AnswerView, Api, InboundView, MessageView, ModemView, SpanView, StandingView, TimelineView,
    TraceLineView, TraceView, at_command, contact_json, contact_points_json, router, ussd_text,
};
pub use auth::Caller;
pub use metrics::{HttpMetrics, PagesMetrics};
pub use server::{Front, Listener, Peer, Server};
pub use settings::HttpSettings;
pub use surroundings::{Asked, LinkStatus, Surroundings};

#[cfg(test)]
mod tests;
