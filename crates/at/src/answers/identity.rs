//! IMEI, IMSI, ICCID, own number, maker, model and firmware: bare lines, or lines with a prefix.

use super::wide;
use crate::fields;

/// `line` without the prefix that some modems write, and without quotes.
pub(crate) fn bare<'a>(line: &'a str, prefix: &str) -> &'a str {
    fields::behind(line, prefix).unwrap_or(line).trim().trim_matches('"').trim()
}

/// A name that a modem gives of itself, for people: without control characters, of bounded length.
pub(crate) fn name(line: &str, prefix: &str) -> String {
    let bare = bare(line, prefix);
    let bare = bare.strip_prefix("Revision:").or_else(|| bare.strip_prefix("revision:")).unwrap_or(bare);
    bare.trim().chars().filter(|c| !c.is_control()).take(64).collect()
}

/// The 15 digits of an IMEI. Some modems append the software version, as two more digits or behind a comma.
pub(crate) fn imei(line: &str) -> Option<String> {
    digits(bare(line, "+CGSN:"), 14..=17).map(|digits| digits.chars().take(15).collect())
}

/// The 6 to 15 digits of an IMSI.
pub(crate) fn imsi(line: &str) -> Option<String> {
    digits(bare(line, "+CIMI:"), 6..=15)
}

/// The digits of an ICCID, without its filler. `+CRSM` gives them in swapped pairs, as the SIM keeps them.
pub(crate) fn iccid(line: &str) -> Option<String> {
    if let Some(rest) = fields::behind(line, "+CRSM:") {
        let fields = fields::split(rest);
        let swapped = fields.get(2).filter(|_| fields.first() == Some(&"144"))?;
        let pairs = swapped.as_bytes().chunks_exact(2).flat_map(|pair| [pair[1], pair[0]]);
        return iccid(&pairs.map(char::from).collect::<String>());
    }
    let value = line.split_once(':').map_or(line, |(_, value)| value);
    let value = fields::split(value).into_iter().next_back()?;
    let value = value.trim_end_matches(['F', 'f']);
    // Some Chinese SIMs have letters in it.
    let is_one =
        (18..=20).contains(&value.len()) && value.starts_with("89") && value.bytes().all(|b| b.is_ascii_hexdigit());
    is_one.then(|| value.to_ascii_uppercase()).or_else(|| digits(value, 18..=20))
}

/// The first number of `+CNUM: "alpha","+82...",145` lines.
pub(crate) fn own_number(line: &str) -> Option<String> {
    let fields = fields::split(fields::behind(line, "+CNUM:")?);
    let number = wide::number(fields.get(1)?);
    let digits = digits(number.trim_start_matches('+'), 3..=15)?;
    let international = number.starts_with('+') || fields.get(2) == Some(&"145");
    Some(if international { format!("+{digits}") } else { digits })
}

fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let rest = &text[end..];
    let apart = rest.is_empty() || rest.starts_with([',', ' ', '/']);
    (apart && lengths.contains(&end)).then(|| text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imei_comes_bare_quoted_prefixed_and_with_its_version() {
        for line in ["490154203237518", "+CGSN: \"490154203237518\"", "\"490154203237518\"", "490154203237518,01"] {
            assert_eq!(imei(line).as_deref(), Some("490154203237518"), "{line}");
        }
        for line in ["", "+CGSN:", "12", "abc", "490154203237518999"] {
            assert_eq!(imei(line), None, "{line}");
        }
    }

    #[test]
    fn an_imsi_comes_bare_and_prefixed() {
        assert_eq!(imsi("450000000000001").as_deref(), Some("450000000000001"));
        assert_eq!(imsi("+CIMI: 450000000000001").as_deref(), Some("450000000000001"));
        assert_eq!(imsi("ERROR"), None);
    }

    #[test]
    fn an_iccid_comes_in_every_makers_form() {
        for line in [
            "+CCID: \"8982000000000000001F\"",
            "+CCID: 8982000000000000001F",
            "+QCCID: 8982000000000000001F",
            "+ICCID: 8982000000000000001",
            "^ICCID: 8982000000000000001",
            "#CCID: 8982000000000000001",
            "!ICCID: 8982000000000000001",
            "8982000000000000001F",
            "+ICCID: 8982000000000000001f",
            "+CRSM: 144,0,\"982800000000000000F1\"",
            "+CRSM: 144,0,98280000000000000010",
        ] {
            let found = iccid(line).unwrap_or_default();
            assert!(found.starts_with("898200000000000000"), "{line}: {found}");
        }
        assert_eq!(iccid("+CRSM: 148,4"), None);
        assert_eq!(iccid("+CCID: \"\""), None);
    }

    #[test]
    fn a_name_is_shown_to_people() {
        assert_eq!(name("+CGMR: LE20B03SIM7600M22", "+CGMR:"), "LE20B03SIM7600M22");
        assert_eq!(name("Revision: EC25ECGAR06A04M1G", "+CGMR:"), "EC25ECGAR06A04M1G");
        assert_eq!(name("+CGMM: \"M26\"", "+CGMM:"), "M26");
        assert_eq!(name(&"x".repeat(500), "").len(), 64);
    }

    #[test]
    fn the_own_number_is_often_missing() {
        assert_eq!(own_number("+CNUM: \"\",\"+821012345678\",145").as_deref(), Some("+821012345678"));
        assert_eq!(own_number("+CNUM: ,\"821012345678\",145,7,4").as_deref(), Some("+821012345678"));
        assert_eq!(own_number("+CNUM: \"own\",\"01012345678\",129").as_deref(), Some("01012345678"));
        assert_eq!(own_number("+CNUM: \"\",\"002B0038003200310030\",145").as_deref(), Some("+8210"), "in UCS-2");
        assert_eq!(own_number("+CNUM: \"\",\"\",145"), None);
        assert_eq!(own_number("OK"), None);
    }

    #[test]
    fn an_iccid_may_have_letters() {
        assert_eq!(iccid("+CCID: 898600B5191590001234").as_deref(), Some("898600B5191590001234"));
        assert_eq!(iccid("+CCID: 898600b519159000123F").as_deref(), Some("898600B519159000123"));
        assert_eq!(iccid("+CRSM: 144,0,\"98680 0\""), None);
    }
}
