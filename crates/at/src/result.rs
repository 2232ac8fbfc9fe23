//! Decides which lines end a command, and what they say.

use std::fmt;

use super::codes::{self, Family};
use super::fields;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FinalResult {
    /// `OK`, or a maker's word for it.
    Ok,
    /// Anything else.
    Failed(Failure),
}

/// A final result other than `OK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// `ERROR`, `COMMAND NOT SUPPORT`, ...: no code.
    Plain(String),
    /// `+CMS ERROR` or `+CME ERROR` with a number, or with a text that the table knows.
    Code(Family, u32),
    /// `+CMS ERROR` or `+CME ERROR` with a text that means nothing to us.
    Text(Family, String),
}

impl Failure {
    /// Whether the code is one of `codes` of `family`.
    pub(super) fn is_one_of(&self, family: Family, codes: &[u32]) -> bool {
        matches!(self, Self::Code(own, code) if *own == family && codes.contains(code))
    }
}

/// A sentence's part: `+CMS ERROR 38 (network out of order)`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Code(family, code) => match codes::meaning(*family, *code, "") {
                Some(meaning) => write!(f, "+{family} ERROR {code} ({meaning})"),
                None => write!(f, "+{family} ERROR {code}"),
            },
            Self::Text(family, text) => write!(f, "+{family} ERROR \"{text}\""),
        }
    }
}

/// Ends a command without a code.
const PLAIN: [&str; 4] = ["ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS", "+CME ERROR"];
/// Ends a command that dials; anywhere else it is news of a call.
const CALL: [&str; 4] = ["NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE"];

/// Reads a final result. Words about calls are none, see [`of_call`].
pub(super) fn parse(line: &str) -> Option<FinalResult> {
    if line == "OK" || line == "EOK" {
        return Some(FinalResult::Ok);
    }
    for (prefix, family) in [("+CMS ERROR:", Family::Cms), ("+CME ERROR:", Family::Cme)] {
        if let Some(text) = fields::behind(line, prefix) {
            return Some(FinalResult::Failed(coded(family, text)));
        }
    }
    // Some Huawei sticks write the plural, and some write a blank or a full stop behind it.
    let bare = line.trim_end_matches('.');
    PLAIN
        .iter()
        .any(|word| bare.eq_ignore_ascii_case(word))
        .then(|| FinalResult::Failed(Failure::Plain(bare.to_owned())))
}

/// Reads the final result of a command that dials or hangs up.
pub(super) fn of_call(line: &str) -> Option<FinalResult> {
    let said = CALL.contains(&line) || line.starts_with("CONNECT");
    said.then(|| FinalResult::Failed(Failure::Plain(line.to_owned())))
}

/// Whether `line` ends any command, also one that dials.
pub fn ends_command(line: &str) -> bool {
    is_final(line) || of_call(line).is_some()
}

/// Whether `line` ends a command that does not dial.
pub(super) fn is_final(line: &str) -> bool {
    parse(line).is_some()
}

fn coded(family: Family, text: &str) -> Failure {
    let text = text.trim_matches('"').trim();
    if let Ok(code) = text.parse() {
        return Failure::Code(family, code);
    }
    match codes::code_of_text(family, text) {
        Some(code) => Failure::Code(family, code),
        None => Failure::Text(family, text.chars().take(80).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_results_come_with_and_without_text() {
        assert_eq!(parse("OK"), Some(FinalResult::Ok));
        assert_eq!(parse("EOK"), Some(FinalResult::Ok));
        for text in ["ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS"] {
            assert_eq!(parse(text), Some(FinalResult::Failed(Failure::Plain(text.to_owned()))));
        }
        for (text, family, code) in [
            ("+CMS ERROR: 304", Family::Cms, 304),
            ("+CMS ERROR:38", Family::Cms, 38),
            ("+CME ERROR: 10", Family::Cme, 10),
            ("+CMS ERROR: Unknown error", Family::Cms, 500),
            ("+CME ERROR: SIM failure", Family::Cme, 13),
            ("+CME ERROR: \"SIM not inserted\"", Family::Cme, 10),
        ] {
            assert_eq!(parse(text), Some(FinalResult::Failed(Failure::Code(family, code))), "{text}");
        }
        let odd = parse("+CMS ERROR: flux capacitor");
        assert_eq!(odd, Some(FinalResult::Failed(Failure::Text(Family::Cms, "flux capacitor".to_owned()))));
    }

    #[test]
    fn what_ends_no_command_is_no_result() {
        for line in ["OKAY", "+CREG: 1", "RING", "NO CARRIER", "BUSY", "", "ERRORS: 0"] {
            assert_eq!(parse(line), None, "{line}");
        }
        assert!(of_call("NO CARRIER").is_some());
        assert!(of_call("CONNECT 9600").is_some());
    }

    #[test]
    fn a_failure_names_its_code_and_its_meaning() {
        let Some(FinalResult::Failed(failure)) = parse("+CMS ERROR: 38") else { panic!("final") };
        assert_eq!(failure.to_string(), "+CMS ERROR 38 (network out of order)");
        assert!(failure.is_one_of(Family::Cms, &[38]));
        assert!(!failure.is_one_of(Family::Cme, &[38]));
    }
}
