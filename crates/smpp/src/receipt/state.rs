//! What a carrier's word or number for a message's state means.

use super::text::ReceiptText;
use crate::profile::ReceiptForm;
use postrider_model::State;

/// `message_state` 6, and the word `ACCEPTD`: final by the specification, intermediate at most carriers.
const ACCEPTED: u8 = 6;

/// The state of a `message_state` (3.4, 5.2.28; 5.0, 4.7.15).
fn of_number(number: u8) -> State {
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

/// Words by their beginning: carriers write `DELIVRD`, `DELIVERED` or `DELIVER` for the same state. A longer beginning stands
/// before a shorter one.
const WORDS: &[(&str, State)] = &[
    // Not delivered, this time or at all: the handset, its network or its owner's account.
    ("UNDEL", State::Undelivered),
    ("NOTDELIV", State::Undelivered),
    ("NOT DELIV", State::Undelivered),
    ("NOT_DELIV", State::Undelivered),
    ("NONDELIV", State::Undelivered),
    ("NON_DELIV", State::Undelivered),
    ("NDLVR", State::Undelivered),
    ("DELIVERY_FAIL", State::Undelivered),
    ("DELIVERYFAIL", State::Undelivered),
    ("DELIVERY_IMPOSS", State::Undelivered),
    ("DELIVERYIMPOSS", State::Undelivered),
    ("FAIL", State::Undelivered),
    ("ABSENT", State::Undelivered),
    ("UNREACH", State::Undelivered),
    ("NOROUTE", State::Undelivered),
    ("NO_ROUTE", State::Undelivered),
    ("NOANSW", State::Undelivered),
    ("MEMFULL", State::Undelivered),
    ("MEM_FULL", State::Undelivered),
    // Arrived.
    ("DELIVERY_UNKN", State::Uncertain),
    ("DELIVERY_UNC", State::Uncertain),
    ("DELIVERY_PEND", State::Sent),
    ("DELIV", State::Delivered),
    ("DLVRD", State::Delivered),
    ("DLVD", State::Delivered),
    ("DLVR", State::Delivered),
    ("SUCCE", State::Delivered),
    ("SEEN", State::Delivered),
    ("READ", State::Delivered),
    ("EXPIR", State::Expired),
    ("TIMEOUT", State::Expired),
    ("TIMEDOUT", State::Expired),
    ("TIME_OUT", State::Expired),
    // Never sent on: the carrier refused it, or could not.
    ("REJ", State::Failed),
    ("BLOCK", State::Failed),
    ("BLACK", State::Failed),
    ("BARRED", State::Failed),
    ("DND", State::Failed),
    ("SPAM", State::Failed),
    ("FILTER", State::Failed),
    ("DENIED", State::Failed),
    ("FORBID", State::Failed),
    ("INVAL", State::Failed),
    ("NOCRED", State::Failed),
    ("NO_CRED", State::Failed),
    ("NOBAL", State::Failed),
    ("INSUFF", State::Failed),
    ("QUOTA", State::Failed),
    ("SYSERR", State::Failed),
    ("SYS_ERR", State::Failed),
    ("SYSTEM_ERR", State::Failed),
    ("ERROR", State::Failed),
    ("PROHIB", State::Failed),
    ("DELET", State::Failed),
    ("CANCEL", State::Failed),
    ("DROP", State::Failed),
    ("DISCARD", State::Failed),
    ("SKIP", State::Failed),
    // Under way.
    ("SCHED", State::Sent),
    ("ENROU", State::Sent),
    ("EN_RO", State::Sent),
    ("EN ROU", State::Sent),
    ("BUFF", State::Sent),
    ("ACK", State::Sent),
    ("PEND", State::Sent),
    ("QUEUE", State::Sent),
    ("SUBMIT", State::Sent),
    ("SENT", State::Sent),
    ("TRANS", State::Sent),
    ("FORWARD", State::Sent),
    ("ONTHEWAY", State::Sent),
    ("RETRY", State::Sent),
    ("ACCEP", State::Sent),
    ("ACCPT", State::Sent),
    ("UNKN", State::Uncertain),
];

/// The state and the word of a receipt, from the number in its TLV and from its text. `last` says that the carrier calls it
/// a receipt, not a notice on the way.
pub fn of(form: &ReceiptForm, number: Option<u8>, text: &ReceiptText<'_>, last: bool) -> (State, String) {
    let accepted = |state: State, is: bool| if is && form.accepted_is_delivered { State::Delivered } else { state };
    let from_word = text.state.map(|word| (word, known(form, word)));
    // Some write the digit instead of the number.
    let number = number.map(|number| if number.is_ascii_digit() { number - b'0' } else { number });
    let from_number = number.filter(|&number| (1..=9).contains(&number));
    match (from_number, from_word) {
        // A word that ends the message says more than a number that does not.
        (Some(number), Some((word, Some(state)))) if of_number(number) == State::Sent && state != State::Sent => {
            (state, word.to_owned())
        }
        (Some(number), word) => {
            let raw = word.map_or_else(|| number.to_string(), |(word, _)| word.to_owned());
            (accepted(of_number(number), number == ACCEPTED), raw)
        }
        (None, Some((word, Some(state)))) => (accepted(state, is_accepted(word)), word.to_owned()),
        (None, Some((word, None))) if !last => (State::Sent, word.to_owned()),
        // What it means is not known; that it is the carrier's last word is.
        (None, Some((word, None))) if says_that_it_did_not_arrive(text) => (State::Failed, word.to_owned()),
        (None, Some((word, None))) => (State::Uncertain, word.to_owned()),
        (None, None) if !last => (State::Sent, String::new()),
        (None, None) => {
            number.map_or((State::Uncertain, String::new()), |number| (of_number(number), number.to_string()))
        }
    }
}

/// Unless a receipt counts a part as arrived and names no error, a word that nobody knows stands for a failure.
fn says_that_it_did_not_arrive(text: &ReceiptText<'_>) -> bool {
    let has_error = text.error.is_some_and(|error| !super::is_zero(error));
    let arrived = text.delivered.is_some_and(|count| !super::is_zero(count));
    has_error || !arrived
}

/// What a word means to this carrier, or to all.
fn known(form: &ReceiptForm, word: &str) -> Option<State> {
    form.states.get(&word.to_uppercase()).copied().or_else(|| of_word(word))
}

/// The state of a receipt's `stat` word, if it is a known one; a number is read as `message_state`.
fn of_word(word: &str) -> Option<State> {
    if let Ok(number) = word.parse::<u8>() {
        return (number <= 9).then(|| of_number(number));
    }
    WORDS.iter().find(|(start, _)| starts_with(word, start)).map(|(_, state)| *state)
}

/// Whether the word is `ACCEPTD` in one of its spellings.
fn is_accepted(word: &str) -> bool {
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
            ("SCHEDLD ENROUTE BUFFRED BUFFERD ACKED PENDING ACCEPTD accepted QUEUED SUBMITTED", State::Sent),
            ("DELIVRD DELIVERED DELIVER delivrd DLVRD SUCCESS", State::Delivered),
            ("EXPIRED Expired TIMEOUT", State::Expired),
            ("UNDELIV UNDELIVERABLE FAILED FAIL NOT_DELIVERED ABSENT UNREACHABLE DELIVERY_FAILED", State::Undelivered),
            (
                "DELETED REJECTD REJECTED BLOCKED SKIPPED NOCRED NOCREDIT SYSERR ERROR BLACKLISTED DND INVALID",
                State::Failed,
            ),
            ("UNKNOWN", State::Uncertain),
        ];
        for (words, state) in words {
            for word in words.split(' ') {
                assert_eq!(of_word(word), Some(state), "{word}");
            }
        }
        assert_eq!([of_word("WHATEVER"), of_word("é"), of_word("77")], [None; 3]);
    }

    fn text(text: &str) -> (State, String) {
        of(&ReceiptForm::default(), None, &ReceiptText::parse(text), true)
    }

    #[test]
    fn a_last_word_that_nobody_knows_is_a_failure_with_the_word() {
        assert_eq!(text("id:7 stat:MYSTERY err:000"), (State::Failed, "MYSTERY".into()));
        assert_eq!(text("id:7 dlvrd:000 stat:MYSTERY"), (State::Failed, "MYSTERY".into()));
        assert_eq!(text("id:7 dlvrd:001 stat:MYSTERY err:034"), (State::Failed, "MYSTERY".into()));
        assert_eq!(text("id:7 dlvrd:001 stat:MYSTERY err:000"), (State::Uncertain, "MYSTERY".into()));
        let notice = of(&ReceiptForm::default(), None, &ReceiptText::parse("id:7 stat:MYSTERY"), false);
        assert_eq!(notice, (State::Sent, "MYSTERY".into()));
    }

    #[test]
    fn a_number_that_says_nothing_does_not_overrule_a_known_word() {
        let with = |number, text: &str| of(&ReceiptForm::default(), Some(number), &ReceiptText::parse(text), true).0;
        let delivered = "id:7 stat:DELIVRD";
        assert_eq!([0, b'2', 99, 1].map(|number| with(number, delivered)), [State::Delivered; 4]);
        assert_eq!(with(b'5', "id:7 stat:UNDELIV"), State::Undelivered);
        assert_eq!(with(b'2', "id:7"), State::Delivered, "a digit, and no word");
        assert_eq!(with(5, delivered), State::Undelivered, "the TLV comes first");
        assert_eq!(with(0, "id:7"), State::Sent);
    }

    #[test]
    fn a_carriers_own_words_come_first() {
        let states = [("GONE".to_owned(), State::Expired), ("DELIVRD".to_owned(), State::Sent)].into();
        let form = ReceiptForm { states, ..ReceiptForm::default() };
        let read = |text: &str| of(&form, None, &ReceiptText::parse(text), true).0;
        assert_eq!([read("id:7 stat:gone"), read("id:7 stat:DELIVRD")], [State::Expired, State::Sent]);
    }

    #[test]
    fn numbers_are_the_specifications() {
        let states = (0..=10).map(of_number).collect::<Vec<_>>();
        use State::*;
        assert_eq!(
            states,
            [Sent, Sent, Delivered, Expired, Failed, Undelivered, Sent, Uncertain, Failed, Failed, Uncertain]
        );
        assert_eq!(of_word("2"), Some(Delivered));
    }
}
