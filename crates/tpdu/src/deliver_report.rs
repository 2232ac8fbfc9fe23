//! SMS-DELIVER-REPORT: our answer to a message or a report that was brought to us (3GPP TS 23.040, 9.2.2.1a).

use super::first_octet::{DELIVER, HEADER, flags, read};
use super::parameters::{encode_failure, failure};
use super::reader::Reader;
use super::{DecodeError, EncodeError, FailureCause, Parameters};

const USER_DATA_OCTETS_MAX: usize = 159;

/// SMS-DELIVER-REPORT, fields in wire order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct DeliverReport {
    /// TP-FCS: why it is refused; `None` when it is taken.
    pub failure: Option<FailureCause>,
    /// What TP-PI announces.
    pub parameters: Parameters,
}

impl DeliverReport {
    /// Reads it. Whether it has a TP-FCS is told by the octet itself: a cause is 0x80 or above, TP-PI is not.
    ///
    /// # Errors
    /// When it is another TPDU, or empty.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = read(&mut reader, &[DELIVER])?;
        let failure = failure(&mut reader)?;
        let indicator = Parameters::decode_indicator(&mut reader).unwrap_or(0);
        let parameters = Parameters::decode(indicator, first & HEADER != 0, &mut reader);
        Ok(Self { failure, parameters })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When a field does not fit.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = vec![DELIVER | flags(&[(self.parameters.has_header(), HEADER)])];
        encode_failure(self.failure, &mut out)?;
        out.push(self.parameters.indicator());
        // One octet less beside TP-FCS.
        let octets_max = USER_DATA_OCTETS_MAX - usize::from(self.failure.is_some());
        self.parameters.encode(octets_max, &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProtocolId, parse_hex};

    #[test]
    fn the_shortest_acknowledgement_has_two_octets() {
        assert_eq!(DeliverReport::default().encode(), Ok(vec![0, 0]));
        assert_eq!(DeliverReport::decode(&[0, 0]), Ok(DeliverReport::default()));
    }

    #[test]
    fn a_full_memory_is_told_so_that_the_centre_tries_again() {
        let parameters = Parameters { protocol_id: Some(ProtocolId::PLAIN), ..Parameters::default() };
        let full = DeliverReport { failure: Some(FailureCause::MEMORY_FULL), parameters };
        assert_eq!(full.encode(), Ok(parse_hex("00D30100").unwrap()));
        let nonsense = DeliverReport { failure: Some(FailureCause(0x13)), ..full };
        assert_eq!(nonsense.encode(), Err(EncodeError::Cause(0x13)));
    }
}
