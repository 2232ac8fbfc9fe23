//! Whose request it is: by the connection or the proxy's word, and by what the request says of itself.

use std::net::IpAddr;

use axum::http::{Extensions, HeaderMap, HeaderName, Method, header};

use crate::campaign::link::{Signs, Visitor};
use crate::http::Peer;

/// The longest header that is looked at.
const HEADER_MAX: usize = 500;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// A person, a preview, a robot.
    pub visitor: Visitor,
    /// The address that the request came from, as far as it is known.
    pub address: Option<IpAddr>,
    /// Browser and address together, by which visitors of one link are told apart.
    pub who: String,
    /// The languages that the browser asks for, the best first.
    pub languages: Vec<String>,
}

impl Asking {
    /// Who sends this request.
    pub fn of(method: &Method, headers: &HeaderMap, extensions: &Extensions, address_header: Option<&str>) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(cut);
        let agent = text(header::USER_AGENT);
        let purposes = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
        let purpose = purposes.into_iter().find_map(|name| text(HeaderName::from_static(name)));
        let peer = extensions.get::<Peer>().copied().unwrap_or_default();
        let address = address(peer, headers, address_header);
        let shown = address.map(|address| address.to_string()).unwrap_or_default();
        Self {
            visitor: Visitor::of(Signs { is_head: method == Method::HEAD, agent, purpose }),
            address,
            who: format!("{}\n{shown}", agent.unwrap_or_default()),
            languages: languages(text(header::ACCEPT_LANGUAGE).unwrap_or_default()),
        }
    }
}

fn cut(text: &str) -> &str {
    text.get(..HEADER_MAX).unwrap_or(text.get(..text.len().min(HEADER_MAX)).unwrap_or_default())
}

/// The peer's address. What a header says of it counts only if the peer is a proxy in the own house.
fn address(peer: Peer, headers: &HeaderMap, header: Option<&str>) -> Option<IpAddr> {
    let Peer(direct) = peer;
    let is_own = direct.is_none_or(|address| match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    });
    // Each proxy adds to the end; what stands before it anybody can have written.
    let told = header.filter(|_| is_own).and_then(|name| headers.get_all(name).iter().next_back()?.to_str().ok());
    told.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()).or(direct)
}

/// The languages of `Accept-Language` by their weight.
fn languages(text: &str) -> Vec<String> {
    let mut weighed: Vec<(u32, String)> = text
        .split(',')
        .take(10)
        .filter_map(|entry| {
            let (name, rest) = entry.split_once(';').unwrap_or((entry, ""));
            let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
            let weight = (weight.clamp(0.0, 1.0) * 1000.0) as u32;
            let name = name.trim();
            (weight > 0 && !name.is_empty() && name != "*").then(|| (weight, name.to_owned()))
        })
        .collect();
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighed.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_proxys_word_counts_only_in_the_own_house() {
        let told = headers(&[("x-forwarded-for", "203.0.113.1, 198.51.100.2")]);
        let of = |peer: Option<&str>, header| {
            address(Peer(peer.map(|text| text.parse().unwrap())), &told, header).map(|address| address.to_string())
        };
        let header = Some("x-forwarded-for");
        assert_eq!(of(Some("127.0.0.1"), header).as_deref(), Some("198.51.100.2"));
        assert_eq!(of(None, header).as_deref(), Some("198.51.100.2"));
        assert_eq!(of(Some("192.0.2.7"), header).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(Some("127.0.0.1"), None).as_deref(), Some("127.0.0.1"));
    }

    #[test]
    fn languages_come_by_weight() {
        assert_eq!(languages("en;q=0.5, ko-KR, th;q=0.9, *;q=0.1, x;q=0"), ["ko-KR", "th", "en"]);
        assert_eq!(languages(";;,,q=,a;q=b"), ["q="]);
    }
}
