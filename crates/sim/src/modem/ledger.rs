//! What the network took from a modem, part by part, and what a handset shows of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::air::Submitted;
use crate::assemble::{Assembler, Shown};
use crate::ledger::Entry;
use postrider_model::Timestamp;

/// One part that the network took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPart {
    /// When.
    pub at: Timestamp,
    /// The modem's name.
    pub modem: Arc<str>,
    /// The TP-MR that the modem gave it.
    pub reference: u8,
    /// What was in the TPDU.
    pub content: Submitted,
    /// The TPDU as the gateway wrote it.
    pub tpdu: Vec<u8>,
}

/// A whole message as the handset shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// When its last part was taken.
    pub at: Timestamp,
    /// The handset.
    pub recipient: String,
    /// The text.
    pub text: String,
    /// How many parts it came in.
    pub parts: u8,
}

/// Sums since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModemCounts {
    /// Parts that the network took.
    pub taken: u64,
    /// Sends that ended with an error.
    pub refused: u64,
    /// Sends that never got a result.
    pub unanswered: u64,
    /// Status reports that the modem passed on, repeats included.
    pub reports: u64,
    /// Status reports that nobody wanted or that the fault lost.
    pub reports_dropped: u64,
    /// Incoming parts that the modem passed on or stored, repeats included.
    pub received: u64,
    /// Deliveries that were not acknowledged in time and will come again.
    pub unacknowledged: u64,
    /// Deliveries that found the store full.
    pub full: u64,
    /// Command lines.
    pub commands: u64,
    /// Starts, the first not counted.
    pub reboots: u64,
}

/// The ledger.
#[derive(Debug)]
pub struct ModemLedger {
    modem: Arc<str>,
    keep: usize,
    parts: VecDeque<SentPart>,
    messages: VecDeque<SentMessage>,
    fresh: VecDeque<SentMessage>,
    assembler: Assembler,
    /// The sums.
    pub counts: ModemCounts,
}

impl ModemLedger {
    pub(super) fn new(modem: &str, keep: usize) -> Self {
        Self {
            modem: modem.into(),
            keep,
            parts: VecDeque::new(),
            messages: VecDeque::new(),
            fresh: VecDeque::new(),
            assembler: Assembler::default(),
            counts: ModemCounts::default(),
        }
    }

    /// The parts that the network took, oldest first.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &SentPart> {
        self.parts.iter()
    }

    /// The whole messages, oldest first.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = &SentMessage> {
        self.messages.iter()
    }

    /// Takes the whole messages that came since the last call.
    pub fn take_messages(&mut self) -> Vec<SentMessage> {
        self.fresh.drain(..).collect()
    }

    /// What the network took more than once; see [`doubled`].
    pub fn doubled(&self) -> Vec<(String, usize)> {
        doubled(self.parts())
    }

    pub(super) fn record(&mut self, at: Timestamp, reference: u8, content: Submitted, tpdu: Vec<u8>) {
        self.counts.taken += 1;
        let part = SentPart { at, modem: Arc::clone(&self.modem), reference, content, tpdu };
        if let Some(shown) = self.assembler.take(&entry(&part)) {
            let message =
                SentMessage { at, recipient: shown.destination.clone(), text: text(&shown), parts: shown.parts };
            push(&mut self.fresh, message.clone(), self.keep);
            push(&mut self.messages, message, self.keep);
        }
        push(&mut self.parts, part, self.keep);
    }
}

/// Recipients that got the same octets more than once, with how often; over the ledgers of several modems if wanted.
pub fn doubled<'a>(parts: impl Iterator<Item = &'a SentPart>) -> Vec<(String, usize)> {
    let mut copies: BTreeMap<(&str, &[u8], &[u8]), usize> = BTreeMap::new();
    for SentPart { content, .. } in parts {
        *copies.entry((&content.recipient, &content.header, &content.payload)).or_default() += 1;
    }
    copies.into_iter().filter(|(_, count)| *count > 1).map(|((to, _, _), count)| (to.to_owned(), count)).collect()
}

fn push<T>(queue: &mut VecDeque<T>, value: T, keep: usize) {
    if queue.len() >= keep {
        queue.pop_front();
    }
    queue.push_back(value);
}

fn text(shown: &Shown) -> String {
    shown.text()
}

/// The part as the carrier's ledger would have it, for the assembler that both share.
fn entry(part: &SentPart) -> Entry {
    let content = &part.content;
    Entry {
        at: part.at,
        account: Arc::clone(&part.modem),
        connection: 1,
        sequence: 0,
        source: String::new(),
        destination: content.recipient.clone(),
        esm_class: if content.header.is_empty() { 0 } else { 0x40 },
        protocol_id: content.protocol_id,
        data_coding: content.alphabet_code(),
        sar: None,
        user_data: [&content.header[..], &content.payload[..]].concat(),
        tlvs: Vec::new(),
        message_id: part.reference.to_string(),
        status: 0,
    }
}
