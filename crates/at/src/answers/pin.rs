//! `+CPIN` and the makers' counters: what the SIM waits for, and how many tries are left.

use crate::fields;
use crate::profile::PinCounter;

/// What `+CPIN` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SimState {
    /// The SIM may be used.
    Ready,
    /// It wants its PIN.
    Pin,
    /// It wants its PUK.
    Puk,
    /// It is not ready, or not there (yet).
    NotReady,
    /// Something that a SIM's PIN and PUK do not help against: a lock of the modem to a network or a SIM.
    Other(String),
}

/// Reads what stands behind `+CPIN:`. PIN2 and PUK2 guard nothing that we need.
pub(crate) fn state(text: &str) -> SimState {
    match text.trim().trim_matches('"').to_ascii_uppercase().as_str() {
        "READY" | "SIM PIN2" | "SIM PUK2" => SimState::Ready,
        "SIM PIN" => SimState::Pin,
        "SIM PUK" => SimState::Puk,
        "NOT READY" | "NOT INSERTED" => SimState::NotReady,
        other => SimState::Other(other.chars().take(40).collect()),
    }
}

/// The tries that are left, from the lines of the counter's answer.
pub(crate) fn tries_left<'a>(counter: &PinCounter, lines: impl IntoIterator<Item = &'a str>) -> Option<u8> {
    let rest = lines.into_iter().find_map(|line| fields::behind(line, &counter.prefix))?;
    // The states that some makers write before the numbers are no numbers.
    let numbers = fields::split(rest).into_iter().filter_map(|field| field.parse::<u8>().ok());
    numbers.into_iter().nth(counter.field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_that_a_sim_may_be_in() {
        assert_eq!(state(" READY"), SimState::Ready);
        assert_eq!(state("SIM PIN"), SimState::Pin);
        assert_eq!(state("SIM PUK"), SimState::Puk);
        assert_eq!(state("SIM PIN2"), SimState::Ready);
        assert_eq!(state("NOT READY"), SimState::NotReady);
        for text in ["PH-SIM PIN", "PH-FSIM PUK", "PH-NET PIN", "PH-NETSUB PUK", "PH-SP PIN", "PH-CORP PIN"] {
            assert_eq!(state(text), SimState::Other(text.to_owned()));
        }
    }

    #[test]
    fn the_counters_of_every_maker() {
        let left = |command: &str, prefix: &str, field: usize, lines: &[&str]| {
            let counter = PinCounter { command: command.to_owned(), prefix: prefix.to_owned(), field };
            tries_left(&counter, lines.iter().copied())
        };
        assert_eq!(left("AT+CPINR", "+CPINR: SIM PIN,", 0, &["+CPINR: SIM PIN,3,3", "+CPINR: SIM PUK,10,10"]), Some(3));
        // The word before them is no number: the tries of what is asked for, then those of PUK, PIN, PUK2, PIN2.
        assert_eq!(left("AT^CPIN?", "^CPIN:", 2, &["^CPIN: SIM PIN,3,10,3,10,3"]), Some(3));
        assert_eq!(left("AT+ZPINPUK=?", "+ZPINPUK:", 0, &["+ZPINPUK: 3,10"]), Some(3));
        let quectel = ["+QPINC: \"SC\",1,10", "+QPINC: \"P2\",3,10"];
        assert_eq!(left("AT+QPINC?", "+QPINC: \"SC\",", 0, &quectel), Some(1));
        assert_eq!(left("AT+SPIC", "+SPIC:", 0, &["+SPIC: 3,10,3,10"]), Some(3));
        assert_eq!(left("AT#PCT", "#PCT:", 0, &["#PCT: 3"]), Some(3));
        assert_eq!(left("AT^SPIC", "^SPIC:", 0, &["^SPIC: 3"]), Some(3));
        assert_eq!(left("AT+UPINCNT", "+UPINCNT:", 0, &["+UPINCNT: 3,3,10,10"]), Some(3));
        assert_eq!(left("AT#PCT", "#PCT:", 0, &["ERROR"]), None);
    }
}
