//! Decides what stands in for a character that an alphabet lacks, and keeps a list of what was replaced.

use super::coder::Coder;
use super::error::Change;
use super::profile::{Level, TransliterationLevels};
use super::tables::{REPLACEMENTS, Replacement};

/// `text` with the characters that `coder` lacks replaced; `None` if `levels` have no replacement for one of them.
pub(super) fn apply(text: &str, coder: Coder, levels: TransliterationLevels) -> Option<(String, Vec<Change>)> {
    if levels.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut changes: Vec<Change> = Vec::new();
    for from in text.chars() {
        if coder.units(from).is_some() {
            out.push(from);
            continue;
        }
        let start = out.len();
        let found = find(from).filter(|row| levels.contains(row.level))?;
        out.extend(found.characters());
        let to = &out[start..];
        coder.measure(to)?;
        match changes.iter_mut().find(|change| change.from == from) {
            Some(change) => change.count += 1,
            None => changes.push(Change { from, to: to.to_owned(), count: 1 }),
        }
    }
    Some((out, changes))
}

/// The level that has a replacement for `c`.
pub(super) fn level(c: char) -> Option<Level> {
    find(c).map(|row| row.level)
}

/// The Unicode name of `c`, if it is one that can be replaced.
pub(super) fn name(c: char) -> Option<&'static str> {
    find(c).map(|row| row.name)
}

fn find(c: char) -> Option<&'static Replacement> {
    let unit = u16::try_from(u32::from(c)).ok()?;
    let place = REPLACEMENTS.binary_search_by_key(&unit, |row| row.from).ok()?;
    Some(&REPLACEMENTS[place])
}

impl Replacement {
    fn characters(&self) -> impl Iterator<Item = char> {
        char::decode_utf16(self.to).map_while(Result::ok).take_while(|&c| c != '\0')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = include_str!("tables/transliteration.csv");

    #[test]
    fn every_row_replaces_at_its_level_and_at_no_other() {
        let mut count = 0;
        for row in csv::Reader::from_reader(ROWS.as_bytes()).records() {
            let row = row.unwrap();
            let from = char::from_u32(u32::from_str_radix(&row[0], 16).unwrap()).unwrap();
            let to = row[2].replace("\\n", "\n");
            let level: Level = row[3].parse().unwrap();
            assert_eq!(Coder::Gsm7.units(from), None, "{} is in GSM 7-bit", &row[1]);
            let only = TransliterationLevels::NONE.with(level);
            let change = Change { from, to: to.clone(), count: 1 };
            assert_eq!(apply(&from.to_string(), Coder::Gsm7, only), Some((to, vec![change])), "{}", &row[1]);
            let others = Level::ALL.into_iter().filter(|&other| other != level).collect();
            assert_eq!(apply(&from.to_string(), Coder::Gsm7, others), None, "{}", &row[1]);
            assert_eq!(name(from), Some(&row[1]));
            count += 1;
        }
        assert_eq!(count, 856);
        assert!(REPLACEMENTS.is_sorted_by(|a, b| a.from < b.from));
    }

    #[test]
    fn letters_that_the_alphabet_has_stay() {
        let all = TransliterationLevels::ALL;
        let (text, changes) = apply("Çok “güzel” é…", Coder::Gsm7, all).unwrap();
        assert_eq!(text, "Çok \"güzel\" é...");
        assert_eq!(changes.len(), 3);
        assert_eq!(apply("한", Coder::Gsm7, all), None);
        assert_eq!(apply("ç “ß”", Coder::EucKr, all).unwrap().0, "c “ß”");
    }
}
