//! The carrier's ledger as the oracle reads it: which part of which message was taken when, and what became of it.

use std::collections::BTreeMap;

use postrider::model::Timestamp;
use postrider::sim::{Carrier, Entry, FinalState};

/// The sender of all messages that are ours.
pub const OURS: &str = "15771234";
/// The sender of the other user of the account.
pub const THEIRS: &str = "15880000";

/// The text of message number `n` in so many parts. The octets of every part name the message.
pub fn text(n: u64, parts: usize, ucs2: bool) -> String {
    // What fits into one part of several; a single one is short.
    let (cell, room) = if ucs2 { (format!("가{n:05}-"), 67) } else { (format!("{n:05}-"), 153) };
    let length = if parts == 1 { 12 } else { room * (parts - 1) + 20 };
    cell.chars().cycle().take(length).collect()
}

/// A part that the carrier took.
#[derive(Debug, Clone, Copy)]
pub struct Copy {
    /// The carrier's number for it.
    pub number: u64,
    /// When.
    pub at: Timestamp,
}

/// All that the carrier took of our messages.
#[derive(Debug, Default)]
pub struct Book {
    /// The copies of each part, by the message's number and the part from 0.
    copies: BTreeMap<(u64, u8), Vec<Copy>>,
    /// By the carrier's number.
    parts: BTreeMap<u64, (u64, u8)>,
    /// Handsets that others wrote to.
    foreign: Vec<String>,
    read: usize,
    taken: u64,
}

impl Book {
    /// Reads what was written since the last time.
    pub fn read(&mut self, carrier: &Carrier) -> Result<(), String> {
        for entry in carrier.ledger().entries().skip(self.read) {
            self.read += 1;
            if entry.status != 0 {
                continue;
            }
            self.taken += 1;
            if entry.source == THEIRS {
                self.foreign.push(entry.destination.clone());
                continue;
            }
            let part =
                part_of(entry).ok_or_else(|| format!("the carrier cannot tell whose part it took: {entry:?}"))?;
            self.parts.insert(self.taken, part);
            self.copies.entry(part).or_default().push(Copy { number: self.taken, at: entry.at });
        }
        Ok(())
    }

    /// The copies of a part that were taken.
    pub fn copies(&self, n: u64, part: u8) -> &[Copy] {
        self.copies.get(&(n, part)).map_or(&[], Vec::as_slice)
    }

    /// All parts that were taken.
    pub fn parts(&self) -> impl Iterator<Item = ((u64, u8), &[Copy])> {
        self.copies.iter().map(|(part, copies)| (*part, copies.as_slice()))
    }

    /// The message and the part with this number of the carrier's.
    pub fn whose(&self, number: u64) -> Option<(u64, u8)> {
        self.parts.get(&number).copied()
    }

    /// Whether others wrote to this handset.
    pub fn is_foreign(&self, recipient: &str) -> bool {
        self.foreign.iter().any(|known| known == recipient.trim_start_matches('+'))
    }
}

/// How a copy ended on the handset.
pub fn fate(carrier: &Carrier, copy: Copy) -> Option<FinalState> {
    carrier.ledger().fate(copy.number).map(|fate| fate.state)
}

/// Whether we acknowledged the receipt that tells how a copy ended.
pub fn was_told(carrier: &Carrier, copy: Copy) -> bool {
    carrier.ledger().fate(copy.number).is_some_and(|fate| fate.acknowledged > 0)
}

/// Which part of which message a submission is, by its octets alone.
fn part_of(entry: &Entry) -> Option<(u64, u8)> {
    let octets = &entry.user_data[..];
    let (header, payload) = match octets {
        [length, rest @ ..] if entry.esm_class & 0x40 != 0 => rest.split_at_checked(usize::from(*length))?,
        _ => (&[][..], octets),
    };
    let number = match header {
        [0x00, 3, _, _, number, ..] | [0x08, 4, _, _, _, number, ..] => *number,
        _ => entry.sar.map_or(1, |sar| sar.number),
    };
    let characters: Vec<u8> = if entry.data_coding == 8 {
        payload.chunks_exact(2).map(|unit| if unit[0] == 0 { unit[1] } else { 0 }).collect()
    } else {
        payload.to_vec()
    };
    let marker = characters.windows(6).find(|six| six[5] == b'-' && six[..5].iter().all(u8::is_ascii_digit))?;
    let n = std::str::from_utf8(&marker[..5]).ok()?.parse().ok()?;
    Some((n, number.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_of_a_text_names_its_message() {
        for ucs2 in [false, true] {
            let text: Vec<char> = text(42, 10, ucs2).chars().collect();
            assert!(text.windows(13).all(|some| some.iter().collect::<String>().contains("00042-")), "{ucs2}");
        }
    }
}
