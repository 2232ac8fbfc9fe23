//! What a carrier's delivery receipts look like.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use postrider_model::{IdRelation, State};

/// Where the receipt's facts stand, and how its id and dates are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptForm {
    /// Where id and state are looked for.
    pub place: ReceiptPlace,
    /// How the id stands in the answer to our submission.
    pub id_in_response: IdForm,
    /// How the same id stands in the receipt.
    pub id_in_receipt: IdForm,
    /// The zone of the dates, which carry none.
    pub zone: TimeZone,
    /// Whether `ACCEPTD` is the carrier's last word and means delivered.
    pub accepted_is_delivered: bool,
    /// Whether a text like `id:... stat:...` is a receipt though neither `esm_class` nor TLVs say so.
    pub detect_by_text: bool,
    /// What this carrier's own words for a state mean, in upper case; they come before the known ones.
    pub states: BTreeMap<String, State>,
}

impl ReceiptForm {
    /// How ids in receipts follow from those in answers, where both forms are set; else it is learned.
    pub fn id_relation(&self) -> Option<IdRelation> {
        match (self.id_in_response, self.id_in_receipt) {
            (IdForm::Text, _) | (_, IdForm::Text) => None,
            (IdForm::Hex, IdForm::Hex) | (IdForm::Decimal, IdForm::Decimal) => Some(IdRelation::Same),
            (IdForm::Hex, IdForm::Decimal) => Some(IdRelation::HexThenDecimal),
            (IdForm::Decimal, IdForm::Hex) => Some(IdRelation::DecimalThenHex),
        }
    }
}

impl Default for ReceiptForm {
    fn default() -> Self {
        Self {
            place: ReceiptPlace::Either,
            id_in_response: IdForm::Text,
            id_in_receipt: IdForm::Text,
            zone: TimeZone::UTC,
            accepted_is_delivered: false,
            detect_by_text: false,
            states: BTreeMap::new(),
        }
    }
}

/// Where a receipt's id and state are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptPlace {
    /// TLVs `receipted_message_id` and `message_state` first, then the text.
    Either,
    /// Only the TLVs: this carrier's text is for people.
    Tlv,
    /// Only the text: this carrier's TLVs are wrong.
    Text,
}

/// How an id is written. Case and leading zeros never count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdForm {
    /// As it is; whether receipts write it in another base is learned.
    Text,
    /// A hexadecimal number.
    Hex,
    /// A decimal number.
    Decimal,
}
