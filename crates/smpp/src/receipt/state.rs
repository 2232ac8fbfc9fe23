//! What a carrier's word or number for a message's state means.

use postrider_model::State;

/// `message_state` 6, and the word `ACCEPTD`: final by the specification, intermediate at most carriers.
pub const ACCEPTED: u8 = 6;

/// The state of a `message_state` (3.4, 5.2.28; 5.0, 4.7.15).
pub fn of_number(number: u8) -> State {
    match number {
        // Scheduled, en route, accepted.
        0 | 1 | ACCEPTED => State::Sent,
        2 => State::Delivered,
        3 => State::Expired,
        5 => State::Undelivered,
        // Deleted (we never ask for that), rejected, skipped.
        4 | 8 | 9 => State::Failed,
        // Unknown, and what nobody assigned.
        _ => State::Uncertain,
    }
}

/// Words by their beginning: carriers write `DELIVRD`, `DELIVERED` or `DELIVER` for the same state.
const WORDS: [(&str, State); 17] = [
    ("DELIV", State::Delivered),
    ("UNDEL", State::Undelivered),
    ("FAIL", State::Undelivered),
    ("EXPIR", State::Expired),
    ("REJEC", State::Failed),
    ("BLOCK", State::Failed),
    ("DELET", State::Failed),
    ("SKIPP", State::Failed),
    ("SCHED", State::Sent),
    ("ENROU", State::Sent),
    ("EN_RO", State::Sent),
    ("BUFF", State::Sent),
    ("ACKED", State::Sent),
    ("PENDI", State::Sent),
    ("ACCEP", State::Sent),
    ("ACCPT", State::Sent),
    ("UNKNO", State::Uncertain),
];

/// The state of a receipt's `stat` word; a number is read as `message_state`.
pub fn of_word(word: &str) -> State {
    if let Ok(number) = word.parse::<u8>() {
        return of_number(number);
    }
    WORDS.iter().find(|(start, _)| starts_with(word, start)).map_or(State::Uncertain, |(_, state)| *state)
}

/// Whether the word is `ACCEPTD` in one of its spellings.
pub fn is_accepted(word: &str) -> bool {
    starts_with(word, "ACCEP") || starts_with(word, "ACCPT") || word == "6"
}

fn starts_with(word: &str, start: &str) -> bool {
    word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_has_its_state() {
        let words = [
            ("SCHEDLD ENROUTE BUFFRED BUFFERD ACKED PENDING ACCEPTD accepted", State::Sent),
            ("DELIVRD DELIVERED DELIVER delivrd", State::Delivered),
            ("EXPIRED Expired", State::Expired),
            ("UNDELIV UNDELIVERABLE FAILED FAIL", State::Undelivered),
            ("DELETED REJECTD REJECTED BLOCKED SKIPPED", State::Failed),
            ("UNKNOWN WHATEVER é", State::Uncertain),
        ];
        for (words, state) in words {
            for word in words.split(' ') {
                assert_eq!(of_word(word), state, "{word}");
            }
        }
    }

    #[test]
    fn numbers_are_the_specifications() {
        let states = (0..=10).map(of_number).collect::<Vec<_>>();
        use State::*;
        assert_eq!(
            states,
            [Sent, Sent, Delivered, Expired, Failed, Undelivered, Sent, Uncertain, Failed, Failed, Uncertain]
        );
        assert_eq!(of_word("2"), Delivered);
    }
}
