//! `bind_receiver`, `bind_transmitter`, `bind_transceiver`: the opening of a session, and its answer.

use std::fmt;

use super::{BodyError, COctetString, CommandId, Description, EncodeError, Reader, Tlvs, Writer};
use crate::CommandStatus;

/// In which direction messages go in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum BindKind {
    /// From the carrier only.
    Receiver,
    /// To the carrier only.
    Transmitter,
    /// Both ways.
    #[default]
    Transceiver,
}

impl BindKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Receiver, Self::Transmitter, Self::Transceiver];

    /// The id of its request.
    pub const fn command_id(self) -> CommandId {
        match self {
            Self::Receiver => CommandId::BIND_RECEIVER,
            Self::Transmitter => CommandId::BIND_TRANSMITTER,
            Self::Transceiver => CommandId::BIND_TRANSCEIVER,
        }
    }

    /// Whether the ESME may submit in this session.
    pub const fn transmits(self) -> bool {
        matches!(self, Self::Transmitter | Self::Transceiver)
    }

    /// Whether the carrier may deliver in this session.
    pub const fn receives(self) -> bool {
        matches!(self, Self::Receiver | Self::Transceiver)
    }
}

/// Opens a session (4.1.1, 4.1.3, 4.1.5).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bind {
    /// Which of the three binds it is; the `command_id` on the wire.
    pub kind: BindKind,
    /// The account.
    pub system_id: COctetString<16>,
    /// Its password: 8 octets, unless the carrier takes more.
    pub password: COctetString<9>,
    /// A word that some carriers give out with the account.
    pub system_type: COctetString<13>,
    /// 0x34 or 0x50.
    pub interface_version: u8,
    /// Type of number of `address_range`.
    pub addr_ton: u8,
    /// Numbering plan of `address_range`.
    pub addr_npi: u8,
    /// For which of our numbers messages are wanted; usually empty.
    pub address_range: COctetString<41>,
    /// Optional parameters. The specification has none here.
    pub tlvs: Tlvs,
}

/// The password is nobody's to read.
impl fmt::Debug for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bind")
            .field("kind", &self.kind)
            .field("system_id", &self.system_id)
            .field("password", &format_args!("({} octets)", self.password.len()))
            .field("system_type", &self.system_type)
            .field("interface_version", &self.interface_version)
            .field("addr_ton", &self.addr_ton)
            .field("addr_npi", &self.addr_npi)
            .field("address_range", &self.address_range)
            .field("tlvs", &self.tlvs)
            .finish()
    }
}

impl Bind {
    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("system_id", &mut self.system_id)?;
        reader.c_octets("password", &mut self.password)?;
        reader.c_octets("system_type", &mut self.system_type)?;
        [self.interface_version, self.addr_ton, self.addr_npi] = reader.array("interface_version")?;
        reader.c_octets("address_range", &mut self.address_range)?;
        self.tlvs = reader.tlvs();
        Ok(())
    }

    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("system_id", &self.system_id)?;
        out.password(&self.password)?;
        out.c_octets("system_type", &self.system_type)?;
        out.array(&[self.interface_version, self.addr_ton, self.addr_npi]);
        out.c_octets("address_range", &self.address_range)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("system_id", &self.system_id);
        out.password(&self.password);
        out.text("system_type", &self.system_type);
        out.number("interface_version", self.interface_version);
        out.number("addr_ton", self.addr_ton);
        out.number("addr_npi", self.addr_npi);
        out.text("address_range", &self.address_range);
        out.tlvs(&self.tlvs);
    }
}

/// What became of a bind (4.1.2, 4.1.4, 4.1.6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BindResp {
    /// Which of the three binds it answers; the `command_id` on the wire.
    pub kind: BindKind,
    /// Who the carrier is.
    pub system_id: COctetString<16>,
    /// Optional parameters: `sc_interface_version`.
    pub tlvs: Tlvs,
}

impl BindResp {
    #[inline]
    pub(super) fn decode(&mut self, ok: bool, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        if let Some(tlvs) = reader.answer_without_text(ok) {
            self.tlvs = tlvs;
            return Ok(());
        }
        reader.c_octets("system_id", &mut self.system_id)?;
        self.tlvs = reader.tlvs();
        Ok(())
    }

    pub(super) fn encode(&self, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        // An error answer that has nothing to say is its header alone (4.1.2).
        if !status.is_ok() && self.system_id.is_empty() && self.tlvs.is_empty() {
            return Ok(());
        }
        out.c_octets("system_id", &self.system_id)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("system_id", &self.system_id);
        out.tlvs(&self.tlvs);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, QUIRKS, SMPPLIB, SPECIFICATION, capture, read, reads_back};
    use super::*;
    use crate::{Body, EncodeLimits, Pdu, Tag};

    fn body() -> Bind {
        Bind {
            kind: BindKind::Transceiver,
            system_id: "postrider".into(),
            password: "secret08".into(),
            system_type: "VMA".into(),
            interface_version: 0x50,
            addr_ton: 1,
            addr_npi: 1,
            address_range: "^4915".into(),
            tlvs: Tlvs::new(),
        }
    }

    #[test]
    fn captures_read_as_their_senders_meant_them() {
        assert_eq!(read(NODE_SMPP, "bind_transceiver").body, Body::Bind(body()));
        let Body::Bind(example) = read(SPECIFICATION, "bind_transmitter").body else { panic!("not a bind") };
        assert_eq!((example.kind, example.interface_version), (BindKind::Transmitter, 0x50));
        assert_eq!(example.system_id, "SMPP3TEST");
        assert_eq!(example.password, "secret08");
        assert_eq!(example.system_type, "SUBMIT1");
        let Body::Bind(python) = read(SMPPLIB, "bind_transmitter").body else { panic!("not a bind") };
        assert_eq!((python.kind, python.interface_version), (BindKind::Transmitter, 0x34));
        let Body::BindResp(resp) = read(NODE_SMPP, "bind_transceiver_resp").body else { panic!("not a bind answer") };
        assert_eq!(resp.system_id, "north");
        assert_eq!(resp.tlvs.integer(Tag::SC_INTERFACE_VERSION), Some(0x34));
    }

    #[test]
    fn a_refusal_reads_with_and_without_its_body() {
        for (name, system_id) in [("bind_resp_error", ""), ("bind_resp_error_with_id", "north")] {
            let decoded = Pdu::decode(&capture(QUIRKS, name)).unwrap();
            assert_eq!(decoded.pdu.command_status, CommandStatus::RINVPASWD);
            let resp = BindResp { kind: BindKind::Transceiver, system_id: system_id.into(), tlvs: Tlvs::new() };
            assert_eq!((decoded.pdu.body, decoded.quirks), (Body::BindResp(resp), vec![]));
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for kind in BindKind::ALL {
            reads_back(Body::Bind(Bind { kind, ..body() }));
            reads_back(Body::BindResp(BindResp { kind, system_id: "north".into(), tlvs: Tlvs::new() }));
            testing::error_answer_is_its_header(Body::BindResp(BindResp { kind, ..BindResp::default() }));
        }
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("system_id", 15, |text| Body::Bind(Bind { system_id: text.into(), ..body() }));
        testing::limit("password", 8, |text| Body::Bind(Bind { password: text.into(), ..body() }));
        testing::limit("system_type", 12, |text| Body::Bind(Bind { system_type: text.into(), ..body() }));
        testing::limit("address_range", 40, |text| Body::Bind(Bind { address_range: text.into(), ..body() }));
        testing::limit("system_id", 15, |text| {
            Body::BindResp(BindResp { system_id: text.into(), ..BindResp::default() })
        });
    }

    #[test]
    fn a_carrier_may_stretch_the_password() {
        let long = Pdu::request(1, Body::Bind(Bind { password: "twelve chars".into(), ..body() }));
        let mut out = bytes::BytesMut::new();
        let limits = EncodeLimits { password_octets_max: 12, ..EncodeLimits::default() };
        assert_eq!(long.encode_within(&limits, &mut out), Ok(()));
        assert_eq!(Pdu::decode(&out.freeze()).unwrap().pdu, long);
        let limits = EncodeLimits { password_octets_max: 11, ..limits };
        let refused = Err(EncodeError::TooLong { field: "password", octets: 12, limit: 11 });
        assert_eq!(long.encode_within(&limits, &mut bytes::BytesMut::new()), refused);
    }

    #[test]
    fn the_password_is_not_shown() {
        assert!(!format!("{:?}", body()).contains("secret"));
    }
}
