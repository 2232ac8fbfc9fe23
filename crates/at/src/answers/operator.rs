//! `+COPS`: the network's name and the technology (3GPP TS 27.007, 7.3).

use super::wide;
use crate::fields;

/// The network that `+COPS?` names: its name or code, and the technology.
/// `wide` says that the modem writes strings in UCS-2.
pub(crate) fn parse(text: &str, wide: bool) -> (Option<String>, Option<&'static str>) {
    let fields = fields::split(text);
    let name = fields.get(2).filter(|name| !name.is_empty()).map(|name| wide::readable(name, wide));
    // A network's name is shown to people: what a terminal would obey is dropped.
    let name = name.map(|name| name.chars().filter(|c| !c.is_control()).take(40).collect());
    (name, fields.get(3).and_then(|field| field.parse().ok()).and_then(technology))
}

/// The word for an access technology.
pub(crate) fn technology(number: u8) -> Option<&'static str> {
    Some(match number {
        0 | 1 => "GSM",
        2 => "UMTS",
        3 => "EDGE",
        4..=6 => "HSPA",
        7 => "LTE",
        8 => "EC-GSM",
        9 => "NB-IoT",
        10..=12 => "5G",
        13 => "LTE+5G",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_codes_and_nothing() {
        assert_eq!(parse("0,0,\"SKTelecom\",7", false), (Some("SKTelecom".to_owned()), Some("LTE")));
        assert_eq!(parse("1,2,\"45005\"", false), (Some("45005".to_owned()), None));
        assert_eq!(parse("1,0,\"CHINA MOBILE\",7", false), (Some("CHINA MOBILE".to_owned()), Some("LTE")));
        assert_eq!(parse("0,0,\"0053004B00540065006C\",7", false).0.as_deref(), Some("SKTel"), "in UCS-2");
        assert_eq!(parse("0", false), (None, None));
        assert_eq!(parse("0,0,\"\",99", false), (None, None));
    }
}
