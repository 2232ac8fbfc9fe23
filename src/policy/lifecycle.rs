//! Decides which state a segment and its message are in after what happened to them.
//!
//! ```text
//! scheduled ──▶ queued ──▶ leased ──▶ sent ──▶ delivered, undelivered, expired, failed
//!     │           │ ▲         │                 (partially_delivered: some segments each way)
//!     │           │ └─ retry ─┤
//!     ▼           ▼           └─ no answer ──▶ uncertain ──▶ sent (late answer), delivered (late receipt)
//!  canceled, expired, blocked
//! ```

use crate::model::{ErrorClass, OnDoubt, State, SubmitOutcome};

/// What a submit outcome means for its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The carrier has it.
    Taken,
    /// It did not get there; try again, and count the try.
    Again {
        /// Only a few tries are worth it.
        few: bool,
    },
    /// It did not get there through no fault of its own; no try is counted.
    NotYet,
    /// It will never get there.
    Never,
    /// Nobody knows.
    Doubt,
}

/// Reads an outcome as a verdict on its segment.
pub fn verdict(outcome: &SubmitOutcome) -> Verdict {
    match outcome {
        SubmitOutcome::Accepted { .. } => Verdict::Taken,
        SubmitOutcome::NotSent { .. } => Verdict::NotYet,
        SubmitOutcome::Unanswered { .. } => Verdict::Doubt,
        SubmitOutcome::Refused { class, .. } => match class {
            ErrorClass::Retry => Verdict::Again { few: false },
            ErrorClass::RetryFew => Verdict::Again { few: true },
            ErrorClass::Backoff | ErrorClass::Bind | ErrorClass::BindFatal => Verdict::NotYet,
            ErrorClass::Permanent | ErrorClass::Bug => Verdict::Never,
        },
    }
}

/// The state that a verdict gives to a segment.
pub fn segment_state(verdict: Verdict) -> State {
    match verdict {
        Verdict::Taken => State::Sent,
        Verdict::Again { .. } | Verdict::NotYet => State::Queued,
        Verdict::Never => State::Failed,
        Verdict::Doubt => State::Uncertain,
    }
}

/// The state of a segment after a receipt reported `reported`, or `None` if the receipt changes nothing.
///
/// A final state stays, except that a late receipt may turn `uncertain`, `undelivered` or `expired` into `delivered`,
/// and may settle an `uncertain` one either way.
pub fn after_receipt(current: State, reported: State) -> Option<State> {
    match (current, reported) {
        (State::Sent | State::Leased | State::Queued, State::Sent) => None,
        (State::Sent | State::Leased | State::Queued | State::Uncertain, _) => Some(reported),
        (State::Undelivered | State::Expired, State::Delivered) => Some(State::Delivered),
        (
            State::Scheduled
            | State::Delivered
            | State::PartiallyDelivered
            | State::Undelivered
            | State::Failed
            | State::Expired
            | State::Canceled
            | State::Blocked,
            _,
        ) => None,
    }
}

/// The state of a message whose segments all have left the queue, from the states of its segments.
pub fn overall(segments: impl IntoIterator<Item = State>) -> State {
    let (mut count, mut delivered, mut waiting) = (0_usize, 0_usize, 0_usize);
    let mut worst = State::Delivered;
    for state in segments {
        count += 1;
        delivered += usize::from(state == State::Delivered);
        waiting += usize::from(!state.is_final());
        if badness(state) > badness(worst) {
            worst = state;
        }
    }
    match (count, delivered, waiting) {
        (_, _, 1..) => State::Sent,
        (_, 0, 0) => worst,
        (_, delivered, 0) if delivered == count => State::Delivered,
        (_, _, 0) => State::PartiallyDelivered,
    }
}

/// Whether what its segments are now may change a message from `from` to `to`.
///
/// A final state is left only for a better one: `delivered`, or `partially_delivered` on the way there; a doubt may be
/// settled either way.
pub fn may_become(from: State, to: State) -> bool {
    if from == to {
        return false;
    }
    match from {
        State::Scheduled | State::Queued | State::Leased | State::Sent | State::Uncertain => true,
        State::Undelivered | State::Expired | State::Failed => {
            matches!(to, State::Delivered | State::PartiallyDelivered)
        }
        State::PartiallyDelivered => to == State::Delivered,
        State::Delivered | State::Canceled | State::Blocked => false,
    }
}

/// How much a segment's state weighs when none of a message's segments was delivered.
fn badness(state: State) -> u8 {
    match state {
        State::Delivered | State::PartiallyDelivered => 0,
        State::Scheduled | State::Queued | State::Leased | State::Sent => 1,
        State::Canceled => 2,
        State::Blocked => 3,
        State::Expired => 4,
        State::Undelivered => 5,
        State::Failed => 6,
        State::Uncertain => 7,
    }
}

/// What to do with a message once every segment of a lease has its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// The message is in this state now.
    Stays(State),
    /// Some segments go again.
    Again {
        /// Whether the try counts.
        counts: bool,
        /// Whether only a few tries are worth it.
        few: bool,
        /// Whether it may already have been sent: then the resend waits for a late answer first.
        doubt: bool,
    },
}

/// Concludes a lease from the states of all segments after it and the verdicts on those that were sent in it.
pub fn conclude(states: &[State], verdicts: &[Verdict], on_doubt: OnDoubt) -> Conclusion {
    let any = |wanted: State| states.contains(&wanted);
    // One segment that will never arrive makes the rest not worth sending; those that left still get their receipts.
    if any(State::Failed) {
        let left = states.iter().map(|&state| if state == State::Queued { State::Failed } else { state });
        return Conclusion::Stays(overall(left));
    }
    let doubt = any(State::Uncertain);
    if doubt && on_doubt == OnDoubt::Hold {
        return Conclusion::Stays(State::Uncertain);
    }
    if doubt || any(State::Queued) {
        let counts = doubt || verdicts.iter().any(|verdict| matches!(verdict, Verdict::Again { .. }));
        let few = verdicts.contains(&Verdict::Again { few: true });
        return Conclusion::Again { counts, few, doubt };
    }
    Conclusion::Stays(overall(states.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_its_segments_are() {
        use State::*;
        for (segments, expected) in [
            (vec![Delivered, Delivered], Delivered),
            (vec![Delivered, Sent], Sent),
            (vec![Delivered, Undelivered], PartiallyDelivered),
            (vec![Undelivered, Expired], Undelivered),
            (vec![Expired], Expired),
            (vec![Failed, Undelivered], Failed),
            (vec![Delivered, Uncertain], PartiallyDelivered),
            (vec![Uncertain, Failed], Uncertain),
        ] {
            assert_eq!(overall(segments.clone()), expected, "{segments:?}");
        }
    }

    #[test]
    fn final_states_are_left_only_for_delivered_or_out_of_doubt() {
        for current in State::ALL {
            for reported in [State::Sent, State::Delivered, State::Undelivered, State::Expired, State::Failed] {
                let Some(next) = after_receipt(current, reported) else { continue };
                let late = matches!(current, State::Undelivered | State::Expired) && next == State::Delivered;
                assert!(!current.is_final() || current == State::Uncertain || late, "{current} became {next}");
            }
        }
    }

    #[test]
    fn a_doubled_receipt_changes_nothing() {
        for state in [State::Delivered, State::Undelivered, State::Expired, State::Failed] {
            assert_eq!(after_receipt(state, state), None);
        }
        assert_eq!(after_receipt(State::Delivered, State::Undelivered), None);
        assert_eq!(after_receipt(State::Sent, State::Sent), None);
    }

    #[test]
    fn a_doubt_is_held_or_sent_again_as_the_message_says() {
        let (states, verdicts) = ([State::Sent, State::Uncertain], [Verdict::Taken, Verdict::Doubt]);
        assert_eq!(conclude(&states, &verdicts, OnDoubt::Hold), Conclusion::Stays(State::Uncertain));
        assert_eq!(
            conclude(&states, &verdicts, OnDoubt::Resend),
            Conclusion::Again { counts: true, few: false, doubt: true }
        );
    }

    #[test]
    fn a_throttled_or_unsent_segment_costs_no_try() {
        for verdict in [Verdict::NotYet, Verdict::Again { few: true }] {
            let counts = verdict != Verdict::NotYet;
            assert_eq!(
                conclude(&[State::Queued], &[verdict], OnDoubt::Hold),
                Conclusion::Again { counts, few: counts, doubt: false }
            );
        }
    }

    #[test]
    fn a_refused_segment_stops_the_rest_but_not_the_receipts_of_those_that_left() {
        let verdicts = [Verdict::Taken, Verdict::Never, Verdict::NotYet];
        assert_eq!(
            conclude(&[State::Sent, State::Failed, State::Queued], &verdicts, OnDoubt::Resend),
            Conclusion::Stays(State::Sent)
        );
        assert_eq!(
            conclude(&[State::Queued, State::Failed], &verdicts[1..], OnDoubt::Resend),
            Conclusion::Stays(State::Failed)
        );
    }
}
