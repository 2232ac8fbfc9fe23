//! `[http]`: where the API listens, and how much it takes.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use super::document::Section;
use super::files::Place;
use super::value::{Checked, duration, filled, secs, size, whole};

/// The HTTP side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Where to listen; at least one.
    pub listen: Vec<Listen>,
    /// Names that the `Host` header may have besides `localhost` and loopback addresses, without port.
    pub allowed_hosts: Vec<String>,
    /// The largest body of a request, in octets.
    pub body_size_max: usize,
    /// Most connections at once.
    pub connections_max: usize,
    /// A request head must be complete this long after its first octet.
    pub head_timeout: Duration,
    /// A body must be complete this long after its head.
    pub body_timeout: Duration,
    /// A connection is closed when the peer takes nothing of an answer for this long.
    pub write_timeout: Duration,
    /// A connection without a request is closed after this.
    pub idle_timeout: Duration,
}

/// One place to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: vec![Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 8025)))],
            allowed_hosts: Vec::new(),
            body_size_max: 16 << 20,
            connections_max: 2_048,
            head_timeout: secs(10),
            body_timeout: secs(30),
            write_timeout: secs(30),
            idle_timeout: secs(75),
        }
    }
}

impl Http {
    pub(super) fn read(&mut self, mut section: Section<'_>, place: Place<'_>) {
        if section.set_list("listen", &mut self.listen, |value| listen(value, place)) == Some(0) {
            section.wrong("listen", "is empty; write [\"127.0.0.1:8025\"] or a unix socket");
        }
        for open in self.listen.iter().filter(|one| matches!(one, Listen::Tcp(at) if !at.ip().is_loopback())) {
            let sentence = format!(
                "{open} can be reached from other machines, and tokens and texts travel there unencrypted; \
                 listen on 127.0.0.1 behind a proxy that speaks TLS"
            );
            section.warn("listen", sentence);
        }
        section.set_list("allowed_hosts", &mut self.allowed_hosts, host_name);
        section.set("body_size_max", &mut self.body_size_max, size(1 << 10..=256 << 20));
        section.set("connections_max", &mut self.connections_max, whole(1..=65_536));
        for (key, target) in [
            ("head_timeout", &mut self.head_timeout),
            ("body_timeout", &mut self.body_timeout),
            ("write_timeout", &mut self.write_timeout),
            ("idle_timeout", &mut self.idle_timeout),
        ] {
            section.set(key, target, duration(secs(1)..=secs(3_600)));
        }
        section.finish();
    }
}

pub(super) fn listen(value: &DeValue<'_>, place: Place<'_>) -> Checked<Listen> {
    let text = filled(value)?;
    if let Some(path) = text.strip_prefix("unix:") {
        return match path {
            "" => Err("has no path; write unix:/run/postrider/http.sock".to_owned()),
            path => Ok(Listen::Unix(place.path(path))),
        };
    }
    text.parse().map(Listen::Tcp).map_err(|_| {
        format!("must be an address and port like 127.0.0.1:8025, [::1]:8025 or unix:/path, not \"{text}\"")
    })
}

fn host_name(value: &DeValue<'_>) -> Checked<String> {
    let text = filled(value)?.to_ascii_lowercase();
    let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let bare = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let is_address = bare.unwrap_or(&text).parse::<std::net::IpAddr>().is_ok();
    if is_address || text.chars().all(plausible) {
        return Ok(text);
    }
    Err(format!("must be a host name without port or scheme, not \"{text}\""))
}
