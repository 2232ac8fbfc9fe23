//! `[[modem]]`: one modem with its SIM: how it is found, what it is told, and what its SIM may do.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use postrider_model::{PhoneNumber, Sender};
use postrider_policy::pool::SimRules;

use super::carrier::{HostPort, check_name, read_name};
use super::document::{Section, Spot};
use super::files::Place;
use super::modem_profile::baud;
use super::modem_profiles::unknown;
use super::modems::{KEEP_ALIVE, Modems};
use super::problem::Report;
use super::profile::sender;
use super::secret::{Given, Secret, SecretKeys};
use super::sim_rules;
use super::value::{Checked, duration, filled, flag, must_be, str_of};

/// One modem that the configuration knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Modem {
    /// Its name; unique among all modems.
    pub name: String,
    /// The group of links that it belongs to: what routes name.
    pub group: String,
    /// How it is found.
    pub finding: Finding,
    /// The profile that it has, whatever it says of itself.
    pub profile: Option<String>,
    /// The speed of its line, where it differs from the profile's.
    pub baud: Option<u32>,
    /// The SIM's own number, where the SIM does not know it.
    pub number: Option<Sender>,
    /// The service centre's number, where the SIM's is empty or wrong.
    pub smsc: Option<PhoneNumber>,
    /// The SIM's PIN.
    pub pin: Option<Secret>,
    /// Whether status reports are asked for.
    pub reports: bool,
    /// How often it is asked whether it lives, while it has nothing else to do.
    pub keep_alive: Duration,
    /// A program and its arguments that bring it back when nothing else did, such as a power relay's; empty for none.
    pub hook: Vec<String>,
    /// What its SIM may do.
    pub rules: SimRules,
}

/// How a modem is found. None of these depends on the order in which the kernel numbers its ports.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Finding {
    /// A fixed port.
    Port(ModemPort),
    /// Wherever a modem with this IMEI is plugged in.
    Imei(String),
    /// Wherever this SIM is.
    Iccid(String),
    /// Whatever is plugged in at this place of the USB tree: `1-1.2`.
    UsbPath(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "{port}"),
            Self::Imei(imei) => write!(f, "IMEI {imei}"),
            Self::Iccid(iccid) => write!(f, "SIM {iccid}"),
            Self::UsbPath(path) => write!(f, "USB path {path}"),
        }
    }
}

/// A port that does not move.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModemPort {
    /// A device file, or a link to one as udev makes them.
    Device(PathBuf),
    /// A serial server that passes bytes on.
    Tcp(HostPort),
    /// A serial server that can be told the speed (RFC 2217).
    Rfc2217(HostPort),
}

impl fmt::Display for ModemPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(path) => write!(f, "{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
            Self::Rfc2217(host) => write!(f, "rfc2217://{host}"),
        }
    }
}

/// Where a modem and the names that it refers to stand.
pub(super) struct FoundModem {
    pub(super) modem: Modem,
    pub(super) name_spot: Spot,
    pub(super) group_spot: Spot,
    /// The key that says how it is found.
    pub(super) finding_spot: (&'static str, Spot),
}

const WAYS: [&str; 4] = ["port", "imei", "iccid", "usb_path"];

impl Modem {
    /// A modem as `[modems]` alone describes it.
    pub fn new(name: &str, finding: Finding, modems: &Modems) -> Self {
        Self {
            name: name.to_owned(),
            group: modems.group.clone(),
            finding,
            profile: None,
            baud: None,
            number: None,
            smsc: None,
            pin: None,
            reports: modems.reports,
            keep_alive: modems.keep_alive,
            hook: Vec::new(),
            rules: modems.rules.clone(),
        }
    }

    /// Reads one `[[modem]]`. `None` if it has no usable name or place; what else is wrong was told.
    pub(super) fn read(mut section: Section<'_>, place: Place<'_>, modems: &Modems) -> Option<FoundModem> {
        let name = read_name(&mut section, "modem");
        let finding = read_finding(&mut section);
        let found = finding.clone().map(|(_, finding)| finding);
        let nowhere = Finding::Imei(String::new());
        let mut modem = Self::new(name.as_deref().unwrap_or_default(), found.unwrap_or(nowhere), modems);
        section.set("group", &mut modem.group, check_name);
        let profiles = || modems.profiles.iter().map(|profile| profile.name.as_str());
        section.set_some("profile", &mut modem.profile, |value| {
            let name = filled(value)?;
            if profiles().any(|known| known == name) { Ok(name) } else { Err(unknown(&name, profiles())) }
        });
        section.set_some("baud", &mut modem.baud, baud);
        section.set_some("number", &mut modem.number, sender);
        section.set_some("smsc", &mut modem.smsc, phone_number);
        modem.pin = read_pin(&mut section, place);
        section.set("reports", &mut modem.reports, flag);
        section.set("keep_alive", &mut modem.keep_alive, duration(KEEP_ALIVE));
        section.set_list("hook", &mut modem.hook, filled);
        if modem.hook.first().is_some_and(|program| !program.starts_with('/')) {
            section.wrong("hook", "must begin with the full path of a program: [\"/usr/local/bin/relay\", \"3\"]");
        }
        sim_rules::read(&mut section, &mut modem.rules);
        let (name_spot, group_spot) = (section.spot("name"), section.spot("group"));
        let finding_spot = finding.as_ref().map(|(key, _)| (*key, section.spot(key)));
        section.finish();
        name?;
        Some(FoundModem { modem, name_spot, group_spot, finding_spot: finding_spot? })
    }
}

/// Tells every modem that is to be found like another one.
pub(super) fn check(modems: &[FoundModem], report: &Report) {
    for (place, FoundModem { modem, finding_spot: (key, spot), .. }) in modems.iter().enumerate() {
        if let Some(other) = modems[..place].iter().find(|other| other.modem.finding == modem.finding) {
            let message =
                format!("{key} is that of modem \"{}\", too; a modem can have one name only", other.modem.name);
            report.problem(spot.problem(key, message));
        }
    }
}

fn read_finding(section: &mut Section<'_>) -> Option<(&'static str, Finding)> {
    let mut given = WAYS.into_iter().filter(|key| section.has(key)).collect::<Vec<_>>().into_iter();
    let Some(key) = given.next() else {
        let advice = "write one of port = \"/dev/...\", imei = \"...\", iccid = \"...\" or usb_path = \"1-1.2\"; \
                      `postrider modem list` shows what is plugged in";
        section.missing("port", advice);
        return None;
    };
    if let Some(second) = given.next() {
        section.wrong(second, &format!("stands beside {key}; keep the one by which the modem is to be known"));
    }
    let mut finding = None;
    match key {
        "port" => section.set_some(key, &mut finding, |value| port(value).map(Finding::Port)),
        "imei" => section
            .set_some(key, &mut finding, |value| digits(value, 15..=15, "the 15 digits of an IMEI").map(Finding::Imei)),
        "iccid" => section.set_some(key, &mut finding, |value| {
            digits(value, 18..=20, "the 19 or 20 digits that are printed on the SIM").map(Finding::Iccid)
        }),
        _ => section.set_some(key, &mut finding, |value| usb_path(value).map(Finding::UsbPath)),
    };
    finding.map(|finding| (key, finding))
}

fn read_pin(section: &mut Section<'_>, place: Place<'_>) -> Option<Secret> {
    let Given::Secret(secret, key) = SecretKeys::PIN.read(section, place) else { return None };
    let pin = secret.expose();
    if (4..=8).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(secret);
    }
    section.wrong(key, "must hold a PIN of 4 to 8 digits, and nothing else");
    None
}

/// `/dev/...`, `tcp://host:port` or `rfc2217://host:port`.
fn port(value: &DeValue<'_>) -> Checked<ModemPort> {
    let what = "a device like \"/dev/serial/by-id/...\", or \"tcp://host:port\", or \"rfc2217://host:port\"";
    let written = str_of(value, what)?;
    let host = |text: &str| text.parse::<HostPort>().map_err(|_| must_be(what, value));
    match written.split_once("://") {
        Some(("tcp", rest)) => host(rest).map(ModemPort::Tcp),
        Some(("rfc2217", rest)) => host(rest).map(ModemPort::Rfc2217),
        None if written.starts_with('/') && !written.contains(['\0', '\n']) => Ok(ModemPort::Device(written.into())),
        Some(_) | None => Err(must_be(what, value)),
    }
}

fn digits(value: &DeValue<'_>, length: std::ops::RangeInclusive<usize>, what: &str) -> Checked<String> {
    let what = format!("{what}, in quotes");
    let bare: String = str_of(value, &what)?.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let right = length.contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_digit());
    if right { Ok(bare) } else { Err(must_be(what, value)) }
}

/// As the kernel names places: bus, then ports: `1-1.2`.
fn usb_path(value: &DeValue<'_>) -> Checked<String> {
    let what = "a place in the USB tree like \"1-1.2\"";
    let written = str_of(value, what)?;
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_path = written
        .split_once('-')
        .is_some_and(|(bus, ports)| number(bus) && ports.split('.').all(number) && written.len() <= 40);
    if is_path { Ok(written.to_owned()) } else { Err(must_be(what, value)) }
}

/// A number in international form.
pub(super) fn phone_number(value: &DeValue<'_>) -> Checked<PhoneNumber> {
    let what = "a number with plus and country code like \"+821012345678\"";
    str_of(value, what)?.parse().map_err(|_| must_be(what, value))
}
