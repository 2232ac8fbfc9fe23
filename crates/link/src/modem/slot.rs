//! One link as the finder sees it: how its modem is found, whether it has a port, and what keeps it from having one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tracing::warn;

use super::choice::{Who, fits};
use super::devices::Trouble;
use super::ends::{Attachment, FromFinder, LinkEnds, UsbPlace};
use super::events::sentence;
use super::fault::Fault;
use super::port::Wire;
use super::sysfs::UsbDevice;
use postrider_config::{Finding, Modem, ModemPort};
use postrider_model::catalog;

/// A link and where it stands with its port.
pub(super) struct Slot {
    pub modem: Modem,
    pub ends: LinkEnds,
    pub port: PortStanding,
    /// Nobody named it: it was found.
    pub discovered: bool,
    pub since: Instant,
    /// It had a port before.
    pub was_there: bool,
    pub trouble: Trouble,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PortStanding {
    /// Has none. `last` is the port that it had, as long as its device is there.
    Waiting { next: Instant, tries: u32, last: Option<PathBuf> },
    /// It is being opened.
    Opening { tries: u32, tty: Option<PathBuf> },
    /// Has one.
    Open { tty: Option<PathBuf> },
    /// Is being stopped.
    Stopping,
}

impl PortStanding {
    pub fn tty(&self) -> Option<&PathBuf> {
        match self {
            Self::Opening { tty, .. } | Self::Open { tty } => tty.as_ref(),
            Self::Waiting { last, .. } => last.as_ref(),
            Self::Stopping => None,
        }
    }
}

impl Slot {
    pub fn is_waiting(&self) -> bool {
        matches!(self.port, PortStanding::Waiting { .. })
    }

    /// The place where its device is awaited.
    pub fn waits_at(&self) -> Option<&str> {
        match &self.modem.finding {
            Finding::UsbPath(path) if self.is_waiting() => Some(path),
            Finding::UsbPath(_) | Finding::Port(_) | Finding::Imei(_) | Finding::Iccid(_) => None,
        }
    }

    /// Whether one of `list` is this modem, by what is known of it now.
    pub fn is_named_by(&self, list: &[Modem]) -> bool {
        let status = self.ends.modem.status();
        let who = Who { model: String::new(), imei: status.identity.imei, iccid: status.sim.iccid };
        let path = status.place.unwrap_or_default();
        list.iter().any(|modem| modem.finding == self.modem.finding || fits(&modem.finding, &path, &who).is_some())
    }

    pub fn attach(&mut self, wire: Wire, port: String, usb: Option<UsbPlace>, tty: Option<PathBuf>, now: Instant) {
        self.trouble.end();
        self.was_there = true;
        self.port = match self.ends.finder.try_send(FromFinder::Attach(Attachment { wire, port, usb })) {
            Ok(()) => PortStanding::Open { tty },
            // The link has not taken its last word yet.
            Err(_) => PortStanding::Waiting { next: now + Duration::from_secs(1), tries: 0, last: tty },
        };
    }

    /// Tells a fault of its own port.
    pub fn tell(&mut self, fault: &Fault, now: Instant) {
        let told = self.trouble.handle(fault, now);
        // That a modem went away was told when it went.
        if told && !(self.was_there && fault.entry == catalog::MODEM_GONE) {
            let name = &self.modem.name;
            let line = sentence(&format!("modem \"{name}\": {}", fault.text), &fault.advice);
            warn!(postrider.modem = %name, message_id = fault.entry.id, "{line}");
        }
        let _ = self.ends.finder.try_send(FromFinder::Absent(fault.clone()));
    }

    /// Passes on a fault that the journal has already.
    pub fn pass(&mut self, fault: &Fault, now: Instant) {
        self.trouble.handle(fault, now);
        let _ = self.ends.finder.try_send(FromFinder::Absent(fault.clone()));
    }
}

pub(super) fn place_of(usb: &UsbDevice) -> UsbPlace {
    UsbPlace { path: usb.path.clone(), id: usb.id }
}

pub(super) fn device_of(port: &ModemPort) -> Option<PathBuf> {
    match port {
        ModemPort::Device(path) => Some(path.clone()),
        ModemPort::Tcp(_) | ModemPort::Rfc2217(_) => None,
    }
}

pub(super) fn device_of_finding(finding: &Finding) -> Option<PathBuf> {
    match finding {
        Finding::Port(port) => device_of(port),
        Finding::Imei(_) | Finding::Iccid(_) | Finding::UsbPath(_) => None,
    }
}

/// A modem that is configured and nowhere to be seen.
pub(super) fn missing(finding: &Finding, troubled: &[String]) -> Fault {
    let text = match finding {
        Finding::Imei(imei) => format!("no modem with the IMEI {imei} is plugged in"),
        Finding::Iccid(iccid) => format!("no modem with the SIM {iccid} is plugged in"),
        Finding::UsbPath(path) => format!("nothing that is a modem is plugged in at USB {path}"),
        Finding::Port(port) => format!("{port} does not exist"),
    };
    let mut advice = "Plug it in, or correct the configuration; `postrider modem list` shows what there is".to_owned();
    if matches!(finding, Finding::Iccid(_)) {
        advice.push_str("; a SIM that is locked by its PIN may not show its number: name its modem by imei then");
    }
    if !troubled.is_empty() {
        advice.push_str(&format!("; it may be what does not answer at USB {}", troubled.join(", ")));
    }
    Fault { text, advice, entry: catalog::MODEM_GONE }
}
