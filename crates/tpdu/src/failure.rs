//! Names why the network or the handset refused a TPDU (TP-FCS; 3GPP TS 23.040, 9.2.3.22).

use std::fmt;

/// TP-FCS, exactly as it travels: 0x80 and above. `+CMS ERROR` 128 to 255 are the same codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FailureCause(pub u8);

impl FailureCause {
    /// The handset has no room: the centre tries again when there is.
    pub const MEMORY_FULL: Self = Self(0xd3);
    /// Nothing else fits.
    pub const UNSPECIFIED: Self = Self(0xff);

    /// The meaning in words.
    pub const fn meaning(self) -> &'static str {
        match self.0 {
            0x00..=0x7f => "reserved",
            0x80 => "telematic interworking not supported",
            0x81 => "short message type 0 not supported",
            0x82 => "cannot replace the short message",
            0x83..=0x8e => "reserved error of the protocol identifier",
            0x8f => "unspecified error of the protocol identifier",
            0x90 => "data coding scheme (alphabet) not supported",
            0x91 => "message class not supported",
            0x92..=0x9e => "reserved error of the data coding scheme",
            0x9f => "unspecified error of the data coding scheme",
            0xa0 => "command cannot be carried out",
            0xa1 => "command not supported",
            0xa2..=0xae => "reserved error of the command",
            0xaf => "unspecified error of the command",
            0xb0 => "TPDU not supported",
            0xb1..=0xbf => "reserved error of the TPDU",
            0xc0 => "service centre busy",
            0xc1 => "no subscription with the service centre",
            0xc2 => "service centre system failure",
            0xc3 => "invalid address",
            0xc4 => "destination barred",
            0xc5 => "duplicate rejected",
            0xc6 => "form of the validity period not supported",
            0xc7 => "validity period not supported",
            0xc8..=0xcf => "reserved error of the service centre",
            0xd0 => "SIM storage full",
            0xd1 => "no storage on the SIM",
            0xd2 => "error in the handset",
            0xd3 => "memory full",
            0xd4 => "SIM application toolkit busy",
            0xd5 => "data download to the SIM failed",
            0xd6..=0xdf => "reserved error of the handset",
            0xe0..=0xfe => "error of the application's own meaning",
            0xff => "unspecified error",
        }
    }
}

/// `0xD3: memory full`.
impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02X}: {}", self.0, self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_named() {
        assert_eq!(FailureCause::MEMORY_FULL.to_string(), "0xD3: memory full");
        assert_eq!(FailureCause(0xc6).meaning(), "form of the validity period not supported");
        assert!((0x80..=0xff).all(|octet| FailureCause(octet).meaning() != "reserved"));
    }
}
