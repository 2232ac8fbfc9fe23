//! Decides what jobs there are, and which of those that wait goes first.

use std::time::{Duration, Instant};

use super::heal::Heal;
use super::network::Check;
use super::receive::Acknowledgement;
use super::send::Send;
use super::slots::Slot;
use super::steps::Step;
use super::technician::Asked;

/// More jobs than ever wait: one for each slot of a large store, and some.
const JOBS_MAX: usize = 320;
/// A job that waited so long goes before the next segment, so that a busy modem still empties its stores.
const PATIENCE: Duration = Duration::from_secs(3);

/// A piece of work: one command after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    /// A step of the set-up.
    Setup(Step),
    /// A rung of the ladder.
    Heal(Heal),
    /// A segment.
    Send(Box<Send>),
    /// `AT+CNMA`, which is due within seconds.
    Acknowledge(Acknowledgement),
    /// A store's slot is read or deleted, or a store listed.
    Slot(Slot),
    /// A technician's command or USSD code.
    Asked(Asked),
    /// `ATH`: a call blocks the line.
    HangUp,
    /// One of the regular questions.
    Check(Check),
}

/// Who goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Acknowledge,
    Send,
    Store,
    Technician,
    Upkeep,
}

impl Job {
    fn lane(&self) -> Lane {
        match self {
            Self::Setup(_) | Self::Heal(_) | Self::Acknowledge(_) | Self::HangUp => Lane::Acknowledge,
            Self::Send(_) => Lane::Send,
            Self::Slot(_) => Lane::Store,
            Self::Asked(_) => Lane::Technician,
            Self::Check(_) => Lane::Upkeep,
        }
    }
}

/// The jobs that wait.
#[derive(Debug, Default)]
pub(super) struct Queue(Vec<(Instant, Job)>);

impl Queue {
    /// Lets `job` wait, unless the same one waits already. `false` if there is no room.
    pub(super) fn push(&mut self, now: Instant, job: Job) -> bool {
        let room = self.0.len() < JOBS_MAX;
        if room && !self.0.iter().any(|(_, waiting)| *waiting == job) {
            self.0.push((now, job));
        }
        room
    }

    /// The job that goes first.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Job> {
        let lane = |since: Instant, job: &Job| {
            let patient = now.saturating_duration_since(since) < PATIENCE;
            if patient { job.lane() } else { job.lane().min(Lane::Acknowledge) }
        };
        // Among equals the first in the queue is taken.
        let place = (0..self.0.len()).min_by_key(|&place| lane(self.0[place].0, &self.0[place].1))?;
        Some(self.0.remove(place).1)
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a job that `is` waits.
    pub(super) fn any(&self, is: impl Fn(&Job) -> bool) -> bool {
        self.0.iter().any(|(_, job)| is(job))
    }

    /// Takes out the jobs that `is` names.
    pub(super) fn take(&mut self, is: impl Fn(&Job) -> bool) -> Vec<Job> {
        let (taken, kept) = self.0.drain(..).partition(|(_, job)| is(job));
        self.0 = kept;
        taken.into_iter().map(|(_, job): (Instant, Job)| job).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_goes_before_questions_until_they_waited_too_long() {
        let start = crate::test_clock::zero();
        let mut queue = Queue::default();
        queue.push(start, Job::Check(Check::Signal));
        queue.push(start, Job::HangUp);
        queue.push(start, Job::Slot(Slot::list("ME")));
        assert_eq!(queue.pop(start), Some(Job::HangUp));
        assert_eq!(queue.pop(start), Some(Job::Slot(Slot::list("ME"))));
        queue.push(start + PATIENCE, Job::HangUp);
        assert_eq!(queue.pop(start + PATIENCE), Some(Job::Check(Check::Signal)));
    }

    #[test]
    fn the_same_job_waits_once_and_no_more_than_fit() {
        let now = crate::test_clock::zero();
        let mut queue = Queue::default();
        for _ in 0..3 {
            assert!(queue.push(now, Job::HangUp));
        }
        assert_eq!(queue.take(|job| *job == Job::HangUp).len(), 1);
        for index in 0..1000 {
            queue.push(now, Job::Slot(Slot::read("ME", index)));
        }
        assert_eq!(queue.0.len(), JOBS_MAX);
        assert!(!queue.push(now, Job::HangUp));
    }
}
