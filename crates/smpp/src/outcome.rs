//! What a carrier's answer to a submission means for the message.

use std::fmt::Write as _;
use std::time::Duration;

use super::pdu::Tlvs;
use super::profile::CarrierProfile;
use super::{Body, CommandStatus, Tag, receipt};
use postrider_model::{CarrierMessageId, ErrorClass, SubmitOutcome};

/// The outcome of a submission that was answered with `status` and `body`.
pub fn outcome(profile: &CarrierProfile, status: CommandStatus, body: &Body) -> SubmitOutcome {
    // A nack that says "no error" is one all the same: the carrier did not take the message.
    let is_nack = matches!(body, Body::GenericNack);
    let status = if is_nack && status.is_ok() { CommandStatus::RUNKNOWNERR } else { status };
    let reason_code = body.tlvs().and_then(|tlvs| tlvs.integer(Tag::DELIVERY_FAILURE_REASON));
    let Some(class) = class_of(profile, status, reason_code) else {
        return SubmitOutcome::Accepted { carrier_id: carrier_id(body) };
    };
    SubmitOutcome::Refused {
        class,
        code: status.0,
        reason: reason(status, is_nack, body.tlvs()),
        retry_after: retry_after(profile, status, class),
    }
}

/// The class of a code, the carrier's own table first; `None` for "no error".
pub fn class_of(
    profile: &CarrierProfile,
    status: CommandStatus,
    delivery_failure_reason: Option<u64>,
) -> Option<ErrorClass> {
    if status.is_ok() {
        return None;
    }
    profile.errors.get(&status.0).copied().or_else(|| status.class_with_reason(delivery_failure_reason))
}

/// How congested the carrier says it is, 0 to 100 (5.0, 4.8.4.18).
pub fn congestion(body: &Body) -> Option<u8> {
    let state = body.tlvs()?.integer(Tag::CONGESTION_STATE)?;
    u8::try_from(state).ok().filter(|state| *state <= 100)
}

fn carrier_id(body: &Body) -> Option<CarrierMessageId> {
    let id = if let Body::SubmitSmResp(resp) = body {
        &resp.message_id
    } else if let Body::DataSmResp(resp) = body {
        &resp.message_id
    } else {
        return None;
    };
    CarrierMessageId::new(&id.to_text())
}

/// The code's name and meaning, and what the carrier's TLVs add to it.
fn reason(status: CommandStatus, is_nack: bool, tlvs: Option<&Tlvs>) -> String {
    let mut reason = status.to_string();
    if is_nack {
        reason.push_str(", by generic_nack");
    }
    let Some(tlvs) = tlvs else { return reason };
    let mut add = |text: String| {
        // Writing to a string does not fail.
        let _ = write!(reason, ", {text}");
    };
    if let Some(number) = tlvs.integer(Tag::DELIVERY_FAILURE_REASON) {
        let meaning = match number {
            0 => " (handset unavailable)",
            1 => " (address invalid)",
            2 => " (permanent network error)",
            3 => " (temporary network error)",
            _ => "",
        };
        add(format!("delivery_failure_reason {number}{meaning}"));
    }
    if let Some(error) = tlvs.get(Tag::NETWORK_ERROR_CODE).and_then(receipt::network_error) {
        add(format!("network_error_code {error}"));
    }
    if let Some(words) = tlvs.text(Tag::ADDITIONAL_STATUS_INFO_TEXT) {
        let words: String = words.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        if !words.trim().is_empty() {
            let _ = write!(reason, ": {}", words.trim());
        }
    }
    reason
}

/// How much of a carrier's own words is kept.
const WORDS_MAX: usize = 200;

fn retry_after(profile: &CarrierProfile, status: CommandStatus, class: ErrorClass) -> Option<Duration> {
    match (class, status) {
        (ErrorClass::Backoff, CommandStatus::RMSGQFUL) => Some(profile.pauses.queue_full),
        (ErrorClass::Backoff, _) => Some(profile.pauses.throttled),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdu::{DataSmResp, SubmitSmResp};

    fn answer(id: &str) -> Body {
        Body::SubmitSmResp(SubmitSmResp { message_id: id.into(), ..SubmitSmResp::default() })
    }

    fn refused(profile: &CarrierProfile, status: CommandStatus, body: &Body) -> (ErrorClass, Option<Duration>) {
        let outcome = outcome(profile, status, body);
        let SubmitOutcome::Refused { class, retry_after, .. } = outcome else { panic!("{outcome:?}") };
        (class, retry_after)
    }

    #[test]
    fn an_accepted_message_has_the_carriers_id_if_it_gave_one() {
        let profile = CarrierProfile::default();
        let accepted = |id| outcome(&profile, CommandStatus::ROK, &answer(id));
        assert_eq!(accepted("00ab"), SubmitOutcome::Accepted { carrier_id: CarrierMessageId::new("00ab") });
        assert_eq!(accepted(""), SubmitOutcome::Accepted { carrier_id: None });
    }

    #[test]
    fn busy_codes_say_how_long_to_wait() {
        let profile = CarrierProfile::default();
        let pauses = profile.pauses;
        let body = answer("");
        assert_eq!(refused(&profile, CommandStatus::RTHROTTLED, &body), (ErrorClass::Backoff, Some(pauses.throttled)));
        assert_eq!(refused(&profile, CommandStatus::RMSGQFUL, &body), (ErrorClass::Backoff, Some(pauses.queue_full)));
        assert_eq!(refused(&profile, CommandStatus::RINVDSTADR, &body), (ErrorClass::Permanent, None));
        assert_eq!(refused(&profile, CommandStatus::RINVBNDSTS, &body).0, ErrorClass::Bind);
    }

    #[test]
    fn the_carriers_own_table_comes_first() {
        let mut profile = CarrierProfile::default();
        assert_eq!(refused(&profile, CommandStatus(0x400), &answer("")).0, ErrorClass::RetryFew);
        profile.errors.insert(0x400, ErrorClass::Permanent);
        profile.errors.insert(0x58, ErrorClass::Retry);
        assert_eq!(refused(&profile, CommandStatus(0x400), &answer("")).0, ErrorClass::Permanent);
        assert_eq!(refused(&profile, CommandStatus::RTHROTTLED, &answer("")), (ErrorClass::Retry, None));
    }

    #[test]
    fn a_nack_is_never_an_acceptance() {
        let profile = CarrierProfile::default();
        assert_eq!(refused(&profile, CommandStatus::ROK, &Body::GenericNack).0, ErrorClass::RetryFew);
        assert_eq!(refused(&profile, CommandStatus::RINVCMDID, &Body::GenericNack).0, ErrorClass::Bug);
    }

    #[test]
    fn tlvs_in_the_place_of_the_id_are_heard() {
        let profile = CarrierProfile::default();
        let wire = |hex: &str| {
            let octets: Vec<u8> =
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
            let read = crate::Pdu::decode(&octets.into()).unwrap().pdu;
            outcome(&profile, read.command_status, &read.body)
        };
        let permanent = wire("0000001580000004000000fe000000020425000102");
        let SubmitOutcome::Refused { class, reason, .. } = permanent else { panic!("{permanent:?}") };
        assert_eq!(class, ErrorClass::Permanent);
        assert!(reason.ends_with("delivery_failure_reason 2 (permanent network error)"), "{reason}");
        // data_sm_resp, temporary, with a text; and submit_sm_resp with an empty id before its TLVs.
        for hex in [
            "0000001f80000103000000fe0000000204250001030\
             01d00066272622e2e00",
            "0000002080000004000000fe00000002000425000103001d00066272622e2e00",
        ] {
            let hex = hex.replace(char::is_whitespace, "");
            let temporary = wire(&hex);
            let SubmitOutcome::Refused { class, reason, .. } = temporary else { panic!("{temporary:?}") };
            assert_eq!(class, ErrorClass::Retry);
            assert!(reason.ends_with(": brb.."), "{reason}");
        }
    }

    #[test]
    fn the_carriers_words_and_reason_are_heard() {
        let mut resp = DataSmResp::default();
        resp.tlvs.push_c_octets(Tag::ADDITIONAL_STATUS_INFO_TEXT, "no credit").unwrap();
        resp.tlvs.push_u8(Tag::DELIVERY_FAILURE_REASON, 1);
        let outcome = outcome(&CarrierProfile::default(), CommandStatus::RDELIVERYFAILURE, &Body::DataSmResp(resp));
        let SubmitOutcome::Refused { class, reason, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(class, ErrorClass::Permanent);
        assert!(reason.contains("ESME_RDELIVERYFAILURE") && reason.ends_with(": no credit"), "{reason}");
    }
}
