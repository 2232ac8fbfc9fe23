//! What a `deliver_sm` or `data_sm` from a carrier is: a receipt, a part of a message, or something to pass over.

use super::content::{self, Fields};
use super::pdu::{DataSmResp, DeliverSmResp};
use super::profile::CarrierProfile;
use super::{Body, addressing, receipt};
use postrider_model::{AckToken, InboundPart, Receipt};

/// Something that a carrier delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A delivery receipt.
    Receipt(Receipt),
    /// A message, or a part of one.
    Message(InboundPart),
    /// Neither; the text says what is wrong with it. It is acknowledged, since the carrier would repeat it for ever.
    Neither(&'static str),
}

/// Reads a delivery by the carrier's profile.
pub fn delivery(profile: &CarrierProfile, body: &Body) -> Delivery {
    let (source, destination) = if let Body::DeliverSm(deliver) = body {
        (addressing::read(&deliver.source_addr), addressing::read(&deliver.destination_addr))
    } else if let Body::DataSm(data) = body {
        (addressing::read(&data.source_addr), addressing::read(&data.destination_addr))
    } else {
        return Delivery::Neither("not a delivery");
    };
    let Some(fields) = Fields::of(body) else { return Delivery::Neither("not a delivery") };
    let fields = Fields { unmarked_header: profile.header_without_udhi, ..fields };
    match receipt::read(&profile.receipts, fields, &source, &destination) {
        receipt::Reading::Receipt(receipt) => return Delivery::Receipt(receipt),
        receipt::Reading::NotAReceipt => {}
    }
    let content = content::read(fields, profile.default_alphabet_mo);
    Delivery::Message(InboundPart {
        from: source,
        to: destination,
        alphabet: content.alphabet,
        payload: content.payload,
        elements: content.elements,
        part_of: content.part_of,
        network_time: None,
    })
}

/// The answer that acknowledges a delivery, without its status.
pub fn answer(token: AckToken) -> Body {
    if token.data_sm { Body::DataSmResp(DataSmResp::default()) } else { Body::DeliverSmResp(DeliverSmResp::default()) }
}
