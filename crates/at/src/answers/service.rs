//! `+CSMS` and `+CSCA`: the message service, and the service centre's number (3GPP TS 27.005, 3.2.1 and 3.3.1).

use crate::fields;

/// Whether `+CSMS=?` offers `service`.
pub(crate) fn offers(text: &str, service: u8) -> bool {
    fields::groups(text).first().is_some_and(|group| fields::numbers(group).contains(&u16::from(service)))
}

/// The number that `+CSCA?` names; `None` when it is empty. Some modems write UCS-2 in hexadecimal.
pub(crate) fn service_centre(text: &str) -> Option<String> {
    let fields = fields::split(text);
    let written = *fields.first()?;
    let number = of_ucs2(written).unwrap_or_else(|| written.to_owned());
    let digits = number.trim_start_matches('+');
    if digits.is_empty() || digits.len() > 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let international = number.starts_with('+') || fields.get(1) == Some(&"145");
    Some(if international { format!("+{digits}") } else { digits.to_owned() })
}

fn of_ucs2(text: &str) -> Option<String> {
    if text.len() < 8 || !text.len().is_multiple_of(4) {
        return None;
    }
    let unit = |unit: &[u8]| u8::from_str_radix(std::str::from_utf8(unit).ok()?.strip_prefix("00")?, 16).ok();
    text.as_bytes().chunks(4).map(|chunk| unit(chunk).map(char::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_in_ranges_and_lists() {
        assert!(offers("(0-1)", 1));
        assert!(offers("(0,128)", 128));
        assert!(offers("0,1", 0) && !offers("(0)", 1));
        assert!(!offers("", 1));
    }

    #[test]
    fn service_centres_come_with_and_without_plus() {
        for (text, number) in [
            ("\"+420602909909\",145", Some("+420602909909")),
            ("\"420602909909\",145", Some("+420602909909")),
            ("\"01077000000\",129", Some("01077000000")),
            ("\"002B003400320030\",145", Some("+420")),
            ("\"\",145", None),
            ("", None),
            ("\"+EMPTY\",145", None),
        ] {
            assert_eq!(service_centre(text).as_deref(), number, "{text}");
        }
    }
}
