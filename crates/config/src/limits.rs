//! `[limits]` and `[log]`: every bound, budget and deadline that is no part of another section, and what is logged.

use std::time::Duration;

use super::document::Section;
use super::value::{days, duration, one_of, secs, size, whole};

/// The bounds, budgets and deadlines of the whole daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest head of an HTTP request, in octets.
    pub head_size_max: usize,
    /// Most header lines in an HTTP request.
    pub headers_max: usize,
    /// Bodies above 64 KiB share this much memory; further ones wait.
    pub bodies_size_max: usize,
    /// Queries of the API that may use the store at once.
    pub reads_max: usize,
    /// How long a verified token is trusted before the store is asked again.
    pub token_cache_time: Duration,
    /// How long the parts of an incoming message are waited for.
    pub parts_wait: Duration,
    /// How long early receipts and answers to keyed requests are kept.
    pub remember_for: Duration,
    /// The pause after all hosts of a carrier failed; it doubles with each round.
    pub reconnect_pause_first: Duration,
    /// The longest pause between rounds.
    pub reconnect_pause_max: Duration,
    /// The pause after a carrier refused the account; it doubles each time.
    pub refused_pause_first: Duration,
    /// The longest pause after the account was refused.
    pub refused_pause_max: Duration,
    /// The shortest time between two binds of a link.
    pub bind_gap_min: Duration,
    /// A session that lasted this long forgives all earlier failures.
    pub stable_after: Duration,
    /// How long requests and windows may still take when the daemon stops.
    pub stop_wait: Duration,
    /// How often live segments look at all contacts.
    pub segment_look_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_size_max: 16 << 10,
            headers_max: 64,
            bodies_size_max: 32 << 20,
            reads_max: 4,
            token_cache_time: secs(2),
            parts_wait: days(1),
            remember_for: days(3),
            reconnect_pause_first: secs(1),
            reconnect_pause_max: secs(60),
            refused_pause_first: secs(60),
            refused_pause_max: secs(1_800),
            bind_gap_min: secs(1),
            stable_after: secs(30),
            stop_wait: secs(10),
            segment_look_every: secs(3_600),
        }
    }
}

impl Limits {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        section.set("head_size_max", &mut self.head_size_max, size(1 << 10..=1 << 20));
        section.set("headers_max", &mut self.headers_max, whole(8..=1_000));
        section.set("bodies_size_max", &mut self.bodies_size_max, size(1 << 20..=4 << 30));
        section.set("reads_max", &mut self.reads_max, whole(1..=64));
        let (second, minute, hour) = (secs(1), secs(60), secs(3_600));
        for (key, target, range) in [
            ("token_cache_time", &mut self.token_cache_time, Duration::ZERO..=minute),
            ("parts_wait", &mut self.parts_wait, minute..=days(7)),
            ("remember_for", &mut self.remember_for, hour..=days(30)),
            ("reconnect_pause_first", &mut self.reconnect_pause_first, Duration::from_millis(100)..=hour),
            ("reconnect_pause_max", &mut self.reconnect_pause_max, second..=hour),
            ("refused_pause_first", &mut self.refused_pause_first, second..=days(1)),
            ("refused_pause_max", &mut self.refused_pause_max, second..=days(1)),
            ("bind_gap_min", &mut self.bind_gap_min, Duration::from_millis(100)..=hour),
            ("stable_after", &mut self.stable_after, second..=hour),
            ("stop_wait", &mut self.stop_wait, second..=secs(300)),
            ("segment_look_every", &mut self.segment_look_every, secs(60)..=secs(86_400)),
        ] {
            section.set(key, target, duration(range));
        }
        if self.reconnect_pause_first > self.reconnect_pause_max {
            section.wrong("reconnect_pause_first", "must not be longer than reconnect_pause_max");
        }
        if self.refused_pause_first > self.refused_pause_max {
            section.wrong("refused_pause_first", "must not be longer than refused_pause_max");
        }
        section.finish();
    }
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The least severe level that is written.
    pub level: LogLevel,
}

/// How severe a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Wakes someone.
    Error,
    /// Wants a look in working hours.
    Warn,
    /// What the daemon does.
    Info,
    /// What each message does.
    Debug,
    /// What each PDU does.
    Trace,
}

impl LogLevel {
    /// All levels, most severe first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The level's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info }
    }
}

impl Log {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        section.set("level", &mut self.level, one_of(LogLevel::ALL.map(|level| (level.as_str(), level))));
        section.finish();
    }
}
