//! The serial ports of this machine as the kernel tells of them: what is plugged in where, whose it is, and who holds it.
//!
//! It reads `/sys`, `/dev` and `/proc` below a root, so that tests can make up a machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::link::modem::DeviceId;

/// How the names of ports begin that a modem may have.
const NAMES: [&str; 4] = ["ttyUSB", "ttyACM", "ttyAMA", "ttyS"];
/// How far up from a port its USB device is looked for.
const STEPS_UP_MAX: usize = 6;

/// One serial port.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Port {
    /// `/dev/ttyUSB2`.
    pub path: String,
    /// `12d1:1506`, if it belongs to a USB device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usb_id: Option<String>,
    /// Where the device is plugged in: `1-1.2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usb_path: Option<String>,
    /// Which of the device's interfaces it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<u8>,
    /// The device's maker, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// The device's name, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Whose the device node is; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
    /// Who has it open, as far as this user may see.
    pub holders: Vec<Holder>,
}

impl Port {
    /// Maker and product in a few words.
    pub fn device(&self) -> String {
        let words = [self.maker.as_deref(), self.product.as_deref()];
        words.into_iter().flatten().map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// A device node's owner and rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The lower nine bits of its mode.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

/// All ports below `root`, in the order of their names.
pub fn scan(root: &Path) -> Vec<Port> {
    let Ok(entries) = fs::read_dir(root.join("sys/class/tty")) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_modem_like(root, name)).collect();
    names
        .sort_by_key(|name| (name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(), name.len(), name.clone()));
    let held = holders(root);
    names.into_iter().map(|name| port(root, &name, &held)).collect()
}

fn is_modem_like(root: &Path, name: &str) -> bool {
    let class = root.join("sys/class/tty").join(name);
    NAMES.iter().any(|start| name.strip_prefix(start).is_some_and(|rest| rest.parse::<u16>().is_ok()))
        // The kernel lists built-in ports that the board does not have; their type is 0.
        && (!name.starts_with("ttyS") || read(&class.join("type")).is_some_and(|kind| kind != "0"))
}

fn port(root: &Path, name: &str, held: &BTreeMap<DeviceId, Vec<Holder>>) -> Port {
    let path = format!("/dev/{name}");
    let device = DeviceId::of(&root.join("dev").join(name));
    let holders = device.and_then(|device| held.get(&device)).cloned().unwrap_or_default();
    let mut port = Port { holders, ..Port::default() };
    port.node = fs::metadata(root.join("dev").join(name)).ok().map(|meta| Node {
        mode: meta.mode() & 0o777,
        uid: meta.uid(),
        gid: meta.gid(),
    });
    if let Ok(device) = fs::canonicalize(root.join("sys/class/tty").join(name).join("device")) {
        for place in device.ancestors().take(STEPS_UP_MAX) {
            if let Some(number) = read(&place.join("bInterfaceNumber")) {
                port.interface = port.interface.or_else(|| u8::from_str_radix(&number, 16).ok());
            }
            if let (Some(vendor), Some(product)) = (read(&place.join("idVendor")), read(&place.join("idProduct"))) {
                port.usb_id = Some(format!("{vendor}:{product}"));
                port.usb_path = place.file_name().map(|name| name.to_string_lossy().into_owned());
                port.maker = read(&place.join("manufacturer"));
                port.product = read(&place.join("product"));
                break;
            }
        }
    }
    port.path = path;
    port
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

/// Who has which device open. Other users' processes show theirs to root only.
fn holders(root: &Path) -> BTreeMap<DeviceId, Vec<Holder>> {
    let mut found: BTreeMap<DeviceId, Vec<Holder>> = BTreeMap::new();
    for process in processes(root) {
        let Ok(open) = fs::read_dir(process.folder.join("fd")) else { continue };
        for device in open.flatten().filter_map(|entry| DeviceId::of(&entry.path())) {
            let holders = found.entry(device).or_default();
            let holder = Holder { pid: process.pid, name: process.name.clone() };
            if !holders.contains(&holder) {
                holders.push(holder);
            }
        }
    }
    found.values_mut().for_each(|holders| holders.sort());
    found
}

/// A process as `/proc` shows it.
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name, cut to 15 characters by the kernel.
    pub name: String,
    folder: PathBuf,
}

/// All processes below `root`.
pub fn processes(root: &Path) -> Vec<Process> {
    let Ok(entries) = fs::read_dir(root.join("proc")) else { return Vec::new() };
    let entries = entries.flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let folder = entry.path();
        Some(Process { pid, name: read(&folder.join("comm"))?, folder })
    });
    let mut found: Vec<Process> = entries.collect();
    found.sort_by_key(|process| process.pid);
    found
}

#[cfg(test)]
pub mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Makes up a stick with three ports below `root`.
    pub fn plug_in(root: &Path, id: (&str, &str), names: &[&str]) {
        let device = root.join("sys/devices/usb1/1-1/1-1.2");
        for (number, name) in names.iter().enumerate() {
            let tty = device.join(format!("1-1.2:1.{number}")).join(name);
            fs::create_dir_all(&tty).unwrap();
            fs::write(device.join(format!("1-1.2:1.{number}/bInterfaceNumber")), format!("0{number}\n")).unwrap();
            let class = root.join("sys/class/tty").join(name);
            fs::create_dir_all(&class).unwrap();
            symlink(&tty, class.join("device")).unwrap();
            fs::create_dir_all(root.join("dev")).unwrap();
            fs::write(root.join("dev").join(name), "").unwrap();
        }
        for (file, text) in
            [("idVendor", id.0), ("idProduct", id.1), ("manufacturer", "HUAWEI"), ("product", "HUAWEI Mobile")]
        {
            fs::write(device.join(file), format!("{text}\n")).unwrap();
        }
    }

    /// Makes up a process with these files open.
    pub fn start(root: &Path, pid: u32, name: &str, open: &[&str]) {
        let folder = root.join(format!("proc/{pid}"));
        fs::create_dir_all(folder.join("fd")).unwrap();
        fs::write(folder.join("comm"), format!("{name}\n")).unwrap();
        for (number, path) in open.iter().enumerate() {
            symlink(root.join(path.trim_start_matches('/')), folder.join(format!("fd/{number}"))).unwrap();
        }
    }

    #[test]
    fn a_sticks_ports_are_found_with_their_device_and_their_holder() {
        let root = tempfile::tempdir().unwrap();
        plug_in(root.path(), ("12d1", "1506"), &["ttyUSB10", "ttyUSB9", "ttyUSB2"]);
        start(root.path(), 812, "ModemManager", &["/dev/null", "/dev/ttyUSB9"]);
        fs::create_dir_all(root.path().join("sys/class/tty/ttyS0")).unwrap();
        fs::write(root.path().join("sys/class/tty/ttyS0/type"), "0\n").unwrap();
        let ports = scan(root.path());
        let paths: Vec<&str> = ports.iter().map(|port| port.path.as_str()).collect();
        assert_eq!(paths, ["/dev/ttyUSB2", "/dev/ttyUSB9", "/dev/ttyUSB10"], "in the order of people, without ghosts");
        let nine = &ports[1];
        assert_eq!(nine.usb_id.as_deref(), Some("12d1:1506"));
        assert_eq!((nine.usb_path.as_deref(), nine.interface), (Some("1-1.2"), Some(1)));
        assert_eq!(nine.device(), "HUAWEI HUAWEI Mobile");
        assert_eq!(nine.holders, [Holder { pid: 812, name: "ModemManager".to_owned() }]);
        assert!(ports[0].holders.is_empty());
    }

    #[test]
    fn a_machine_without_ports_has_none() {
        assert!(scan(tempfile::tempdir().unwrap().path()).is_empty());
    }
}
