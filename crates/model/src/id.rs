//! Time-ordered 63-bit ids: the SQLite rowid, shown in thirteen Crockford base-32 characters.

use std::fmt;
use std::str::FromStr;

use super::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LENGTH: usize = 13;
const SEQUENCE_BITS: u32 = 21;

/// The id of an outgoing or incoming message. Later messages have larger ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(i64);

impl MessageId {
    /// The id with this rowid. Negative values are not ids and are refused.
    pub const fn from_i64(value: i64) -> Option<Self> {
        if value < 0 { None } else { Some(Self(value)) }
    }

    /// The rowid.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// When the id was given out, as far as the id tells: a burst or a clock that went back moves it ahead a little.
    pub const fn given_at(self) -> Timestamp {
        Timestamp::from_millis(self.0 >> SEQUENCE_BITS)
    }

    /// The smallest id that can be given out at `at`, to turn a time range into an id range.
    pub fn first_at(at: Timestamp) -> Self {
        Self(at.as_millis().max(0).saturating_mul(1 << SEQUENCE_BITS))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; TEXT_LENGTH];
        let mut rest = self.0.cast_unsigned();
        for place in text.iter_mut().rev() {
            *place = ALPHABET[usize::try_from(rest & 31).unwrap_or(0)];
            rest >>= 5;
        }
        f.pad(str::from_utf8(&text).unwrap_or_default())
    }
}

/// A text that is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message id has 13 characters of 0-9 and a-z, like 01jd8x4m2v0g0")]
pub struct ParseIdError;

impl FromStr for MessageId {
    type Err = ParseIdError;

    /// Reads the text form in either case; `o`, `i` and `l` count as 0, 1 and 1.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.len() != TEXT_LENGTH {
            return Err(ParseIdError);
        }
        let mut value: u64 = 0;
        for byte in text.bytes() {
            let digit = match byte.to_ascii_lowercase() {
                b'o' => 0,
                b'i' | b'l' => 1,
                other => ALPHABET.iter().position(|&known| known == other).ok_or(ParseIdError)?,
            };
            if value >> 59 != 0 {
                return Err(ParseIdError);
            }
            value = (value << 5) | u64::try_from(digit).map_err(|_| ParseIdError)?;
        }
        i64::try_from(value).ok().and_then(Self::from_i64).ok_or(ParseIdError)
    }
}

/// Gives out ids that grow with time and never repeat, even when the clock goes back.
#[derive(Debug, Clone)]
pub struct IdClock {
    last: i64,
}

impl IdClock {
    /// A clock that continues after `last`, the largest id in the store.
    pub const fn after(last: i64) -> Self {
        Self { last }
    }

    /// The newest id that was given out.
    pub const fn last(&self) -> i64 {
        self.last
    }

    /// The next id at `now`.
    pub fn next(&mut self, now: Timestamp) -> MessageId {
        let at_least = MessageId::first_at(now).0;
        self.last = at_least.max(self.last + 1);
        MessageId(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_reads_back_and_keeps_the_order() {
        let mut clock = IdClock::after(0);
        let now = Timestamp::from_millis(1_795_305_600_250);
        let (a, b) = (clock.next(now), clock.next(now));
        assert!(a < b && a.to_string() < b.to_string());
        assert_eq!(a.to_string().to_uppercase().parse(), Ok(a));
        assert_eq!(b.to_string().len(), 13);
        assert_eq!(b.given_at(), now);
    }

    #[test]
    fn ids_grow_though_the_clock_goes_back() {
        let mut clock = IdClock::after(0);
        let a = clock.next(Timestamp::from_millis(2_000));
        let b = clock.next(Timestamp::from_millis(1_000));
        assert!(b > a);
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in ["", "01jd8x4m2v0g", "01jd8x4m2v0g00", "01jd8x4m2v0gu", "zzzzzzzzzzzzz"] {
            assert_eq!(text.parse::<MessageId>(), Err(ParseIdError), "{text}");
        }
        assert!("7zzzzzzzzzzzz".parse::<MessageId>().is_ok(), "the largest 63-bit id");
        assert!("8000000000000".parse::<MessageId>().is_err(), "one above it");
    }
}
