//! The JSON of one message as a tool writes it; what its fields mean is checked in `check`.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use super::text::Text;

/// A message to send. Either `text` or `data` is there.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewMessage)]
#[serde(deny_unknown_fields)]
pub struct MessageRequest<'a> {
    /// The recipient with country code, or as written in the configured default country.
    #[serde(borrow, default)]
    #[schema(value_type = String, required = true, example = "+821012345678")]
    pub to: Option<Text<'a>>,
    /// The sender: a number with country code, a short code, or a name of up to 11 characters. The route's own if absent.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "Shop")]
    pub from: Option<Text<'a>>,
    /// The text, in any script.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "안녕하세요")]
    pub text: Option<Text<'a>>,
    /// 8-bit data instead of a text: base64, or `{"hex": "0605…"}`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<OctetsSchema>)]
    pub data: Option<Octets<'a>>,
    /// The user data header that goes before `data`, with its length octet: base64, or `{"hex": "06050415820000"}`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<OctetsSchema>)]
    pub udh: Option<Octets<'a>>,
    /// `otp`, `transactional` or `marketing`; the configured default, usually `transactional`, if absent.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "transactional")]
    pub class: Option<Text<'a>>,
    /// Show it at once and store it nowhere (message class 0).
    #[serde(default)]
    pub flash: Option<bool>,
    /// The handset acknowledges it and shows nothing (TP-PID 0x40).
    #[serde(default)]
    pub silent: Option<bool>,
    /// Replaces an earlier message of the same type, 1 to 7, from the same sender (TP-PID 0x41 to 0x47).
    #[serde(default)]
    #[schema(minimum = 1, maximum = 7)]
    pub replace: Option<u8>,
    /// Switches a message-waiting sign.
    #[serde(borrow, default)]
    #[schema(value_type = Option<WaitingRequest<'static>>)]
    pub waiting: Option<WaitingRequest<'a>>,
    /// Application ports.
    #[serde(default)]
    pub ports: Option<PortsRequest>,
    /// The tool's own name for it; comes back in answers and callbacks.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, max_length = 128)]
    pub reference: Option<Text<'a>>,
    /// Words to filter by.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 16)]
    pub tags: Option<Vec<Text<'a>>>,
    /// Not before this instant (RFC 3339 with offset).
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-22T09:00:00+09:00")]
    pub send_at: Option<Text<'a>>,
    /// How long it is worth sending: seconds, or a text like `24h` or `1h30m`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<SpanSchema>, example = "24h")]
    pub valid_for: Option<Span<'a>>,
    /// `hold` or `resend` when nobody can tell whether it was sent; the class's default if absent.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "resend")]
    pub on_doubt: Option<Text<'a>>,
    /// Where changes of state are posted; the configured target if absent.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "https://shop.example/sms")]
    pub callback: Option<Text<'a>>,
    /// Whether characters may be replaced by similar ones to stay in GSM 7-bit; the route's setting if absent.
    #[serde(default)]
    pub transliterate: Option<bool>,
    /// The route to take; chosen by rules if absent.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    pub route: Option<Text<'a>>,
    /// Values for the carrier's per-message TLVs, by their names in its configuration.
    #[serde(borrow, default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub parameters: Option<BTreeMap<Text<'a>, Text<'a>>>,
    /// The recipient's own time zone by its IANA name, for quiet hours; guessed from the number if absent.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "Asia/Seoul")]
    pub time_zone: Option<Text<'a>>,
    /// Why quiet hours, frequency caps and a missing consent do not hold for this message; stands on its timeline. Needs a
    /// token with the scope `consents:exempt`. An opt-out always holds.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, max_length = 256, example = "product recall 17/2026")]
    pub exempt: Option<Text<'a>>,
}

/// Octets: base64 by itself, or an object that names the form.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Octets<'a> {
    /// Base64, standard or URL alphabet, with or without padding.
    Plain(#[serde(borrow)] Text<'a>),
    /// Hexadecimal digits, blanks allowed.
    Hex(#[serde(borrow)] HexOctets<'a>),
}

/// Octets in hexadecimal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HexOctets<'a> {
    /// Two digits for each octet.
    #[serde(borrow)]
    #[schema(value_type = String)]
    pub hex: Text<'a>,
}

/// A message-waiting sign.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Waiting)]
#[serde(deny_unknown_fields)]
pub struct WaitingRequest<'a> {
    /// `voicemail`, `fax`, `email` or `other`.
    #[serde(borrow)]
    #[schema(value_type = String)]
    pub kind: Text<'a>,
    /// On or off.
    #[serde(default = "yes")]
    pub active: bool,
    /// Whether the handset also stores the text.
    #[serde(default)]
    pub store: bool,
}

fn yes() -> bool {
    true
}

/// Application ports (3GPP TS 23.040, 9.2.3.24.4).
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Ports)]
#[serde(deny_unknown_fields)]
pub struct PortsRequest {
    /// The port that the message is for.
    pub destination: u16,
    /// The port that it comes from.
    #[serde(default)]
    pub source: u16,
}

/// A span of time.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Span<'a> {
    /// Whole seconds.
    Seconds(u64),
    /// Numbers with units.
    Words(#[serde(borrow)] Text<'a>),
}

/// How [`Octets`] stand in the OpenAPI document.
#[derive(ToSchema)]
#[schema(as = Octets)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub enum OctetsSchema {
    /// Base64.
    Plain(String),
    /// Hexadecimal.
    Hex(HexOctets<'static>),
}

/// How a [`Span`] stands in the OpenAPI document.
#[derive(ToSchema)]
#[schema(as = Span)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub enum SpanSchema {
    /// Seconds.
    Seconds(u64),
    /// Numbers with units s, m, h, d, w.
    Words(String),
}
