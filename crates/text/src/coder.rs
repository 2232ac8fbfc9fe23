//! Decides what one character costs in an alphabet, and writes it.

use postrider_model::Alphabet;

use super::national::Shift;
use super::{euckr, gsm7};

/// A way to write characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coder {
    /// GSM 7-bit with its default and extension tables.
    Gsm7,
    /// GSM 7-bit with national tables.
    National(Shift),
    Latin1,
    EucKr,
    Ucs2,
}

impl Coder {
    pub(super) const fn alphabet(self) -> Alphabet {
        match self {
            Self::Gsm7 | Self::National(_) => Alphabet::Gsm7,
            Self::Latin1 => Alphabet::Latin1,
            Self::EucKr => Alphabet::EucKr,
            Self::Ucs2 => Alphabet::Ucs2,
        }
    }

    /// The units of `c` (septets, UTF-16 units or octets); `None` if the alphabet lacks it.
    pub(super) fn units(self, c: char) -> Option<usize> {
        match self {
            Self::Gsm7 => gsm7::code(c).map(septets),
            Self::National(shift) => shift.code(c).map(septets),
            Self::Latin1 => (c <= '\u{ff}').then_some(1),
            Self::EucKr if c.is_ascii() => Some(1),
            Self::EucKr => euckr::code(c).map(|octets| octets.len()),
            Self::Ucs2 => Some(c.len_utf16()),
        }
    }

    /// The units of `text`; `None` if the alphabet lacks one of its characters.
    pub(super) fn measure(self, text: &str) -> Option<usize> {
        text.chars().try_fold(0, |sum, c| self.units(c).map(|units| sum + units))
    }

    /// Writes `text`, which takes `units` units; a character that the alphabet lacks is left out.
    pub(super) fn write(self, text: &str, units: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets(self.alphabet(), units));
        for c in text.chars() {
            match self {
                Self::Gsm7 => push_septets(gsm7::code(c), &mut out),
                Self::National(shift) => push_septets(shift.code(c), &mut out),
                Self::Latin1 => out.extend(u8::try_from(u32::from(c))),
                Self::EucKr if c.is_ascii() => out.extend(u8::try_from(u32::from(c))),
                Self::EucKr => out.extend(euckr::code(c).into_iter().flatten()),
                Self::Ucs2 => {
                    let mut pair = [0; 2];
                    for unit in c.encode_utf16(&mut pair) {
                        out.extend_from_slice(&unit.to_be_bytes());
                    }
                }
            }
        }
        out
    }
}

/// The octets in which a payload of `units` units is kept: septets are not packed.
const fn octets(alphabet: Alphabet, units: usize) -> usize {
    match alphabet {
        Alphabet::Ucs2 => units * 2,
        Alphabet::Gsm7 | Alphabet::Binary | Alphabet::Latin1 | Alphabet::EucKr => units,
    }
}

const fn septets(code: u16) -> usize {
    if code < gsm7::ESCAPED { 1 } else { 2 }
}

fn push_septets(code: Option<u16>, out: &mut Vec<u8>) {
    let Some(code) = code else { return };
    let [high, low] = code.to_be_bytes();
    if high != 0 {
        out.push(high);
    }
    out.push(low);
}
