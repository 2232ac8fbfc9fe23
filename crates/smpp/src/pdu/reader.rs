//! Reads the fields of one PDU's body, never past its end, and notes what was odd.

use bytes::Bytes;

use super::{BodyError, COctetString, HEADER_OCTETS, Quirk, Tlvs};
use crate::Tag;

/// The octets of one frame that are still to be read.
pub struct Reader<'a> {
    frame: &'a Bytes,
    rest: &'a [u8],
    quirks: Vec<Quirk>,
}

impl<'a> Reader<'a> {
    /// Starts behind the header.
    pub(super) fn new(frame: &'a Bytes) -> Self {
        Self { frame, rest: frame.get(HEADER_OCTETS..).unwrap_or_default(), quirks: Vec::new() }
    }

    /// Notes something odd.
    #[cold]
    pub(super) fn note(&mut self, quirk: Quirk) {
        // A hostile PDU may be odd in thousands of places; the first few tell the story.
        if self.quirks.len() < QUIRKS_MAX {
            self.quirks.push(quirk);
        }
    }

    /// `SIZE` octets.
    #[inline]
    pub(super) fn array<const SIZE: usize>(&mut self, field: &'static str) -> Result<[u8; SIZE], BodyError> {
        let Some((octets, rest)) = self.rest.split_first_chunk::<SIZE>() else {
            return Err(BodyError::Cut { field });
        };
        self.rest = rest;
        Ok(*octets)
    }

    /// One octet.
    #[inline]
    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, BodyError> {
        Ok(u8::from_be_bytes(self.array(field)?))
    }

    /// Four octets.
    #[inline]
    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, BodyError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    /// A C-Octet String. Text over the limit and text that the end of the PDU cuts off are taken and noted.
    #[inline]
    pub(super) fn c_octets<const SIZE: usize>(
        &mut self,
        field: &'static str,
        text: &mut COctetString<SIZE>,
    ) -> Result<(), BodyError> {
        match text.take(self.rest) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => self.odd_c_octets(field, text),
        }
    }

    #[cold]
    fn odd_c_octets<const SIZE: usize>(
        &mut self,
        field: &'static str,
        text: &mut COctetString<SIZE>,
    ) -> Result<(), BodyError> {
        if self.rest.is_empty() {
            return Err(BodyError::Cut { field });
        }
        let (rest, terminated) = text.take_odd(self.rest);
        self.rest = rest;
        if !text.fits() {
            self.note(Quirk::OverLimit { field, octets: text.len() });
        }
        if !terminated {
            self.note(Quirk::MissingNul { field });
        }
        Ok(())
    }

    /// `sm_length` and `short_message`.
    #[inline]
    pub(super) fn short_message(&mut self) -> Result<Bytes, BodyError> {
        let announced = self.u8("sm_length")?;
        let held = self.rest.len();
        if usize::from(announced) > held {
            self.note(Quirk::ShortMessageCut { announced, held });
        }
        let (message, rest) = self.rest.split_at(usize::from(announced).min(held));
        self.rest = rest;
        Ok(self.slice(message))
    }

    /// Everything that is left, as TLVs.
    #[inline]
    pub(super) fn tlvs(&mut self) -> Tlvs {
        if self.rest.is_empty() { Tlvs::default() } else { self.some_tlvs() }
    }

    fn some_tlvs(&mut self) -> Tlvs {
        let mut at = self.rest;
        while let Some((head, value)) = at.split_first_chunk::<4>() {
            let announced = u16::from_be_bytes([head[2], head[3]]);
            let Some((_, next)) = value.split_at_checked(usize::from(announced)) else {
                let tag = Tag(u16::from_be_bytes([head[0], head[1]]));
                self.note(Quirk::TlvCut { tag, announced, held: value.len() });
                break;
            };
            at = next;
        }
        if (1..4).contains(&at.len()) {
            self.note(Quirk::TrailingOctets { octets: at.len() });
        }
        let whole = self.rest.split_at(self.rest.len() - at.len()).0;
        self.rest = &[];
        Tlvs::from_wire(self.slice(whole))
    }

    /// Everything that is left, as TLVs that are not to repeat the text of `short_message`.
    #[inline]
    pub(super) fn text_tlvs(&mut self, short_message: &[u8]) -> Tlvs {
        let tlvs = self.tlvs();
        if !tlvs.is_empty() && !short_message.is_empty() && tlvs.contains(Tag::MESSAGE_PAYLOAD) {
            self.note(Quirk::TextTwice);
        }
        tlvs
    }

    /// Everything that is left, as TLVs among which some must not be missing.
    pub(super) fn required_tlvs(&mut self, required: &[Tag]) -> Tlvs {
        let tlvs = self.tlvs();
        for &tag in required {
            if !tlvs.contains(tag) {
                self.note(Quirk::MissingTlv { tag });
            }
        }
        tlvs
    }

    /// A count in one octet, and that many entries. They are gathered one by one, so a false count allocates nothing.
    pub(super) fn counted<T>(
        &mut self,
        field: &'static str,
        entry: impl Fn(&mut Self) -> Result<T, BodyError>,
    ) -> Result<Vec<T>, BodyError> {
        let count = self.u8(field)?;
        (0..count).map(|_| entry(self)).collect()
    }

    /// Whether an answer came as its header alone: usual with errors, odd when it says "no error".
    #[inline]
    pub(super) fn body_is_missing(&mut self, ok: bool) -> bool {
        if self.rest.is_empty() && ok {
            self.note(Quirk::MissingBody);
        }
        self.rest.is_empty()
    }

    /// The TLVs of an answer that came without the text before them: as its header alone, or as TLVs in the place of the text.
    #[inline]
    pub(super) fn answer_without_text(&mut self, ok: bool) -> Option<Tlvs> {
        if self.body_is_missing(ok) {
            return Some(Tlvs::default());
        }
        if !self.is_tlvs_alone() {
            return None;
        }
        self.note(Quirk::TlvsAlone);
        Some(self.tlvs())
    }

    /// Whether all that is left is TLVs, and no text with TLVs behind it.
    fn is_tlvs_alone(&self) -> bool {
        let text_end = self.rest.iter().position(|&octet| octet == 0);
        let behind_text = text_end.and_then(|end| self.rest.get(end + 1..));
        let begins = self.rest.first_chunk::<2>().map(|tag| Tag(u16::from_be_bytes(*tag)));
        begins.is_some_and(|tag| tag.rule().is_some()) && are_tlvs(self.rest) && !behind_text.is_some_and(are_tlvs)
    }

    /// Ends a body that may hold nothing more.
    pub(super) fn finish(mut self) -> Vec<Quirk> {
        if !self.rest.is_empty() {
            self.note(Quirk::TrailingOctets { octets: self.rest.len() });
        }
        self.quirks
    }

    /// Everything that is left, as it is.
    pub(super) fn remaining(&mut self) -> Bytes {
        let rest = std::mem::take(&mut self.rest);
        self.slice(rest)
    }

    /// A piece of the frame as `Bytes`, without a copy.
    #[inline]
    fn slice(&self, piece: &[u8]) -> Bytes {
        if piece.is_empty() { Bytes::new() } else { self.frame.slice_ref(piece) }
    }
}

/// Whether octets are TLVs to the last one.
fn are_tlvs(mut octets: &[u8]) -> bool {
    while let Some((head, value)) = octets.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let Some((_, next)) = value.split_at_checked(length) else { return false };
        octets = next;
    }
    octets.is_empty()
}

/// How many quirks of one PDU are noted.
const QUIRKS_MAX: usize = 16;
