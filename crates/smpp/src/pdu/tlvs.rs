//! The optional parameters of one PDU: raw, in their order, unknown ones kept.

use std::borrow::Cow;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::EncodeError;
use crate::Tag;

/// TLVs as they stand on the wire. Values are read when somebody asks for them.
///
/// Reading is tolerant: integers are taken by the length they came with, and texts with or without their NUL.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Tlvs {
    /// Whole TLVs only, one behind the other.
    wire: Bytes,
}

impl Tlvs {
    /// No TLVs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes octets that were checked to be whole TLVs.
    #[inline]
    pub(super) fn from_wire(wire: Bytes) -> Self {
        Self { wire }
    }

    /// The octets that go on the wire.
    #[inline]
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.wire.is_empty()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> TlvIter<'_> {
        TlvIter { rest: &self.wire }
    }

    /// The value of the first TLV with this tag.
    #[inline]
    pub fn get(&self, tag: Tag) -> Option<&[u8]> {
        self.all(tag).next()
    }

    /// The values of all TLVs with this tag; some tags may repeat.
    pub fn all(&self, tag: Tag) -> impl Iterator<Item = &[u8]> {
        self.iter().filter(move |&(found, _)| found == tag).map(|(_, value)| value)
    }

    /// The value of the first TLV with this tag, without a copy.
    pub fn get_bytes(&self, tag: Tag) -> Option<Bytes> {
        self.get(tag).map(|value| if value.is_empty() { Bytes::new() } else { self.wire.slice_ref(value) })
    }

    /// Whether a TLV with this tag is there.
    pub fn contains(&self, tag: Tag) -> bool {
        self.get(tag).is_some()
    }

    /// An integer of 1 to 8 octets, whatever the specification says of its length.
    pub fn integer(&self, tag: Tag) -> Option<u64> {
        let value = self.get(tag)?;
        if !(1..=8).contains(&value.len()) {
            return None;
        }
        Some(value.iter().fold(0, |sum, &octet| sum << 8 | u64::from(octet)))
    }

    /// A text up to its NUL or, when there is none, to its end.
    pub fn c_octets(&self, tag: Tag) -> Option<&[u8]> {
        let value = self.get(tag)?;
        value.split(|&octet| octet == 0).next()
    }

    /// A text as `str`; octets that are no UTF-8 show as U+FFFD.
    pub fn text(&self, tag: Tag) -> Option<Cow<'_, str>> {
        self.c_octets(tag).map(String::from_utf8_lossy)
    }

    /// Appends a TLV.
    pub fn push(&mut self, tag: Tag, value: &[u8]) -> Result<(), EncodeError> {
        let length = u16::try_from(value.len()).map_err(|_| EncodeError::TlvTooLong { tag, octets: value.len() })?;
        let wire = std::mem::take(&mut self.wire);
        let mut wire = wire.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        wire.reserve(4 + value.len());
        wire.put_u16(tag.0);
        wire.put_u16(length);
        wire.put_slice(value);
        self.wire = wire.freeze();
        Ok(())
    }

    /// Appends a one-octet integer.
    pub fn push_u8(&mut self, tag: Tag, value: u8) {
        self.push_short(tag, &[value]);
    }

    /// Appends a two-octet integer.
    pub fn push_u16(&mut self, tag: Tag, value: u16) {
        self.push_short(tag, &value.to_be_bytes());
    }

    /// Appends a four-octet integer.
    pub fn push_u32(&mut self, tag: Tag, value: u32) {
        self.push_short(tag, &value.to_be_bytes());
    }

    /// Appends a text with its NUL.
    pub fn push_c_octets(&mut self, tag: Tag, text: impl AsRef<[u8]>) -> Result<(), EncodeError> {
        let text = text.as_ref();
        if text.contains(&0) {
            return Err(EncodeError::NulInside { field: tag.name() });
        }
        let mut value = Vec::with_capacity(text.len() + 1);
        value.extend_from_slice(text);
        value.push(0);
        self.push(tag, &value)
    }

    fn push_short(&mut self, tag: Tag, value: &[u8]) {
        self.push(tag, value).expect("an integer of a few octets fits a TLV");
    }
}

impl fmt::Debug for Tlvs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(tag, value)| (tag, format!("{value:02x?}")))).finish()
    }
}

/// Goes through TLVs in their order.
#[derive(Debug, Clone)]
pub struct TlvIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for TlvIter<'a> {
    type Item = (Tag, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.rest.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([head[2], head[3]])))?;
        self.rest = rest;
        Some((Tag(u16::from_be_bytes([head[0], head[1]])), value))
    }
}

impl<'a> IntoIterator for &'a Tlvs {
    type Item = (Tag, &'a [u8]);
    type IntoIter = TlvIter<'a>;

    fn into_iter(self) -> TlvIter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Tlvs {
        let mut tlvs = Tlvs::new();
        tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 0x1234);
        tlvs.push(Tag(0x1400), b"1101").unwrap();
        tlvs.push_c_octets(Tag::RECEIPTED_MESSAGE_ID, "39F9").unwrap();
        tlvs.push(Tag(0x1400), b"second").unwrap();
        tlvs.push(Tag::ALERT_ON_MESSAGE_DELIVERY, b"").unwrap();
        tlvs
    }

    #[test]
    fn values_come_back_in_their_order_unknown_ones_too() {
        let tags: Vec<u16> = sample().iter().map(|(tag, _)| tag.0).collect();
        assert_eq!(tags, [0x020c, 0x1400, 0x001e, 0x1400, 0x130c]);
        assert_eq!(sample().get(Tag(0x1400)), Some(&b"1101"[..]));
        assert_eq!(sample().all(Tag(0x1400)).collect::<Vec<_>>(), [&b"1101"[..], b"second"]);
        assert_eq!(sample().get_bytes(Tag::ALERT_ON_MESSAGE_DELIVERY), Some(Bytes::new()));
        assert!(!sample().contains(Tag::MESSAGE_STATE));
    }

    #[test]
    fn integers_are_read_by_the_length_they_came_with() {
        let value = |octets: &[u8]| {
            let mut tlvs = Tlvs::new();
            tlvs.push(Tag::MESSAGE_STATE, octets).unwrap();
            tlvs.integer(Tag::MESSAGE_STATE)
        };
        assert_eq!(value(&[2]), Some(2));
        assert_eq!(value(&[0, 0, 0, 2]), Some(2));
        assert_eq!(value(&[0xff; 8]), Some(u64::MAX));
        assert_eq!([value(&[]), value(&[0; 9])], [None; 2]);
    }

    #[test]
    fn texts_are_read_with_and_without_their_nul() {
        let value = |octets: &[u8]| {
            let mut tlvs = Tlvs::new();
            tlvs.push(Tag::RECEIPTED_MESSAGE_ID, octets).unwrap();
            tlvs.text(Tag::RECEIPTED_MESSAGE_ID).map(Cow::into_owned)
        };
        for octets in [&b"39F9"[..], b"39F9\0", b"39F9\0\0\0", b"39F9\0rest"] {
            assert_eq!(value(octets), Some("39F9".into()));
        }
        assert_eq!([value(b""), value(b"\0")], [Some(String::new()), Some(String::new())]);
    }

    #[test]
    fn a_value_fits_into_sixteen_bits_of_length() {
        let mut tlvs = Tlvs::new();
        let tag = Tag::MESSAGE_PAYLOAD;
        assert_eq!(tlvs.push(tag, &[0; 65535]), Ok(()));
        assert_eq!(tlvs.push(tag, &[0; 65536]), Err(EncodeError::TlvTooLong { tag, octets: 65536 }));
        let refused = tlvs.push_c_octets(Tag::RECEIPTED_MESSAGE_ID, "a\0b");
        assert_eq!(refused, Err(EncodeError::NulInside { field: "receipted_message_id" }));
        assert_eq!(tlvs.iter().count(), 1);
    }
}
