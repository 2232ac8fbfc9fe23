//! Decides where each part of a message stands from all its sends, and what the message does next from all its parts.
//!
//! ```text
//!            lease                  answer                receipt, end of the wait
//! queued ───────────▶ (no row yet) ───────▶ sent ─────────────────────────────────▶ delivered, undelivered, ...
//!   ▲  ▲                  │   └── refused for ever ──▶ failed
//!   │  └─ refused, unsent ┘
//!   │                     └─ answer lost ──▶ uncertain: in doubt
//!   └───── a doubt that may go again ─────────┘
//! ```
//!
//! A part has a send for each lease that it was in. The message ends when no part may go any more, and its end follows from
//! all of them: a receipt of one part never ends a message whose other parts are due or may go again.

use super::lifecycle::overall;
use postrider_model::{OnDoubt, State};

/// One send of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The lease that it belongs to.
    pub attempt: u32,
    /// Where it stands.
    pub state: State,
    /// Whether the network answered that it has it, or a receipt said so.
    pub taken: bool,
}

impl Sent {
    /// Whether nobody knows if the network has it.
    pub fn is_doubt(self) -> bool {
        self.state == State::Uncertain && !self.taken
    }
}

/// How often a part in doubt may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoubtRule {
    /// How many of its sends may be in doubt before it is held.
    pub sends_max: u32,
    /// Doubts of leases up to this one do not count: somebody decided that they go again.
    pub released: u32,
}

impl DoubtRule {
    /// The rule of a message: `hold` is one send, `resend` at most `sends_max`.
    pub fn new(on_doubt: OnDoubt, sends_max: u32, released: u32) -> Self {
        let sends_max = match on_doubt {
            OnDoubt::Hold => 1,
            OnDoubt::Resend => sends_max.max(1),
        };
        Self { sends_max, released }
    }
}

/// Where one part of a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The best of its sends: `queued` while the network has none, `uncertain` while one is in doubt.
    pub state: State,
    /// Whether it may go, for the first time or again.
    pub goes: bool,
    /// Whether the network has it, or may have it.
    pub reached: bool,
    /// Whether nobody knows if the network has it.
    pub in_doubt: bool,
}

/// A part from its sends, in the order of their leases.
pub fn part(sends: impl IntoIterator<Item = Sent>, rule: DoubtRule) -> Part {
    let (mut delivered, mut on_its_way, mut reached) = (false, false, false);
    let (mut doubts, mut held) = (0_u32, 0_u32);
    // The last word of the network that ended a send, and the last of all.
    let (mut ended, mut last) = (None, State::Queued);
    for send in sends {
        delivered |= send.state == State::Delivered;
        on_its_way |= send.state == State::Sent;
        reached |= send.taken || send.is_doubt();
        if send.is_doubt() {
            doubts += 1;
            held += u32::from(send.attempt > rule.released);
        } else if send.state.is_final() {
            ended = Some(send.state);
        }
        last = send.state;
    }
    let of = |state, goes| Part { state, goes, reached, in_doubt: false };
    match ended {
        _ if delivered => of(State::Delivered, false),
        _ if on_its_way => of(State::Sent, false),
        // Whoever was refused for ever after a doubt is refused again.
        _ if doubts > 0 => {
            let goes = held < rule.sends_max && ended.is_none();
            Part { in_doubt: true, ..of(State::Uncertain, goes) }
        }
        Some(state) => of(state, false),
        None => of(last, true),
    }
}

/// What a message does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Some of its parts go.
    Goes {
        /// Whether one of those may have been sent already: then a late answer is waited for first.
        doubt: bool,
    },
    /// Nothing of it goes any more: it is in this state.
    Stays(State),
    /// Nothing of it left, and one part never will: the others are not worth sending.
    Fails,
}

/// What a message with these parts does next.
pub fn next(parts: &[Part]) -> Next {
    let never = parts.iter().any(|part| part.state == State::Failed);
    if never && parts.iter().all(|part| !part.reached) {
        return Next::Fails;
    }
    if parts.iter().any(|part| part.goes) {
        return Next::Goes { doubt: parts.iter().any(|part| part.goes && part.state == State::Uncertain) };
    }
    Next::Stays(end(parts))
}

/// The state of a message of which nothing goes any more. A part in doubt is shown at once, though receipts of others may
/// still come: a person can decide about it.
pub fn end(parts: &[Part]) -> State {
    if parts.iter().any(|part| part.in_doubt) {
        return State::Uncertain;
    }
    overall(parts.iter().map(|part| part.state))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: DoubtRule = DoubtRule { sends_max: 1, released: 0 };
    const RESEND: DoubtRule = DoubtRule { sends_max: 2, released: 0 };

    fn sent(attempt: u32, state: State) -> Sent {
        Sent {
            attempt,
            state,
            taken: matches!(state, State::Sent | State::Delivered | State::Undelivered | State::Expired),
        }
    }

    fn part_of(states: &[State], rule: DoubtRule) -> (State, bool) {
        let part = part((1..).zip(states).map(|(attempt, &state)| sent(attempt, state)), rule);
        (part.state, part.goes)
    }

    #[test]
    fn a_part_is_the_best_of_its_sends() {
        use State::*;
        for (sends, state, goes) in [
            (vec![], Queued, true),
            (vec![Queued, Queued], Queued, true),
            (vec![Queued, Sent], Sent, false),
            (vec![Uncertain, Sent], Sent, false),
            (vec![Uncertain, Delivered], Delivered, false),
            (vec![Sent, Undelivered], Sent, false),
            (vec![Undelivered, Sent], Sent, false),
            (vec![Uncertain, Undelivered], Uncertain, false),
            (vec![Uncertain, Failed], Uncertain, false),
            (vec![Uncertain, Queued], Uncertain, true),
            (vec![Uncertain, Uncertain], Uncertain, false),
            (vec![Undelivered, Queued], Undelivered, false),
            (vec![Queued, Failed], Failed, false),
        ] {
            assert_eq!(part_of(&sends, RESEND), (state, goes), "{sends:?}");
        }
    }

    #[test]
    fn a_doubt_is_held_after_one_send_or_two_and_goes_again_by_decision() {
        use State::*;
        assert_eq!(part_of(&[Uncertain], HOLD), (Uncertain, false));
        assert_eq!(part_of(&[Uncertain], RESEND), (Uncertain, true));
        assert_eq!(part_of(&[Uncertain], DoubtRule { released: 1, ..HOLD }), (Uncertain, true));
        assert_eq!(part_of(&[Uncertain, Uncertain], DoubtRule { released: 1, ..HOLD }), (Uncertain, false));
    }

    #[test]
    fn a_state_that_the_network_does_not_know_is_no_doubt_about_the_send() {
        let unknown = Sent { attempt: 1, state: State::Uncertain, taken: true };
        let part = part([unknown], RESEND);
        assert_eq!((part.state, part.goes, part.reached), (State::Uncertain, false, true));
    }

    fn next_of(parts: &[(State, bool, bool)]) -> Next {
        let parts: Vec<Part> =
            parts.iter().map(|&(state, goes, reached)| Part { state, goes, reached, in_doubt: false }).collect();
        next(&parts)
    }

    #[test]
    fn a_part_that_may_go_goes_whatever_became_of_the_others() {
        use State::*;
        let due = (Queued, true, false);
        for other in [(Failed, false, false), (Delivered, false, true), (Uncertain, false, true), (Sent, false, true)] {
            assert_eq!(next_of(&[due, other, (Delivered, false, true)]), Next::Goes { doubt: false }, "{other:?}");
        }
        assert_eq!(next_of(&[(Uncertain, true, true), (Delivered, false, true)]), Next::Goes { doubt: true });
    }

    #[test]
    fn nothing_goes_when_nothing_left_and_one_part_never_will() {
        use State::*;
        assert_eq!(next_of(&[(Queued, true, false), (Failed, false, false)]), Next::Fails);
    }

    #[test]
    fn the_end_follows_from_all_parts() {
        use State::*;
        let (yes, no) = ((Delivered, false, true), (Failed, false, false));
        assert_eq!(next_of(&[yes, yes]), Next::Stays(Delivered));
        assert_eq!(next_of(&[yes, no]), Next::Stays(PartiallyDelivered));
        assert_eq!(next_of(&[yes, (Uncertain, false, true)]), Next::Stays(Uncertain));
        assert_eq!(next_of(&[no, (Sent, false, true)]), Next::Stays(Sent));
    }
}
