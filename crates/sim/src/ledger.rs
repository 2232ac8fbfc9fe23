//! What the simulated carrier remembers: every submission as it came, and what became of every receipt.
//!
//! The ledger is the second book beside the gateway's own. A test compares both; so a line is written before the
//! answer that it records leaves.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

use super::delivery::Inbound;
use super::settings::FinalState;
use postrider_model::Timestamp;

/// How much the ledger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Numbers only, for runs that measure speed.
    Counts,
    /// The last so many submissions as well.
    Last(usize),
}

/// `sar_msg_ref_num`, `sar_total_segments`, `sar_segment_seqnum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sar {
    /// The sender's reference.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which this is, from 1.
    pub number: u8,
}

/// One submission as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The account's `system_id`.
    pub account: Arc<str>,
    /// The connection, from 1.
    pub connection: u32,
    /// Its sequence number.
    pub sequence: u32,
    /// `source_addr`.
    pub source: String,
    /// `destination_addr`.
    pub destination: String,
    /// `esm_class`.
    pub esm_class: u8,
    /// `protocol_id`.
    pub protocol_id: u8,
    /// `data_coding`.
    pub data_coding: u8,
    /// The `sar_*` TLVs.
    pub sar: Option<Sar>,
    /// The user data with its header, from `short_message` or `message_payload`.
    pub user_data: Vec<u8>,
    /// All TLVs in wire form.
    pub tlvs: Vec<u8>,
    /// The id in the answer; empty when refused.
    pub message_id: String,
    /// The `command_status` of the answer.
    pub status: u32,
}

/// Sums since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accepted binds.
    pub binds: u64,
    /// Refused binds.
    pub binds_refused: u64,
    /// Submissions that were taken.
    pub taken: u64,
    /// Submissions that were refused.
    pub refused: u64,
    /// Receipts that were written to a connection, repeats included.
    pub receipts_sent: u64,
    /// Receipts that were answered with "no error".
    pub receipts_acknowledged: u64,
    /// Incoming messages that were written to a connection, repeats included.
    pub inbound_sent: u64,
    /// Incoming messages that were answered with "no error".
    pub inbound_acknowledged: u64,
    /// Deliveries that the client refused.
    pub deliveries_refused: u64,
    /// Frames that could not be read, and answers that nobody waits for.
    pub odd: u64,
}

/// What became of a message that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// How it ended on the handset, whether a receipt told so or not.
    pub state: FinalState,
    /// How often the client acknowledged the receipt that tells it.
    pub acknowledged: u32,
}

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    keep: Keep,
    entries: VecDeque<Entry>,
    /// By the message's number.
    fates: BTreeMap<u64, Fate>,
    /// The sums.
    pub counts: Counts,
    lines: Option<String>,
}

impl Ledger {
    /// An empty ledger. With `lines`, each entry is also written as a line for a file.
    pub fn new(keep: Keep, lines: bool) -> Self {
        Self {
            keep,
            entries: VecDeque::new(),
            fates: BTreeMap::new(),
            counts: Counts::default(),
            lines: lines.then(String::new),
        }
    }

    /// The kept submissions, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// What became of the message with this number: the first that was taken is 1, those of other clients count too.
    pub fn fate(&self, number: u64) -> Option<Fate> {
        self.fates.get(&number).copied()
    }

    /// The message ended so. As many ends are kept as submissions.
    pub(super) fn decide(&mut self, number: u64, state: FinalState) {
        let Keep::Last(most) = self.keep else { return };
        if self.fates.len() >= most {
            self.fates.pop_first();
        }
        self.fates.insert(number, Fate { state, acknowledged: 0 });
    }

    /// The client acknowledged a receipt that says `state`.
    pub(super) fn acknowledge(&mut self, number: u64, state: FinalState) {
        if let Some(fate) = self.fates.get_mut(&number).filter(|fate| fate.state == state) {
            fate.acknowledged = fate.acknowledged.saturating_add(1);
        }
    }

    /// Whether anybody wants whole entries, so that none is built in vain.
    pub(super) fn wants_entries(&self) -> bool {
        self.lines.is_some() || self.keep != Keep::Counts
    }

    /// Takes the lines that were not taken before.
    pub fn take_lines(&mut self) -> Option<String> {
        self.lines.as_mut().filter(|lines| !lines.is_empty()).map(std::mem::take)
    }

    pub(super) fn record(&mut self, entry: Entry) {
        if let Some(lines) = &mut self.lines {
            write_submission(lines, &entry);
        }
        if let Keep::Last(most) = self.keep {
            if self.entries.len() >= most {
                self.entries.pop_front();
            }
            self.entries.push_back(entry);
        }
    }

    /// `what` is `receipt-sent`, `receipt-acknowledged` or `refused`.
    pub(super) fn record_delivery(&mut self, what: &str, at: Timestamp, account: &str, id: &str, state: &str) {
        if let Some(lines) = &mut self.lines {
            let _ = writeln!(lines, "{what}\t{at}\t{account}\t{id}\t{state}");
        }
    }

    /// `what` is `inbound-sent`, `inbound-acknowledged` or `inbound-refused`; the line has the connection, the
    /// handset, and the user data in hex.
    pub(super) fn record_inbound(&mut self, what: &str, at: Timestamp, account: &str, id: u32, part: &Inbound) {
        if let Some(lines) = &mut self.lines {
            let _ = write!(lines, "{what}\t{at}\t{account}\t{id}\t{}\t", part.source.addr.to_text());
            write_hex(lines, &part.user_data);
        }
    }
}

/// Tab-separated: `submit`, time, account, connection, sequence, source, destination, `esm_class`, `data_coding`,
/// sar as `ref/total/number` or `-`, id or `-`, status, user data in hex.
fn write_submission(lines: &mut String, entry: &Entry) {
    let Entry { at, account, connection, sequence, source, destination, .. } = entry;
    let _ = write!(lines, "submit\t{at}\t{account}\t{connection}\t{sequence}\t{source}\t{destination}");
    let _ = write!(lines, "\t{:02x}\t{:02x}\t", entry.esm_class, entry.data_coding);
    let _ = match entry.sar {
        Some(sar) => write!(lines, "{}/{}/{}", sar.reference, sar.total, sar.number),
        None => write!(lines, "-"),
    };
    let id = if entry.message_id.is_empty() { "-" } else { &entry.message_id };
    let _ = write!(lines, "\t{id}\t{:08x}\t", entry.status);
    write_hex(lines, &entry.user_data);
}

/// Octets in hex, which end the line.
fn write_hex(lines: &mut String, octets: &[u8]) {
    for octet in octets {
        let _ = write!(lines, "{octet:02x}");
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(sequence: u32) -> Entry {
        Entry {
            at: Timestamp::from_millis(1_795_305_600_250),
            account: "shop1".into(),
            connection: 1,
            sequence,
            source: "15771234".to_owned(),
            destination: "821012345678".to_owned(),
            esm_class: 0x40,
            protocol_id: 0,
            data_coding: 8,
            sar: None,
            user_data: vec![0xc5, 0x48],
            tlvs: Vec::new(),
            message_id: "0a".to_owned(),
            status: 0,
        }
    }

    #[test]
    fn a_line_tells_the_whole_submission() {
        let mut ledger = Ledger::new(Keep::Counts, true);
        ledger.record(entry(7));
        let expected =
            "submit\t2026-11-22T00:00:00.250Z\tshop1\t1\t7\t15771234\t821012345678\t40\t08\t-\t0a\t00000000\tc548\n";
        assert_eq!(ledger.take_lines().as_deref(), Some(expected));
        assert_eq!(ledger.take_lines(), None);
        assert_eq!(ledger.entries().count(), 0);
    }

    #[test]
    fn only_the_last_entries_are_kept() {
        let mut ledger = Ledger::new(Keep::Last(2), false);
        (1..=3).for_each(|sequence| ledger.record(entry(sequence)));
        assert_eq!(ledger.entries().map(|entry| entry.sequence).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(ledger.take_lines(), None);
    }
}
