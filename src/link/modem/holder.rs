//! Who has a device file open, as far as this user may see it.

use std::fmt;
use std::fs;
use std::path::Path;

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
    let Ok(target) = fs::canonicalize(file) else { return Vec::new() };
    if target.starts_with("/dev/pts") {
        // Whoever made a pseudo terminal holds both of its ends, as a serial server's driver does; it is no rival.
        return Vec::new();
    }
    let Ok(processes) = fs::read_dir(&roots.proc) else { return Vec::new() };
    let own = std::process::id();
    processes
        .take(PROCESSES_MAX)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            (pid != own && has_open(&entry.path(), &target)).then(|| Holder { pid, name: name_of(&entry.path()) })
        })
        .collect()
}

fn has_open(process: &Path, target: &Path) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    files.take(FILES_MAX).filter_map(Result::ok).any(|file| fs::read_link(file.path()).is_ok_and(|open| open == target))
}

fn name_of(process: &Path) -> String {
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(32).collect();
    if name.is_empty() { "a program".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::modem::sysfs::tests::Tree;

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
}
