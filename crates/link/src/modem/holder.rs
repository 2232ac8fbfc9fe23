//! Who has a device open, as far as this user may see it. Devices are told apart by their numbers: a container's processes
//! have terminals and ports of the same names.

use std::fmt;
use std::fs;
use std::path::Path;

use super::device_id::{DeviceId, TERMINAL_CONTROLLER};
use super::sysfs::Roots;

/// More processes than this are not looked at: the answer is advice, not proof.
const PROCESSES_MAX: usize = 10_000;
/// Nor more files of one process.
const FILES_MAX: usize = 10_000;

/// A process that has the file open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub pid: u32,
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// Every other process that has `file` open. Processes of other users are seen by root only.
pub(super) fn holders(roots: &Roots, file: &Path) -> Vec<Holder> {
    let Some(device) = DeviceId::of(file) else { return Vec::new() };
    let Ok(processes) = fs::read_dir(&roots.proc) else { return Vec::new() };
    let own = std::process::id();
    processes
        .take(PROCESSES_MAX)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            (pid != own && has_open(&entry.path(), device)).then(|| Holder { pid, name: name_of(&entry.path()) })
        })
        .collect()
}

/// Whoever made a pseudo terminal, as a serial server's driver does, holds both of its ends and is no rival.
fn has_open(process: &Path, device: DeviceId) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    let is_terminal = matches!(device, DeviceId::Terminal(..));
    let mut found = false;
    for open in files.take(FILES_MAX).filter_map(|file| DeviceId::of(&file.ok()?.path())) {
        if is_terminal && open == TERMINAL_CONTROLLER {
            return false;
        }
        found |= open == device;
    }
    found
}

fn name_of(process: &Path) -> String {
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(32).collect();
    if name.is_empty() { "a program".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modem::sysfs::tests::Tree;

    #[test]
    fn the_process_that_has_the_port_is_named() {
        let tree = Tree::new();
        let roots = tree.roots();
        let port = roots.dev.join("ttyUSB2");
        fs::write(&port, "").unwrap();
        for (pid, name, open) in [("812", "ModemManager", true), ("9", "sshd", false)] {
            let process = roots.proc.join(pid);
            fs::create_dir_all(process.join("fd")).unwrap();
            fs::write(process.join("comm"), format!("{name}\n")).unwrap();
            let target = if open { fs::canonicalize(&port).unwrap() } else { "/dev/null".into() };
            std::os::unix::fs::symlink(target, process.join("fd/7")).unwrap();
        }
        fs::create_dir_all(roots.proc.join("self")).unwrap();
        assert_eq!(holders(&roots, &port), [Holder { pid: 812, name: "ModemManager".into() }]);
        assert_eq!(holders(&roots, &roots.dev.join("ttyUSB3")), []);
    }

    #[test]
    fn a_process_that_has_another_device_of_the_same_name_is_not() {
        let tree = Tree::new();
        let (roots, container) = (tree.roots(), Tree::new());
        for root in [&roots, &container.roots()] {
            fs::write(root.dev.join("ttyUSB2"), "").unwrap();
        }
        let process = roots.proc.join("812");
        fs::create_dir_all(process.join("fd")).unwrap();
        std::os::unix::fs::symlink(container.roots().dev.join("ttyUSB2"), process.join("fd/7")).unwrap();
        assert_eq!(holders(&roots, &roots.dev.join("ttyUSB2")), []);
    }
}
