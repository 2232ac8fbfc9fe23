//! What the simulated carrier delivers: receipts and incoming messages, as PDUs.

use bytes::Bytes;

use super::ids::IdForm;
use super::ledger::Sar;
use super::settings::{FinalState, ReceiptAddresses, ReceiptCoding, ReceiptPlace};
use postrider_model::Timestamp;
use postrider_smpp::pdu::{Address, DataSm, DeliverSm, Tlvs};
use postrider_smpp::{Body, Tag};

/// One delivery on its way to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A delivery receipt.
    Receipt(Receipt),
    /// A message from a handset.
    Inbound(Inbound),
}

/// A delivery receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The message's number, which the carrier writes in its own form.
    pub number: u64,
    /// The sender of the message, who gets the receipt.
    pub source: Address,
    /// The handset.
    pub destination: Address,
    /// When the message came.
    pub submitted_at: Timestamp,
    /// When it got its state.
    pub done_at: Timestamp,
    /// What it says.
    pub state: FinalState,
    /// The first characters of the message.
    pub text: String,
}

/// One part of a message from a handset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inbound {
    /// The handset.
    pub source: Address,
    /// The client's number or short code.
    pub destination: Address,
    /// `esm_class`; 0x40 when `user_data` opens with a header.
    pub esm_class: u8,
    /// `data_coding`.
    pub data_coding: u8,
    /// The user data with its header.
    pub user_data: Vec<u8>,
    /// The `sar_*` TLVs.
    pub sar: Option<Sar>,
    /// Whether the text stands in `message_payload`.
    pub in_payload: bool,
    /// Whether it travels as `data_sm`.
    pub as_data_sm: bool,
}

/// The most octets of a single message, and of a part behind a header of six octets.
const OCTETS_MAX: (usize, usize) = (140, 134);

impl Inbound {
    /// The parts of a text from `source` to `destination`, in UCS-2.
    pub fn text(source: &str, destination: &str, reference: u8, text: &str) -> Vec<Self> {
        let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let part = |esm_class, user_data| Self {
            source: Address::new(1, 1, source),
            destination: Address::new(1, 1, destination),
            esm_class,
            data_coding: 8,
            user_data,
            ..Self::default()
        };
        if octets.len() <= OCTETS_MAX.0 {
            return vec![part(0, octets)];
        }
        let chunks: Vec<&[u8]> = octets.chunks(OCTETS_MAX.1).take(255).collect();
        let total = chunks.len().to_le_bytes()[0];
        let parts = chunks.iter().zip(1u8..);
        parts.map(|(chunk, number)| part(0x40, [&[5, 0, 3, reference, total, number], *chunk].concat())).collect()
    }

    fn body(&self) -> Body {
        let mut tlvs = Tlvs::new();
        if let Some(sar) = self.sar {
            tlvs.push_u16(Tag::SAR_MSG_REF_NUM, sar.reference);
            tlvs.push_u8(Tag::SAR_TOTAL_SEGMENTS, sar.total);
            tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, sar.number);
        }
        let in_payload = self.in_payload || self.as_data_sm || self.user_data.len() > 254;
        if in_payload {
            // Longer than a TLV can be is longer than any message is; such a test gets an empty one.
            let _ = tlvs.push(Tag::MESSAGE_PAYLOAD, &self.user_data);
        }
        if self.as_data_sm {
            return Body::DataSm(DataSm {
                source_addr: self.source.resized(),
                destination_addr: self.destination.resized(),
                esm_class: self.esm_class,
                data_coding: self.data_coding,
                tlvs,
                ..DataSm::default()
            });
        }
        Body::DeliverSm(DeliverSm {
            source_addr: self.source.clone(),
            destination_addr: self.destination.clone(),
            esm_class: self.esm_class,
            data_coding: self.data_coding,
            short_message: if in_payload { Bytes::new() } else { Bytes::copy_from_slice(&self.user_data) },
            tlvs,
            ..DeliverSm::default()
        })
    }
}

/// How the receipts of a carrier look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub id: IdForm,
    pub place: ReceiptPlace,
    pub esm_class: u8,
    pub coding: ReceiptCoding,
    pub data_coding: u8,
    pub addresses: ReceiptAddresses,
}

impl ReceiptCoding {
    fn write(self, text: &str) -> Vec<u8> {
        let wide = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        match self {
            Self::Ascii => text.as_bytes().to_vec(),
            Self::Ucs2 => wide(text, u16::to_be_bytes),
            Self::Ucs2LittleEndian => wide(&format!("\u{feff}{text}"), u16::to_le_bytes),
            Self::Half => {
                let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
                [first.as_bytes(), &wide(second, u16::to_be_bytes)].concat()
            }
        }
    }
}

impl ReceiptAddresses {
    /// Source and destination of the receipt of a message from `sender` to `handset`.
    fn of(self, sender: &Address, handset: &Address) -> (Address, Address) {
        match self {
            Self::Swapped => (handset.clone(), sender.clone()),
            Self::Unswapped => (sender.clone(), handset.clone()),
            Self::National => {
                let digits = handset.addr.to_text().into_owned();
                // Two digits are the country code of all handsets of the tests.
                let national = format!("0{}", digits.get(2..).unwrap_or(&digits));
                (Address::new(2, 1, &national), sender.clone())
            }
        }
    }
}

impl Receipt {
    fn body(&self, look: Look, minutes: &mut Minutes) -> Body {
        let id = look.id.write(self.number);
        let mut tlvs = Tlvs::new();
        if matches!(look.place, ReceiptPlace::Tlv | ReceiptPlace::Both) {
            // An id has no NUL and fits its field.
            let _ = tlvs.push_c_octets(Tag::RECEIPTED_MESSAGE_ID, &id);
            tlvs.push_u8(Tag::MESSAGE_STATE, self.state as u8);
        }
        let text = if look.place == ReceiptPlace::Tlv { String::new() } else { self.text(&id, minutes) };
        let mut short_message = Bytes::from(look.coding.write(&text));
        let in_payload = look.place == ReceiptPlace::TextInPayload || short_message.len() > 254;
        let (source_addr, destination_addr) = look.addresses.of(&self.source, &self.destination);
        if in_payload {
            let _ = tlvs.push(Tag::MESSAGE_PAYLOAD, &short_message);
            short_message = Bytes::new();
        }
        Body::DeliverSm(DeliverSm {
            source_addr,
            destination_addr,
            data_coding: look.data_coding,
            esm_class: if self.state == FinalState::Enroute { 0x20 } else { look.esm_class },
            short_message,
            tlvs,
            ..DeliverSm::default()
        })
    }

    /// The text of SMPP 3.4, appendix B.
    fn text(&self, id: &str, minutes: &mut Minutes) -> String {
        let delivered = if self.state == FinalState::Delivered { "001" } else { "000" };
        let (word, error, text) = (self.state.word(), self.state.error(), &self.text);
        let mut out = format!("id:{id} sub:001 dlvrd:{delivered} submit date:");
        out.push_str(minutes.write(self.submitted_at));
        out.push_str(" done date:");
        out.push_str(minutes.write(self.done_at));
        out.push_str(&format!(" stat:{word} err:{error:03} text:{text}"));
        out
    }
}

impl Delivery {
    pub(super) fn body(&self, look: Look, minutes: &mut Minutes) -> Body {
        match self {
            Self::Receipt(receipt) => receipt.body(look, minutes),
            Self::Inbound(inbound) => inbound.body(),
        }
    }
}

/// Writes `YYMMDDhhmm` in UTC, and remembers the last minute, since most receipts share it.
#[derive(Debug, Default)]
pub(super) struct Minutes {
    last: Option<(i64, String)>,
}

impl Minutes {
    fn write(&mut self, at: Timestamp) -> &str {
        let minute = at.as_seconds().div_euclid(60);
        if self.last.as_ref().is_none_or(|(known, _)| *known != minute) {
            self.last = Some((minute, at.to_jiff().strftime("%y%m%d%H%M").to_string()));
        }
        self.last.as_ref().map_or("0000000000", |(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt() -> Receipt {
        Receipt {
            number: 26,
            source: Address::new(5, 0, "SHOP"),
            destination: Address::new(1, 1, "821012345678"),
            submitted_at: Timestamp::from_millis(1_795_305_600_250),
            done_at: Timestamp::from_millis(1_795_305_661_000),
            state: FinalState::Undeliverable,
            text: "Hello".to_owned(),
        }
    }

    fn deliver_sm(look: Look) -> DeliverSm {
        let Body::DeliverSm(body) = receipt().body(look, &mut Minutes::default()) else { panic!("no deliver_sm") };
        body
    }

    fn look() -> Look {
        Look {
            id: IdForm::Hex(4),
            place: ReceiptPlace::Both,
            esm_class: 4,
            coding: ReceiptCoding::Ascii,
            data_coding: 0,
            addresses: ReceiptAddresses::Swapped,
        }
    }

    #[test]
    fn the_text_is_that_of_appendix_b_and_the_addresses_are_swapped() {
        let look = Look { id: IdForm::Hex(4), place: ReceiptPlace::Text, ..look() };
        let body = deliver_sm(look);
        let text =
            "id:001a sub:001 dlvrd:000 submit date:2611220000 done date:2611220001 stat:UNDELIV err:001 text:Hello";
        assert_eq!(body.short_message, text);
        assert_eq!(body.source_addr.addr, "821012345678");
        assert!(body.tlvs.is_empty());
    }

    #[test]
    fn tlvs_alone_carry_id_and_state() {
        let body = deliver_sm(Look { id: IdForm::Decimal(10), place: ReceiptPlace::Tlv, ..look() });
        assert!(body.short_message.is_empty());
        assert_eq!(body.tlvs.text(Tag::RECEIPTED_MESSAGE_ID).as_deref(), Some("0000000026"));
        assert_eq!(body.tlvs.integer(Tag::MESSAGE_STATE), Some(5));
    }

    #[test]
    fn long_texts_come_in_parts() {
        let parts = Inbound::text("821012345678", "15771234", 9, &"가".repeat(150));
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[2].user_data[..6], [5, 0, 3, 9, 3, 3]);
        assert_eq!(Inbound::text("1", "2", 0, "hi")[0].user_data, [0, b'h', 0, b'i']);
    }
}
