//! `+CREG`, `+CGREG`, `+CEREG` and `+C5GREG`: where the modem stands with the network (3GPP TS 27.007, 7.2).

use crate::fields;
use postrider_model::Registration;

/// What one such line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Registered {
    /// The state.
    pub(crate) stat: u8,
    /// The access technology, where it is named.
    pub(crate) technology: Option<u8>,
}

/// Reads what stands behind the prefix. An answer to `AT+CREG?` has the setting first, an indication has not.
///
/// Some lines can be read both ways, so whether an answer is awaited decides: then, with two fields or more, the second
/// is the state if it is a plain small number.
pub(crate) fn parse(text: &str, answer: bool) -> Option<Registered> {
    let fields = fields::split(text);
    let small = |place: usize| fields.get(place).and_then(|field: &&str| field.parse::<u8>().ok().filter(|&n| n <= 11));
    // A quoted or long second field is the area code, so the line is an indication after all.
    let quoted = text.split(',').nth(1).is_some_and(|field| field.contains('"'));
    let place = usize::from(answer && !quoted && small(1).is_some() && fields.get(1).is_some_and(|f| f.len() <= 3));
    let technology = fields.get(place + 3).and_then(|field| field.parse().ok()).filter(|&technology| technology <= 13);
    Some(Registered { stat: small(place)?, technology })
}

/// The state's meaning. 9 and 10 carry messages too: only calls fall back to another network.
pub(crate) fn meaning(stat: u8) -> Registration {
    match stat {
        0 => Registration::Off,
        1 | 6 | 9 => Registration::Home,
        2 => Registration::Searching,
        3 => Registration::Denied,
        5 | 7 | 10 => Registration::Roaming,
        8 | 11 => Registration::EmergencyOnly,
        _ => Registration::Unknown,
    }
}

/// The best of several: on LTE without circuits `+CREG` may say denied while `+CEREG` says home.
pub(crate) fn best(states: impl IntoIterator<Item = u8>) -> Registration {
    let rank = |state: &Registration| match state {
        Registration::Home => 6,
        Registration::Roaming => 5,
        Registration::Searching => 4,
        Registration::Denied => 3,
        Registration::EmergencyOnly => 2,
        Registration::Off => 1,
        Registration::Unknown => 0,
    };
    states.into_iter().map(meaning).max_by_key(rank).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, answer: bool) -> Option<(u8, Option<u8>)> {
        parse(text, answer).map(|found| (found.stat, found.technology))
    }

    #[test]
    fn answers_of_every_maker() {
        for (text, stat, technology) in [
            ("1,3", 3, None),
            ("0,1", 1, None),
            ("2,1,\"8BE3\",\"00002BAF\"", 1, None),
            ("2,1,8BE3,2BAF", 1, None),
            ("2,1,4CA,81DE445", 1, None),
            ("0,1,\"5E25\",\"605F\",2", 1, Some(2)),
            ("002,001,\"18d8\",\"ffff\"", 1, None),
            ("2,0,00,0", 0, None),
            ("1,1,84CD,00D30173", 1, None),
            ("2,1, 81ED, 1A9CEB", 1, None),
            ("2,10,ebbd,f025", 10, None),
            ("2,1, 1F00, 20 ,79D903 ,7", 1, None),
            ("2,1,1F00,79D903,11,6,ABCDEF", 1, Some(11)),
            ("1, 2, 0001, 00000100, 7", 2, Some(7)),
            ("2,1,\"1F00\",\"79D903\",7", 1, Some(7)),
        ] {
            assert_eq!(read(text, true), Some((stat, technology)), "{text}");
        }
    }

    #[test]
    fn indications_of_every_maker() {
        for (text, stat, technology) in [
            ("3", 3, None),
            ("1,\"8BE3\",\"00002B5D\",3", 1, Some(3)),
            ("1,\"1422\",\"00000142\",3,\"00\"", 1, Some(3)),
            ("1, 1F00, 79D903 ,7", 1, Some(7)),
            ("6,\"8B37\",\"0A265185\",7", 6, Some(7)),
            ("2, 0001, 00000100, 7", 2, Some(7)),
        ] {
            assert_eq!(read(text, false), Some((stat, technology)), "{text}");
        }
        assert_eq!(read("1,\"8BE3\",\"00002B5D\",3", true), Some((1, Some(3))), "it came while an answer was awaited");
        for text in ["", "x", "12", ","] {
            assert_eq!(read(text, false), None, "{text}");
        }
    }

    #[test]
    fn the_best_domain_counts() {
        assert_eq!(best([3, 0, 1]), Registration::Home);
        assert_eq!(best([0, 7]), Registration::Roaming);
        assert_eq!(best([0, 3]), Registration::Denied);
        assert_eq!(best([3, 2]), Registration::Searching);
        assert_eq!(best([0, 11]), Registration::EmergencyOnly);
        assert_eq!(best([]), Registration::Unknown);
    }
}
