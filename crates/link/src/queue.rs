//! Keeps the segments that were handed to a link and have not left yet, in order, each until its turn.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::departures::Departures;
use postrider_model::{Allowance, MessageId, SegmentTurn, Submission, Timestamp};

/// The throttle plans seconds ahead, not minutes; a longer wait is a wall clock that jumped.
const TURN_WAIT_MAX: Duration = Duration::from_secs(60);

/// A message is leased at most a fifth of a second before its first segment may leave.
const FIRST_TURN_WAIT_MAX: Duration = Duration::from_secs(1);

/// What leaves later than this after its turn was held up.
const LATE_MAX: Duration = Duration::from_millis(100);

/// The segments, first come first out.
#[derive(Debug, Default)]
pub struct Queue {
    held: VecDeque<Held>,
    /// When the last segment left.
    left_at: Option<Instant>,
    /// What left over all links of the carrier, which share its contract.
    departures: Option<Arc<Mutex<Departures>>>,
    leave: Leave,
}

/// Whether the contract lets the first segment leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Leave {
    /// Nobody asked yet.
    #[default]
    Unknown,
    /// It may, and is counted.
    Granted,
    /// Not before this.
    NotBefore(Instant),
}

#[derive(Debug)]
struct Held {
    submission: Submission,
    /// Index of the next turn.
    next: usize,
    /// When it came, on both clocks, so that turns are timed by the one that never jumps.
    came: (Instant, Timestamp),
}

impl Held {
    fn turn(&self) -> Option<(SegmentTurn, Instant)> {
        Some((*self.submission.turns.get(self.next)?, self.due(self.next)?))
    }

    fn due(&self, place: usize) -> Option<Instant> {
        let wait = self.submission.turns.get(place)?.not_before.since(self.came.1).min(TURN_WAIT_MAX);
        Some(self.came.0 + wait)
    }

    fn left(&self) -> usize {
        self.submission.turns.len().saturating_sub(self.next)
    }
}

impl Queue {
    /// A queue of one of the links that share a contract.
    pub fn under(departures: Arc<Mutex<Departures>>) -> Self {
        Self { departures: Some(departures), ..Self::default() }
    }

    /// Takes a submission that has at least one turn.
    pub fn push(&mut self, submission: Submission, now: Instant, wall: Timestamp) {
        // The first turn is never planned far ahead. Where it seems so, the clock was set back between lease and link.
        let first = submission.turns.first().map_or(wall, |turn| turn.not_before);
        let wall = if first.since(wall) > FIRST_TURN_WAIT_MAX { first } else { wall };
        self.held.push_back(Held { submission, next: 0, came: (now, wall) });
    }

    /// When the first segment may leave.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (_, _, due) = self.next()?;
        Some(if let Leave::NotBefore(at) = self.leave { due.max(at) } else { due })
    }

    /// The first segment and when it may leave: at its turn, and not closer behind the one before than the rate allows. A
    /// link that was held up has a whole queue whose turns are past.
    fn next(&self) -> Option<(&Held, SegmentTurn, Instant)> {
        let held = self.held.front()?;
        let (turn, due) = held.turn()?;
        let gap = held.submission.gap.min(TURN_WAIT_MAX);
        Some((held, turn, self.left_at.map_or(due, |left| due.max(left + gap))))
    }

    /// The first segment, if its turn has come and the contract has room for it.
    pub fn front(&mut self, now: Instant) -> Option<(&Submission, SegmentTurn)> {
        let (held, _, due) = self.next()?;
        let allowance = held.submission.allowance;
        if due > now || !self.may_leave(allowance, now) {
            return None;
        }
        let (held, turn, _) = self.next()?;
        Some((&held.submission, turn))
    }

    /// Asks the contract once for each segment. What is granted to one that never leaves is lost, which errs on the safe side.
    fn may_leave(&mut self, allowance: Option<Allowance>, now: Instant) -> bool {
        let (Some(departures), Some(allowance)) = (&self.departures, allowance) else { return true };
        if let Leave::NotBefore(at) = self.leave
            && at > now
        {
            return false;
        }
        if self.leave != Leave::Granted {
            // What it counts is whole after every call, so a panic elsewhere leaves it usable.
            let mut departures = departures.lock().unwrap_or_else(PoisonError::into_inner);
            self.leave = departures.depart(allowance, now).map_or_else(Leave::NotBefore, |()| Leave::Granted);
        }
        self.leave == Leave::Granted
    }

    /// Whether another segment follows the first one within `wait`.
    pub fn more_within(&self, now: Instant, wait: Duration) -> bool {
        let mut held = self.held.iter();
        let Some(first) = held.next() else { return false };
        let due = first.due(first.next + 1).or_else(|| held.next().and_then(|held| held.due(held.next)));
        due.is_some_and(|due| due <= now + wait)
    }

    /// How many segments are left of a message that began to leave.
    pub fn begun(&self) -> usize {
        self.held.front().filter(|held| held.next > 0).map_or(0, Held::left)
    }

    /// Removes what is left of the first message if it is this lease; gives the submission and its next turn.
    pub fn pop_rest(&mut self, message: MessageId, attempt: u32) -> Option<(Submission, usize)> {
        let held = self.held.pop_front_if(|held| {
            held.next > 0 && held.submission.message == message && held.submission.attempt == attempt
        })?;
        Some((held.submission, held.next))
    }

    /// Removes the first segment, which leaves now.
    pub fn pop(&mut self, now: Instant) {
        // What is a little late is made up for, or every timer's lateness would slow the link down; a stall is not.
        let planned = self.next().map_or(now, |(_, _, due)| due);
        self.left_at = Some(if now.saturating_duration_since(planned) > LATE_MAX { now } else { planned.min(now) });
        self.leave = Leave::Unknown;
        let Some(held) = self.held.front_mut() else { return };
        held.next += 1;
        if held.next >= held.submission.turns.len() {
            self.held.pop_front();
        }
    }

    /// Removes everything; gives each submission with the turns that are left.
    pub fn drain(&mut self) -> impl Iterator<Item = (Submission, usize)> {
        self.held.drain(..).map(|held| (held.submission, held.next))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use postrider_model::{Alphabet, Class, Concatenation, Encoded, Indication};

    const WALL: Timestamp = Timestamp::from_millis(1_795_305_600_250);

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn origin() -> Instant {
        Instant::now()
    }

    fn submission(id: i64, not_before: &[Timestamp]) -> Submission {
        Submission {
            message: MessageId::from_i64(id).unwrap(),
            attempt: 1,
            from: None,
            to: "+821012345678".parse().unwrap(),
            class: Class::Transactional,
            encoded: Arc::new(Encoded {
                alphabet: Alphabet::Gsm7,
                indication: Indication::default(),
                concatenation: Concatenation::None,
                reference: 0,
                elements: Vec::new(),
                segments: vec![vec![0x41]; not_before.len()],
            }),
            turns: (0..).zip(not_before).map(|(index, at)| SegmentTurn { index, not_before: *at }).collect(),
            gap: Duration::ZERO,
            allowance: None,
            valid_until: WALL,
            parameters: BTreeMap::new(),
        }
    }

    #[test]
    fn a_segment_waits_for_its_turn_and_those_behind_it_wait_too() {
        let now = origin();
        let mut queue = Queue::default();
        queue.push(submission(1, &[WALL, WALL.plus(Duration::from_millis(200))]), now, WALL);
        queue.push(submission(2, &[WALL]), now, WALL);
        assert_eq!(queue.front(now).map(|(_, turn)| turn.index), Some(0));
        queue.pop(now);
        assert!(queue.front(now).is_none());
        assert_eq!(queue.poll_timeout(), Some(now + Duration::from_millis(200)));
        assert_eq!(queue.front(now + Duration::from_millis(200)).map(|(_, turn)| turn.index), Some(1));
        queue.pop(now);
        assert_eq!(queue.front(now).map(|(submission, _)| submission.message.as_i64()), Some(2));
    }

    #[test]
    fn a_link_that_was_held_up_does_not_make_up_for_it() {
        let now = origin();
        let mut queue = Queue::default();
        let second = Duration::from_secs(1);
        for id in 1..=3 {
            queue.push(Submission { gap: second, ..submission(id, &[WALL]) }, now, WALL);
        }
        let late = now + second * 30;
        assert!(queue.front(late).is_some());
        queue.pop(late);
        assert!(queue.front(late).is_none(), "its turn is past, and yet it waits for the gap");
        assert_eq!(queue.poll_timeout(), Some(late + second));
        assert!(queue.front(late + second).is_some());
    }

    #[test]
    fn links_of_one_carrier_keep_its_contract_together() {
        let now = origin();
        let departures = Arc::new(Mutex::new(Departures::new(now)));
        let mut queues = [Queue::under(departures.clone()), Queue::under(departures)];
        for queue in &mut queues {
            (1..=5).for_each(|id| {
                queue.push(Submission { allowance: Allowance::of(2.0), ..submission(id, &[WALL]) }, now, WALL)
            });
        }
        let mut left = Vec::new();
        for step in 0..5000 {
            let at = now + Duration::from_millis(step);
            for queue in &mut queues {
                if queue.front(at).is_some() {
                    assert!(queue.front(at).is_some(), "asking twice counts once");
                    queue.pop(at);
                    left.push(at);
                }
            }
        }
        assert!(left.windows(3).all(|some| some[2] - some[0] > Duration::from_secs(1)), "{left:?}");
        assert_eq!(left.len(), 8, "and no more slowly than it allows");
        assert!(queues[1].poll_timeout().is_some_and(|at| at > now + Duration::from_secs(4)));
    }

    #[test]
    fn a_clock_that_was_set_between_lease_and_link_holds_no_segment() {
        let now = origin();
        for (back, ahead) in [(3_600, 0), (86_400, 0), (0, 86_400)] {
            let mut queue = Queue::default();
            let lease = WALL.plus(Duration::from_secs(back));
            let turns = [lease, lease.plus(Duration::from_millis(100))];
            queue.push(submission(1, &turns), now, WALL.plus(Duration::from_secs(ahead)));
            assert_eq!(queue.poll_timeout(), Some(now), "back by {back} s, ahead by {ahead} s");
        }
        let mut queue = Queue::default();
        queue.push(submission(1, &[WALL.plus(Duration::from_millis(200))]), now, WALL);
        assert_eq!(queue.poll_timeout(), Some(now + Duration::from_millis(200)), "a plan is no step");
    }

    #[test]
    fn the_rest_of_a_message_can_be_taken_back() {
        let now = origin();
        let mut queue = Queue::default();
        queue.push(submission(1, &[WALL, WALL, WALL]), now, WALL);
        queue.push(submission(2, &[WALL.plus(Duration::from_secs(5))]), now, WALL);
        let id = |id| MessageId::from_i64(id).unwrap();
        assert!(queue.begun() == 0 && queue.pop_rest(id(1), 1).is_none(), "nothing of it left yet");
        queue.pop(now);
        assert_eq!(queue.begun(), 2);
        assert!(queue.more_within(now, Duration::ZERO));
        assert!(queue.pop_rest(id(1), 2).is_none() && queue.pop_rest(id(2), 1).is_none());
        assert_eq!(queue.pop_rest(id(1), 1).map(|(_, next)| next), Some(1));
        assert_eq!((queue.begun(), queue.more_within(now, Duration::from_secs(60))), (0, false));
        queue.push(submission(3, &[WALL]), now, WALL);
        assert!(queue.more_within(now, Duration::ZERO), "the next message may leave at once");
    }

    #[test]
    fn what_is_left_is_told_with_its_turns() {
        let now = origin();
        let mut queue = Queue::default();
        queue.push(submission(1, &[WALL, WALL]), now, WALL);
        queue.push(submission(2, &[WALL]), now, WALL);
        queue.pop(now);
        let left: Vec<_> = queue.drain().map(|(submission, next)| (submission.message.as_i64(), next)).collect();
        assert_eq!(left, [(1, 1), (2, 0)]);
        assert_eq!(queue.poll_timeout(), None);
    }
}
