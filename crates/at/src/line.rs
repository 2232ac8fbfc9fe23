//! Decides where a modem's octets form a line, a two-line indication or the prompt.
//!
//! Any run of CR and LF ends a line, so every maker's line ends and doubled ones read alike. Control characters and
//! octets that are no UTF-8 are dropped or replaced; nothing that a modem sends is an error here.

use std::collections::VecDeque;

use super::fields;

/// Longer lines are dropped: the longest real one is a `+CMGL` list of a few hundred octets.
const LINE_MAX: usize = 4096;
/// How many other lines may come between the head of a two-line indication and its PDU.
const BETWEEN_MAX: usize = 4;
/// The most lines of a USSD text.
const TEXT_LINES_MAX: usize = 24;
/// The longest TPDU that a head may announce; cell broadcasts and TPDUs stay below.
const PDU_OCTETS_MAX: usize = 255;

/// What the octets so far gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// One line, without its ends and outer blanks.
    Line(String),
    /// A line that announced a PDU, and the PDU's hexadecimal digits.
    WithPdu {
        /// The first line.
        head: String,
        /// The second.
        pdu: String,
    },
    /// The prompt of `AT+CMGS`; only while it was expected.
    Prompt,
    /// A line longer than any modem's was dropped.
    Dropped,
}

/// Cuts octets into readings.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    line: Vec<u8>,
    skipping: bool,
    prompt_expected: bool,
    after_prompt: bool,
    head: Option<Head>,
    /// The lines of a `+CUSD` whose quoted text goes on.
    said: Option<Vec<String>>,
    readings: VecDeque<Reading>,
}

/// A line that announced a PDU, which has not come yet.
#[derive(Debug)]
struct Head {
    line: String,
    between: usize,
    /// Whether it belongs to an answer, which a final result ends.
    answer: bool,
}

impl LineReader {
    /// Forgets what came before; for a newly opened port.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether `>` at the beginning of a line is a prompt from now on.
    pub(super) fn expect_prompt(&mut self, expected: bool) {
        self.prompt_expected = expected;
    }

    /// Takes one octet. Readings are to be taken after each, since they decide what is expected next.
    pub(super) fn handle_byte(&mut self, byte: u8) {
        match byte {
            b'\r' | b'\n' => self.end_line(),
            b' ' if std::mem::take(&mut self.after_prompt) => {}
            b'>' if self.prompt_expected && self.line.is_empty() && !self.skipping => {
                self.prompt_expected = false;
                self.after_prompt = true;
                self.readings.push_back(Reading::Prompt);
            }
            // Substitute and escape are kept: they stand in echoes.
            0..0x1a | 0x1c..0x20 | 0x7f => {}
            _ if self.skipping => {}
            _ if self.line.len() == LINE_MAX => {
                self.line.clear();
                self.skipping = true;
                self.readings.push_back(Reading::Dropped);
            }
            _ => {
                self.after_prompt = false;
                self.line.push(byte);
            }
        }
    }

    /// The next reading.
    pub(super) fn poll(&mut self) -> Option<Reading> {
        self.readings.pop_front()
    }

    fn end_line(&mut self) {
        self.skipping = false;
        self.after_prompt = false;
        let line = String::from_utf8_lossy(&self.line).trim().to_owned();
        self.line.clear();
        if !line.is_empty() {
            self.handle_line(line);
        }
    }

    fn handle_line(&mut self, line: String) {
        if let Some(mut said) = self.said.take() {
            // A text may hold lines that look like indications, but a command's end is one.
            if !super::result::is_final(&line) {
                said.push(line);
                let octets: usize = said.iter().map(String::len).sum();
                if said.last().is_some_and(|line| closes_text(line)) {
                    self.readings.push_back(Reading::Line(said.join("\n")));
                } else if said.len() > TEXT_LINES_MAX || octets > LINE_MAX {
                    self.end_text(said);
                } else {
                    self.said = Some(said);
                }
                return;
            }
            self.end_text(said);
        }
        if line.starts_with("+CUSD:") && opens_text(&line) {
            self.said = Some(vec![line]);
            return;
        }
        self.handle_single(line);
    }

    /// A text that was cut: what looks like an indication in it was one.
    fn end_text(&mut self, lines: Vec<String>) {
        let count = lines.iter().skip(1).take_while(|line| !is_indication(line)).count() + 1;
        let (said, others) = lines.split_at(count.min(lines.len()));
        self.readings.push_back(Reading::Line(said.join("\n")));
        for line in others {
            self.handle_single(line.clone());
        }
    }

    fn handle_single(&mut self, line: String) {
        if let Some(head) = self.head.take() {
            if is_hexadecimal(&line) {
                self.readings.push_back(Reading::WithPdu { head: head.line, pdu: line });
                return;
            }
            self.keep_waiting(head, &line);
        }
        match announces_pdu(&line) {
            Some(answer) => {
                if let Some(head) = self.head.replace(Head { line, between: 0, answer }) {
                    self.readings.push_back(Reading::Line(head.line));
                }
            }
            None => self.readings.push_back(Reading::Line(line)),
        }
    }

    /// Another line came where the PDU was awaited: an indication in between, or there is no PDU.
    fn keep_waiting(&mut self, mut head: Head, line: &str) {
        head.between += 1;
        let ended = head.answer && super::result::is_final(line);
        if ended || head.between > BETWEEN_MAX {
            self.readings.push_back(Reading::Line(head.line));
        } else {
            self.head = Some(head);
        }
    }
}

/// Whether a line looks like one that a modem writes by itself.
fn is_indication(line: &str) -> bool {
    line.starts_with(['+', '^']) && line.contains(':')
}

/// Whether the quoted text of a `+CUSD` line goes on in the next line.
fn opens_text(line: &str) -> bool {
    line.split_once('"').is_some_and(|(_, text)| !ends_quoted(text))
}

/// Whether a line ends a quoted text. Words in quotation marks, or an indication with a quoted field, come in pairs.
fn closes_text(line: &str) -> bool {
    line.matches('"').count() % 2 == 1 && ends_quoted(line)
}

/// `…"`, or `…",15`
fn ends_quoted(text: &str) -> bool {
    let text = text.trim_end();
    let bare = text.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    text.ends_with('"') || bare.strip_suffix(',').is_some_and(|text| text.trim_end().ends_with('"'))
}

fn is_hexadecimal(line: &str) -> bool {
    // An odd number of digits is a PDU that was cut, and is told as one.
    line.len() >= 4 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a PDU follows `line` on a line of its own, and if so, whether both are part of an answer.
///
/// In text mode a `+CDS` is one line with many fields, so their number is looked at.
fn announces_pdu(line: &str) -> Option<bool> {
    let (name, rest) = line.split_once(':')?;
    let (answer, fields_max) = match name {
        "+CMT" | "+CDS" | "+CBM" => (false, 2),
        "+CMGR" => (true, 3),
        "+CMGL" => (true, 4),
        _ => return None,
    };
    let fields = fields::split(rest);
    let length: usize = fields.last()?.parse().ok()?;
    let first = if name == "+CMGL" { 3 } else { 1 };
    ((first..=fields_max).contains(&fields.len()) && (1..=PDU_OCTETS_MAX).contains(&length)).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reader: &mut LineReader, bytes: &[u8]) -> Vec<Reading> {
        let mut readings = Vec::new();
        for &byte in bytes {
            reader.handle_byte(byte);
            readings.extend(std::iter::from_fn(|| reader.poll()));
        }
        readings
    }

    fn line(text: &str) -> Reading {
        Reading::Line(text.to_owned())
    }

    fn with_pdu(head: &str, pdu: &str) -> Reading {
        Reading::WithPdu { head: head.to_owned(), pdu: pdu.to_owned() }
    }

    #[test]
    fn every_form_of_line_end_reads_alike() {
        for bytes in ["\r\nOK\r\n", "OK\r", "OK\n", "\r\r\nOK\r\r\n", "\0\r\n OK \r\n\r\n", "\x07OK\r\n"] {
            assert_eq!(read(&mut LineReader::default(), bytes.as_bytes()), [line("OK")], "{bytes:?}");
        }
        let echoed = read(&mut LineReader::default(), b"ATE0\r\r\nOK\r\n");
        assert_eq!(echoed, [line("ATE0"), line("OK")]);
    }

    #[test]
    fn a_line_may_come_in_any_pieces() {
        let mut reader = LineReader::default();
        assert_eq!(read(&mut reader, b"\r\n+CSQ: 1"), []);
        assert_eq!(read(&mut reader, b"7,99\r"), [line("+CSQ: 17,99")]);
        assert_eq!(read(&mut reader, b"\n"), []);
    }

    #[test]
    fn a_prompt_counts_only_while_it_is_expected_and_with_or_without_its_blank() {
        for bytes in ["\r\n> ", "\r\n>", "\n>", "\r\n>\r\n"] {
            let mut reader = LineReader::default();
            reader.expect_prompt(true);
            assert_eq!(read(&mut reader, bytes.as_bytes()), [Reading::Prompt], "{bytes:?}");
        }
        assert_eq!(read(&mut LineReader::default(), b"> text\r\n"), [line("> text")]);
        let mut reader = LineReader::default();
        reader.expect_prompt(true);
        assert_eq!(read(&mut reader, b"\r\n> 0031\x1a\r\n"), [Reading::Prompt, line("0031\x1a")], "the PDU's echo");
        assert_eq!(read(&mut reader, b"> \r\n"), [line(">")], "one prompt a command");
        reader.expect_prompt(true);
        assert_eq!(read(&mut reader, b"a > b\r\n"), [line("a > b")], "only where a line begins");
    }

    #[test]
    fn an_indication_keeps_its_pdu_wherever_it_comes() {
        let mut reader = LineReader::default();
        let readings = read(&mut reader, b"\r\n+CDS: 2\r\n\r\n^RSSI:18\r\n\r\n000000\r\n\r\nOK\r\n");
        assert_eq!(readings, [line("^RSSI:18"), with_pdu("+CDS: 2", "000000"), line("OK")]);
        let readings = read(&mut reader, b"+CMT: \"\",3\r\nOK\r\n00040000\r\n");
        assert_eq!(readings, [line("OK"), with_pdu("+CMT: \"\",3", "00040000")], "a result in between");
        reader.expect_prompt(true);
        let readings = read(&mut reader, b"\r\n+CDS: ,2\r\n\r\n> \r\n000000\r\n");
        assert_eq!(readings, [Reading::Prompt, with_pdu("+CDS: ,2", "000000")]);
    }

    #[test]
    fn a_list_pairs_heads_and_pdus_with_indications_between() {
        let bytes = b"+CMGL: 2,0,,3\r\n00040000\r\n+CMTI: \"ME\",9\r\n+CMGL: 5,1,3\r\n00050000\r\nOK\r\n";
        assert_eq!(
            read(&mut LineReader::default(), bytes),
            [
                with_pdu("+CMGL: 2,0,,3", "00040000"),
                line("+CMTI: \"ME\",9"),
                with_pdu("+CMGL: 5,1,3", "00050000"),
                line("OK")
            ]
        );
    }

    #[test]
    fn heads_without_a_pdu_are_lines() {
        let mut reader = LineReader::default();
        let text = "+CDS: 6,124,,,\"26/01/18,10:15:00+04\",\"26/01/18,11:30:00+04\",0";
        assert_eq!(read(&mut reader, format!("{text}\r\n").as_bytes()), [line(text)], "text mode");
        assert_eq!(read(&mut reader, b"+CMGR: 0,,0\r\nOK\r\n"), [line("+CMGR: 0,,0"), line("OK")]);
        assert_eq!(read(&mut reader, b"+CMGR: 0,,9\r\nOK\r\n"), [line("+CMGR: 0,,9"), line("OK")]);
        assert_eq!(read(&mut reader, b"+CDS: 9\r\na\r\nb\r\nc\r\nd\r\n").len(), 4);
        assert_eq!(read(&mut reader, b"e\r\n"), [line("+CDS: 9"), line("e")], "it waited long enough");
    }

    #[test]
    fn a_menu_of_several_lines_is_one_text() {
        let mut reader = LineReader::default();
        let readings = read(&mut reader, b"\r\n+CUSD: 1,\"1 Balance\r\n2 Offers\r\n0 Back\",15\r\n\r\nOK\r\n");
        assert_eq!(readings, [line("+CUSD: 1,\"1 Balance\n2 Offers\n0 Back\",15"), line("OK")]);
        let readings = read(&mut reader, b"+CUSD: 0,\"cut\r\n+CMTI: \"SM\",1\r\nOK\r\n");
        assert_eq!(readings, [line("+CUSD: 0,\"cut"), line("+CMTI: \"SM\",1"), line("OK")]);
        let said = "+CUSD: 0,\"Say \"yes\" or\r\n+CMTI: \"SM\",1\r\nto \"no\"\",15\r\n";
        let joined = "+CUSD: 0,\"Say \"yes\" or\n+CMTI: \"SM\",1\nto \"no\"\",15";
        assert_eq!(read(&mut reader, said.as_bytes()), [line(joined)], "an indication is quoted in the text");
        let said = b"+CUSD: 0,\"Say \"yes\"\",15\r\n+CSQ: 1,99\r\n";
        assert_eq!(read(&mut reader, said), [line("+CUSD: 0,\"Say \"yes\"\",15"), line("+CSQ: 1,99")]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut reader = LineReader::default();
        let flood = vec![b'a'; LINE_MAX * 3];
        assert_eq!(read(&mut reader, &flood), [Reading::Dropped]);
        assert!(reader.line.len() <= LINE_MAX);
        assert_eq!(read(&mut reader, b"tail\r\nOK\r\n"), [line("OK")]);
        assert_eq!(read(&mut reader, b"\xff\xfeOK\r\n"), [line("\u{fffd}\u{fffd}OK")]);
    }
}
