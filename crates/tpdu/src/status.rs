//! Decides what a status report says became of a message (TP-ST; 3GPP TS 23.040, 9.2.3.15).

use std::fmt;

use postrider_model::State;

/// TP-ST, exactly as it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u8);

/// What kind of end, or of waiting, it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// 0x00 to 0x1F: the transaction is completed.
    Completed,
    /// 0x20 to 0x3F: the centre goes on trying; another report follows.
    StillTrying,
    /// 0x40 to 0x5F: it will never be delivered.
    Permanent,
    /// 0x60 to 0x7F: the centre gave up after a temporary error; another message may arrive.
    GaveUp,
    /// 0x80 and above.
    Reserved,
}

impl Status {
    /// The kind.
    pub const fn class(self) -> StatusClass {
        match self.0 {
            0x00..=0x1f => StatusClass::Completed,
            0x20..=0x3f => StatusClass::StillTrying,
            0x40..=0x5f => StatusClass::Permanent,
            0x60..=0x7f => StatusClass::GaveUp,
            0x80..=0xff => StatusClass::Reserved,
        }
    }

    /// Whether nobody defined the value. It is kept as it came and read as `0x63`, service rejected (9.2.3.15).
    pub const fn is_reserved(self) -> bool {
        matches!(self.0, 0x03..=0x0f | 0x26..=0x2f | 0x4a..=0x4f | 0x66..=0x6f | 0x80..=0xff)
    }

    /// The state that a message or segment takes by it.
    pub const fn state(self) -> State {
        match self.0 {
            _ if self.is_reserved() => State::Undelivered,
            0x00..=0x1f => State::Delivered,
            0x20..=0x3f => State::Sent,
            // The recipient or the centre's administration refused it.
            0x42 | 0x48 => State::Failed,
            0x46 => State::Expired,
            0x47 => State::Canceled,
            // The centre does not know the message.
            0x49 => State::Uncertain,
            0x40..=0xff => State::Undelivered,
        }
    }

    /// Whether the centre vouches that the handset has it: completed otherwise means forwarded or replaced.
    pub const fn is_confirmed(self) -> bool {
        self.0 == 0x00
    }

    /// The meaning in words.
    pub const fn meaning(self) -> &'static str {
        match self.0 {
            0x00 => "received by the handset",
            0x01 => "forwarded, and the service centre cannot confirm the delivery",
            0x02 => "replaced by the service centre",
            _ if self.is_reserved() => "a reserved value, which stands for service rejected",
            0x10..=0x1f => "completed, in the service centre's own meaning",
            0x20 => "congestion, the service centre still tries",
            0x21 => "recipient busy, the service centre still tries",
            0x22 => "no response from the recipient, the service centre still tries",
            0x23 => "service rejected, the service centre still tries",
            0x24 => "quality of service not available, the service centre still tries",
            0x25 => "error in the recipient's handset, the service centre still tries",
            0x30..=0x3f => "temporary error in the service centre's own meaning, it still tries",
            0x40 => "remote procedure error",
            0x41 => "incompatible destination",
            0x42 => "connection rejected by the recipient",
            0x43 => "not obtainable",
            0x44 => "quality of service not available",
            0x45 => "no interworking available",
            0x46 => "validity period expired",
            0x47 => "deleted by the sender",
            0x48 => "deleted by the service centre's administration",
            0x49 => "the service centre does not know the message",
            0x50..=0x5f => "permanent error in the service centre's own meaning",
            0x60 => "congestion, the service centre gave up",
            0x61 => "recipient busy, the service centre gave up",
            0x62 => "no response from the recipient, the service centre gave up",
            0x63 => "service rejected, the service centre gave up",
            0x64 => "quality of service not available, the service centre gave up",
            0x65 => "error in the recipient's handset, the service centre gave up",
            0x70..=0x7f => "temporary error in the service centre's own meaning, it gave up",
            0x03..=0xff => "reserved",
        }
    }
}

/// `0x46: validity period expired`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02X}: {}", self.0, self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_leads_to_one_state() {
        let table = [
            (0x00, State::Delivered, StatusClass::Completed),
            (0x01, State::Delivered, StatusClass::Completed),
            (0x1f, State::Delivered, StatusClass::Completed),
            (0x20, State::Sent, StatusClass::StillTrying),
            (0x30, State::Sent, StatusClass::StillTrying),
            (0x3f, State::Sent, StatusClass::StillTrying),
            (0x40, State::Undelivered, StatusClass::Permanent),
            (0x42, State::Failed, StatusClass::Permanent),
            (0x43, State::Undelivered, StatusClass::Permanent),
            (0x46, State::Expired, StatusClass::Permanent),
            (0x47, State::Canceled, StatusClass::Permanent),
            (0x48, State::Failed, StatusClass::Permanent),
            (0x49, State::Uncertain, StatusClass::Permanent),
            (0x5f, State::Undelivered, StatusClass::Permanent),
            (0x60, State::Undelivered, StatusClass::GaveUp),
            (0x7f, State::Undelivered, StatusClass::GaveUp),
            (0x80, State::Undelivered, StatusClass::Reserved),
            (0x03, State::Undelivered, StatusClass::Completed),
            (0x26, State::Undelivered, StatusClass::StillTrying),
        ];
        for (octet, state, class) in table {
            assert_eq!((Status(octet).state(), Status(octet).class()), (state, class), "{octet:02X}");
        }
        assert_eq!(Status(0x46).to_string(), "0x46: validity period expired");
        assert_eq!((0..=u8::MAX).filter(|&octet| Status(octet).is_confirmed()).count(), 1);
    }
}
