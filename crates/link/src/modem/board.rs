//! What the rest of the daemon sees of the modems: the links that run, and the devices that nobody has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::devices::{Devices, Standing};
use super::fault::Fault;
use super::handle::ModemHandle;
use crate::handle::LinkHandle;
use postrider_model::LinkName;

/// A USB device that is or may be a modem and that no link has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Its place: `1-1.2`.
    pub place: String,
    /// `12d1:1506`.
    pub usb_id: String,
    /// What it calls itself.
    pub name: String,
    /// The port that answered, if one did.
    pub port: Option<String>,
    /// Its model, IMEI and SIM, if it said so.
    pub model: String,
    /// 15 digits.
    pub imei: Option<String>,
    /// 19 or 20 digits.
    pub iccid: Option<String>,
    /// What keeps it from being used.
    pub fault: Option<Fault>,
}

/// Shared between the finder and the handle of all modems.
#[derive(Debug, Clone, Default)]
pub(super) struct Board {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    links: BTreeMap<LinkName, (LinkHandle, ModemHandle)>,
    strays: Vec<Stray>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Both lists are whole after every statement, so a panic elsewhere leaves them usable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn insert(&self, name: LinkName, link: LinkHandle, modem: ModemHandle) {
        self.lock().links.insert(name, (link, modem));
    }

    pub fn remove(&self, name: &LinkName) {
        self.lock().links.remove(name);
    }

    pub fn links(&self) -> Vec<(LinkHandle, ModemHandle)> {
        self.lock().links.values().cloned().collect()
    }

    pub fn get(&self, name: &LinkName) -> Option<(LinkHandle, ModemHandle)> {
        self.lock().links.get(name).cloned()
    }

    pub fn set_strays(&self, devices: &Devices) {
        let strays = devices.iter().filter_map(|device| {
            let (who, tty) = match &device.standing {
                Standing::Nobodys { who, tty, .. } => (who.clone(), Some(tty.display().to_string())),
                Standing::Unknown { .. } if device.fault.fault().is_some() => Default::default(),
                Standing::Probing => Default::default(),
                Standing::Unknown { .. } | Standing::Claimed(_) => return None,
            };
            let asked = || matches!(device.standing, Standing::Probing).then(|| Fault::asked(&device.usb));
            Some(Stray {
                place: device.usb.path.clone(),
                usb_id: device.usb.usb_id(),
                name: device.usb.name.clone(),
                port: tty,
                model: who.model,
                imei: who.imei,
                iccid: who.iccid,
                fault: device.fault.fault().cloned().or_else(asked),
            })
        });
        let strays: Vec<Stray> = strays.collect();
        self.lock().strays = strays;
    }

    pub fn strays(&self) -> Vec<Stray> {
        self.lock().strays.clone()
    }
}
