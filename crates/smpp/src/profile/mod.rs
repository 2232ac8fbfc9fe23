//! What is particular about one carrier, as plain data: the session and the PDU builders ask it instead of branching.
//!
//! [`CarrierProfile::default`] is what most carriers take: transceiver, version 3.4, numbers as 1/1 without plus,
//! GSM 7-bit unpacked under `data_coding` 0, a user data header for long messages, a receipt for every segment.

mod receipt_form;
mod timers;
mod tlv_rule;

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use postrider_model::{Alphabet, Class, Concatenation, ErrorClass, Sender};

pub use receipt_form::{IdForm, ReceiptForm, ReceiptPlace};
pub use timers::{Pauses, Timers};
pub use tlv_rule::{IntWidth, TlvKind, TlvRule, TlvSource, TlvValueError};

/// The largest window that a profile may ask for.
pub const WINDOW_MAX: usize = 10_000;

/// One carrier's account, addresses, codings, forms and limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierProfile {
    /// How a session binds.
    pub account: Account,
    /// Type of number and numbering plan of the addresses.
    pub addresses: AddressRules,
    /// The sender of messages that name none.
    pub sender: Option<Sender>,
    /// `service_type`, up to 5 characters.
    pub service_type: String,
    /// The `data_coding` of each alphabet that the carrier takes. An alphabet that is absent is not sent.
    pub codings: BTreeMap<Alphabet, u8>,
    /// What `data_coding` 0 means in what we send.
    pub default_alphabet_mt: DefaultAlphabet,
    /// What `data_coding` 0 means in what the carrier sends.
    pub default_alphabet_mo: DefaultAlphabet,
    /// Whether parts come with a header that bit 6 of `esm_class` does not announce.
    pub header_without_udhi: bool,
    /// How a message class (flash) is written.
    pub class_form: ClassForm,
    /// How long messages are tied together: any form but `None`.
    pub long_form: Concatenation,
    /// Whether the text travels in `submit_sm` or in `data_sm`.
    pub submit_with: SubmitWith,
    /// Which segments ask for a receipt.
    pub registered_delivery: RegisteredDelivery,
    /// How `validity_period` is written.
    pub validity: TimeForm,
    /// `priority_flag` of each class; 0 for a class that is absent.
    pub priority: BTreeMap<Class, u8>,
    /// What receipts look like.
    pub receipts: ReceiptForm,
    /// TLVs that this carrier wants, in the order in which they are sent.
    pub tlvs: Vec<TlvRule>,
    /// `more_messages_to_send` = 1 on all segments but the last.
    pub more_messages_to_send: bool,
    /// Classes of `command_status` codes that differ from the common table.
    pub errors: BTreeMap<u32, ErrorClass>,
    /// How many of our requests may wait for an answer.
    pub window: usize,
    /// How many of the carrier's requests may wait for ours.
    pub inbound_window: usize,
    /// How long each wait lasts.
    pub timers: Timers,
    /// How long a link is left alone after the codes that ask for it.
    pub pauses: Pauses,
}

impl Default for CarrierProfile {
    fn default() -> Self {
        Self {
            account: Account::default(),
            addresses: AddressRules::default(),
            sender: None,
            service_type: String::new(),
            codings: BTreeMap::from([
                (Alphabet::Gsm7, 0x00),
                (Alphabet::Latin1, 0x03),
                (Alphabet::Binary, 0x04),
                (Alphabet::Ucs2, 0x08),
                (Alphabet::EucKr, 0x0e),
            ]),
            default_alphabet_mt: DefaultAlphabet::Gsm7,
            default_alphabet_mo: DefaultAlphabet::Gsm7,
            header_without_udhi: false,
            class_form: ClassForm::General,
            long_form: Concatenation::Reference8,
            submit_with: SubmitWith::SubmitSm,
            registered_delivery: RegisteredDelivery::default(),
            validity: TimeForm::Absolute,
            priority: BTreeMap::new(),
            receipts: ReceiptForm::default(),
            tlvs: Vec::new(),
            more_messages_to_send: false,
            errors: BTreeMap::new(),
            window: 10,
            inbound_window: 500,
            timers: Timers::default(),
            pauses: Pauses::default(),
        }
    }
}

/// Who binds, and how.
#[derive(Debug, Clone)]
pub struct Account {
    /// `system_id`, up to 15 characters.
    pub system_id: String,
    /// `password`, up to 8 characters by the specification; some carriers take more. Never logged.
    pub password: SecretString,
    /// `system_type`, up to 12 characters.
    pub system_type: String,
    /// `interface_version`: 0x33, 0x34 or 0x50.
    pub interface_version: u8,
    /// The addresses that a receiver asks for; usually empty.
    pub address_range: AddressRange,
    /// Which binds make one link.
    pub bind_mode: BindMode,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            system_id: String::new(),
            password: SecretString::from(String::new()),
            system_type: String::new(),
            interface_version: 0x34,
            address_range: AddressRange::default(),
            bind_mode: BindMode::Transceiver,
        }
    }
}

/// Two accounts are compared with their passwords, so that a changed one is noticed at a reload.
impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        let Self { system_id, password, system_type, interface_version, address_range, bind_mode } = self;
        *system_id == other.system_id
            && password.expose_secret() == other.password.expose_secret()
            && *system_type == other.system_type
            && *interface_version == other.interface_version
            && *address_range == other.address_range
            && *bind_mode == other.bind_mode
    }
}

impl Eq for Account {}

/// The last three fields of a bind request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressRange {
    /// `addr_ton` and `addr_npi`.
    pub kind: TonNpi,
    /// `address_range`, up to 40 characters.
    pub range: String,
}

/// Which binds make one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BindMode {
    /// One session in both directions.
    Transceiver,
    /// Sending only; receipts come elsewhere or not at all.
    Transmitter,
    /// Receiving only.
    Receiver,
    /// A transmitter and a receiver that count as one link.
    Pair,
}

/// Type of number and numbering plan indicator (SMPP 3.4, 5.2.5 and 5.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TonNpi {
    /// 0 unknown, 1 international, 2 national, 3 network specific, 4 subscriber, 5 alphanumeric, 6 abbreviated.
    pub ton: u8,
    /// 0 unknown, 1 E.164, 8 national, 9 private.
    pub npi: u8,
}

impl TonNpi {
    /// A pair of both.
    pub const fn new(ton: u8, npi: u8) -> Self {
        Self { ton, npi }
    }
}

/// How addresses are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRules {
    /// Of a sender with country code.
    pub international: TonNpi,
    /// Of a sender of digits without country code: a short code or a national number.
    pub digits: TonNpi,
    /// Of a sender that is a name.
    pub alphanumeric: TonNpi,
    /// Of the recipient.
    pub destination: TonNpi,
    /// Whether the plus of international numbers is left out.
    pub strip_plus: bool,
}

impl Default for AddressRules {
    fn default() -> Self {
        Self {
            international: TonNpi::new(1, 1),
            digits: TonNpi::new(3, 0),
            alphanumeric: TonNpi::new(5, 0),
            destination: TonNpi::new(1, 1),
            strip_plus: true,
        }
    }
}

/// What `data_coding` 0, the "SMSC default alphabet", stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefaultAlphabet {
    /// GSM 7-bit, one septet in each octet.
    Gsm7,
    /// GSM 7-bit, packed: eight septets in seven octets.
    Gsm7Packed,
    /// ISO 8859-1.
    Latin1,
    /// ASCII.
    Ascii,
    /// UTF-8.
    Utf8,
}

/// How a message class is written into `data_coding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClassForm {
    /// The general group: 0x10 GSM 7-bit, 0x14 8-bit, 0x18 UCS-2, plus the class.
    General,
    /// The group 0xF0 (8-bit 0xF4); UCS-2 takes 0x18, since that group has none.
    Group15,
    /// TLV `dest_addr_subunit`, which knows class 0 to 3 as display, handset, SIM and external unit.
    Subunit,
}

/// Which request carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubmitWith {
    /// `submit_sm`.
    SubmitSm,
    /// `data_sm`, which always carries its text in `message_payload`.
    DataSm,
}

/// Which segments ask the carrier for a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegisteredDelivery {
    /// The segments.
    pub segments: ReceiptSegments,
    /// Whether intermediate states are asked for too (0x10).
    pub intermediate: bool,
}

impl Default for RegisteredDelivery {
    fn default() -> Self {
        Self { segments: ReceiptSegments::All, intermediate: false }
    }
}

/// The segments of a message that ask for a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptSegments {
    /// Each one.
    All,
    /// The last one only.
    Last,
    /// None: the carrier's acceptance is the last word.
    None,
}

/// How an instant is written (SMPP 3.4, 7.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeForm {
    /// Not at all: the carrier's own default holds.
    Absent,
    /// Absolute, in UTC: `261121053000000+`.
    Absolute,
    /// As a span from now: `000002000000000R`.
    Relative,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_password() {
        let mut profile = CarrierProfile::default();
        profile.account.password = SecretString::from("hunter2".to_owned());
        assert!(!format!("{profile:?}").contains("hunter2"));
    }

    #[test]
    fn a_changed_password_is_a_changed_profile() {
        let mut changed = CarrierProfile::default();
        assert_eq!(changed, CarrierProfile::default());
        changed.account.password = SecretString::from("other".to_owned());
        assert_ne!(changed, CarrierProfile::default());
    }
}
