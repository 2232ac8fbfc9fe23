//! Decides where a user data header ends and the text begins, and packs both (TP-UDL, TP-UD; 3GPP TS 23.040, 9.2.3.16
//! and 24).

use super::reader::Reader;
use super::{DataCoding, EncodeError, take_concatenation};
use postrider_model::{Alphabet, PartOf};
use postrider_text::{self as text, septets};

/// The user data behind its header, in the units of its data coding scheme.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum UserData {
    /// GSM 7-bit, one septet in each octet, as [`Encoded`](postrider_model::Encoded) keeps it.
    Septets(Vec<u8>),
    /// UCS-2, data, or compressed text.
    Octets(Vec<u8>),
}

impl UserData {
    /// `payload` in the units of `coding`.
    pub const fn new(coding: DataCoding, payload: Vec<u8>) -> Self {
        if coding.is_septets() { Self::Septets(payload) } else { Self::Octets(payload) }
    }

    /// Septets or octets, one in each.
    pub fn payload(&self) -> &[u8] {
        let (Self::Septets(payload) | Self::Octets(payload)) = self;
        payload
    }

    /// How many octets it takes behind a header of `header_octets`, that header included.
    pub fn size(&self, header_octets: usize) -> usize {
        match self {
            Self::Septets(payload) => ((septets::header_septets(header_octets) + payload.len()) * 7).div_ceil(8),
            Self::Octets(payload) => header_octets + payload.len(),
        }
    }

    /// TP-UDL.
    fn length(&self, header_octets: usize) -> usize {
        match self {
            Self::Septets(payload) => septets::header_septets(header_octets) + payload.len(),
            Self::Octets(payload) => header_octets + payload.len(),
        }
    }

    /// Reads TP-UDL and TP-UD into the header, its length octet first, and what follows it.
    ///
    /// Fewer octets than the length says are taken as they are, and a header that says more than is there is text: a
    /// message that came is shown rather than lost.
    pub(super) fn decode(reader: &mut Reader<'_>, has_header: bool, coding: DataCoding) -> (Vec<u8>, Self) {
        let length = reader.octet("TP-UDL").map_or(0, usize::from);
        let octets = if coding.is_septets() { (length * 7).div_ceil(8) } else { length };
        let octets = reader.up_to(octets);
        let (header, rest) = split_header(octets, has_header);
        if !coding.is_septets() {
            return (header.to_vec(), Self::Octets(rest.to_vec()));
        }
        let count = length.saturating_sub(septets::header_septets(header.len()));
        let payload = septets::unpack(rest, septets::fill_bits(header.len()), count);
        (header.to_vec(), Self::Septets(payload))
    }

    /// Writes TP-UDL and TP-UD.
    pub(super) fn encode(
        &self,
        header: &[u8],
        coding: DataCoding,
        octets_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if header.first().is_some_and(|&length| usize::from(length) + 1 != header.len()) {
            return Err(EncodeError::Header);
        }
        let size = self.size(header.len());
        let too_long = EncodeError::UserDataTooLong(size, octets_max);
        if size > octets_max {
            return Err(too_long);
        }
        out.push(u8::try_from(self.length(header.len())).map_err(|_| too_long)?);
        out.extend_from_slice(header);
        match self {
            Self::Septets(payload) if coding.is_septets() && payload.iter().all(|&septet| septet < 0x80) => {
                out.extend_from_slice(&septets::pack(payload, septets::fill_bits(header.len())));
            }
            Self::Octets(payload) if !coding.is_septets() => out.extend_from_slice(payload),
            Self::Septets(_) | Self::Octets(_) => return Err(EncodeError::Units),
        }
        Ok(())
    }
}

/// Texts are personal: debug output tells their length only.
impl std::fmt::Debug for UserData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Septets(payload) => write!(f, "{} septets", payload.len()),
            Self::Octets(payload) => write!(f, "{} octets", payload.len()),
        }
    }
}

/// The header with its length octet, and the rest.
pub(super) fn split_header(octets: &[u8], has_header: bool) -> (&[u8], &[u8]) {
    let whole = match octets.first() {
        Some(&length) if has_header => octets.split_at_checked(usize::from(length) + 1),
        _ => None,
    };
    whole.unwrap_or((&[], octets))
}

/// User data as the rest of the house keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// How the payload is to be read.
    pub alphabet: Alphabet,
    /// The user data without its header, septets unpacked.
    pub payload: Vec<u8>,
    /// Information elements besides the concatenation, in wire form without length octet.
    pub elements: Vec<u8>,
    /// Its place in a longer message, if it has one.
    pub part_of: Option<PartOf>,
}

impl Content {
    pub(super) fn new(coding: DataCoding, header: &[u8], data: &UserData) -> Self {
        let (part_of, elements) = take_concatenation(header);
        Self { alphabet: coding.alphabet(), payload: data.payload().to_vec(), elements, part_of }
    }

    /// What it says; data in hexadecimal.
    pub fn text(&self) -> String {
        text::decode(self.alphabet, &self.payload, &self.elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(octets: &[u8], has_header: bool, coding: DataCoding) -> (Vec<u8>, UserData) {
        UserData::decode(&mut Reader::new(octets), has_header, coding)
    }

    #[test]
    fn a_text_begins_on_a_septet_border_behind_its_header() {
        let header = [5, 0, 3, 0x34, 2, 1];
        for count in [0, 1, 7, 8, 152, 153] {
            let data = UserData::Septets(vec![0x55; count]);
            let mut out = Vec::new();
            data.encode(&header, DataCoding::GSM7, 140, &mut out).unwrap();
            assert_eq!((usize::from(out[0]), out.len()), (7 + count, 1 + data.size(6)));
            assert_eq!(out[7] & 1, 0, "the fill bit");
            assert_eq!(decode(&out, true, DataCoding::GSM7), (header.to_vec(), data));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let write = |data: &UserData, header: &[u8], coding| data.encode(header, coding, 140, &mut Vec::new());
        let septets = |count| UserData::Septets(vec![1; count]);
        let octets = |count| UserData::Octets(vec![1; count]);
        assert_eq!(write(&septets(160), &[], DataCoding::GSM7), Ok(()));
        assert_eq!(write(&septets(161), &[], DataCoding::GSM7), Err(EncodeError::UserDataTooLong(141, 140)));
        assert_eq!(write(&octets(134), &[5, 0, 3, 1, 2, 1], DataCoding::UCS2), Ok(()));
        assert_eq!(
            write(&octets(135), &[5, 0, 3, 1, 2, 1], DataCoding::UCS2),
            Err(EncodeError::UserDataTooLong(141, 140))
        );
        assert_eq!(write(&octets(1), &[5, 0, 3], DataCoding::OCTETS), Err(EncodeError::Header));
        assert_eq!(write(&octets(1), &[], DataCoding::GSM7), Err(EncodeError::Units));
        assert_eq!(write(&septets(1), &[], DataCoding::UCS2), Err(EncodeError::Units));
        assert_eq!(write(&UserData::Septets(vec![0x80]), &[], DataCoding::GSM7), Err(EncodeError::Units));
    }

    #[test]
    fn what_came_is_shown_rather_than_lost() {
        let hello = [0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37];
        let cut: Vec<u8> = std::iter::once(11).chain(hello).collect();
        assert_eq!(decode(&cut, false, DataCoding::GSM7).1, UserData::Septets(b"hellohello".to_vec()));
        assert_eq!(decode(&[], true, DataCoding::GSM7), (vec![], UserData::Septets(vec![])));
        let header_too_long = [3, 9, 1, 2];
        assert_eq!(decode(&header_too_long, true, DataCoding::OCTETS), (vec![], UserData::Octets(vec![9, 1, 2])));
        let only_header = [2, 1, 7];
        assert_eq!(decode(&only_header, true, DataCoding::OCTETS), (vec![1, 7], UserData::Octets(vec![])));
        assert_eq!(decode(&[2, 1, 7], true, DataCoding::GSM7), (vec![1, 7], UserData::Septets(vec![])));
    }
}
