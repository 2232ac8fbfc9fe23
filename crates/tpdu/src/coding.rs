//! Decides what a data coding scheme says: alphabet, class, compression, waiting signs (TP-DCS; 3GPP TS 23.038, 4).

use super::EncodeError;
use postrider_model::{Alphabet, Indication, Waiting};

/// TP-DCS, exactly as it travels. What is reserved reads as GSM 7-bit, as the specification asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DataCoding(pub u8);

/// Who the message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageClass {
    /// 0: shown at once, not stored.
    Flash,
    /// 1: the handset's memory.
    Equipment,
    /// 2: the SIM.
    Sim,
    /// 3: the computer beside it.
    Terminal,
}

impl DataCoding {
    /// GSM 7-bit, no class.
    pub const GSM7: Self = Self(0x00);
    /// Octets, no class.
    pub const OCTETS: Self = Self(0x04);
    /// UCS-2, no class.
    pub const UCS2: Self = Self(0x08);

    /// What says `alphabet` and the indication's class or waiting sign.
    ///
    /// # Errors
    /// Latin-1 and EUC-KR are SMPP's alone, and a waiting sign carries no data.
    pub fn of(alphabet: Alphabet, indication: &Indication) -> Result<Self, EncodeError> {
        if let Some(Waiting { kind, active, store }) = indication.waiting {
            let low = u8::from(active) << 3 | kind & 3;
            return match alphabet {
                Alphabet::Gsm7 if store => Ok(Self(0xd0 | low)),
                Alphabet::Gsm7 => Ok(Self(0xc0 | low)),
                // UCS-2 has one group only; its text is stored.
                Alphabet::Ucs2 => Ok(Self(0xe0 | low)),
                Alphabet::Binary => Err(EncodeError::WaitingData),
                Alphabet::Latin1 | Alphabet::EucKr => Err(EncodeError::NoCoding(alphabet)),
            };
        }
        let plain = match alphabet {
            Alphabet::Gsm7 => Self::GSM7,
            Alphabet::Binary => Self::OCTETS,
            Alphabet::Ucs2 => Self::UCS2,
            Alphabet::Latin1 | Alphabet::EucKr => return Err(EncodeError::NoCoding(alphabet)),
        };
        Ok(indication.message_class.map_or(plain, |class| Self(plain.0 | HAS_CLASS | class & 3)))
    }

    /// How the user data is to be read; octets when it is compressed.
    pub const fn alphabet(self) -> Alphabet {
        if self.is_compressed() {
            return Alphabet::Binary;
        }
        match (self.0, self.0 >> 2 & 3) {
            (0x00..=0x7f, 1) => Alphabet::Binary,
            (0x00..=0x7f, 2) | (0xe0..=0xef, _) => Alphabet::Ucs2,
            (0xf0..=0xff, 1 | 3) => Alphabet::Binary,
            _ => Alphabet::Gsm7,
        }
    }

    /// Whether TP-UDL counts septets.
    pub const fn is_septets(self) -> bool {
        matches!(self.alphabet(), Alphabet::Gsm7)
    }

    /// The class, where it names one.
    pub const fn class(self) -> Option<MessageClass> {
        match self.0 {
            0x00..=0x7f if self.0 & HAS_CLASS != 0 => {}
            0xf0..=0xff => {}
            _ => return None,
        }
        Some(match self.0 & 3 {
            0 => MessageClass::Flash,
            1 => MessageClass::Equipment,
            2 => MessageClass::Sim,
            _ => MessageClass::Terminal,
        })
    }

    /// Whether the user data is compressed (3GPP TS 23.042).
    pub const fn is_compressed(self) -> bool {
        self.0 < 0x80 && self.0 & 0x20 != 0
    }

    /// Whether the message is marked to be deleted once it was read.
    pub const fn deletes_itself(self) -> bool {
        matches!(self.0, 0x40..=0x7f)
    }

    /// The waiting sign that it switches on or off.
    pub const fn waiting(self) -> Option<Waiting> {
        match self.0 {
            0xc0..=0xef => Some(Waiting { kind: self.0 & 3, active: self.0 & 8 != 0, store: self.0 >= 0xd0 }),
            _ => None,
        }
    }

    /// Whether the specification leaves its meaning open.
    pub const fn is_reserved(self) -> bool {
        match self.0 {
            0x00..=0x7f => self.0 & 0x0c == 0x0c,
            0x80..=0xbf => true,
            0xc0..=0xef => self.0 & 4 != 0,
            0xf0..=0xff => self.0 & 8 != 0,
        }
    }
}

/// Bit 4 of the general groups: the class bits count.
const HAS_CLASS: u8 = 0x10;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octet: u8) -> (Alphabet, Option<MessageClass>) {
        (DataCoding(octet).alphabet(), DataCoding(octet).class())
    }

    #[test]
    fn every_group_of_the_table_is_read() {
        use Alphabet::{Binary, Gsm7, Ucs2};
        use MessageClass::{Equipment, Flash, Sim, Terminal};
        let table = [
            (0x00, Gsm7, None),
            (0x01, Gsm7, None),
            (0x04, Binary, None),
            (0x08, Ucs2, None),
            (0x0c, Gsm7, None),
            (0x10, Gsm7, Some(Flash)),
            (0x11, Gsm7, Some(Equipment)),
            (0x15, Binary, Some(Equipment)),
            (0x18, Ucs2, Some(Flash)),
            (0x1b, Ucs2, Some(Terminal)),
            (0x20, Binary, None),
            (0x28, Binary, None),
            (0x40, Gsm7, None),
            (0x4b, Ucs2, None),
            (0x52, Gsm7, Some(Sim)),
            (0x64, Binary, None),
            (0x80, Gsm7, None),
            (0xbf, Gsm7, None),
            (0xc8, Gsm7, None),
            (0xd9, Gsm7, None),
            (0xe2, Ucs2, None),
            (0xf0, Gsm7, Some(Flash)),
            (0xf5, Binary, Some(Equipment)),
            (0xfe, Binary, Some(Sim)),
            (0xfb, Gsm7, Some(Terminal)),
        ];
        for (octet, alphabet, class) in table {
            assert_eq!(read(octet), (alphabet, class), "{octet:02X}");
        }
        let has = |test: fn(DataCoding) -> bool| (0..=u8::MAX).filter(|&octet| test(DataCoding(octet))).count();
        assert_eq!(has(DataCoding::is_compressed), 64);
        assert_eq!(has(DataCoding::deletes_itself), 64);
        assert_eq!(has(|coding| coding.waiting().is_some()), 48);
        assert_eq!(has(DataCoding::is_reserved), 32 + 64 + 24 + 8);
    }

    #[test]
    fn waiting_signs_are_read_back() {
        let waiting = |kind, active, store| Some(Waiting { kind, active, store });
        assert_eq!(DataCoding(0xc8).waiting(), waiting(0, true, false));
        assert_eq!(DataCoding(0xd1).waiting(), waiting(1, false, true));
        assert_eq!(DataCoding(0xea).waiting(), waiting(2, true, true));
        assert_eq!(DataCoding(0xf8).waiting(), None);
    }

    #[test]
    fn what_is_written_says_what_was_asked_for() {
        for alphabet in [Alphabet::Gsm7, Alphabet::Ucs2, Alphabet::Binary] {
            for class in [None, Some(0), Some(1), Some(2), Some(3)] {
                let indication = Indication { message_class: class, ..Indication::default() };
                let coding = DataCoding::of(alphabet, &indication).unwrap();
                assert_eq!(coding.alphabet(), alphabet);
                assert_eq!(coding.class().map(|class| class as u8), class);
            }
            for (kind, active, store) in [(0, true, true), (3, false, true), (1, true, false)] {
                let waiting = Some(Waiting { kind, active, store: store || alphabet == Alphabet::Ucs2 });
                let indication = Indication { waiting, ..Indication::default() };
                match DataCoding::of(alphabet, &indication) {
                    Ok(coding) => assert_eq!((coding.waiting(), coding.alphabet()), (waiting, alphabet)),
                    Err(error) => assert_eq!((error, alphabet), (EncodeError::WaitingData, Alphabet::Binary)),
                }
            }
        }
        let none = Indication::default();
        assert_eq!(DataCoding::of(Alphabet::EucKr, &none), Err(EncodeError::NoCoding(Alphabet::EucKr)));
    }
}
