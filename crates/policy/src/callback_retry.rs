//! Decides when a callback that failed is tried again, and when it becomes a dead letter.

use std::time::Duration;

use postrider_model::Timestamp;

/// The pauses after the first, second, ... failure: quick at first, for a restarting server, then over days. The last
/// one repeats until the callback is too old.
const PAUSES_SECONDS: [u64; 11] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400];
/// A target's own wish is followed up to this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(86_400);
/// Pauses are stretched by up to a tenth, so that callbacks that failed together do not come back together.
const JITTER_PARTS: u64 = 10;

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Post it again at this instant.
    At(Timestamp),
    /// Keep it as a dead letter: no further try by itself.
    DeadLetter,
}

/// When a callback made at `created_at` is posted again after its `failures`-th failure (from 1) at `now`.
///
/// `retry_after` is the target's wish, `seed` anything that differs between callbacks (the id), and `give_up_after`
/// the age at which no further try is made.
pub fn after_failure(
    failures: u32,
    created_at: Timestamp,
    now: Timestamp,
    retry_after: Option<Duration>,
    seed: u64,
    give_up_after: Duration,
) -> Next {
    let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX).min(PAUSES_SECONDS.len() - 1);
    let pause = Duration::from_secs(PAUSES_SECONDS[place]);
    let stretched = pause + jitter(pause, seed ^ u64::from(failures));
    let next = now.plus(stretched.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX)));
    if next.since(created_at) > give_up_after { Next::DeadLetter } else { Next::At(next) }
}

fn jitter(pause: Duration, seed: u64) -> Duration {
    // One round of splitmix64 spreads neighbouring ids over the whole range.
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    let room = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) / JITTER_PARTS;
    Duration::from_millis((mixed ^ mixed >> 31) % room.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const THREE_DAYS: Duration = Duration::from_secs(3 * 86_400);

    #[test]
    fn pauses_grow_over_three_days_and_then_it_is_a_dead_letter() {
        let (mut now, mut tries) = (START, 0);
        loop {
            tries += 1;
            match after_failure(tries, START, now, None, 7, THREE_DAYS) {
                Next::At(next) => {
                    assert!(next > now);
                    now = next;
                }
                Next::DeadLetter => break,
            }
        }
        assert_eq!(tries, 12);
        assert!(now.since(START) > Duration::from_secs(2 * 86_400), "{:?}", now.since(START));
    }

    #[test]
    fn the_targets_wish_is_followed_within_bounds() {
        let wish = |seconds| after_failure(1, START, START, Some(Duration::from_secs(seconds)), 0, THREE_DAYS);
        assert_eq!(wish(600), Next::At(START.plus(Duration::from_secs(600))));
        assert_eq!(wish(u64::MAX), Next::At(START.plus(RETRY_AFTER_MAX)));
    }

    #[test]
    fn callbacks_that_failed_together_come_back_apart() {
        let times: std::collections::BTreeSet<_> = (0..100)
            .map(|seed| match after_failure(4, START, START, None, seed, THREE_DAYS) {
                Next::At(next) => next,
                Next::DeadLetter => panic!("too early"),
            })
            .collect();
        assert!(times.len() > 90, "{}", times.len());
        assert!(times.iter().all(|at| (600..660).contains(&at.since(START).as_secs())));
    }

    #[test]
    fn no_count_of_failures_overflows() {
        assert!(matches!(after_failure(u32::MAX, START, START, None, u64::MAX, THREE_DAYS), Next::At(_)));
        assert!(matches!(after_failure(0, START, START, None, 0, Duration::ZERO), Next::DeadLetter));
    }
}
