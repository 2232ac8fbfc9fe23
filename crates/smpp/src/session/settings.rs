//! What a session is told before it begins: its role, its limits, its waits.

use std::sync::Arc;

use super::tap::Tap;
use crate::pdu::BindKind;
use crate::profile::{BindMode, CarrierProfile, Timers, WINDOW_MAX};
use crate::{CommandStatus, EncodeLimits, FRAME_OCTETS_MAX};

/// Octets that may wait to be sent before the session asks not to be read.
pub const OUTBOX_HIGH_OCTETS: usize = 1024 * 1024;
/// Octets that may wait to be sent before the peer counts as one that does not read, and the session ends.
pub const OUTBOX_MAX_OCTETS: usize = 32 * 1024 * 1024;

/// Which side of the session we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The client: it binds and submits.
    Esme,
    /// The carrier: it is bound to and delivers.
    Smsc,
}

/// The settings of one session.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// Our side.
    pub role: Role,
    /// How many of our requests may wait for an answer, 1 to [`WINDOW_MAX`].
    pub window: usize,
    /// How many of the peer's requests may wait for ours.
    pub inbound_window: usize,
    /// The status for the peer's requests above that.
    pub overflow: CommandStatus,
    /// How long each wait lasts.
    pub timers: Timers,
    /// What the peer takes beyond the specification.
    pub encode_limits: EncodeLimits,
    /// The longest PDU that is read.
    pub frame_octets_max: usize,
    /// The number of the first request.
    pub first_sequence: u32,
    /// Sees every PDU as it passes.
    pub tap: Option<Arc<dyn Tap>>,
}

impl SessionSettings {
    /// An ESME's session with a carrier of this profile.
    pub fn esme(profile: &CarrierProfile) -> Self {
        Self {
            role: Role::Esme,
            window: profile.window.clamp(1, WINDOW_MAX),
            inbound_window: profile.inbound_window.clamp(1, WINDOW_MAX),
            // The carrier keeps the message and tries again (3.4, 5.1.3).
            overflow: CommandStatus::RX_T_APPN,
            timers: profile.timers,
            // Some carriers give out passwords longer than the specification's 8 octets.
            encode_limits: EncodeLimits { password_octets_max: 64, ..EncodeLimits::SMPP_3_4 },
            frame_octets_max: FRAME_OCTETS_MAX,
            first_sequence: 1,
            tap: None,
        }
    }

    /// A carrier's session with an ESME, with windows of 100.
    pub fn smsc() -> Self {
        Self {
            role: Role::Smsc,
            window: 100,
            inbound_window: 100,
            overflow: CommandStatus::RTHROTTLED,
            timers: Timers::default(),
            encode_limits: EncodeLimits::SMPP_3_4,
            frame_octets_max: FRAME_OCTETS_MAX,
            first_sequence: 1,
            tap: None,
        }
    }
}

impl BindMode {
    /// The binds that make one link of this mode.
    pub const fn kinds(self) -> &'static [BindKind] {
        match self {
            Self::Transceiver => &[BindKind::Transceiver],
            Self::Transmitter => &[BindKind::Transmitter],
            Self::Receiver => &[BindKind::Receiver],
            Self::Pair => &[BindKind::Transmitter, BindKind::Receiver],
        }
    }
}
