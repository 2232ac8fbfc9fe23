//! `+CSQ` and `+CESQ`: the received strength in dBm (3GPP TS 27.007, 8.5 and 8.69).

use crate::fields;

/// The strength that `+CSQ` names; also Huawei's `^RSSI`.
pub(crate) fn csq(text: &str) -> Option<i16> {
    rssi(fields::split(text).first()?.parse().ok()?)
}

/// The strength of an rssi value: 0 to 31, or 100 to 191 where TD-SCDMA is spoken of.
fn rssi(value: i16) -> Option<i16> {
    match value {
        0..=31 => Some(-113 + 2 * value),
        100..=191 => Some(-116 + (value - 100)),
        _ => None,
    }
}

/// The strength that `+CESQ` names: the first known of RSRP (LTE), RSCP (UMTS) and RXLEV (GSM).
pub(crate) fn cesq(text: &str) -> Option<i16> {
    let fields = fields::split(text);
    let value = |place: usize, last: i16, base: i16| {
        let value: i16 = fields.get(place)?.parse().ok()?;
        (0..=last).contains(&value).then_some(base + value)
    };
    value(5, 97, -141).or_else(|| value(2, 96, -121)).or_else(|| value(0, 63, -111))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scales_of_csq() {
        for (text, dbm) in [
            ("17,99", Some(-79)),
            (" 11,0", Some(-91)),
            ("0,0", Some(-113)),
            ("1,0", Some(-111)),
            ("31,99", Some(-51)),
            ("99,99", None),
            ("100,99", Some(-116)),
            ("191,99", Some(-25)),
            ("199,99", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(csq(text), dbm, "{text}");
        }
    }

    #[test]
    fn the_scales_of_cesq() {
        assert_eq!(cesq("99,99,255,255,20,80"), Some(-61));
        assert_eq!(cesq("99,99,40,20,255,255"), Some(-81));
        assert_eq!(cesq("30,99,255,255,255,255"), Some(-81));
        assert_eq!(cesq("99,99,255,255,255,255"), None);
        assert_eq!(cesq("99"), None);
    }
}
