//! Decides which modem of a group takes a message.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::caps::{Caps, Months};
use super::pace::Pace;
use super::sim_care::{BalanceWatch, KeepAlive};

/// What holds for the SIMs of a group of modems.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PoolSettings {
    /// The rules for every modem that has none of its own.
    pub rules: SimRules,
    /// Whole rules for single modems, by their names within the group.
    pub modems: BTreeMap<Arc<str>, SimRules>,
    /// Whether a recipient keeps the number that writes to it.
    pub stickiness: Stickiness,
}

impl PoolSettings {
    /// The rules for the SIM in the modem `name` of this group.
    pub fn rules_of(&self, name: &str) -> &SimRules {
        self.modems.get(name).unwrap_or(&self.rules)
    }
}

/// What holds for one SIM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimRules {
    /// How many segments it may send.
    pub caps: Caps,
    /// The gaps between them.
    pub pace: Pace,
    /// Where a month of its contract begins.
    pub months: Months,
    /// How its balance is watched, if it is.
    pub balance: Option<BalanceWatch>,
    /// How it is kept alive, if it is.
    pub keep_alive: Option<KeepAlive>,
}

/// Whether a recipient keeps the number that writes to it, so that answers and threads stay together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stickiness {
    /// How long a SIM and a recipient belong together after their last message either way; zero is not at all.
    pub remember: Duration,
    /// How long a message waits for that SIM when it is gone or has to rest, before another one takes it. One-time codes
    /// never wait.
    pub wait: Duration,
}

impl Default for Stickiness {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self { remember: DAY * 30, wait: Duration::from_secs(300) }
    }
}
