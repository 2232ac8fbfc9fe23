//! SMS-STATUS-REPORT: what became of a message or a command of ours (3GPP TS 23.040, 9.2.2.3).

use super::first_octet::{HEADER, LOOP_PREVENTION, NO_MORE_MESSAGES, STATUS_REPORT, flags, read};
use super::reader::Reader;
use super::{Address, DecodeError, EncodeError, Parameters, Status, TimeStamp};

const FOR_COMMAND: u8 = 0x20;
const USER_DATA_OCTETS_MAX: usize = 131;

/// SMS-STATUS-REPORT, fields in wire order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatusReport {
    /// TP-MMS: more messages wait at the centre.
    pub more_messages: bool,
    /// TP-LP: it was forwarded, and is not to be forwarded again.
    pub loop_prevention: bool,
    /// TP-SRQ: it answers a command and not a message.
    pub for_command: bool,
    /// TP-MR of the message: what the modem gave in `+CMGS`.
    pub reference: u8,
    /// TP-RA: the recipient of the message, perhaps in another form than the message had it.
    pub recipient: Address,
    /// TP-SCTS: when the centre got the message.
    pub service_centre_time: TimeStamp,
    /// TP-DT: when it was delivered, or tried the last time.
    pub discharge_time: TimeStamp,
    /// TP-ST.
    pub status: Status,
    /// TP-PI and what it announces; most reports end before it.
    pub parameters: Option<Parameters>,
}

impl StatusReport {
    /// Reads it.
    ///
    /// # Errors
    /// When it is another TPDU, or ends before TP-ST.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = read(&mut reader, &[STATUS_REPORT])?;
        let reference = reader.octet("TP-MR")?;
        let recipient = Address::decode(&mut reader, "TP-RA")?;
        let service_centre_time = TimeStamp(reader.array("TP-SCTS")?);
        let discharge_time = TimeStamp(reader.array("TP-DT")?);
        let status = Status(reader.octet("TP-ST")?);
        let indicator = Parameters::decode_indicator(&mut reader);
        let parameters = indicator.map(|indicator| Parameters::decode(indicator, first & HEADER != 0, &mut reader));
        Ok(Self {
            more_messages: first & NO_MORE_MESSAGES == 0,
            loop_prevention: first & LOOP_PREVENTION != 0,
            for_command: first & FOR_COMMAND != 0,
            reference,
            recipient,
            service_centre_time,
            discharge_time,
            status,
            parameters,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When a field does not fit.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(32);
        let bits = flags(&[
            (!self.more_messages, NO_MORE_MESSAGES),
            (self.loop_prevention, LOOP_PREVENTION),
            (self.for_command, FOR_COMMAND),
            (self.parameters.as_ref().is_some_and(Parameters::has_header), HEADER),
        ]);
        out.extend_from_slice(&[STATUS_REPORT | bits, self.reference]);
        self.recipient.encode(&mut out)?;
        out.extend_from_slice(&self.service_centre_time.0);
        out.extend_from_slice(&self.discharge_time.0);
        out.push(self.status.0);
        if let Some(parameters) = &self.parameters {
            out.push(parameters.indicator());
            parameters.encode(USER_DATA_OCTETS_MAX, &mut out)?;
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataCoding, UserData, parse_hex};
    use postrider_model::State;

    #[test]
    fn a_report_names_the_message_and_its_end() {
        let octets = parse_hex("06110C91280121436587621112415322636211124153426346").unwrap();
        let report = StatusReport::decode(&octets).unwrap();
        assert_eq!((report.reference, report.recipient.to_string().as_str()), (17, "+821012345678"));
        assert_eq!((report.status.state(), report.parameters.is_none()), (State::Expired, true));
        let took = report.discharge_time.to_timestamp().zip(report.service_centre_time.to_timestamp());
        assert_eq!(took.map(|(end, begin)| end.since(begin).as_secs()), Some(2));
        assert!(!report.for_command && !report.more_messages);
        assert_eq!(report.encode(), Ok(octets));
    }

    #[test]
    fn a_report_carries_131_octets_and_no_more() {
        let octets = parse_hex("06110C91280121436587621112415322636211124153426300").unwrap();
        let mut report = StatusReport::decode(&octets).unwrap();
        let with = |size| Parameters {
            coding: Some(DataCoding::OCTETS),
            data: Some(UserData::Octets(vec![7; size])),
            ..Parameters::default()
        };
        report.parameters = Some(with(131));
        assert_eq!(StatusReport::decode(&report.encode().unwrap()), Ok(report.clone()));
        report.parameters = Some(with(132));
        assert_eq!(report.encode(), Err(EncodeError::UserDataTooLong(132, 131)));
    }
}
