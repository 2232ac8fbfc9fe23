//! `[modems]`: what holds for every modem, and whether modems that nobody named are taken.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use postrider_at::{Healing, ModemProfile};
use postrider_policy::pool::{SimRules, Stickiness};

use super::carrier::check_name;
use super::document::Section;
use super::files::Place;
use super::modem::Modem;
use super::modem_profiles::{built_in_modem_profiles, with_own};
use super::sim_rules;
use super::value::{days, duration, flag, secs, whole};

/// How often an idle modem may be asked whether it lives.
pub(super) const KEEP_ALIVE: RangeInclusive<Duration> = secs(5)..=secs(3_600);

/// What holds for all modems.
#[derive(Debug, Clone, PartialEq)]
pub struct Modems {
    /// Whether USB modems that no `[[modem]]` names are taken, too. Off by default: a stick that gives the server its
    /// internet, or belongs to another program, must not be grabbed because it happens to be there.
    pub discover: bool,
    /// The group of links that modems belong to: what routes name.
    pub group: String,
    /// Whether status reports are asked for.
    pub reports: bool,
    /// How often an idle modem is asked whether it lives, and for its signal.
    pub keep_alive: Duration,
    /// All profiles; own ones first, the generic one last.
    pub profiles: Arc<[ModemProfile]>,
    /// How the ladder climbs. Whether a hook stands at its end is each modem's own.
    pub healing: Healing,
    /// How long a hook may run.
    pub hook_wait: Duration,
    /// What a SIM may do.
    pub rules: SimRules,
    /// Whether a recipient keeps the number that writes to it.
    pub stickiness: Stickiness,
    /// The modems that have a name, in the order of the file.
    pub list: Vec<Modem>,
}

impl Default for Modems {
    fn default() -> Self {
        Self {
            discover: false,
            group: "modems".to_owned(),
            reports: true,
            keep_alive: secs(30),
            profiles: built_in_modem_profiles(),
            healing: Healing::default(),
            hook_wait: secs(60),
            rules: SimRules::default(),
            stickiness: Stickiness::default(),
            list: Vec::new(),
        }
    }
}

impl Modems {
    /// The groups that routes may name, each once.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let of_list = self.list.iter().enumerate().filter(|(place, modem)| {
            let earlier = self.list[..*place].iter().any(|other| other.group == modem.group);
            !earlier
        });
        let discovered = self.discover && !self.list.iter().any(|modem| modem.group == self.group);
        of_list.map(|(_, modem)| modem.group.as_str()).chain(discovered.then_some(self.group.as_str()))
    }

    pub(super) fn read(&mut self, mut section: Section<'_>, place: Place<'_>) {
        section.set("discover", &mut self.discover, flag);
        section.set("group", &mut self.group, check_name);
        section.set("reports", &mut self.reports, flag);
        section.set("keep_alive", &mut self.keep_alive, duration(KEEP_ALIVE));
        self.profiles = with_own(&mut section, "profiles", place);
        sim_rules::read(&mut section, &mut self.rules);
        if let Some(mut inner) = section.section("sticky") {
            inner.set("remember", &mut self.stickiness.remember, duration(Duration::ZERO..=days(400)));
            inner.set("wait", &mut self.stickiness.wait, duration(Duration::ZERO..=days(1)));
            inner.finish();
        }
        if let Some(inner) = section.section("healing") {
            self.read_healing(inner);
        }
        section.finish();
    }

    fn read_healing(&mut self, mut section: Section<'_>) {
        let healing = &mut self.healing;
        section.set("failures_max", &mut healing.failures_max, whole(1..=100));
        section.set("network_wait", &mut healing.network_wait, duration(secs(30)..=secs(7_200)));
        section.set("quarantine", &mut healing.quarantine, duration(secs(5)..=secs(3_600)));
        section.set("quarantine_max", &mut healing.quarantine_max, duration(secs(5)..=secs(86_400)));
        if healing.quarantine_max < healing.quarantine {
            section.wrong("quarantine_max", "must not be shorter than quarantine");
        }
        section.set("hook_wait", &mut self.hook_wait, duration(secs(1)..=secs(600)));
        section.finish();
    }
}
