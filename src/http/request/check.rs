//! Decides whether the fields of a message make sense, and names every one that does not.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::http::problem::FieldError;
use crate::model::{Body, Data, Indication, NewMessage, PhoneNumber, Sender, Timestamp, Waiting};

use super::defaults::Defaults;
use super::message::{MessageRequest, Octets, PortsRequest, Span, WaitingRequest};
use super::text::Text;
use super::value;

const NUMBER_LENGTH_MAX: usize = 40;
const REFERENCE_LENGTH_MAX: usize = 128;
const WORD_LENGTH_MAX: usize = 64;
const TAGS_MAX: usize = 16;
const PARAMETERS_MAX: usize = 16;
const PARAMETER_LENGTH_MAX: usize = 256;
const CALLBACK_LENGTH_MAX: usize = 2_048;
/// Ten segments hold 1,530 characters; what is longer than this cannot pass, so it is not even encoded.
const TEXT_SIZE_BYTES_MAX: usize = 64 << 10;
/// The longest validity that a network can express (3GPP TS 23.040, 9.2.3.12.1).
const VALID_FOR_MAX: Duration = Duration::from_secs(63 * 7 * 86_400);

/// Collects what is wrong while the fields are read.
struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, field: &str, code: &'static str, detail: impl Into<String>) {
        self.0.push(FieldError::new(format!("/{field}"), code, detail));
    }

    /// `text` read by `parse`; an error of `parse` is noted for `field`.
    fn parse<T, E: ToString>(
        &mut self,
        field: &str,
        code: &'static str,
        text: Option<&Text<'_>>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(text?).map_err(|error| self.add(field, code, error.to_string())).ok()
    }

    /// A string of at most `length_max` characters that is not empty.
    fn word(&mut self, field: &str, text: Option<Text<'_>>, length_max: usize) -> Option<String> {
        let text = text?;
        let length = text.chars().count();
        if length == 0 || length > length_max {
            self.add(field, "length", format!("{field} has {length} characters; 1 to {length_max} are possible"));
            return None;
        }
        Some(text.0.into_owned())
    }
}

/// Turns the JSON of a message into a message, or tells all that is wrong with it.
///
/// # Errors
/// Every wrong field once, with a pointer that starts at the message. `known` are errors that were found before.
pub fn check(
    from: MessageRequest<'_>,
    defaults: Defaults,
    known: Vec<FieldError>,
) -> Result<NewMessage, Vec<FieldError>> {
    let mut errors = Errors(known);
    let to = recipient(from.to.as_ref(), defaults, &mut errors);
    // What only moves an indicator, or is not shown at all, needs no words.
    let needs_words = from.silent != Some(true) && from.waiting.is_none() && from.replace.is_none();
    let body = body(from.text, needs_words, from.data.as_ref(), from.udh.as_ref(), &mut errors);
    let indication =
        indication(from.flash, from.silent, from.replace, from.waiting.as_ref(), from.ports.as_ref(), &mut errors);
    let sender = errors
        .parse("from", "invalid_sender", from.from.as_ref(), |text| Sender::parse(bounded(text, NUMBER_LENGTH_MAX)?));
    let class =
        errors.parse("class", "unknown_word", from.class.as_ref(), |text| bounded(text, WORD_LENGTH_MAX)?.parse());
    let on_doubt = errors
        .parse("on_doubt", "unknown_word", from.on_doubt.as_ref(), |text| bounded(text, WORD_LENGTH_MAX)?.parse());
    let reference = errors.word("reference", from.reference, REFERENCE_LENGTH_MAX);
    let tags = tags(from.tags, &mut errors);
    let send_at = errors.parse("send_at", "invalid_time", from.send_at.as_ref(), instant);
    let valid_for = valid_for(from.valid_for.as_ref(), &mut errors);
    let callback = errors.parse("callback", "invalid_url", from.callback.as_ref(), callback_url);
    let route = errors.word("route", from.route, WORD_LENGTH_MAX);
    let parameters = parameters(from.parameters, &mut errors);
    let time_zone = errors.word("time_zone", from.time_zone, WORD_LENGTH_MAX);
    let exempt = errors.word("exempt", from.exempt, PARAMETER_LENGTH_MAX);
    let (Some(to), Some(body), []) = (to, body, errors.0.as_slice()) else {
        return Err(errors.0);
    };
    Ok(NewMessage {
        to,
        from: sender,
        body,
        class: class.unwrap_or(defaults.class),
        indication,
        reference,
        tags,
        send_at,
        valid_for,
        on_doubt,
        callback,
        transliterate: from.transliterate,
        route,
        link: None,
        parameters,
        time_zone,
        exempt,
    })
}

fn bounded(text: &str, length_max: usize) -> Result<&str, String> {
    if text.len() > length_max * 4 {
        return Err(format!("{} octets are too many here", text.len()));
    }
    Ok(text)
}

fn recipient(to: Option<&Text<'_>>, defaults: Defaults, errors: &mut Errors) -> Option<PhoneNumber> {
    // An earlier error about the type of this field is not repeated as a missing field.
    if to.is_none() && errors.0.iter().all(|error| error.pointer != "/to") {
        errors.add("to", "required", "to is required: the recipient's number with country code, like +821012345678");
    }
    errors.parse("to", "invalid_number", to, |text| {
        defaults.recipient(bounded(text, NUMBER_LENGTH_MAX)?).map_err(|error| error.to_string())
    })
}

fn body(
    text: Option<Text<'_>>,
    needs_words: bool,
    data: Option<&Octets<'_>>,
    udh: Option<&Octets<'_>>,
    errors: &mut Errors,
) -> Option<Body> {
    let concerned =
        |error: &FieldError| matches!(error.pointer.as_str(), "/text" | "/data") || error.pointer.starts_with("/data/");
    match (text, data) {
        (Some(_), Some(_)) => {
            errors.add("data", "conflict", "a message has text or data, not both");
            None
        }
        (None, None) => {
            if !errors.0.iter().any(concerned) {
                errors.add("text", "required", "text is required, or data for 8-bit messages");
            }
            None
        }
        (Some(text), None) => {
            if udh.is_some() {
                errors.add("udh", "conflict", "udh goes with data; a text gets its header by itself");
            }
            if text.len() > TEXT_SIZE_BYTES_MAX {
                errors.add("text", "too_long", format!("text has {} octets, which no message can hold", text.len()));
                return None;
            }
            if needs_words && is_blank(&text) {
                errors.add("text", "blank", "text has nothing in it that a handset shows");
                return None;
            }
            Some(Body::Text(text.0.into_owned()))
        }
        (None, Some(data)) => {
            let octets = octets("data", data, errors)?;
            let elements = match udh {
                None => Vec::new(),
                Some(udh) => elements(udh, errors)?,
            };
            Some(Body::Data(Data { octets, elements }))
        }
    }
}

/// Whether a handset shows nothing of a text: blanks, controls, and what is not seen.
fn is_blank(text: &str) -> bool {
    let unseen = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}')
    };
    text.chars().all(unseen)
}

fn octets(field: &str, from: &Octets<'_>, errors: &mut Errors) -> Option<Vec<u8>> {
    let (read, form) = match from {
        Octets::Plain(text) => (value::base64(text), "base64"),
        Octets::Hex(text) => (value::hex(&text.hex), "hexadecimal"),
    };
    if read.is_none() {
        errors.add(field, "invalid_octets", format!("{field} is not {form}; write base64, or {{\"hex\": \"0a1b\"}}"));
    }
    read
}

fn elements(udh: &Octets<'_>, errors: &mut Errors) -> Option<Vec<u8>> {
    let header = octets("udh", udh, errors)?;
    let elements = value::header_elements(&header).filter(|_| header.len() <= 140);
    if elements.is_none() {
        errors.add(
            "udh",
            "invalid_header",
            "udh starts with its length, then elements of id, length and octets, 140 octets at most; a length disagrees",
        );
    }
    elements.map(<[u8]>::to_vec)
}

fn indication(
    flash: Option<bool>,
    silent: Option<bool>,
    replace: Option<u8>,
    waiting: Option<&WaitingRequest<'_>>,
    ports: Option<&PortsRequest>,
    errors: &mut Errors,
) -> Indication {
    let silent = silent == Some(true);
    if let Some(kind) = replace.filter(|kind| !(1..=7).contains(kind)) {
        errors.add("replace", "out_of_range", format!("replace is {kind}; 1 to 7 are possible"));
    }
    if silent && replace.is_some() {
        errors.add("replace", "conflict", "a silent message replaces nothing: silent and replace exclude each other");
    }
    let protocol_id = match (silent, replace) {
        (true, _) => 0x40,
        (false, Some(kind @ 1..=7)) => 0x40 | kind,
        (false, _) => 0,
    };
    let waiting = waiting.and_then(|waiting| {
        let kind = match &*waiting.kind {
            "voicemail" => 0,
            "fax" => 1,
            "email" => 2,
            "other" => 3,
            _ => {
                errors.add("waiting/kind", "unknown_word", "kind is voicemail, fax, email or other");
                return None;
            }
        };
        Some(Waiting { kind, active: waiting.active, store: waiting.store })
    });
    if flash == Some(true) && waiting.is_some() {
        errors.add("flash", "conflict", "flash and waiting use the same octet and exclude each other");
    }
    Indication {
        message_class: (flash == Some(true)).then_some(0),
        protocol_id,
        waiting,
        ports: ports.map(|ports| (ports.destination, ports.source)),
    }
}

fn tags(from: Option<Vec<Text<'_>>>, errors: &mut Errors) -> Vec<String> {
    let from = from.unwrap_or_default();
    if from.len() > TAGS_MAX {
        errors.add("tags", "too_many", format!("{} tags; at most {TAGS_MAX} are possible", from.len()));
        return Vec::new();
    }
    from.into_iter()
        .enumerate()
        .filter_map(|(place, tag)| errors.word(&format!("tags/{place}"), Some(tag), WORD_LENGTH_MAX))
        .collect()
}

fn instant(text: &str) -> Result<Timestamp, String> {
    bounded(text, WORD_LENGTH_MAX)?.parse().map_err(|_| {
        format!("\"{text}\" is not a time with offset, like 2026-11-22T09:00:00+09:00 or 2026-11-22T00:00:00Z")
    })
}

fn valid_for(from: Option<&Span<'_>>, errors: &mut Errors) -> Option<Duration> {
    let span = match from? {
        Span::Seconds(seconds) => Some(Duration::from_secs(*seconds)),
        Span::Words(text) => value::span(text),
    };
    match span {
        None => errors.add(
            "valid_for",
            "invalid_span",
            "valid_for is a number of seconds or a text like \"24h\" or \"1h30m\"",
        ),
        Some(span) if span < Duration::from_secs(1) || span > VALID_FOR_MAX => {
            errors.add("valid_for", "out_of_range", "valid_for is from 1 second to 63 weeks");
        }
        Some(span) => return Some(span),
    }
    None
}

fn callback_url(text: &str) -> Result<String, String> {
    if text.len() > CALLBACK_LENGTH_MAX {
        return Err(format!("callback has {} octets; at most {CALLBACK_LENGTH_MAX} are possible", text.len()));
    }
    let host = text.parse::<axum::http::Uri>().ok().filter(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|all| !all.as_str().contains('@'))
    });
    match host {
        Some(_) => Ok(text.to_owned()),
        None => Err("callback is not a URL like https://shop.example/sms, without a user or password in it".to_owned()),
    }
}

fn parameters(from: Option<BTreeMap<Text<'_>, Text<'_>>>, errors: &mut Errors) -> BTreeMap<String, String> {
    let from = from.unwrap_or_default();
    if from.len() > PARAMETERS_MAX {
        errors.add(
            "parameters",
            "too_many",
            format!("{} parameters; at most {PARAMETERS_MAX} are possible", from.len()),
        );
        return BTreeMap::new();
    }
    from.into_iter()
        .filter_map(|(name, value)| {
            let name = errors.word("parameters", Some(name), WORD_LENGTH_MAX)?;
            let place = format!("parameters/{}", super::names::pointer_part(&name));
            Some((name, errors.word(&place, Some(value), PARAMETER_LENGTH_MAX)?))
        })
        .collect()
}
