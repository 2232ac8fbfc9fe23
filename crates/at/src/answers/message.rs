//! `+CMGS`, `+CMGL`, `+CMGR`, `+CMT` and `+CDS`: references, slots and announced lengths.

use crate::fields;

/// The TP-MR that `+CMGS:` names.
pub(crate) fn reference(text: &str) -> Option<u8> {
    fields::split(text).first()?.parse().ok()
}

/// The slot, state and TPDU length of a `+CMGL` line; the name field in between may be missing.
pub(crate) fn listed(text: &str) -> Option<(u16, u8, usize)> {
    let fields = fields::split(text);
    let length = fields.last()?.parse().ok().filter(|_| fields.len() >= 3)?;
    Some((fields.first()?.parse().ok()?, fields.get(1)?.parse().unwrap_or(1), length))
}

/// The state and TPDU length of a `+CMGR` line: `0,,25`, `1,"",25`, `,,92` or `24`.
pub(crate) fn read(text: &str) -> Option<(u8, usize)> {
    let fields = fields::split(text);
    let length = fields.last()?.parse().ok()?;
    let state = if fields.len() > 1 { fields[0].parse().unwrap_or(1) } else { 1 };
    Some((state, length))
}

/// The TPDU length of a `+CMT` or `+CDS` line: `,29`, `"",29`, `29`.
pub(crate) fn direct(text: &str) -> Option<usize> {
    fields::split(text).last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_may_be_followed_by_more() {
        assert_eq!(reference(" 64"), Some(64));
        assert_eq!(reference("17,\"26/01/15,10:51:51+04\""), Some(17));
        assert_eq!(reference("256"), None);
        assert_eq!(reference(""), None);
    }

    #[test]
    fn slots_come_with_and_without_names() {
        assert_eq!(listed("0,0,,23"), Some((0, 0, 23)));
        assert_eq!(listed("17,3,35"), Some((17, 3, 35)));
        assert_eq!(listed("5,1,\"a,b\",29"), Some((5, 1, 29)));
        assert_eq!(listed("5,29"), None);
        assert_eq!(listed(""), None);
    }

    #[test]
    fn a_read_slot_names_its_length_last() {
        assert_eq!(read("0,,25"), Some((0, 25)));
        assert_eq!(read("1,\"\",25"), Some((1, 25)));
        assert_eq!(read("24"), Some((1, 24)));
        assert_eq!(read(",,92"), Some((1, 92)));
        assert_eq!(read(""), None);
    }

    #[test]
    fn direct_ones_come_with_a_comma_a_name_or_neither() {
        for text in [",29", "29", "\"\",29", " ,29"] {
            assert_eq!(direct(text), Some(29), "{text}");
        }
        assert_eq!(direct("x"), None);
    }
}
