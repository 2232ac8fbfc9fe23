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
