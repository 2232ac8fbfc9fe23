//! Opens one connection to a carrier: TCP, and TLS over it where the carrier asks for it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls::{TlsError, TlsSettings, client_config, server_name};

/// After so long without traffic the kernel asks whether the peer is still there; `enquire_link` is asked far sooner.
const KEEPALIVE: Duration = Duration::from_secs(120);

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl HostPort {
    /// `port` of `host`.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl std::str::FromStr for HostPort {
    type Err = String;

    /// Reads `host:port`, an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("\"{text}\" is not host:port, like smpp.example.net:2775");
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?;
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if host.is_empty() || (bare.is_none() && host.contains(':')) {
            return Err(bad());
        }
        Ok(Self::new(host, port))
    }
}

/// TLS as a link uses it: the settings and what was made of them.
#[derive(Debug, Clone)]
pub struct Tls {
    settings: TlsSettings,
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Reads the files that `settings` names.
    ///
    /// # Errors
    /// Names the file and what to do about it.
    pub fn load(settings: TlsSettings) -> Result<Self, TlsError> {
        let config = client_config(&settings)?;
        Ok(Self { settings, config })
    }

    /// What it was made of.
    pub fn settings(&self) -> &TlsSettings {
        &self.settings
    }
}

/// One open connection.
#[derive(Debug)]
pub enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Over TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name, the network or the port.
    #[error("cannot connect to {0}: {1}")]
    Tcp(HostPort, io::Error),
    /// The address for `outbind`.
    #[error("cannot listen for outbind on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The certificate or the protocol.
    #[error("TLS with {0} failed: {1}")]
    Handshake(HostPort, io::Error),
    /// The name for the certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It took too long.
    #[error("{0} did not take the connection within {1:?}")]
    Timeout(HostPort, Duration),
}

/// Connects within `limit`.
///
/// # Errors
/// Says which host, which step and why.
pub async fn connect(
    place: &HostPort,
    tls: Option<&Tls>,
    limit: Duration,
) -> Result<(Stream, Option<SocketAddr>), ConnectError> {
    match tokio::time::timeout(limit, open(place, tls)).await {
        Ok(result) => result,
        Err(_) => Err(ConnectError::Timeout(place.clone(), limit)),
    }
}

/// Waits for a carrier that connects to us.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn listen(address: SocketAddr) -> Result<(Stream, Option<SocketAddr>), ConnectError> {
    let failed = |error| ConnectError::Listen(address, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let (tcp, peer) = listener.accept().await.map_err(failed)?;
    tune(&tcp);
    Ok((Stream::Plain(tcp), Some(peer)))
}

async fn open(place: &HostPort, tls: Option<&Tls>) -> Result<(Stream, Option<SocketAddr>), ConnectError> {
    let tcp = TcpStream::connect((place.host.as_str(), place.port))
        .await
        .map_err(|error| ConnectError::Tcp(place.clone(), error))?;
    let peer = tcp.peer_addr().ok();
    tune(&tcp);
    let Some(tls) = tls else { return Ok((Stream::Plain(tcp), peer)) };
    let name = server_name(&tls.settings, &place.host)?;
    let stream = TlsConnector::from(Arc::clone(&tls.config))
        .connect(name, tcp)
        .await
        .map_err(|error| ConnectError::Handshake(place.clone(), error))?;
    Ok((Stream::Tls(Box::new(stream)), peer))
}

/// A link works without either option, so a kernel that refuses one is no reason to give up.
fn tune(tcp: &TcpStream) {
    let _ = tcp.set_nodelay(true);
    let _ = SockRef::from(tcp).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, octets),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_addresses_and_bracketed_addresses() {
        for text in ["smpp.example.net:2775", "192.0.2.1:3550", "[2001:db8::1]:2775"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
        for text in ["", "smpp.example.net", ":2775", "a:0", "a:70000", "2001:db8::1:2775", "a:b"] {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
    }
}
