//! Which USB devices have which ttys, as the kernel tells it in sysfs; and whether that changed since the last look.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A machine has dozens of USB devices; more is a broken tree.
const DEVICES_MAX: usize = 1_024;
/// Attributes are short texts.
const ATTRIBUTE_MAX: usize = 256;

/// Where the kernel's trees are mounted. Tests have trees of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// `/sys`.
    pub sys: PathBuf,
    /// `/dev`.
    pub dev: PathBuf,
    /// `/proc`.
    pub proc: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { sys: "/sys".into(), dev: "/dev".into(), proc: "/proc".into() }
    }
}

/// One USB device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsbDevice {
    /// Its place: `1-1.2`.
    pub path: String,
    /// Vendor and product.
    pub id: (u16, u16),
    /// What it calls itself: maker and product.
    pub name: String,
    /// Its serial number, if it has one. Many sticks of one kind share theirs.
    pub serial: Option<String>,
    /// Its ttys, by the number of their interface.
    pub ttys: Vec<UsbTty>,
    /// The classes of all its interfaces.
    pub classes: Vec<u8>,
    /// Grows whenever the device is plugged in or set up anew.
    pub birth: u64,
}

impl UsbDevice {
    /// `12d1:1506`.
    pub fn usb_id(&self) -> String {
        format!("{:04x}:{:04x}", self.id.0, self.id.1)
    }
}

/// A tty of a USB device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsbTty {
    /// Its device file.
    pub device: PathBuf,
    /// The number of its interface.
    pub interface: u8,
    /// Class, subclass and protocol of the interface.
    pub protocol: (u8, u8, u8),
}

/// Looks at sysfs again and again, and reads it only when something came or went.
#[derive(Debug)]
pub struct Sysfs {
    roots: Roots,
    seen: Option<Vec<(String, u64)>>,
}

impl Sysfs {
    /// A look at the trees under `roots`.
    pub fn new(roots: Roots) -> Self {
        Self { roots, seen: None }
    }

    /// All USB devices, if something changed since the last call; by their places.
    pub fn poll(&mut self) -> Option<Vec<UsbDevice>> {
        let now = self.signature();
        if self.seen.as_ref() == Some(&now) {
            return None;
        }
        self.seen = Some(now);
        Some(self.scan())
    }

    /// The names of all devices and ttys, with what tells two of one name apart.
    fn signature(&self) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = entries(&self.roots.sys.join("bus/usb/devices"));
        all.extend(entries(&self.roots.sys.join("class/tty")).into_iter().filter(|(name, _)| is_modem_tty(name)));
        all.sort();
        all
    }

    /// All USB devices, by their places.
    pub fn scan(&self) -> Vec<UsbDevice> {
        let folder = self.roots.sys.join("bus/usb/devices");
        let mut devices: BTreeMap<String, UsbDevice> = BTreeMap::new();
        for (path, birth) in entries(&folder).into_iter().filter(|(name, _)| !name.contains(':')) {
            if let Some(device) = read_device(&folder.join(&path), &path, birth) {
                devices.insert(path, device);
            }
        }
        for (tty, _) in entries(&self.roots.sys.join("class/tty")).into_iter().filter(|(name, _)| is_modem_tty(name)) {
            let Some((path, found)) = self.read_tty(&tty) else { continue };
            if let Some(device) = devices.get_mut(&path) {
                device.ttys.push(found);
            }
        }
        for device in devices.values_mut() {
            device.ttys.sort_by(|a, b| (a.interface, &a.device).cmp(&(b.interface, &b.device)));
        }
        devices.into_values().collect()
    }

    /// The USB device of a tty, and the tty.
    fn read_tty(&self, name: &str) -> Option<(String, UsbTty)> {
        let real = fs::canonicalize(self.roots.sys.join("class/tty").join(name)).ok()?;
        let interface = real.ancestors().take(6).find(|folder| folder.join("bInterfaceNumber").is_file())?;
        let hex = |file: &str| u8::from_str_radix(&attribute(&interface.join(file))?, 16).ok();
        let tty = UsbTty {
            device: self.roots.dev.join(name),
            interface: hex("bInterfaceNumber")?,
            protocol: (hex("bInterfaceClass")?, hex("bInterfaceSubClass")?, hex("bInterfaceProtocol")?),
        };
        let path = interface.parent()?.file_name()?.to_str()?.to_owned();
        Some((path, tty))
    }
}

/// The drivers that modems have name their ttys so.
fn is_modem_tty(name: &str) -> bool {
    name.starts_with("ttyUSB") || name.starts_with("ttyACM")
}

/// The names in a folder of sysfs, and the inode of each: the kernel gives a new one to whatever is plugged in.
fn entries(folder: &Path) -> Vec<(String, u64)> {
    let Ok(read) = fs::read_dir(folder) else { return Vec::new() };
    let named = read.take(DEVICES_MAX).filter_map(|entry| {
        let entry = entry.ok()?;
        // What a listing gives is the link's own inode; reading it needs no further call.
        let inode = std::os::unix::fs::DirEntryExt::ino(&entry);
        Some((entry.file_name().into_string().ok()?, inode))
    });
    let mut all: Vec<(String, u64)> = named.collect();
    all.sort();
    all
}

fn read_device(folder: &Path, path: &str, link: u64) -> Option<UsbDevice> {
    let hex = |file: &str| u16::from_str_radix(&attribute(&folder.join(file))?, 16).ok();
    let id = (hex("idVendor")?, hex("idProduct")?);
    let text = |file: &str| attribute(&folder.join(file)).filter(|text| !text.is_empty());
    let interfaces = entries(&fs::canonicalize(folder).ok()?);
    let classes = interfaces
        .iter()
        .filter(|(name, _)| name.starts_with(path) && name.contains(':'))
        .filter_map(|(name, _)| u8::from_str_radix(&attribute(&folder.join(name).join("bInterfaceClass"))?, 16).ok());
    let words = [text("manufacturer"), text("product")];
    Some(UsbDevice {
        path: path.to_owned(),
        id,
        name: words.into_iter().flatten().collect::<Vec<_>>().join(" "),
        serial: text("serial"),
        ttys: Vec::new(),
        classes: classes.collect(),
        birth: fs::metadata(folder).map_or(link, |data| data.ino()) ^ link.rotate_left(32),
    })
}

fn attribute(file: &Path) -> Option<String> {
    use std::io::Read;
    let mut text = String::new();
    let limit = u64::try_from(ATTRIBUTE_MAX).unwrap_or(u64::MAX);
    fs::File::open(file).ok()?.take(limit).read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sysfs of our own making.
    pub(crate) struct Tree {
        folder: tempfile::TempDir,
    }

    impl Tree {
        pub(crate) fn new() -> Self {
            let tree = Self { folder: tempfile::tempdir().unwrap() };
            for folder in ["sys/bus/usb/devices", "sys/class/tty", "sys/bus/usb/drivers/usb", "dev", "proc"] {
                fs::create_dir_all(tree.folder.path().join(folder)).unwrap();
            }
            tree
        }

        pub(crate) fn roots(&self) -> Roots {
            let at = |name: &str| self.folder.path().join(name);
            Roots { sys: at("sys"), dev: at("dev"), proc: at("proc") }
        }

        fn real(&self, path: &str) -> PathBuf {
            self.folder.path().join("sys/devices/pci0/usb1").join(path)
        }

        /// Plugs in a device with its ttys: interface, protocol, name.
        pub(crate) fn plug(&self, path: &str, id: &str, ttys: &[(u8, &str, &str)]) {
            let real = self.real(path);
            fs::create_dir_all(&real).unwrap();
            let (vendor, product) = id.split_once(':').unwrap();
            for (file, text) in
                [("idVendor", vendor), ("idProduct", product), ("manufacturer", "Acme"), ("product", "Stick")]
            {
                fs::write(real.join(file), format!("{text}\n")).unwrap();
            }
            std::os::unix::fs::symlink(&real, self.folder.path().join("sys/bus/usb/devices").join(path)).unwrap();
            for (interface, protocol, tty) in ttys {
                let folder = self.interface(path, *interface, protocol);
                let folder = folder.join(tty).join("tty").join(tty);
                fs::create_dir_all(&folder).unwrap();
                std::os::unix::fs::symlink(&folder, self.folder.path().join("sys/class/tty").join(tty)).unwrap();
            }
        }

        /// Adds an interface without a tty.
        pub(crate) fn interface(&self, path: &str, interface: u8, protocol: &str) -> PathBuf {
            let name = format!("{path}:1.{interface}");
            let folder = self.real(path).join(&name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("bInterfaceNumber"), format!("{interface:02x}\n")).unwrap();
            let files = ["bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"];
            for (file, text) in files.into_iter().zip(protocol.split('/')) {
                fs::write(folder.join(file), format!("{text}\n")).unwrap();
            }
            folder
        }

        /// Pulls a device out.
        pub(crate) fn unplug(&self, path: &str) {
            let sys = self.folder.path().join("sys");
            for entry in fs::read_dir(sys.join("class/tty")).unwrap() {
                let link = entry.unwrap().path();
                if fs::read_link(&link).unwrap().starts_with(self.real(path)) {
                    let _ = fs::remove_file(self.folder.path().join("dev").join(link.file_name().unwrap()));
                    fs::remove_file(link).unwrap();
                }
            }
            fs::remove_file(sys.join("bus/usb/devices").join(path)).unwrap();
            fs::remove_dir_all(self.real(path)).unwrap();
        }
    }

    #[test]
    fn ttys_are_grouped_by_their_usb_device() {
        let tree = Tree::new();
        tree.plug("1-1", "1d6b:0002", &[]);
        tree.plug("1-1.2", "12d1:1506", &[(2, "ff/01/02", "ttyUSB7"), (0, "ff/01/01", "ttyUSB9")]);
        tree.plug("1-1.3", "1546:1102", &[(0, "02/02/01", "ttyACM0")]);
        let devices = Sysfs::new(tree.roots()).scan();
        assert_eq!(devices.iter().map(|device| device.path.as_str()).collect::<Vec<_>>(), ["1-1", "1-1.2", "1-1.3"]);
        let stick = &devices[1];
        assert_eq!((stick.usb_id().as_str(), stick.name.as_str()), ("12d1:1506", "Acme Stick"));
        assert_eq!(stick.ttys.iter().map(|tty| tty.interface).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(stick.ttys[1].protocol, (0xff, 1, 2));
        assert_eq!(stick.ttys[1].device, tree.roots().dev.join("ttyUSB7"));
        assert_eq!(devices[2].ttys[0].device, tree.roots().dev.join("ttyACM0"));
    }

    #[test]
    fn only_a_change_is_told() {
        let tree = Tree::new();
        let mut sysfs = Sysfs::new(tree.roots());
        assert_eq!(sysfs.poll(), Some(Vec::new()));
        assert_eq!(sysfs.poll(), None);
        tree.plug("1-1.2", "12d1:1506", &[(2, "ff/01/02", "ttyUSB7")]);
        assert_eq!(sysfs.poll().map(|devices| devices.len()), Some(1));
        assert_eq!(sysfs.poll(), None);
        tree.unplug("1-1.2");
        assert_eq!(sysfs.poll(), Some(Vec::new()));
    }

    #[test]
    fn a_stick_that_shows_its_cd_has_no_tty() {
        let tree = Tree::new();
        tree.plug("1-1.2", "12d1:1446", &[]);
        tree.interface("1-1.2", 0, "08/06/50");
        let devices = Sysfs::new(tree.roots()).scan();
        assert_eq!((devices[0].ttys.len(), devices[0].classes.as_slice()), (0, [8].as_slice()));
    }

    #[test]
    fn a_machine_without_sysfs_has_no_devices() {
        let roots = Roots { sys: "/nowhere/at/all".into(), ..Roots::default() };
        assert_eq!(Sysfs::new(roots).poll(), Some(Vec::new()));
    }
}
