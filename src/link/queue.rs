//! Keeps the segments that were handed to a link and have not left yet, in order, each until its turn.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::pace::Pace;
use crate::model::{MessageId, SegmentTurn, Submission, Timestamp};

/// The throttle plans seconds ahead, not minutes; a longer wait is a wall clock that jumped.
const TURN_WAIT_MAX: Duration = Duration::from_secs(60);

/// What leaves later than this after its turn was held up.
const LATE_MAX: Duration = Duration::from_millis(100);

/// The segments, first come first out.
#[derive(Debug, Default)]
pub struct Queue {
    held: VecDeque<Held>,
    /// When the last segment left.
    left_at: Option<Instant>,
    /// What the carrier's contract allows over all its links.
    pace: Option<Pace>,
    /// The departure that the first segment may take.
    claimed: Option<u64>,
    /// The first departure whose octets are not written yet.
    unwritten: Option<u64>,
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
    /// Segments leave as `pace` allows, too.
    pub fn paced(pace: Option<Pace>) -> Self {
        Self { pace, ..Self::default() }
    }

    /// Takes a submission that has at least one turn.
    pub fn push(&mut self, submission: Submission, now: Instant, wall: Timestamp) {
        self.held.push_back(Held { submission, next: 0, came: (now, wall) });
    }

    /// When the first segment may leave.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (_, _, due) = self.next()?;
        let allowed = self.pace.as_ref().filter(|_| self.claimed.is_none()).and_then(Pace::ready_at);
        Some(allowed.map_or(due, |at| at.max(due)))
    }

    /// The first segment and when it may leave: at its turn, and not closer behind the one before than the rate allows. A
    /// link that was held up has a whole queue whose turns are past.
    fn next(&self) -> Option<(&Held, SegmentTurn, Instant)> {
        let held = self.held.front()?;
        let (turn, due) = held.turn()?;
        let gap = held.submission.gap.min(TURN_WAIT_MAX);
        Some((held, turn, self.left_at.map_or(due, |left| due.max(left + gap))))
    }

    /// The first segment, if its turn has come.
    pub fn front(&self, now: Instant) -> Option<(&Submission, SegmentTurn)> {
        let (held, turn, due) = self.next()?;
        (due <= now).then_some((&held.submission, turn))
    }

    /// As [`Queue::front`], once the contract has a departure for it. It stays the segment's until [`Queue::pop`].
    pub fn claim(&mut self, now: Instant) -> Option<(&Submission, SegmentTurn)> {
        self.front(now)?;
        if let Some(pace) = self.pace.as_ref().filter(|_| self.claimed.is_none()) {
            self.claimed = Some(pace.claim(now)?);
        }
        self.front(now)
    }

    /// The octets of all that left are written.
    pub fn handle_written(&mut self, now: Instant) {
        if let Some((pace, from)) = self.pace.as_ref().zip(self.unwritten.take()) {
            pace.written(from, now);
        }
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
        let claimed = self.claimed.take();
        self.unwritten = self.unwritten.or(claimed);
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
    use crate::model::{Alphabet, Class, Concatenation, Encoded, Indication};

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
    fn a_clock_that_jumped_does_not_hold_a_segment_for_hours() {
        let now = origin();
        let mut queue = Queue::default();
        queue.push(submission(1, &[WALL.plus(Duration::from_secs(86_400))]), now, WALL);
        assert_eq!(queue.poll_timeout(), Some(now + TURN_WAIT_MAX));
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

    #[test]
    fn two_links_of_a_contract_leave_together_no_faster_than_it_allows() {
        let pace = Pace::new(Some(10.0));
        let start = origin() + Duration::from_secs(1);
        let mut queues = [Queue::paced(Some(pace.clone())), Queue::paced(Some(pace))];
        for id in 1..=100 {
            queues[usize::try_from(id % 2).unwrap()].push(submission(id, &[WALL]), start, WALL);
        }
        let mut left = Vec::new();
        for millis in 0..6_000 {
            let now = start + Duration::from_millis(millis);
            for queue in &mut queues {
                if queue.claim(now).is_some() {
                    queue.pop(now);
                    queue.handle_written(now);
                    left.push(now);
                }
            }
        }
        let within =
            |from: usize| left[from..].iter().take_while(|at| **at <= left[from] + Duration::from_secs(1)).count();
        assert!((0..left.len()).all(|from| within(from) <= 10), "{left:?}");
        assert!(left.len() >= 59, "{}", left.len());
        assert!(queues[0].poll_timeout().is_some_and(|at| at > start + Duration::from_secs(6)));
    }

    #[test]
    fn a_departure_that_was_claimed_stays_the_segments_until_it_leaves() {
        let pace = Pace::new(Some(1.0));
        let now = origin() + Duration::from_secs(10);
        let mut queue = Queue::paced(Some(pace.clone()));
        queue.push(submission(1, &[WALL]), now, WALL);
        assert!(queue.claim(now).is_some() && queue.claim(now).is_some(), "one departure, asked for twice");
        assert_eq!(pace.claim(now), None);
        assert_eq!(queue.poll_timeout(), Some(now));
    }
}
