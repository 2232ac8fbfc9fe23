//! The values of `command_id` (5.1.2; 5.0, 4.7.5).

use std::fmt;

/// Which PDU it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u32);

/// Writes the constants and the names from one list, so that they cannot disagree.
macro_rules! command_ids {
    ($($id:literal $constant:ident $name:literal;)*) => {
        impl CommandId {
            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Self = Self($id);
            )*

            /// The specification's name; "unknown" for ids that it does not assign.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($id => $name,)*
                    _ => "unknown",
                }
            }

            /// All ids of the specification.
            pub const ALL: &[Self] = &[$(Self::$constant,)*];
        }
    };
}

command_ids! {
    0x80000000 GENERIC_NACK "generic_nack";
    0x00000001 BIND_RECEIVER "bind_receiver";
    0x80000001 BIND_RECEIVER_RESP "bind_receiver_resp";
    0x00000002 BIND_TRANSMITTER "bind_transmitter";
    0x80000002 BIND_TRANSMITTER_RESP "bind_transmitter_resp";
    0x00000003 QUERY_SM "query_sm";
    0x80000003 QUERY_SM_RESP "query_sm_resp";
    0x00000004 SUBMIT_SM "submit_sm";
    0x80000004 SUBMIT_SM_RESP "submit_sm_resp";
    0x00000005 DELIVER_SM "deliver_sm";
    0x80000005 DELIVER_SM_RESP "deliver_sm_resp";
    0x00000006 UNBIND "unbind";
    0x80000006 UNBIND_RESP "unbind_resp";
    0x00000007 REPLACE_SM "replace_sm";
    0x80000007 REPLACE_SM_RESP "replace_sm_resp";
    0x00000008 CANCEL_SM "cancel_sm";
    0x80000008 CANCEL_SM_RESP "cancel_sm_resp";
    0x00000009 BIND_TRANSCEIVER "bind_transceiver";
    0x80000009 BIND_TRANSCEIVER_RESP "bind_transceiver_resp";
    0x0000000b OUTBIND "outbind";
    0x00000015 ENQUIRE_LINK "enquire_link";
    0x80000015 ENQUIRE_LINK_RESP "enquire_link_resp";
    0x00000021 SUBMIT_MULTI "submit_multi";
    0x80000021 SUBMIT_MULTI_RESP "submit_multi_resp";
    0x00000102 ALERT_NOTIFICATION "alert_notification";
    0x00000103 DATA_SM "data_sm";
    0x80000103 DATA_SM_RESP "data_sm_resp";
    0x00000111 BROADCAST_SM "broadcast_sm";
    0x80000111 BROADCAST_SM_RESP "broadcast_sm_resp";
    0x00000112 QUERY_BROADCAST_SM "query_broadcast_sm";
    0x80000112 QUERY_BROADCAST_SM_RESP "query_broadcast_sm_resp";
    0x00000113 CANCEL_BROADCAST_SM "cancel_broadcast_sm";
    0x80000113 CANCEL_BROADCAST_SM_RESP "cancel_broadcast_sm_resp";
}

impl CommandId {
    /// The bit that tells answers from requests.
    const RESPONSE: u32 = 0x8000_0000;

    /// Whether it is an answer, `generic_nack` included.
    #[inline]
    pub const fn is_response(self) -> bool {
        self.0 & Self::RESPONSE != 0
    }

    /// The id of the answer to this request.
    #[inline]
    pub const fn response(self) -> Self {
        Self(self.0 | Self::RESPONSE)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            "unknown" => write!(f, "command 0x{:08x}", self.0),
            name => f.pad(name),
        }
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
