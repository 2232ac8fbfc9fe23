//! What is particular about a carrier: the keys that `[[carrier]]` and the carrier files share.
//!
//! A carrier starts from the built-in defaults, takes what its file says, and then what its own block says.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use toml::de::DeValue;

use postrider_model::{Alphabet, Class, Concatenation, ErrorClass, Sender, State};
use postrider_smpp::profile::{
    AddressRules, BindMode, CarrierProfile, ClassForm, DefaultAlphabet, IdForm, ReceiptForm, ReceiptPlace,
    ReceiptSegments, RegisteredDelivery, SubmitWith, TimeForm, Timers, TonNpi, WINDOW_MAX,
};
use postrider_text::{Level, LongForm, NationalLanguage, TextProfile, TransliterationLevels};

use super::document::Section;
use super::tlv;
use super::value::{Checked, ascii, days, duration, flag, must_be, one_of, secs, str_of, text, whole, word};

const VERSIONS: [(&str, u8); 3] = [("3.3", 0x33), ("3.4", 0x34), ("5.0", 0x50)];
const BIND_MODES: [(&str, BindMode); 4] = [
    ("transceiver", BindMode::Transceiver),
    ("transmitter", BindMode::Transmitter),
    ("receiver", BindMode::Receiver),
    ("pair", BindMode::Pair),
];
const DEFAULT_ALPHABETS: [(&str, DefaultAlphabet); 5] = [
    ("gsm7", DefaultAlphabet::Gsm7),
    ("gsm7-packed", DefaultAlphabet::Gsm7Packed),
    ("latin1", DefaultAlphabet::Latin1),
    ("ascii", DefaultAlphabet::Ascii),
    ("utf8", DefaultAlphabet::Utf8),
];
const CLASS_FORMS: [(&str, ClassForm); 3] =
    [("general", ClassForm::General), ("group15", ClassForm::Group15), ("subunit", ClassForm::Subunit)];
const SUBMIT_WITH: [(&str, SubmitWith); 2] = [("submit_sm", SubmitWith::SubmitSm), ("data_sm", SubmitWith::DataSm)];
const TIME_FORMS: [(&str, TimeForm); 3] =
    [("absent", TimeForm::Absent), ("absolute", TimeForm::Absolute), ("relative", TimeForm::Relative)];
const RECEIPT_SEGMENTS: [(&str, ReceiptSegments); 3] =
    [("all", ReceiptSegments::All), ("last", ReceiptSegments::Last), ("none", ReceiptSegments::None)];
const RECEIPT_PLACES: [(&str, ReceiptPlace); 3] =
    [("either", ReceiptPlace::Either), ("tlv", ReceiptPlace::Tlv), ("text", ReceiptPlace::Text)];
const ID_FORMS: [(&str, IdForm); 3] = [("text", IdForm::Text), ("hex", IdForm::Hex), ("decimal", IdForm::Decimal)];
/// What a word of a receipt can mean.
const RECEIPT_STATES: [(&str, State); 6] = [
    ("sent", State::Sent),
    ("delivered", State::Delivered),
    ("undelivered", State::Undelivered),
    ("expired", State::Expired),
    ("failed", State::Failed),
    ("uncertain", State::Uncertain),
];
/// The alphabets that texts can be sent in.
const TEXT_ALPHABETS: [(&str, Alphabet); 4] =
    [("gsm7", Alphabet::Gsm7), ("ucs2", Alphabet::Ucs2), ("latin1", Alphabet::Latin1), ("euc-kr", Alphabet::EucKr)];

/// Reads the shared keys into both halves of a carrier.
pub(super) fn read(section: &mut Section<'_>, profile: &mut CarrierProfile, text_profile: &mut TextProfile) {
    read_bind(section, profile);
    read_message(section, profile);
    read_text(section, profile, text_profile);
    if let Some(inner) = section.section("addresses") {
        read_addresses(inner, &mut profile.addresses);
    }
    if let Some(inner) = section.section("receipts") {
        read_receipts(inner, &mut profile.receipts, &mut profile.registered_delivery);
    }
    tlv::read(section, &mut profile.tlvs);
    section.set_map("errors", &mut profile.errors, status_code, word(&ErrorClass::ALL, ErrorClass::as_str));
    if let Some(inner) = section.section("timers") {
        read_timers(inner, &mut profile.timers);
    }
    if let Some(mut inner) = section.section("pauses") {
        inner.set("throttled", &mut profile.pauses.throttled, duration(Duration::from_millis(100)..=secs(600)));
        inner.set("queue_full", &mut profile.pauses.queue_full, duration(Duration::from_millis(100)..=secs(600)));
        inner.finish();
    }
}

/// What only the whole profile can tell.
pub(super) fn check(section: &mut Section<'_>, profile: &CarrierProfile, text_profile: &TextProfile) {
    for alphabet in &text_profile.alphabets {
        if !profile.codings.contains_key(alphabet) {
            let word = alphabet.as_str();
            section
                .wrong("alphabets", &format!("names {word}, which has no data_coding; give codings.{word} a number"));
        }
    }
    if profile.submit_with == SubmitWith::DataSm && text_profile.long == LongForm::Payload {
        let what = "is \"payload\", which data_sm always is; choose udh8, udh16 or sar";
        section.wrong("long_form", what);
    }
    if profile.account.bind_mode == BindMode::Receiver {
        section.warn("bind_mode", "bind_mode is \"receiver\": nothing can be sent over this carrier".to_owned());
    }
}

fn read_bind(section: &mut Section<'_>, profile: &mut CarrierProfile) {
    let account = &mut profile.account;
    section.set("system_type", &mut account.system_type, ascii(12));
    section.set("interface_version", &mut account.interface_version, one_of(VERSIONS));
    section.set("address_range", &mut account.address_range.range, ascii(40));
    section.set("address_range_kind", &mut account.address_range.kind, ton_npi);
    section.set("bind_mode", &mut account.bind_mode, one_of(BIND_MODES));
    let most = i64::try_from(WINDOW_MAX).unwrap_or(i64::MAX);
    section.set("window", &mut profile.window, whole(1..=most));
    section.set("inbound_window", &mut profile.inbound_window, whole(1..=most));
}

fn read_message(section: &mut Section<'_>, profile: &mut CarrierProfile) {
    section.set_some("sender", &mut profile.sender, sender);
    section.set("service_type", &mut profile.service_type, ascii(5));
    section.set("class_form", &mut profile.class_form, one_of(CLASS_FORMS));
    section.set("submit_with", &mut profile.submit_with, one_of(SUBMIT_WITH));
    section.set("validity", &mut profile.validity, one_of(TIME_FORMS));
    section.set("more_messages_to_send", &mut profile.more_messages_to_send, flag);
    section.set_map("priority", &mut profile.priority, class, whole(0..=4));
}

fn read_text(section: &mut Section<'_>, profile: &mut CarrierProfile, text_profile: &mut TextProfile) {
    if section.set_list("alphabets", &mut text_profile.alphabets, one_of(TEXT_ALPHABETS)) == Some(0) {
        section.wrong("alphabets", "is empty; write [\"gsm7\", \"ucs2\"]");
    }
    let mut codings: BTreeMap<Alphabet, Option<u8>> = BTreeMap::new();
    section.set_map("codings", &mut codings, alphabet, coding);
    for (alphabet, coding) in codings {
        match coding {
            Some(coding) => drop(profile.codings.insert(alphabet, coding)),
            None => drop(profile.codings.remove(&alphabet)),
        }
    }
    section.set("default_alphabet_mt", &mut profile.default_alphabet_mt, one_of(DEFAULT_ALPHABETS));
    section.set("default_alphabet_mo", &mut profile.default_alphabet_mo, one_of(DEFAULT_ALPHABETS));
    section.set("header_without_udhi", &mut profile.header_without_udhi, flag);
    if section.set("long_form", &mut text_profile.long, word(&LongForm::ALL, LongForm::as_str)) {
        profile.long_form = match text_profile.long {
            LongForm::Udh8 => Concatenation::Reference8,
            LongForm::Udh16 => Concatenation::Reference16,
            LongForm::Sar => Concatenation::Sar,
            LongForm::Payload => Concatenation::Payload,
        };
    }
    let languages = word(&NationalLanguage::ALL, NationalLanguage::as_str);
    section.set_list("national_languages", &mut text_profile.national, languages);
    let mut levels: Vec<Level> = text_profile.transliterate.iter().collect();
    if section.set_list("transliterate", &mut levels, word(&Level::ALL, Level::as_str)).is_some() {
        text_profile.transliterate = levels.into_iter().collect::<TransliterationLevels>();
    }
    section.set("segments_max", &mut text_profile.segments_max, whole(1..=255));
}

fn read_addresses(mut section: Section<'_>, addresses: &mut AddressRules) {
    section.set("international", &mut addresses.international, ton_npi);
    section.set("digits", &mut addresses.digits, ton_npi);
    section.set("alphanumeric", &mut addresses.alphanumeric, ton_npi);
    section.set("destination", &mut addresses.destination, ton_npi);
    section.set("strip_plus", &mut addresses.strip_plus, flag);
    section.finish();
}

fn read_receipts(mut section: Section<'_>, form: &mut ReceiptForm, delivery: &mut RegisteredDelivery) {
    section.set("segments", &mut delivery.segments, one_of(RECEIPT_SEGMENTS));
    section.set("intermediate", &mut delivery.intermediate, flag);
    section.set("place", &mut form.place, one_of(RECEIPT_PLACES));
    section.set("id_in_response", &mut form.id_in_response, one_of(ID_FORMS));
    section.set("id_in_receipt", &mut form.id_in_receipt, one_of(ID_FORMS));
    section.set("zone", &mut form.zone, zone);
    section.set("accepted_is_delivered", &mut form.accepted_is_delivered, flag);
    section.set("detect_by_text", &mut form.detect_by_text, flag);
    section.set_map("states", &mut form.states, |word| Ok(word.to_uppercase()), one_of(RECEIPT_STATES));
    section.finish();
}

fn read_timers(mut section: Section<'_>, timers: &mut Timers) {
    for (key, target) in [
        ("connect", &mut timers.connect),
        ("bind_response", &mut timers.bind_response),
        ("session_init", &mut timers.session_init),
        ("enquire_link", &mut timers.enquire_link),
        ("enquire_link_response", &mut timers.enquire_link_response),
        ("response", &mut timers.response),
        ("unbind", &mut timers.unbind),
    ] {
        section.set(key, target, duration(secs(1)..=secs(3_600)));
    }
    section.set("enquire_link_misses_max", &mut timers.enquire_link_misses_max, whole(1..=20));
    section.set("inactivity", &mut timers.inactivity, |value| match value.as_str() {
        Some("never") => Ok(None),
        _ => duration(secs(10)..=days(7))(value).map(Some),
    });
    section.finish();
}

pub(super) fn sender(value: &DeValue<'_>) -> Checked<Sender> {
    Sender::parse(&text(value)?).map_err(|why| format!("is wrong: {why}"))
}

/// `[1, 1]`: type of number and numbering plan.
fn ton_npi(value: &DeValue<'_>) -> Checked<TonNpi> {
    let wrong = || must_be("two numbers like [1, 1]: type of number (0 to 7), numbering plan (0 to 18)", value);
    let DeValue::Array(pair) = value else { return Err(wrong()) };
    let number = |place: usize, most: i64| {
        pair.get(place).and_then(|entry| whole::<u8>(0..=most)(entry.get_ref()).ok()).ok_or_else(wrong)
    };
    if pair.len() != 2 {
        return Err(wrong());
    }
    Ok(TonNpi::new(number(0, 7)?, number(1, 18)?))
}

fn class(key: &str) -> Checked<Class> {
    key.parse().map_err(|_| format!("is no class; known are {}", Class::ALL.map(Class::as_str).join(", ")))
}

fn alphabet(key: &str) -> Checked<Alphabet> {
    Alphabet::ALL.into_iter().find(|known| known.as_str() == key).ok_or_else(|| {
        let all = Alphabet::ALL.map(Alphabet::as_str).join(", ");
        format!("is no alphabet; known are {all}")
    })
}

fn coding(value: &DeValue<'_>) -> Checked<Option<u8>> {
    match value.as_str() {
        Some("none") => Ok(None),
        _ => whole(0..=255)(value).map(Some).map_err(|_| must_be("a data_coding from 0 to 255, or \"none\"", value)),
    }
}

/// A `command_status`: `0x45` or `69`.
fn status_code(key: &str) -> Checked<u32> {
    let read = match key.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => key.parse(),
    };
    read.ok().filter(|code| *code != 0).ok_or_else(|| "is no command_status; write it like 0x00000045".to_owned())
}

pub(super) fn zone(value: &DeValue<'_>) -> Checked<TimeZone> {
    let name = str_of(value, "a time zone like \"Asia/Seoul\"")?;
    TimeZone::get(name).map_err(|_| format!("must be a time zone like \"Asia/Seoul\" or \"UTC\", not \"{name}\""))
}
