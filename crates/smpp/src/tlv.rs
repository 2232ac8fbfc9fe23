//! The tags of optional parameters: name, type and lengths of the 64 that the specification defines.

use std::fmt;

/// The tag of a TLV (3.4, 5.3.2; 5.0, 4.8.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u16);

/// How the value of a TLV is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlvKind {
    /// A number, most significant octet first.
    Integer,
    /// Single bits with their own meaning.
    Bits,
    /// A text with a NUL at its end.
    COctets,
    /// Octets with their own inner form.
    Octets,
    /// Nothing: the tag says it all.
    None,
}

/// What the specification says of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlvRule {
    /// The tag.
    pub tag: Tag,
    /// Its name.
    pub name: &'static str,
    /// How its value is to be read.
    pub kind: TlvKind,
    /// Octets of the value: the fewest and the most, for texts with their NUL.
    pub octets: (u16, u16),
    /// Whether it came only with SMPP 5.0.
    pub only_5_0: bool,
}

/// Writes the constants and the table from one list, so that they cannot disagree.
macro_rules! tags {
    ($($tag:literal $constant:ident $name:literal $kind:ident $min:literal $max:literal $since:ident $note:literal;)*) => {
        impl Tag {
            $(
                #[doc = concat!("`", $name, "`", $note, ".")]
                pub const $constant: Self = Self($tag);
            )*
        }

        /// All tags of the specification in ascending order.
        const RULES: &[TlvRule] = &[
            $(TlvRule {
                tag: Tag($tag),
                name: $name,
                kind: TlvKind::$kind,
                octets: ($min, $max),
                only_5_0: matches!(Since::$since, Since::V50),
            },)*
        ];
    };
}

/// Which version brought a tag; a column of the list below.
enum Since {
    V34,
    V50,
}

// Where implementations disagree about a length, the range takes in all of them: reading goes by the received length.
tags! {
    0x0005 DEST_ADDR_SUBUNIT "dest_addr_subunit" Integer 1 1 V34 ": 0 unknown, 1 display, 2 handset, 3 SIM, 4 external";
    0x0006 DEST_NETWORK_TYPE "dest_network_type" Integer 1 1 V34 ": 1 GSM, 2 TDMA, 3 CDMA and so on to 8 paging";
    0x0007 DEST_BEARER_TYPE "dest_bearer_type" Integer 1 1 V34 ": 1 SMS, 2 CSD, 3 packet, 4 USSD and so on to 8 cell broadcast";
    0x0008 DEST_TELEMATICS_ID "dest_telematics_id" Integer 2 2 V34 "";
    0x000d SOURCE_ADDR_SUBUNIT "source_addr_subunit" Integer 1 1 V34 "";
    0x000e SOURCE_NETWORK_TYPE "source_network_type" Integer 1 1 V34 "";
    0x000f SOURCE_BEARER_TYPE "source_bearer_type" Integer 1 1 V34 "";
    0x0010 SOURCE_TELEMATICS_ID "source_telematics_id" Integer 1 2 V34 "";
    0x0017 QOS_TIME_TO_LIVE "qos_time_to_live" Integer 4 4 V34 ": seconds";
    0x0019 PAYLOAD_TYPE "payload_type" Integer 1 1 V34 ": 0 default, 1 WCMP";
    0x001d ADDITIONAL_STATUS_INFO_TEXT "additional_status_info_text" COctets 1 256 V34 "";
    0x001e RECEIPTED_MESSAGE_ID "receipted_message_id" COctets 1 65 V34 ": the id of the submit answer; some carriers leave out the NUL";
    0x0030 MS_MSG_WAIT_FACILITIES "ms_msg_wait_facilities" Bits 1 1 V34 ": bit 7 on or off; bits 1 and 0 voice, fax, e-mail, other";
    0x0201 PRIVACY_INDICATOR "privacy_indicator" Integer 1 1 V34 ": 0 to 3";
    0x0202 SOURCE_SUBADDRESS "source_subaddress" Octets 2 23 V34 "";
    0x0203 DEST_SUBADDRESS "dest_subaddress" Octets 2 23 V34 "";
    0x0204 USER_MESSAGE_REFERENCE "user_message_reference" Integer 2 2 V34 ": our reference; some carriers return it in receipts";
    0x0205 USER_RESPONSE_CODE "user_response_code" Integer 1 1 V34 "";
    0x020a SOURCE_PORT "source_port" Integer 2 2 V34 "";
    0x020b DEST_PORT "dest_port" Integer 2 2 V34 ": `destination_port` in 3.4";
    0x020c SAR_MSG_REF_NUM "sar_msg_ref_num" Integer 2 2 V34 "";
    0x020d LANGUAGE_INDICATOR "language_indicator" Integer 1 1 V34 ": 0 none, 1 English, 2 French, 3 Spanish, 4 German, 5 Portuguese";
    0x020e SAR_TOTAL_SEGMENTS "sar_total_segments" Integer 1 1 V34 ": 1 to 255";
    0x020f SAR_SEGMENT_SEQNUM "sar_segment_seqnum" Integer 1 1 V34 ": 1 to 255";
    0x0210 SC_INTERFACE_VERSION "sc_interface_version" Integer 1 1 V34 ": in a bind answer; absent means 3.3 or unknown";
    0x0302 CALLBACK_NUM_PRES_IND "callback_num_pres_ind" Bits 1 1 V34 ": may repeat";
    0x0303 CALLBACK_NUM_ATAG "callback_num_atag" Octets 0 65 V34 ": may repeat";
    0x0304 NUMBER_OF_MESSAGES "number_of_messages" Integer 1 1 V34 ": 0 to 99";
    0x0381 CALLBACK_NUM "callback_num" Octets 4 19 V34 ": may repeat";
    0x0420 DPF_RESULT "dpf_result" Integer 1 1 V34 "";
    0x0421 SET_DPF "set_dpf" Integer 1 1 V34 "";
    0x0422 MS_AVAILABILITY_STATUS "ms_availability_status" Integer 1 1 V34 ": 0 available, 1 denied, 2 unavailable";
    0x0423 NETWORK_ERROR_CODE "network_error_code" Octets 3 3 V34 ": type of network, then a two-octet code";
    0x0424 MESSAGE_PAYLOAD "message_payload" Octets 0 65535 V34 ": the text, when `sm_length` is 0";
    0x0425 DELIVERY_FAILURE_REASON "delivery_failure_reason" Integer 1 1 V34 ": 0 unavailable, 1 address invalid, 2 permanent, 3 temporary";
    0x0426 MORE_MESSAGES_TO_SEND "more_messages_to_send" Integer 1 1 V34 ": 0 no, 1 yes";
    0x0427 MESSAGE_STATE "message_state" Integer 1 1 V34 "";
    0x0428 CONGESTION_STATE "congestion_state" Integer 1 1 V50 ": 0 idle to 100 congested; 80 to 89 is the best use";
    0x0501 USSD_SERVICE_OP "ussd_service_op" Integer 1 1 V34 ": 0 PSSD, 1 PSSR, 2 USSR, 3 USSN; 16 to 19 their answers";
    0x0600 BROADCAST_CHANNEL_INDICATOR "broadcast_channel_indicator" Integer 1 1 V50 ": 0 basic, 1 extended";
    0x0601 BROADCAST_CONTENT_TYPE "broadcast_content_type" Octets 3 3 V50 ": network, then a two-octet content type";
    0x0602 BROADCAST_CONTENT_TYPE_INFO "broadcast_content_type_info" Octets 1 255 V50 "";
    0x0603 BROADCAST_MESSAGE_CLASS "broadcast_message_class" Integer 1 1 V50 ": 0 to 3";
    0x0604 BROADCAST_REP_NUM "broadcast_rep_num" Integer 2 3 V50 "";
    0x0605 BROADCAST_FREQUENCY_INTERVAL "broadcast_frequency_interval" Octets 3 3 V50 ": unit, then a two-octet count";
    0x0606 BROADCAST_AREA_IDENTIFIER "broadcast_area_identifier" Octets 1 101 V50 ": may repeat; names failed areas in answers";
    0x0607 BROADCAST_ERROR_STATUS "broadcast_error_status" Integer 4 4 V50 ": may repeat";
    0x0608 BROADCAST_AREA_SUCCESS "broadcast_area_success" Integer 1 1 V50 ": per cent, 255 unknown";
    0x0609 BROADCAST_END_TIME "broadcast_end_time" COctets 16 17 V50 "";
    0x060a BROADCAST_SERVICE_GROUP "broadcast_service_group" Octets 1 255 V50 "";
    0x060b BILLING_IDENTIFICATION "billing_identification" Octets 1 1024 V50 "";
    0x060d SOURCE_NETWORK_ID "source_network_id" COctets 7 66 V50 "";
    0x060e DEST_NETWORK_ID "dest_network_id" COctets 7 66 V50 "";
    0x060f SOURCE_NODE_ID "source_node_id" Octets 6 6 V50 "";
    0x0610 DEST_NODE_ID "dest_node_id" Octets 6 6 V50 "";
    0x0611 DEST_ADDR_NP_RESOLUTION "dest_addr_np_resolution" Integer 1 1 V50 ": 0 not asked, 1 not ported, 2 ported";
    0x0612 DEST_ADDR_NP_INFORMATION "dest_addr_np_information" Octets 10 10 V50 "";
    0x0613 DEST_ADDR_NP_COUNTRY "dest_addr_np_country" Integer 1 5 V50 "";
    0x1201 DISPLAY_TIME "display_time" Integer 1 1 V34 ": 0 temporary, 1 default, 2 on request";
    0x1203 SMS_SIGNAL "sms_signal" Integer 2 2 V34 "";
    0x1204 MS_VALIDITY "ms_validity" Integer 1 4 V34 "";
    0x130c ALERT_ON_MESSAGE_DELIVERY "alert_on_message_delivery" None 0 1 V34 ": empty in 3.4, one octet in 5.0";
    0x1380 ITS_REPLY_TYPE "its_reply_type" Integer 1 1 V34 "";
    0x1383 ITS_SESSION_INFO "its_session_info" Octets 2 2 V34 ": Korean CDMA";
}

impl Tag {
    /// All tags of the specification in ascending order.
    pub fn known() -> impl Iterator<Item = Self> {
        RULES.iter().map(|rule| rule.tag)
    }

    /// What the specification says of it; `None` if it does not know the tag.
    pub fn rule(self) -> Option<&'static TlvRule> {
        RULES.binary_search_by_key(&self, |rule| rule.tag).ok().and_then(|index| RULES.get(index))
    }

    /// The specification's name, or which range an unknown tag lies in.
    pub fn name(self) -> &'static str {
        match self.rule() {
            Some(rule) => rule.name,
            None if self.is_vendor() => "vendor_specific",
            None => "unknown",
        }
    }

    /// Whether the tag lies in the range that is left to vendors.
    pub const fn is_vendor(self) -> bool {
        matches!(self.0, 0x1400..=0x3fff)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:04x})", self.name(), self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(0x{:04x})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_64_tags_are_there_in_order() {
        let tags: Vec<Tag> = Tag::known().collect();
        assert_eq!(tags.len(), 64);
        assert!(tags.is_sorted_by(|left, right| left < right));
        assert_eq!(tags.iter().filter(|tag| tag.rule().is_some_and(|rule| rule.only_5_0)).count(), 20);
    }

    #[test]
    fn a_rule_tells_name_kind_and_length() {
        let rule = Tag::RECEIPTED_MESSAGE_ID.rule().unwrap();
        assert_eq!((rule.name, rule.kind, rule.octets), ("receipted_message_id", TlvKind::COctets, (1, 65)));
        assert_eq!(Tag::MESSAGE_PAYLOAD.rule().unwrap().octets, (0, 65535));
        for tag in Tag::known() {
            let (min, max) = tag.rule().unwrap().octets;
            assert!(min <= max, "{tag}");
        }
    }

    #[test]
    fn every_tag_has_a_name_for_people() {
        assert_eq!(Tag::MESSAGE_STATE.to_string(), "message_state (0x0427)");
        assert_eq!(Tag(0x1400).to_string(), "vendor_specific (0x1400)");
        assert_eq!(Tag(0x8081).to_string(), "unknown (0x8081)");
    }
}
