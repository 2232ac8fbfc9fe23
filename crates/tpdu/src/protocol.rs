//! Names the protocol above the message (TP-PID; 3GPP TS 23.040, 9.2.3.9).

use std::fmt;

/// TP-PID, exactly as it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ProtocolId(pub u8);

impl ProtocolId {
    /// A plain message.
    pub const PLAIN: Self = Self(0x00);
    /// Acknowledged, and neither shown nor stored.
    pub const SILENT: Self = Self(0x40);

    /// Whether the message is acknowledged, and neither shown nor stored (type 0).
    pub const fn is_silent(self) -> bool {
        self.0 == Self::SILENT.0
    }

    /// Which type (1 to 7) it replaces: an earlier message of the same type, sender and service centre.
    pub const fn replaces(self) -> Option<u8> {
        match self.0 {
            0x41..=0x47 => Some(self.0 - 0x40),
            _ => None,
        }
    }

    /// The meaning in words.
    pub const fn meaning(self) -> &'static str {
        match self.0 {
            0x00 => "plain message",
            0x01..=0x1f => "a protocol between service centre and handset",
            0x20 => "telematic: the centre knows the device",
            0x21 => "telex",
            0x22 => "fax, group 3",
            0x23 => "fax, group 4",
            0x24 => "voice telephone",
            0x25 => "ERMES paging",
            0x26 => "national paging",
            0x27 => "videotex",
            0x28 => "teletex, carrier unknown",
            0x29 => "teletex over a packet network",
            0x2a => "teletex over a circuit network",
            0x2b => "teletex over the telephone network",
            0x2c => "teletex over ISDN",
            0x2d => "UCI",
            0x30 => "message handling facility",
            0x31 => "X.400 message handling",
            0x32 => "Internet e-mail",
            0x2e | 0x2f | 0x33..=0x37 => "telematic, reserved",
            0x38..=0x3e => "telematic, in the service centre's own meaning",
            0x3f => "GSM or UMTS handset",
            0x40 => "silent message (type 0)",
            0x41..=0x47 => "replaces an earlier message of its type",
            0x48 => "device triggering",
            0x5e => "enhanced message service (obsolete)",
            0x5f => "call the sender back",
            0x7c => "ANSI-136 R-DATA",
            0x7d => "data download to the handset",
            0x7e => "de-personalisation of the handset",
            0x7f => "data download to the SIM",
            0x49..=0x5d | 0x60..=0x7b | 0x80..=0xbf => "reserved",
            0xc0..=0xff => "the service centre's own meaning",
        }
    }
}

/// `0x41: replaces an earlier message of its type`.
impl fmt::Display for ProtocolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02X}: {}", self.0, self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_and_replacing_messages_are_told_apart() {
        assert!(ProtocolId::SILENT.is_silent());
        assert_eq!(
            (0x40..=0x48).map(|octet| ProtocolId(octet).replaces()).collect::<Vec<_>>(),
            [None, Some(1), Some(2), Some(3), Some(4), Some(5), Some(6), Some(7), None]
        );
        assert_eq!(ProtocolId(0x32).to_string(), "0x32: Internet e-mail");
        assert_eq!(ProtocolId::default(), ProtocolId::PLAIN);
    }
}
