//! Builds the request that carries one segment of a message to one carrier.

use bytes::Bytes;

use super::addressing::{self, SenderError};
use super::coding::{self, AlphabetError, Coding};
use super::pdu::{DataSm, SubmitSm, Tlvs};
use super::profile::{CarrierProfile, ReceiptSegments, SubmitWith, TlvValueError};
use super::{Body, EncodeError, Tag, time_text};
use postrider_model::{Alphabet, Concatenation, Encoded, Submission, Timestamp};

/// `esm_class` with a user data header (3.4, 5.2.12).
const UDHI: u8 = 0x40;
/// The longest `short_message` of SMPP 3.4; longer content goes into `message_payload`.
const SHORT_MESSAGE_MAX: usize = 254;

/// Why a segment cannot be sent to this carrier: each says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The submission names a segment that the message does not have.
    #[error("the message has no segment {0}")]
    NoSegment(u8),
    /// The carrier has no `data_coding` for the alphabet.
    #[error("this carrier takes no {}", .0.as_str())]
    NoCoding(Alphabet),
    /// A character that the carrier's default alphabet lacks.
    #[error(transparent)]
    Alphabet(#[from] AlphabetError),
    /// A sender that cannot be written.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// A TLV of the carrier that is missing or does not fit.
    #[error(transparent)]
    Parameter(#[from] TlvValueError),
    /// Something is too long for its field.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl CarrierProfile {
    /// Whether receipts are asked for at all.
    pub fn asks_receipts(&self) -> bool {
        self.registered_delivery.segments != ReceiptSegments::None
    }
}

/// The `submit_sm` or `data_sm` of segment `index` (from 0). `now` is what a relative validity counts from.
///
/// # Errors
/// Says what this carrier cannot take. Nothing was sent.
pub fn request(
    profile: &CarrierProfile,
    submission: &Submission,
    index: u8,
    now: Timestamp,
) -> Result<Body, RequestError> {
    let encoded = &*submission.encoded;
    let from = submission.from.as_ref().or(profile.sender.as_ref());
    let source_addr = addressing::source(&profile.addresses, profile.default_alphabet_mt, from)?;
    let destination_addr = addressing::destination(&profile.addresses, &submission.to);
    let coding =
        Coding::of(profile, encoded.alphabet, &encoded.indication).ok_or(RequestError::NoCoding(encoded.alphabet))?;
    let content = Content::of(profile, encoded, index, coding.data_coding)?;
    let mut tlvs = Tlvs::new();
    let in_payload = profile.submit_with == SubmitWith::DataSm
        || encoded.concatenation == Concatenation::Payload
        || content.octets.len() > SHORT_MESSAGE_MAX;
    if in_payload {
        tlvs.push(Tag::MESSAGE_PAYLOAD, &content.octets)?;
    }
    content.push_tlvs(&mut tlvs);
    coding.push_tlvs(&mut tlvs);
    let is_last = usize::from(index) + 1 >= encoded.segments.len();
    if profile.more_messages_to_send && !is_last {
        tlvs.push_u8(Tag::MORE_MESSAGES_TO_SEND, 1);
    }
    for rule in &profile.tlvs {
        if let Some(value) = rule.value_for(submission.parameters.get(&rule.name).map(String::as_str))? {
            tlvs.push(Tag(rule.tag), &value)?;
        }
    }
    let registered_delivery = registered_delivery(profile, is_last);
    Ok(match profile.submit_with {
        SubmitWith::DataSm => Body::DataSm(DataSm {
            service_type: profile.service_type.as_str().into(),
            source_addr: source_addr.resized(),
            destination_addr: destination_addr.resized(),
            esm_class: content.esm_class,
            registered_delivery,
            data_coding: coding.data_coding,
            tlvs,
        }),
        SubmitWith::SubmitSm => Body::SubmitSm(SubmitSm {
            service_type: profile.service_type.as_str().into(),
            source_addr,
            destination_addr,
            esm_class: content.esm_class,
            protocol_id: encoded.indication.protocol_id,
            priority_flag: profile.priority.get(&submission.class).copied().unwrap_or(0),
            validity_period: time_text::write(profile.validity, submission.valid_until, now).as_str().into(),
            registered_delivery,
            data_coding: coding.data_coding,
            short_message: if in_payload { Bytes::new() } else { content.octets.into() },
            tlvs,
            ..SubmitSm::default()
        }),
    })
}

/// `registered_delivery` (3.4, 5.2.17).
fn registered_delivery(profile: &CarrierProfile, is_last: bool) -> u8 {
    let asked = match profile.registered_delivery.segments {
        ReceiptSegments::All => true,
        ReceiptSegments::Last => is_last,
        ReceiptSegments::None => false,
    };
    match (asked, profile.registered_delivery.intermediate) {
        (false, _) => 0x00,
        (true, false) => 0x01,
        (true, true) => 0x11,
    }
}

/// The user data of one segment: its header and its payload.
struct Content {
    octets: Vec<u8>,
    esm_class: u8,
    /// Reference, total and number for the `sar_*` TLVs.
    sar: Option<(u16, u8, u8)>,
}

impl Content {
    fn of(profile: &CarrierProfile, encoded: &Encoded, index: u8, data_coding: u8) -> Result<Self, RequestError> {
        let payload = encoded.segments.get(usize::from(index)).ok_or(RequestError::NoSegment(index))?;
        let total = u8::try_from(encoded.segments.len()).unwrap_or(u8::MAX);
        let by_sar = encoded.concatenation == Concatenation::Sar && total > 1;
        // A header and sar_* TLVs must not meet in one PDU; the payloads left the room of an 8-bit element for this.
        let mut octets = if by_sar && !encoded.elements.is_empty() {
            header_instead_of_sar(encoded, index)
        } else {
            encoded.user_data_header(usize::from(index))
        };
        let header_octets = octets.len();
        if data_coding == 0 && encoded.alphabet == Alphabet::Gsm7 {
            let alphabet = profile.default_alphabet_mt;
            octets.extend(coding::to_default_alphabet(alphabet, payload, &encoded.elements, header_octets)?);
        } else {
            octets.extend_from_slice(payload);
        }
        let sar = (by_sar && header_octets == 0).then(|| (encoded.reference, total, index.saturating_add(1)));
        Ok(Self { octets, esm_class: if header_octets == 0 { 0 } else { UDHI }, sar })
    }

    fn push_tlvs(&self, tlvs: &mut Tlvs) {
        if let Some((reference, total, number)) = self.sar {
            tlvs.push_u16(Tag::SAR_MSG_REF_NUM, reference);
            tlvs.push_u8(Tag::SAR_TOTAL_SEGMENTS, total);
            tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, number);
        }
    }
}

fn header_instead_of_sar(encoded: &Encoded, index: u8) -> Vec<u8> {
    let total = u8::try_from(encoded.segments.len()).unwrap_or(u8::MAX);
    let [_, reference] = encoded.reference.to_be_bytes();
    let length = u8::try_from(5 + encoded.elements.len()).unwrap_or(u8::MAX);
    let mut header = vec![length, 0x00, 3, reference, total, index.saturating_add(1)];
    header.extend_from_slice(&encoded.elements);
    header
}

#[cfg(test)]
mod tests;
