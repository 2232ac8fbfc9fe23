//! Decides to which hosts and addresses callbacks may go.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// The hosts and networks that an operator listed as targets of callbacks. Nothing else is ever contacted.
///
/// A listed name allows public addresses only: what a name resolves to is not the operator's choice, so an address
/// inside the own network must be listed as a network, or be listed itself with the port that is asked. `localhost` by name
/// allows loopback.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedTargets {
    names: Vec<NameRule>,
    networks: Vec<IpNet>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NameRule {
    /// In lower case, without the dot at the end; with a dot in front when it stands for everything below it.
    name: Box<str>,
    port: Option<u16>,
}

impl AllowedTargets {
    /// Reads `shop.example`, `shop.example:8443`, `*.shop.example`, `192.0.2.7`, `[2001:db8::1]:8443` or `10.0.0.0/8`.
    ///
    /// # Errors
    /// The entry that cannot be read, with a sentence.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut targets = Self::default();
        for entry in entries {
            targets.add(entry.trim())?;
        }
        Ok(targets)
    }

    fn add(&mut self, entry: &str) -> Result<(), String> {
        if let Ok(network) = IpNet::from_str(entry) {
            self.networks.push(network.trunc());
            return Ok(());
        }
        let (host, port) = split_port(entry).ok_or_else(|| format!("\"{entry}\" has no readable port"))?;
        let name = normal(host);
        let bare = name.strip_prefix("*.").unwrap_or(&name);
        let plausible =
            bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':'));
        if bare.is_empty() || !plausible || (bare.contains(':') && bare.parse::<IpAddr>().is_err()) {
            return Err(format!("\"{entry}\" is no host, host:port, *.domain, address or network like 10.0.0.0/8"));
        }
        let name = if bare.len() < name.len() { format!(".{bare}") } else { bare.to_owned() };
        self.names.push(NameRule { name: name.into_boxed_str(), port });
        Ok(())
    }

    /// Whether the http or https URL `url` names a host that may be posted to. The poster asks again when it posts.
    pub fn allows_url(&self, url: &str) -> bool {
        let Some((scheme, rest)) = url.split_once("://") else { return false };
        let usual = match scheme.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        split_port(authority).is_some_and(|(host, port)| self.allows_host(host, port.unwrap_or(usual)))
    }

    /// Whether a URL with this host and port may be posted to. What a name resolves to is asked separately.
    pub fn allows_host(&self, host: &str, port: u16) -> bool {
        let host = normal(host);
        let listed = self.names.iter().any(|rule| {
            let matched = match rule.name.strip_prefix('.') {
                Some(_) => host.len() > rule.name.len() && host.ends_with(&*rule.name),
                None => *rule.name == *host,
            };
            matched && rule.port.is_none_or(|only| only == port)
        });
        listed || host.parse().is_ok_and(|address: IpAddr| self.in_networks(address))
    }

    /// Whether `address`, to which the listed name `host` resolves, may be connected to at `port`. An inner address that is
    /// listed opens only the port that it is listed with: one in the list for one service is no way to all others there.
    pub fn allows_address(&self, host: &str, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        let listed = |rule: &NameRule| {
            let itself = rule.name.parse().is_ok_and(|one: IpAddr| one.to_canonical() == address);
            itself && (rule.port == Some(port) || (rule.port.is_none() && *rule.name == *normal(host)))
        };
        is_public(address)
            || self.in_networks(address)
            || (address.is_loopback() && normal(host) == "localhost")
            || self.names.iter().any(listed)
    }

    fn in_networks(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

/// An origin is no longer than the longest host name with its scheme and port.
const ORIGIN_SIZE_BYTES_MAX: usize = 300;

/// The scheme, host and port of a URL in one form, like `https://shop.example:443`: what callbacks to the same target have
/// in common. A text that is no URL is given as it is, as far as an origin may be long.
pub fn origin_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = split_port(authority).unwrap_or((authority, None));
    let port = port.unwrap_or(if scheme == "https" { 443 } else { 80 });
    let mut origin = format!("{scheme}://{}:{port}", normal(host));
    origin.truncate(origin.floor_char_boundary(ORIGIN_SIZE_BYTES_MAX));
    origin
}

/// The host in lower case, without brackets and without the dot at the end.
fn normal(host: &str) -> String {
    let bare = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

fn split_port(entry: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = entry.rfind(']').map_or(0, |place| place + 1);
    match entry.get(after_bracket..)?.rsplit_once(':') {
        // A bare IPv6 address has more than one colon and no port.
        Some((before, _)) if after_bracket == 0 && before.contains(':') => Some((entry, None)),
        Some((before, port)) => Some((entry.get(..after_bracket + before.len())?, Some(port.parse().ok()?))),
        None => Some((entry, None)),
    }
}

/// Whether an address is on the open internet: none of the blocks of the IANA special-purpose registries (RFC 6890)
/// that lead into a machine or its own network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (b == 18 || b == 19))
                || (a == 192 && b == 0 && c == 0))
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            let embedded = matches!((a, b), (0x0064, 0xff9b) | (0x2002, _) | (0x2001, 0));
            a & 0xe000 == 0x2000 && !embedded && (a, b) != (0x2001, 0x0db8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_judged_by_its_host_and_port() {
        let allowed = targets();
        for url in
            ["https://shop.example/sms?a=b", "HTTPS://hooks.example:8443", "http://[fd00::7]/x", "http://10.1.2.3:9/"]
        {
            assert!(allowed.allows_url(url), "{url}");
        }
        for url in [
            "https://hooks.example/",
            "ftp://shop.example/",
            "https://shop.example@evil.example/",
            "shop.example",
            "http://[fd00::7/",
        ] {
            assert!(!allowed.allows_url(url), "{url}");
        }
    }

    #[test]
    fn one_target_has_one_origin_however_it_is_written() {
        for url in
            ["http://Shop.example", "HTTP://shop.example:80/a?b", "http://shop.example.?x", "http://a@shop.example/"]
        {
            assert_eq!(origin_of(url), "http://shop.example:80", "{url}");
        }
        assert_eq!(origin_of("https://shop.example/x"), "https://shop.example:443");
        assert_eq!(origin_of("http://[FD00::7]:9/x"), "http://fd00::7:9");
        assert_eq!(origin_of("nothing"), "://nothing:80");
        assert!(origin_of(&format!("http://{}", "é".repeat(1_000))).len() <= ORIGIN_SIZE_BYTES_MAX);
    }

    fn targets() -> AllowedTargets {
        AllowedTargets::parse([
            "Shop.example",
            "hooks.example:8443",
            "*.tools.example",
            "localhost",
            "192.0.2.7:9000",
            "10.1.0.0/16",
            "[fd00::7]:80",
        ])
        .unwrap()
    }

    #[test]
    fn only_listed_hosts_and_ports_are_allowed() {
        for (host, port) in [
            ("shop.example", 443),
            ("SHOP.example.", 80),
            ("hooks.example", 8443),
            ("a.b.tools.example", 80),
            ("10.1.2.3", 80),
            ("192.0.2.7", 9000),
            ("[fd00::7]", 80),
        ] {
            assert!(targets().allows_host(host, port), "{host}:{port}");
        }
        for (host, port) in [
            ("evil.example", 443),
            ("hooks.example", 443),
            ("tools.example", 80),
            ("eviltools.example", 80),
            ("10.2.0.1", 80),
            ("192.0.2.7", 80),
            ("127.0.0.1", 80),
            ("", 80),
        ] {
            assert!(!targets().allows_host(host, port), "{host}:{port}");
        }
    }

    #[test]
    fn a_name_that_resolves_into_the_own_network_is_stopped() {
        for address in [
            "127.0.0.1",
            "::1",
            "10.0.0.1",
            "169.254.169.254",
            "::ffff:192.168.0.1",
            "fe80::1",
            "0.0.0.0",
            "100.64.0.1",
            "64:ff9b::a00:1",
            "fc00::1",
        ] {
            assert!(!targets().allows_address("shop.example", address.parse().unwrap(), 80), "{address}");
        }
        for address in ["93.184.215.14", "2a00:1450:4001::1", "10.1.9.9", "::ffff:10.1.9.9"] {
            assert!(targets().allows_address("shop.example", address.parse().unwrap(), 80), "{address}");
        }
        assert!(targets().allows_address("localhost", "127.0.0.1".parse().unwrap(), 80));
        assert!(!targets().allows_address("localhost", "192.168.0.1".parse().unwrap(), 80));
    }

    #[test]
    fn a_listed_inner_address_opens_the_port_that_it_is_listed_with_and_no_other() {
        // As the configuration lists it: the operator's own URL, and names of others.
        let allowed =
            AllowedTargets::parse(["127.0.0.1:9000", "[::1]:9000", "10.0.0.5", "shop.example", "*.tools.example"])
                .unwrap();
        let allows = |host: &str, address: &str, port| allowed.allows_address(host, address.parse().unwrap(), port);
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(allows("shop.example", address, 9_000), "{address}");
            for port in [22, 80, 443, 9_001] {
                assert!(!allows("shop.example", address, port), "{address}:{port}");
                assert!(!allows("a.tools.example", address, port), "{address}:{port}");
            }
        }
        assert!(!allows("shop.example", "127.0.0.2", 9_000));
        assert!(!allows("shop.example", "10.0.0.5", 80), "an address without a port is allowed by its own name only");
        assert!(allows("10.0.0.5", "10.0.0.5", 80) && allows("shop.example", "93.184.215.14", 22));
        assert!(!allowed.allows_host("127.0.0.1", 80) && allowed.allows_host("127.0.0.1", 9_000));
        assert!(!allowed.allows_host("[::ffff:127.0.0.1]", 80));
    }

    #[test]
    fn entries_that_cannot_be_read_are_named() {
        for entry in
            ["", "http://shop.example/", "shop example", "shop.example:http", "shop.example:99999", "10.0.0.0/33", "*."]
        {
            assert!(AllowedTargets::parse([entry]).unwrap_err().contains(entry), "{entry}");
        }
    }
}
