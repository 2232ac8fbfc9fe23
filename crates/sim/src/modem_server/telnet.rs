//! The part of telnet and of its serial option (RFC 854, RFC 2217) that a serial server speaks, without IO.
//!
//! Every option that has to do with carrying octets is agreed to; every serial setting is taken and confirmed, and means
//! nothing, since a simulated modem has no speed.

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
/// What the server adds to the code of a request in its answer (RFC 2217, 2).
const ANSWER: u8 = 100;
/// A longer subnegotiation is cut.
const SUBNEGOTIATION_MAX: usize = 64;

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Telnet {
    state: State,
    sub: Vec<u8>,
    /// Options that were answered already, by verb and number, so that no two ends agree for ever.
    answered: Vec<(u8, u8)>,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Data,
    Command,
    Option(u8),
    Sub,
    SubCommand,
}

impl Telnet {
    /// Splits what came into the octets for the modem and the answers for the other end.
    pub fn read(&mut self, octets: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (mut data, mut answers) = (Vec::with_capacity(octets.len()), Vec::new());
        for &octet in octets {
            self.state = match (self.state, octet) {
                (State::Data, IAC) => State::Command,
                (State::Data, _) | (State::Command, IAC) => {
                    data.push(octet);
                    State::Data
                }
                (State::Command, WILL | WONT | DO | DONT) => State::Option(octet),
                (State::Command, SB) => {
                    self.sub.clear();
                    State::Sub
                }
                (State::Command, _) => State::Data,
                (State::Option(verb), option) => {
                    self.answer_option(verb, option, &mut answers);
                    State::Data
                }
                (State::Sub, IAC) => State::SubCommand,
                (State::SubCommand, SE) => {
                    self.answer_setting(&mut answers);
                    State::Data
                }
                (State::Sub | State::SubCommand, _) => {
                    if self.sub.len() < SUBNEGOTIATION_MAX {
                        self.sub.push(octet);
                    }
                    State::Sub
                }
            };
        }
        (data, answers)
    }

    /// Octets of the modem, as they stand on the wire.
    pub fn write(octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len());
        for &octet in octets {
            out.push(octet);
            if octet == IAC {
                out.push(IAC);
            }
        }
        out
    }

    fn answer_option(&mut self, verb: u8, option: u8, answers: &mut Vec<u8>) {
        let known = matches!(option, BINARY | SUPPRESS_GO_AHEAD | COM_PORT);
        let answer = match verb {
            WILL if known => DO,
            WILL => DONT,
            DO if known => WILL,
            DO => WONT,
            _ => return,
        };
        if !self.answered.contains(&(answer, option)) && self.answered.len() < 4 * SUBNEGOTIATION_MAX {
            self.answered.push((answer, option));
            answers.extend_from_slice(&[IAC, answer, option]);
        }
    }

    /// The request's own values come back with its code raised by a hundred.
    fn answer_setting(&self, answers: &mut Vec<u8>) {
        let [COM_PORT, code @ 0..=99, values @ ..] = &self.sub[..] else { return };
        let values = if *code == 0 { b"postrider" } else { values };
        answers.extend_from_slice(&[IAC, SB, COM_PORT, code + ANSWER]);
        answers.extend(Self::write(values));
        answers.extend_from_slice(&[IAC, SE]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_passes_and_its_highest_octet_is_doubled() {
        let mut telnet = Telnet::default();
        let (data, answers) = telnet.read(&[b'A', b'T', IAC, IAC, b'\r']);
        assert_eq!((data.as_slice(), answers.len()), (&b"AT\xff\r"[..], 0));
        assert_eq!(Telnet::write(b"\xffK"), [IAC, IAC, b'K']);
    }

    #[test]
    fn the_serial_option_is_agreed_to_once_and_others_are_not() {
        let mut telnet = Telnet::default();
        let offer = [IAC, WILL, COM_PORT, IAC, DO, COM_PORT, IAC, DO, 24, IAC, WILL, COM_PORT];
        let (data, answers) = telnet.read(&offer);
        assert!(data.is_empty());
        assert_eq!(answers, [IAC, DO, COM_PORT, IAC, WILL, COM_PORT, IAC, WONT, 24]);
    }

    #[test]
    fn a_speed_is_confirmed_even_when_it_comes_in_pieces() {
        let mut telnet = Telnet::default();
        assert_eq!(telnet.read(&[IAC, SB, COM_PORT, 1, 0, 1]), (vec![], vec![]));
        let (_, answers) = telnet.read(&[0xc2, 0, IAC, SE, b'x']);
        assert_eq!(answers, [IAC, SB, COM_PORT, 101, 0, 1, 0xc2, 0, IAC, SE]);
    }
}
