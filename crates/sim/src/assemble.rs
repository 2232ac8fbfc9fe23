//! Puts the parts of long messages together again, so that a person can read what the carrier got.

use std::collections::{BTreeMap, VecDeque};

use super::ledger::{Entry, Sar};
use postrider_model::Alphabet;
use postrider_text as text;

/// Unfinished messages kept at most; the oldest goes first.
const UNFINISHED_MAX: usize = 10_000;

/// One whole message as the handset would show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// `source_addr`.
    pub source: String,
    /// `destination_addr`.
    pub destination: String,
    /// How its octets are to be read; `None` for a `data_coding` that is not known.
    pub alphabet: Option<Alphabet>,
    /// The octets of all parts, without headers.
    pub payload: Vec<u8>,
    /// The information elements of the first part besides the concatenation.
    pub elements: Vec<u8>,
    /// How many parts it came in.
    pub parts: u8,
}

impl Shown {
    /// What a person would read; octets show in hexadecimal.
    pub fn text(&self) -> String {
        text::decode(self.alphabet.unwrap_or(Alphabet::Binary), &self.payload, &self.elements)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    source: String,
    destination: String,
    reference: u16,
    total: u8,
}

#[derive(Debug, Default)]
struct Unfinished {
    parts: BTreeMap<u8, Vec<u8>>,
    elements: Vec<u8>,
}

/// Collects parts until a message is whole.
#[derive(Debug, Default)]
pub struct Assembler {
    unfinished: BTreeMap<Key, Unfinished>,
    order: VecDeque<Key>,
}

impl Assembler {
    /// Takes one submission; gives the message that it completes.
    pub fn take(&mut self, entry: &Entry) -> Option<Shown> {
        let (header, payload) =
            if entry.esm_class & 0x40 == 0 { (&[][..], &entry.user_data[..]) } else { split_header(&entry.user_data)? };
        let (concatenation, elements) = read_elements(header);
        let shown = |payload, elements, parts| Shown {
            source: entry.source.clone(),
            destination: entry.destination.clone(),
            alphabet: alphabet(entry.data_coding),
            payload,
            elements,
            parts,
        };
        let Some(part) = concatenation.or(entry.sar).filter(|part| part.total > 1) else {
            return Some(shown(payload.to_vec(), elements, 1));
        };
        let whole = self.add(entry, part, payload, elements)?;
        Some(shown(whole.parts.into_values().flatten().collect(), whole.elements, part.total))
    }

    fn add(&mut self, entry: &Entry, part: Sar, payload: &[u8], elements: Vec<u8>) -> Option<Unfinished> {
        let key = Key {
            source: entry.source.clone(),
            destination: entry.destination.clone(),
            reference: part.reference,
            total: part.total,
        };
        if !self.unfinished.contains_key(&key) {
            self.order.push_back(key.clone());
        }
        let unfinished = self.unfinished.entry(key.clone()).or_default();
        unfinished.parts.insert(part.number, payload.to_vec());
        if part.number == 1 {
            unfinished.elements = elements;
        }
        let whole = (unfinished.parts.len() >= usize::from(part.total)).then(|| self.unfinished.remove(&key)).flatten();
        // Finished keys stay in the queue until they reach its front, so the queue is trimmed by its own length.
        while self.order.len() > UNFINISHED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.unfinished.remove(&oldest);
            }
        }
        whole
    }
}

/// The alphabet behind a `data_coding`, as most carriers read it.
pub fn alphabet(data_coding: u8) -> Option<Alphabet> {
    match data_coding {
        0x00 | 0x01 | 0x10..=0x13 | 0xf0..=0xf3 => Some(Alphabet::Gsm7),
        0x02 | 0x04 | 0x14..=0x17 | 0xf4..=0xf7 => Some(Alphabet::Binary),
        0x03 => Some(Alphabet::Latin1),
        0x08 | 0x18..=0x1b => Some(Alphabet::Ucs2),
        0x0e => Some(Alphabet::EucKr),
        _ => None,
    }
}

fn split_header(user_data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = user_data.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// The concatenation and the other elements of a header without its length octet.
fn read_elements(mut header: &[u8]) -> (Option<Sar>, Vec<u8>) {
    let (mut concatenation, mut others) = (None, Vec::new());
    while let [id, length, rest @ ..] = header {
        let Some((value, rest)) = rest.split_at_checked(usize::from(*length)) else { break };
        match (*id, value) {
            (0x00, &[reference, total, number]) => {
                concatenation = Some(Sar { reference: u16::from(reference), total, number });
            }
            (0x08, &[high, low, total, number]) => {
                concatenation = Some(Sar { reference: u16::from_be_bytes([high, low]), total, number });
            }
            _ => {
                others.extend_from_slice(&[*id, *length]);
                others.extend_from_slice(value);
            }
        }
        header = rest;
    }
    (concatenation, others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_model::Timestamp;

    fn entry(esm_class: u8, sar: Option<Sar>, user_data: &[u8]) -> Entry {
        Entry {
            at: Timestamp::default(),
            account: "shop1".into(),
            connection: 1,
            sequence: 1,
            source: "SHOP".to_owned(),
            destination: "821012345678".to_owned(),
            esm_class,
            protocol_id: 0,
            data_coding: 8,
            sar,
            user_data: user_data.to_vec(),
            tlvs: Vec::new(),
            message_id: String::new(),
            status: 0,
        }
    }

    #[test]
    fn parts_in_any_order_make_the_whole() {
        let mut assembler = Assembler::default();
        assert_eq!(assembler.take(&entry(0x40, None, &[5, 0, 3, 9, 2, 2, 0xb1, 0x55])), None);
        let shown = assembler.take(&entry(0x40, None, &[5, 0, 3, 9, 2, 1, 0xc5, 0x48])).unwrap();
        assert_eq!((shown.payload, shown.parts), (vec![0xc5, 0x48, 0xb1, 0x55], 2));
        assert_eq!(shown.alphabet, Some(Alphabet::Ucs2));
    }

    #[test]
    fn sar_and_single_messages_are_read_too() {
        let mut assembler = Assembler::default();
        let part = |number| Some(Sar { reference: 7, total: 2, number });
        assert_eq!(assembler.take(&entry(0, part(1), &[1])), None);
        assert_eq!(assembler.take(&entry(0, part(2), &[2])).map(|shown| shown.payload), Some(vec![1, 2]));
        assert_eq!(assembler.take(&entry(0, None, &[3])).map(|shown| shown.parts), Some(1));
    }

    #[test]
    fn other_elements_are_kept_and_a_broken_header_shows_nothing() {
        let mut assembler = Assembler::default();
        let shown = assembler.take(&entry(0x40, None, &[3, 0x24, 1, 1, 9])).unwrap();
        assert_eq!((shown.elements, shown.payload), (vec![0x24, 1, 1], vec![9]));
        assert_eq!(assembler.take(&entry(0x40, None, &[9, 0, 3])), None);
        assert_eq!(assembler.take(&entry(0x40, None, &[])), None);
    }
}
