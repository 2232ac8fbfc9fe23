//! What is known of the USB devices that are plugged in: whom each belongs to, and when it is looked at next.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::choice::Who;
use super::fault::Fault;
use super::sysfs::UsbDevice;
use postrider_model::LinkName;

/// udev sets the rights of a new port a moment after the kernel made it.
const SETTLE: Duration = Duration::from_millis(300);
/// The longest pause between two looks at a device that did not answer.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(30);
/// How often a device that is nobody's is looked at again while a SIM is searched for: SIMs move.
pub(super) const SIM_LOOK_EVERY: Duration = Duration::from_secs(60);

/// A device and what is known of it.
#[derive(Debug)]
pub(super) struct Device {
    pub usb: UsbDevice,
    pub standing: Standing,
    /// Since when it is there like this.
    pub since: Instant,
    /// What keeps it from being used.
    pub fault: Trouble,
    /// Whom the journal has it down as, since no link wants it.
    pub told: Option<Who>,
}

/// Whom a device belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody asked it yet, or it did not answer.
    Unknown {
        /// When it is asked.
        next: Instant,
        /// How often it was asked.
        tries: u32,
    },
    /// It is being asked.
    Probing,
    /// A link has it, or will open it again.
    Claimed(LinkName),
    /// It answered, and is no modem of ours.
    Nobodys {
        /// Who it is.
        who: Who,
        /// The port that answered.
        tty: PathBuf,
        /// When.
        at: Instant,
    },
}

/// A fault that is told once it lasts, and once only.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    fault: Option<Fault>,
    since: Option<Instant>,
    told: bool,
}

/// How long a fault lasts before it is told: rights and drivers need a moment after the plug.
const TELL_AFTER: Duration = Duration::from_secs(3);

impl Trouble {
    /// There is a fault; `true` if it is to be told now.
    pub fn handle(&mut self, fault: &Fault, now: Instant) -> bool {
        if self.fault.as_ref() != Some(fault) {
            *self = Self { fault: Some(fault.clone()), since: Some(now), told: false };
        }
        let lasts = self.since.is_some_and(|since| now.saturating_duration_since(since) >= TELL_AFTER);
        lasts && !std::mem::replace(&mut self.told, true)
    }

    /// All is well again.
    pub fn end(&mut self) {
        *self = Self::default();
    }

    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

/// All devices, by their places.
#[derive(Debug, Default)]
pub(super) struct Devices {
    all: BTreeMap<String, Device>,
}

impl Devices {
    /// Takes over what sysfs shows now. A device that is as before keeps what is known of it; one whose port a link has in
    /// use keeps its link, whatever else of it came or went. Returns the links whose device is gone or another one now.
    pub fn update(
        &mut self,
        found: Vec<UsbDevice>,
        in_use: &BTreeMap<LinkName, PathBuf>,
        now: Instant,
    ) -> Vec<LinkName> {
        let mut before = std::mem::take(&mut self.all);
        let mut lost = Vec::new();
        for usb in found {
            let old = before.remove(&usb.path);
            let (standing, since, fault, told) = match old {
                Some(old) if old.usb == usb => (old.standing, old.since, old.fault, old.told),
                Some(Device { usb: old, standing: Standing::Claimed(link), since, fault, told })
                    if old.birth == usb.birth && in_use.get(&link).is_some_and(|tty| has(&usb, tty)) =>
                {
                    (Standing::Claimed(link), since, fault, told)
                }
                other => {
                    if let Some(Device { standing: Standing::Claimed(link), .. }) = other {
                        lost.push(link);
                    }
                    (Standing::Unknown { next: now + SETTLE, tries: 0 }, now, Trouble::default(), None)
                }
            };
            self.all.insert(usb.path.clone(), Device { usb, standing, since, fault, told });
        }
        lost.extend(before.into_values().filter_map(|gone| match gone.standing {
            Standing::Claimed(link) => Some(link),
            Standing::Unknown { .. } | Standing::Probing | Standing::Nobodys { .. } => None,
        }));
        lost
    }

    pub fn iter(&self) -> impl Iterator<Item = &Device> {
        self.all.values()
    }

    pub fn get(&self, path: &str) -> Option<&Device> {
        self.all.get(path)
    }

    pub fn get_mut(&mut self, path: &str) -> Option<&mut Device> {
        self.all.get_mut(path)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Device> {
        self.all.values_mut()
    }

    /// The device that has the tty `path`, which may be a link to it.
    pub fn of_tty(&self, path: &Path) -> Option<&Device> {
        let real = std::fs::canonicalize(path).ok()?;
        let is_it = |tty: &Path| tty == path || std::fs::canonicalize(tty).is_ok_and(|tty| tty == real);
        self.all.values().find(|device| device.usb.ttys.iter().any(|tty| is_it(&tty.device)))
    }

    /// The link `name` wants its device no more.
    pub fn release(&mut self, name: &LinkName, now: Instant) {
        for device in self.all.values_mut().filter(|device| device.standing == Standing::Claimed(name.clone())) {
            device.standing = Standing::Unknown { next: now + SETTLE, tries: 0 };
        }
    }

    /// The device that `link` has.
    pub fn of_link(&self, link: &LinkName) -> Option<&Device> {
        self.all.values().find(|device| device.standing == Standing::Claimed(link.clone()))
    }
}

impl Device {
    /// It did not answer: it is asked again, ever more seldom.
    pub fn try_later(&mut self, tries: u32, now: Instant) {
        let pause = Duration::from_secs(1).saturating_mul(1 << tries.min(6)).min(LOOK_PAUSE_MAX);
        self.standing = Standing::Unknown { next: now + pause, tries: tries + 1 };
    }
}

fn has(usb: &UsbDevice, tty: &Path) -> bool {
    usb.ttys.iter().any(|known| known.device == tty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modem::sysfs::UsbTty;
    use postrider_model::catalog;

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn origin() -> Instant {
        Instant::now()
    }

    fn device(path: &str, birth: u64, ttys: &[&str]) -> UsbDevice {
        let tty = |name: &&str| UsbTty { device: (*name).into(), interface: 2, protocol: (255, 1, 2) };
        UsbDevice { path: path.into(), id: (1, 2), birth, ttys: ttys.iter().map(tty).collect(), ..Default::default() }
    }

    fn claimed(birth: u64) -> (Devices, LinkName) {
        let (mut devices, link) = (Devices::default(), LinkName::modem("modems", "one"));
        devices.update(vec![device("1-1", birth, &["/dev/ttyUSB2"])], &BTreeMap::new(), origin());
        devices.get_mut("1-1").unwrap().standing = Standing::Claimed(link.clone());
        (devices, link)
    }

    #[test]
    fn a_device_that_was_plugged_in_anew_is_looked_at_anew() {
        let (mut devices, link) = claimed(1);
        assert!(devices.update(vec![device("1-1", 1, &["/dev/ttyUSB2"])], &BTreeMap::new(), origin()).is_empty());
        assert_eq!(devices.of_link(&link).map(|device| device.usb.birth), Some(1));
        let lost = devices.update(vec![device("1-1", 2, &["/dev/ttyUSB2"])], &BTreeMap::new(), origin());
        assert_eq!(lost, [link]);
        assert!(matches!(devices.get("1-1").unwrap().standing, Standing::Unknown { .. }));
    }

    #[test]
    fn a_port_in_use_is_kept_when_the_device_gets_another_one() {
        let (mut devices, link) = claimed(1);
        let in_use = BTreeMap::from([(link.clone(), PathBuf::from("/dev/ttyUSB2"))]);
        let grown = device("1-1", 1, &["/dev/ttyUSB2", "/dev/ttyUSB3"]);
        assert!(devices.update(vec![grown], &in_use, origin()).is_empty());
        assert_eq!(devices.of_link(&link).map(|device| device.usb.ttys.len()), Some(2));
        assert_eq!(devices.update(Vec::new(), &in_use, origin()), [link], "pulled out");
    }

    #[test]
    fn a_fault_is_told_once_when_it_lasts() {
        let fault = |text: &str| Fault { text: text.into(), advice: String::new(), entry: catalog::MODEM_PORT_BUSY };
        let (mut trouble, start) = (Trouble::default(), origin());
        assert!(!trouble.handle(&fault("denied"), start), "udev may be at it");
        assert!(trouble.handle(&fault("denied"), start + TELL_AFTER));
        assert!(!trouble.handle(&fault("denied"), start + TELL_AFTER * 2));
        assert!(!trouble.handle(&fault("busy"), start + TELL_AFTER * 2));
        assert!(trouble.handle(&fault("busy"), start + TELL_AFTER * 3), "another fault is told, too");
    }

    #[test]
    fn a_silent_device_is_asked_ever_more_seldom() {
        let (mut devices, _) = claimed(1);
        let device = devices.get_mut("1-1").unwrap();
        let now = origin();
        for (tries, pause) in [(0, 1), (1, 2), (4, 16), (5, 30), (60, 30)] {
            device.try_later(tries, now);
            let next = now + Duration::from_secs(pause);
            assert_eq!(device.standing, Standing::Unknown { next, tries: tries + 1 });
        }
    }
}
