//! What is wrong with a port, in words: the sentence, the next step, and the journal's entry for it.

use std::io;
use std::path::Path;

use super::choice::Who;
use super::holder::{Holder, holders};
use super::sysfs::{Roots, UsbDevice};
use postrider_at::ModemProfile;
use postrider_model::catalog::{self, Entry};

/// Something that keeps a port from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// One sentence that reads alone.
    pub text: String,
    /// The next step.
    pub advice: String,
    /// The journal's entry.
    pub entry: Entry,
}

impl Fault {
    /// A port that could not be opened.
    pub(super) fn open(port: &Path, error: &io::Error, roots: &Roots) -> Self {
        let shown = port.display();
        let kind = error.kind();
        if kind == io::ErrorKind::ResourceBusy {
            return Self::busy(port, &holders(roots, port));
        }
        let (text, advice, entry) = if kind == io::ErrorKind::PermissionDenied {
            (
                format!("{shown} may not be opened by this user"),
                "Add the user to the group that owns the port, usually: usermod -aG dialout postrider; then restart \
                 postrider. `postrider doctor` checks it",
                catalog::MODEM_PORT_DENIED,
            )
        } else if kind == io::ErrorKind::NotFound {
            (
                format!("{shown} does not exist"),
                "Plug the modem in, or correct the port in the configuration; `postrider modem list` shows what there is",
                catalog::MODEM_GONE,
            )
        } else {
            (
                format!("{shown} cannot be opened: {error}"),
                "Unplug the modem and plug it in again; dmesg says what the kernel makes of it",
                catalog::MODEM_SILENT,
            )
        };
        Self { text, advice: advice.to_owned(), entry }
    }

    /// A port that other programs have open.
    pub(super) fn busy(port: &Path, holders: &[Holder]) -> Self {
        let shown = port.display();
        let names: Vec<String> = holders.iter().map(ToString::to_string).collect();
        let (text, advice) = match holders.first() {
            Some(first) if first.name.starts_with("ModemManager") => (
                format!("{shown} is in use by ModemManager"),
                "Install the rules file 70-postrider-modems.rules, which tells ModemManager to leave the modem alone \
                 (ID_MM_DEVICE_IGNORE), and run: udevadm control --reload; udevadm trigger; systemctl restart \
                 ModemManager. If nothing here needs it: systemctl disable --now ModemManager"
                    .to_owned(),
            ),
            Some(first) if first.name == "postrider" => (
                format!("{shown} is in use by postrider itself ({first})"),
                "Ask for the modem by its name instead: `postrider modem list` shows the names. If no daemon should run: \
                 systemctl stop postrider"
                    .to_owned(),
            ),
            Some(first) => (
                format!("{shown} is in use by {}", names.join(", ")),
                format!("See what it is: ps -fp {}. Stop it if it may be stopped, or give the modem to one of both only", first.pid),
            ),
            None => (
                format!("{shown} is in use by another program"),
                format!(
                    "See who has it with: fuser -v {shown}; most often it is ModemManager: systemctl status ModemManager"
                ),
            ),
        };
        Self { text, advice, entry: catalog::MODEM_PORT_BUSY }
    }

    /// A serial server that could not be reached.
    pub(super) fn server(host: &str, why: &str) -> Self {
        Self {
            text: format!("the serial server {host} cannot be reached: {why}"),
            advice: "Check its power, its network and the port number; nothing else may be connected to that port"
                .to_owned(),
            entry: catalog::MODEM_GONE,
        }
    }

    /// None of a device's ports answered.
    pub(super) fn silent(device: &UsbDevice, why: &str) -> Self {
        Self {
            text: format!("no port of {} answers AT commands: {why}", describe(device)),
            advice: "It is asked again by itself, with more patience. If that does not help: check its power supply and \
                     cable, then unplug it and plug it in again. If it never answers, it may need a profile that names its \
                     AT port"
                .to_owned(),
            entry: catalog::MODEM_SILENT,
        }
    }

    /// A device of which nothing is known yet.
    pub(super) fn asked(device: &UsbDevice) -> Self {
        Self {
            text: format!("{} is being asked who it is", describe(device)),
            advice: "Wait some seconds: a modem that was just plugged in needs a moment to wake".to_owned(),
            entry: catalog::MODEM_SILENT,
        }
    }

    /// A device that answers AT, and does not tell its IMEI while a modem is waited for by its IMEI.
    pub(super) fn nameless(device: &UsbDevice, port: &Path, who: &Who) -> Self {
        let model = if who.model.is_empty() { "a modem" } else { who.model.as_str() };
        Self {
            text: format!(
                "{} answers AT at {} as {model}, and does not tell its IMEI",
                describe(device),
                port.display()
            ),
            advice: format!(
                "It is asked again by itself. If it never tells it, name the modem by its place instead: usb_path = \"{}\"",
                device.path
            ),
            entry: catalog::MODEM_SILENT,
        }
    }

    /// A device that is a modem by its id, and shows no port at all.
    pub(super) fn without_port(device: &UsbDevice) -> Self {
        let shown = describe(device);
        let (text, advice) = if is_hilink(device) {
            (
                format!("{shown} has HiLink firmware: it is a network card with a web page, without an AT port"),
                "Some of these can be switched to stick mode by usb_modeswitch (docs/MODEMS.md), others need different \
                 firmware; a modem with an AT port is the better choice",
            )
        } else if !device.classes.is_empty() && device.classes.iter().all(|class| *class == MASS_STORAGE) {
            (
                format!("{shown} still shows itself as a CD-ROM"),
                "Install usb-modeswitch and usb-modeswitch-data, then unplug it and plug it in again; docs/MODEMS.md has \
                 the messages for stick mode",
            )
        } else {
            (
                format!("{shown} has no serial port"),
                "Load the driver (modprobe option), or set the stick to a mode with an AT port; docs/MODEMS.md says how",
            )
        };
        Self { text, advice: advice.to_owned(), entry: catalog::MODEM_SILENT }
    }
}

const MASS_STORAGE: u8 = 0x08;

fn is_hilink(device: &UsbDevice) -> bool {
    device.id.0 == 0x12d1 && matches!(device.id.1, 0x14db | 0x14dc)
}

/// `the stick Acme Stick (12d1:1446) at USB 1-1.2`.
pub(super) fn describe(device: &UsbDevice) -> String {
    let name = if device.name.is_empty() { "the USB device" } else { device.name.as_str() };
    format!("{name} ({}) at USB {}", device.usb_id(), device.path)
}

/// Whether a profile knows the device by its USB id.
pub(super) fn is_modem(device: &UsbDevice, profiles: &[ModemProfile]) -> bool {
    let (vendor, product) = device.id;
    let fits = |(v, p): &(u16, Option<u16>)| *v == vendor && p.is_none_or(|p| p == product);
    profiles.iter().any(|profile| profile.matches.usb.iter().any(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: (u16, u16), classes: &[u8]) -> UsbDevice {
        UsbDevice {
            path: "1-1.2".into(),
            id,
            name: "HUAWEI Mobile".into(),
            classes: classes.to_vec(),
            ..Default::default()
        }
    }

    #[test]
    fn a_stick_without_port_is_told_what_to_do_about_it() {
        let text = |id, classes: &[u8]| Fault::without_port(&device(id, classes)).text;
        assert_eq!(
            text((0x12d1, 0x1446), &[8]),
            "HUAWEI Mobile (12d1:1446) at USB 1-1.2 still shows itself as a CD-ROM"
        );
        assert!(text((0x12d1, 0x14dc), &[2, 10, 8]).contains("HiLink"));
        assert!(text((0x12d1, 0x1506), &[0xff, 0xff]).contains("no serial port"));
    }

    #[test]
    fn modem_manager_is_named_with_the_way_to_make_it_leave() {
        let holder = Holder { pid: 812, name: "ModemManager".into() };
        let fault = Fault::busy(Path::new("/dev/ttyUSB2"), &[holder]);
        assert_eq!(fault.text, "/dev/ttyUSB2 is in use by ModemManager");
        assert!(fault.advice.contains("ID_MM_DEVICE_IGNORE") && fault.advice.contains("systemctl"));
        assert_eq!(fault.entry, catalog::MODEM_PORT_BUSY);
        let other = Fault::busy(Path::new("/dev/ttyUSB2"), &[Holder { pid: 9, name: "minicom".into() }]);
        assert!(other.text.ends_with("in use by minicom (process 9)") && other.advice.contains("ps -fp 9"));
    }

    #[test]
    fn missing_rights_name_the_group() {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        let fault = Fault::open(Path::new("/dev/ttyUSB2"), &error, &Roots::default());
        assert!(fault.advice.contains("dialout"));
        assert_eq!(fault.entry, catalog::MODEM_PORT_DENIED);
    }
}
