//! Reads the user data of a PDU in either direction: text or data, its header, its place in a longer message.

use bytes::Bytes;

use super::coding;
use super::pdu::{DataSm, DeliverSm, SubmitSm, Tlvs};
use super::profile::DefaultAlphabet;
use super::{Body, Tag};
use postrider_model::{Alphabet, PartOf};

/// The fields that say how the user data is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// Bit 6: there is a user data header.
    pub esm_class: u8,
    /// How the text is coded.
    pub data_coding: u8,
    /// The text, unless it is in `message_payload`.
    pub short_message: &'a Bytes,
    /// `message_payload` and the `sar_*` TLVs.
    pub tlvs: &'a Tlvs,
    /// Whether a header that joins parts is one without its bit in `esm_class`, too.
    pub unmarked_header: bool,
}

/// A `data_sm` has no `short_message`.
static NO_TEXT: Bytes = Bytes::new();

impl<'a> Fields<'a> {
    /// The fields of a PDU that carries a message; `None` for the others.
    pub fn of(body: &'a Body) -> Option<Self> {
        if let Body::DataSm(DataSm { esm_class, data_coding, tlvs, .. }) = body {
            return Some(Self {
                esm_class: *esm_class,
                data_coding: *data_coding,
                short_message: &NO_TEXT,
                tlvs,
                unmarked_header: false,
            });
        }
        let (Body::SubmitSm(SubmitSm { esm_class, data_coding, short_message, tlvs, .. })
        | Body::DeliverSm(DeliverSm { esm_class, data_coding, short_message, tlvs, .. })) = body
        else {
            return None;
        };
        Some(Self { esm_class: *esm_class, data_coding: *data_coding, short_message, tlvs, unmarked_header: false })
    }

    /// The octets of the user data, its header included.
    pub fn user_data(&self) -> &'a [u8] {
        match self.tlvs.get(Tag::MESSAGE_PAYLOAD) {
            // Some fill the field that is not used with a NUL.
            Some(payload) if self.short_message.iter().all(|&octet| octet == 0) => payload,
            _ => self.short_message,
        }
    }

    /// The octets of the text, without any header.
    pub fn text(&self) -> &'a [u8] {
        self.split().1
    }

    /// The information elements and the text. A header that says more than is there is text itself.
    fn split(&self) -> (&'a [u8], &'a [u8]) {
        let data = self.user_data();
        let marked = self.esm_class & UDHI != 0 || self.unmarked_header && begins_with_a_place(data);
        let header = if marked { split_header(data) } else { None };
        header.unwrap_or((&[], data))
    }
}

/// User data, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// How the payload is to be read.
    pub alphabet: Alphabet,
    /// The payload without header, as the model keeps it.
    pub payload: Vec<u8>,
    /// Information elements besides the concatenation, in wire form without length octet.
    pub elements: Vec<u8>,
    /// Its place in a longer message.
    pub part_of: Option<PartOf>,
    /// The message class, if the coding names one.
    pub message_class: Option<u8>,
}

/// Reads user data; `default` is what `data_coding` 0 means in this direction.
pub fn read(fields: Fields<'_>, default: DefaultAlphabet) -> Content {
    let (elements, payload) = fields.split();
    let header_octets = fields.user_data().len() - payload.len();
    let (part_of, elements) = take_concatenation(elements);
    let read = coding::read(fields.data_coding, default, payload, header_octets);
    Content {
        alphabet: read.alphabet,
        payload: read.payload,
        elements,
        part_of: part_of.or_else(|| sar(fields.tlvs)),
        message_class: read.message_class,
    }
}

/// `esm_class`: a user data header stands before the text (3.4, 5.2.12).
const UDHI: u8 = 0x40;

/// The elements and what follows them; `None` if the length octet says more than is there.
fn split_header(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// Whether octets begin with a header that holds a part's place and nothing else.
fn begins_with_a_place(data: &[u8]) -> bool {
    let joins = matches!(data, [5, 0x00, 3, ..] | [6, 0x08, 4, ..]);
    joins && split_header(data).is_some_and(|(elements, _)| take_concatenation(elements).0.is_some())
}

/// The place that the first valid concatenation element gives, and the other elements (3GPP TS 23.040, 9.2.3.24).
fn take_concatenation(mut elements: &[u8]) -> (Option<PartOf>, Vec<u8>) {
    let (mut part_of, mut others) = (None, Vec::new());
    while let [id, length, rest @ ..] = elements {
        let Some((value, next)) = rest.split_at_checked(usize::from(*length)) else { break };
        let place = match (id, value) {
            (0x00, &[reference, total, number]) => part(u16::from(reference), false, total, number),
            (0x08, &[high, low, total, number]) => part(u16::from_be_bytes([high, low]), true, total, number),
            _ => None,
        };
        match place {
            Some(place) => part_of = part_of.or(Some(place)),
            // A concatenation element with impossible numbers is to be ignored, not shown.
            None if matches!(id, 0x00 | 0x08) => {}
            None => others.extend_from_slice(elements.get(..value.len() + 2).unwrap_or_default()),
        }
        elements = next;
    }
    (part_of, others)
}

fn part(reference: u16, wide: bool, total: u8, number: u8) -> Option<PartOf> {
    (total > 1 && (1..=total).contains(&number)).then_some(PartOf { reference, wide, total, number })
}

fn sar(tlvs: &Tlvs) -> Option<PartOf> {
    let octet = |tag| tlvs.integer(tag).and_then(|value| u8::try_from(value).ok());
    let reference = tlvs.integer(Tag::SAR_MSG_REF_NUM).and_then(|value| u16::try_from(value).ok())?;
    part(reference, true, octet(Tag::SAR_TOTAL_SEGMENTS)?, octet(Tag::SAR_SEGMENT_SEQNUM)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliver(esm_class: u8, data_coding: u8, text: &'static [u8]) -> Content {
        let body = Body::DeliverSm(DeliverSm {
            esm_class,
            data_coding,
            short_message: Bytes::from_static(text),
            ..DeliverSm::default()
        });
        read(Fields::of(&body).unwrap(), DefaultAlphabet::Gsm7)
    }

    #[test]
    fn the_three_ways_of_long_messages_give_the_same_place() {
        let place = |reference| Some(PartOf { reference, wide: reference > 255, total: 2, number: 1 });
        assert_eq!(deliver(0x40, 0, b"\x05\x00\x03\x34\x02\x01one").part_of, place(0x34));
        assert_eq!(deliver(0x40, 0, b"\x06\x08\x04\x12\x34\x02\x01one").part_of, place(0x1234));
        let mut tlvs = Tlvs::new();
        tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 0x1234);
        tlvs.push_u8(Tag::SAR_TOTAL_SEGMENTS, 2);
        tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, 1);
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"one").unwrap();
        let body = Body::DataSm(DataSm { tlvs, ..DataSm::default() });
        let content = read(Fields::of(&body).unwrap(), DefaultAlphabet::Gsm7);
        assert_eq!((content.part_of, content.payload), (place(0x1234), b"one".to_vec()));
    }

    #[test]
    fn other_elements_are_kept_and_impossible_places_ignored() {
        let content = deliver(0x40, 4, b"\x0b\x05\x04\x13\x88\x00\x00\x00\x03\x34\x02\x03data");
        assert_eq!((content.part_of, content.elements), (None, vec![5, 4, 0x13, 0x88, 0, 0]));
        assert_eq!((content.alphabet, content.payload), (Alphabet::Binary, b"data".to_vec()));
    }

    #[test]
    fn a_header_longer_than_the_data_is_read_as_text() {
        assert_eq!(deliver(0x40, 0, b"\x20abc").payload, b"\x20abc");
        assert_eq!(deliver(0x40, 0, b"").payload, b"");
    }

    #[test]
    fn without_its_bit_a_header_is_text() {
        let text = b"\x05\x00\x03\x34\x02\x01one";
        assert_eq!(deliver(0x00, 0, text).part_of, None);
        let body = Body::DeliverSm(DeliverSm { short_message: Bytes::from_static(text), ..DeliverSm::default() });
        let fields = Fields { unmarked_header: true, ..Fields::of(&body).unwrap() };
        let content = read(fields, DefaultAlphabet::Gsm7);
        assert_eq!(content.part_of, Some(PartOf { reference: 0x34, wide: false, total: 2, number: 1 }), "by profile");
        assert_eq!(content.payload, b"one");
    }

    #[test]
    fn a_nul_beside_the_payload_is_no_text() {
        let mut tlvs = Tlvs::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"STOP").unwrap();
        let body =
            Body::DeliverSm(DeliverSm { short_message: Bytes::from_static(b"\0"), tlvs, ..DeliverSm::default() });
        assert_eq!(read(Fields::of(&body).unwrap(), DefaultAlphabet::Gsm7).payload, b"STOP");
    }
}
