//! Decides whether one more segment may leave now, so that no second, wherever it begins, holds more than the contract allows.
//!
//! The dispatcher's throttle plans departures one interval apart. What really leaves may be late, come from a link that was
//! held up, or follow a restart; so the links of a carrier ask here, together, at the moment of each departure.

use std::collections::VecDeque;
use std::time::Instant;

use postrider_model::Allowance;

/// The last departures over all links of a carrier.
#[derive(Debug)]
pub struct Departures {
    left: VecDeque<Instant>,
    /// Who was here before may have used the contract up to this moment.
    opened: Instant,
}

impl Departures {
    /// Begins to count at `now`, when the process started: what left just before is not known.
    pub fn new(now: Instant) -> Self {
        Self { left: VecDeque::new(), opened: now }
    }

    /// One segment leaves at `now`, or may not leave before the instant that is given.
    ///
    /// # Errors
    /// The earliest instant that is worth another question.
    pub fn depart(&mut self, allowance: Allowance, now: Instant) -> Result<(), Instant> {
        let Allowance { most, within } = allowance;
        let opens = self.opened + within;
        let frees = self.left.len().checked_sub(most).and_then(|place| self.left.get(place)).map(|at| *at + within);
        let ready = frees.unwrap_or(opens).max(opens);
        if ready > now {
            return Err(ready);
        }
        self.left.push_back(now);
        // As many as any question can be about.
        while self.left.len() > most {
            self.left.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn origin() -> Instant {
        Instant::now()
    }

    fn allowance(rate: f64) -> Allowance {
        Allowance::of(rate).unwrap()
    }

    #[test]
    fn no_second_holds_more_however_they_ask() {
        let now = origin();
        let mut departures = Departures::new(now);
        let mut random = postrider_model::Random::new(1);
        let (mut at, mut left) = (now, Vec::new());
        for _ in 0..3000 {
            at += random.between(Duration::ZERO, Duration::from_millis(200));
            if departures.depart(allowance(7.0), at).is_ok() {
                left.push(at);
            }
        }
        assert!(left.windows(8).all(|some| some[7] - some[0] > SECOND));
        assert!(left.len() > 1500, "{}", left.len());
    }

    #[test]
    fn who_may_not_leave_learns_when() {
        let now = origin();
        let allowance = allowance(2.0);
        let mut departures = Departures::new(now);
        let open = now + allowance.within;
        assert_eq!(departures.depart(allowance, now), Err(open), "the process before may have used it up");
        assert_eq!(departures.depart(allowance, open), Ok(()));
        let later = open + Duration::from_millis(300);
        assert_eq!(departures.depart(allowance, later), Ok(()));
        assert_eq!(departures.depart(allowance, later), Err(open + allowance.within));
        assert_eq!(departures.depart(allowance, open + allowance.within), Ok(()));
        assert_eq!(departures.depart(allowance, open + allowance.within), Err(later + allowance.within));
    }

    #[test]
    fn a_contract_that_changes_holds_from_the_next_departure() {
        let now = origin();
        let mut departures = Departures::new(now);
        let at = now + Duration::from_secs(5);
        (0..5).for_each(|_| departures.depart(allowance(5.0), at).unwrap());
        assert!(departures.depart(allowance(2.0), at).is_err());
        assert!(departures.depart(allowance(2.0), at + SECOND * 2).is_ok());
    }
}
