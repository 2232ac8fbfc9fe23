//! What is known of the modem, its SIM and its settings at the moment.

use crate::answers::registration;
use crate::codes;
use crate::event::Network;
use crate::profile::Cnmi;
use postrider_model::{ModemIdentity, Registration, SimIdentity, StorageFill};

/// Everything that answers and indications told.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) identity: ModemIdentity,
    pub(super) sim: SimIdentity,
    /// The states that `+CREG`, `+CGREG` and `+CEREG` told last, in this order.
    pub(super) domains: [Option<u8>; 3],
    pub(super) network: Network,
    pub(super) smsc: Option<String>,
    /// The message service that is in force: 0, 1 or 128.
    pub(super) service: u8,
    /// The `AT+CNMI` value that was taken.
    pub(super) cnmi: Option<Cnmi>,
    /// How many stores `AT+CPMS` names, and the store that received messages go to.
    pub(super) home: Option<(u8, String)>,
    /// The store that is read from at the moment.
    pub(super) selected: Option<String>,
    /// The store that was selected when `AT+CPMS?` was asked first, and what the modem calls it.
    pub(super) counted: Option<(String, String)>,
    /// The stores that can be read, for sweeps.
    pub(super) readable: Vec<String>,
    pub(super) fills: Vec<StorageFill>,
    /// Whether the modem writes and wants strings in UCS-2.
    pub(super) wide: bool,
    /// Whether `AT+CMMS` is on.
    pub(super) more_messages: bool,
}

impl Known {
    /// Forgets what a reset of the modem may change; what it is stays known.
    pub(super) fn forget_settings(&mut self) {
        let (identity, sim) = (std::mem::take(&mut self.identity), std::mem::take(&mut self.sim));
        *self = Self { identity, sim, ..Self::default() };
    }

    /// The best of the registrations.
    pub(super) fn registration(&self) -> Registration {
        registration::best(self.domains.iter().flatten().copied())
    }

    /// Whether segments may be sent: there is a network, or the modem cannot tell.
    pub(super) fn can_send(&self) -> bool {
        self.network.registration.is_registered() || self.domains.iter().all(Option::is_none)
    }

    /// What names the SIM in carrier ids; the modem where the SIM does not show its number.
    pub(super) fn key(&self) -> Option<&str> {
        self.sim.iccid.as_deref().or(self.identity.imei.as_deref())
    }

    /// The maker's word in the table of codes.
    pub(super) fn maker(&self, profile: &str) -> &'static str {
        let word = codes::maker_word(&self.identity.maker);
        if word.is_empty() { codes::maker_word(profile) } else { word }
    }
}
