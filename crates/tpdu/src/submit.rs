//! SMS-SUBMIT: a message on its way from us to the service centre (3GPP TS 23.040, 9.2.2.2).

use super::first_octet::{HEADER, REPLY_PATH, SUBMIT, flags};
use super::reader::Reader;
use super::user_data::Content;
use super::{Address, DataCoding, DecodeError, EncodeError, ProtocolId, USER_DATA_OCTETS_MAX, UserData, Validity};
use postrider_model::{Concatenation, Encoded};

const REJECT_DUPLICATES: u8 = 0x04;
const REPORT_REQUEST: u8 = 0x20;

/// SMS-SUBMIT, fields in wire order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Submit {
    /// TP-RD: the centre is to refuse a message with the same reference and recipient that it still holds.
    pub reject_duplicates: bool,
    /// TP-RP: an answer may take the same way back.
    pub reply_path: bool,
    /// TP-SRR: a status report is asked for.
    pub report_request: bool,
    /// TP-MR; most modems put their own in its place.
    pub reference: u8,
    /// TP-DA.
    pub to: Address,
    /// TP-PID.
    pub protocol_id: ProtocolId,
    /// TP-DCS.
    pub coding: DataCoding,
    /// TP-VP, its form in TP-VPF; `None` leaves it to the centre.
    pub validity: Option<Validity>,
    /// TP-UDH with its length octet; empty when there is none.
    pub header: Vec<u8>,
    /// TP-UD behind the header.
    pub data: UserData,
}

impl Submit {
    /// Segment `index` (from 0) of a message, without report request and validity.
    ///
    /// # Errors
    /// When there is no such segment, or its alphabet or the way that segments are tied together is SMPP's alone.
    pub fn of_segment(encoded: &Encoded, index: usize, to: Address) -> Result<Self, EncodeError> {
        let payload = encoded.segments.get(index).ok_or(EncodeError::NoSegment(index))?;
        let tied = !matches!(encoded.concatenation, Concatenation::Sar | Concatenation::Payload);
        if !tied && encoded.segments.len() > 1 {
            return Err(EncodeError::Concatenation);
        }
        let coding = DataCoding::of(encoded.alphabet, &encoded.indication)?;
        Ok(Self {
            reject_duplicates: false,
            reply_path: false,
            report_request: false,
            reference: 0,
            to,
            protocol_id: ProtocolId(encoded.indication.protocol_id),
            coding,
            validity: None,
            header: encoded.user_data_header(index),
            data: UserData::new(coding, payload.clone()),
        })
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it is another TPDU, or ends before its user data does begin.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let first = super::first_octet::read(&mut reader, &[SUBMIT])?;
        let reference = reader.octet("TP-MR")?;
        let to = Address::decode(&mut reader, "TP-DA")?;
        let protocol_id = ProtocolId(reader.octet("TP-PID")?);
        let coding = DataCoding(reader.octet("TP-DCS")?);
        let validity = Validity::decode(first, &mut reader)?;
        let (header, data) = UserData::decode(&mut reader, first & HEADER != 0, coding);
        Ok(Self {
            reject_duplicates: first & REJECT_DUPLICATES != 0,
            reply_path: first & REPLY_PATH != 0,
            report_request: first & REPORT_REQUEST != 0,
            reference,
            to,
            protocol_id,
            coding,
            validity,
            header,
            data,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    /// When a field does not fit.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(164);
        let bits = flags(&[
            (self.reject_duplicates, REJECT_DUPLICATES),
            (self.report_request, REPORT_REQUEST),
            (!self.header.is_empty(), HEADER),
            (self.reply_path, REPLY_PATH),
        ]);
        out.push(SUBMIT | bits | Validity::format_bits(self.validity));
        out.push(self.reference);
        self.to.encode(&mut out)?;
        out.extend_from_slice(&[self.protocol_id.0, self.coding.0]);
        if let Some(validity) = self.validity {
            validity.encode(&mut out);
        }
        self.data.encode(&self.header, self.coding, USER_DATA_OCTETS_MAX, &mut out)?;
        Ok(out)
    }

    /// The user data as the rest of the house keeps it.
    pub fn content(&self) -> Content {
        Content::new(self.coding, &self.header, &self.data)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::to_hex;
    use postrider_model::{Alphabet, Indication};

    fn two_segments(alphabet: Alphabet, concatenation: Concatenation) -> Encoded {
        Encoded {
            alphabet,
            indication: Indication::default(),
            concatenation,
            reference: 0x1234,
            elements: vec![],
            segments: vec![b"one".to_vec(), b"two".to_vec()],
        }
    }

    fn to() -> Address {
        Address::number(&"+821012345678".parse().unwrap())
    }

    #[test]
    fn a_segment_becomes_what_the_modem_is_given() {
        let encoded = two_segments(Alphabet::Gsm7, Concatenation::Reference8);
        let mut submit = Submit::of_segment(&encoded, 1, to()).unwrap();
        submit.report_request = true;
        submit.validity = Some(Validity::relative_at_least(Duration::from_secs(86_400)));
        let octets = submit.encode().unwrap();
        assert_eq!(to_hex(&octets), "71000C912801214365870000A70A050003340202E8F737");
        assert_eq!(Submit::decode(&octets), Ok(submit.clone()));
        let content = submit.content();
        assert_eq!((content.text(), content.part_of.map(|part| part.number)), ("two".to_owned(), Some(2)));
    }

    #[test]
    fn what_is_smpps_alone_is_refused() {
        let refused = |encoded: &Encoded, index| Submit::of_segment(encoded, index, to()).unwrap_err();
        let encoded = two_segments(Alphabet::Gsm7, Concatenation::Reference16);
        assert_eq!(refused(&encoded, 2), EncodeError::NoSegment(2));
        let encoded = two_segments(Alphabet::Gsm7, Concatenation::Sar);
        assert_eq!(refused(&encoded, 0), EncodeError::Concatenation);
        let encoded = two_segments(Alphabet::Latin1, Concatenation::Reference8);
        assert_eq!(refused(&encoded, 0), EncodeError::NoCoding(Alphabet::Latin1));
    }

    #[test]
    fn a_segment_holds_140_octets_and_no_more() {
        let mut encoded = two_segments(Alphabet::Ucs2, Concatenation::Reference8);
        encoded.segments[0] = vec![0; 134];
        assert_eq!(Submit::of_segment(&encoded, 0, to()).unwrap().encode().unwrap().len(), 13 + 140);
        encoded.segments[0].push(0);
        let refused = Submit::of_segment(&encoded, 0, to()).unwrap().encode();
        assert_eq!(refused, Err(EncodeError::UserDataTooLong(141, 140)));
    }
}
