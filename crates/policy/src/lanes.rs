//! Decides how a link's free slots are shared between one-time codes, transactional messages and marketing.
//!
//! One-time codes go first. Of the rest every tenth slot is marketing's, so that a flood of order notices delays a
//! campaign and never stops it; a lane that has nothing waiting leaves its slots to the others.

/// How many lanes there are: one for each class.
pub const LANES: usize = 3;
/// One slot in so many is marketing's while transactional messages wait too.
const MARKETING_ONE_IN: usize = 10;

/// What the lanes owe each other from one turn to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lanes {
    since_marketing: usize,
}

impl Lanes {
    /// The lane that gets the next slot, given how many messages wait in each; `None` when none waits.
    pub fn pick(&mut self, waiting: [usize; LANES]) -> Option<usize> {
        let [otp, transactional, marketing] = waiting.map(|count| count > 0);
        let lane = match (otp, transactional, marketing) {
            (true, ..) => 0,
            (false, true, true) if self.since_marketing + 1 >= MARKETING_ONE_IN => 2,
            (false, true, _) => 1,
            (false, false, true) => 2,
            (false, false, false) => return None,
        };
        self.since_marketing = if lane == 2 { 0 } else { self.since_marketing.saturating_add(1) };
        Some(lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(mut waiting: [usize; LANES], slots: usize) -> [usize; LANES] {
        let (mut lanes, mut out) = (Lanes::default(), [0; LANES]);
        for _ in 0..slots {
            let Some(lane) = lanes.pick(waiting) else { break };
            waiting[lane] -= 1;
            out[lane] += 1;
        }
        out
    }

    #[test]
    fn codes_go_first() {
        assert_eq!(served([3, 100, 100], 3), [3, 0, 0]);
    }

    #[test]
    fn marketing_gets_a_tenth_and_no_more_while_others_wait() {
        assert_eq!(served([0, 1000, 1000], 100), [0, 90, 10]);
    }

    #[test]
    fn an_empty_lane_leaves_its_slots() {
        assert_eq!(served([0, 0, 50], 20), [0, 0, 20]);
        assert_eq!(served([0, 5, 50], 20), [0, 5, 15]);
        assert_eq!(served([0, 0, 0], 20), [0, 0, 0]);
    }
}
