//! What one modem's machine is told besides its profile.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::ModemProfile;
use postrider_model::{PhoneNumber, Sender};

/// One modem's settings. Profiles are matched when the modem is known; see [`Settings::profiles`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// The modem's name, for log lines.
    pub name: String,
    /// All profiles; the generic one is the last.
    pub profiles: Arc<[ModemProfile]>,
    /// The profile that the configuration names; else it is chosen by USB id, maker and model.
    pub profile: Option<String>,
    /// The SIM's PIN.
    pub pin: Option<SecretString>,
    /// The service centre's number, written to the SIM only when it differs.
    pub smsc: Option<PhoneNumber>,
    /// The SIM's own number, if the SIM does not know it: what incoming messages were sent to.
    pub number: Option<Sender>,
    /// Whether status reports are asked for.
    pub reports: bool,
    /// How often an idle modem is asked whether it lives, and for its signal.
    pub keep_alive: Duration,
    /// How the ladder climbs.
    pub healing: Healing,
}

/// How the ladder climbs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healing {
    /// Consecutive failures of the modem's own making after which it is set up anew.
    pub failures_max: u32,
    /// How long it may be without network before the ladder is climbed.
    pub network_wait: Duration,
    /// Whether a hook stands at the end of the ladder.
    pub hook: bool,
    /// How long a modem is left alone after everything was tried; doubles up to `quarantine_max`.
    pub quarantine: Duration,
    /// The longest quarantine.
    pub quarantine_max: Duration,
}

impl Default for Healing {
    fn default() -> Self {
        Self {
            failures_max: 3,
            network_wait: Duration::from_secs(300),
            hook: false,
            quarantine: Duration::from_secs(60),
            quarantine_max: Duration::from_secs(900),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "modem".to_owned(),
            profiles: Arc::new([ModemProfile::default()]),
            profile: None,
            pin: None,
            smsc: None,
            number: None,
            reports: true,
            keep_alive: Duration::from_secs(30),
            healing: Healing::default(),
        }
    }
}
