//! Decides whether a request is meant for this server, by its `Host`.
//!
//! A web page can make a browser send requests to `127.0.0.1` under a name of its own ("DNS rebinding"). Such a
//! request names that name as its host and is refused here.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, StatusCode, Uri, Version, header};

use super::super::problem::Problem;

/// The names that this server answers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// `localhost`, loopback addresses and `names`.
    pub fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| bare(name)).collect())
    }

    /// Lets a request through or says why not.
    ///
    /// # Errors
    /// 400 without a host, with two, or with one that is none (RFC 9112, 3.2); 421 with another server's.
    pub fn check(&self, version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let mut values = headers.get_all(header::HOST).iter();
        let header = match (values.next(), values.next()) {
            (Some(_), Some(_)) => return Err(Problem::bad_request("two_hosts", "the request has more than one Host")),
            (Some(value), None) => {
                let text = value.to_str().map_err(|_| not_a_host("octets that are no text"))?;
                Some(host_of(text)?)
            }
            // Plain health checks speak HTTP/1.0 without a host; no browser does.
            (None, _) if version == Version::HTTP_10 => None,
            (None, _) => return Err(Problem::bad_request("no_host", "the request has no Host header")),
        };
        let target = uri.authority().map(|authority| host_of(authority.as_str())).transpose()?;
        // A target in absolute form names the host, too; both must name the same (RFC 9112, 3.2.2).
        let name = match (target, header) {
            (Some(target), Some(header)) if target != header => {
                return Err(Problem::bad_request("hosts_differ", "the request's target and its Host name two hosts"));
            }
            (Some(name), _) | (None, Some(name)) => name,
            (None, None) => return Ok(()),
        };
        if self.0.contains(&name) || is_local(&name) {
            return Ok(());
        }
        let shown: String = name.chars().take(80).collect();
        Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "unknown_host",
            format!("this server does not answer to \"{shown}\"; add the name to the allowed hosts if it should"),
        ))
    }
}

fn is_local(name: &str) -> bool {
    name == "localhost" || name.parse().is_ok_and(|at: IpAddr| at.to_canonical().is_loopback())
}

/// The host of `host[:port]` in its plain form, if that is what `written` is: a name, an IPv4 address, or an IPv6 address in
/// brackets, with a port or without, and nothing else.
fn host_of(written: &str) -> Result<String, Problem> {
    let (host, rest) = match written.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) if address.parse::<Ipv6Addr>().is_ok() => (address, rest),
        Some(_) => return Err(not_a_host(written)),
        None => written.split_at(written.find(':').unwrap_or(written.len())),
    };
    let port_is_good = match rest.strip_prefix(':') {
        None => rest.is_empty(),
        Some("") => true,
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
    };
    let name = bare(host);
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    if !port_is_good || name.is_empty() || host.contains("..") || !name.bytes().all(good) {
        return Err(not_a_host(written));
    }
    Ok(name)
}

fn not_a_host(written: &str) -> Problem {
    let shown: String = written.chars().filter(|c| !c.is_control()).take(80).collect();
    Problem::bad_request(
        "not_a_host",
        format!("the request's host is a name or an address, and a port, not \"{shown}\""),
    )
}

/// A host without port, brackets and the dot at the end, in lower case; an address as it is usually written.
fn bare(host: &str) -> String {
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None if host.parse::<IpAddr>().is_ok() => host,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name.parse::<IpAddr>().map_or(name, |address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(host: &str) -> u16 {
        let hosts = Hosts::new(&["sms.shop.example".to_owned(), "192.0.2.7:8080".to_owned()]);
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, axum::http::HeaderValue::from_bytes(host.as_bytes()).unwrap());
        hosts
            .check(Version::HTTP_11, &Uri::from_static("/v1/messages"), &headers)
            .map_or_else(|problem| problem.status().as_u16(), |()| 200)
    }

    #[test]
    fn only_own_names_are_answered() {
        for host in [
            "localhost",
            "LocalHost:8080",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "sms.shop.example",
            "SMS.shop.example.:443",
            "192.0.2.7",
            "localhost.",
            "localhost:",
            "[::ffff:127.0.0.1]",
            "[0:0:0:0:0:0:0:1]:1",
        ] {
            assert_eq!(status(host), 200, "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.0.2.8", "[::2]", "10.0.0.1"]
        {
            assert_eq!(status(host), 421, "{host}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for host in [
            "",
            ":80",
            ".",
            "localhost:80:evil",
            "localhost:80 evil",
            "localhost:+80",
            "localhost:65536",
            "localhost:8o",
            "localhost..",
            "user@localhost",
            "evil.example@localhost:80",
            "localhost/",
            "localhost,evil.example",
            "localhost#",
            "::1",
            "[::1",
            "[::1]evil",
            "[::1]:80:80",
            "[localhost]",
            "[127.0.0.1]",
            "[fe80::1%eth0]",
            " localhost",
            "l\u{f6}calhost",
        ] {
            assert_eq!(status(host), 400, "{host:?}");
        }
    }

    #[test]
    fn two_hosts_are_refused_even_if_they_agree() {
        let hosts = Hosts::new(&[]);
        let mut headers = HeaderMap::new();
        for version in [Version::HTTP_10, Version::HTTP_11] {
            headers.append(header::HOST, "localhost".parse().unwrap());
            headers.append(header::HOST, "localhost".parse().unwrap());
            assert_eq!(hosts.check(version, &Uri::from_static("/"), &headers).unwrap_err().status(), 400);
        }
    }

    #[test]
    fn a_target_in_absolute_form_names_the_host_and_must_agree_with_the_header() {
        let hosts = Hosts::new(&[]);
        let check = |uri: &'static str, host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            let checked = hosts.check(Version::HTTP_11, &Uri::from_static(uri), &headers);
            checked.map_or_else(|problem| problem.status().as_u16(), |()| 200)
        };
        assert_eq!(check("http://localhost/", "LOCALHOST.:80"), 200);
        assert_eq!(check("http://localhost/", "evil.example"), 400);
        assert_eq!(check("http://evil.example/", "localhost"), 400);
        assert_eq!(check("http://evil.example/", "evil.example"), 421);
        assert_eq!(check("http://user@localhost/", "localhost"), 400);
    }

    #[test]
    fn a_request_without_a_host_is_refused() {
        let hosts = Hosts::new(&[]);
        assert!(hosts.check(Version::HTTP_10, &Uri::from_static("/"), &HeaderMap::new()).is_ok());
        assert_eq!(hosts.check(Version::HTTP_11, &Uri::from_static("/"), &HeaderMap::new()).unwrap_err().status(), 400);
        let absolute = Uri::from_static("http://localhost/");
        assert_eq!(hosts.check(Version::HTTP_11, &absolute, &HeaderMap::new()).unwrap_err().status(), 400);
        assert!(hosts.check(Version::HTTP_10, &absolute, &HeaderMap::new()).is_ok());
    }
}
