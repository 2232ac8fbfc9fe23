//! Decides what belongs to the one command that is under way, when it ends, and when it counts as unanswered.
//!
//! ```text
//!          begin()                       result line, or settled after an information line
//! Idle ─────────────▶ Waiting ────────────────────────────────────────────────────────────▶ Reply
//!                      │   ▲ │                       deadline
//!               prompt │   │ └────────────────────────────────────────────────────────────▶ Reply (Silent)
//!                      ▼   │
//!                    PDU and Ctrl-Z written
//! ```

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::command::{Command, End, Ends, Info, Reply, Wanted};
use super::fields;
use super::outcome::Reached;
use super::result::{self, FinalResult};

/// Lines of one answer; a list of a full store of 255 slots stays below.
const LINES_MAX: usize = 600;
/// Ends a PDU at the prompt.
const CTRL_Z: u8 = 0x1a;

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
    /// Whether the command came back.
    echoed: bool,
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
        self.exchange = Some(Exchange {
            command,
            lines: Vec::new(),
            deadline,
            at_prompt,
            reached: Reached::BeforePdu,
            echoed: false,
        });
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
            exchange.echoed |= line == exchange.command.text;
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
        let Exchange { lines, reached, echoed, .. } = exchange;
        Some(Reply { lines, end: End::Silent, reached, echoed })
    }

    fn end(&mut self, end: End) -> Line {
        // A PDU that nobody waits for any more must not follow the next command.
        self.chunks.clear();
        self.chunk_at = None;
        match self.exchange.take() {
            Some(Exchange { lines, reached, echoed, .. }) => Line::Ends(Reply { lines, end, reached, echoed }),
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
            Wanted::Several(prefixes) => prefixes.iter().any(|prefix| fields::behind(line, prefix).is_some()),
            Wanted::Prefix(prefix) | Wanted::Bare(prefix) | Wanted::Anything(prefix) => {
                !prefix.is_empty() && fields::behind(line, prefix).is_some()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn send(now: Instant) -> Wire {
        let mut wire = Wire::default();
        let command = Command {
            payload: Some(("0001".to_owned(), SECOND * 180)),
            ends: Ends::Settles(SECOND * 5),
            ..Command::ask("AT+CMGS=1", "+CMGS:", SECOND * 5)
        };
        wire.begin(now, command);
        assert_eq!(wire.poll_transmit(), Some(b"AT+CMGS=1\r".to_vec()));
        wire
    }

    fn ended(line: Line) -> Reply {
        match line {
            Line::Ends(reply) => reply,
            Line::Taken | Line::Other => panic!("{line:?} ends nothing"),
        }
    }

    #[test]
    fn an_answer_is_its_lines_and_its_result_and_nothing_else() {
        let now = crate::test_clock::zero();
        let mut wire = Wire::default();
        wire.begin(now, Command::ask("AT+CSQ", "+CSQ:", SECOND));
        assert_eq!(wire.handle_line(now, "AT+CSQ", None), Line::Taken, "its echo");
        assert_eq!(wire.handle_line(now, "^RSSI:17", None), Line::Other);
        assert_eq!(wire.handle_line(now, "+CSQ: 17,99", None), Line::Taken);
        let reply = ended(wire.handle_line(now, "OK", None));
        assert!(reply.is_ok());
        assert_eq!(reply.behind("+CSQ:"), Some("17,99"));
        assert_eq!(wire.handle_line(now, "OK", None), Line::Other, "a straggler");
    }

    #[test]
    fn the_pdu_is_written_at_the_prompt_with_ctrl_z_and_no_line_end() {
        let now = crate::test_clock::zero();
        let mut wire = send(now);
        wire.handle_prompt(now, None);
        assert_eq!(wire.poll_transmit(), Some(b"0001\x1a".to_vec()));
        assert_eq!(wire.handle_line(now, "0001\u{1a}", None), Line::Taken, "its echo");
        assert_eq!(wire.poll_timeout(), Some(now + SECOND * 180));
        assert_eq!(wire.handle_line(now + SECOND * 135, "+CMGS: 7", None), Line::Taken);
        let reply = wire.handle_timeout(now + SECOND * 140).unwrap();
        assert_eq!((reply.end.clone(), reply.reached), (End::Settled, Reached::Pdu), "no OK is needed");
    }

    #[test]
    fn a_port_that_goes_before_ctrl_z_leaves_no_doubt() {
        let now = crate::test_clock::zero();
        let mut wire = send(now);
        assert_eq!(wire.handle_closed(0).unwrap().reached, Reached::BeforePdu, "no prompt yet");
        for (polled, unwritten, reached) in
            [(false, 0, Reached::BeforePdu), (true, 1, Reached::BeforePdu), (true, 0, Reached::Pdu)]
        {
            let mut wire = send(now);
            wire.handle_prompt(now, None);
            if polled {
                wire.poll_transmit();
            }
            assert_eq!(wire.handle_closed(unwritten).unwrap().reached, reached);
            assert_eq!(wire.poll_transmit(), None, "nothing of it is left for the next port");
        }
    }

    #[test]
    fn slow_modems_get_chunks_with_pauses() {
        let now = crate::test_clock::zero();
        let gap = Duration::from_millis(10);
        let mut wire = send(now);
        wire.handle_prompt(now, Some((3, gap)));
        assert_eq!(wire.poll_transmit(), Some(b"000".to_vec()));
        assert_eq!(wire.poll_transmit(), None);
        assert_eq!(wire.poll_timeout(), Some(now + gap));
        assert_eq!(wire.handle_timeout(now + gap), None);
        assert_eq!(wire.poll_transmit(), Some(b"1\x1a".to_vec()));
        assert_eq!(wire.handle_closed(0).unwrap().reached, Reached::Pdu);
    }

    #[test]
    fn silence_is_a_fault_only_where_an_answer_was_owed() {
        let now = crate::test_clock::zero();
        let mut wire = Wire::default();
        wire.begin(now, Command::new("AT", SECOND));
        assert_eq!(wire.handle_timeout(now + SECOND / 2), None);
        assert!(wire.handle_timeout(now + SECOND).unwrap().is_silent());
        wire.begin(now, Command::escape(true, SECOND));
        assert!(wire.handle_timeout(now + SECOND).unwrap().is_ok());
        wire.begin(now, Command::pause(SECOND));
        assert_eq!(wire.handle_line(now, "OK", None), Line::Taken, "a straggler ends no pause");
        assert!(wire.handle_timeout(now + SECOND).unwrap().is_ok());
    }

    #[test]
    fn words_about_calls_end_only_what_dials() {
        let now = crate::test_clock::zero();
        let mut wire = Wire::default();
        wire.begin(now, Command::new("AT+CMGF=0", SECOND));
        assert_eq!(wire.handle_line(now, "NO CARRIER", None), Line::Other);
        assert!(ended(wire.handle_line(now, "OK", None)).is_ok());
        wire.begin(now, Command::new("ATD123", SECOND).ends(Ends::Call));
        assert!(!ended(wire.handle_line(now, "NO CARRIER", None)).is_ok());
    }
}
