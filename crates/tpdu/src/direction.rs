//! Decides by direction and TP-MTI which TPDU it is (3GPP TS 23.040, 9.2.3.1).

use super::first_octet::{DELIVER, STATUS_REPORT, SUBMIT, kind};
use super::{Command, DecodeError, Deliver, DeliverReport, StatusReport, Submit, SubmitReport};

/// A TPDU from the service centre: what `+CMT`, `+CDS` and received messages in a store hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Incoming {
    /// A message.
    Deliver(Deliver),
    /// What became of one of ours.
    StatusReport(StatusReport),
    /// The answer to one of ours.
    SubmitReport(SubmitReport),
}

impl Incoming {
    /// Reads it.
    ///
    /// # Errors
    /// When a field that must be there is not.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        match kind(*octets.first().ok_or(DecodeError::Truncated("TP-MTI"))?) {
            SUBMIT => SubmitReport::decode(octets).map(Self::SubmitReport),
            STATUS_REPORT => StatusReport::decode(octets).map(Self::StatusReport),
            _ => Deliver::decode(octets).map(Self::Deliver),
        }
    }
}

/// A TPDU to the service centre: what `AT+CMGS` and `AT+CNMA` send, and unsent messages in a store hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outgoing {
    /// A message.
    Submit(Submit),
    /// The answer to what was brought.
    DeliverReport(DeliverReport),
    /// Something about an earlier message.
    Command(Command),
}

impl Outgoing {
    /// Reads it.
    ///
    /// # Errors
    /// When a field that must be there is not, or TP-MTI is not assigned.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        match kind(*octets.first().ok_or(DecodeError::Truncated("TP-MTI"))?) {
            DELIVER => DeliverReport::decode(octets).map(Self::DeliverReport),
            SUBMIT => Submit::decode(octets).map(Self::Submit),
            STATUS_REPORT => Command::decode(octets).map(Self::Command),
            reserved => Err(DecodeError::Kind(reserved)),
        }
    }
}
