//! Decides whether a message is tried again, and when.

use std::time::Duration;

use postrider_model::{MessageId, Timestamp};

/// The delays and bounds of trying again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPlan {
    /// The delay before the second, third ... try; the last one repeats.
    pub delays: Vec<Duration>,
    /// How many tries a message gets.
    pub tries_max: u32,
    /// How many tries are worth it when the carrier's code is vague.
    pub few_max: u32,
    /// How long a resend after a lost answer waits for the late answer or a receipt.
    pub doubt_hold: Duration,
    /// How many sends a message may have while its outcome is in doubt.
    pub doubt_sends_max: u32,
    /// How soon a message that did not leave goes again.
    pub not_sent_delay: Duration,
}

impl Default for RetryPlan {
    fn default() -> Self {
        Self {
            delays: [30, 120, 600, 1800, 7200, 21_600].map(Duration::from_secs).to_vec(),
            tries_max: 6,
            few_max: 3,
            doubt_hold: Duration::from_secs(60),
            doubt_sends_max: 2,
            not_sent_delay: Duration::from_millis(500),
        }
    }
}

impl RetryPlan {
    /// When the try after number `tries` (1 for the first) is due; `None` when the tries are used up.
    ///
    /// The delay is spread by 20 % either way, by the id, so that messages refused together do not come back together.
    pub fn next(&self, id: MessageId, tries: u32, few: bool, now: Timestamp) -> Option<Timestamp> {
        let most = if few { self.few_max.min(self.tries_max) } else { self.tries_max };
        if tries >= most {
            return None;
        }
        let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
        let delay = self.delays.get(place).or(self.delays.last()).copied().unwrap_or(Duration::from_secs(30));
        Some(now.plus(spread(delay, id, tries)))
    }
}

/// `delay` moved by up to 20 % either way; the same id and try always give the same answer.
fn spread(delay: Duration, id: MessageId, tries: u32) -> Duration {
    let mixed = (id.as_i64().cast_unsigned() ^ u64::from(tries) << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let percent = 80 + u32::try_from(mixed % 41).unwrap_or(20);
    delay * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn id(value: i64) -> MessageId {
        MessageId::from_i64(value).unwrap()
    }

    #[test]
    fn delays_grow_and_end() {
        let plan = RetryPlan::default();
        let mut last = Duration::ZERO;
        for tries in 1..6 {
            let wait = plan.next(id(7), tries, false, NOW).unwrap().since(NOW);
            assert!(wait > last, "try {tries} waits {wait:?}");
            last = wait;
        }
        assert_eq!(plan.next(id(7), 6, false, NOW), None);
        assert_eq!(plan.next(id(7), 3, true, NOW), None, "a vague code gets three tries");
    }

    #[test]
    fn messages_refused_together_come_back_apart() {
        let plan = RetryPlan::default();
        let mut waits: Vec<_> = (0..100).map(|n| plan.next(id(n), 1, false, NOW).unwrap().since(NOW)).collect();
        assert!(waits.iter().all(|wait| (24..=36).contains(&wait.as_secs())));
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 20, "{} different delays", waits.len());
    }
}
