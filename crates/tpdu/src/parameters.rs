//! Decides which optional fields a report has (TP-PI; 3GPP TS 23.040, 9.2.3.27), and reads and writes them.

use super::reader::Reader;
use super::{DataCoding, DecodeError, EncodeError, ProtocolId, UserData};

const HAS_PROTOCOL_ID: u8 = 0x01;
const HAS_CODING: u8 = 0x02;
const HAS_USER_DATA: u8 = 0x04;
const EXTENDED: u8 = 0x80;
/// What some centres put behind a report that is at its end.
const PADDING: u8 = 0xff;

/// The optional fields at the end of a report, in wire order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Parameters {
    /// TP-PID.
    pub protocol_id: Option<ProtocolId>,
    /// TP-DCS; GSM 7-bit where there is user data without it.
    pub coding: Option<DataCoding>,
    /// TP-UDH with its length octet; empty when there is none.
    pub header: Vec<u8>,
    /// TP-UD behind the header; `None` when there is no TP-UDL.
    pub data: Option<UserData>,
}

impl Parameters {
    /// Reads TP-PI and its extensions; `None` at the end of the octets and on padding.
    pub(super) fn decode_indicator(reader: &mut Reader<'_>) -> Option<u8> {
        let indicator = reader.octet("TP-PI").ok().filter(|&indicator| indicator != PADDING)?;
        let mut last = indicator;
        while last & EXTENDED != 0 {
            last = reader.octet("TP-PI").unwrap_or(0);
        }
        Some(indicator)
    }

    /// Reads the fields that `indicator` announces. One that is announced and not there counts as not announced.
    pub(super) fn decode(indicator: u8, has_header: bool, reader: &mut Reader<'_>) -> Self {
        let mut octet = |bit| if indicator & bit == 0 { None } else { reader.octet("TP-PI").ok() };
        let protocol_id = octet(HAS_PROTOCOL_ID).map(ProtocolId);
        let coding = octet(HAS_CODING).map(DataCoding);
        let mut found = Self { protocol_id, coding, ..Self::default() };
        if indicator & HAS_USER_DATA != 0 && !reader.rest().is_empty() {
            let (header, data) = UserData::decode(reader, has_header, coding.unwrap_or_default());
            (found.header, found.data) = (header, Some(data));
        }
        found
    }

    /// TP-PI.
    pub(super) fn indicator(&self) -> u8 {
        let bit = |there, bit| if there { bit } else { 0 };
        bit(self.protocol_id.is_some(), HAS_PROTOCOL_ID)
            | bit(self.coding.is_some(), HAS_CODING)
            | bit(self.data.is_some(), HAS_USER_DATA)
    }

    /// Whether there is a header, as TP-UDHI says it.
    pub(super) const fn has_header(&self) -> bool {
        self.data.is_some() && !self.header.is_empty()
    }

    /// Writes the fields, without TP-PI.
    pub(super) fn encode(&self, octets_max: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend(self.protocol_id.map(|ProtocolId(octet)| octet));
        out.extend(self.coding.map(|DataCoding(octet)| octet));
        match &self.data {
            Some(data) => data.encode(&self.header, self.coding.unwrap_or_default(), octets_max, out),
            None => Ok(()),
        }
    }
}

/// TP-FCS, where the next octet is one: TP-PI never has its highest bit, and a cause always has it.
pub(super) fn failure(reader: &mut Reader<'_>) -> Result<Option<super::FailureCause>, DecodeError> {
    match reader.rest().first() {
        Some(&octet) if octet & 0x80 != 0 => reader.octet("TP-FCS").map(|octet| Some(super::FailureCause(octet))),
        _ => Ok(None),
    }
}

/// Writes TP-FCS, which a reader must be able to tell from TP-PI.
pub(super) fn encode_failure(failure: Option<super::FailureCause>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match failure {
        Some(super::FailureCause(octet)) if octet & 0x80 == 0 => return Err(EncodeError::Cause(octet)),
        Some(super::FailureCause(octet)) => out.push(octet),
        None => {}
    }
    Ok(())
}
