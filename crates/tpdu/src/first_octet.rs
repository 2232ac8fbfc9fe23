//! The bits of a TPDU's first octet that several kinds share (3GPP TS 23.040, 9.2.3.1 to 7, 17 and 23).

use super::DecodeError;
use super::reader::Reader;

/// TP-MTI: two bits.
const KIND: u8 = 0x03;
/// From the service centre; the other way it is SMS-DELIVER-REPORT.
pub(super) const DELIVER: u8 = 0x00;
/// To the service centre; the other way it is SMS-SUBMIT-REPORT.
pub(super) const SUBMIT: u8 = 0x01;
/// From the service centre; the other way it is SMS-COMMAND.
pub(super) const STATUS_REPORT: u8 = 0x02;
/// Not assigned; a handset takes it as SMS-DELIVER.
pub(super) const RESERVED: u8 = 0x03;

/// TP-MMS, where 0 says that more messages wait.
pub(super) const NO_MORE_MESSAGES: u8 = 0x04;
/// TP-LP.
pub(super) const LOOP_PREVENTION: u8 = 0x08;
/// TP-UDHI.
pub(super) const HEADER: u8 = 0x40;
/// TP-RP.
pub(super) const REPLY_PATH: u8 = 0x80;

/// TP-MTI of a first octet.
pub(super) const fn kind(first: u8) -> u8 {
    first & KIND
}

/// The first octet, if its TP-MTI is among `kinds`.
pub(super) fn read(reader: &mut Reader<'_>, kinds: &[u8]) -> Result<u8, DecodeError> {
    let first = reader.octet("TP-MTI")?;
    if kinds.contains(&kind(first)) { Ok(first) } else { Err(DecodeError::Kind(kind(first))) }
}

/// The bits whose condition holds.
pub(super) fn flags(bits: &[(bool, u8)]) -> u8 {
    bits.iter().filter(|(set, _)| *set).fold(0, |all, (_, bit)| all | bit)
}
