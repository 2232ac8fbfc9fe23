//! Speaks HTTP/1.1 to an API: one connection, one request at a time, kept alive. Made for a cheap load generator, and
//! enough for the commands that ask a running daemon.

use std::fmt::Write;
use std::io;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// The largest answer that is read.
const ANSWER_SIZE_BYTES_MAX: usize = 64 << 20;
/// An answer that takes longer is none.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Where an API listens: `http://127.0.0.1:8025` or `unix:/run/postrider/http.sock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Host and port.
    Tcp(String),
    /// A socket's path.
    Unix(String),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(path.to_owned()));
        }
        let authority = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        let has_port =
            authority.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !has_port || authority.contains('/') {
            return Err(format!("\"{text}\" is neither http://HOST:PORT nor unix:PATH"));
        }
        Ok(Self::Tcp(authority.to_owned()))
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection.
pub struct Connection {
    stream: Pin<Box<dyn Duplex>>,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to `place`.
    ///
    /// # Errors
    /// The system's own, with the place.
    pub async fn open(place: &Place) -> io::Result<Self> {
        let told = |error: io::Error| io::Error::new(error.kind(), format!("cannot reach {place:?}: {error}"));
        let stream: Pin<Box<dyn Duplex>> = match place {
            Place::Tcp(authority) => {
                let stream = TcpStream::connect(authority).await.map_err(told)?;
                stream.set_nodelay(true)?;
                Box::pin(stream)
            }
            Place::Unix(path) => Box::pin(UnixStream::connect(path).await.map_err(told)?),
        };
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a whole request and waits for its whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is none or takes too long.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.exchange_within(request, WAIT_MAX).await
    }

    /// As [`Connection::exchange`], with another patience.
    ///
    /// # Errors
    /// As [`Connection::exchange`].
    pub async fn exchange_within(&mut self, request: &[u8], wait: Duration) -> io::Result<Answer> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
        timeout(wait, self.exchange_now(request)).await.map_err(|_| late())?
    }

    async fn exchange_now(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let (status, length) = read_head(&self.buffer[..head]).ok_or_else(|| bad("the answer is not HTTP"))?;
        let whole = head.checked_add(length).filter(|whole| *whole <= ANSWER_SIZE_BYTES_MAX);
        let whole = whole.ok_or_else(|| bad("the answer is too long"))?;
        while self.buffer.len() < whole {
            self.read_more().await?;
        }
        let body = self.buffer[head..whole].to_vec();
        self.buffer.drain(..whole);
        Ok(Answer { status, body })
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Status and length of the body.
fn read_head(head: &[u8]) -> Option<(u16, usize)> {
    let text = str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let mut length = 0;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    Some((status, length))
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The octets of a request with a token, and with JSON where there is a body.
pub fn request(method: &str, path: &str, token: &str, body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n");
    // Writing to a string cannot fail.
    if let Some(body) = body {
        let _ = write!(text, "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    } else {
        text.push_str("\r\n");
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!("http://127.0.0.1:8025/".parse(), Ok(Place::Tcp("127.0.0.1:8025".into())));
        assert_eq!("[::1]:8025".parse(), Ok(Place::Tcp("[::1]:8025".into())));
        assert_eq!("unix:/run/x.sock".parse(), Ok(Place::Unix("/run/x.sock".into())));
        for text in ["", "https://shop.example", "127.0.0.1", "http://127.0.0.1:1/v1"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn heads_are_read_and_others_are_not() {
        assert_eq!(read_head(b"HTTP/1.1 202 Accepted\r\nContent-Length: 12\r\n\r\n"), Some((202, 12)));
        assert_eq!(read_head(b"SSH-2.0-x\r\n\r\n"), None);
        assert_eq!(read_head(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"), None);
    }
}
