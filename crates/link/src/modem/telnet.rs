//! Bytes to and from a serial server that speaks RFC 2217: telnet escapes, and the option that sets up the line.
//!
//! Everything that the server asks for besides is refused, once, so that no two ends can talk each other into a loop.

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;

const BINARY: u8 = 0;
const SUPPRESS_GO_AHEAD: u8 = 3;
const COM_PORT: u8 = 44;

const SET_BAUD_RATE: u8 = 1;
const SET_DATA_SIZE: u8 = 2;
const SET_PARITY: u8 = 3;
const SET_STOP_SIZE: u8 = 4;
const SET_CONTROL: u8 = 5;

/// One end of a telnet connection to a serial server.
#[derive(Debug)]
pub(super) struct Telnet {
    state: State,
    baud: u32,
    handshake: bool,
    /// The line was set up: the server said that it can.
    line_set: bool,
    /// Options that were refused already.
    refused: [bool; 256],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    Escape,
    Verb(u8),
    Sub,
    SubEscape,
}

impl Telnet {
    pub fn new(baud: u32, handshake: bool) -> Self {
        Self { state: State::Data, baud, handshake, line_set: false, refused: [false; 256] }
    }

    /// What is sent first.
    pub fn hello(&self) -> Vec<u8> {
        [(WILL, COM_PORT), (WILL, BINARY), (DO, BINARY), (WILL, SUPPRESS_GO_AHEAD), (DO, SUPPRESS_GO_AHEAD)]
            .into_iter()
            .flat_map(|(verb, option)| [IAC, verb, option])
            .collect()
    }

    /// Adds `data` to `out` as it goes over the wire.
    pub fn encode(data: &[u8], out: &mut Vec<u8>) {
        for &byte in data {
            out.push(byte);
            if byte == IAC {
                out.push(IAC);
            }
        }
    }

    /// Takes what came from the server: data goes to `data`, answers that are due go to `reply`.
    pub fn decode(&mut self, input: &[u8], data: &mut Vec<u8>, reply: &mut Vec<u8>) {
        for &byte in input {
            self.state = match (self.state, byte) {
                (State::Data, IAC) => State::Escape,
                (State::Data, _) => {
                    data.push(byte);
                    State::Data
                }
                (State::Escape, IAC) => {
                    data.push(IAC);
                    State::Data
                }
                (State::Escape, DO | DONT | WILL | WONT) => State::Verb(byte),
                (State::Escape, SB) => State::Sub,
                (State::Escape, _) => State::Data,
                (State::Verb(verb), option) => {
                    self.answer(verb, option, reply);
                    State::Data
                }
                // Notices of the line's state tell nothing that the modem does not say itself.
                (State::Sub, IAC) => State::SubEscape,
                (State::Sub, _) => State::Sub,
                (State::SubEscape, SE) => State::Data,
                (State::SubEscape, _) => State::Sub,
            };
        }
    }

    fn answer(&mut self, verb: u8, option: u8, reply: &mut Vec<u8>) {
        match (verb, option) {
            (DO, COM_PORT) => self.set_line(reply),
            // These were offered or asked for in the greeting.
            (DO | WILL, BINARY | SUPPRESS_GO_AHEAD) | (DONT | WONT, _) | (WILL, COM_PORT) => {}
            (DO | WILL, _) if !std::mem::replace(&mut self.refused[usize::from(option)], true) => {
                reply.extend([IAC, if verb == DO { WONT } else { DONT }, option]);
            }
            _ => {}
        }
    }

    fn set_line(&mut self, reply: &mut Vec<u8>) {
        if std::mem::replace(&mut self.line_set, true) {
            return;
        }
        let mut set = |what: u8, value: &[u8]| {
            reply.extend([IAC, SB, COM_PORT, what]);
            Self::encode(value, reply);
            reply.extend([IAC, SE]);
        };
        set(SET_BAUD_RATE, &self.baud.to_be_bytes());
        set(SET_DATA_SIZE, &[8]);
        set(SET_PARITY, &[1]);
        set(SET_STOP_SIZE, &[1]);
        set(SET_CONTROL, &[if self.handshake { 3 } else { 1 }]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(telnet: &mut Telnet, input: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (mut data, mut reply) = (Vec::new(), Vec::new());
        telnet.decode(input, &mut data, &mut reply);
        (data, reply)
    }

    #[test]
    fn data_that_looks_like_an_escape_is_doubled_and_halved() {
        let mut wire = Vec::new();
        Telnet::encode(b"AT\xff\r", &mut wire);
        assert_eq!(wire, b"AT\xff\xff\r");
        let mut telnet = Telnet::new(115_200, false);
        // Cut at every place, the data is the same.
        for cut in 0..wire.len() {
            let (mut first, _) = decode(&mut telnet, &wire[..cut]);
            first.extend(decode(&mut telnet, &wire[cut..]).0);
            assert_eq!(first, b"AT\xff\r");
        }
    }

    #[test]
    fn the_line_is_set_up_once_when_the_server_can() {
        let mut telnet = Telnet::new(9_600, true);
        assert!(telnet.hello().starts_with(&[IAC, WILL, COM_PORT]));
        let (data, reply) = decode(&mut telnet, &[b'x', IAC, DO, COM_PORT, b'y']);
        assert_eq!(data, b"xy");
        let baud = [IAC, SB, COM_PORT, SET_BAUD_RATE, 0, 0, 0x25, 0x80, IAC, SE];
        assert!(reply.starts_with(&baud), "{reply:?}");
        assert!(reply.ends_with(&[IAC, SB, COM_PORT, SET_CONTROL, 3, IAC, SE]));
        assert!(decode(&mut telnet, &[IAC, DO, COM_PORT]).1.is_empty());
    }

    #[test]
    fn what_else_the_server_wants_is_refused_once() {
        let mut telnet = Telnet::new(9_600, false);
        assert_eq!(decode(&mut telnet, &[IAC, DO, 24, IAC, WILL, 1]).1, [IAC, WONT, 24, IAC, DONT, 1]);
        assert!(decode(&mut telnet, &[IAC, DO, 24, IAC, WILL, 1, IAC, DONT, 24]).1.is_empty());
    }

    #[test]
    fn notices_of_the_line_are_not_data() {
        let mut telnet = Telnet::new(9_600, false);
        let (data, _) =
            decode(&mut telnet, &[b'a', IAC, SB, COM_PORT, 107, IAC, IAC, 3, IAC, SE, b'b', IAC, 241, b'c']);
        assert_eq!(data, b"abc");
    }
}
