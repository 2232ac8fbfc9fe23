//! The faults that the simulated carrier can be told to make, and the dice that decide each one.
//!
//! Chances are per thousand. All dice are one seeded generator, so that a seed and a sequence of inputs give one run.

use std::time::Duration;

use postrider_model::Random;

/// What goes wrong, and how often. The default is a carrier without faults.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// TCP connections are taken and nothing is ever answered, the bind included.
    pub mute: bool,
    /// Binds and `enquire_link` are answered, submissions never.
    pub bound_but_silent: bool,
    /// Every bind is refused with this `command_status`.
    pub refuse_bind: Option<u32>,
    /// The shortest and the longest delay of an answer to a submission.
    pub answer_delay: (Duration, Duration),
    /// The message is taken, and its answer never sent.
    pub answer_lost: u16,
    /// The answer is sent twice.
    pub answer_doubled: u16,
    /// The answer comes with `late_by` on top.
    pub answer_late: u16,
    /// How late a late answer is.
    pub late_by: Duration,
    /// The answer carries a sequence number that nobody asked with.
    pub answer_wrong_sequence: u16,
    /// A `command_status` instead of acceptance, with its chance. The first that hits counts.
    pub refuse: Vec<(u32, u16)>,
    /// More submissions than this in a second of an account are answered with `ESME_RTHROTTLED`.
    pub rate_max: Option<u32>,
    /// The receipt leaves before the answer to its submission.
    pub receipt_early: u16,
    /// The receipt is sent twice.
    pub receipt_doubled: u16,
    /// The receipt is never sent.
    pub receipt_lost: u16,
    /// The receipt comes with `receipt_late_by` on top, and so after later ones.
    pub receipt_late: u16,
    /// How late a late receipt is.
    pub receipt_late_by: Duration,
    /// The link is dropped after so many PDUs of the client.
    pub drop_after_pdus: Option<u32>,
    /// The message is taken, and the link dropped before its answer leaves.
    pub drop_before_answer: u16,
    /// Random octets before an answer. No client can go on after them.
    pub garbage: u16,
    /// A malformed but well-framed PDU before an answer.
    pub malformed: u16,
    /// Answers leave in pieces of one to seven octets.
    pub split: bool,
}

impl Faults {
    /// Whether no answer can be touched by chance, so that the quick path may be taken.
    pub(super) fn answers_are_plain(&self) -> bool {
        self.answer_lost == 0
            && self.answer_doubled == 0
            && self.answer_late == 0
            && self.answer_wrong_sequence == 0
            && self.garbage == 0
            && self.malformed == 0
            && self.answer_delay.1.is_zero()
    }
}

/// How one submission is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is taken.
    Yes,
    /// It is refused with this `command_status`.
    No(u32),
}

impl Faults {
    /// Whether this submission is taken, by the dice alone.
    pub(super) fn take(&self, random: &mut Random) -> Taken {
        self.refuse
            .iter()
            .find(|(_, chance)| random.chance(*chance))
            .map_or(Taken::Yes, |(status, _)| Taken::No(*status))
    }

    /// How long this answer waits.
    pub(super) fn answer_delay(&self, random: &mut Random) -> Duration {
        let (low, high) = self.answer_delay;
        let plain = if high.is_zero() { high } else { random.between(low, high) };
        if random.chance(self.answer_late) { plain + self.late_by } else { plain }
    }
}

/// How many submissions of one account pass in a second.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    second: Option<u64>,
    count: u32,
}

impl Meter {
    /// Whether one more passes in the second number `second`.
    pub(super) fn pass(&mut self, second: u64, rate_max: u32) -> bool {
        if self.second != Some(second) {
            (self.second, self.count) = (Some(second), 0);
        }
        self.count = self.count.saturating_add(1);
        self.count <= rate_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_counts_each_second_anew() {
        let mut meter = Meter::default();
        let passed = (0..10).filter(|_| meter.pass(1, 4)).count();
        assert_eq!(passed, 4);
        assert!(meter.pass(2, 4));
    }

    #[test]
    fn a_refusal_hits_as_often_as_it_was_told() {
        let faults = Faults { refuse: vec![(0x58, 100), (0x14, 100)], ..Faults::default() };
        let mut random = Random::new(3);
        let refused = (0..10_000).filter(|_| faults.take(&mut random) != Taken::Yes).count();
        assert!((1_600..2_200).contains(&refused), "{refused}");
        assert_eq!(Faults::default().take(&mut random), Taken::Yes);
    }
}
