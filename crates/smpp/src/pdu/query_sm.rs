//! `query_sm`: asks what became of a message, and the answer.

use super::{Address, BodyError, COctetString, Description, EncodeError, Reader, Tlvs, Writer};
use crate::CommandStatus;

/// Asks for the state of a message (4.8.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuerySm {
    /// The carrier's id of the message, as its answer gave it.
    pub message_id: COctetString<65>,
    /// The sender that the message had.
    pub source_addr: Address,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl QuerySm {
    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("message_id", &mut self.message_id)?;
        self.source_addr.decode(reader, "source_addr")?;
        self.tlvs = reader.tlvs();
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("message_id", &self.message_id)?;
        self.source_addr.encode(out, "source_addr")?;
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("message_id", &self.message_id);
        out.address("source_addr", &self.source_addr);
        out.tlvs(&self.tlvs);
    }
}

/// The state of a message (4.8.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuerySmResp {
    /// The id that was asked for.
    pub message_id: COctetString<65>,
    /// When it reached its final state; empty before that. Often 10 or 12 digits instead of a full time.
    pub final_date: COctetString<17>,
    /// 0 to 9, as in the TLV of that name (5.2.28).
    pub message_state: u8,
    /// The network's error, if any.
    pub error_code: u8,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

impl QuerySmResp {
    #[inline]
    pub(super) fn decode(&mut self, ok: bool, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        if reader.body_is_missing(ok) {
            return Ok(());
        }
        reader.c_octets("message_id", &mut self.message_id)?;
        reader.c_octets("final_date", &mut self.final_date)?;
        [self.message_state, self.error_code] = reader.array("message_state")?;
        self.tlvs = reader.tlvs();
        Ok(())
    }

    #[inline]
    pub(super) fn encode(&self, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        // An error answer that has nothing to say is its header alone (4.4.2).
        if !status.is_ok() && *self == Self::default() {
            return Ok(());
        }
        out.c_octets("message_id", &self.message_id)?;
        out.c_octets("final_date", &self.final_date)?;
        out.array(&[self.message_state, self.error_code]);
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("message_id", &self.message_id);
        out.text("final_date", &self.final_date);
        out.number("message_state", self.message_state);
        out.number("error_code", self.error_code);
        out.tlvs(&self.tlvs);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, read, reads_back};
    use super::*;
    use crate::Body;

    fn body() -> QuerySm {
        let source_addr = Address::new(5, 0, "postrider");
        QuerySm { message_id: "0972660181".into(), source_addr, ..QuerySm::default() }
    }

    fn resp() -> QuerySmResp {
        QuerySmResp {
            message_id: "0972660181".into(),
            final_date: "261121143100036+".into(),
            message_state: 2,
            ..QuerySmResp::default()
        }
    }

    #[test]
    fn captures_read_as_their_sender_meant_them() {
        assert_eq!(read(NODE_SMPP, "query_sm").body, Body::QuerySm(body()));
        assert_eq!(read(NODE_SMPP, "query_sm_resp").body, Body::QuerySmResp(resp()));
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::QuerySm(body()));
        reads_back(Body::QuerySmResp(resp()));
        testing::error_answer_is_its_header(Body::QuerySmResp(QuerySmResp::default()));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("message_id", 64, |text| Body::QuerySm(QuerySm { message_id: text.into(), ..body() }));
        testing::limit("source_addr", 20, |text| {
            Body::QuerySm(QuerySm { source_addr: Address::new(1, 1, text), ..body() })
        });
        testing::limit("message_id", 64, |text| {
            Body::QuerySmResp(QuerySmResp { message_id: text.into(), ..QuerySmResp::default() })
        });
        testing::limit("final_date", 16, |text| {
            Body::QuerySmResp(QuerySmResp { final_date: text.into(), ..QuerySmResp::default() })
        });
    }
}
