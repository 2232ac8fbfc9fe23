//! What the codes of `+CMS ERROR` and `+CME ERROR` mean and ask of us: the table of `codes.csv`, looked up by maker.
//!
//! Codes are those of 3GPP TS 27.005, 3.2.5 and TS 27.007, 9.2, and the makers' own from 512 up. Below 128 a CMS code is
//! the network's RP cause (TS 24.011), from 128 to 255 the service centre's TP-FCS (TS 23.040, 9.2.3.22).

use std::fmt;
use std::sync::LazyLock;

use super::SendErrorClass;

/// Which list a code is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `+CMS ERROR`, about messages.
    Cms,
    /// `+CME ERROR`, about the equipment.
    Cme,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cms => "CMS",
            Self::Cme => "CME",
        })
    }
}

/// What a code asks of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Advice {
    /// Its class.
    pub(super) class: SendErrorClass,
    /// Whether few tries are worth it.
    pub(super) few: bool,
}

/// One row of the table.
struct Row {
    family: Family,
    code: u32,
    /// The maker that gives the code this meaning; empty for all.
    maker: &'static str,
    advice: Advice,
    meaning: &'static str,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| include_str!("codes.csv").lines().filter_map(row).collect());

fn row(line: &'static str) -> Option<Row> {
    let mut columns = line.splitn(6, ',');
    let family = match columns.next()? {
        "CMS" => Family::Cms,
        "CME" => Family::Cme,
        _ => return None,
    };
    let code = columns.next()?.parse().ok()?;
    let maker = columns.next()?.trim_matches('-');
    let class = SendErrorClass::named(columns.next()?)?;
    let few = columns.next()? == "few";
    Some(Row { family, code, maker, advice: Advice { class, few }, meaning: columns.next()?.trim_matches('"') })
}

/// The row for a code: the maker's own meaning before the standard's.
fn find(family: Family, code: u32, maker: &str) -> Option<&'static Row> {
    let rows = || TABLE.iter().filter(move |row| row.family == family && row.code == code);
    rows().find(|row| !row.maker.is_empty() && row.maker == maker).or_else(|| rows().find(|row| row.maker.is_empty()))
}

/// What a code means. `maker` as [`maker_word`] has it, empty if unknown.
pub(super) fn meaning(family: Family, code: u32, maker: &str) -> Option<&'static str> {
    find(family, code, maker).map(|row| row.meaning)
}

/// What a code asks of us.
///
/// A code that only other makers have, or nobody, is read by its range: the network's own causes may be tried again a
/// few times, and after anything else nobody can tell what became of the message.
pub(super) fn advice(family: Family, code: u32, maker: &str) -> Advice {
    if let Some(row) = find(family, code, maker) {
        return row.advice;
    }
    let class = match (family, code) {
        (Family::Cms, 0..=255) => SendErrorClass::NetworkRetry,
        (Family::Cms, _) | (Family::Cme, _) => SendErrorClass::UnknownOutcome,
    };
    Advice { class, few: true }
}

/// The code that a modem means when it writes words although numbers were asked for.
pub(super) fn code_of_text(family: Family, text: &str) -> Option<u32> {
    const WORDS: [(&str, u32, u32); 14] = [
        ("unknown error", 500, 100),
        ("sim not inserted", 310, 10),
        ("sim pin required", 311, 11),
        ("sim puk required", 316, 12),
        ("sim failure", 313, 13),
        ("sim busy", 314, 14),
        ("sim wrong", 315, 15),
        ("incorrect password", 16, 16),
        ("operation not allowed", 302, 3),
        ("operation not supported", 303, 4),
        ("memory full", 322, 20),
        ("no network service", 331, 30),
        ("network timeout", 332, 31),
        ("invalid memory index", 321, 21),
    ];
    let text = text.to_ascii_lowercase();
    let known = WORDS.iter().find(|(words, ..)| *words == text).map(|&(_, cms, cme)| match family {
        Family::Cms => cms,
        Family::Cme => cme,
    });
    known.or_else(|| TABLE.iter().find(|row| row.family == family && row.meaning == text).map(|row| row.code))
}

/// The table's word for the maker that `said` names: the answer to `AT+CGMI`, or a profile's name.
pub(super) fn maker_word(said: &str) -> &'static str {
    const MAKERS: [(&str, &str); 9] = [
        ("siemens", "siemens"),
        ("cinterion", "siemens"),
        ("gemalto", "siemens"),
        ("thales", "siemens"),
        ("simcom", "simcom"),
        ("wavecom", "wavecom"),
        ("sierra", "wavecom"),
        ("quectel", "quectel"),
        ("sim800", "simcom"),
    ];
    let said = said.to_ascii_lowercase();
    MAKERS.iter().find(|(name, _)| said.contains(name)).map_or("", |(_, word)| word)
}

impl SendErrorClass {
    /// All classes.
    pub const ALL: [Self; 15] = [
        Self::NetworkRetry,
        Self::NetworkBusy,
        Self::NoNetwork,
        Self::PermanentNumber,
        Self::TemporaryNumber,
        Self::PermanentMessage,
        Self::SimAccount,
        Self::Sim,
        Self::SimWait,
        Self::Modem,
        Self::Storage,
        Self::Config,
        Self::Duplicate,
        Self::UnknownOutcome,
        Self::Ignore,
    ];

    /// The word for it in the table of codes and in modem profiles.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NetworkRetry => "network_retry",
            Self::NetworkBusy => "network_busy",
            Self::NoNetwork => "no_network",
            Self::PermanentNumber => "permanent_number",
            Self::TemporaryNumber => "temporary_number",
            Self::PermanentMessage => "permanent_message",
            Self::SimAccount => "sim_account",
            Self::Sim => "sim",
            Self::SimWait => "sim_wait",
            Self::Modem => "modem",
            Self::Storage => "storage",
            Self::Config => "config",
            Self::Duplicate => "duplicate",
            Self::UnknownOutcome => "unknown_outcome",
            Self::Ignore => "ignore",
        }
    }

    /// The class of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_row() {
        assert_eq!(TABLE.len(), include_str!("codes.csv").lines().count() - 1);
        for row in TABLE.iter() {
            assert!(["", "siemens", "simcom", "wavecom", "quectel"].contains(&row.maker), "{}", row.maker);
            assert!(!row.meaning.is_empty() && !row.meaning.ends_with('.'), "{}", row.meaning);
        }
        for class in SendErrorClass::ALL {
            assert!(TABLE.iter().any(|row| row.advice.class == class), "{} has no code", class.as_str());
        }
    }

    #[test]
    fn a_code_means_what_its_maker_says() {
        let class = |code, maker| advice(Family::Cms, code, maker).class;
        assert_eq!(class(512, "simcom"), SendErrorClass::SimWait);
        assert_eq!(class(512, "siemens"), SendErrorClass::UnknownOutcome);
        assert_eq!(class(512, ""), SendErrorClass::UnknownOutcome, "nobody can tell");
        assert_eq!(class(38, "simcom"), SendErrorClass::NetworkRetry);
        assert_eq!(class(1, ""), SendErrorClass::PermanentNumber);
        assert_eq!(class(2, ""), SendErrorClass::NetworkRetry, "a cause without a row");
        assert_eq!(class(350, "huawei"), SendErrorClass::UnknownOutcome, "another maker's");
        assert_eq!(meaning(Family::Cme, 10, "quectel"), Some("SIM not inserted"));
    }

    #[test]
    fn makers_are_known_by_what_they_say_of_themselves() {
        for (said, word) in [("SIMCOM INCORPORATED", "simcom"), ("Cinterion", "siemens"), ("huawei", ""), ("", "")] {
            assert_eq!(maker_word(said), word);
        }
    }

    #[test]
    fn words_stand_for_codes() {
        assert_eq!(code_of_text(Family::Cms, "SIM busy"), Some(314));
        assert_eq!(code_of_text(Family::Cme, "SIM busy"), Some(14));
        assert_eq!(code_of_text(Family::Cms, "network out of order"), Some(38));
        assert_eq!(code_of_text(Family::Cms, "nothing of the kind"), None);
    }
}
