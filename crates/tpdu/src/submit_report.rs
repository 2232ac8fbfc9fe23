//! SMS-SUBMIT-REPORT: the service centre's answer to a message of ours (3GPP TS 23.040, 9.2.2.2a).

use super::first_octet::{HEADER, SUBMIT, flags, read};
use super::parameters::{encode_failure, failure};
use super::reader::Reader;
use super::{DecodeError, EncodeError, FailureCause, Parameters, TimeStamp};

const USER_DATA_OCTETS_MAX: usize = 152;

/// SMS-SUBMIT-REPORT, fields in wire order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubmitReport {
    /// TP-FCS: why it was refused; `None` when it was taken.
    pub failure: Option<FailureCause>,
    /// TP-SCTS, which stands between TP-PI and what that announces.
    pub service_centre_time: TimeStamp,
    /// What TP-PI announces.
    pub parameters: Parameters,
}

impl SubmitReport {
    /// Reads it. Whether it has a TP-FCS is told by the octet itself: a cause is 0x80 or above, TP-PI is not.
    ///
    /// # Errors
    /// When it is another TPDU, or ends before TP-SCTS does.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = read(&mut reader, &[SUBMIT])?;
        let failure = failure(&mut reader)?;
        let indicator = Parameters::decode_indicator(&mut reader).unwrap_or(0);
        let service_centre_time = TimeStamp(reader.array("TP-SCTS")?);
        let parameters = Parameters::decode(indicator, first & HEADER != 0, &mut reader);
        Ok(Self { failure, service_centre_time, parameters })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When a field does not fit.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = vec![SUBMIT | flags(&[(self.parameters.has_header(), HEADER)])];
        encode_failure(self.failure, &mut out)?;
        out.push(self.parameters.indicator());
        out.extend_from_slice(&self.service_centre_time.0);
        // One octet less beside TP-FCS.
        let octets_max = USER_DATA_OCTETS_MAX - usize::from(self.failure.is_some());
        self.parameters.encode(octets_max, &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_hex;

    #[test]
    fn an_answer_is_read_with_and_without_a_cause() {
        for (hex, failure) in [("010062111241532263", None), ("01C60062111241532263", Some(FailureCause(0xc6)))] {
            let octets = parse_hex(hex).unwrap();
            let report = SubmitReport::decode(&octets).unwrap();
            assert_eq!((report.failure, report.parameters.indicator()), (failure, 0));
            assert_eq!(report.encode(), Ok(octets));
        }
    }

    #[test]
    fn a_cause_that_would_be_read_as_an_indicator_is_not_written() {
        let report = SubmitReport::decode(&parse_hex("010062111241532263").unwrap()).unwrap();
        let report = SubmitReport { failure: Some(FailureCause(0x7f)), ..report };
        assert_eq!(report.encode(), Err(EncodeError::Cause(0x7f)));
    }
}
