//! A serial line as an asynchronous stream: raw, 8N1, exclusive.
//!
//! The line is opened by hand, since the errno decides what a technician is told: no right, busy, gone.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::termios::{ControlModes, OptionalActions, QueueSelector};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A serial line.
#[derive(Debug)]
pub(super) struct Serial {
    fd: AsyncFd<OwnedFd>,
}

impl Serial {
    /// Opens `path` for this process alone. May block for as long as the driver does.
    pub fn open(path: &Path, baud: u32, handshake: bool) -> io::Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        // Other programs of this kind lock the file; the exclusive mode keeps out those that do not.
        rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => io::ErrorKind::ResourceBusy.into(),
            other => io::Error::from(other),
        })?;
        rustix::termios::ioctl_tiocexcl(&fd)?;
        let mut line = rustix::termios::tcgetattr(&fd)?;
        line.make_raw();
        line.control_modes |= ControlModes::CREAD | ControlModes::CLOCAL;
        // Closing the port must not hang up: many modems reset or sleep when DTR falls.
        line.control_modes -= ControlModes::HUPCL | ControlModes::CSTOPB | ControlModes::PARENB;
        line.control_modes.set(ControlModes::CRTSCTS, handshake);
        line.set_speed(baud)?;
        rustix::termios::tcsetattr(&fd, OptionalActions::Now, &line)?;
        // What came before is of no use, and half of it is missing.
        rustix::termios::tcflush(&fd, QueueSelector::IOFlush)?;
        Ok(fd)
    }

    /// Makes an open line a stream of this runtime.
    #[expect(
        deprecated,
        reason = "the successor is unsafe for the sake of types whose descriptor can change; OwnedFd's cannot"
    )]
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { fd: AsyncFd::new(fd)? })
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        // Closing waits for octets that a dead modem never takes.
        let _ = rustix::termios::tcflush(self.fd.get_ref(), QueueSelector::OFlush);
        // A pseudo terminal stays exclusive while anybody has it open.
        let _ = rustix::termios::ioctl_tiocnxcl(self.fd.get_ref());
    }
}

impl AsyncRead for Serial {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx))?;
            let read = guard.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), buf.initialize_unfilled())?));
            match read {
                Ok(Ok(octets)) => {
                    buf.advance(octets);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for Serial {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.fd.poll_write_ready(cx))?;
            match guard.try_io(|fd| Ok(rustix::io::write(fd.get_ref(), octets)?)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
