//! Decides whether two paths lead to one device. Names do not tell: a container has terminals and ports of the same names.

use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, RawMode, StatxFlags, statx};

/// What the kernel knows a device by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceId {
    /// A device, by its numbers, wherever its node is.
    Device(u32, u32),
    /// A pseudo terminal: its numbers hold within its own file system only, whose numbers come first.
    Terminal((u32, u32), (u32, u32)),
    /// Anything else, by its file system and its number there.
    File((u32, u32), u64),
}

/// The controlling end of every pseudo terminal.
pub const TERMINAL_CONTROLLER: DeviceId = DeviceId::Device(5, 2);
/// Majors of the other ends (Documentation/admin-guide/devices.txt of the kernel: Unix98 PTY slaves).
const TERMINALS: std::ops::RangeInclusive<u32> = 136..=143;

impl DeviceId {
    /// The device that `path` leads to, links followed; `None` if there is none or this user may not see it.
    pub fn of(path: &Path) -> Option<Self> {
        // What is known is enough: a file of another process may lie on a server that does not answer.
        let wanted = StatxFlags::TYPE | StatxFlags::INO;
        let found = statx(CWD, path, AtFlags::STATX_DONT_SYNC, wanted).ok()?;
        let is_device = FileType::from_raw_mode(RawMode::from(found.stx_mode)) == FileType::CharacterDevice;
        let device = is_device.then_some((found.stx_rdev_major, found.stx_rdev_minor));
        Some(Self::from_numbers((found.stx_dev_major, found.stx_dev_minor), device, found.stx_ino))
    }

    fn from_numbers(file_system: (u32, u32), device: Option<(u32, u32)>, inode: u64) -> Self {
        match device {
            Some(device) if TERMINALS.contains(&device.0) => Self::Terminal(file_system, device),
            Some((major, minor)) => Self::Device(major, minor),
            None => Self::File(file_system, inode),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_one_device_wherever_its_node_is_and_a_terminal_belongs_to_its_file_system() {
        let of = DeviceId::from_numbers;
        assert_eq!(of((0, 5), Some((188, 2)), 91), of((0, 77), Some((188, 2)), 4), "ttyUSB2, in a container too");
        assert_ne!(of((0, 5), Some((188, 2)), 91), of((0, 5), Some((188, 3)), 91));
        assert_eq!(of((0, 24), Some((136, 0)), 3), of((0, 24), Some((136, 0)), 3));
        assert_ne!(of((0, 24), Some((136, 0)), 3), of((0, 99), Some((136, 0)), 3), "pts/0 of a container");
        assert_ne!(of((0, 5), None, 91), of((0, 6), None, 91));
    }

    #[test]
    fn links_are_followed_and_what_is_not_there_is_no_device() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        assert_eq!(DeviceId::of(&link), Some(DeviceId::Device(1, 3)));
        assert_eq!(DeviceId::of(Path::new("/dev/ptmx")), Some(TERMINAL_CONTROLLER));
        assert_eq!(DeviceId::of(&folder.path().join("gone")), None);
    }
}
