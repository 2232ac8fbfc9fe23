//! Decides what a failed `AT+CMGS` means for the segment: refused, certainly not sent, or in doubt.

use std::time::Duration;

use super::codes::{self, Advice, Family};
use super::result::Failure;
use super::{ModemProfile, SendErrorClass};
use postrider_model::{ErrorClass, SubmitOutcome};

/// How far a send had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// No Ctrl-Z was written: nothing can have been sent.
    BeforePdu,
    /// The PDU was written with its Ctrl-Z.
    Pdu,
}

/// How long a congested SIM rests.
const BUSY_WAIT: Duration = Duration::from_secs(30);
/// How long a SIM rests that the network refuses.
pub(super) const ACCOUNT_WAIT: Duration = Duration::from_secs(900);
/// When a handset that is out of service is tried again.
const NUMBER_WAIT: Duration = Duration::from_secs(3600);

/// What a failure asks of us: the profile's meaning before the table's.
pub(super) fn advice(failure: &Failure, profile: &ModemProfile, maker: &str) -> Advice {
    match failure {
        Failure::Code(family, code) => {
            let own = profile.send.errors.iter().find(|(own, _)| *family == Family::Cms && own == code);
            match own {
                Some(&(_, class)) => Advice { class, few: false },
                None => codes::advice(*family, *code, maker),
            }
        }
        Failure::Plain(_) | Failure::Text(..) => Advice { class: SendErrorClass::UnknownOutcome, few: true },
    }
}

/// The outcome of a send that ended with `failure`.
pub(super) fn outcome(failure: &Failure, advice: Advice, reached: Reached, maker: &str) -> SubmitOutcome {
    let code = match failure {
        Failure::Code(_, code) => *code,
        Failure::Plain(_) | Failure::Text(..) => 0,
    };
    let said = sentence(failure, maker);
    let retry = if advice.few { ErrorClass::RetryFew } else { ErrorClass::Retry };
    let refused = |class, retry_after| SubmitOutcome::Refused { class, code, reason: said.clone(), retry_after };
    match (advice.class, reached) {
        (SendErrorClass::Duplicate, Reached::Pdu) => SubmitOutcome::Accepted { carrier_id: None },
        (SendErrorClass::PermanentNumber | SendErrorClass::PermanentMessage, _) => refused(ErrorClass::Permanent, None),
        (SendErrorClass::SimAccount, _) => refused(ErrorClass::BindFatal, Some(ACCOUNT_WAIT)),
        (SendErrorClass::NoNetwork | SendErrorClass::Sim | SendErrorClass::SimWait | SendErrorClass::Storage, _)
        | (_, Reached::BeforePdu) => SubmitOutcome::NotSent { reason: said },
        (SendErrorClass::NetworkRetry, Reached::Pdu) => refused(retry, None),
        (SendErrorClass::NetworkBusy, Reached::Pdu) => refused(ErrorClass::Backoff, Some(BUSY_WAIT)),
        (SendErrorClass::TemporaryNumber, Reached::Pdu) => refused(retry, Some(NUMBER_WAIT)),
        // The modem took the PDU and then failed: a try is counted, so that one bad message cannot circle for ever.
        (SendErrorClass::Modem | SendErrorClass::Config, Reached::Pdu) => refused(ErrorClass::RetryFew, None),
        (SendErrorClass::UnknownOutcome | SendErrorClass::Ignore, Reached::Pdu) => {
            SubmitOutcome::Unanswered { reason: format!("{said}: nobody can tell whether the message went out") }
        }
    }
}

/// The failure in words, with the meaning that its maker gives it.
pub(super) fn sentence(failure: &Failure, maker: &str) -> String {
    match failure {
        Failure::Code(family, code) => match codes::meaning(*family, *code, maker) {
            Some(meaning) => format!("the modem answered +{family} ERROR {code} ({meaning})"),
            None => format!("the modem answered +{family} ERROR {code}, which has no known meaning"),
        },
        Failure::Plain(_) | Failure::Text(..) => format!("the modem answered {failure} without saying why"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, reached: Reached, maker: &str) -> SubmitOutcome {
        let Some(super::super::result::FinalResult::Failed(failure)) = super::super::result::parse(text) else {
            panic!("{text} is a failure")
        };
        outcome(&failure, advice(&failure, &ModemProfile::default(), maker), reached, maker)
    }

    fn class(text: &str) -> Option<ErrorClass> {
        match of(text, Reached::Pdu, "") {
            SubmitOutcome::Refused { class, .. } => Some(class),
            SubmitOutcome::Accepted { .. } | SubmitOutcome::NotSent { .. } | SubmitOutcome::Unanswered { .. } => None,
        }
    }

    #[test]
    fn each_class_has_its_outcome() {
        assert_eq!(class("+CMS ERROR: 1"), Some(ErrorClass::Permanent));
        assert_eq!(class("+CMS ERROR: 304"), Some(ErrorClass::Permanent));
        assert_eq!(class("+CMS ERROR: 38"), Some(ErrorClass::Retry));
        assert_eq!(class("+CMS ERROR: 21"), Some(ErrorClass::RetryFew));
        assert_eq!(class("+CMS ERROR: 42"), Some(ErrorClass::Backoff));
        assert_eq!(class("+CMS ERROR: 8"), Some(ErrorClass::BindFatal));
        assert_eq!(class("+CMS ERROR: 300"), Some(ErrorClass::RetryFew));
        assert_eq!(of("+CMS ERROR: 197", Reached::Pdu, ""), SubmitOutcome::Accepted { carrier_id: None });
        for text in ["+CMS ERROR: 331", "+CMS ERROR: 310", "+CMS ERROR: 314", "+CMS ERROR: 322"] {
            assert!(matches!(of(text, Reached::Pdu, ""), SubmitOutcome::NotSent { .. }), "{text}");
        }
        for text in ["+CMS ERROR: 350", "+CMS ERROR: 500", "+CMS ERROR: Unknown error", "+CMS ERROR: 332", "ERROR"] {
            assert!(matches!(of(text, Reached::Pdu, ""), SubmitOutcome::Unanswered { .. }), "{text}");
        }
    }

    #[test]
    fn before_the_pdu_nothing_was_sent_whatever_the_code() {
        for text in ["+CMS ERROR: 500", "+CMS ERROR: 302", "+CMS ERROR: 310", "ERROR", "COMMAND NOT SUPPORT"] {
            assert!(matches!(of(text, Reached::BeforePdu, ""), SubmitOutcome::NotSent { .. }), "{text}");
        }
        assert!(matches!(
            of("+CMS ERROR: 304", Reached::BeforePdu, ""),
            SubmitOutcome::Refused { class: ErrorClass::Permanent, code: 304, .. }
        ));
    }

    #[test]
    fn the_reason_names_the_code_and_what_its_maker_means_by_it() {
        let SubmitOutcome::NotSent { reason } = of("+CMS ERROR: 512", Reached::Pdu, "simcom") else { panic!("waits") };
        assert_eq!(reason, "the modem answered +CMS ERROR 512 (SIM not ready)");
    }

    #[test]
    fn a_profile_knows_better() {
        let mut profile = ModemProfile::default();
        profile.send.errors.push((512, SendErrorClass::NetworkBusy));
        let failure = Failure::Code(Family::Cms, 512);
        assert_eq!(advice(&failure, &profile, "").class, SendErrorClass::NetworkBusy);
    }
}
