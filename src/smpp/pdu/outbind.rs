//! `outbind`: the carrier asks us to bind.

use super::{BodyError, COctetString, Description, EncodeError, Reader, Writer};

/// The carrier connected to us and wants a bind (4.1.7). It has no answer but a `bind_receiver`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outbind {
    /// Who the carrier is.
    pub system_id: COctetString<16>,
    /// How it proves it.
    pub password: COctetString<9>,
}

impl Outbind {
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, BodyError> {
        Ok(Self { system_id: reader.c_octets("system_id")?, password: reader.c_octets("password")? })
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.c_octets("system_id", &self.system_id)?;
        out.password(&self.password)
    }

    pub(super) fn describe(&self, out: &mut Description) {
        out.text("system_id", &self.system_id);
        out.password(&self.password);
    }
}
