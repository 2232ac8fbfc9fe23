//! What modems are told before they start.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::sysfs::Roots;
use postrider_at as at;
use postrider_config::{Modem, Modems};
use postrider_model::LinkName;

/// All modems.
#[derive(Debug, Clone)]
pub struct ModemsSettings {
    /// As the configuration has them.
    pub modems: Modems,
    /// Where the kernel's trees are mounted.
    pub roots: Roots,
    /// How often sysfs is looked at.
    pub poll_every: Duration,
    /// Rung when a modem can take segments.
    pub wake: Arc<Notify>,
}

impl ModemsSettings {
    /// The modems of a configuration, on this machine.
    pub fn new(modems: Modems, wake: Arc<Notify>) -> Self {
        Self { modems, roots: Roots::default(), poll_every: Duration::from_millis(500), wake }
    }
}

/// One modem's link.
#[derive(Debug, Clone)]
pub(super) struct LinkSettings {
    pub modem: Modem,
    pub at: at::Settings,
    pub hook_wait: Duration,
    pub roots: Roots,
    pub wake: Arc<Notify>,
}

impl LinkSettings {
    pub fn new(modem: &Modem, all: &ModemsSettings) -> Self {
        let healing = at::Healing { hook: !modem.hook.is_empty(), ..all.modems.healing.clone() };
        let at = at::Settings {
            name: modem.name.clone(),
            profiles: Arc::clone(&all.modems.profiles),
            profile: modem.profile.clone(),
            pin: modem.pin.clone().map(postrider_config::Secret::into_inner),
            smsc: modem.smsc.clone(),
            number: modem.number.clone(),
            reports: modem.reports,
            keep_alive: modem.keep_alive,
            healing,
        };
        Self {
            modem: modem.clone(),
            at,
            hook_wait: all.modems.hook_wait,
            roots: all.roots.clone(),
            wake: Arc::clone(&all.wake),
        }
    }

    /// The name of the link.
    pub fn name(&self) -> LinkName {
        LinkName::modem(&self.modem.group, &self.modem.name)
    }
}

/// Whether a running modem may go on when the configuration says `new`. What its SIM may do is the pipeline's affair.
pub(super) fn is_same(old: (&Modem, &Modems), new: (&Modem, &Modems)) -> bool {
    let modem = Modem { rules: new.0.rules.clone(), ..old.0.clone() };
    modem == *new.0
        && old.1.profiles == new.1.profiles
        && old.1.healing == new.1.healing
        && old.1.hook_wait == new.1.hook_wait
}
