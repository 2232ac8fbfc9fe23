//! What a link says of itself: a snapshot for `/v1/links`, metrics and logs.

use std::time::Duration;

use postrider_model::{LinkHealth, LinkName, Timestamp};

/// What a link is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Waits before it connects again.
    Waiting,
    /// Connects or binds.
    Connecting,
    /// Takes submissions.
    Up,
    /// Bound, but the carrier asked to be left alone for a moment.
    Paused,
    /// Lets its window settle before it closes.
    Draining,
    /// Gone for good.
    Stopped,
}

impl LinkState {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        }
    }
}

/// Sums since the link was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkCounters {
    /// Segments that were handed to the kernel.
    pub sent: u64,
    /// Segments that the carrier took.
    pub accepted: u64,
    /// Segments that the carrier refused.
    pub refused: u64,
    /// Of those, for being too fast or for a full queue.
    pub throttled: u64,
    /// Segments without an answer.
    pub unanswered: u64,
    /// Segments of which no byte left.
    pub not_sent: u64,
    /// Answers that came after their segment had been given up.
    pub late: u64,
    /// Delivery receipts.
    pub receipts: u64,
    /// Parts of incoming messages.
    pub inbound: u64,
    /// Deliveries that were put off because the store was behind.
    pub put_off: u64,
    /// PDUs that could not be read, or that nobody waits for.
    pub odd: u64,
    /// Times that the link came up.
    pub binds: u64,
    /// Tries to connect that failed, and sessions that broke.
    pub losses: u64,
}

/// One link at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStatus {
    /// The link.
    pub name: LinkName,
    /// What it is doing.
    pub state: LinkState,
    /// Since when.
    pub since: Timestamp,
    /// How it is, as the dispatcher sees it.
    pub health: LinkHealth,
    /// The host that it is connected to or tries.
    pub host: String,
    /// When it connects again, if it waits.
    pub next_try: Option<Timestamp>,
    /// What went wrong last, and when.
    pub last_error: Option<(Timestamp, String)>,
    /// The smoothed time from a submission to its answer.
    pub round_trip: Option<Duration>,
    /// Requests that wait for their answer.
    pub window_used: usize,
    /// How many may wait.
    pub window: usize,
    /// Segments that the link holds, sent or not.
    pub held: usize,
    /// The sums.
    pub counters: LinkCounters,
}

impl LinkStatus {
    /// A link that has not started yet.
    pub fn new(name: LinkName, host: String, window: usize, now: Timestamp) -> Self {
        Self {
            name,
            state: LinkState::Waiting,
            since: now,
            health: LinkHealth::Down("not connected yet".to_owned()),
            host,
            next_try: None,
            last_error: None,
            round_trip: None,
            window_used: 0,
            window,
            held: 0,
            counters: LinkCounters::default(),
        }
    }

    /// Moves to `state`, and remembers since when.
    pub fn enter(&mut self, state: LinkState, now: Timestamp) {
        if self.state != state {
            (self.state, self.since) = (state, now);
        }
    }
}
