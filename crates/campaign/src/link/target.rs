//! Decides where a short link may lead: to an http or https address with a host, or to a page of the gateway's own.

use std::fmt;
use std::fmt::Write as _;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::fault::{Fault, short};

/// The longest address, in octets as it is sent.
pub const TARGET_MAX: usize = 2_000;
/// The scheme of links to the gateway's own pages: `page:NAME`.
pub const PAGE: &str = "page:";
/// The longest name of a page, survey, contest and the like.
const NAME_MAX: usize = 60;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// To an address on the net, in ASCII as a `Location` header has it.
    Address(String),
    /// To a page of the gateway's own.
    Page(String),
}

impl Target {
    /// Reads `https://shop.example/tea`, or `page:NAME`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let wrong = |detail: String| Fault::new("", "wrong_target", detail);
        match text.strip_prefix(PAGE) {
            Some(name) => check_name(name, "page").map(|()| Self::Page(name.to_owned())),
            None => address(text).map(Self::Address).map_err(|why| wrong(format!("\"{}\" {why}", short(text)))),
        }
    }
}

impl FromStr for Target {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Self::read(text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => f.write_str(address),
            Self::Page(name) => write!(f, "{PAGE}{name}"),
        }
    }
}

/// Checks the name of a page, survey, contest and the like.
///
/// # Errors
/// Says how they are written.
pub fn check_name(name: &str, what: &str) -> Result<(), Fault> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(known) {
        return Ok(());
    }
    let detail = format!(
        "\"{}\" is no name of a {what}: small letters, digits, - and _, at most {NAME_MAX} of them",
        short(name)
    );
    Err(Fault::new("", "wrong_name", detail))
}

/// The address with everything beyond ASCII escaped, so that all browsers read the same.
fn address(text: &str) -> Result<String, String> {
    // Browsers pass over some of these and take a backslash for a slash; then a host would not be what it looks like.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("has a blank, a control character or a backslash".to_owned());
    }
    let (scheme, rest) = text.split_once("://").ok_or("is no address; write https://shop.example/tea")?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return Err("does not begin with https:// or http://".to_owned());
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err("has a user name before its host".to_owned());
    }
    check_authority(authority)?;
    let mut address = format!("{scheme}://{}", authority.to_ascii_lowercase());
    for character in path.chars() {
        if character.is_ascii_graphic() && !"\"<>^`{|}".contains(character) {
            address.push(character);
        } else {
            let mut octets = [0; 4];
            for octet in character.encode_utf8(&mut octets).bytes() {
                write!(address, "%{octet:02X}").map_err(|error| error.to_string())?;
            }
        }
    }
    if address.len() > TARGET_MAX {
        return Err(format!("has more than {TARGET_MAX} octets"));
    }
    Ok(address)
}

/// A host with an optional port. Names beyond ASCII are written in their `xn--` form.
fn check_authority(authority: &str) -> Result<(), String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or("has a bracket that is not closed")?;
            address.parse::<Ipv6Addr>().map_err(|_| "has no readable address in its brackets".to_owned())?;
            ("", port.strip_prefix(':').or_else(|| port.is_empty().then_some("443")).ok_or("has no readable port")?)
        }
        None => authority.split_once(':').unwrap_or((authority, "443")),
    };
    if !port.parse::<u16>().is_ok_and(|port| port > 0) || port.starts_with('+') {
        return Err("has no readable port".to_owned());
    }
    if authority.starts_with('[') {
        return Ok(());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.len() <= 253 && name.split('.').all(label) {
        return Ok(());
    }
    Err("has no host that a browser can find; write names beyond ASCII in their xn-- form".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Fault> {
        Target::read(text).map(|target| target.to_string())
    }

    #[test]
    fn addresses_are_kept_in_ascii() {
        for (text, expected) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:8443/Tea?a=1&b=%20#top", "https://shop.example:8443/Tea?a=1&b=%20#top"),
            ("http://192.0.2.7/", "http://192.0.2.7/"),
            ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
            ("https://shop.example/차", "https://shop.example/%EC%B0%A8"),
            ("https://shop.example/a\"<b>", "https://shop.example/a%22%3Cb%3E"),
            ("https://shop.example?to=https://other.example", "https://shop.example?to=https://other.example"),
            ("page:spring-offer", "page:spring-offer"),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
            assert_eq!(read(expected).unwrap(), expected, "what was read is read again");
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for wrong in [
            "",
            "shop.example",
            "//shop.example/",
            "/tea",
            "javascript:alert(1)",
            "JavaScript://shop.example/%0aalert(1)",
            "data:text/html,x",
            "ftp://shop.example/",
            "https://",
            "https:///tea",
            "https:shop.example",
            "https://shop.example@evil.example/",
            "https://shop.example\\@evil.example/",
            "https://shop.example\r\nSet-Cookie: a=b",
            "https://shop.example/a b",
            "https://shop.example:0/",
            "https://shop.example:+80/",
            "https://shop.example:99999/",
            "https://shop..example/",
            "https://-shop.example/",
            "https://가게.example/",
            "https://[::1/",
            "https://[shop.example]/",
            "page:",
            "page:Spring",
            "page:../x",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
        let long = |length: usize| format!("https://a.example/{}", "x".repeat(length - 18));
        assert!(read(&long(TARGET_MAX)).is_ok() && read(&long(TARGET_MAX + 1)).is_err());
    }
}
