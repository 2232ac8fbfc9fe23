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

<<<<<<< HEAD
/// What a line was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Part of the answer, or an echo.
    Taken,
    /// The command's end.
    Ends(Reply),
    /// None of the command's business.
    Other,
}

/// The one command under way, and the octets on their way out.
#[derive(Debug, Default)]
pub(super) struct Wire {
    exchange: Option<Exchange>,
    out: VecDeque<Vec<u8>>,
    /// Chunks that wait for their time, for modems that lose longer writes.
    chunks: VecDeque<Vec<u8>>,
    chunk_at: Option<Instant>,
    chunk_gap: Duration,
}

#[derive(Debug)]
struct Exchange {
    command: Command,
    lines: Vec<Info>,
    deadline: Instant,
    at_prompt: bool,
    /// Whether the Ctrl-Z was handed out.
    reached: Reached,
}

impl Wire {
    /// Whether a command is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.exchange.is_some()
    }

    /// The command under way.
    pub(super) fn command(&self) -> Option<&Command> {
        self.exchange.as_ref().map(|exchange| &exchange.command)
    }

    /// Begins `command`. None may be under way.
    pub(super) fn begin(&mut self, now: Instant, command: Command) {
        debug_assert!(self.exchange.is_none(), "one command at a time");
        if !command.text.is_empty() {
            let mut octets = command.text.clone().into_bytes();
            octets.extend(command.carriage_return.then_some(b'\r'));
            self.out.push_back(octets);
        }
        let (deadline, at_prompt) = (now + command.wait, command.payload.is_some());
        self.exchange = Some(Exchange { command, lines: Vec::new(), deadline, at_prompt, reached: Reached::BeforePdu });
    }

    /// The prompt came: the PDU follows, whole or in `chunks`, and Ctrl-Z without a line end before it.
    pub(super) fn handle_prompt(&mut self, now: Instant, chunks: Option<(usize, Duration)>) {
        let Some(exchange) = self.exchange.as_mut().filter(|exchange| exchange.at_prompt) else { return };
        let Some((payload, wait)) = &exchange.command.payload else { return };
        exchange.at_prompt = false;
        exchange.deadline = now + *wait;
        let mut octets = payload.clone().into_bytes();
        octets.push(CTRL_Z);
        match chunks {
            Some((size, gap)) if size > 0 && octets.len() > size => {
                self.chunks = octets.chunks(size).map(<[u8]>::to_vec).collect();
                self.out.extend(self.chunks.pop_front());
                (self.chunk_at, self.chunk_gap) = (Some(now + gap), gap);
            }
            Some(_) | None => self.out.push_back(octets),
        }
    }

    /// Takes a line, with the PDU that followed it.
    pub(super) fn handle_line(&mut self, now: Instant, line: &str, pdu: Option<&str>) -> Line {
        let Some(exchange) = self.exchange.as_mut() else { return Line::Other };
        if exchange.is_echo(line) {
            return Line::Taken;
        }
        if exchange.wants(line) {
            if exchange.lines.len() < LINES_MAX {
                exchange.lines.push(Info { line: line.to_owned(), pdu: pdu.map(str::to_owned) });
            }
            if let Ends::Settles(after) = exchange.command.ends {
                exchange.deadline = exchange.deadline.min(now + after);
            }
            return Line::Taken;
        }
        let of_call = if exchange.command.ends == Ends::Call { result::of_call(line) } else { None };
        match result::parse(line).or(of_call) {
            Some(_) if exchange.command.ends == Ends::Time => Line::Taken,
            Some(result) => self.end(match result {
                FinalResult::Ok => End::Ok,
                FinalResult::Failed(failure) => End::Failed(failure),
            }),
            None => Line::Other,
        }
    }

    /// Takes a line that nobody else knew, if the command is of those that take bare lines.
    pub(super) fn handle_bare(&mut self, line: &str) -> bool {
        let Some(exchange) = self.exchange.as_mut() else { return false };
        let bare = matches!(exchange.command.wanted, Wanted::Bare(_) | Wanted::Anything(_));
        let taken = bare && exchange.lines.len() < LINES_MAX && !line.starts_with("AT");
        if taken {
            exchange.lines.push(Info { line: line.to_owned(), pdu: None });
        }
        taken
    }

    /// Ends the command if its time is over, and hands out the chunk that is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<Reply> {
        if self.chunk_at.is_some_and(|at| at <= now) {
            self.out.extend(self.chunks.pop_front());
            self.chunk_at = (!self.chunks.is_empty()).then(|| now + self.chunk_gap);
        }
        let exchange = self.exchange.as_ref().filter(|exchange| exchange.deadline <= now)?;
        let settled = match exchange.command.ends {
            Ends::Settles(_) => !exchange.lines.is_empty(),
            Ends::Either | Ends::Time => true,
            Ends::Result | Ends::Call => false,
        };
        match self.end(if settled { End::Settled } else { End::Silent }) {
            Line::Ends(reply) => Some(reply),
            Line::Taken | Line::Other => None,
        }
    }

    /// When [`Wire::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let deadline = self.exchange.as_ref().map(|exchange| exchange.deadline);
        deadline.into_iter().chain(self.chunk_at).min()
    }

    /// The next octets for the kernel.
    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        let octets = self.out.pop_front()?;
        if let Some(exchange) = self.exchange.as_mut()
            && octets.last() == Some(&CTRL_Z)
        {
            exchange.reached = Reached::Pdu;
        }
        Some(octets)
    }

    /// The port is gone. `unwritten` octets of the last transmit never reached the kernel; Ctrl-Z is the last of them.
    pub(super) fn handle_closed(&mut self, unwritten: usize) -> Option<Reply> {
        self.out.clear();
        self.chunks.clear();
        self.chunk_at = None;
        let mut exchange = self.exchange.take()?;
        if unwritten > 0 {
            exchange.reached = Reached::BeforePdu;
        }
        Some(Reply { lines: exchange.lines, end: End::Silent, reached: exchange.reached })
    }

    fn end(&mut self, end: End) -> Line {
        // A PDU that nobody waits for any more must not follow the next command.
        self.chunks.clear();
        self.chunk_at = None;
        match self.exchange.take() {
            Some(exchange) => Line::Ends(Reply { lines: exchange.lines, end, reached: exchange.reached }),
            None => Line::Other,
        }
    }
}

impl Exchange {
    fn is_echo(&self, line: &str) -> bool {
        let payload = self.command.payload.as_ref().filter(|_| !self.at_prompt);
        let sent = line.trim_end_matches(char::from(CTRL_Z));
        (!self.command.text.is_empty() && line == self.command.text)
            || payload.is_some_and(|(payload, _)| payload == sent)
            || line == "\u{1b}"
    }

    fn wants(&self, line: &str) -> bool {
        // What comes before the PDU was written cannot be its result.
        if self.at_prompt {
            return false;
        }
        match &self.command.wanted {
            Wanted::Nothing => false,
            Wanted::Prefix(prefix) | Wanted::Bare(prefix) | Wanted::Anything(prefix) => {
                !prefix.is_empty() && fields::behind(line, prefix).is_some()
            }
        }
    }
}

=======
>>>>>>> at
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
