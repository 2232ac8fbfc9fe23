//! Decides which loop is stuck: one that has not turned for longer than any wait of it may take.
//!
//! Every loop turns at least every ten seconds, even when it has nothing to do. The housekeeper looks once a second, and
//! feeds the service manager's watchdog only while all of them turn; otherwise it names the one that does not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A loop that has not turned for so long is stuck: three times the longest wait of one that is idle.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long a loop that rests does so at a time.
const REST: Duration = Duration::from_secs(5);

/// Counts the turns of a loop, so that the housekeeper can tell whether it still turns.
#[derive(Debug, Clone, Default)]
pub struct Beat(Arc<AtomicU64>);

impl Beat {
    /// One more turn.
    pub fn turn(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Sleeps for `span`, and goes on beating.
    pub async fn rest(&self, span: Duration) {
        let end = tokio::time::Instant::now() + span;
        while tokio::time::Instant::now() < end {
            self.turn();
            tokio::time::sleep_until(end.min(tokio::time::Instant::now() + REST)).await;
        }
    }

    /// The turns so far.
    pub fn turns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was last seen of each loop.
#[derive(Debug, Default)]
pub struct Watch {
    seen: BTreeMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    turns: u64,
    since: Instant,
    told: bool,
}

/// Something that changed, and that a person should read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This loop does not turn any more.
    Stuck(String),
    /// It turns again, after so long.
    Again(String, Duration),
}

impl Watch {
    /// Takes the turns of all loops by name. Loops that are not among them are gone, and nobody waits for them.
    pub fn look(&mut self, now: Instant, turns: Vec<(String, u64)>) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut before = std::mem::take(&mut self.seen);
        for (name, turns) in turns {
            let mut seen = before.remove(&name).unwrap_or(Seen { turns, since: now, told: false });
            let still = now.saturating_duration_since(seen.since);
            if seen.turns != turns {
                if seen.told {
                    changes.push(Change::Again(name.clone(), still));
                }
                seen = Seen { turns, since: now, told: false };
            } else if still >= PATIENCE && !seen.told {
                seen.told = true;
                changes.push(Change::Stuck(name.clone()));
            }
            self.seen.insert(name, seen);
        }
        changes
    }

    /// Whether every loop turned in time.
    pub fn all_turn(&self) -> bool {
        self.seen.values().all(|seen| !seen.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made-up instants from one that is read once.
    #[expect(clippy::disallowed_methods, reason = "a first instant can be had in no other way")]
    fn clock() -> impl Fn(u64) -> Instant {
        let start = Instant::now();
        move |seconds| start + Duration::from_secs(seconds)
    }

    fn turns(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
        counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect()
    }

    #[test]
    fn a_loop_that_turns_in_time_is_never_stuck() {
        let (at, mut watch) = (clock(), Watch::default());
        for second in 0..600 {
            // It turns every ten seconds, as an idle one does.
            assert!(watch.look(at(second), turns(&[("dispatcher", second / 10)])).is_empty());
            assert!(watch.all_turn());
        }
    }

    #[test]
    fn the_stuck_one_is_named_once_and_its_return_too() {
        let (at, mut watch) = (clock(), Watch::default());
        let look = |watch: &mut Watch, second, north| {
            watch.look(at(second), turns(&[("dispatcher", second), ("link north", north)]))
        };
        assert!(look(&mut watch, 0, 5).is_empty());
        assert!(look(&mut watch, 29, 5).is_empty() && watch.all_turn());
        assert_eq!(look(&mut watch, 30, 5), [Change::Stuck("link north".to_owned())]);
        assert!(look(&mut watch, 31, 5).is_empty() && !watch.all_turn(), "told once, and still not fed");
        assert_eq!(look(&mut watch, 45, 6), [Change::Again("link north".to_owned(), Duration::from_secs(45))]);
        assert!(watch.all_turn());
    }

    #[test]
    fn a_loop_that_was_stopped_is_not_waited_for() {
        let (at, mut watch) = (clock(), Watch::default());
        watch.look(at(0), turns(&[("link north", 1)]));
        assert_eq!(watch.look(at(40), turns(&[("link north", 1)])).len(), 1);
        assert!(watch.look(at(41), turns(&[])).is_empty() && watch.all_turn());
        assert!(watch.look(at(42), turns(&[("link north", 1)])).is_empty(), "started anew, it has its time again");
    }
}
