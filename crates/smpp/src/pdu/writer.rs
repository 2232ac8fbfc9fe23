//! Writes the fields of one PDU's body, and refuses what the specification does not allow.

use bytes::BytesMut;

use super::{COctetString, EncodeError, Tlvs};
use crate::Tag;

/// Limits that a carrier may stretch. The default is the specification's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeLimits {
    /// Octets of `password` without the NUL. 8 in the specification; some carriers give out longer ones.
    pub password_octets_max: usize,
    /// Octets of `short_message`. 254 in 3.4, 255 in 5.0.
    pub short_message_octets_max: usize,
}

impl EncodeLimits {
    /// The limits of SMPP 3.4.
    pub const SMPP_3_4: Self = Self { password_octets_max: 8, short_message_octets_max: 254 };
    /// The limits of SMPP 5.0.
    pub const SMPP_5_0: Self = Self { password_octets_max: 8, short_message_octets_max: 255 };
}

impl Default for EncodeLimits {
    fn default() -> Self {
        Self::SMPP_3_4
    }
}

/// Where a PDU is written to.
///
/// Fields of a known size are copied whole into room that was made beforehand, which costs far less than appending
/// just the octets that count; `at` is where the PDU really ends.
pub struct Writer<'a> {
    out: &'a mut BytesMut,
    at: usize,
    pub(super) limits: &'a EncodeLimits,
}

/// Room made at once: the fields of a `submit_sm` before its `short_message`.
const ROOM_OCTETS: usize = 128;

impl<'a> Writer<'a> {
    /// Appends to `out`.
    #[inline]
    pub(super) fn new(out: &'a mut BytesMut, limits: &'a EncodeLimits) -> Self {
        let at = out.len();
        out.resize(at + ROOM_OCTETS, 0);
        Self { out, at, limits }
    }

    /// Cuts off the room that was not used, and tells where the PDU ends.
    #[inline]
    pub(super) fn finish(self) -> usize {
        self.out.truncate(self.at);
        self.at
    }

    /// A few octets.
    #[inline]
    pub(super) fn array<const SIZE: usize>(&mut self, octets: &[u8; SIZE]) {
        self.field(octets, SIZE);
    }

    /// The first `used` octets of a field.
    #[inline]
    fn field<const SIZE: usize>(&mut self, octets: &[u8; SIZE], used: usize) {
        match self.out.get_mut(self.at..).and_then(|room| room.first_chunk_mut::<SIZE>()) {
            Some(room) => *room = *octets,
            None => return self.octets(octets.get(..used).unwrap_or_default()),
        }
        self.at += used;
    }

    /// Octets of any number. They take the place of the room that was left.
    pub(super) fn octets(&mut self, octets: &[u8]) {
        self.out.truncate(self.at);
        self.out.extend_from_slice(octets);
        self.at += octets.len();
    }

    /// A C-Octet String with its NUL.
    #[inline]
    pub(super) fn c_octets<const SIZE: usize>(
        &mut self,
        field: &'static str,
        text: &COctetString<SIZE>,
    ) -> Result<(), EncodeError> {
        let Some((octets, used)) = text.as_field() else {
            return Err(refusal(field, text.as_bytes(), COctetString::<SIZE>::OCTETS_MAX));
        };
        self.field(octets, used);
        Ok(())
    }

    /// `password`, whose limit the carrier may have stretched.
    pub(super) fn password(&mut self, text: &COctetString<9>) -> Result<(), EncodeError> {
        let limit = self.limits.password_octets_max;
        if text.len() > limit || text.as_bytes().contains(&0) {
            return Err(refusal("password", text.as_bytes(), limit));
        }
        self.octets(text.as_bytes());
        self.array(&[0]);
        Ok(())
    }

    /// A time: empty, or 16 characters (3.4, 7.1.1).
    #[inline]
    pub(super) fn time(&mut self, field: &'static str, text: &COctetString<17>) -> Result<(), EncodeError> {
        match text.len() {
            0 | 16 => self.c_octets(field, text),
            octets => Err(EncodeError::NotATime { field, octets }),
        }
    }

    /// `sm_length` and `short_message`.
    #[inline]
    pub(super) fn short_message(&mut self, message: &[u8]) -> Result<(), EncodeError> {
        let limit = self.limits.short_message_octets_max.min(255);
        match u8::try_from(message.len()) {
            Ok(sm_length) if message.len() <= limit => {
                self.array(&[sm_length]);
                self.octets(message);
                Ok(())
            }
            _ => Err(EncodeError::TooLong { field: "short_message", octets: message.len(), limit }),
        }
    }

    /// How many entries follow, in one octet.
    pub(super) fn count(&mut self, field: &'static str, count: usize) -> Result<(), EncodeError> {
        let octet = u8::try_from(count).map_err(|_| EncodeError::TooMany { field, count, limit: 255 })?;
        self.array(&[octet]);
        Ok(())
    }

    /// The TLVs in their order, unless they repeat the text of `short_message`.
    #[inline]
    pub(super) fn text_tlvs(&mut self, short_message: &[u8], tlvs: &Tlvs) -> Result<(), EncodeError> {
        if !tlvs.is_empty() && !short_message.is_empty() && tlvs.contains(Tag::MESSAGE_PAYLOAD) {
            return Err(EncodeError::TextTwice);
        }
        self.tlvs(tlvs);
        Ok(())
    }

    /// The TLVs in their order, among which some must not be missing.
    pub(super) fn required_tlvs(&mut self, required: &[Tag], tlvs: &Tlvs) -> Result<(), EncodeError> {
        if let Some(&tag) = required.iter().find(|&&tag| !tlvs.contains(tag)) {
            return Err(EncodeError::MissingTlv { tag });
        }
        self.tlvs(tlvs);
        Ok(())
    }

    /// The TLVs in their order.
    #[inline]
    pub(super) fn tlvs(&mut self, tlvs: &Tlvs) {
        if !tlvs.is_empty() {
            self.octets(tlvs.as_wire());
        }
    }
}

#[cold]
fn refusal(field: &'static str, text: &[u8], limit: usize) -> EncodeError {
    if text.len() > limit {
        EncodeError::TooLong { field, octets: text.len(), limit }
    } else {
        EncodeError::NulInside { field }
    }
}
