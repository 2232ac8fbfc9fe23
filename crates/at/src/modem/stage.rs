//! Decides what the owner is told, and words it for the technician who reads it.

use std::time::Instant;

use super::{Modem, Phase};
use crate::event::{Ask, ModemEvent, Token};
use postrider_model::catalog::{self, Entry};
use postrider_model::{ModemNotice, ModemStage, Registration};

/// What the owner was told last.
#[derive(Debug, Default)]
pub(super) struct Told {
    stage: ModemStage,
    reason: String,
    /// Troubles that last, each told once until it is over.
    lasting: Vec<Entry>,
}

impl Modem {
    /// The modem's name as sentences begin with it.
    pub(super) fn name(&self) -> String {
        format!("modem \"{}\"", self.settings.name)
    }

    /// Tells the stage, unless it was told before.
    pub(super) fn tell_stage(&mut self, stage: ModemStage, reason: String, advice: &str, entry: Option<Entry>) {
        if self.told.stage == stage && self.told.reason == reason {
            return;
        }
        self.told.stage = stage.clone();
        self.told.reason.clone_from(&reason);
        self.events.push_back(ModemEvent::Stage { stage, reason, advice: advice.to_owned(), entry });
    }

    /// Tells a trouble each time.
    pub(super) fn tell_trouble(&mut self, text: String, advice: &str, entry: Entry) {
        self.events.push_back(ModemEvent::Trouble { text, advice: advice.to_owned(), entry });
    }

    /// Tells a trouble of this name once, until the modem is another one.
    pub(super) fn tell_once(&mut self, name: &str, text: String, advice: &str, entry: Entry) {
        if self.setup.unreadable.insert((name.to_owned(), u16::MAX)) {
            self.tell_trouble(text, advice, entry);
        }
    }

    /// Tells a trouble once, until [`Modem::end_trouble`].
    pub(super) fn tell_lasting(&mut self, text: String, advice: &str, entry: Entry) {
        if !self.told.lasting.contains(&entry) {
            self.told.lasting.push(entry);
            self.tell_trouble(text, advice, entry);
        }
    }

    /// The trouble is over: it is told again when it comes back.
    pub(super) fn end_trouble(&mut self, entry: Entry) {
        self.told.lasting.retain(|known| *known != entry);
    }

    /// Unless it was told already, with a reason.
    pub(super) fn tell_starting(&mut self) {
        if self.told.stage == ModemStage::Starting {
            return;
        }
        self.tell_stage(ModemStage::Starting, String::new(), "", None);
    }

    /// Ready or searching, as the network has it.
    pub(super) fn tell_running(&mut self) {
        if self.phase != Phase::Running {
            return;
        }
        if self.known.can_send() {
            self.end_trouble(catalog::NETWORK_MISSING);
            return self.tell_stage(ModemStage::Ready, String::new(), "", Some(catalog::MODEM_READY));
        }
        let name = self.name();
        let (reason, advice, entry) = match self.known.network.registration {
            Registration::Denied => (
                format!("{name}: the network denied the registration"),
                "Check that the SIM is active and allowed in this network, and that the modem's IMEI is not barred.",
                Some(catalog::NETWORK_DENIED),
            ),
            Registration::EmergencyOnly => (
                format!("{name}: the network allows emergency calls only"),
                "Check that the SIM is active and may be used in this network.",
                Some(catalog::NETWORK_DENIED),
            ),
            Registration::Off => (
                format!("{name}: it is not registered and does not look for a network"),
                "Check the antenna and the modem's network settings (AT+COPS?).",
                None,
            ),
            Registration::Searching | Registration::Unknown | Registration::Home | Registration::Roaming => {
                (format!("{name}: it looks for a network"), "Check the antenna and the coverage if this lasts.", None)
            }
        };
        self.tell_stage(ModemStage::Searching, reason, advice, entry);
    }

    pub(super) fn tell_closed(&mut self, _now: Instant, why: &str) {
        // A reset of ours takes the port away too; the rung was told already.
        if self.phase == Phase::Healing {
            return;
        }
        let reason = format!("{}: its port went away: {why}", self.name());
        let advice = "Look whether it is plugged in and has power; a weak supply makes modems drop off the bus.";
        self.tell_stage(ModemStage::Absent, reason, advice, Some(catalog::MODEM_GONE));
    }

    /// Asks the shell for what a machine cannot do.
    pub(super) fn ask(&mut self, ask: Ask) {
        self.events.push_back(ModemEvent::Ask(ask));
    }

    /// Hands a notice to the store.
    pub(super) fn notice(&mut self, notice: ModemNotice, token: Option<Token>) {
        self.events.push_back(ModemEvent::Notice { notice, token });
    }
}
