//! Opens what a modem hangs on: a device file, a raw TCP port of a serial server, or one that speaks RFC 2217.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::fault::Fault;
use super::holder::holders;
use super::serial::Serial;
use super::sysfs::Roots;
use super::telnet::Telnet;
use postrider_config::ModemPort;

/// Drivers answer at once or not at all; a server may be far away.
const OPEN_WAIT_MAX: Duration = Duration::from_secs(10);
/// A dead serial server is noticed after about this, though nothing is sent.
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Octets read from a serial server at a time.
const READ_OCTETS: usize = 2_048;

/// Octets to and from a modem.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open port, whatever it hangs on.
pub(super) type Wire = Box<dyn Stream>;

/// How a line is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineSettings {
    pub baud: u32,
    pub handshake: bool,
}

impl Default for LineSettings {
    fn default() -> Self {
        Self { baud: 115_200, handshake: false }
    }
}

/// Opens `port` within a bounded time.
pub(super) async fn open(port: &ModemPort, line: LineSettings, roots: &Roots) -> Result<Wire, Fault> {
    match port {
        ModemPort::Device(path) => open_device(path, line, roots).await,
        ModemPort::Tcp(host) => Ok(Box::new(connect(&host.host, host.port, &host.to_string()).await?)),
        ModemPort::Rfc2217(host) => {
            let tcp = connect(&host.host, host.port, &host.to_string()).await?;
            Ok(Box::new(Rfc2217::new(tcp, line)))
        }
    }
}

/// Opens a device file as a raw line of this process alone, unless another program has it. May block for as long as the
/// driver does.
///
/// # Errors
/// What is in the way, with the next step.
pub fn open_line(path: &Path, baud: u32, handshake: bool, roots: &Roots) -> Result<OwnedFd, Fault> {
    // Root may open what others hold exclusively, and would take half of their answers.
    let holders = holders(roots, path);
    if !holders.is_empty() {
        return Err(Fault::busy(path, &holders));
    }
    Serial::open(path, baud, handshake).map_err(|error| Fault::open(path, &error, roots))
}

/// Opens a device file, unless another program has it.
pub(super) async fn open_device(path: &Path, line: LineSettings, roots: &Roots) -> Result<Wire, Fault> {
    let (path, roots): (PathBuf, Roots) = (path.to_owned(), roots.clone());
    let shown = path.clone();
    let opening = tokio::task::spawn_blocking(move || open_line(&path, line.baud, line.handshake, &roots));
    let roots = Roots::default();
    let failed = |error: io::Error| Fault::open(&shown, &error, &roots);
    let fd = match tokio::time::timeout(OPEN_WAIT_MAX, opening).await {
        Ok(Ok(opened)) => opened?,
        Ok(Err(_)) => return Err(failed(io::Error::other("the attempt was given up"))),
        Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
    };
    Ok(Box::new(Serial::new(fd).map_err(failed)?))
}

async fn connect(host: &str, port: u16, shown: &str) -> Result<TcpStream, Fault> {
    let tcp = match tokio::time::timeout(OPEN_WAIT_MAX, TcpStream::connect((host, port))).await {
        Ok(Ok(tcp)) => tcp,
        Ok(Err(error)) => return Err(Fault::server(shown, &error.to_string())),
        Err(_) => return Err(Fault::server(shown, "no answer within 10 s")),
    };
    // What matters is that each command leaves at once, and that a silent death is noticed; neither is worth a failure.
    let _ = tcp.set_nodelay(true);
    let keep_alive = socket2::TcpKeepalive::new().with_time(TCP_KEEP_ALIVE).with_interval(TCP_KEEP_ALIVE / 3);
    let _ = socket2::SockRef::from(&tcp).set_tcp_keepalive(&keep_alive);
    Ok(tcp)
}

/// A stream through telnet's escapes.
#[derive(Debug)]
struct Rfc2217<S> {
    inner: S,
    telnet: Telnet,
    /// Octets in the form of the wire that the kernel did not take yet.
    out: Vec<u8>,
    /// Data that came and was not read yet.
    data: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Rfc2217<S> {
    fn new(inner: S, line: LineSettings) -> Self {
        let telnet = Telnet::new(line.baud, line.handshake);
        let out = telnet.hello();
        Self { inner, telnet, out, data: Vec::new() }
    }

    /// Writes what waits; ready when nothing is left.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            match Pin::new(&mut self.inner).poll_write(cx, &self.out) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(octets)) => drop(self.out.drain(..octets)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Rfc2217<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            // Answers to the server leave with the reads, since nobody may have anything to write.
            if let Poll::Ready(written) = this.poll_out(cx) {
                written?;
            }
            if !this.data.is_empty() {
                let octets = this.data.len().min(buf.remaining());
                buf.put_slice(&this.data[..octets]);
                this.data.drain(..octets);
                return Poll::Ready(Ok(()));
            }
            let mut octets = [0; READ_OCTETS];
            let mut read = ReadBuf::new(&mut octets);
            std::task::ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.telnet.decode(read.filled(), &mut this.data, &mut this.out);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Rfc2217<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_out(cx))?;
        Telnet::encode(octets, &mut self.out);
        // From here on they count as written, though the kernel may take them later: better a doubt than a second send.
        if let Poll::Ready(written) = self.poll_out(cx) {
            written?;
        }
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_out(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_server_of_serial_lines_is_told_the_speed_and_passes_data() {
        let (ours, mut theirs) = tokio::io::duplex(256);
        let mut line = Rfc2217::new(ours, LineSettings { baud: 9_600, handshake: false });
        line.write_all(b"AT\xff\r").await.unwrap();
        let mut greeting = [0; 15];
        theirs.read_exact(&mut greeting).await.unwrap();
        let mut command = [0; 5];
        theirs.read_exact(&mut command).await.unwrap();
        assert_eq!(&command, b"AT\xff\xff\r");
        theirs.write_all(&[255, 253, 44, b'O', b'K', b'\r', b'\n']).await.unwrap();
        let mut answer = [0; 4];
        line.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"OK\r\n");
        line.flush().await.unwrap();
        let mut set = [0; 10];
        theirs.read_exact(&mut set).await.unwrap();
        assert_eq!(set, [255, 250, 44, 1, 0, 0, 0x25, 0x80, 255, 240]);
        drop(theirs);
        assert_eq!(line.read(&mut [0; 8]).await.unwrap(), 0, "gone");
    }

    #[tokio::test]
    async fn a_device_file_is_opened_raw_and_for_us_alone() {
        let (controller, path) = pty();
        let port = ModemPort::Device(path.clone());
        let roots = Roots { proc: "/nowhere".into(), ..Roots::default() };
        let mut line = open(&port, LineSettings::default(), &roots).await.unwrap();
        line.write_all(b"AT\r").await.unwrap();
        let mut controller = Serial::new(controller).unwrap();
        let mut command = [0; 3];
        controller.read_exact(&mut command).await.unwrap();
        assert_eq!(&command, b"AT\r", "nothing is translated");
        let busy = open(&port, LineSettings::default(), &roots).await.err().unwrap();
        assert!(busy.text.contains("is in use by"), "{busy:?}");
        drop(line);
        assert!(open(&port, LineSettings::default(), &roots).await.is_ok(), "closing gives it back");
        let gone =
            open(&ModemPort::Device("/dev/nowhere".into()), LineSettings::default(), &roots).await.err().unwrap();
        assert!(gone.text.ends_with("does not exist"), "{gone:?}");
    }

    #[tokio::test]
    async fn a_modem_that_is_pulled_out_ends_the_stream() {
        let (controller, path) = pty();
        let mut line = open_device(&path, LineSettings::default(), &Roots::default()).await.unwrap();
        drop(controller);
        let end = line.read(&mut [0; 8]).await;
        assert!(matches!(&end, Ok(0)) || end.is_err(), "{end:?}");
    }

    /// The controlling end of a pseudo terminal, and the path of the other.
    fn pty() -> (std::os::fd::OwnedFd, PathBuf) {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::fs::fcntl_setfl(&controller, rustix::fs::OFlags::NONBLOCK).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let path = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        (controller, path.into())
    }
}
