//! Decides which state a segment and its message are in after what happened to them.
//!
//! ```text
//! scheduled ──▶ queued ──▶ leased ──▶ sent ──▶ delivered, undelivered, expired, failed
//!     │           │ ▲         │                 (partially_delivered: some segments each way)
//!     │           │ └─ retry ─┤
//!     ▼           ▼           └─ no answer ──▶ uncertain ──▶ sent (late answer), delivered (late receipt)
//!  canceled, expired, blocked
//! ```

use postrider_model::{ErrorClass, State, SubmitOutcome};

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

/// The state of a message of which nothing goes any more, from the states of its segments.
///
/// It is `sent` while a receipt may come, and `uncertain` while nobody knows of one segment, whatever became of the others.
pub fn overall(segments: impl IntoIterator<Item = State>) -> State {
    let (mut count, mut delivered, mut waiting, mut unknown) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut worst = State::Delivered;
    for state in segments {
        count += 1;
        delivered += usize::from(state == State::Delivered);
        waiting += usize::from(!state.is_final());
        unknown += usize::from(state == State::Uncertain);
        if badness(state) > badness(worst) {
            worst = state;
        }
    }
    match (waiting, unknown, delivered) {
        (1.., _, _) => State::Sent,
        (0, 1.., _) => State::Uncertain,
        (0, 0, 0) => worst,
        (0, 0, delivered) if delivered == count => State::Delivered,
        (0, 0, _) => State::PartiallyDelivered,
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
            (vec![Delivered, Uncertain], Uncertain),
            (vec![Delivered, Uncertain, Sent], Sent),
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
}
