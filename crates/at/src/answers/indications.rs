//! `+CNMI`: how a modem may announce messages and reports (3GPP TS 27.005, 3.4.1).

use crate::fields;
use crate::profile::Cnmi;

/// The values to try in turn, chosen from what `+CNMI=?` offers.
///
/// Messages are stored and announced (mt 1), so that one that comes while we crash is found again. Reports come directly
/// (ds 1) where that is offered, since several makers lose stored ones. Where a maker offers a value and refuses it, the
/// next is tried; the last ones do without reports.
pub(crate) fn choices(text: &str) -> Vec<Cnmi> {
    let offered: Vec<Vec<u16>> = fields::groups(text).iter().map(|group| fields::numbers(group)).collect();
    let wanted = |field: usize, order: &[u8]| -> Vec<u8> {
        let has =
            |value: &u8| offered.get(field).is_none_or(|known| known.is_empty() || known.contains(&u16::from(*value)));
        order.iter().copied().filter(has).collect()
    };
    let (modes, stores) = (wanted(0, &[2, 1]), wanted(1, &[1, 2]));
    let (reports, flush) = (wanted(3, &[1, 2, 0]), wanted(4, &[0, 1]));
    let mut choices = Vec::new();
    for ds in &reports {
        for mode in &modes {
            for mt in stores.iter().take(1) {
                for bfr in &flush {
                    choices.push([*mode, *mt, 0, *ds, *bfr]);
                }
            }
        }
    }
    if choices.is_empty() {
        [[2, 1, 0, 1, 0], [1, 1, 0, 1, 0], [2, 1, 0, 2, 0], [2, 1, 0, 0, 0]].to_vec()
    } else {
        choices
    }
}

/// Reads `+CNMI?`.
pub(crate) fn current(text: &str) -> Option<Cnmi> {
    let numbers: Vec<u8> = fields::split(text).iter().filter_map(|field| field.parse().ok()).collect();
    // Old modems have four fields.
    Some([
        *numbers.first()?,
        *numbers.get(1)?,
        *numbers.get(2)?,
        *numbers.get(3)?,
        numbers.get(4).copied().unwrap_or(0),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_choice_for_every_makers_ranges() {
        for (text, first) in [
            ("(0-3),(0-3),(0,2),(0,1),(0,1)", [2, 1, 0, 1, 0]),
            ("(0-3),(0-3),(0,2,3),(0-2),(0,1)", [2, 1, 0, 1, 0]),
            ("(0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)", [2, 1, 0, 1, 0]),
            ("(2),(0-1,3),(0,2),(0-1),(0)", [2, 1, 0, 1, 0]),
            ("(0-3),(0,1),(0,2,3),(0,2),(1)", [2, 1, 0, 2, 1]),
            ("(0-2),(0-1),(0-3),(0,2),(0-1)", [2, 1, 0, 2, 0]),
            ("(0-1),(0-1),0,0,1", [1, 1, 0, 0, 1]),
            ("2,1,0,1,0", [2, 1, 0, 1, 0]),
            ("nonsense", [2, 1, 0, 1, 0]),
            ("", [2, 1, 0, 1, 0]),
        ] {
            assert_eq!(choices(text)[0], first, "{text}");
        }
    }

    #[test]
    fn refused_values_are_followed_by_others_and_reports_are_given_up_last() {
        let choices = choices("(0-3),(0-3),(0,2,3),(0-2),(0,1)");
        assert_eq!(choices.last().unwrap()[3], 0);
        assert!(choices.contains(&[1, 1, 0, 1, 0]) && choices.contains(&[2, 1, 0, 2, 0]));
        assert!(choices.len() <= 12);
    }

    #[test]
    fn the_setting_is_read_back() {
        assert_eq!(current("2,1,0,2,0"), Some([2, 1, 0, 2, 0]));
        assert_eq!(current("2,1,0,2"), Some([2, 1, 0, 2, 0]));
        assert_eq!(current("2"), None);
    }
}
