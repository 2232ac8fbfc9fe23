//! `[[carrier]]`: one account at one carrier: where it is, who we are there, and what is particular about it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::ExposeSecret;
use toml::de::DeValue;

use postrider_smpp::profile::CarrierProfile;
use postrider_text::TextProfile;

use super::carriers;
use super::document::{Section, Spot};
use super::files::Place;
use super::profile;
use super::secret::{Given, SecretKeys};
use super::value::{Checked, ascii, filled, must_be, rate, whole};

/// A carrier: a group of links with one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Carrier {
    /// The name of its group of links; unique.
    pub name: String,
    /// The carrier file that it started from.
    pub profile_name: String,
    /// Where to connect, tried in turn; at least one.
    pub hosts: Vec<HostPort>,
    /// TLS, if the carrier speaks it.
    pub tls: Option<Tls>,
    /// How many sessions it gets at once.
    pub binds: u16,
    /// The contract's rate over all binds, in segments a second; `None` is as fast as the windows allow.
    pub messages_per_second: Option<f64>,
    /// Account, addresses, codings, receipts, window, timers.
    pub profile: CarrierProfile,
    /// Alphabets, long messages, national languages, replacements.
    pub text: TextProfile,
}

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl FromStr for HostPort {
    type Err = String;

    /// Reads `host:port`, an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("must be host:port like smpp.example.net:2775, not \"{text}\"");
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?;
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let name = bare.unwrap_or(host);
        let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let is_host = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !name.is_empty() && name.chars().all(plausible),
        };
        if is_host { Ok(Self { host: name.to_owned(), port }) } else { Err(bad()) }
    }
}

/// How a carrier's links speak TLS. All `None` and empty: the system's authorities, the host's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// PEM file with the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file with our certificate and its chain.
    pub certificate_file: Option<PathBuf>,
    /// PEM file with its private key.
    pub key_file: Option<PathBuf>,
    /// SHA-256 of the carrier's certificate or public key, as 64 hexadecimal digits; any of them may match.
    pub pins: Vec<String>,
    /// The name that the certificate must have, where it is not the host's.
    pub server_name: Option<String>,
}

/// Most sessions of one carrier.
const BINDS_MAX: i64 = 64;
/// The longest name of a carrier or route.
const NAME_MAX: usize = 32;
/// `password` has room for so many characters (SMPP 3.4, 4.1.1). Some carriers give out longer ones.
const PASSWORD_USUAL_MAX: usize = 8;
/// What a session writes at most.
const PASSWORD_MAX: usize = 64;

impl Carrier {
    /// Reads one `[[carrier]]`. `None` if it has no usable name; what else is wrong was told.
    pub(super) fn read(mut section: Section<'_>, place: Place<'_>, segments_max: u8) -> Option<(Self, Spot)> {
        let name = read_name(&mut section, "carrier");
        let mut carrier = Self {
            name: name.clone().unwrap_or_default(),
            profile_name: "generic".to_owned(),
            hosts: Vec::new(),
            tls: None,
            binds: 1,
            messages_per_second: None,
            profile: CarrierProfile::default(),
            text: TextProfile { segments_max, ..TextProfile::default() },
        };
        carriers::start_from(&mut section, &mut carrier, place);
        match section.set_list("hosts", &mut carrier.hosts, |value| filled(value)?.parse()) {
            None => section.missing("hosts", "write hosts = [\"smpp.example.net:2775\"]"),
            Some(0) => section.wrong("hosts", "is empty; write hosts = [\"smpp.example.net:2775\"]"),
            Some(_) => {}
        }
        carrier.read_account(&mut section, place);
        section.set("binds", &mut carrier.binds, whole(1..=BINDS_MAX));
        section.set_some("messages_per_second", &mut carrier.messages_per_second, rate);
        carrier.tls = read_tls(&mut section, place);
        profile::read(&mut section, &mut carrier.profile, &mut carrier.text);
        profile::check(&mut section, &carrier.profile, &carrier.text);
        let spot = section.spot("name");
        section.finish();
        name.map(|_| (carrier, spot))
    }

    fn read_account(&mut self, section: &mut Section<'_>, place: Place<'_>) {
        let account = &mut self.profile.account;
        let user = "write the user name that the carrier gave you";
        let system_id = |value: &DeValue<'_>| match ascii(15)(value)? {
            text if text.is_empty() => Err(format!("is empty; {user}")),
            text => Ok(text),
        };
        if !section.set("system_id", &mut account.system_id, system_id) {
            section.missing("system_id", user);
        }
        match SecretKeys::PASSWORD.read(section, place) {
            Given::Secret(secret, key) => {
                if secret.expose().bytes().any(|byte| !matches!(byte, 0x20..=0x7e)) {
                    section.wrong(key, "has characters that are no printable ASCII");
                } else if secret.expose().len() > PASSWORD_MAX {
                    section.wrong(key, &format!("has more than {PASSWORD_MAX} characters"));
                } else if secret.expose().len() > PASSWORD_USUAL_MAX {
                    let sentence = format!(
                        "{key} has more than {PASSWORD_USUAL_MAX} characters; not every carrier takes that, ask yours \
                         if the bind is refused"
                    );
                    section.warn(key, sentence);
                }
                account.password = secret.into_inner();
            }
            Given::Wrong => {}
            Given::Nothing => section.missing(
                SecretKeys::PASSWORD.plain,
                "name a password_file, or a password_credential of the systemd unit",
            ),
        }
    }

    /// Whether the account is complete enough to bind.
    pub fn has_account(&self) -> bool {
        !self.profile.account.system_id.is_empty() && !self.profile.account.password.expose_secret().is_empty()
    }
}

/// Reads `name` and gives the section its place in sentences: `carrier "north"`.
pub(super) fn read_name(section: &mut Section<'_>, what: &str) -> Option<String> {
    let mut name = None;
    if !section.set_some("name", &mut name, check_name) {
        section.missing("name", &format!("write name = \"...\" below [[{what}]]"));
    }
    if let Some(name) = &name {
        section.rename(format!("{what} \"{name}\""));
    }
    name
}

/// A name stands in rows and logs, and a slash in it would read as the number of a bind.
pub(super) fn check_name(value: &DeValue<'_>) -> Checked<String> {
    let text = filled(value)?;
    let plausible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.len() <= NAME_MAX && text.chars().all(plausible) {
        return Ok(text);
    }
    Err(format!("must be 1 to {NAME_MAX} of the characters a-z A-Z 0-9 - _ . and not \"{text}\""))
}

fn read_tls(section: &mut Section<'_>, place: Place<'_>) -> Option<Tls> {
    let mut inner = section.switch_or_section("tls")?;
    let mut tls = Tls::default();
    let Some(section) = &mut inner else { return Some(tls) };
    for (key, target) in [
        ("ca_file", &mut tls.ca_file),
        ("certificate_file", &mut tls.certificate_file),
        ("key_file", &mut tls.key_file),
    ] {
        section.set_some(key, target, |value| filled(value).map(|text| place.path(&text)));
        if let Some(path) = target.as_ref().filter(|path| place.is_missing(path)) {
            section.wrong(key, &format!("names {}, which does not exist", path.display()));
        }
    }
    match (&tls.certificate_file, &tls.key_file) {
        (Some(_), None) => section.missing("key_file", "a client certificate needs its private key"),
        (None, Some(_)) => section.missing("certificate_file", "a private key needs its certificate"),
        _ => {}
    }
    section.set_list("pin_sha256", &mut tls.pins, pin);
    section.set_some("server_name", &mut tls.server_name, filled);
    inner?.finish();
    Some(tls)
}

fn pin(value: &DeValue<'_>) -> Checked<String> {
    let digits: String = filled(value)?.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    if digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(digits.to_ascii_lowercase());
    }
    Err(must_be("a SHA-256 fingerprint of 64 hexadecimal digits", value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_a_name_and_a_port() {
        for text in ["smpp.example.net:2775", "192.0.2.7:1", "[2001:db8::1]:65535"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
        for text in
            ["", "smpp.example.net", ":2775", "host:0", "host:65536", "2001:db8::1:2775", "smpp://host:1", "a b:1"]
        {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
    }
}
