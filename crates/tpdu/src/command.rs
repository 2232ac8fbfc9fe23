//! SMS-COMMAND: what is asked of the service centre about an earlier message (3GPP TS 23.040, 9.2.2.4).

use super::first_octet::{HEADER, STATUS_REPORT, flags, read};
use super::reader::Reader;
use super::user_data::split_header;
use super::{Address, DecodeError, EncodeError, ProtocolId};

const REPORT_REQUEST: u8 = 0x20;
const DATA_OCTETS_MAX: usize = 156;

/// TP-CT, exactly as it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandType(pub u8);

impl CommandType {
    /// What became of the message.
    pub const ENQUIRY: Self = Self(0x00);
    /// No status report is wanted any more.
    pub const CANCEL_REPORT: Self = Self(0x01);
    /// The message is to be deleted.
    pub const DELETE: Self = Self(0x02);
    /// A status report is wanted.
    pub const ENABLE_REPORT: Self = Self(0x03);
}

/// SMS-COMMAND, fields in wire order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Command {
    /// TP-SRR: a status report is asked for.
    pub report_request: bool,
    /// TP-MR of the command itself.
    pub reference: u8,
    /// TP-PID.
    pub protocol_id: ProtocolId,
    /// TP-CT.
    pub command_type: CommandType,
    /// TP-MN: TP-MR of the message that it is about.
    pub message_number: u8,
    /// TP-DA: the recipient of that message.
    pub to: Address,
    /// A header in TP-CD, with its length octet; empty when there is none.
    pub header: Vec<u8>,
    /// TP-CD behind the header.
    pub data: Vec<u8>,
}

impl Command {
    /// Reads it.
    ///
    /// # Errors
    /// When it is another TPDU, or ends before TP-CDL.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = read(&mut reader, &[STATUS_REPORT])?;
        let reference = reader.octet("TP-MR")?;
        let protocol_id = ProtocolId(reader.octet("TP-PID")?);
        let command_type = CommandType(reader.octet("TP-CT")?);
        let message_number = reader.octet("TP-MN")?;
        let to = Address::decode(&mut reader, "TP-DA")?;
        let length = reader.octet("TP-CDL")?;
        let (header, data) = split_header(reader.up_to(usize::from(length)), first & HEADER != 0);
        Ok(Self {
            report_request: first & REPORT_REQUEST != 0,
            reference,
            protocol_id,
            command_type,
            message_number,
            to,
            header: header.to_vec(),
            data: data.to_vec(),
        })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When a field does not fit.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        if self.header.first().is_some_and(|&length| usize::from(length) + 1 != self.header.len()) {
            return Err(EncodeError::Header);
        }
        let size = self.header.len() + self.data.len();
        let length = u8::try_from(size).ok().filter(|_| size <= DATA_OCTETS_MAX);
        let length = length.ok_or(EncodeError::UserDataTooLong(size, DATA_OCTETS_MAX))?;
        let bits = flags(&[(self.report_request, REPORT_REQUEST), (!self.header.is_empty(), HEADER)]);
        let mut out =
            vec![STATUS_REPORT | bits, self.reference, self.protocol_id.0, self.command_type.0, self.message_number];
        self.to.encode(&mut out)?;
        out.push(length);
        out.extend_from_slice(&self.header);
        out.extend_from_slice(&self.data);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_hex;

    fn enquiry() -> Command {
        Command::decode(&parse_hex("22070000C80C9128012143658700").unwrap()).unwrap()
    }

    #[test]
    fn an_enquiry_names_the_message_by_its_reference() {
        let command = enquiry();
        assert!(command.report_request && command.data.is_empty());
        assert_eq!((command.command_type, command.message_number, command.reference), (CommandType::ENQUIRY, 200, 7));
        assert_eq!(command.encode(), Ok(parse_hex("22070000C80C9128012143658700").unwrap()));
    }

    #[test]
    fn a_command_carries_156_octets_and_no_more() {
        let with = |data: usize| Command { header: vec![2, 0x70, 0], data: vec![9; data], ..enquiry() };
        let longest = with(153);
        assert_eq!(Command::decode(&longest.encode().unwrap()), Ok(longest));
        assert_eq!(with(154).encode(), Err(EncodeError::UserDataTooLong(157, 156)));
        assert_eq!(Command { header: vec![9], ..enquiry() }.encode(), Err(EncodeError::Header));
    }
}
