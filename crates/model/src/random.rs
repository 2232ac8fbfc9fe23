//! The one generator of chance: seeded, so that one seed gives one run.

use std::time::Duration;

/// SplitMix64: small, fast, good enough for jitter and for faults. Never used for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        match self.next_u64().checked_rem(bound) {
            Some(rest) => rest,
            None => 0,
        }
    }

    /// True `per_mille` times in a thousand.
    pub const fn chance(&mut self, per_mille: u16) -> bool {
        per_mille > 0 && self.below(1000) < per_mille as u64
    }

    /// A span from `low` to `high`, both included.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        let span = high.saturating_sub(low);
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX - 1);
        low + Duration::from_nanos(self.below(nanos.saturating_add(1)))
    }

    /// `span` made longer or shorter by up to a fifth, so that many links do not move in step.
    pub fn jitter(&mut self, span: Duration) -> Duration {
        self.between(span.mul_f64(0.8), span.mul_f64(1.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_run() {
        let run = |seed| {
            let mut random = Random::new(seed);
            (0..8).map(|_| random.next_u64()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn bounds_hold_and_nothing_divides_by_zero() {
        let mut random = Random::new(1);
        assert_eq!(random.below(0), 0);
        for _ in 0..1000 {
            assert!(random.below(3) < 3);
            let span = random.jitter(Duration::from_secs(10));
            assert!((Duration::from_secs(8)..=Duration::from_secs(12)).contains(&span), "{span:?}");
            assert!(!random.chance(0) && random.chance(1000));
        }
    }
}
