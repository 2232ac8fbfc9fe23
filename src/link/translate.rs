//! temporary adapter
use crate::model::*;
use crate::smpp::pdu::*;
use crate::smpp::profile::CarrierProfile;
use crate::smpp::{Body, CommandStatus, Tag};

pub(super) enum Delivery {
    Receipt(Receipt),
    Inbound(InboundPart),
    Neither(String),
}

pub(super) fn request(
    profile: &CarrierProfile,
    submission: &Submission,
    index: u8,
    _wall: Timestamp,
) -> Result<Body, String> {
    let e = &submission.encoded;
    let i = usize::from(index);
    let mut data = e.user_data_header(i);
    let udhi = if data.is_empty() { 0 } else { 0x40 };
    data.extend_from_slice(e.segments.get(i).ok_or("no such segment")?);
    Ok(Body::SubmitSm(SubmitSm {
        source_addr: Address::new(5, 0, submission.from.as_ref().map_or("", |f| f.as_str())),
        destination_addr: Address::new(1, 1, submission.to.digits()),
        esm_class: udhi,
        registered_delivery: 1,
        data_coding: profile.codings.get(&e.alphabet).copied().unwrap_or(0),
        short_message: data.into(),
        ..SubmitSm::default()
    }))
}
pub(super) fn outcome(profile: &CarrierProfile, status: CommandStatus, body: &Body) -> SubmitOutcome {
    if status.is_ok() {
        let id = match body {
            Body::SubmitSmResp(r) => CarrierMessageId::new(&r.message_id.to_text()),
            _ => None,
        };
        return SubmitOutcome::Accepted { carrier_id: id };
    }
    let class = profile.errors.get(&status.0).copied().or(status.class()).unwrap_or(ErrorClass::RetryFew);
    let retry_after = (class == ErrorClass::Backoff).then_some(profile.pauses.throttled);
    SubmitOutcome::Refused { class, code: status.0, reason: status.to_string(), retry_after }
}
pub(super) fn delivery(_profile: &CarrierProfile, body: &Body, _wall: Timestamp) -> Delivery {
    let Body::DeliverSm(d) = body else { return Delivery::Neither("x".into()) };
    if d.esm_class & 4 != 0 {
        let id = d.tlvs.text(Tag::RECEIPTED_MESSAGE_ID).and_then(|t| CarrierMessageId::new(&t));
        return Delivery::Receipt(Receipt {
            ids: id.into_iter().collect(),
            state: State::Delivered,
            raw_state: String::new(),
            error: String::new(),
            recipient: format!("+{}", d.source_addr.addr).parse().ok(),
            sender: None,
            done_at: None,
        });
    }
    Delivery::Inbound(InboundPart {
        from: Sender::from_network(&d.source_addr.addr.to_text()),
        to: Sender::from_network(&d.destination_addr.addr.to_text()),
        alphabet: Alphabet::Ucs2,
        payload: d.short_message.to_vec(),
        elements: vec![],
        part_of: None,
        network_time: None,
    })
}
