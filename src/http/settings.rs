//! What an operator may set about the HTTP side, and the limits that hold when nothing is set.

use std::time::Duration;

use crate::config::Webhook;
use crate::model::{Class, Country};

/// Most messages in one request.
pub const MESSAGES_MAX: usize = 10_000;
/// Most rows in one page of a list.
pub const PAGE_MAX: usize = 1_000;
/// Rows in a page when the caller does not say.
pub const PAGE_DEFAULT: usize = 100;
/// The longest `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;

/// Settings and limits of the HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where to listen: `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/postrider/http.sock`.
    pub listen: Vec<String>,
    /// Names that the `Host` header may have besides `localhost` and loopback addresses, without port.
    pub hosts: Vec<String>,
    /// The largest body of a request.
    pub body_size_bytes_max: usize,
    /// Bodies above 64 KiB share this much memory; further ones wait.
    pub bodies_size_bytes_max: usize,
    /// The largest request head.
    pub head_size_bytes_max: usize,
    /// Most header lines in a request.
    pub headers_max: usize,
    /// A request head must be complete this long after its first octet.
    pub head_timeout: Duration,
    /// A body must be complete this long after its head.
    pub body_timeout: Duration,
    /// A connection is closed when the peer takes nothing of an answer for this long.
    pub write_timeout: Duration,
    /// A connection without a request is closed after this.
    pub idle_timeout: Duration,
    /// Most connections at once; further ones get a 503.
    pub connections_max: usize,
    /// How long requests under way may still take when the server stops.
    pub shutdown_timeout: Duration,
    /// How long a verified token is trusted before the store is asked again: a revoked one works no longer than this.
    pub token_cache_time: Duration,
    /// Messages that may wait to be sent; above it new ones get a 503.
    pub backlog_max: i64,
    /// Queries that may use the store at once.
    pub reads_max: usize,
    /// The class of messages that name none.
    pub default_class: Class,
    /// The country whose way of writing numbers recipients may have; without one they need their country code.
    pub default_country: Option<Country>,
    /// The shop systems that may post to us.
    pub webhooks: Vec<Webhook>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:8080".to_owned()],
            hosts: Vec::new(),
            body_size_bytes_max: 16 << 20,
            bodies_size_bytes_max: 32 << 20,
            head_size_bytes_max: 16 << 10,
            headers_max: 64,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            connections_max: 2_048,
            shutdown_timeout: Duration::from_secs(10),
            token_cache_time: Duration::from_secs(2),
            backlog_max: 5_000_000,
            reads_max: 4,
            default_class: Class::Transactional,
            default_country: None,
            webhooks: Vec::new(),
        }
    }
}
