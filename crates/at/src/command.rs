//! Decides what a command is: what is written, which lines are its answer, what ends it, and how long it may take.

use std::time::Duration;

use super::fields;
use super::outcome::Reached;
use super::result::Failure;

/// Which lines before the result belong to the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// None.
    Nothing,
    /// Those that begin so.
    Prefix(String),
    /// Those that begin with one of these.
    Several(&'static [&'static str]),
    /// Those that begin so, or bare ones: `AT+CCID` answers in either form.
    Bare(String),
    /// Every line that is no indication; for technicians.
    Anything(String),
}

/// What ends a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// A final result.
    Result,
    /// A final result, or words about calls.
    Call,
    /// A final result, or this long after the first line that was wanted: some modems leave the result away.
    Settles(Duration),
    /// A final result or the deadline, whichever comes first; silence is no fault.
    Either,
    /// The deadline alone; results that come are stragglers.
    Time,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The line without its CR; empty when nothing is written.
    pub(super) text: String,
    /// What of the answer is kept.
    pub(super) wanted: Wanted,
    /// What ends it.
    pub(super) ends: Ends,
    /// How long it may take, or the prompt if it has a payload.
    pub(super) wait: Duration,
    /// What is written at the prompt, and how long the result may take after it.
    pub(super) payload: Option<(String, Duration)>,
    /// Whether a CR ends the line; a lone escape has none.
    pub(super) carriage_return: bool,
}

impl Command {
    /// A command whose answer is its result alone.
    pub(super) fn new(text: impl Into<String>, wait: Duration) -> Self {
        Self {
            text: text.into(),
            wanted: Wanted::Nothing,
            ends: Ends::Result,
            wait,
            payload: None,
            carriage_return: true,
        }
    }

    /// A command that asks for lines with `prefix`.
    pub(super) fn ask(text: impl Into<String>, prefix: &str, wait: Duration) -> Self {
        Self { wanted: Wanted::Prefix(prefix.to_owned()), ..Self::new(text, wait) }
    }

    /// A compound command that asks for lines with these prefixes.
    pub(super) fn ask_several(text: impl Into<String>, prefixes: &'static [&'static str], wait: Duration) -> Self {
        Self { wanted: Wanted::Several(prefixes), ..Self::new(text, wait) }
    }

    /// A command whose answer is a bare line, or one with `prefix`.
    pub(super) fn ask_bare(text: impl Into<String>, prefix: &str, wait: Duration) -> Self {
        Self { wanted: Wanted::Bare(prefix.to_owned()), ..Self::new(text, wait) }
    }

    /// Nothing is written; stragglers are swallowed for a while.
    pub(super) fn pause(wait: Duration) -> Self {
        Self { ends: Ends::Time, ..Self::new("", wait) }
    }

    /// Leaves whatever prompt or data mode the modem is in.
    pub(super) fn escape(carriage_return: bool, wait: Duration) -> Self {
        Self { ends: Ends::Either, carriage_return, ..Self::new("\u{1b}", wait) }
    }

    /// With what ends it changed.
    pub(super) fn ends(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }

    /// The command as it may stand in a log: a PIN is hidden.
    pub(super) fn shown(&self) -> String {
        match self.text.split_once('=') {
            Some((name @ ("AT+CPIN" | "AT+CLCK"), _)) => format!("{name}=\"****\""),
            Some(_) | None => self.text.clone(),
        }
    }
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Info {
    /// The line.
    pub(super) line: String,
    /// The PDU that followed it.
    pub(super) pdu: Option<String>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// `OK`.
    Ok,
    /// What was wanted came, and then nothing more; or silence was expected.
    Settled,
    /// Another final result.
    Failed(Failure),
    /// Nothing came in time.
    Silent,
}

/// A command's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// The lines that were wanted.
    pub(super) lines: Vec<Info>,
    /// How it ended.
    pub(super) end: End,
    /// How far a send had come.
    pub(super) reached: Reached,
    /// Whether the modem wrote the command back.
    pub(super) echoed: bool,
}

impl Reply {
    /// Whether the command was taken.
    pub(super) fn is_ok(&self) -> bool {
        matches!(self.end, End::Ok | End::Settled)
    }

    /// Whether nothing came.
    pub(super) fn is_silent(&self) -> bool {
        self.end == End::Silent
    }

    /// What stands behind `prefix` in the first line that has it.
    pub(super) fn behind(&self, prefix: &str) -> Option<&str> {
        self.lines.iter().find_map(|info| fields::behind(&info.line, prefix))
    }

    /// The first line.
    pub(super) fn first(&self) -> Option<&str> {
        self.lines.first().map(|info| info.line.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn logs_never_show_a_pin() {
        assert_eq!(Command::new("AT+CPIN=\"1234\"", SECOND).shown(), "AT+CPIN=\"****\"");
        assert_eq!(Command::new("AT+CPIN?", SECOND).shown(), "AT+CPIN?");
    }
}
