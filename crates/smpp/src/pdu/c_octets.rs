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
    /// Less than `SIZE` octets, none of them NUL. `octets[length]` is the NUL, and what follows it has no meaning.
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

    /// Reads text within the limit from the front of `rest` and gives what follows its NUL; `None` when it is longer or
    /// has no NUL.
    #[inline]
    pub(super) fn take<'a>(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let Some(field) = rest.first_chunk::<SIZE>() else { return self.take_last(rest) };
        let length = find_nul(field)?;
        // Copying the whole field costs one or two instructions; copying just the text would cost a call.
        self.0 = Repr::Inline { length: length.to_le_bytes()[0], octets: *field };
        rest.get(length + 1..)
    }

    /// As [`COctetString::take`], when what is left is shorter than the field may be.
    #[inline]
    fn take_last<'a>(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let found = find_nul(rest)?;
        let (text, rest) = rest.split_at_checked(found + 1)?;
        if let Repr::Outsize(_) = self.0 {
            *self = Self::EMPTY;
        }
        if let Repr::Inline { length, octets } = &mut self.0 {
            octets.get_mut(..text.len())?.copy_from_slice(text);
            *length = found.to_le_bytes()[0];
        }
        Some(rest)
    }

    /// Reads text of any length, up to a NUL or to the end of `rest`; also tells whether a NUL came.
    #[cold]
    pub(super) fn take_odd<'a>(&mut self, rest: &'a [u8]) -> (&'a [u8], bool) {
        match find_nul(rest) {
            Some(length) => {
                *self = Self::new(&rest[..length]);
                (&rest[length + 1..], true)
            }
            None => {
                *self = Self::new(rest);
                (&[], false)
            }
        }
    }

    /// The field as it is written, NUL and all: what follows the NUL is not part of it. `None` when it does not fit.
    #[inline]
    pub(super) fn as_field(&self) -> Option<(&[u8; SIZE], usize)> {
        match &self.0 {
            Repr::Inline { length, octets } => Some((octets, usize::from(*length) + 1)),
            Repr::Outsize(_) => None,
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

/// Where the first NUL stands: eight octets at a time, since most texts are longer than a few.
#[inline]
fn find_nul(octets: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let (words, tail) = octets.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // Taking one from each octet borrows from the top bit of the first that is 0.
        let found = word.wrapping_sub(ONES) & !word & TOPS;
        if found != 0 {
            return Some(index * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    tail.iter().position(|&octet| octet == 0).map(|index| words.len() * 8 + index)
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
        let take = |octets: &'static [u8]| {
            let mut text = COctetString::<6>::EMPTY;
            text.take(octets).map(|rest| (text.to_text().into_owned(), rest))
        };
        assert_eq!(take(b"CMT\0rest"), Some(("CMT".into(), &b"rest"[..])));
        assert_eq!(take(b"CMT\0"), Some(("CMT".into(), &b""[..])));
        assert_eq!(take(b"12345\0"), Some(("12345".into(), &b""[..])));
        assert_eq!([take(b"CMT"), take(b""), take(b"123456\0")], [None, None, None]);
        let take_odd = |octets: &'static [u8]| {
            let mut text = COctetString::<6>::EMPTY;
            let (rest, terminated) = text.take_odd(octets);
            (text.to_text().into_owned(), rest, terminated)
        };
        assert_eq!(take_odd(b"CMT"), ("CMT".into(), &b""[..], false));
        assert_eq!(take_odd(b"longer than six\0x\0"), ("longer than six".into(), &b"x\0"[..], true));
    }

    #[test]
    fn the_first_nul_is_found_wherever_it_stands() {
        for length in 0..21 {
            let mut octets = [0xff; 21];
            octets[length] = 0;
            octets[20] = 0;
            assert_eq!(find_nul(&octets), Some(length));
            octets.rotate_left(length);
            assert_eq!(find_nul(&octets), Some(0));
        }
        assert_eq!(find_nul(&[1; 21]), None);
        assert_eq!(find_nul(&[0x80; 17]), None);
        // An octet of 1 behind a 0 must not be taken for the 0.
        assert_eq!(find_nul(&[2, 0, 1, 1, 1, 1, 1, 1]), Some(1));
    }

    #[test]
    fn the_empty_field_holds_nothing_but_its_nul() {
        assert!(COctetString::<1>::from("").fits());
        assert!(!COctetString::<1>::from("x").fits());
    }
}
