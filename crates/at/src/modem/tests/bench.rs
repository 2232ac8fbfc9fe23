//! A modem to test against: it answers what it is asked by a table, and everything else with `ERROR`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Modem, ModemEvent, ModemProfile, Settings};
use postrider_model::{
    Alphabet, Class, Concatenation, Encoded, Indication, MessageId, Submission, SubmitOutcome, SubmitResult, Timestamp,
};

pub(super) const S: Duration = Duration::from_secs(1);

/// The machine, a modem that answers by a table, and a clock that is turned by hand.
pub(super) struct Bench {
    pub(super) modem: Modem,
    pub(super) now: Instant,
    start: Instant,
    pub(super) answers: BTreeMap<String, String>,
    /// Every line and PDU that was sent.
    pub(super) sent: Vec<String>,
    pub(super) events: Vec<ModemEvent>,
    half: Vec<u8>,
    /// Whether the modem answers at all.
    pub(super) alive: bool,
    /// Whether `AT+CMGS` gets its prompt.
    pub(super) prompts: bool,
    /// What a PDU is answered with; nothing when empty.
    pub(super) result: String,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(Settings::default(), ModemProfile::default())
    }

    pub(super) fn with(settings: Settings, profile: ModemProfile) -> Self {
        let settings = Settings { profiles: Arc::new([profile]), ..settings };
        let now = crate::test_clock::zero();
        let answers = [
            ("AT", "OK"),
            ("ATE0", "OK"),
            ("ATH", "OK"),
            ("AT+CMEE=1", "OK"),
            ("AT+CGMI", "Maker\r\nOK"),
            ("AT+CGMM", "M1\r\nOK"),
            ("AT+CGMR", "1.0\r\nOK"),
            ("AT+CGSN", "490154203237518\r\nOK"),
            ("AT+CFUN?", "+CFUN: 1\r\nOK"),
            ("AT+CPIN?", "+CPIN: READY\r\nOK"),
            ("AT+CIMI", "450000000000001\r\nOK"),
            ("AT+CCID", "+CCID: \"8982000000000000001F\"\r\nOK"),
            ("AT+CMGF=0", "OK"),
            ("AT+CPMS=?", "+CPMS: (\"ME\",\"SM\",\"SR\"),(\"ME\",\"SM\"),(\"ME\",\"SM\")\r\nOK"),
            ("AT+CPMS=\"ME\",\"ME\",\"ME\"", "+CPMS: 0,20,0,20,0,20\r\nOK"),
            ("AT+CPMS=\"ME\"", "+CPMS: 0,20,0,20,0,20\r\nOK"),
            ("AT+CPMS=\"SM\"", "+CPMS: 0,10,0,20,0,20\r\nOK"),
            ("AT+CPMS=\"SR\"", "+CPMS: 0,10,0,20,0,20\r\nOK"),
            ("AT+CPMS?", "+CPMS: \"ME\",0,20,\"ME\",0,20,\"ME\",0,20\r\nOK"),
            ("AT+CNMI=?", "+CNMI: (0-3),(0-3),(0,2),(0-2),(0,1)\r\nOK"),
            ("AT+CNMI=2,1,0,1,0", "OK"),
            ("AT+CSCA?", "+CSCA: \"+821000000000\",145\r\nOK"),
            ("AT+CREG?", "+CREG: 0,1\r\nOK"),
            ("AT+CSQ", "+CSQ: 20,99\r\nOK"),
            ("AT+COPS?", "+COPS: 0,0,\"SKTelecom\",7\r\nOK"),
            ("AT+CMGL=4", "OK"),
            ("AT+CMMS=1", "OK"),
        ];
        Self {
            modem: Modem::new(settings, None),
            now,
            start: now,
            answers: answers.into_iter().map(|(asked, said)| (asked.to_owned(), said.to_owned())).collect(),
            sent: Vec::new(),
            events: Vec::new(),
            half: Vec::new(),
            alive: true,
            prompts: true,
            result: "+CMGS: 7\r\n\r\nOK".to_owned(),
        }
    }

    /// A machine that is set up and ready.
    pub(super) fn ready() -> Self {
        let mut bench = Self::new();
        bench.open();
        assert!(bench.modem.is_ready(), "{:?}", bench.events);
        bench.forget();
        bench
    }

    pub(super) fn wall(&self) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000).plus(self.now - self.start)
    }

    pub(super) fn answer(&mut self, asked: &str, said: &str) {
        self.answers.insert(asked.to_owned(), said.to_owned());
    }

    pub(super) fn open(&mut self) {
        self.modem.handle_opened(self.now, self.wall());
        self.settle();
    }

    /// Lets the dialogue go on as long as it needs no time beyond a second, as a modem's set-up does.
    pub(super) fn settle(&mut self) {
        for _ in 0..2000 {
            self.collect();
            let octets: Vec<Vec<u8>> = std::iter::from_fn(|| self.modem.poll_transmit()).collect();
            if !octets.is_empty() {
                for octets in octets {
                    self.write(&octets);
                }
                continue;
            }
            match self.modem.poll_timeout() {
                Some(at) if at <= self.now + S / 2 => self.at(at.max(self.now)),
                Some(_) | None => return,
            }
        }
        panic!("it never rests: {:?}", self.sent.iter().rev().take(20).collect::<Vec<_>>());
    }

    fn at(&mut self, at: Instant) {
        self.now = at;
        self.modem.handle_timeout(at, self.wall());
        self.collect();
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        while let Some(at) = self.modem.poll_timeout().filter(|at| *at <= end) {
            let at = at.max(self.now);
            self.at(at);
            self.settle();
        }
        self.now = end.max(self.now);
    }

    fn write(&mut self, octets: &[u8]) {
        self.half.extend_from_slice(octets);
        // A PDU may come in chunks.
        if !matches!(self.half.last(), Some(b'\r' | 0x1a | 0x1b)) {
            return;
        }
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.half)).into_owned();
        if let Some(pdu) = text.strip_suffix('\u{1a}') {
            self.sent.push(pdu.to_owned());
            let result = self.result.clone();
            if self.alive && !result.is_empty() {
                self.say(&result);
            }
            return;
        }
        let line = text.trim_end_matches('\r').to_owned();
        self.sent.push(line.clone());
        if !self.alive || line == "\u{1b}" {
            return;
        }
        if line.starts_with("AT+CMGS=") && !self.answers.contains_key(&line) {
            if self.prompts {
                self.bytes(b"\r\n> ");
            }
            return;
        }
        let said = self.answers.get(&line).cloned();
        let said =
            said.unwrap_or_else(|| if line.starts_with("AT+CMGD=") { "OK".to_owned() } else { "ERROR".to_owned() });
        if !said.is_empty() {
            self.say(&said);
        }
    }

    /// The modem says lines.
    pub(super) fn say(&mut self, lines: &str) {
        self.bytes(format!("\r\n{lines}\r\n").as_bytes());
    }

    /// The modem says lines of its own accord, and the dialogue goes on.
    pub(super) fn tell(&mut self, lines: &str) {
        self.say(lines);
        self.settle();
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.modem.handle_bytes(self.now, self.wall(), bytes);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(event) = self.modem.poll_event() {
            self.events.push(event);
        }
    }

    pub(super) fn close(&mut self, unwritten: usize) {
        self.half.clear();
        self.modem.handle_closed(self.now, self.wall(), unwritten, "unplugged");
        self.collect();
    }

    pub(super) fn commit(&mut self, token: u32, taken: bool) {
        self.modem.committed(self.now, token, taken);
        self.settle();
    }

    /// Forgets what was sent and told.
    pub(super) fn forget(&mut self) {
        self.sent.clear();
        self.events.clear();
    }

    pub(super) fn submit(&mut self, index: u8, more: bool) {
        let submission = submission();
        self.modem.submit(self.now, self.wall(), &submission, index, more);
        self.settle();
    }

    /// The outcomes so far.
    pub(super) fn outcomes(&self) -> Vec<&SubmitOutcome> {
        let outcome = |event: &'_ ModemEvent| matches!(event, ModemEvent::Submit(_));
        let events = self.events.iter().filter(|event| outcome(event));
        events
            .map(|event| match event {
                ModemEvent::Submit(SubmitResult { outcome, .. }) => outcome,
                _ => unreachable!("filtered"),
            })
            .collect()
    }

    /// Sentences of stages and troubles so far.
    pub(super) fn told(&self) -> String {
        let mut told = String::new();
        for event in &self.events {
            match event {
                ModemEvent::Stage { stage, reason, .. } => told.push_str(&format!("{}: {reason}\n", stage.as_str())),
                ModemEvent::Trouble { text, .. } => told.push_str(&format!("trouble: {text}\n")),
                ModemEvent::Ask(ask) => told.push_str(&format!("ask: {ask:?}\n")),
                _ => {}
            }
        }
        told
    }

    /// How often `line` was sent.
    pub(super) fn count(&self, line: &str) -> usize {
        self.sent.iter().filter(|sent| *sent == line).count()
    }
}

pub(super) fn submission() -> Submission {
    Submission {
        message: message_id(),
        attempt: 1,
        from: None,
        to: "+821012345678".parse().unwrap(),
        class: Class::Transactional,
        encoded: Arc::new(Encoded {
            alphabet: Alphabet::Gsm7,
            indication: Indication::default(),
            concatenation: Concatenation::Reference8,
            reference: 42,
            elements: Vec::new(),
            segments: vec![b"one".to_vec(), b"two".to_vec(), b"three".to_vec()],
        }),
        turns: Vec::new(),
        gap: std::time::Duration::ZERO,
        allowance: None,
        valid_until: Timestamp::from_millis(1_795_000_000_000).plus(S * 86_400),
        parameters: BTreeMap::new(),
    }
}

fn message_id() -> MessageId {
    MessageId::first_at(Timestamp::from_millis(1_795_000_000_000))
}
