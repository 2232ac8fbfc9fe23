//! A TLV that one carrier wants on every message, such as the entity and template ids of India's DLT.

/// One TLV of a carrier: its tag, how its value is written, and where the value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlvRule {
    /// Its name in the configuration, in messages' parameters and in errors.
    pub name: String,
    /// The tag, such as 0x1400.
    pub tag: u16,
    /// How a value becomes octets.
    pub kind: TlvKind,
    /// The longest value in octets, without a closing NUL.
    pub length_max: usize,
    /// Where the value comes from.
    pub source: TlvSource,
}

/// How a value becomes octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlvKind {
    /// A number (decimal, or hexadecimal after `0x`) in 1, 2 or 4 octets.
    Int(IntWidth),
    /// The text and a closing NUL.
    CString,
    /// The text, without NUL.
    Octets,
    /// Hexadecimal digits, two for each octet.
    Hex,
}

/// The width of an integer value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntWidth {
    /// One octet.
    One,
    /// Two octets.
    Two,
    /// Four octets.
    Four,
}

/// Where a TLV's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlvSource {
    /// The same on every message.
    Constant(String),
    /// From the message's parameter of the rule's name.
    PerMessage {
        /// Whether a message without it is refused.
        required: bool,
    },
}

/// Why a value does not fit its rule; it reads as a sentence for whoever wrote the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlvValueError {
    /// A required value is not there.
    #[error("parameter \"{0}\" is required by this carrier and missing")]
    Missing(String),
    /// The value has more octets than the carrier takes.
    #[error("parameter \"{name}\" has {length} octets; this carrier takes {length_max}")]
    TooLong {
        /// The rule's name.
        name: String,
        /// The value's octets.
        length: usize,
        /// The most that are allowed.
        length_max: usize,
    },
    /// The value is no number of this width.
    #[error("parameter \"{name}\" is not a number from 0 to {max}: \"{value}\"")]
    NotANumber {
        /// The rule's name.
        name: String,
        /// The value.
        value: String,
        /// The largest number that fits.
        max: u32,
    },
    /// The value has characters that cannot be sent so.
    #[error("parameter \"{0}\" must be printable ASCII characters")]
    NotAscii(String),
    /// The value is not pairs of hexadecimal digits.
    #[error("parameter \"{0}\" must be pairs of hexadecimal digits")]
    NotHex(String),
}

impl TlvRule {
    /// The octets that `value` becomes under this rule.
    ///
    /// # Errors
    /// Names the rule and what is wrong with the value.
    pub fn encode(&self, value: &str) -> Result<Vec<u8>, TlvValueError> {
        let mut octets = match self.kind {
            TlvKind::Int(width) => return self.encode_number(value, width),
            TlvKind::Hex => self.encode_hex(value)?,
            TlvKind::CString | TlvKind::Octets if !value.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) => {
                return Err(TlvValueError::NotAscii(self.name.clone()));
            }
            TlvKind::CString | TlvKind::Octets => value.as_bytes().to_vec(),
        };
        if octets.len() > self.length_max {
            return Err(TlvValueError::TooLong {
                name: self.name.clone(),
                length: octets.len(),
                length_max: self.length_max,
            });
        }
        if self.kind == TlvKind::CString {
            octets.push(0);
        }
        Ok(octets)
    }

    /// The octets for one message: the constant, or the parameter; `None` when an optional one is absent.
    ///
    /// # Errors
    /// Names the rule when a required value is missing or does not fit.
    pub fn value_for(&self, parameter: Option<&str>) -> Result<Option<Vec<u8>>, TlvValueError> {
        match (&self.source, parameter) {
            (TlvSource::Constant(value), _) => self.encode(value).map(Some),
            (TlvSource::PerMessage { .. }, Some(value)) => self.encode(value).map(Some),
            (TlvSource::PerMessage { required: false }, None) => Ok(None),
            (TlvSource::PerMessage { required: true }, None) => Err(TlvValueError::Missing(self.name.clone())),
        }
    }

    fn encode_number(&self, value: &str, width: IntWidth) -> Result<Vec<u8>, TlvValueError> {
        let max = match width {
            IntWidth::One => u32::from(u8::MAX),
            IntWidth::Two => u32::from(u16::MAX),
            IntWidth::Four => u32::MAX,
        };
        let number = match value.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => value.parse(),
        };
        let Some(number) = number.ok().filter(|&number| number <= max) else {
            return Err(TlvValueError::NotANumber { name: self.name.clone(), value: value.to_owned(), max });
        };
        let [_, _, high, low] = number.to_be_bytes();
        Ok(match width {
            IntWidth::One => vec![low],
            IntWidth::Two => vec![high, low],
            IntWidth::Four => number.to_be_bytes().to_vec(),
        })
    }

    fn encode_hex(&self, value: &str) -> Result<Vec<u8>, TlvValueError> {
        let digits: Option<Vec<u8>> = value.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => {
                Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
            }
            _ => Err(TlvValueError::NotHex(self.name.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: TlvKind, source: TlvSource) -> TlvRule {
        TlvRule { name: "entity".into(), tag: 0x1400, kind, length_max: 4, source }
    }

    fn required(kind: TlvKind) -> TlvRule {
        rule(kind, TlvSource::PerMessage { required: true })
    }

    #[test]
    fn each_kind_writes_its_octets() {
        assert_eq!(required(TlvKind::Octets).encode("1201"), Ok(b"1201".to_vec()));
        assert_eq!(required(TlvKind::CString).encode("1201"), Ok(b"1201\0".to_vec()));
        assert_eq!(required(TlvKind::Hex).encode("C0ffee"), Ok(vec![0xc0, 0xff, 0xee]));
        assert_eq!(required(TlvKind::Int(IntWidth::One)).encode("0xff"), Ok(vec![255]));
        assert_eq!(required(TlvKind::Int(IntWidth::Two)).encode("258"), Ok(vec![1, 2]));
        assert_eq!(required(TlvKind::Int(IntWidth::Four)).encode("1"), Ok(vec![0, 0, 0, 1]));
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_by_name() {
        for (kind, value) in [
            (TlvKind::Octets, "12012"),
            (TlvKind::Octets, "é"),
            (TlvKind::Hex, "0"),
            (TlvKind::Hex, "0g"),
            (TlvKind::Hex, "0011223344"),
            (TlvKind::Int(IntWidth::One), "256"),
            (TlvKind::Int(IntWidth::Two), "-1"),
        ] {
            let error = required(kind).encode(value).unwrap_err();
            assert!(error.to_string().contains("entity"), "{error}");
        }
    }

    #[test]
    fn only_a_required_value_is_missed() {
        let optional = rule(TlvKind::Octets, TlvSource::PerMessage { required: false });
        assert_eq!(optional.value_for(None), Ok(None));
        assert_eq!(required(TlvKind::Octets).value_for(None), Err(TlvValueError::Missing("entity".into())));
        let constant = rule(TlvKind::Octets, TlvSource::Constant("42".into()));
        assert_eq!(constant.value_for(Some("43")), Ok(Some(b"42".to_vec())));
    }
}
