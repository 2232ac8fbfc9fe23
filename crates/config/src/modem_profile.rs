//! What is particular about a maker's modem: the keys of a modem profile, read over the profile that it starts from.

use std::time::Duration;

use toml::de::DeValue;

use postrider_at::{
    Acknowledge, Cnmi, Init, Matches, ModemProfile, PinCounter, Ports, Receiving, Recovery, SendErrorClass, Sending,
    UssdForm,
};

use super::document::Section;
use super::value::{Checked, duration, filled, flag, must_be, one_of, secs, str_of, text, whole};

const ACKNOWLEDGES: [(&str, Acknowledge); 5] = [
    ("none", Acknowledge::None),
    ("bare", Acknowledge::Bare),
    ("zero", Acknowledge::Zero),
    ("one", Acknowledge::One),
    ("pdu", Acknowledge::Pdu),
];
const USSD_FORMS: [(&str, UssdForm); 3] =
    [("plain", UssdForm::Plain), ("packed", UssdForm::Packed), ("ucs2", UssdForm::Ucs2)];
const SEND_ERRORS: [(&str, SendErrorClass); 15] = [
    ("network-retry", SendErrorClass::NetworkRetry),
    ("network-busy", SendErrorClass::NetworkBusy),
    ("no-network", SendErrorClass::NoNetwork),
    ("permanent-number", SendErrorClass::PermanentNumber),
    ("temporary-number", SendErrorClass::TemporaryNumber),
    ("permanent-message", SendErrorClass::PermanentMessage),
    ("sim-account", SendErrorClass::SimAccount),
    ("sim", SendErrorClass::Sim),
    ("sim-wait", SendErrorClass::SimWait),
    ("modem", SendErrorClass::Modem),
    ("storage", SendErrorClass::Storage),
    ("config", SendErrorClass::Config),
    ("duplicate", SendErrorClass::Duplicate),
    ("unknown-outcome", SendErrorClass::UnknownOutcome),
    ("ignore", SendErrorClass::Ignore),
];
/// Numbers in `+CMS ERROR` and `+CME ERROR` stay below this.
const ERROR_CODE_MAX: u32 = 65_535;
/// Networks answer after up to 135 s, so a shorter wait makes doubts out of messages that were sent.
const RESULT_WAIT_MIN: Duration = secs(150);
/// A command longer than this is refused by some modems, and none needs it.
const COMMAND_MAX: usize = 200;

/// Reads every key of a profile but `description` and `base` into `profile`.
pub(super) fn read(section: &mut Section<'_>, profile: &mut ModemProfile) {
    section.set("ussd", &mut profile.ussd, one_of(USSD_FORMS));
    section.set_list("noise", &mut profile.noise, filled);
    if let Some(inner) = section.section("match") {
        read_matches(inner, &mut profile.matches);
    }
    if let Some(inner) = section.section("ports") {
        read_ports(inner, &mut profile.ports);
    }
    if let Some(inner) = section.section("init") {
        read_init(inner, &mut profile.init);
    }
    if let Some(inner) = section.section("send") {
        read_send(inner, &mut profile.send);
    }
    if let Some(inner) = section.section("receive") {
        read_receive(inner, &mut profile.receive);
    }
    if let Some(inner) = section.section("recovery") {
        read_recovery(inner, &mut profile.recovery);
    }
}

fn read_matches(mut section: Section<'_>, matches: &mut Matches) {
    section.set_list("usb", &mut matches.usb, usb_id);
    section.set_list("makers", &mut matches.makers, filled);
    section.set_list("models", &mut matches.models, filled);
    section.finish();
}

fn read_ports(mut section: Section<'_>, ports: &mut Ports) {
    let mut interfaces = std::collections::BTreeMap::new();
    section.set_map("interfaces", &mut interfaces, product, interface_list);
    if !interfaces.is_empty() {
        ports.interfaces = interfaces.into_iter().collect();
        // What holds for all other products is looked at last.
        ports.interfaces.sort_by_key(|(product, _)| (product.is_none(), *product));
    }
    section.set_list("protocols", &mut ports.protocols, protocol);
    section.set_some("baud", &mut ports.baud, baud);
    section.set("handshake", &mut ports.handshake, flag);
    section.finish();
}

fn read_init(mut section: Section<'_>, init: &mut Init) {
    section.set_list("first", &mut init.first, command);
    section.set_list("after_sim", &mut init.after_sim, command);
    section.set("ready_line", &mut init.ready_line, |value| Ok(Some(text(value)?).filter(|line| !line.is_empty())));
    section.set("ready_wait", &mut init.ready_wait, duration(secs(1)..=secs(300)));
    match section.switch_or_section("pin_counter") {
        Some(Some(inner)) => init.pin_counter = read_pin_counter(inner, init.pin_counter.take()),
        Some(None) => {
            section.wrong("pin_counter", "must be false or { command = \"...\", prefix = \"...\", field = 0 }")
        }
        None if section.has("pin_counter") => init.pin_counter = None,
        None => {}
    }
    section.set_list("iccid", &mut init.iccid, command);
    section.set("service", &mut init.service, |value| match whole(0..=128)(value)? {
        service @ (0 | 1 | 128) => Ok(service),
        _ => Err(must_be("0, 1 or 128", value)),
    });
    section.set_list("storage", &mut init.storage, storage);
    section.set_list("indications", &mut init.indications, indications);
    section.set("command_gap", &mut init.command_gap, duration(Duration::ZERO..=secs(1)));
    section.finish();
}

fn read_pin_counter(mut section: Section<'_>, before: Option<PinCounter>) -> Option<PinCounter> {
    let none = PinCounter { command: String::new(), prefix: String::new(), field: 0 };
    let mut counter = before.unwrap_or(none);
    section.set("command", &mut counter.command, command);
    section.set("prefix", &mut counter.prefix, filled);
    section.set("field", &mut counter.field, whole(0..=20));
    section.finish();
    (!counter.command.is_empty() && !counter.prefix.is_empty()).then_some(counter)
}

fn read_send(mut section: Section<'_>, send: &mut Sending) {
    section.set("more_messages", &mut send.more_messages, whole(0..=2));
    section.set("prompt_wait", &mut send.prompt_wait, duration(secs(1)..=secs(60)));
    section.set("result_wait", &mut send.result_wait, duration(RESULT_WAIT_MIN..=secs(600)));
    if let Some(mut inner) = section.section("chunks") {
        let (mut octets, mut pause) = send.chunks.unwrap_or((18, Duration::from_millis(10)));
        inner.set("octets", &mut octets, whole(1..=1_000));
        inner.set("pause", &mut pause, duration(Duration::from_millis(1)..=secs(1)));
        inner.finish();
        send.chunks = Some((octets, pause));
    }
    section.set("validity", &mut send.validity, flag);
    let mut errors = send.errors.iter().copied().collect();
    section.set_map("errors", &mut errors, error_code, one_of(SEND_ERRORS));
    send.errors = errors.into_iter().collect();
    section.set_some("on_unknown_error", &mut send.on_unknown_error, command);
    section.finish();
}

fn read_receive(mut section: Section<'_>, receive: &mut Receiving) {
    section.set("acknowledge", &mut receive.acknowledge, one_of(ACKNOWLEDGES));
    section.set("reports_in_sr", &mut receive.reports_in_sr, flag);
    section.set("lists", &mut receive.lists, flag);
    section.set("list_wait", &mut receive.list_wait, duration(secs(5)..=secs(600)));
    section.set("sweep_every", &mut receive.sweep_every, duration(secs(10)..=secs(86_400)));
    section.finish();
}

fn read_recovery(mut section: Section<'_>, recovery: &mut Recovery) {
    section.set("reset", &mut recovery.reset, command);
    section.set("reset_wait", &mut recovery.reset_wait, duration(secs(1)..=secs(300)));
    section.set("reset_reopens", &mut recovery.reset_reopens, flag);
    section.set("usb", &mut recovery.usb, flag);
    section.finish();
}

/// One AT command: printable, and without what would send a message or wait for a prompt.
fn command(value: &DeValue<'_>) -> Checked<String> {
    let line = filled(value)?;
    let upper = line.to_ascii_uppercase();
    if !upper.starts_with("AT") || !line.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) || line.len() > COMMAND_MAX {
        return Err(must_be(format_args!("an AT command of at most {COMMAND_MAX} printable characters"), value));
    }
    match ["+CMGS", "+CMGW", "+CMGC", "+CMSS"].into_iter().find(|sends| upper.contains(sends)) {
        Some(sends) => Err(format!("may not hold {sends}: messages are sent from the queue only")),
        None => Ok(line),
    }
}

fn hex16(text: &str) -> Option<u16> {
    (text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| u16::from_str_radix(text, 16).ok())
        .flatten()
}

/// `12d1:1506`, or `12d1:*` for all products of a vendor.
fn usb_id(value: &DeValue<'_>) -> Checked<(u16, Option<u16>)> {
    let what = "a USB id like \"12d1:1506\", or \"12d1:*\" for all of a vendor's";
    let read = str_of(value, what)?.split_once(':').and_then(|(vendor, product)| {
        let product = if product == "*" { None } else { Some(hex16(product)?) };
        Some((hex16(vendor)?, product))
    });
    read.ok_or_else(|| must_be(what, value))
}

fn product(key: &str) -> Checked<Option<u16>> {
    if key == "*" {
        return Ok(None);
    }
    hex16(key).map(Some).ok_or_else(|| "is no product; write its four hexadecimal digits, or \"*\" for all".to_owned())
}

fn interface_list(value: &DeValue<'_>) -> Checked<Vec<u8>> {
    let what = "a list of USB interface numbers like [2, 3]";
    let DeValue::Array(entries) = value else { return Err(must_be(what, value)) };
    let numbers: Checked<Vec<u8>> = entries.iter().map(|entry| whole(0..=255)(entry.get_ref())).collect();
    numbers.ok().filter(|numbers| !numbers.is_empty()).ok_or_else(|| must_be(what, value))
}

/// `ff/01/02`: class, subclass and protocol of a USB interface.
fn protocol(value: &DeValue<'_>) -> Checked<(u8, u8, u8)> {
    let what = "class, subclass and protocol in hexadecimal like \"ff/01/02\"";
    let mut parts = str_of(value, what)?.split('/').map(|part| u8::from_str_radix(part, 16));
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(class)), Some(Ok(subclass)), Some(Ok(protocol)), None) => Ok((class, subclass, protocol)),
        _ => Err(must_be(what, value)),
    }
}

/// The speeds that serial lines have.
pub(super) fn baud(value: &DeValue<'_>) -> Checked<u32> {
    const SPEEDS: [u32; 12] =
        [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 3_000_000];
    let all = SPEEDS.map(|speed| speed.to_string()).join(", ");
    let speed = whole::<u32>(0..=10_000_000)(value).ok().filter(|speed| SPEEDS.contains(speed));
    speed.ok_or_else(|| must_be(format_args!("one of {all}"), value))
}

fn storage(value: &DeValue<'_>) -> Checked<String> {
    let name = filled(value)?.to_ascii_uppercase();
    let known = ["ME", "SM", "MT", "SR", "BM", "TA"];
    if known.contains(&name.as_str()) { Ok(name) } else { Err(must_be(known.join(", "), value)) }
}

fn indications(value: &DeValue<'_>) -> Checked<Cnmi> {
    let what = "the five numbers of AT+CNMI like [2, 1, 0, 1, 0]";
    let DeValue::Array(entries) = value else { return Err(must_be(what, value)) };
    let numbers: Checked<Vec<u8>> = entries.iter().map(|entry| whole(0..=3)(entry.get_ref())).collect();
    numbers.ok().and_then(|numbers| Cnmi::try_from(numbers).ok()).ok_or_else(|| must_be(what, value))
}

fn error_code(key: &str) -> Checked<u32> {
    let code = key.parse().ok().filter(|code| *code <= ERROR_CODE_MAX);
    code.ok_or_else(|| "is no code of +CMS ERROR; write its number".to_owned())
}
