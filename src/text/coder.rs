//! Decides what one character costs in an alphabet, and writes it.

use crate::model::Alphabet;

use super::gsm7;

/// A way to write characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coder {
    Gsm7,
    Ucs2,
}

impl Coder {
    pub(super) const fn alphabet(self) -> Alphabet {
        match self {
            Self::Gsm7 => Alphabet::Gsm7,
            Self::Ucs2 => Alphabet::Ucs2,
        }
    }

    /// The units of `c` (septets, UTF-16 units or octets); `None` if the alphabet lacks it.
    pub(super) fn units(self, c: char) -> Option<usize> {
        match self {
            Self::Gsm7 => gsm7::code(c).map(|code| if code < gsm7::ESCAPED { 1 } else { 2 }),
            Self::Ucs2 => Some(c.len_utf16()),
        }
    }

    /// Writes `text`, whose characters the alphabet has.
    pub(super) fn write(self, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Gsm7 => {
                out.reserve(text.len());
                gsm7::write(text, &mut out);
            }
            Self::Ucs2 => {
                out.reserve(text.len());
                for unit in text.encode_utf16() {
                    out.extend_from_slice(&unit.to_be_bytes());
                }
            }
        }
        out
    }
}
