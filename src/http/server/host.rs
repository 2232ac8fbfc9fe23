//! Decides whether a request is meant for this server, by its `Host`.
//!
//! A web page can make a browser send requests to `127.0.0.1` under a name of its own ("DNS rebinding"). Such a
//! request names that name as its host and is refused here.

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode, Uri, Version, header};

use super::super::problem::Problem;

/// The names that this server answers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// `localhost`, loopback addresses and `names`.
    pub fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| bare(name).to_ascii_lowercase()).collect())
    }

    /// Lets a request through or says why not.
    ///
    /// # Errors
    /// 400 without a host, 421 with another server's.
    pub fn check(&self, version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        // The absolute form of a request target goes before the header (RFC 9112, 3.2.2).
        let named = match uri.authority() {
            Some(authority) => authority.as_str(),
            None => match headers.get(header::HOST) {
                // Plain health checks speak HTTP/1.0 without a host; no browser does.
                None if version == Version::HTTP_10 => return Ok(()),
                value => value
                    .and_then(|value| value.to_str().ok())
                    .ok_or_else(|| Problem::bad_request("no_host", "the request has no readable Host header"))?,
            },
        };
        let name = bare(named);
        let local = name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|at: IpAddr| at.is_loopback());
        if local || self.0.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "unknown_host",
            format!("this server does not answer to \"{shown}\"; add the name to the allowed hosts if it should"),
        ))
    }
}

/// A host without port, brackets and the dot at the end.
fn bare(host: &str) -> &str {
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None if host.parse::<IpAddr>().is_ok() => host,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(host: &str) -> u16 {
        let hosts = Hosts::new(&["sms.shop.example".to_owned(), "192.0.2.7:8080".to_owned()]);
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
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
        ] {
            assert_eq!(status(host), 200, "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example", "192.0.2.8", "[::2]", "10.0.0.1"]
        {
            assert_eq!(status(host), 421, "{host}");
        }
    }

    #[test]
    fn a_request_without_a_host_is_refused() {
        let hosts = Hosts::new(&[]);
        assert!(hosts.check(Version::HTTP_10, &Uri::from_static("/"), &HeaderMap::new()).is_ok());
        assert_eq!(hosts.check(Version::HTTP_11, &Uri::from_static("/"), &HeaderMap::new()).unwrap_err().status(), 400);
        assert!(hosts.check(Version::HTTP_11, &Uri::from_static("http://localhost/"), &HeaderMap::new()).is_ok());
        assert!(hosts.check(Version::HTTP_11, &Uri::from_static("http://evil.example/"), &HeaderMap::new()).is_err());
    }
}
