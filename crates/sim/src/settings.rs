//! What kind of carrier is simulated.

use std::collections::BTreeMap;
use std::time::Duration;

use super::faults::Faults;
use super::ids::IdForms;
use super::ledger::Keep;

/// One simulated carrier.
#[derive(Debug, Clone)]
pub struct CarrierSettings {
    /// The `system_id` that it shows.
    pub system_id: String,
    /// Passwords by `system_id`. When empty, everybody may bind.
    pub accounts: BTreeMap<String, String>,
    /// How many sessions an account may have at once.
    pub binds_max: usize,
    /// How message ids are written.
    pub ids: IdForms,
    /// What receipts look like and when they come.
    pub receipts: ReceiptSettings,
    /// How many deliveries may wait for their answer on one connection.
    pub delivery_window: usize,
    /// A connection that does not bind for so long is closed.
    pub session_init: Duration,
    /// A connection that was quiet for so long gets an `enquire_link`; `None` sends none.
    pub enquire_link: Option<Duration>,
    /// A delivery that the client could not take now is repeated after this.
    pub redeliver_after: Duration,
    /// What the ledger keeps.
    pub keep: Keep,
    /// Whether the ledger also writes lines for a file.
    pub lines: bool,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for CarrierSettings {
    fn default() -> Self {
        Self {
            system_id: "simulated".to_owned(),
            accounts: BTreeMap::new(),
            binds_max: 100,
            ids: IdForms::default(),
            receipts: ReceiptSettings::default(),
            delivery_window: 200,
            session_init: Duration::from_secs(30),
            enquire_link: None,
            redeliver_after: Duration::from_secs(5),
            keep: Keep::Last(100_000),
            lines: false,
            faults: Faults::default(),
        }
    }
}

/// What receipts look like and when they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptSettings {
    /// The shortest and the longest time from a submission to its receipt.
    pub delay: (Duration, Duration),
    /// Where id and state stand.
    pub place: ReceiptPlace,
    /// Final states other than `Delivered`, each with its chance per thousand.
    pub states: Vec<(FinalState, u16)>,
    /// Whether an `ENROUTE` receipt precedes the final one, if the client asks for intermediate states.
    pub intermediate: bool,
    /// The `esm_class` of receipts; 0x04, but 0 at some carriers.
    pub esm_class: u8,
    /// How the text is written.
    pub coding: ReceiptCoding,
    /// What `data_coding` says of it, right or wrong.
    pub data_coding: u8,
    /// How handset and sender are written.
    pub addresses: ReceiptAddresses,
}

impl Default for ReceiptSettings {
    fn default() -> Self {
        Self {
            delay: (Duration::ZERO, Duration::ZERO),
            place: ReceiptPlace::Both,
            states: Vec::new(),
            intermediate: true,
            esm_class: 0x04,
            coding: ReceiptCoding::Ascii,
            data_coding: 0,
            addresses: ReceiptAddresses::Swapped,
        }
    }
}

/// How the text of a receipt is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptCoding {
    /// One octet a character.
    Ascii,
    /// UCS-2, the usual way round.
    Ucs2,
    /// UCS-2, the other way round, behind a byte order mark.
    Ucs2LittleEndian,
    /// One octet a character up to the middle, then UCS-2.
    Half,
}

/// How a receipt names the handset and the sender of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptAddresses {
    /// As the specification has it: the handset sends it.
    Swapped,
    /// As they were in the submission.
    Unswapped,
    /// The handset by its national number, with a trunk zero.
    National,
}

/// Where a receipt says what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptPlace {
    /// In `receipted_message_id` and `message_state` alone.
    Tlv,
    /// In the text of appendix B alone.
    Text,
    /// In both.
    Both,
    /// In the text, which stands in `message_payload`.
    TextInPayload,
}

/// The states of a receipt, with the numbers of SMPP 3.4, 5.2.28.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FinalState {
    /// On its way; the only one that is not final.
    Enroute = 1,
    /// The handset has it.
    Delivered = 2,
    /// Its validity ran out.
    Expired = 3,
    /// It was deleted.
    Deleted = 4,
    /// The network gave up.
    Undeliverable = 5,
    /// The carrier took it on the handset's behalf.
    Accepted = 6,
    /// Nobody knows.
    Unknown = 7,
    /// It was refused.
    Rejected = 8,
}

impl FinalState {
    /// The word of appendix B.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enroute => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undeliverable => "UNDELIV",
            Self::Accepted => "ACCEPTD",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
        }
    }

    /// The `err` value that goes with it.
    pub const fn error(self) -> u16 {
        match self {
            Self::Enroute | Self::Delivered | Self::Accepted => 0,
            Self::Expired => 27,
            Self::Deleted | Self::Unknown => 34,
            Self::Undeliverable => 1,
            Self::Rejected => 11,
        }
    }
}
