//! Reads a delivery receipt from its TLVs and its text, whichever of the two the carrier fills.
//!
//! Sources: SMPP 3.4, 5.2.12 and appendix B; the text's form is each carrier's own, see `text`.

mod state;
mod text;

use super::content::Fields;
use super::pdu::Tlvs;
use super::profile::{ReceiptForm, ReceiptPlace};
use super::{Tag, time_text};
use postrider_model::{Alphabet, CarrierMessageId, Receipt, Sender, State};

use self::text::ReceiptText;

/// What a delivery turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A receipt that names a message.
    Receipt(Receipt),
    /// A receipt that names none.
    Unreadable,
    /// A message.
    NotAReceipt,
}

/// Reads a delivery from `source` to `destination` as a receipt, if it is one.
pub fn read(form: &ReceiptForm, fields: Fields<'_>, source: &Sender, destination: &Sender) -> Reading {
    let text = readable_text(fields);
    let parsed = ReceiptText::parse(&text);
    let marked = is_marked(fields);
    if !(marked || form.detect_by_text && parsed.looks_like_a_receipt(&text)) {
        return Reading::NotAReceipt;
    }
    let from_tlvs = match form.place {
        ReceiptPlace::Either | ReceiptPlace::Tlv => FromTlvs::read(fields.tlvs),
        ReceiptPlace::Text => FromTlvs::default(),
    };
    let parsed = if form.place == ReceiptPlace::Tlv { ReceiptText::default() } else { parsed };
    let ids = distinct_ids([from_tlvs.id, parsed.id.map(str::to_owned)]);
    if ids.is_empty() {
        // A handset's own acknowledgement may be a text for people.
        let by_handset = fields.esm_class & KIND == BY_HANDSET;
        return if by_handset { Reading::NotAReceipt } else { Reading::Unreadable };
    }
    let (state, raw_state) = match (from_tlvs.state, parsed.state) {
        (Some(number), word) => (state::of_number(number), word.map_or_else(|| number.to_string(), str::to_owned)),
        (None, Some(word)) => (state::of_word(word), word.to_owned()),
        // An intermediate notification may name no state at all.
        (None, None) if fields.esm_class & INTERMEDIATE != 0 => (State::Sent, String::new()),
        (None, None) => (State::Uncertain, String::new()),
    };
    let accepted = from_tlvs.state == Some(state::ACCEPTED)
        || (from_tlvs.state.is_none() && parsed.state.is_some_and(state::is_accepted));
    Reading::Receipt(Receipt {
        ids,
        state: if accepted && form.accepted_is_delivered { State::Delivered } else { state },
        raw_state,
        error: [from_tlvs.error.as_deref(), parsed.error]
            .into_iter()
            .flatten()
            .find(|error| !is_zero(error))
            .unwrap_or_default()
            .to_owned(),
        source: Some(source.clone()).filter(|address| !address.as_str().is_empty()),
        destination: Some(destination.clone()).filter(|address| !address.as_str().is_empty()),
        done_at: parsed.done_date.and_then(|date| time_text::read(date, &form.zone)),
    })
}

/// Bits 5 to 2 of `esm_class`: what kind of delivery it is (3.4, 5.2.12).
const KIND: u8 = 0x3c;
/// A delivery receipt.
const RECEIPT: u8 = 0x04;
/// An acknowledgement by the handset.
const BY_HANDSET: u8 = 0x08;
/// An intermediate notification.
const INTERMEDIATE: u8 = 0x20;

/// Whether `esm_class` or the TLVs say that it is a receipt.
fn is_marked(fields: Fields<'_>) -> bool {
    // 0x10 and 0x18, a user's acknowledgement and the end of a conversation, are messages.
    let kind = fields.esm_class & KIND;
    kind & (RECEIPT | INTERMEDIATE) != 0
        || kind == BY_HANDSET
        || (fields.tlvs.contains(Tag::RECEIPTED_MESSAGE_ID) && fields.tlvs.contains(Tag::MESSAGE_STATE))
}

/// What the TLVs of a receipt say.
#[derive(Debug, Default)]
struct FromTlvs {
    id: Option<String>,
    state: Option<u8>,
    error: Option<String>,
}

impl FromTlvs {
    fn read(tlvs: &Tlvs) -> Self {
        Self {
            id: tlvs.text(Tag::RECEIPTED_MESSAGE_ID).map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()),
            // Some carriers send the one octet as four.
            state: tlvs.integer(Tag::MESSAGE_STATE).and_then(|state| u8::try_from(state).ok()),
            error: tlvs.get(Tag::NETWORK_ERROR_CODE).and_then(network_error),
        }
    }
}

/// Network type and code; some carriers send three digits instead.
fn network_error(value: &[u8]) -> Option<String> {
    match value {
        digits if digits.len() == 3 && digits.iter().all(u8::is_ascii_digit) => {
            Some(String::from_utf8_lossy(digits).into_owned())
        }
        [_, high, low] => Some(format!("{:03}", u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// The ids of TLV and text, most trusted first; one where both are the same.
fn distinct_ids(raw: [Option<String>; 2]) -> Vec<CarrierMessageId> {
    let mut ids: Vec<CarrierMessageId> = Vec::with_capacity(2);
    for id in raw.iter().flatten().filter_map(|id| CarrierMessageId::new(id)) {
        if !ids.iter().any(|known| known.normal_form() == id.normal_form()) {
            ids.push(id);
        }
    }
    ids
}

/// The text of a receipt. Its ids and words are ASCII whatever the alphabet, so that only UCS-2 is converted.
fn readable_text(fields: Fields<'_>) -> String {
    let octets = fields.text();
    match fields.data_coding {
        0x08 => postrider_text::decode(Alphabet::Ucs2, octets, &[]),
        _ => octets.iter().map(|&octet| if octet == 0 { ' ' } else { char::from(octet) }).collect(),
    }
}

fn is_zero(error: &str) -> bool {
    error.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests;
