//! Decides which ports of a USB device are tried first, and whose modem an answering port is.

use super::events::is_same_iccid;
use super::port::LineSettings;
use super::sysfs::{UsbDevice, UsbTty};
use postrider_at::ModemProfile;
use postrider_config::{Finding, Modem};

/// The profile that a device's USB id points to: one for the product goes before one for the vendor.
pub(super) fn profile_of(id: (u16, u16), profiles: &[ModemProfile]) -> Option<&ModemProfile> {
    let names = |profile: &&ModemProfile, product| profile.matches.usb.contains(&(id.0, product));
    let of_product = profiles.iter().find(|profile| names(profile, Some(id.1)));
    of_product.or_else(|| profiles.iter().find(|profile| names(profile, None)))
}

/// The ttys of `device` in the order in which they are worth a try: the profile's interfaces, then its protocols, then all
/// others by number.
pub(super) fn ports<'a>(device: &'a UsbDevice, profile: Option<&ModemProfile>) -> Vec<&'a UsbTty> {
    let mut order: Vec<&UsbTty> = Vec::new();
    if let Some(ports) = profile.map(|profile| &profile.ports) {
        let of_product = ports.interfaces.iter().find(|(product, _)| *product == Some(device.id.1));
        for number in of_product.iter().flat_map(|(_, numbers)| numbers) {
            order.extend(device.ttys.iter().filter(|tty| tty.interface == *number));
        }
        for protocol in &ports.protocols {
            order.extend(device.ttys.iter().filter(|tty| tty.protocol == *protocol));
        }
        let of_all = ports.interfaces.iter().find(|(product, _)| product.is_none());
        for number in of_all.iter().flat_map(|(_, numbers)| numbers) {
            order.extend(device.ttys.iter().filter(|tty| tty.interface == *number));
        }
    }
    order.extend(&device.ttys);
    let mut seen: Vec<&UsbTty> = Vec::new();
    order.retain(|tty| {
        let first = !seen.contains(tty);
        seen.push(tty);
        first
    });
    order
}

/// How the line of a port is set up.
pub(super) fn line(modem: Option<&Modem>, profile: Option<&ModemProfile>) -> LineSettings {
    let usual = LineSettings::default();
    let of_profile = profile.and_then(|profile| profile.ports.baud);
    LineSettings {
        baud: modem.and_then(|modem| modem.baud).or(of_profile).unwrap_or(usual.baud),
        handshake: profile.is_some_and(|profile| profile.ports.handshake),
    }
}

/// Who an answering port turned out to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Who {
    pub model: String,
    pub imei: Option<String>,
    pub iccid: Option<String>,
}

/// Whether `modem` is to be found in a device at `path` that turned out to be `who`; the smaller, the surer.
pub(super) fn fits(finding: &Finding, path: &str, who: &Who) -> Option<u8> {
    match finding {
        Finding::UsbPath(wanted) => (wanted == path).then_some(0),
        Finding::Imei(wanted) => (who.imei.as_deref() == Some(wanted)).then_some(1),
        Finding::Iccid(wanted) => who.iccid.as_deref().is_some_and(|iccid| is_same_iccid(wanted, iccid)).then_some(2),
        Finding::Port(_) => None,
    }
}

/// The name of a modem that nobody named: its model and the end of its IMEI, or its place.
pub(super) fn name_of(who: &Who, path: &str) -> String {
    let plain = |text: &str| -> String {
        let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(20);
        let kept: String = kept.collect();
        kept.trim_matches('-').to_owned()
    };
    let model = plain(&who.model);
    let model = if model.is_empty() { "modem".to_owned() } else { model };
    let end = match &who.imei {
        Some(imei) => imei.get(imei.len().saturating_sub(4)..).unwrap_or_default().to_owned(),
        None => plain(path),
    };
    format!("{model}-{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_config::built_in_modem_profiles;

    fn device(id: (u16, u16), ttys: &[(u8, (u8, u8, u8))]) -> UsbDevice {
        let tty = |(interface, protocol): &(u8, (u8, u8, u8))| UsbTty {
            device: format!("/dev/ttyUSB{interface}").into(),
            interface: *interface,
            protocol: *protocol,
        };
        UsbDevice { path: "1-1.2".into(), id, ttys: ttys.iter().map(tty).collect(), ..Default::default() }
    }

    fn order(id: (u16, u16), ttys: &[(u8, (u8, u8, u8))]) -> Vec<u8> {
        let profiles = built_in_modem_profiles();
        let device = device(id, ttys);
        ports(&device, profile_of(id, &profiles)).iter().map(|tty| tty.interface).collect()
    }

    #[test]
    fn the_profile_says_which_port_is_tried_first() {
        let plain = |numbers: &[u8]| numbers.iter().map(|number| (*number, (0xff, 0, 0))).collect::<Vec<_>>();
        assert_eq!(order((0x2c7c, 0x0125), &plain(&[0, 1, 2, 3])), [2, 3, 1, 0]);
        assert_eq!(order((0x1e0e, 0x9011), &plain(&[2, 3, 4, 5])), [4, 5, 2, 3]);
        assert_eq!(order((0x1bc7, 0x1041), &plain(&[4, 5, 6])), [5, 6, 4]);
        assert_eq!(order((0x1234, 0x5678), &plain(&[3, 1])), [3, 1], "an unknown device in its own order");
        // The control port of a Huawei stick has protocol 02, wherever it stands.
        let huawei = [(0, (0xff, 1, 1)), (1, (0xff, 1, 3)), (4, (0xff, 1, 2))];
        assert_eq!(order((0x12d1, 0x1506), &huawei), [4, 1, 0]);
    }

    #[test]
    fn a_modem_is_known_by_place_then_imei_then_sim() {
        let who = Who {
            model: "E173".into(),
            imei: Some("490154203237518".into()),
            iccid: Some("8982300012345678901".into()),
        };
        let fits = |finding: Finding| fits(&finding, "1-1.2", &who);
        assert_eq!(fits(Finding::UsbPath("1-1.2".into())), Some(0));
        assert_eq!(fits(Finding::UsbPath("1-1".into())), None);
        assert_eq!(fits(Finding::Imei("490154203237518".into())), Some(1));
        assert_eq!(fits(Finding::Iccid("89823000123456789015".into())), Some(2));
        assert_eq!(fits(Finding::Iccid("8982300012345678902".into())), None);
    }

    #[test]
    fn a_modem_that_nobody_named_is_called_by_model_and_imei() {
        let who = Who { model: "HUAWEI E173u-1".into(), imei: Some("490154203237518".into()), iccid: None };
        assert_eq!(name_of(&who, "1-1.2"), "HUAWEI-E173u-1-7518");
        assert_eq!(name_of(&Who::default(), "1-1.2"), "modem-1-1-2");
    }
}
