//! Decides which modem of a group takes a message.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::caps::{Caps, Months};
use super::pace::Pace;
use super::sim_care::{BalanceWatch, KeepAlive};
use postrider_model::Timestamp;

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

/// With so many sends that failed one after the other, a modem is only used when no other is free.
const FAILURES_MAX: u32 = 3;
/// A remaining part of a message waits so long for the SIM that sent the others: from another number, the handset would
/// not join it to them.
const SAME_SENDER_WAIT: Duration = Duration::from_secs(3600);

/// A modem that is up, as the choice sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its SIM.
    pub sim: &'a str,
    /// Whether it has room for the message.
    pub room: bool,
    /// When its pace and its caps let the message leave.
    pub ready_at: Timestamp,
    /// How long what it holds already will take.
    pub backlog: Duration,
    /// Sends that failed one after the other until now.
    pub failures: u32,
    /// How much of the cap that is nearest to its end is used, in thousandths.
    pub used_share: u32,
}

/// Which SIM a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish<'a> {
    /// Any.
    Any,
    /// The one that the recipient knows, for which it waits so long.
    Known(&'a str, Duration),
    /// The one that sent the other parts.
    Same(&'a str),
}

/// What becomes of a message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The candidate at this place takes it.
    Take(usize),
    /// It waits for the one at this place, which has no room for it now.
    Room(usize),
    /// It waits for the one at this place, which rests until an instant.
    Rest(usize, Timestamp),
    /// It waits until an instant for one that is not there.
    Gone(Timestamp),
}

/// Chooses between `candidates` for one message; those that can let it leave until `horizon` count as free.
///
/// The SIM that the recipient knows is waited for while it is busy, while it rests for no longer than the wish says, and
/// for as long when it went away at `gone_since`. Else the modem takes it that is free, healthy, has least to do, and has
/// most of its caps left.
pub fn pick(
    candidates: &[Candidate<'_>],
    wish: Wish<'_>,
    gone_since: Option<Timestamp>,
    now: Timestamp,
    horizon: Timestamp,
) -> Pick {
    let (sim, wait, bound) = match wish {
        Wish::Any => return freest(candidates, now, horizon),
        Wish::Known(sim, wait) => (sim, wait, false),
        Wish::Same(sim) => (sim, SAME_SENDER_WAIT, true),
    };
    let Some(place) = candidates.iter().position(|candidate| candidate.sim == sim) else {
        let until = gone_since.map_or(now, |since| since.plus(wait));
        return if until > now { Pick::Gone(until) } else { freest(candidates, now, horizon) };
    };
    let wanted = &candidates[place];
    match (wanted.ready_at <= horizon, wanted.room) {
        (true, true) => Pick::Take(place),
        (false, _) if bound || wanted.ready_at <= now.plus(wait) => Pick::Rest(place, wanted.ready_at),
        (true, false) if bound || !wait.is_zero() => Pick::Room(place),
        (true | false, _) => freest(candidates, now, horizon),
    }
}

fn freest(candidates: &[Candidate<'_>], now: Timestamp, horizon: Timestamp) -> Pick {
    let order = |candidate: &Candidate<'_>| {
        (candidate.failures >= FAILURES_MAX, candidate.backlog, candidate.used_share, candidate.failures)
    };
    let rested = || (0..candidates.len()).filter(|&place| candidates[place].ready_at <= horizon);
    if let Some(best) = rested().filter(|&place| candidates[place].room).min_by_key(|&place| order(&candidates[place]))
    {
        return Pick::Take(best);
    }
    if let Some(busy) = rested().min_by_key(|&place| order(&candidates[place])) {
        return Pick::Room(busy);
    }
    match (0..candidates.len()).min_by_key(|&place| candidates[place].ready_at) {
        Some(place) => Pick::Rest(place, candidates[place].ready_at),
        None => Pick::Gone(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn modem(sim: &str) -> Candidate<'_> {
        Candidate { sim, room: true, ready_at: NOW, backlog: Duration::ZERO, failures: 0, used_share: 0 }
    }

    fn picked(candidates: &[Candidate<'_>], wish: Wish<'_>, gone_since: Option<Timestamp>) -> Pick {
        pick(candidates, wish, gone_since, NOW, NOW.plus(SECOND / 5))
    }

    #[test]
    fn the_modem_with_least_to_do_and_most_left_takes_it() {
        let busy = Candidate { backlog: SECOND * 5, ..modem("a") };
        let used = Candidate { used_share: 900, ..modem("b") };
        let sick = Candidate { failures: 3, ..modem("c") };
        let full = Candidate { room: false, ..modem("d") };
        let resting = Candidate { ready_at: NOW.plus(SECOND * 4), ..modem("e") };
        assert_eq!(picked(&[busy, used, sick, full, resting], Wish::Any, None), Pick::Take(1));
        assert_eq!(picked(&[busy, sick], Wish::Any, None), Pick::Take(0));
        assert_eq!(picked(&[sick, full, resting], Wish::Any, None), Pick::Take(0), "better than none");
        assert_eq!(picked(&[full, resting], Wish::Any, None), Pick::Room(0));
        assert_eq!(picked(&[resting], Wish::Any, None), Pick::Rest(0, NOW.plus(SECOND * 4)));
    }

    #[test]
    fn the_known_sim_is_waited_for_within_bounds() {
        let known = |wait| Wish::Known("a", SECOND * wait);
        let resting = Candidate { ready_at: NOW.plus(SECOND * 60), ..modem("a") };
        let full = Candidate { room: false, ..modem("a") };
        assert_eq!(picked(&[modem("b"), modem("a")], known(300), None), Pick::Take(1));
        assert_eq!(picked(&[modem("b"), resting], known(300), None), Pick::Rest(1, NOW.plus(SECOND * 60)));
        assert_eq!(picked(&[modem("b"), resting], known(30), None), Pick::Take(0));
        assert_eq!(picked(&[modem("b"), full], known(300), None), Pick::Room(1));
        assert_eq!(picked(&[modem("b"), full], known(0), None), Pick::Take(0), "a code does not wait");
        assert_eq!(
            picked(&[modem("b")], known(300), Some(NOW.minus(SECOND * 200))),
            Pick::Gone(NOW.plus(SECOND * 100))
        );
        assert_eq!(picked(&[modem("b")], known(300), Some(NOW.minus(SECOND * 300))), Pick::Take(0));
        assert_eq!(picked(&[modem("b")], known(300), None), Pick::Take(0), "nobody remembers it");
    }

    #[test]
    fn the_rest_of_a_message_keeps_its_sender() {
        let resting = Candidate { ready_at: NOW.plus(SECOND * 86_400), ..modem("a") };
        assert_eq!(picked(&[modem("b"), resting], Wish::Same("a"), None), Pick::Rest(1, NOW.plus(SECOND * 86_400)));
        assert_eq!(picked(&[modem("b")], Wish::Same("a"), Some(NOW)), Pick::Gone(NOW.plus(SECOND * 3600)));
        assert_eq!(picked(&[modem("b")], Wish::Same("a"), Some(NOW.minus(SECOND * 3600))), Pick::Take(0));
        assert_eq!(picked(&[], Wish::Any, None), Pick::Gone(NOW));
    }
}
