//! How long a session waits for what, and how long a link rests after a code that asks for it.

use std::time::Duration;

/// The waits of a session and of its connection (SMPP 3.4, 7.2, and what stands beside it in practice).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// TCP and TLS; the link keeps it.
    pub connect: Duration,
    /// From our bind request to its answer.
    pub bind_response: Duration,
    /// From the connection to the peer's bind request (SMSC), or from `outbind` to it.
    pub session_init: Duration,
    /// Quiet for so long: send `enquire_link`.
    pub enquire_link: Duration,
    /// From an `enquire_link` of ours to its answer or any other PDU.
    pub enquire_link_response: Duration,
    /// So many unanswered `enquire_link` in a row: the peer is gone.
    pub enquire_link_misses_max: u32,
    /// From a request of ours to its answer; later ones are late.
    pub response: Duration,
    /// No message in either direction for so long: unbind. `None` keeps the session for ever.
    pub inactivity: Option<Duration>,
    /// From `unbind` to its answer.
    pub unbind: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            bind_response: Duration::from_secs(15),
            session_init: Duration::from_secs(15),
            enquire_link: Duration::from_secs(30),
            enquire_link_response: Duration::from_secs(10),
            enquire_link_misses_max: 2,
            response: Duration::from_secs(60),
            inactivity: None,
            unbind: Duration::from_secs(10),
        }
    }
}

/// How long a link is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// After `ESME_RTHROTTLED`.
    pub throttled: Duration,
    /// After `ESME_RMSGQFUL`.
    pub queue_full: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { throttled: Duration::from_secs(1), queue_full: Duration::from_secs(5) }
    }
}
