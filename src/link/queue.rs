//! Keeps the segments that were handed to a link and have not left yet, in order, each until its turn.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::model::{SegmentTurn, Submission, Timestamp};

/// The throttle plans seconds ahead, not minutes; a longer wait is a wall clock that jumped.
const TURN_WAIT_MAX: Duration = Duration::from_secs(60);

/// The segments, first come first out.
#[derive(Debug, Default)]
pub(super) struct Queue {
    held: VecDeque<Held>,
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
        let turn = *self.submission.turns.get(self.next)?;
        let wait = turn.not_before.since(self.came.1).min(TURN_WAIT_MAX);
        Some((turn, self.came.0 + wait))
    }
}

impl Queue {
    /// Takes a submission that has at least one turn.
    pub fn push(&mut self, submission: Submission, now: Instant, wall: Timestamp) {
        self.held.push_back(Held { submission, next: 0, came: (now, wall) });
    }

    /// When the first segment may leave.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.held.front().and_then(Held::turn).map(|(_, due)| due)
    }

    /// The first segment, if its turn has come.
    pub fn front(&self, now: Instant) -> Option<(&Submission, SegmentTurn)> {
        let held = self.held.front()?;
        let (turn, due) = held.turn()?;
        (due <= now).then_some((&held.submission, turn))
    }

    /// Removes the first segment.
    pub fn pop(&mut self) {
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
    use crate::model::{Alphabet, Class, Concatenation, Encoded, Indication, MessageId};

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
        queue.pop();
        assert!(queue.front(now).is_none());
        assert_eq!(queue.poll_timeout(), Some(now + Duration::from_millis(200)));
        assert_eq!(queue.front(now + Duration::from_millis(200)).map(|(_, turn)| turn.index), Some(1));
        queue.pop();
        assert_eq!(queue.front(now).map(|(submission, _)| submission.message.as_i64()), Some(2));
    }

    #[test]
    fn a_clock_that_jumped_does_not_hold_a_segment_for_hours() {
        let now = origin();
        let mut queue = Queue::default();
        queue.push(submission(1, &[WALL.plus(Duration::from_secs(86_400))]), now, WALL);
        assert_eq!(queue.poll_timeout(), Some(now + TURN_WAIT_MAX));
    }

    #[test]
    fn what_is_left_is_told_with_its_turns() {
        let now = origin();
        let mut queue = Queue::default();
        queue.push(submission(1, &[WALL, WALL]), now, WALL);
        queue.push(submission(2, &[WALL]), now, WALL);
        queue.pop();
        let left: Vec<_> = queue.drain().map(|(submission, next)| (submission.message.as_i64(), next)).collect();
        assert_eq!(left, [(1, 1), (2, 0)]);
        assert_eq!(queue.poll_timeout(), None);
    }
}
