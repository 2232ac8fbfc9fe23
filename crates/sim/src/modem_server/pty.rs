//! Opens a pseudo terminal so that it behaves like the port of a stick: raw, without echo, and never at its end.
//!
//! Our end of the slave stays open, so that the master has no end of file before the gateway opens it, nor after it
//! closed it. When the master closes, the gateway sees what it sees when a stick is pulled out: end of file, and `EIO`.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{self, OptionalActions};
use tokio::io::unix::AsyncFd;

/// A pseudo terminal with both ends.
#[derive(Debug)]
pub(super) struct Pty {
    pub master: AsyncFd<OwnedFd>,
    slave: OwnedFd,
    pub path: PathBuf,
}

impl Pty {
    /// A new one, with another name than `last`.
    pub fn open(last: Option<&Path>) -> io::Result<Self> {
        let first = Self::open_any()?;
        // The kernel gives the lowest free number; while the first is open, the second has another.
        if last == Some(first.path.as_path()) { Self::open_any() } else { Ok(first) }
    }

    fn open_any() -> io::Result<Self> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let path = PathBuf::from(OsStr::from_bytes(name.as_bytes()));
        let flags = rustix::fs::fcntl_getfl(&master)?;
        rustix::fs::fcntl_setfl(&master, flags | OFlags::NONBLOCK)?;
        let slave = rustix::fs::open(&path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let mut raw = termios::tcgetattr(&slave)?;
        raw.make_raw();
        termios::tcsetattr(&slave, OptionalActions::Now, &raw)?;
        #[expect(deprecated, reason = "sound for an owned descriptor; its replacement needs `unsafe`")]
        let master = AsyncFd::new(master)?;
        Ok(Self { master, slave, path })
    }

    /// A pseudo terminal keeps the exclusive use that its opener asked for even when the opener is gone, unlike a real
    /// port; so it is taken off whenever octets come.
    pub fn share(&self) {
        let _ = termios::ioctl_tiocnxcl(self.slave.as_fd());
    }
}
