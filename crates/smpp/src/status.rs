//! The values of `command_status`: name, meaning, and what each asks of us unless the carrier's file says otherwise.

use std::fmt;

use postrider_model::ErrorClass;

/// A `command_status` as it stands in a header (3.4, 5.1.3; 5.0, 4.7.6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CommandStatus(pub u32);

/// One row of the table of known codes.
struct Known {
    code: u32,
    name: &'static str,
    meaning: &'static str,
    class: Option<ErrorClass>,
}

/// Writes the constants and the table from one list, so that they cannot disagree.
macro_rules! statuses {
    ($($code:literal $constant:ident $name:literal $meaning:literal $class:expr;)*) => {
        impl CommandStatus {
            $(
                #[doc = concat!("`", $name, "`: ", $meaning, ".")]
                pub const $constant: Self = Self($code);
            )*
        }

        /// All known codes in ascending order.
        const KNOWN: &[Known] = &[
            $(Known { code: $code, name: $name, meaning: $meaning, class: $class },)*
        ];
    };
}

use ErrorClass::{Backoff, Bind, BindFatal, Bug, Permanent, Retry, RetryFew};

statuses! {
    0x0000 ROK "ESME_ROK" "no error" None;
    0x0001 RINVMSGLEN "ESME_RINVMSGLEN" "short_message or sm_length invalid" Some(Permanent);
    0x0002 RINVCMDLEN "ESME_RINVCMDLEN" "command_length invalid" Some(Bug);
    0x0003 RINVCMDID "ESME_RINVCMDID" "command_id unknown" Some(Bug);
    0x0004 RINVBNDSTS "ESME_RINVBNDSTS" "command not allowed in this bind state" Some(Bind);
    0x0005 RALYBND "ESME_RALYBND" "already bound (or too many binds)" Some(Bind);
    0x0006 RINVPRTFLG "ESME_RINVPRTFLG" "priority_flag invalid" Some(Permanent);
    0x0007 RINVREGDLVFLG "ESME_RINVREGDLVFLG" "registered_delivery invalid" Some(Permanent);
    0x0008 RSYSERR "ESME_RSYSERR" "system error at the SMSC" Some(Retry);
    0x000a RINVSRCADR "ESME_RINVSRCADR" "source address invalid or not allowed" Some(Permanent);
    0x000b RINVDSTADR "ESME_RINVDSTADR" "destination address invalid" Some(Permanent);
    0x000c RINVMSGID "ESME_RINVMSGID" "message_id invalid" Some(Permanent);
    0x000d RBINDFAIL "ESME_RBINDFAIL" "bind failed" Some(Bind);
    0x000e RINVPASWD "ESME_RINVPASWD" "password wrong" Some(BindFatal);
    0x000f RINVSYSID "ESME_RINVSYSID" "system_id unknown or blocked" Some(BindFatal);
    0x0011 RCANCELFAIL "ESME_RCANCELFAIL" "cancel_sm failed" Some(Permanent);
    0x0013 RREPLACEFAIL "ESME_RREPLACEFAIL" "replace_sm failed" Some(Permanent);
    0x0014 RMSGQFUL "ESME_RMSGQFUL" "message queue full" Some(Backoff);
    0x0015 RINVSERTYP "ESME_RINVSERTYP" "service_type invalid" Some(Permanent);
    0x0033 RINVNUMDESTS "ESME_RINVNUMDESTS" "number of destinations invalid" Some(Permanent);
    0x0034 RINVDLNAME "ESME_RINVDLNAME" "distribution list name invalid" Some(Permanent);
    0x0040 RINVDESTFLAG "ESME_RINVDESTFLAG" "dest_flag invalid (submit_multi)" Some(Permanent);
    0x0042 RINVSUBREP "ESME_RINVSUBREP" "submit with replace not allowed" Some(Permanent);
    0x0043 RINVESMCLASS "ESME_RINVESMCLASS" "esm_class invalid" Some(Permanent);
    0x0044 RCNTSUBDL "ESME_RCNTSUBDL" "cannot submit to the distribution list" Some(Permanent);
    0x0045 RSUBMITFAIL "ESME_RSUBMITFAIL" "submit_sm or submit_multi failed" Some(RetryFew);
    0x0048 RINVSRCTON "ESME_RINVSRCTON" "source TON invalid" Some(Permanent);
    0x0049 RINVSRCNPI "ESME_RINVSRCNPI" "source NPI invalid" Some(Permanent);
    0x0050 RINVDSTTON "ESME_RINVDSTTON" "destination TON invalid" Some(Permanent);
    0x0051 RINVDSTNPI "ESME_RINVDSTNPI" "destination NPI invalid" Some(Permanent);
    0x0053 RINVSYSTYP "ESME_RINVSYSTYP" "system_type invalid" Some(BindFatal);
    0x0054 RINVREPFLAG "ESME_RINVREPFLAG" "replace_if_present_flag invalid" Some(Permanent);
    0x0055 RINVNUMMSGS "ESME_RINVNUMMSGS" "number_of_messages invalid" Some(Permanent);
    0x0058 RTHROTTLED "ESME_RTHROTTLED" "rate limit passed" Some(Backoff);
    0x0061 RINVSCHED "ESME_RINVSCHED" "schedule_delivery_time invalid" Some(Permanent);
    0x0062 RINVEXPIRY "ESME_RINVEXPIRY" "validity_period invalid" Some(Permanent);
    0x0063 RINVDFTMSGID "ESME_RINVDFTMSGID" "predefined message not found" Some(Permanent);
    0x0064 RX_T_APPN "ESME_RX_T_APPN" "receiver: temporary application error" Some(Retry);
    0x0065 RX_P_APPN "ESME_RX_P_APPN" "receiver: permanent application error" Some(Permanent);
    0x0066 RX_R_APPN "ESME_RX_R_APPN" "receiver: message rejected" Some(Permanent);
    0x0067 RQUERYFAIL "ESME_RQUERYFAIL" "query_sm failed" Some(Permanent);
    0x00c0 RINVTLVSTREAM "ESME_RINVTLVSTREAM" "TLV part of the PDU broken" Some(Bug);
    0x00c1 RTLVNOTALLWD "ESME_RTLVNOTALLWD" "TLV not allowed here" Some(Permanent);
    0x00c2 RINVTLVLEN "ESME_RINVTLVLEN" "TLV length invalid" Some(Permanent);
    0x00c3 RMISSINGTLV "ESME_RMISSINGTLV" "required TLV missing" Some(Permanent);
    0x00c4 RINVTLVVAL "ESME_RINVTLVVAL" "TLV value invalid" Some(Permanent);
    0x00fe RDELIVERYFAILURE "ESME_RDELIVERYFAILURE" "delivery failed" Some(RetryFew);
    0x00ff RUNKNOWNERR "ESME_RUNKNOWNERR" "unknown error" Some(RetryFew);
    0x0100 RSERTYPUNAUTH "ESME_RSERTYPUNAUTH" "not authorised for this service_type" Some(Permanent);
    0x0101 RPROHIBITED "ESME_RPROHIBITED" "operation not permitted for this account" Some(Permanent);
    0x0102 RSERTYPUNAVAIL "ESME_RSERTYPUNAVAIL" "service_type not available" Some(Retry);
    0x0103 RSERTYPDENIED "ESME_RSERTYPDENIED" "service_type denied" Some(Permanent);
    0x0104 RINVDCS "ESME_RINVDCS" "data_coding invalid" Some(Permanent);
    0x0105 RINVSRCADDRSUBUNIT "ESME_RINVSRCADDRSUBUNIT" "source subunit invalid" Some(Permanent);
    0x0106 RINVDSTADDRSUBUNIT "ESME_RINVDSTADDRSUBUNIT" "destination subunit invalid" Some(Permanent);
    0x0107 RINVBCASTFREQINT "ESME_RINVBCASTFREQINT" "broadcast interval invalid" Some(Permanent);
    0x0108 RINVBCASTALIAS_NAME "ESME_RINVBCASTALIAS_NAME" "broadcast area alias invalid" Some(Permanent);
    0x0109 RINVBCASTAREAFMT "ESME_RINVBCASTAREAFMT" "broadcast area format invalid" Some(Permanent);
    0x010a RINVNUMBCAST_AREAS "ESME_RINVNUMBCAST_AREAS" "number of broadcast areas invalid" Some(Permanent);
    0x010b RINVBCASTCNTTYPE "ESME_RINVBCASTCNTTYPE" "broadcast content type invalid" Some(Permanent);
    0x010c RINVBCASTMSGCLASS "ESME_RINVBCASTMSGCLASS" "broadcast message class invalid" Some(Permanent);
    0x010d RBCASTFAIL "ESME_RBCASTFAIL" "broadcast_sm failed" Some(RetryFew);
    0x010e RBCASTQUERYFAIL "ESME_RBCASTQUERYFAIL" "query_broadcast_sm failed" Some(Permanent);
    0x010f RBCASTCANCELFAIL "ESME_RBCASTCANCELFAIL" "cancel_broadcast_sm failed" Some(Permanent);
    0x0110 RINVBCAST_REP "ESME_RINVBCAST_REP" "number of broadcast repeats invalid" Some(Permanent);
    0x0111 RINVBCASTSRVGRP "ESME_RINVBCASTSRVGRP" "broadcast service group invalid" Some(Permanent);
    0x0112 RINVBCASTCHANIND "ESME_RINVBCASTCHANIND" "broadcast channel indicator invalid" Some(Permanent);
}

impl CommandStatus {
    /// All known codes in ascending order.
    pub fn known() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(|known| Self(known.code))
    }

    /// Whether it says "no error".
    #[inline]
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }

    /// The specification's name, or which range an unknown code lies in.
    pub fn name(self) -> &'static str {
        match self.lookup() {
            Some(known) => known.name,
            None if self.is_vendor() => "vendor specific",
            None => "reserved",
        }
    }

    /// What it means, in a few words.
    pub fn meaning(self) -> &'static str {
        match self.lookup() {
            Some(known) => known.meaning,
            None if self.is_vendor() => "the carrier's own code",
            None => "a code that the specification does not assign",
        }
    }

    /// What it asks of us; `None` for "no error". A code that nobody assigned is tried again, but not often.
    pub fn class(self) -> Option<ErrorClass> {
        self.lookup().map_or(Some(RetryFew), |known| known.class)
    }

    /// As [`CommandStatus::class`], with the `delivery_failure_reason` (TLV 0x0425) that says more than a status about the message:
    /// 0 unavailable, 1 address invalid, 2 permanent, 3 temporary. What is about the session, the rate or our PDU stays so.
    pub fn class_with_reason(self, delivery_failure_reason: Option<u64>) -> Option<ErrorClass> {
        match (self.class(), delivery_failure_reason) {
            (Some(Retry | RetryFew | Permanent), Some(0 | 3)) => Some(Retry),
            (Some(Retry | RetryFew | Permanent), Some(1 | 2)) => Some(Permanent),
            (class, _) => class,
        }
    }

    /// Whether the code lies in the range that is left to vendors.
    pub const fn is_vendor(self) -> bool {
        matches!(self.0, 0x400..=0x4ff)
    }

    fn lookup(self) -> Option<&'static Known> {
        KNOWN.binary_search_by_key(&self.0, |known| known.code).ok().and_then(|index| KNOWN.get(index))
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:08x}, {})", self.name(), self.0, self.meaning())
    }
}

impl fmt::Debug for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(0x{:x})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_67_codes_are_there_in_order_and_only_rok_has_no_class() {
        let codes: Vec<u32> = CommandStatus::known().map(|status| status.0).collect();
        assert_eq!(codes.len(), 67);
        assert!(codes.is_sorted_by(|left, right| left < right));
        for status in CommandStatus::known() {
            assert!(status.name().starts_with("ESME_R"), "{status}");
            assert_eq!(status.class().is_none(), status == CommandStatus::ROK, "{status}");
        }
    }

    #[test]
    fn classes_are_those_of_the_table() {
        assert_eq!(CommandStatus::RTHROTTLED.class(), Some(Backoff));
        assert_eq!(CommandStatus::RMSGQFUL.class(), Some(Backoff));
        assert_eq!(CommandStatus::RSYSERR.class(), Some(Retry));
        assert_eq!(CommandStatus::RINVPASWD.class(), Some(BindFatal));
        assert_eq!(CommandStatus::RALYBND.class(), Some(Bind));
        assert_eq!(CommandStatus::RINVCMDID.class(), Some(Bug));
        assert_eq!(CommandStatus::RINVDSTADR.class(), Some(Permanent));
        assert_eq!(CommandStatus(0x412).class(), Some(RetryFew));
    }

    #[test]
    fn a_delivery_failure_goes_by_its_reason() {
        let class = |reason| CommandStatus::RDELIVERYFAILURE.class_with_reason(reason);
        assert_eq!([class(Some(0)), class(Some(3))], [Some(Retry); 2]);
        assert_eq!([class(Some(1)), class(Some(2))], [Some(Permanent); 2]);
        assert_eq!([class(None), class(Some(9))], [Some(RetryFew); 2]);
        assert_eq!(CommandStatus::RSYSERR.class_with_reason(Some(2)), Some(Permanent), "the reason says more");
        assert_eq!(
            CommandStatus::RTHROTTLED.class_with_reason(Some(2)),
            Some(Backoff),
            "about the rate, not the message"
        );
    }

    #[test]
    fn every_code_has_a_name_for_people() {
        assert_eq!(CommandStatus::RTHROTTLED.to_string(), "ESME_RTHROTTLED (0x00000058, rate limit passed)");
        assert_eq!(CommandStatus(0x401).to_string(), "vendor specific (0x00000401, the carrier's own code)");
        assert_eq!(CommandStatus(0x68).name(), "reserved");
    }
}
