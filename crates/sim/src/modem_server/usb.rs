//! A USB bus of our own making: a folder that looks like `/sys` and `/dev` to whoever searches for modems there.
//!
//! Every plug gives new names to the ports, as kernels do when the old ones are still open. The ports that do not speak AT
//! are there too, and silent.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pty::Pty;
use crate::modem::{Persona, Usb};

/// The folder. Under it lie `sys`, `dev` and `proc`.
#[derive(Debug)]
pub struct UsbTree {
    root: PathBuf,
    plugged: Mutex<Plugged>,
}

#[derive(Debug, Default)]
struct Plugged {
    /// The next number of a port's name.
    next: u32,
    /// The names of each place's ports, and those that are silent.
    places: BTreeMap<String, (Vec<String>, Vec<Pty>)>,
}

/// Where a simulated stick is plugged in.
#[derive(Debug, Clone)]
pub struct UsbSocket {
    /// The bus.
    pub tree: Arc<UsbTree>,
    /// The place: `1-1.2`.
    pub place: String,
    /// What it says of itself there.
    pub usb: Usb,
    /// Maker and model.
    pub words: (String, String),
}

impl UsbTree {
    /// An empty bus under `root`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn new(root: &Path) -> io::Result<Arc<Self>> {
        for folder in ["sys/bus/usb/devices", "sys/bus/usb/drivers/usb", "sys/class/tty", "dev", "proc"] {
            std::fs::create_dir_all(root.join(folder))?;
        }
        Ok(Arc::new(Self { root: root.to_owned(), plugged: Mutex::default() }))
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A place for a modem of this persona; `None` for one on a serial line.
    pub fn socket(self: &Arc<Self>, place: &str, persona: &Persona) -> Option<UsbSocket> {
        let words = (persona.maker.to_owned(), persona.model.to_owned());
        Some(UsbSocket { tree: Arc::clone(self), place: place.to_owned(), usb: persona.usb?, words })
    }

    fn lock(&self) -> MutexGuard<'_, Plugged> {
        self.plugged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn device(&self, place: &str) -> PathBuf {
        self.root.join("sys/devices/usb1").join(place)
    }
}

impl UsbSocket {
    /// Plugs in the stick; its AT port leads to `port`.
    pub(super) fn plug(&self, port: &Path) -> io::Result<()> {
        self.unplug();
        let mut plugged = self.tree.lock();
        let device = self.tree.device(&self.place);
        std::fs::create_dir_all(&device)?;
        let Usb { vendor, product, ports, at_interface, driver } = self.usb;
        for (file, text) in [
            ("idVendor", format!("{vendor:04x}")),
            ("idProduct", format!("{product:04x}")),
            ("manufacturer", self.words.0.clone()),
            ("product", self.words.1.clone()),
            ("authorized", "1".to_owned()),
        ] {
            std::fs::write(device.join(file), text + "\n")?;
        }
        let (mut names, mut silent) = (Vec::new(), Vec::new());
        for &(number, class, subclass, protocol) in ports {
            let prefix = if driver == "cdc_acm" { "ttyACM" } else { "ttyUSB" };
            let name = format!("{prefix}{}", plugged.next);
            plugged.next += 1;
            let interface = device.join(format!("{}:1.{number}", self.place));
            let tty = interface.join(&name).join("tty").join(&name);
            std::fs::create_dir_all(&tty)?;
            for (file, value) in [
                ("bInterfaceNumber", number),
                ("bInterfaceClass", class),
                ("bInterfaceSubClass", subclass),
                ("bInterfaceProtocol", protocol),
            ] {
                std::fs::write(interface.join(file), format!("{value:02x}\n"))?;
            }
            let leads_to = if number == at_interface {
                port.to_owned()
            } else {
                let other = Pty::open(None)?;
                let path = other.path.clone();
                silent.push(other);
                path
            };
            std::os::unix::fs::symlink(leads_to, self.tree.root.join("dev").join(&name))?;
            std::os::unix::fs::symlink(&tty, self.tree.root.join("sys/class/tty").join(&name))?;
            names.push(name);
        }
        // The device comes last, so that whoever sees it sees its ports.
        std::os::unix::fs::symlink(&device, self.tree.root.join("sys/bus/usb/devices").join(&self.place))?;
        plugged.places.insert(self.place.clone(), (names, silent));
        Ok(())
    }

    /// Pulls it out.
    pub(super) fn unplug(&self) {
        let Some((names, _)) = self.tree.lock().places.remove(&self.place) else { return };
        let root = &self.tree.root;
        let _ = std::fs::remove_file(root.join("sys/bus/usb/devices").join(&self.place));
        for name in names {
            let _ = std::fs::remove_file(root.join("sys/class/tty").join(&name));
            let _ = std::fs::remove_file(root.join("dev").join(&name));
        }
        let _ = std::fs::remove_dir_all(self.tree.device(&self.place));
    }
}
