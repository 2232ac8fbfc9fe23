//! Reads what is to go wrong at a simulated carrier: `answer_lost=5,refuse=0x58:20,split`.

use std::time::Duration;

use super::final_state;
use crate::cli::time;
use crate::sim::{Faults, FinalState};

/// What `--faults` takes.
pub const HELP: &str = "\
What goes wrong, parted by commas. Chances are per thousand.

  mute                   connections are taken and nothing is answered
  bound_but_silent       binds are answered, submits never
  refuse_bind=CODE       every bind is refused with this command_status
  answer_lost=N          a submit is taken and not answered
  answer_doubled=N       the answer comes twice
  answer_late=N:SPAN     the answer comes so much later
  answer_wrong=N         the answer has a sequence number that nobody used
  refuse=CODE:N          a submit is refused with this command_status; may be given more than once
  rate_max=N             more submits a second are answered with ESME_RTHROTTLED
  receipt_early=N        the receipt comes before the answer to its submit
  receipt_doubled=N      the receipt comes twice
  receipt_lost=N         the receipt never comes
  receipt_late=N:SPAN    the receipt comes so much later
  drop_after=N           the connection breaks after so many PDUs
  drop_before_answer=N   the submit is taken, and the connection breaks before the answer leaves
  garbage=N              random octets before an answer
  malformed=N            a PDU that cannot be read before an answer
  split                  answers leave in pieces of one to seven octets";

/// What `--faults` gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultList(pub Faults);

/// What `--states` gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States(pub Vec<(FinalState, u16)>);

/// Reads a list of faults.
///
/// # Errors
/// Names the entry that cannot be read.
pub fn list(text: &str) -> Result<FaultList, String> {
    let mut faults = Faults::default();
    for entry in entries(text) {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        set(&mut faults, name, value).ok_or_else(|| format!("\"{entry}\" cannot be read; --help lists the faults"))?;
    }
    Ok(FaultList(faults))
}

/// Reads a list of final states with their chances.
///
/// # Errors
/// Names the entry that cannot be read.
pub fn states(text: &str) -> Result<States, String> {
    let state = |entry: &str| {
        let (word, value) = entry.split_once('=')?;
        Some((final_state(word)?, chance(value)?))
    };
    let read = entries(text).map(|entry| {
        state(entry).ok_or_else(|| format!("\"{entry}\" is not STATE=CHANCE, like UNDELIV=20 (per thousand)"))
    });
    read.collect::<Result<_, _>>().map(States)
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).filter(|entry| !entry.is_empty())
}

fn set(faults: &mut Faults, name: &str, value: &str) -> Option<()> {
    match name {
        "mute" => faults.mute = flag(value)?,
        "bound_but_silent" => faults.bound_but_silent = flag(value)?,
        "refuse_bind" => faults.refuse_bind = Some(code(value)?),
        "answer_lost" => faults.answer_lost = chance(value)?,
        "answer_doubled" => faults.answer_doubled = chance(value)?,
        "answer_late" => (faults.answer_late, faults.late_by) = chance_and_span(value)?,
        "answer_wrong" => faults.answer_wrong_sequence = chance(value)?,
        "refuse" => {
            let (status, value) = value.split_once(':')?;
            faults.refuse.push((code(status)?, chance(value)?));
        }
        "rate_max" => faults.rate_max = Some(value.parse().ok()?),
        "receipt_early" => faults.receipt_early = chance(value)?,
        "receipt_doubled" => faults.receipt_doubled = chance(value)?,
        "receipt_lost" => faults.receipt_lost = chance(value)?,
        "receipt_late" => (faults.receipt_late, faults.receipt_late_by) = chance_and_span(value)?,
        "drop_after" => faults.drop_after_pdus = Some(value.parse().ok()?),
        "drop_before_answer" => faults.drop_before_answer = chance(value)?,
        "garbage" => faults.garbage = chance(value)?,
        "malformed" => faults.malformed = chance(value)?,
        "split" => faults.split = flag(value)?,
        _ => return None,
    }
    Some(())
}

/// A fault that is there or not has no value.
fn flag(value: &str) -> Option<bool> {
    value.is_empty().then_some(true)
}

fn chance(value: &str) -> Option<u16> {
    value.parse().ok().filter(|chance| *chance <= 1_000)
}

fn chance_and_span(value: &str) -> Option<(u16, Duration)> {
    let (per_mille, span) = value.split_once(':')?;
    Some((chance(per_mille)?, time::span(span).ok()?))
}

fn code(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_faults_is_read() {
        let FaultList(faults) = list("answer_lost=5,refuse=0x58:20,refuse=20:1,answer_late=10:2s, split").unwrap();
        assert_eq!((faults.answer_lost, faults.refuse.as_slice()), (5, &[(0x58, 20), (20, 1)][..]));
        assert_eq!((faults.answer_late, faults.late_by, faults.split), (10, Duration::from_secs(2), true));
        assert_eq!(list(""), Ok(FaultList(Faults::default())));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for entry in ["answer_lots=5", "answer_lost=1001", "refuse=0x58", "split=1", "answer_late=5"] {
            assert!(list(&format!("mute,{entry}")).unwrap_err().contains(entry), "{entry}");
        }
        assert!(states("LOST=5").unwrap_err().contains("LOST=5"));
        assert_eq!(states("undeliv=20"), Ok(States(vec![(FinalState::Undeliverable, 20)])));
    }

    #[test]
    fn the_help_names_what_is_read() {
        let names = HELP.lines().filter_map(|line| line.strip_prefix("  ")?.split([' ', '=']).next());
        for name in names {
            let read = ["", "5", "5:1s", "5:5"].iter().any(|value| set(&mut Faults::default(), name, value).is_some());
            assert!(read, "{name}");
        }
    }
}
