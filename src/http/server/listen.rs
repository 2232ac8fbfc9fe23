//! Opens the sockets that the server listens on: TCP, unix, or handed over by systemd.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Who may connect to a unix socket that postrider makes: its user and group.
const UNIX_MODE: u32 = 0o660;

/// An open listening socket.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A unix socket; the file is removed at the end if postrider made it.
    Unix(UnixListener, Option<PathBuf>),
}

/// A connection from either.
#[derive(Debug)]
pub enum Stream {
    /// From a TCP port.
    Tcp(TcpStream),
    /// From a unix socket.
    Unix(UnixStream),
}

impl Listener {
    /// Opens `127.0.0.1:8080` or `unix:/run/postrider/http.sock`.
    ///
    /// # Errors
    /// Names the address and what the system said.
    pub async fn open(address: &str) -> io::Result<Self> {
        let result = match address.strip_prefix("unix:") {
            Some(path) => open_unix(Path::new(path)),
            None => TcpListener::bind(address).await.map(Self::Tcp),
        };
        result.map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
    }

    /// The sockets that systemd hands over, in the order of the unit's `ListenStream=` lines; empty without any.
    ///
    /// # Errors
    /// When a socket handed over is neither TCP nor a unix stream.
    pub fn from_systemd() -> io::Result<Vec<Self>> {
        let mut handed = ListenFd::from_env();
        (0..handed.len()).filter_map(|place| take(&mut handed, place).transpose()).collect()
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// What the system said; most such errors concern one connection, not the listener.
    pub async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Small answers must not wait for more.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
            Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }

    /// Where it listens, for the log.
    pub fn describe(&self) -> String {
        match self {
            Self::Tcp(listener) => listener.local_addr().map_or_else(|_| "tcp".to_owned(), |at| format!("http://{at}")),
            Self::Unix(listener, _) => listener
                .local_addr()
                .ok()
                .and_then(|at| at.as_pathname().map(|path| format!("unix:{}", path.display())))
                .unwrap_or_else(|| "unix".to_owned()),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, Some(path)) = self {
            let _ = fs::remove_file(path);
        }
    }
}

fn take(handed: &mut ListenFd, place: usize) -> io::Result<Option<Listener>> {
    if let Ok(Some(listener)) = handed.take_tcp_listener(place) {
        listener.set_nonblocking(true)?;
        return TcpListener::from_std(listener).map(|listener| Some(Listener::Tcp(listener)));
    }
    let Some(listener) = handed.take_unix_listener(place)? else { return Ok(None) };
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener).map(|listener| Some(Listener::Unix(listener, None)))
}

fn open_unix(path: &Path) -> io::Result<Listener> {
    // A socket file that nobody answers on is left from a crash.
    let stale = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if stale {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(UNIX_MODE))?;
    Ok(Listener::Unix(listener, Some(path.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let first = Listener::open("127.0.0.1:0").await.unwrap();
        let address = first.describe().strip_prefix("http://").unwrap().to_owned();
        let error = Listener::open(&address).await.unwrap_err();
        assert!(error.to_string().contains(&address), "{error}");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn a_socket_file_left_by_a_crash_is_taken_over_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("http.sock");
        let address = format!("unix:{}", path.display());
        // A std listener does not remove its file: this is what a crash leaves.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let live = Listener::open(&address).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, UNIX_MODE);
        assert!(Listener::open(&address).await.is_err());
        drop(live);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn another_file_in_the_place_of_the_socket_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        fs::write(&path, "precious").unwrap();
        assert!(Listener::open(&format!("unix:{}", path.display())).await.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
