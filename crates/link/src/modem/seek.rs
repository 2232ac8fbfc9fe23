//! Decides what is opened and asked now, and whose modem it is that answers.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::choice::{Who, fits, line, name_of, ports, profile_of};
use super::devices::{Device, SIM_LOOK_EVERY, Standing};
use super::ends::Closed;
use super::events::sentence;
use super::fault::{Fault, describe, is_modem};
use super::finder::{Done, Finder, Sought};
use super::port::{Wire, open, open_device};
use super::probing::{Found, probe};
use super::slot::{PortStanding, Slot, device_of, device_of_finding, missing, place_of};
use super::sysfs::UsbDevice;
use crate::clock::Moment;
use postrider_config::{Finding, Modem};
use postrider_model::{LinkName, catalog};

/// The longest pause between two tries to open a port that does not move.
const OPEN_PAUSE_MAX: Duration = Duration::from_secs(10);
/// How long a modem may be missing before that is told. A stick needs some seconds to show its ports.
const MISSING_AFTER: Duration = Duration::from_secs(10);
/// A stick that still shows its CD-ROM after this will not switch by itself.
const SWITCH_WAIT: Duration = Duration::from_secs(10);
/// After so many failures of a port that is there, its device is asked anew which port it is.
const REOPENS_MAX: u32 = 3;

impl Finder {
    /// Opens what a link waits for: its fixed port, or the port that it had.
    pub(super) fn open_due(&mut self, now: Instant) {
        for (name, link) in &mut self.links {
            let PortStanding::Waiting { next, tries, last } = &link.port else { continue };
            if *next > now {
                continue;
            }
            let usb = self.devices.of_link(name).map(|device| &device.usb);
            let profile = match &link.modem.profile {
                Some(name) => self.settings.modems.profiles.iter().find(|profile| profile.name == *name),
                None => usb.and_then(|usb| profile_of(usb.id, &self.settings.modems.profiles)),
            };
            let line = line(Some(&link.modem), profile);
            let roots = self.settings.roots.clone();
            let (tries, link_name) = (*tries, name.clone());
            match (&link.modem.finding, last) {
                (Finding::Port(port), _) => {
                    let (port, tty) = (port.clone(), device_of(port));
                    link.port = PortStanding::Opening { tries, tty };
                    self.work.spawn(async move {
                        let result = open(&port, line, &roots).await.map(|wire| (wire, port.to_string()));
                        Done::Opened { link: link_name, result }
                    });
                }
                (_, Some(tty)) if usb.is_some() => {
                    let tty = tty.clone();
                    link.port = PortStanding::Opening { tries, tty: Some(tty.clone()) };
                    self.work.spawn(async move {
                        let result = open_device(&tty, line, &roots).await;
                        Done::Opened { link: link_name, result: result.map(|wire| (wire, tty.display().to_string())) }
                    });
                }
                _ => {}
            }
        }
    }

    /// Asks the devices that may be somebody's who they are.
    pub(super) fn probe_due(&mut self, now: Instant) {
        let by_sim = self.is_awaited(|finding| matches!(finding, Finding::Iccid(_)));
        let wanted = self.wanted();
        let profiles = &self.settings.modems.profiles;
        for device in self.devices.values_mut() {
            let wanted = wanted.contains(&device.usb.path);
            if let Standing::Nobodys { at, .. } = device.standing
                && by_sim
                && now.saturating_duration_since(at) >= SIM_LOOK_EVERY
            {
                device.standing = Standing::Unknown { next: now, tries: 0 };
            }
            let Standing::Unknown { next, tries } = device.standing else { continue };
            if !wanted || next > now || device.usb.ttys.is_empty() {
                continue;
            }
            device.standing = Standing::Probing;
            let (usb, roots) = (device.usb.clone(), self.settings.roots.clone());
            let profile = profile_of(usb.id, profiles);
            let order: Vec<PathBuf> = ports(&usb, profile).into_iter().map(|tty| tty.device.clone()).collect();
            let line = line(None, profile);
            self.work.spawn(async move {
                let result = probe(&usb, &order, line, &roots, tries).await;
                Done::Probed { usb, tries, result }
            });
        }
    }

    /// Whether a link waits for a modem that is found by `finding`.
    fn is_awaited(&self, finding: impl Fn(&Finding) -> bool) -> bool {
        self.links.values().any(|link| link.is_waiting() && finding(&link.modem.finding))
    }

    /// The places of the devices that may be somebody's.
    fn wanted(&self) -> Vec<String> {
        let by_identity = self.is_awaited(|finding| matches!(finding, Finding::Imei(_) | Finding::Iccid(_)));
        let any = by_identity || self.settings.modems.discover;
        let profiles = &self.settings.modems.profiles;
        let places: Vec<&str> = self.links.values().filter_map(|link| link.waits_at()).collect();
        let wanted =
            |device: &&Device| places.contains(&device.usb.path.as_str()) || (any && is_modem(&device.usb, profiles));
        self.devices.iter().filter(wanted).map(|device| device.usb.path.clone()).collect()
    }

    /// Tries at once what would be tried by and by: whatever `sought` may be. Returns it in words.
    pub(super) fn look_again(&mut self, sought: &Sought, now: Instant) -> Vec<String> {
        let place = match sought {
            Sought::Place(place) => Some(place.clone()),
            Sought::Link(name) => {
                let Some(link) = self.links.get_mut(name) else { return Vec::new() };
                match &mut link.port {
                    PortStanding::Waiting { next, .. } => *next = now,
                    PortStanding::Opening { .. } => {}
                    PortStanding::Open { .. } | PortStanding::Stopping => return Vec::new(),
                }
                match &link.modem.finding {
                    Finding::Port(port) => return vec![port.to_string()],
                    Finding::UsbPath(path) => Some(path.clone()),
                    Finding::Imei(_) | Finding::Iccid(_) => None,
                }
            }
        };
        let wanted = self.wanted();
        let mut tried = Vec::new();
        for device in self.devices.values_mut() {
            let path = &device.usb.path;
            let meant = place.as_ref().is_none_or(|place| place == path) && wanted.contains(path);
            if !meant || device.usb.ttys.is_empty() {
                continue;
            }
            match device.standing {
                Standing::Claimed(_) => continue,
                Standing::Probing => {}
                // Whoever asks wants it found: with patience from the first.
                Standing::Unknown { tries, .. } => {
                    device.standing = Standing::Unknown { next: now, tries: tries.max(1) };
                }
                Standing::Nobodys { .. } => device.standing = Standing::Unknown { next: now, tries: 1 },
            }
            tried.push(format!("USB {}", device.usb.path));
        }
        tried
    }

    pub(super) fn handle_done(&mut self, done: Done) {
        let now = Moment::read().now;
        match done {
            Done::Opened { link, result } => self.handle_opened(&link, result, now),
            Done::Probed { usb, tries, result } => self.handle_probed(&usb, tries, result, now),
            Done::Stopped(link) => {
                self.links.remove(&link);
                self.board.remove(&link);
                self.devices.release(&link, now);
                self.start_missing();
                self.claim_fixed(now);
            }
        }
    }

    fn handle_opened(&mut self, name: &LinkName, result: Result<(Wire, String), Fault>, now: Instant) {
        let Some(link) = self.links.get_mut(name) else { return };
        let PortStanding::Opening { tries, tty } = link.port.clone() else { return };
        match result {
            Ok((wire, port)) => {
                // A fixed port may belong to a USB device that came a moment ago.
                let usb = self.devices.of_link(name).map(|device| place_of(&device.usb));
                link.attach(wire, port, usb, tty, now);
            }
            Err(fault) => {
                let pause = Duration::from_millis(500).saturating_mul(1 << tries.min(8)).min(OPEN_PAUSE_MAX);
                // What does not exist costs nothing to look for.
                let gone = fault.entry == catalog::MODEM_GONE && device_of_finding(&link.modem.finding).is_some();
                let next = now + if gone { self.settings.poll_every } else { pause };
                let give_up = tries >= REOPENS_MAX && !matches!(link.modem.finding, Finding::Port(_));
                link.port = PortStanding::Waiting { next, tries: tries + 1, last: tty.filter(|_| !give_up) };
                link.tell(&fault, now);
                if give_up {
                    self.devices.release(name, now);
                }
            }
        }
    }

    fn handle_probed(&mut self, usb: &UsbDevice, tries: u32, result: Result<Found, Fault>, now: Instant) {
        // What was learnt of a device that is gone meanwhile helps nobody.
        let there = |device: &&Device| device.usb == *usb && device.standing == Standing::Probing;
        if self.devices.get(&usb.path).filter(there).is_none() {
            return;
        }
        match result {
            Ok(found) => {
                let owner = self.owner(&usb.path, &found);
                // It may be the one that is waited for, and have said too little to tell.
                let unsure = owner.is_none()
                    && found.who.imei.is_none()
                    && self.is_awaited(|finding| matches!(finding, Finding::Imei(_)));
                let Some(device) = self.devices.get_mut(&usb.path) else { return };
                if unsure {
                    let fault = Fault::nameless(usb, &found.tty, &found.who);
                    device.try_later(tries, now);
                    return self.tell_of_device(&usb.path, &fault, now);
                }
                device.fault.end();
                let Some(owner) = owner else {
                    if device.told.as_ref() != Some(&found.who) {
                        info!(postrider.usb_path = %usb.path, "{}", strangers(usb, &found));
                        device.told = Some(found.who.clone());
                    }
                    device.standing = Standing::Nobodys { who: found.who, tty: found.tty, at: now };
                    return;
                };
                device.standing = Standing::Claimed(owner.clone());
                if let Some(link) = self.links.get_mut(&owner) {
                    let port = found.tty.display().to_string();
                    link.attach(found.wire, port, Some(place_of(usb)), Some(found.tty), now);
                }
            }
            Err(fault) => {
                let Some(device) = self.devices.get_mut(&usb.path) else { return };
                device.try_later(tries, now);
                self.tell_of_device(&usb.path, &fault, now);
            }
        }
    }

    /// Whose modem it is; one that nobody named gets a link of its own, if such are taken.
    fn owner(&mut self, path: &str, found: &Found) -> Option<LinkName> {
        let ranked = self.links.iter().filter(|(_, link)| link.is_waiting()).filter_map(|(name, link)| {
            let rank = match link.discovered {
                false => fits(&link.modem.finding, path, &found.who)?,
                true => fits(&link.modem.finding, path, &found.who)? + 10,
            };
            Some((rank, name))
        });
        if let Some((_, name)) = ranked.min() {
            return Some(name.clone());
        }
        let known = |link: &Slot| fits(&link.modem.finding, path, &found.who).is_some();
        // A modem that a link has already, under an IMEI that two sticks share, is not given a second one.
        if !self.settings.modems.discover || self.links.values().any(known) {
            return None;
        }
        let finding = match &found.who.imei {
            Some(imei) => Finding::Imei(imei.clone()),
            None => Finding::UsbPath(path.to_owned()),
        };
        let wanted = name_of(&found.who, path);
        let taken = |name: &str| self.links.values().any(|link| link.modem.name == name);
        let name =
            (1..100).map(|n| if n == 1 { wanted.clone() } else { format!("{wanted}-{n}") }).find(|n| !taken(n))?;
        Some(self.start(Modem::new(&name, finding, &self.settings.modems), true))
    }

    pub(super) fn handle_closed(&mut self, closed: &Closed) {
        let now = Moment::read().now;
        let Some(link) = self.links.get_mut(&closed.link) else { return };
        let PortStanding::Open { tty } = &link.port else { return };
        let there = self.devices.of_link(&closed.link).is_some();
        let last = tty.clone().filter(|_| there && !closed.stranger);
        // The kernel takes the device away a moment after its port ended.
        link.port = PortStanding::Waiting { next: now + self.settings.poll_every, tries: 0, last };
        link.since = now;
        if closed.stranger {
            self.devices.release(&closed.link, now);
        }
    }

    /// Tells what keeps a device from being used: in the journal, and to the link that waits for it.
    fn tell_of_device(&mut self, path: &str, fault: &Fault, now: Instant) {
        let Some(device) = self.devices.get_mut(path) else { return };
        if device.fault.handle(fault, now) {
            let line = sentence(&fault.text, &fault.advice);
            warn!(postrider.usb_path = path, message_id = fault.entry.id, "{line}");
        }
        for link in self.links.values_mut().filter(|link| link.waits_at() == Some(path)) {
            link.pass(fault, now);
        }
    }

    /// Tells of modems that are configured and not there, and of devices that are there and show no port.
    pub(super) fn tell_missing(&mut self, now: Instant) {
        let profiles = &self.settings.modems.profiles;
        let older = |device: &&Device| now.saturating_duration_since(device.since) >= SWITCH_WAIT;
        let bare = self.devices.iter().filter(|device| device.usb.ttys.is_empty()).filter(older);
        let bare = bare.filter(|device| is_modem(&device.usb, profiles));
        let faults: Vec<(String, Fault)> =
            bare.map(|device| (device.usb.path.clone(), Fault::without_port(&device.usb))).collect();
        for (path, fault) in faults {
            self.tell_of_device(&path, &fault, now);
        }
        let seen: Vec<String> =
            self.devices.iter().filter(|d| d.fault.fault().is_some()).map(|d| d.usb.path.clone()).collect();
        for link in self.links.values_mut() {
            let waits = link.is_waiting() && now.saturating_duration_since(link.since) >= MISSING_AFTER;
            let troubled = link.waits_at().is_some_and(|path| seen.iter().any(|seen| seen == path));
            let fixed = matches!(link.modem.finding, Finding::Port(_));
            if waits && !fixed && !troubled {
                link.tell(&missing(&link.modem.finding, &seen), now);
            }
        }
    }
}

/// A modem that answered and that no link waits for, in a sentence.
fn strangers(usb: &UsbDevice, found: &Found) -> String {
    let Who { model, imei, iccid } = &found.who;
    let known = |what: &str, value: Option<&str>| format!("{what} {}", value.unwrap_or("unknown"));
    let words = [known("IMEI", imei.as_deref()), known("SIM", iccid.as_deref())];
    format!(
        "{} answers at {} as \"{model}\", {}; no [[modem]] names it, so it is left alone",
        describe(usb),
        found.tty.display(),
        words.join(", ")
    )
}
