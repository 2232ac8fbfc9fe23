//! SMS-DELIVER: a message that the service centre brings to us (3GPP TS 23.040, 9.2.2.1).

use super::first_octet::{DELIVER, HEADER, LOOP_PREVENTION, NO_MORE_MESSAGES, REPLY_PATH, RESERVED, flags, read};
use super::reader::Reader;
use super::user_data::Content;
use super::{Address, DataCoding, DecodeError, EncodeError, ProtocolId, TimeStamp, USER_DATA_OCTETS_MAX, UserData};
use postrider_model::{InboundPart, Sender};

const REPORT_INDICATION: u8 = 0x20;

/// SMS-DELIVER, fields in wire order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Deliver {
    /// TP-MMS: more messages wait at the centre.
    pub more_messages: bool,
    /// TP-LP: it was forwarded, and is not to be forwarded again.
    pub loop_prevention: bool,
    /// TP-RP: an answer may take the same way back.
    pub reply_path: bool,
    /// TP-SRI: the sender gets a report.
    pub report_indication: bool,
    /// TP-OA.
    pub from: Address,
    /// TP-PID.
    pub protocol_id: ProtocolId,
    /// TP-DCS.
    pub coding: DataCoding,
    /// TP-SCTS: when the centre got it, by its own clock.
    pub service_centre_time: TimeStamp,
    /// TP-UDH with its length octet; empty when there is none.
    pub header: Vec<u8>,
    /// TP-UD behind the header.
    pub data: UserData,
}

impl Deliver {
    /// Reads it. A TP-MTI that is not assigned counts as SMS-DELIVER.
    ///
    /// # Errors
    /// When it is another TPDU, or ends before its user data does begin.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = read(&mut reader, &[DELIVER, RESERVED])?;
        let from = Address::decode(&mut reader, "TP-OA")?;
        let protocol_id = ProtocolId(reader.octet("TP-PID")?);
        let coding = DataCoding(reader.octet("TP-DCS")?);
        let service_centre_time = TimeStamp(reader.array("TP-SCTS")?);
        let (header, data) = UserData::decode(&mut reader, first & HEADER != 0, coding);
        Ok(Self {
            more_messages: first & NO_MORE_MESSAGES == 0,
            loop_prevention: first & LOOP_PREVENTION != 0,
            reply_path: first & REPLY_PATH != 0,
            report_indication: first & REPORT_INDICATION != 0,
            from,
            protocol_id,
            coding,
            service_centre_time,
            header,
            data,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When a field does not fit.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(176);
        out.push(
            DELIVER
                | flags(&[
                    (!self.more_messages, NO_MORE_MESSAGES),
                    (self.loop_prevention, LOOP_PREVENTION),
                    (self.report_indication, REPORT_INDICATION),
                    (!self.header.is_empty(), HEADER),
                    (self.reply_path, REPLY_PATH),
                ]),
        );
        self.from.encode(&mut out)?;
        out.extend_from_slice(&[self.protocol_id.0, self.coding.0]);
        out.extend_from_slice(&self.service_centre_time.0);
        self.data.encode(&self.header, self.coding, USER_DATA_OCTETS_MAX, &mut out)?;
        Ok(out)
    }

    /// The user data as the rest of the house keeps it.
    pub fn content(&self) -> Content {
        Content::new(self.coding, &self.header, &self.data)
    }

    /// The part of an incoming message that it is; `to` is the number of the SIM that took it.
    pub fn to_part(&self, to: Sender) -> InboundPart {
        let Content { alphabet, payload, elements, part_of } = self.content();
        let network_time = self.service_centre_time.to_timestamp();
        InboundPart { from: self.from.to_sender(), to, alphabet, payload, elements, part_of, network_time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_hex;
    use postrider_model::{Alphabet, PartOf};

    #[test]
    fn a_part_of_a_long_message_becomes_what_the_store_keeps() {
        let octets = parse_hex("440C912801214365870000621112415322630D050003340202D06536FB0D02").unwrap();
        let deliver = Deliver::decode(&octets).unwrap();
        assert!(!deliver.more_messages && !deliver.report_indication);
        let us = Sender::Digits("1588".into());
        let part = deliver.to_part(us.clone());
        assert_eq!((part.from.as_str(), part.to), ("+821012345678", us));
        assert_eq!((part.alphabet, part.payload.as_slice()), (Alphabet::Gsm7, &b"hello "[..]));
        assert_eq!(part.part_of, Some(PartOf { reference: 0x34, wide: false, total: 2, number: 2 }));
        assert_eq!(part.network_time, Some("2026-11-21T05:35:22Z".parse().unwrap()));
        assert_eq!(deliver.encode(), Ok(octets));
    }

    #[test]
    fn a_name_as_sender_and_no_time_at_all() {
        let octets = parse_hex("040DD0F334FC1CA6970100080000000000000004D55C0021").unwrap();
        let part = Deliver::decode(&octets).unwrap().to_part(Sender::Digits("1588".into()));
        assert_eq!(part.from, Sender::Alphanumeric("sipgate".into()));
        assert_eq!((part.alphabet, part.network_time), (Alphabet::Ucs2, None));
    }
}
