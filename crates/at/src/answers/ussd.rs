//! `+CUSD`: what the network says in a USSD dialogue, in the several codings that modems use (3GPP TS 27.007, 7.15).

use crate::profile::UssdForm;
use postrider_model::{Alphabet, Body, Indication};
use postrider_text::{self as text, TextProfile, septets};

/// Longer texts are cut; the network allows 182 characters.
const TEXT_MAX: usize = 2048;

/// What the network wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// 0: the dialogue is over.
    Done,
    /// 1: it waits for an answer.
    Asks,
    /// 2: the network ended it.
    Ended,
    /// 3: another client of the modem answered.
    Elsewhere,
    /// 4: the operation is not supported.
    Unsupported,
    /// 5: the network did not answer.
    TimedOut,
    /// What nobody defined.
    Unknown,
}

/// Reads what stands behind `+CUSD:`: the turn, and the text.
pub(crate) fn parse(text: &str) -> Option<(Turn, String)> {
    let (first, rest) = text.split_once(',').map_or((text, ""), |(first, rest)| (first, rest.trim()));
    let turn = match first.trim() {
        "0" => Turn::Done,
        "1" => Turn::Asks,
        "2" => Turn::Ended,
        "3" => Turn::Elsewhere,
        "4" => Turn::Unsupported,
        "5" => Turn::TimedOut,
        turn if !turn.is_empty() && turn.bytes().all(|byte| byte.is_ascii_digit()) => Turn::Unknown,
        _ => return None,
    };
    // The text may hold quotes and commas, so the coding is looked for from the end.
    let (said, coding) = match rest.rsplit_once(',') {
        Some((said, coding)) => match coding.trim().parse::<u8>() {
            Ok(coding) => (said.trim(), Some(coding)),
            Err(_) => (rest, None),
        },
        None => (rest, None),
    };
    let said = said.strip_prefix('"').unwrap_or(said);
    let said = said.strip_suffix('"').unwrap_or(said);
    Some((turn, decode(said, coding.unwrap_or(15)).chars().take(TEXT_MAX).collect()))
}

/// The text, whatever form it is in. Hexadecimal by its coding; where that gives no sane text, the other way; else plain.
fn decode(said: &str, coding: u8) -> String {
    let Some(octets) = hexadecimal(said) else { return said.to_owned() };
    let ucs2 = || text::decode(Alphabet::Ucs2, &octets, &[]);
    let packed = || {
        let unpacked = septets::unpack(&octets, 0, octets.len() * 8 / 7);
        text::decode(Alphabet::Gsm7, &unpacked, &[]).trim_end_matches(['@', '\r', '\0']).to_owned()
    };
    let says_ucs2 = matches!(coding, 17 | 72) || coding & 0xcc == 0x48;
    // A text in octets is UTF-8 or Latin-1.
    let octets_alone = || match std::str::from_utf8(&octets) {
        Ok(text) => text.to_owned(),
        Err(_) => text::decode(Alphabet::Latin1, &octets, &[]),
    };
    if coding & 0xcc == 0x44 || coding & 0xf4 == 0xf4 {
        let text = octets_alone();
        return if is_sane(&text) { text } else { said.to_owned() };
    }
    let order = if says_ucs2 || looks_like_ucs2(&octets) { [ucs2(), packed()] } else { [packed(), ucs2()] };
    order.into_iter().find(|text| is_sane(text)).unwrap_or_else(|| said.to_owned())
}

/// Digits alone are more likely a plain text, such as an amount, unless there are many.
fn hexadecimal(said: &str) -> Option<Vec<u8>> {
    let letters = said.bytes().any(|byte| byte.is_ascii_alphabetic());
    if said.len() < 4 || (!letters && said.len() < 12) || !said.len().is_multiple_of(2) {
        return None;
    }
    let (pairs, _) = said.as_bytes().as_chunks::<2>();
    let octet = |pair: &[u8; 2]| {
        let text = std::str::from_utf8(pair).ok().filter(|_| pair.iter().all(u8::is_ascii_hexdigit))?;
        u8::from_str_radix(text, 16).ok()
    };
    pairs.iter().map(octet).collect()
}

/// Whether every second octet is zero, as in Latin text in UCS-2.
fn looks_like_ucs2(octets: &[u8]) -> bool {
    let zeros = octets.iter().step_by(2).filter(|&&octet| octet == 0).count();
    octets.len().is_multiple_of(2) && octets.len() >= 4 && zeros * 4 >= octets.len()
}

fn is_sane(text: &str) -> bool {
    let odd = |c: &char| *c == char::REPLACEMENT_CHARACTER || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    !text.is_empty() && text.chars().filter(odd).count() * 10 <= text.chars().count()
}

/// A code such as `*100#`, or the answer to a menu, as `AT+CUSD` wants it.
///
/// # Errors
/// A sentence when the modem's form cannot carry it.
pub(crate) fn encode(said: &str, form: UssdForm) -> Result<String, String> {
    if said.is_empty() || said.chars().count() > 160 || said.chars().any(|c| c == '"' || c.is_control()) {
        return Err("a USSD code has 1 to 160 characters, without quotes and control characters".to_owned());
    }
    match form {
        UssdForm::Plain => Ok(said.to_owned()),
        UssdForm::Ucs2 => Ok(said.encode_utf16().map(|unit| format!("{unit:04X}")).collect()),
        UssdForm::Packed => {
            let profile = TextProfile { alphabets: vec![Alphabet::Gsm7], ..TextProfile::default() };
            let written = text::encode(&Body::Text(said.to_owned()), &Indication::default(), &profile, Some(false));
            let Ok(written) = written else { return Err(format!("\"{said}\" has characters that GSM 7-bit lacks")) };
            let mut septets = written.encoded.segments.concat();
            // A full last octet would read as one more `@`: the specification fills it with CR (TS 23.038, 6.1.2.3.1).
            if septets.len() % 8 == 7 {
                septets.push(0x0d);
            }
            Ok(septets::pack(&septets, 0).iter().map(|octet| format!("{octet:02X}")).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_plain_packed_and_in_ucs2() {
        for (text, turn, said) in [
            ("0,\"Balance 12.40 USD\",15", Turn::Done, "Balance 12.40 USD"),
            ("1,\"1. Balance, 2. Offers\",15", Turn::Asks, "1. Balance, 2. Offers"),
            ("0,\"AA180C3602\",15", Turn::Done, "*100#"),
            ("0,\"C794C561\",72", Turn::Done, "\u{c794}\u{c561}"),
            ("0,\"00420061006C\",15", Turn::Done, "Bal"),
            ("0, C794C561,72", Turn::Done, "\u{c794}\u{c561}"),
            ("2", Turn::Ended, ""),
            ("4", Turn::Unsupported, ""),
            ("0,\"1250\",15", Turn::Done, "1250"),
            ("0,\"Say \"yes\", please\",15", Turn::Done, "Say \"yes\", please"),
            ("0,\"no coding\"", Turn::Done, "no coding"),
            ("2,\"Bye, 5\",15", Turn::Ended, "Bye, 5"),
            ("0,\"42616C616E6365\",68", Turn::Done, "Balance"),
            ("0,\"42616C616E6365\",244", Turn::Done, "Balance"),
            ("9,\"hm\",15", Turn::Unknown, "hm"),
        ] {
            assert_eq!(parse(text), Some((turn, said.to_owned())), "{text}");
        }
        assert_eq!(parse("x"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn codes_are_written_in_the_modems_form() {
        assert_eq!(encode("*100#", UssdForm::Plain).as_deref(), Ok("*100#"));
        assert_eq!(encode("*100#", UssdForm::Packed).as_deref(), Ok("AA180C3602"));
        assert_eq!(encode("*100#", UssdForm::Ucs2).as_deref(), Ok("002A0031003000300023"));
        assert!(encode("*100#\r", UssdForm::Plain).is_err());
        assert!(encode("\"", UssdForm::Plain).is_err());
        assert!(encode("\u{c794}", UssdForm::Packed).is_err());
        let seven = encode("*1234*#", UssdForm::Packed).unwrap();
        let answer = format!("0,\"{seven}\",15");
        assert_eq!(parse(&answer), Some((Turn::Done, "*1234*#".to_owned())));
    }
}
