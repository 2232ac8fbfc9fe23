//! `outbind`: the carrier asks us to bind.

use std::fmt;

use super::{BodyError, COctetString, Description, EncodeError, Reader, Writer};

/// The carrier connected to us and wants a bind (4.1.7). It has no answer but a `bind_receiver`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Outbind {
    /// Who the carrier is.
    pub system_id: COctetString<16>,
    /// How it proves it.
    pub password: COctetString<9>,
}

/// The password is nobody's to read.
impl fmt::Debug for Outbind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbind")
            .field("system_id", &self.system_id)
            .field("password", &format_args!("({} octets)", self.password.len()))
            .finish()
    }
}

impl Outbind {
    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), BodyError> {
        reader.c_octets("system_id", &mut self.system_id)?;
        reader.c_octets("password", &mut self.password)?;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::testing::{self, NODE_SMPP, read, reads_back};
    use super::*;
    use crate::Body;

    fn body() -> Outbind {
        Outbind { system_id: "north".into(), password: "secret08".into() }
    }

    #[test]
    fn a_capture_reads_as_its_sender_meant_it() {
        assert_eq!(read(NODE_SMPP, "outbind").body, Body::Outbind(body()));
    }

    #[test]
    fn what_is_written_reads_back() {
        reads_back(Body::Outbind(body()));
    }

    #[test]
    fn each_field_is_taken_to_its_limit_and_no_further() {
        testing::limit("system_id", 15, |text| Body::Outbind(Outbind { system_id: text.into(), ..body() }));
        testing::limit("password", 8, |text| Body::Outbind(Outbind { password: text.into(), ..body() }));
    }

    #[test]
    fn the_password_is_not_shown() {
        assert!(!format!("{:?}", body()).contains("secret"));
    }
}
