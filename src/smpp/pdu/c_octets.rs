//! A C-Octet String: the specification's NUL-terminated text, kept inline while it is within its limit.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A C-Octet String whose field takes at most `SIZE` octets, the terminating NUL included.
///
/// Text within the limit lives inline, so decoding a PDU allocates nothing for it. Longer text, which some carriers do
/// send, is kept whole on the heap; encoding refuses it.
#[derive(Clone)]
pub struct COctetString<const SIZE: usize>(Repr<SIZE>);

#[derive(Clone)]
enum Repr<const SIZE: usize> {
    /// Less than `SIZE` octets, none of them NUL.
    Inline { length: u8, octets: [u8; SIZE] },
    /// Anything that does not fit the field.
    Outsize(Box<[u8]>),
}

impl<const SIZE: usize> COctetString<SIZE> {
    /// How many octets the text may have: the NUL takes one.
    pub const OCTETS_MAX: usize = {
        assert!(SIZE >= 1 && SIZE <= 256, "the length is kept in one octet");
        SIZE - 1
    };

    /// The empty string.
    pub const EMPTY: Self = Self(Repr::Inline { length: 0, octets: [0; SIZE] });

    /// Takes text of any length. What the field cannot hold is refused when it is encoded, not here.
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        if text.len() > Self::OCTETS_MAX || text.contains(&0) {
            return Self(Repr::Outsize(text.into()));
        }
        let mut octets = [0; SIZE];
        octets[..text.len()].copy_from_slice(text);
        Self(Repr::Inline { length: text.len().to_le_bytes()[0], octets })
    }

    /// Reads from the front of `rest`, up to a NUL or the end; also gives the octets consumed and whether a NUL came.
    #[inline]
    pub(super) fn take(rest: &[u8]) -> (Self, usize, bool) {
        if let Some(octets) = rest.first_chunk::<SIZE>()
            && let Some(length) = find_nul(octets)
        {
            return (Self(Repr::Inline { length: length.to_le_bytes()[0], octets: *octets }), length + 1, true);
        }
        match find_nul(rest) {
            Some(length) => (Self::new(&rest[..length]), length + 1, true),
            None => (Self::new(rest), rest.len(), false),
        }
    }

    /// The octets without the NUL.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, octets } => octets.get(..usize::from(*length)).unwrap_or_default(),
            Repr::Outsize(octets) => octets,
        }
    }

    /// The text; octets that are no UTF-8 show as U+FFFD.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// How many octets the text has, without the NUL.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the field can hold it: within the limit and without a NUL inside.
    #[inline]
    pub(super) fn fits(&self) -> bool {
        matches!(self.0, Repr::Inline { .. })
    }
}

/// Where the first NUL stands.
#[inline]
fn find_nul(octets: &[u8]) -> Option<usize> {
    octets.iter().position(|&octet| octet == 0)
}

impl<const SIZE: usize> Default for COctetString<SIZE> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const SIZE: usize> From<&str> for COctetString<SIZE> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<const SIZE: usize> From<&[u8]> for COctetString<SIZE> {
    fn from(text: &[u8]) -> Self {
        Self::new(text)
    }
}

impl<const SIZE: usize> AsRef<[u8]> for COctetString<SIZE> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<const SIZE: usize> PartialEq for COctetString<SIZE> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const SIZE: usize> Eq for COctetString<SIZE> {}

impl<const SIZE: usize> PartialEq<str> for COctetString<SIZE> {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const SIZE: usize> PartialEq<&str> for COctetString<SIZE> {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const SIZE: usize> Hash for COctetString<SIZE> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl<const SIZE: usize> fmt::Debug for COctetString<SIZE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

impl<const SIZE: usize> fmt::Display for COctetString<SIZE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_up_to_the_limit_is_inline_and_longer_text_is_kept_whole() {
        assert!(COctetString::<9>::from("12345678").fits());
        let long = COctetString::<9>::from("123456789");
        assert!(!long.fits());
        assert_eq!(long, "123456789");
        assert!(!COctetString::<9>::new(b"a\0b").fits());
    }

    #[test]
    fn reading_stops_at_the_nul_or_at_the_end() {
        assert_eq!(COctetString::<6>::take(b"CMT\0rest"), ("CMT".into(), 4, true));
        assert_eq!(COctetString::<6>::take(b"CMT\0"), ("CMT".into(), 4, true));
        assert_eq!(COctetString::<6>::take(b"CMT"), ("CMT".into(), 3, false));
        assert_eq!(COctetString::<6>::take(b""), ("".into(), 0, false));
        assert_eq!(COctetString::<6>::take(b"longer than six\0x"), ("longer than six".into(), 16, true));
    }

    #[test]
    fn the_empty_field_holds_nothing_but_its_nul() {
        assert!(COctetString::<1>::from("").fits());
        assert!(!COctetString::<1>::from("x").fits());
    }
}
