//! How many segments a contract lets leave within how long.

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// A carrier counts a second with both its ends, by a clock of its own, and some milliseconds after what left.
const MARGIN: Duration = Duration::from_millis(6);
/// More departures a second than any contract allows need no counting.
const MOST: f64 = 100_000.0;

/// How many segments may leave within how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// So many at the most.
    pub most: usize,
    /// Within any span of this length.
    pub within: Duration,
}

impl Allowance {
    /// What a contract over `rate` segments a second allows; `None` for one that sets no limit.
    pub fn of(rate: f64) -> Option<Self> {
        if !(rate > 0.0 && rate < MOST) {
            return None;
        }
        let whole = rate.floor().max(1.0);
        // A rate with a fraction, or below one, is the same rate over a span that holds whole segments.
        let within = SECOND.mul_f64((whole / rate.max(1e-4)).max(f64::EPSILON)) + MARGIN;
        // The cast is of a whole number within the limits above.
        Some(Self { most: whole as usize, within })
    }

    /// The time from one departure to the next at an even pace.
    pub fn interval(self) -> Duration {
        let parts = u32::try_from(self.most).unwrap_or(u32::MAX).max(1);
        // Rounded up, or so many intervals would be a little shorter than the span.
        self.within / parts + Duration::from_nanos(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(rate: f64) -> Allowance {
        Allowance::of(rate).unwrap()
    }

    #[test]
    fn a_second_with_both_its_ends_holds_what_the_contract_says() {
        for rate in [1.0, 3.0, 7.0, 100.0, 999.0] {
            let allowance = allowance(rate);
            assert_eq!(allowance.most, rate as usize);
            assert!(allowance.interval() * allowance.most as u32 > SECOND, "at an even pace too");
            let share = allowance.most as f64 / allowance.within.as_secs_f64() / rate;
            assert!(share > 0.99, "and nearly all of it is used: {share}");
        }
        assert_eq!((allowance(0.5).most, allowance(2.5).most), (1, 2));
        assert!(allowance(0.5).within > SECOND * 2, "one in two seconds");
        assert_eq!([Allowance::of(0.0), Allowance::of(f64::INFINITY), Allowance::of(f64::NAN)], [None; 3]);
    }
}
