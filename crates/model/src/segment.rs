//! A text in the form that both transports share: an alphabet, what every segment carries, and the payloads.

use super::Timestamp;

/// How the octets of a payload are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alphabet {
    /// GSM 7-bit, one septet in each octet (unpacked), escape pairs included.
    Gsm7,
    /// UTF-16, big-endian; surrogate pairs allowed.
    Ucs2,
    /// Octets without meaning to us.
    Binary,
    /// ISO 8859-1. SMPP only.
    Latin1,
    /// EUC-KR with the KS X 1001 repertoire. SMPP only.
    EucKr,
}

impl Alphabet {
    /// All alphabets.
    pub const ALL: [Self; 5] = [Self::Gsm7, Self::Ucs2, Self::Binary, Self::Latin1, Self::EucKr];

    /// The word for it in JSON, configuration and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
            Self::Binary => "binary",
            Self::Latin1 => "latin1",
            Self::EucKr => "euc-kr",
        }
    }
}

/// How the segments of one message say that they belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concatenation {
    /// A single segment, without any header for it.
    None,
    /// Information element 0x00 with an 8-bit reference.
    Reference8,
    /// Information element 0x08 with a 16-bit reference.
    Reference16,
    /// SMPP `sar_*` TLVs; the payloads leave the room of an 8-bit element.
    Sar,
    /// SMPP `message_payload`: one PDU of any length, and the carrier splits it.
    Payload,
}

/// What a message asks of the handset besides showing text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Indication {
    /// Message class 0 (flash) to 3; `None` leaves it to the handset.
    pub message_class: Option<u8>,
    /// TP-PID: 0 normal, 0x40 silent, 0x41..=0x47 replace type 1 to 7.
    pub protocol_id: u8,
    /// Switches a message-waiting sign on or off (3GPP TS 23.038, 4, groups 1100 to 1110).
    pub waiting: Option<Waiting>,
    /// Application ports, destination first (3GPP TS 23.040, 9.2.3.24.4).
    pub ports: Option<(u16, u16)>,
}

/// A message-waiting indication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// 0 voicemail, 1 fax, 2 e-mail, 3 other.
    pub kind: u8,
    /// Whether the sign is switched on.
    pub active: bool,
    /// Whether the handset also stores the text.
    pub store: bool,
}

/// A message's text or data, ready for either transport.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Encoded {
    /// How the payloads are to be read.
    pub alphabet: Alphabet,
    /// Class, protocol id, waiting sign and ports.
    pub indication: Indication,
    /// How the segments are tied together.
    pub concatenation: Concatenation,
    /// The concatenation reference; 0 for a single segment. An 8-bit element carries its low octet.
    pub reference: u16,
    /// Information elements that stand in every segment besides the concatenation (ports, national shifts, the
    /// caller's own), in wire form without the leading length octet.
    pub elements: Vec<u8>,
    /// The payload of each segment, header not included.
    pub segments: Vec<Vec<u8>>,
}

/// Where the reference stands in the stored form.
const REFERENCE: std::ops::Range<usize> = 3..5;

impl Encoded {
    /// The user data header of segment `index` (from 0) with its leading length octet; empty when there is none.
    ///
    /// `Sar` and `Payload` put nothing into it.
    pub fn user_data_header(&self, index: usize) -> Vec<u8> {
        let total = u8::try_from(self.segments.len()).unwrap_or(u8::MAX);
        let number = u8::try_from(index + 1).unwrap_or(u8::MAX);
        let [high, low] = self.reference.to_be_bytes();
        let concatenation: &[u8] = match self.concatenation {
            Concatenation::None | Concatenation::Sar | Concatenation::Payload => &[],
            Concatenation::Reference8 => &[0x00, 3, low, total, number],
            Concatenation::Reference16 => &[0x08, 4, high, low, total, number],
        };
        let length = concatenation.len() + self.elements.len();
        if length == 0 {
            return Vec::new();
        }
        let mut header = Vec::with_capacity(length + 1);
        header.push(u8::try_from(length).unwrap_or(u8::MAX));
        header.extend_from_slice(concatenation);
        header.extend_from_slice(&self.elements);
        header
    }

    /// A stored form with another reference.
    pub fn renumbered(stored: &[u8], reference: u16) -> Vec<u8> {
        let mut out = stored.to_vec();
        if let Some(place) = out.get_mut(REFERENCE) {
            place.copy_from_slice(&reference.to_be_bytes());
        }
        out
    }

    /// The compact form that the store keeps. [`Encoded::from_bytes`] reads it back.
    pub fn to_bytes(&self) -> Vec<u8> {
        let size: usize = self.segments.iter().map(|payload| payload.len() + 4).sum();
        let mut out = Vec::with_capacity(size + self.elements.len() + 24);
        out.push(STORED_FORM);
        out.push(Alphabet::ALL.iter().position(|&known| known == self.alphabet).unwrap_or(0).to_le_bytes()[0]);
        out.push(match self.concatenation {
            Concatenation::None => 0,
            Concatenation::Reference8 => 1,
            Concatenation::Reference16 => 2,
            Concatenation::Sar => 3,
            Concatenation::Payload => 4,
        });
        out.extend_from_slice(&self.reference.to_be_bytes());
        out.push(self.indication.message_class.map_or(0xff, |class| class));
        out.push(self.indication.protocol_id);
        out.push(
            self.indication.waiting.map_or(0xff, |waiting| {
                waiting.kind & 3 | u8::from(waiting.active) << 2 | u8::from(waiting.store) << 3
            }),
        );
        out.push(u8::from(self.indication.ports.is_some()));
        let (destination, source) = self.indication.ports.unwrap_or_default();
        out.extend_from_slice(&destination.to_be_bytes());
        out.extend_from_slice(&source.to_be_bytes());
        push_block(&mut out, &self.elements);
        for payload in &self.segments {
            push_block(&mut out, payload);
        }
        out
    }

    /// Reads what [`Encoded::to_bytes`] wrote; `None` if the bytes are damaged.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, mut rest) = bytes.split_at_checked(13)?;
        if head[0] != STORED_FORM {
            return None;
        }
        let concatenation = match head[2] {
            0 => Concatenation::None,
            1 => Concatenation::Reference8,
            2 => Concatenation::Reference16,
            3 => Concatenation::Sar,
            4 => Concatenation::Payload,
            _ => return None,
        };
        let indication = Indication {
            message_class: (head[5] != 0xff).then_some(head[5]),
            protocol_id: head[6],
            waiting: (head[7] != 0xff).then_some(Waiting {
                kind: head[7] & 3,
                active: head[7] & 4 != 0,
                store: head[7] & 8 != 0,
            }),
            ports: (head[8] == 1)
                .then_some((u16::from_be_bytes([head[9], head[10]]), u16::from_be_bytes([head[11], head[12]]))),
        };
        let elements = take_block(&mut rest)?;
        let mut segments = Vec::new();
        while !rest.is_empty() {
            segments.push(take_block(&mut rest)?);
        }
        Some(Self {
            alphabet: *Alphabet::ALL.get(usize::from(head[1]))?,
            indication,
            concatenation,
            reference: u16::from_be_bytes([head[3], head[4]]),
            elements,
            segments,
        })
    }
}

/// The first octet of the stored form, so that a later form can be told apart.
const STORED_FORM: u8 = 1;

fn push_block(out: &mut Vec<u8>, block: &[u8]) {
    out.extend_from_slice(&u32::try_from(block.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(block);
}

fn take_block(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let (block, tail) = tail.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *rest = tail;
    Some(block.to_vec())
}

/// One segment's place in a message: which it is, and when it may leave at the earliest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentTurn {
    /// Index from 0 into [`Encoded::segments`].
    pub index: u8,
    /// The throttle's word: no byte of it leaves before this.
    pub not_before: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Encoded {
        Encoded {
            alphabet: Alphabet::Ucs2,
            indication: Indication {
                message_class: Some(0),
                protocol_id: 0x41,
                waiting: Some(Waiting { kind: 2, active: true, store: false }),
                ports: Some((5000, 0)),
            },
            concatenation: Concatenation::Reference16,
            reference: 0x1234,
            elements: vec![0x05, 4, 0x13, 0x88, 0, 0],
            segments: vec![vec![0xc5, 0x48], vec![], vec![0xb1, 0x55]],
        }
    }

    #[test]
    fn the_stored_form_reads_back_and_damage_is_noticed() {
        let bytes = sample().to_bytes();
        assert_eq!(Encoded::from_bytes(&bytes), Some(sample()));
        assert_eq!(Encoded::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Encoded::from_bytes(&[]), None);
        let other = Encoded { reference: 0xfedc, ..sample() };
        assert_eq!(Encoded::from_bytes(&Encoded::renumbered(&bytes, 0xfedc)), Some(other));
    }

    #[test]
    fn the_header_counts_from_one_and_carries_the_other_elements() {
        assert_eq!(sample().user_data_header(1), [12, 0x08, 4, 0x12, 0x34, 3, 2, 0x05, 4, 0x13, 0x88, 0, 0]);
        let short = Encoded { concatenation: Concatenation::Reference8, elements: vec![], ..sample() };
        assert_eq!(short.user_data_header(2), [5, 0x00, 3, 0x34, 3, 3]);
        let bare = Encoded { concatenation: Concatenation::Sar, elements: vec![], ..sample() };
        assert!(bare.user_data_header(0).is_empty());
    }
}
