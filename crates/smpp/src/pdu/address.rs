//! An SME address on the wire: type of number, numbering plan, digits or name.

use super::{BodyError, COctetString, EncodeError, Reader, Writer};

/// An address. `SIZE` is 21 in `submit_sm` and its kin, 65 in `data_sm` and `alert_notification`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Address<const SIZE: usize = 21> {
    /// Type of number: 0 unknown, 1 international, 2 national, 3 network specific, 4 subscriber, 5 alphanumeric,
    /// 6 abbreviated (5.2.5).
    pub ton: u8,
    /// Numbering plan: 0 unknown, 1 E.164 and so on (5.2.6).
    pub npi: u8,
    /// The digits without `+`, or the alphanumeric name.
    pub addr: COctetString<SIZE>,
}

impl<const SIZE: usize> Address<SIZE> {
    /// An address from its three parts.
    pub fn new(ton: u8, npi: u8, addr: impl AsRef<[u8]>) -> Self {
        Self { ton, npi, addr: COctetString::new(addr) }
    }

    /// The same address for a field of another size.
    pub fn resized<const OTHER: usize>(&self) -> Address<OTHER> {
        Address::new(self.ton, self.npi, self.addr.as_bytes())
    }

    #[inline]
    pub(super) fn decode(&mut self, reader: &mut Reader<'_>, field: &'static str) -> Result<(), BodyError> {
        [self.ton, self.npi] = reader.array(field)?;
        reader.c_octets(field, &mut self.addr)
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut Writer<'_>, field: &'static str) -> Result<(), EncodeError> {
        out.array(&[self.ton, self.npi]);
        out.c_octets(field, &self.addr)
    }
}
