//! Plays the modem's side of a recorded dialogue.
//!
//! Queries may come in any order and more than once; sends, PINs and USSD codes come in the order of the dialogue. What the
//! dialogue does not know is answered by a simulated modem of no maker, so that a short dialogue is enough.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::fixture::Fixture;
use super::fixture_script::{Exchange, Lexer, Piece, Token, is_about_messages, same_pdu, script};
use super::modem::{PortChange, SimModem, SimModemSettings};

/// So long after the gateway was set up and quiet, messages come.
const QUIET: Duration = Duration::from_secs(1);
/// So long without a query, the dialogue goes on without it.
const PATIENCE: Duration = Duration::from_secs(5);
/// What waits while an answer is being given.
const INPUT_MAX: usize = 16 * 1024;
/// Complaints that are kept.
const ERRORS_MAX: usize = 100;

/// How a dialogue is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayerSettings {
    /// The silences of the dialogue are divided by this.
    pub haste: u32,
    /// Whether any message will do where the dialogue sends one.
    pub any_message: bool,
}

impl Default for PlayerSettings {
    fn default() -> Self {
        Self { haste: 1, any_message: false }
    }
}

/// The player, with the face of [`SimModem`].
#[derive(Debug)]
pub struct Player {
    name: String,
    settings: PlayerSettings,
    exchanges: Vec<Exchange>,
    /// The first exchange behind the last anchor that was served.
    segment: usize,
    lexer: Lexer,
    input: VecDeque<u8>,
    /// The answer that is being given.
    answer: VecDeque<Piece>,
    /// What the modem says by itself, in order.
    events: VecDeque<Piece>,
    due: Instant,
    heard_at: Instant,
    /// Whether the gateway asked for indications.
    is_set_up: bool,
    fallback: SimModem,
    out: Vec<u8>,
    ports: VecDeque<PortChange>,
    errors: Vec<String>,
}

impl Player {
    /// A player of `fixture`.
    pub fn new(now: Instant, fixture: &Fixture, settings: PlayerSettings) -> Self {
        let (before, exchanges) = script(fixture);
        let mut fallback = SimModem::new(now, SimModemSettings::default(), 0);
        fallback.handle_bytes(now, b"ATE0\r");
        while fallback.poll_transmit().is_some() {}
        let mut player = Self {
            name: fixture.name.clone(),
            settings,
            exchanges,
            segment: 0,
            lexer: Lexer::default(),
            input: VecDeque::new(),
            answer: VecDeque::new(),
            events: before.into(),
            due: now,
            heard_at: now,
            is_set_up: false,
            fallback,
            out: Vec::new(),
            ports: VecDeque::new(),
            errors: Vec::new(),
        };
        player.turn(now);
        player
    }

    /// Octets from the gateway.
    pub fn handle_bytes(&mut self, now: Instant, octets: &[u8]) {
        let room = INPUT_MAX.saturating_sub(self.input.len());
        self.input.extend(octets.iter().take(room));
        self.heard_at = now;
        self.turn(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.turn(now);
    }

    /// Octets for the gateway.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if self.out.is_empty() { None } else { Some(std::mem::take(&mut self.out)) }
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.answer.is_empty() {
            return Some(self.due);
        }
        match self.events.front() {
            Some(piece) if is_about_messages(piece) => self.is_set_up.then(|| (self.heard_at + QUIET).max(self.due)),
            Some(_) => Some(self.due),
            None if self.is_set_up && self.skippable().is_some() => Some((self.heard_at + PATIENCE).max(self.due)),
            None => None,
        }
    }

    /// What happened to the port.
    pub fn poll_port(&mut self) -> Option<PortChange> {
        self.ports.pop_front()
    }

    /// What did not go as in the dialogue, each naming file and line.
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    /// The sends, PINs and USSD codes of the dialogue that did not come yet, each naming file and line.
    pub fn missing(&self) -> Vec<String> {
        let open = self.exchanges.iter().filter(|exchange| exchange.is_anchor() && !exchange.served);
        open.map(|exchange| format!("{}:{}: {:?} did not come", self.name, exchange.line, exchange.token)).collect()
    }

    /// The port is gone: what was half written is forgotten, and the dialogue stays where it is.
    pub fn handle_unplugged(&mut self) {
        self.input.clear();
        self.lexer = Lexer::default();
        self.out.clear();
        self.is_set_up = false;
    }

    fn turn(&mut self, now: Instant) {
        loop {
            if self.play(now) {
                continue;
            }
            if !self.answer.is_empty() {
                return;
            }
            let Some(octet) = self.input.pop_front() else { break };
            if let Some(token) = self.lexer.take(octet) {
                self.serve(now, &token);
            }
        }
    }

    /// Plays one piece, if one is due.
    fn play(&mut self, now: Instant) -> bool {
        if self.poll_timeout().is_none_or(|at| at > now) {
            return false;
        }
        let piece = self.answer.pop_front().or_else(|| {
            self.heard_at = self.heard_at.max(now);
            self.events.pop_front()
        });
        match piece {
            Some(Piece::Say(octets)) => self.out.extend(octets),
            Some(Piece::Wait(span)) => self.wait(now, span),
            Some(Piece::Close) => {
                self.handle_unplugged();
                self.ports.push_back(PortChange::Gone);
            }
            Some(Piece::Open(span)) => {
                // It is gone for the time, and then there.
                self.wait(now, span);
                self.answer.push_front(Piece::Open(Duration::ZERO));
                if span.is_zero() {
                    self.answer.pop_front();
                    self.ports.push_back(PortChange::Back);
                }
            }
            None => self.skip(),
        }
        true
    }

    fn wait(&mut self, now: Instant, span: Duration) {
        self.due = self.due.max(now) + span / self.settings.haste.max(1);
    }

    /// The first exchange that nobody asked for and behind which the modem goes on by itself.
    fn skippable(&self) -> Option<usize> {
        let end = self.next_anchor().unwrap_or(self.exchanges.len());
        (self.segment..end).find(|place| {
            self.exchanges.get(*place).is_some_and(|exchange| !exchange.served && !exchange.after.is_empty())
        })
    }

    /// The gateway is quiet, and the dialogue goes on without what it did not ask.
    fn skip(&mut self) {
        let Some(exchange) = self.skippable().and_then(|place| self.exchanges.get_mut(place)) else { return };
        self.events.extend(std::mem::take(&mut exchange.after));
    }

    fn next_anchor(&self) -> Option<usize> {
        self.exchanges.iter().position(|exchange| exchange.is_anchor() && !exchange.served)
    }

    fn serve(&mut self, now: Instant, token: &Token) {
        if let Token::Line(text) = token
            && text.starts_with("AT+CNMI=")
            && !text.ends_with('?')
        {
            self.is_set_up = true;
        }
        if let Token::Line(text) = token
            && ["AT+CNMI=", "AT+CMGF=", "ATE"].iter().any(|setting| text.starts_with(setting))
        {
            // Questions that the dialogue does not have are answered by what it set.
            self.set(now, text);
        }
        self.due = self.due.max(now);
        if let Some(place) = self.next_anchor()
            && let Some(anchor) = self.exchanges.get(place)
            && self.fits(anchor, token)
        {
            self.check(place, token);
            self.serve_anchor(place);
            return;
        }
        let end = self.next_anchor().unwrap_or(self.exchanges.len());
        let same = |exchange: &Exchange| exchange.token == *token && !exchange.is_anchor();
        let fresh = (self.segment..end)
            .find(|place| self.exchanges.get(*place).is_some_and(|exchange| same(exchange) && !exchange.served));
        if let Some(exchange) = fresh.and_then(|place| self.exchanges.get_mut(place)) {
            exchange.served = true;
            self.answer.extend(exchange.answer.iter().cloned());
            self.events.extend(std::mem::take(&mut exchange.after));
            return;
        }
        let known = self.exchanges.iter().take(end).rev().find(|exchange| same(exchange) && exchange.served);
        match (known, token) {
            (Some(exchange), _) => self.answer.extend(exchange.answer.iter().cloned()),
            (None, Token::Line(text)) if text.starts_with("AT+CMGS=") => {
                self.complain(token);
                self.out.extend_from_slice(b"\r\nERROR\r\n");
            }
            (None, Token::Line(text)) => self.fall_back(now, text),
            (None, Token::Pdu(_)) => self.complain(token),
            (None, Token::Escape) => {}
        }
    }

    /// Whether `token` is the anchor, as far as it can be told apart from queries.
    fn fits(&self, anchor: &Exchange, token: &Token) -> bool {
        match (&anchor.token, token) {
            (Token::Line(expected), Token::Line(got)) => {
                let both = |start: &str| expected.starts_with(start) && got.starts_with(start);
                both("AT+CMGS=") || both("AT+CPIN=") || both("AT+CUSD=")
            }
            (Token::Pdu(_), Token::Pdu(_)) => true,
            _ => false,
        }
    }

    /// Complains where the anchor came in another form.
    fn check(&mut self, place: usize, token: &Token) {
        let Some(anchor) = self.exchanges.get(place) else { return };
        let same = match (&anchor.token, token) {
            (Token::Pdu(expected), Token::Pdu(got)) => same_pdu(expected, got),
            (expected, got) => expected == got,
        };
        if !same && !self.settings.any_message && self.errors.len() < ERRORS_MAX {
            self.errors.push(format!("{}:{}: expected {:?}, got {token:?}", self.name, anchor.line, anchor.token));
        }
    }

    fn complain(&mut self, token: &Token) {
        if self.errors.len() < ERRORS_MAX {
            let line = self.exchanges.last().map_or(0, |exchange| exchange.line);
            self.errors.push(format!("{}:{line}: the dialogue has no place for {token:?}", self.name));
        }
    }

    /// What was not asked before the anchor is passed over, and what followed it is said first.
    fn serve_anchor(&mut self, place: usize) {
        let segment = std::mem::replace(&mut self.segment, place + 1);
        for exchange in self.exchanges.iter_mut().take(place).skip(segment).filter(|exchange| !exchange.served) {
            exchange.served = true;
            self.events.extend(std::mem::take(&mut exchange.after));
        }
        if let Some(anchor) = self.exchanges.get_mut(place) {
            anchor.served = true;
            self.answer.extend(anchor.answer.iter().cloned());
            self.events.extend(std::mem::take(&mut anchor.after));
        }
    }

    fn set(&mut self, now: Instant, line: &str) {
        self.fallback.handle_bytes(now, line.as_bytes());
        self.fallback.handle_bytes(now, b"\r");
        while self.fallback.poll_transmit().is_some() {}
    }

    fn fall_back(&mut self, now: Instant, line: &str) {
        self.fallback.handle_bytes(now, line.as_bytes());
        self.fallback.handle_bytes(now, b"\r");
        while let Some(octets) = self.fallback.poll_transmit() {
            self.out.extend(octets);
        }
    }
}
