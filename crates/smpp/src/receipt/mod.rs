//! Reads a delivery receipt from its TLVs and its text, whichever of the two the carrier fills.
//!
//! Sources: SMPP 3.4, 5.2.12 and appendix B; the text's form is each carrier's own, see `text`.

mod octets;
mod state;
mod text;

use super::content::Fields;
use super::pdu::Tlvs;
use super::profile::{ReceiptForm, ReceiptPlace};
use super::{Tag, time_text};
use postrider_model::{CarrierMessageId, Receipt, Sender};

use self::text::ReceiptText;

/// What a delivery turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A receipt. One that names no message has what could not be read.
    Receipt(Receipt),
    /// A message.
    NotAReceipt,
}

/// Reads a delivery from `source` to `destination` as a receipt, if it is one.
pub fn read(form: &ReceiptForm, fields: Fields<'_>, source: &Sender, destination: &Sender) -> Reading {
    let marked = is_marked(fields);
    let text = readable_text(fields, marked);
    let parsed = ReceiptText::parse(&text);
    if !(marked || form.detect_by_text && parsed.looks_like_a_receipt(&text)) {
        return Reading::NotAReceipt;
    }
    let from_tlvs = match form.place {
        ReceiptPlace::Either | ReceiptPlace::Tlv => FromTlvs::read(fields.tlvs),
        ReceiptPlace::Text => FromTlvs::default(),
    };
    let parsed = if form.place == ReceiptPlace::Tlv { ReceiptText::default() } else { parsed };
    let ids = distinct_ids([from_tlvs.id, parsed.id.map(str::to_owned)]);
    // A handset's own acknowledgement may be a text for people.
    if ids.is_empty() && fields.esm_class & KIND == BY_HANDSET {
        return Reading::NotAReceipt;
    }
    let unread = if ids.is_empty() { fields.user_data().to_vec() } else { Vec::new() };
    let (state, raw_state) = state::of(form, from_tlvs.state, &parsed, fields.esm_class & INTERMEDIATE == 0);
    Reading::Receipt(Receipt {
        ids,
        state,
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
        unread,
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
pub(crate) fn network_error(value: &[u8]) -> Option<String> {
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

/// The text of a receipt, read by its octets. What is marked as a receipt and shows no id may be packed.
fn readable_text(fields: Fields<'_>, marked: bool) -> String {
    let octets = fields.text();
    let text = octets::readable(octets);
    if marked && ReceiptText::parse(&text).id.is_none() {
        let unpacked = octets::unpacked(octets);
        if ReceiptText::parse(&unpacked).id.is_some() {
            return unpacked;
        }
    }
    text
}

pub(crate) fn is_zero(error: &str) -> bool {
    error.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests;
