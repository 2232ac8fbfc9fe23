//! Decides which profile a modem has, and tells who the modem and its SIM are.

use super::Modem;
use crate::event::ModemEvent;
use crate::{ModemProfile, Settings};
use postrider_model::{ModemNotice, Sender};

/// The profile by name or USB id; the generic one (the last) until the modem says who it is.
pub(super) fn first_profile(settings: &Settings, usb_id: Option<(u16, u16)>) -> ModemProfile {
    let by_name = settings.profile.as_deref().and_then(|name| settings.profiles.iter().find(|p| p.name == name));
    by_name
        .or_else(|| usb_id.and_then(|id| by_usb(&settings.profiles, id)))
        .or_else(|| settings.profiles.last())
        .cloned()
        .unwrap_or_default()
}

/// A profile that names the product goes before one that names the vendor alone.
fn by_usb(profiles: &[ModemProfile], (vendor, product): (u16, u16)) -> Option<&ModemProfile> {
    let names = |profile: &ModemProfile, product| profile.matches.usb.contains(&(vendor, product));
    profiles
        .iter()
        .find(|profile| names(profile, Some(product)))
        .or_else(|| profiles.iter().find(|profile| names(profile, None)))
}

/// The profile for what the modem says of itself; one that names the model goes before one that names the maker alone.
fn by_identity<'a>(profiles: &'a [ModemProfile], maker: &str, model: &str) -> Option<&'a ModemProfile> {
    let begins = |said: &str, starts: &[String]| {
        starts.iter().any(|start| said.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
    };
    let of_maker = |profile: &&ModemProfile| {
        let makers = &profile.matches.makers;
        begins(maker, makers) || (makers.is_empty() && !profile.matches.models.is_empty())
    };
    let mut of_model = profiles.iter().filter(of_maker).filter(|p| begins(model, &p.matches.models));
    of_model.next().or_else(|| profiles.iter().filter(of_maker).find(|profile| profile.matches.models.is_empty()))
}

impl Modem {
    /// Maker and model are known: the profile is settled, unless the configuration or a product's USB id settled it.
    ///
    /// `true` if another one is in force now.
    pub(super) fn settle_profile(&mut self) -> bool {
        let named = self.settings.profile.is_some();
        let by_product =
            self.usb_id.is_some_and(|(vendor, product)| self.profile.matches.usb.contains(&(vendor, Some(product))));
        let said = &self.known.identity;
        let model = said.model.trim_start_matches(said.maker.as_str()).trim_start_matches(['_', ' ']).to_owned();
        let found = by_identity(&self.settings.profiles, &said.maker, &said.model)
            .or_else(|| by_identity(&self.settings.profiles, &said.maker, &model))
            .filter(|_| !named && !by_product)
            .filter(|found| found.name != self.profile.name)
            .cloned();
        let changed = found.is_some();
        if let Some(found) = found {
            self.profile = found;
            self.ladder.allow_usb(self.usb_id.is_some() && self.profile.recovery.usb);
        }
        self.events.push_back(ModemEvent::Profile(self.profile.name.clone()));
        changed
    }

    pub(super) fn tell_identity(&mut self) {
        self.events.push_back(ModemEvent::Identity(self.known.identity.clone()));
    }

    /// The SIM is known as far as it can be.
    pub(super) fn tell_sim(&mut self) {
        if let Some(number) = &self.settings.number {
            self.known.sim.number = Some(number.as_str().to_owned());
        }
        self.events.push_back(ModemEvent::Sim(self.known.sim.clone()));
        let notice = ModemNotice::Identified { modem: self.known.identity.clone(), sim: self.known.sim.clone() };
        self.notice(notice, None);
    }

    /// What incoming messages were sent to: the SIM's number, or the modem's name where nobody knows it.
    pub(super) fn own_number(&self) -> Sender {
        let told = || self.known.sim.number.as_deref().map(Sender::from_network);
        self.settings.number.clone().or_else(told).unwrap_or_else(|| Sender::from_network(&self.settings.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str, usb: &[(u16, Option<u16>)], makers: &[&str], models: &[&str]) -> ModemProfile {
        let mut profile = ModemProfile { name: name.to_owned(), ..ModemProfile::default() };
        profile.matches.usb = usb.to_vec();
        profile.matches.makers = makers.iter().map(|&maker| maker.to_owned()).collect();
        profile.matches.models = models.iter().map(|&model| model.to_owned()).collect();
        profile
    }

    fn profiles() -> Vec<ModemProfile> {
        vec![
            profile("quectel", &[(0x2c7c, None)], &["Quectel"], &[]),
            profile("quectel-ec25", &[(0x2c7c, Some(0x0125))], &["Quectel"], &["EC25", "EG25"]),
            profile("generic", &[], &[], &[]),
        ]
    }

    #[test]
    fn the_most_particular_profile_is_chosen() {
        let settings = Settings { profiles: profiles().into(), ..Settings::default() };
        assert_eq!(first_profile(&settings, Some((0x2c7c, 0x0125))).name, "quectel-ec25");
        assert_eq!(first_profile(&settings, Some((0x2c7c, 0x0001))).name, "quectel");
        assert_eq!(first_profile(&settings, Some((0x1234, 0x0001))).name, "generic");
        assert_eq!(first_profile(&settings, None).name, "generic");
        let named = Settings { profile: Some("quectel".to_owned()), ..settings };
        assert_eq!(first_profile(&named, Some((0x2c7c, 0x0125))).name, "quectel");
    }

    #[test]
    fn maker_and_model_decide_where_no_usb_id_does() {
        let profiles = profiles();
        let found = |maker, model| by_identity(&profiles, maker, model).map(|profile| profile.name.as_str());
        assert_eq!(found("Quectel", "EC25"), Some("quectel-ec25"));
        assert_eq!(found("QUECTEL", "BG96"), Some("quectel"));
        assert_eq!(found("nobody", "EC25"), None);
        assert_eq!(found("", ""), None);
    }
}
