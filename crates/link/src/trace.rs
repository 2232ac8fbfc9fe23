//! Keeps what passed over a link lately, so that a fault can be looked at after it happened.
//!
//! Octets are copied as they pass and read only when somebody asks. Messages, keep-alives and everything else are kept in
//! rings of their own: a second of traffic is not to wash away the refused bind, nor a quiet night the last message.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::clock::Moment;
use postrider_at::Masker;
use postrider_model::{Timestamp, TraceLine};
use postrider_smpp::inbound::{Delivery, delivery};
use postrider_smpp::pdu::{HEADER_OCTETS, describe, describe_masked};
use postrider_smpp::profile::CarrierProfile;
use postrider_smpp::session::Tap;
use postrider_smpp::{CommandId, Pdu};

/// Messages, receipts and their answers that are kept.
const MESSAGES_MAX: usize = 100;
/// `enquire_link` and its answers.
const KEEPALIVES_MAX: usize = 8;
/// Whatever else passed: binds, refusals, what cannot be read.
const OTHERS_MAX: usize = 60;
/// Lines of a modem's dialogue.
const LINES_MAX: usize = 400;
/// What is kept of one PDU; one with a text is shorter.
const OCTETS_MAX: usize = 1024;

/// How much of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Everything but passwords and PINs.
    Whole,
    /// Without texts, and with other digits for the numbers of people, SIMs and devices.
    Masked {
        /// Makes the digits of a modem's dialogue; thrown away afterwards.
        salt: [u8; 16],
    },
}

/// What passed lately.
#[derive(Debug, Default)]
pub(super) struct Trace(Mutex<Rings>);

#[derive(Debug, Default)]
struct Rings {
    passed: u64,
    messages: VecDeque<Passed>,
    keepalives: VecDeque<Passed>,
    others: VecDeque<Passed>,
    lines: VecDeque<TraceLine>,
}

/// A PDU as it passed.
#[derive(Debug, Default)]
struct Passed {
    place: u64,
    at: Timestamp,
    sent: bool,
    length: usize,
    octets: Vec<u8>,
}

impl Trace {
    /// The rings are whole after every statement, so a panic elsewhere leaves them usable.
    fn lock(&self) -> MutexGuard<'_, Rings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a line of a modem's dialogue.
    pub fn push_line(&self, line: TraceLine) {
        let lines = &mut self.lock().lines;
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// What is kept, oldest first.
    pub fn lines(&self, shown: Shown) -> Vec<TraceLine> {
        let rings = self.lock();
        let mut passed: Vec<&Passed> = rings.messages.iter().chain(&rings.keepalives).chain(&rings.others).collect();
        passed.sort_by_key(|passed| passed.place);
        let pdus = passed.into_iter().map(|passed| TraceLine { at: passed.at, text: passed.text(shown) });
        let mut masker = match shown {
            Shown::Whole => None,
            Shown::Masked { salt } => Some(Masker::new(salt)),
        };
        let lines = rings.lines.iter().map(|line| match &mut masker {
            None => line.clone(),
            Some(masker) => TraceLine { at: line.at, text: masker.recent(&line.text) },
        });
        pdus.chain(lines).collect()
    }

    fn push(&self, sent: bool, octets: &[u8]) {
        let at = Moment::read().wall;
        let mut rings = self.lock();
        rings.passed += 1;
        let place = rings.passed;
        let (ring, most) = rings.ring_of(octets);
        // The octets of the one that goes are written over.
        let mut passed = if ring.len() < most { Passed::default() } else { ring.pop_front().unwrap_or_default() };
        (passed.place, passed.at, passed.sent, passed.length) = (place, at, sent, octets.len());
        passed.octets.clear();
        passed.octets.extend_from_slice(octets.get(..OCTETS_MAX).unwrap_or(octets));
        hide_password(&mut passed.octets);
        ring.push_back(passed);
    }
}

impl Tap for Trace {
    fn handle_sent(&self, octets: &[u8]) {
        self.push(true, octets);
    }

    fn handle_received(&self, octets: &[u8]) {
        self.push(false, octets);
    }
}

impl Rings {
    fn ring_of(&mut self, octets: &[u8]) -> (&mut VecDeque<Passed>, usize) {
        let status = word(octets, 8);
        match command(octets) {
            CommandId::ENQUIRE_LINK => (&mut self.keepalives, KEEPALIVES_MAX),
            answer if answer == CommandId::ENQUIRE_LINK.response() && status == 0 => {
                (&mut self.keepalives, KEEPALIVES_MAX)
            }
            id if status == 0 && is_message(CommandId(id.0 & !CommandId::GENERIC_NACK.0)) => {
                (&mut self.messages, MESSAGES_MAX)
            }
            _ => (&mut self.others, OTHERS_MAX),
        }
    }
}

fn is_message(command: CommandId) -> bool {
    matches!(command, CommandId::SUBMIT_SM | CommandId::DELIVER_SM | CommandId::DATA_SM)
}

fn command(octets: &[u8]) -> CommandId {
    CommandId(word(octets, 4))
}

fn word(octets: &[u8], at: usize) -> u32 {
    octets.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |word| u32::from_be_bytes(*word))
}

/// Writes over the password of a bind: the second text of its body.
fn hide_password(octets: &mut [u8]) {
    if !matches!(
        command(octets),
        CommandId::BIND_RECEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSCEIVER | CommandId::OUTBIND
    ) {
        return;
    }
    let Some(body) = octets.get_mut(HEADER_OCTETS..) else { return };
    let mut texts = body.split_mut(|&octet| octet == 0);
    if let Some(password) = texts.nth(1) {
        password.fill(b'*');
    }
}

impl Passed {
    fn text(&self, shown: Shown) -> String {
        let mark = if self.sent { '>' } else { '<' };
        let mut out = format!("{mark} ");
        let whole = self.length == self.octets.len();
        match Pdu::decode(&Bytes::copy_from_slice(&self.octets)) {
            Ok(read) if whole => {
                let fields = match shown {
                    Shown::Whole => describe(&read.pdu),
                    Shown::Masked { .. } => describe_masked(&read.pdu),
                };
                let said = fields.into_iter().filter(|(name, value)| name.starts_with("command") || !is_empty(value));
                let said: Vec<String> = said.map(|(name, value)| format!("{name}={value}")).collect();
                out.push_str(&said.join("; "));
                out.extend(meaning(&read.pdu));
                for quirk in &read.quirks {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "; odd: {quirk}");
                }
            }
            Ok(_) => {
                let _ = write!(out, "{}; {} octets, too long to be kept whole", command(&self.octets), self.length);
            }
            Err(error) => {
                let _ = write!(out, "{}; {} octets that cannot be read: {error}", command(&self.octets), self.length);
            }
        }
        if shown == Shown::Whole {
            out.push_str("; octets=");
            for octet in &self.octets {
                let _ = write!(out, "{octet:02x}");
            }
        }
        out
    }
}

/// Whether a field says nothing: most fields of most PDUs.
fn is_empty(value: &str) -> bool {
    matches!(value, "0" | "\"\"" | "0 octets") || value.starts_with("0x00 (") || value.starts_with("\"\" (")
}

/// What a receipt says, for a carrier of the generic kind.
fn meaning(pdu: &Pdu) -> Option<String> {
    match delivery(&CarrierProfile::default(), &pdu.body) {
        Delivery::Receipt(receipt) => {
            let ids: Vec<&str> = receipt.ids.iter().map(|id| id.as_str()).collect();
            let ids = if ids.is_empty() { "no id was found".to_owned() } else { ids.join(" or ") };
            let error = if receipt.error.is_empty() { String::new() } else { format!(", err {}", receipt.error) };
            Some(format!("; receipt: id {ids}, stat {}{error}", receipt.raw_state))
        }
        Delivery::Message(_) | Delivery::Neither(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_smpp::pdu::{Bind, DeliverSm, SubmitSm};
    use postrider_smpp::{Body, CommandStatus, EncodeLimits};

    const MASKED: Shown = Shown::Masked { salt: [7; 16] };

    fn octets(pdu: &Pdu) -> Vec<u8> {
        let mut out = bytes::BytesMut::new();
        pdu.encode_within(&EncodeLimits::SMPP_3_4, &mut out).unwrap();
        out.to_vec()
    }

    fn texts(trace: &Trace, shown: Shown) -> Vec<String> {
        trace.lines(shown).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_refused_bind_outlives_a_flood_and_its_password_is_never_kept() {
        let trace = Trace::default();
        let bind = Bind { system_id: "shop".into(), password: "s3cret".into(), ..Bind::default() };
        trace.handle_sent(&octets(&Pdu::request(1, Body::Bind(bind))));
        let refused = Pdu::answer(
            CommandStatus::RINVPASWD,
            1,
            Body::Unknown { command_id: CommandId::BIND_TRANSCEIVER.response(), octets: Bytes::new() },
        );
        trace.handle_received(&octets(&refused));
        for sequence in 2..1_000 {
            trace.handle_sent(&octets(&Pdu::request(sequence, Body::SubmitSm(SubmitSm::default()))));
            trace.handle_sent(&octets(&Pdu::request(sequence, Body::EnquireLink)));
        }
        let lines = texts(&trace, Shown::Whole);
        assert_eq!(lines.len(), 2 + MESSAGES_MAX + KEEPALIVES_MAX);
        assert!(lines[0].contains("system_id=\"shop\"") && lines[1].contains("ESME_RINVPASWD"), "{lines:?}");
        let secret: String = b"s3cret".iter().map(|octet| format!("{octet:02x}")).collect();
        assert!(!lines[0].contains("s3cret") && !lines[0].contains(&secret), "{}", lines[0]);
    }

    #[test]
    fn masked_lines_show_no_text_and_no_whole_number_but_what_a_receipt_says() {
        let trace = Trace::default();
        let mut submit = SubmitSm { short_message: Bytes::from_static(b"your code is 1234"), ..SubmitSm::default() };
        submit.destination_addr.addr = "821012345678".into();
        trace.handle_sent(&octets(&Pdu::request(7, Body::SubmitSm(submit))));
        let mut receipt = DeliverSm {
            esm_class: 4,
            short_message: Bytes::from_static(b"id:0007000001 stat:UNDELIV err:013 text:your code is"),
            ..DeliverSm::default()
        };
        receipt.source_addr.addr = "821012345678".into();
        trace.handle_received(&octets(&Pdu::request(9, Body::DeliverSm(receipt))));
        let lines = texts(&trace, MASKED);
        assert!(lines.iter().all(|line| !line.contains("12345678") && !line.contains("octets=")), "{lines:?}");
        assert!(
            lines[0].starts_with("> command_id=submit_sm") && lines[0].contains("17 octets, not shown"),
            "{lines:?}"
        );
        assert!(lines[1].ends_with("; receipt: id 0007000001, stat UNDELIV, err 013"), "{lines:?}");
        let whole = texts(&trace, Shown::Whole);
        assert!(whole[0].contains("821012345678") && whole[0].contains("; octets=000000"), "{whole:?}");
    }

    #[test]
    fn octets_that_are_no_pdu_are_kept_and_named() {
        let trace = Trace::default();
        trace.handle_received(&[0, 0, 0, 17, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 65]);
        trace.handle_received(&[0; 3]);
        let mut long = octets(&Pdu::request(1, Body::EnquireLink));
        long.resize(5_000, 0);
        trace.handle_received(&long);
        let lines = texts(&trace, MASKED);
        assert!(lines[0].contains("deliver_sm") && lines[0].contains("17 octets that cannot be read"), "{lines:?}");
        assert_eq!(lines.len(), 3);
    }
}
