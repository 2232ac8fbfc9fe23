//! A dialogue as exchanges: what is asked, what is answered, and what the modem says by itself afterwards.

use std::time::Duration;

use super::fixture::{Fixture, What};
use super::modem::{from_hex, read_pdu};

/// What the gateway writes, whichever way it is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Line(String),
    Pdu(String),
    Escape,
}

/// What the modem does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Say(Vec<u8>),
    Wait(Duration),
    Close,
    Open(Duration),
}

/// One exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exchange {
    pub line: usize,
    pub token: Token,
    /// Up to the final result.
    pub answer: Vec<Piece>,
    /// What comes by itself behind it.
    pub after: Vec<Piece>,
    pub served: bool,
}

impl Exchange {
    /// Whether its place among the others is fixed: a send, its PDU, a PIN, a USSD code.
    pub fn is_anchor(&self) -> bool {
        match &self.token {
            Token::Pdu(_) => true,
            Token::Line(text) => ["AT+CMGS=", "AT+CPIN=", "AT+CUSD="].iter().any(|start| text.starts_with(start)),
            Token::Escape => false,
        }
    }
}

/// Cuts what the gateway writes into tokens. A PDU is what ends with Ctrl-Z.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    text: Vec<u8>,
}

/// Longer lines are cut.
const LINE_MAX: usize = 1024;

impl Lexer {
    pub fn take(&mut self, octet: u8) -> Option<Token> {
        match octet {
            0x1b => {
                self.text.clear();
                return Some(Token::Escape);
            }
            0x1a => return Some(Token::Pdu(self.text())),
            b'\r' => return Some(self.text()).filter(|text| !text.is_empty()).map(Token::Line),
            b'\n' => {}
            _ if self.text.len() < LINE_MAX => self.text.push(octet),
            _ => {}
        }
        None
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.text)).trim().to_owned()
    }
}

/// The dialogue's exchanges, and what the modem says before the first.
pub(super) fn script(fixture: &Fixture) -> (Vec<Piece>, Vec<Exchange>) {
    let (mut before, mut exchanges) = (Vec::new(), Vec::<Exchange>::new());
    let mut lexer = Lexer::default();
    for step in &fixture.steps {
        let piece = match &step.what {
            What::Write(octets) => {
                for token in octets.iter().filter_map(|octet| lexer.take(*octet)) {
                    exchanges.push(Exchange {
                        line: step.line,
                        token,
                        answer: Vec::new(),
                        after: Vec::new(),
                        served: false,
                    });
                }
                continue;
            }
            What::Say(octets) => Piece::Say(octets.clone()),
            What::Wait(span) => Piece::Wait(*span),
            // The gateway's own timer makes this wait.
            What::Timeout(_) => continue,
            What::Close => Piece::Close,
            What::Open(span) => Piece::Open(*span),
        };
        exchanges.last_mut().map_or(&mut before, |exchange| &mut exchange.answer).push(piece);
    }
    for exchange in &mut exchanges {
        let end = exchange.answer.iter().position(is_final).map_or(exchange.answer.len(), |end| end + 1);
        exchange.after = exchange.answer.split_off(end);
    }
    (before, exchanges)
}

/// Whether a command has its answer with this.
fn is_final(piece: &Piece) -> bool {
    let Piece::Say(octets) = piece else { return false };
    let said = String::from_utf8_lossy(octets);
    let last = said.trim_end_matches(['\r', '\n']).rsplit(['\r', '\n']).next().unwrap_or_default();
    let words = ["OK", "ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS", "NO CARRIER", "> "];
    words.contains(&last) || last.starts_with("+CME ERROR") || last.starts_with("+CMS ERROR")
}

/// Whether it is about a message, and so means something only to a gateway that was set up.
pub(super) fn is_about_messages(piece: &Piece) -> bool {
    let Piece::Say(octets) = piece else { return false };
    let said = String::from_utf8_lossy(octets);
    ["+CMTI", "+CMT:", "+CDS", "^SMMEMFULL", "^SMGO"].iter().any(|start| said.trim_start().starts_with(start))
}

/// Whether two PDUs are the same but for what a gateway chooses itself: TP-MR, the validity period and TP-RD.
pub(super) fn same_pdu(expected: &str, got: &str) -> bool {
    let read = |text: &str| {
        let mut content = read_pdu(&from_hex(text.as_bytes())?)?;
        (content.reference, content.reject_duplicates) = (0, false);
        content.validity.clear();
        Some(content)
    };
    expected.eq_ignore_ascii_case(got) || read(expected).is_some_and(|expected| read(got) == Some(expected))
}
