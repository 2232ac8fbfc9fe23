//! Decides what the elements of a user data header say (TP-UDH; 3GPP TS 23.040, 9.2.3.24).

use postrider_model::{PartOf, Waiting};

const CONCATENATION_8: u8 = 0x00;
const WAITING: u8 = 0x01;
const PORTS_8: u8 = 0x04;
const PORTS_16: u8 = 0x05;
const CONCATENATION_16: u8 = 0x08;
const SINGLE_SHIFT: u8 = 0x24;
const LOCKING_SHIFT: u8 = 0x25;

/// One information element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its identifier.
    pub id: u8,
    /// Its octets.
    pub value: &'a [u8],
}

/// What an element means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The message is a part of a longer one (9.2.3.24.1 and 8). `None` where the numbers are impossible: such an
    /// element counts as not there.
    Concatenation(Option<PartOf>),
    /// Application ports (9.2.3.24.3 and 4).
    Ports {
        /// Whose the message is.
        destination: u16,
        /// Whom an answer is for.
        source: u16,
    },
    /// The language whose single shift table stands in for the extension table (9.2.3.24.15).
    SingleShift(u8),
    /// The language whose locking shift table stands in for the default alphabet (9.2.3.24.16).
    LockingShift(u8),
    /// A waiting sign with the number of messages that wait (9.2.3.24.2).
    Waiting {
        /// The sign.
        waiting: Waiting,
        /// How many wait.
        count: u8,
    },
    /// Something for others; kept as it is.
    Other,
}

impl Element<'_> {
    /// What it means to us. An element of a wrong length means nothing.
    pub fn meaning(&self) -> Meaning {
        match (self.id, self.value) {
            (CONCATENATION_8, &[reference, total, number]) => {
                Meaning::Concatenation(part(u16::from(reference), false, total, number))
            }
            (CONCATENATION_16, &[high, low, total, number]) => {
                Meaning::Concatenation(part(u16::from_be_bytes([high, low]), true, total, number))
            }
            (CONCATENATION_8 | CONCATENATION_16, _) => Meaning::Concatenation(None),
            (PORTS_8, &[destination, source]) => {
                Meaning::Ports { destination: destination.into(), source: source.into() }
            }
            (PORTS_16, &[d1, d2, s1, s2]) => {
                Meaning::Ports { destination: u16::from_be_bytes([d1, d2]), source: u16::from_be_bytes([s1, s2]) }
            }
            (SINGLE_SHIFT, &[language]) => Meaning::SingleShift(language),
            (LOCKING_SHIFT, &[language]) => Meaning::LockingShift(language),
            (WAITING, &[kind, count]) => Meaning::Waiting {
                waiting: Waiting { kind: kind & 3, active: count > 0, store: kind & 0x80 != 0 },
                count,
            },
            _ => Meaning::Other,
        }
    }

    /// What the specification calls its identifier.
    pub const fn name(&self) -> &'static str {
        match self.id {
            0x00 => "concatenation, 8-bit reference",
            0x01 => "special message indication",
            0x04 => "ports, 8-bit",
            0x05 => "ports, 16-bit",
            0x06 => "service centre control",
            0x07 => "source of the header",
            0x08 => "concatenation, 16-bit reference",
            0x09 => "wireless control message protocol",
            0x0a => "text formatting",
            0x0b => "predefined sound",
            0x0c => "user-defined sound",
            0x0d => "predefined animation",
            0x0e => "large animation",
            0x0f => "small animation",
            0x10 => "large picture",
            0x11 => "small picture",
            0x12 => "variable picture",
            0x13 => "user prompt",
            0x14 => "extended object",
            0x15 => "reused extended object",
            0x16 => "compression control",
            0x17 => "object distribution",
            0x18 => "standard vector graphics",
            0x19 => "character size vector graphics",
            0x1a => "extended object data request",
            0x20 => "e-mail header",
            0x21 => "hyperlink format",
            0x22 => "reply address",
            0x23 => "enhanced voice mail",
            0x24 => "national language single shift",
            0x25 => "national language locking shift",
            0x70..=0x7f => "SIM toolkit security",
            0x80..=0x9f => "between applications",
            0xc0..=0xdf => "the service centre's own",
            0x02 | 0x03 | 0x1b..=0x1f | 0x26..=0x6f | 0xa0..=0xbf | 0xe0..=0xff => "reserved",
        }
    }
}

/// The elements of `header`, its length octet first. One that runs past the end ends the list.
pub fn elements(header: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut rest = header.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (&[id, length], tail) = rest.split_first_chunk()?;
        let (value, tail) = tail.split_at_checked(usize::from(length))?;
        rest = tail;
        Some(Element { id, value })
    })
}

/// The place in a longer message, and the other elements in wire form without a length octet.
///
/// Of several places the last possible one counts, as the specification has it for elements that come twice.
pub fn take_concatenation(header: &[u8]) -> (Option<PartOf>, Vec<u8>) {
    let (mut part_of, mut others) = (None, Vec::new());
    for element in elements(header) {
        if let Meaning::Concatenation(place) = element.meaning() {
            part_of = place.or(part_of);
        } else if let Ok(length) = u8::try_from(element.value.len()) {
            others.extend_from_slice(&[element.id, length]);
            others.extend_from_slice(element.value);
        }
    }
    (part_of, others)
}

fn part(reference: u16, wide: bool, total: u8, number: u8) -> Option<PartOf> {
    (total > 1 && (1..=total).contains(&number)).then_some(PartOf { reference, wide, total, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(header: &[u8]) -> Vec<Meaning> {
        elements(header).map(|element| element.meaning()).collect()
    }

    #[test]
    fn known_elements_are_understood_and_others_kept() {
        let header = [
            0x1e, 0x00, 3, 0x34, 2, 1, 0x08, 4, 0x12, 0x34, 3, 3, 0x04, 2, 9, 8, 0x05, 4, 0x0b, 0x84, 0x23, 0xf0, 0x24,
            1, 1, 0x25, 1, 2, 0x70, 0, 0x01, 2, 0x81, 5,
        ];
        let place = |reference, total, number| {
            Meaning::Concatenation(Some(PartOf { reference, wide: reference > 255, total, number }))
        };
        assert_eq!(
            meanings(&header),
            [
                place(0x34, 2, 1),
                place(0x1234, 3, 3),
                Meaning::Ports { destination: 9, source: 8 },
                Meaning::Ports { destination: 2948, source: 9200 },
                Meaning::SingleShift(1),
                Meaning::LockingShift(2),
                Meaning::Other,
                Meaning::Waiting { waiting: Waiting { kind: 1, active: true, store: true }, count: 5 },
            ]
        );
        let (part_of, others) = take_concatenation(&header);
        assert_eq!(part_of, Some(PartOf { reference: 0x1234, wide: true, total: 3, number: 3 }), "the last counts");
        assert_eq!(others, &header[12..]);
    }

    #[test]
    fn a_broken_header_gives_what_stands_before_the_break() {
        assert_eq!(meanings(&[5, 0x70, 0, 0x00, 3, 0]), [Meaning::Other]);
        assert_eq!(meanings(&[]), []);
        assert_eq!(meanings(&[0]), []);
        assert_eq!(take_concatenation(&[4, 0x00, 2, 0, 0]), (None, vec![]), "a wrong length means nothing");
    }

    #[test]
    fn impossible_places_are_no_places() {
        for (total, number) in [(0, 0), (2, 0), (2, 3), (1, 1)] {
            assert_eq!(take_concatenation(&[5, 0, 3, 7, total, number]), (None, vec![]), "{number} of {total}");
        }
    }
}
