//! Decides the code of a character under national shift tables, and what a code says (3GPP TS 23.038, 6.2.1.2).

use super::elements;
use super::gsm7::{ESCAPE, ESCAPED};
use super::profile::NationalLanguage;
use super::tables::{self, Reverse, Table};

/// Which tables stand in for the default ones. Without any it is plain GSM 7-bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shift {
    /// Whose table stands in for the default alphabet.
    pub(super) locking: Option<NationalLanguage>,
    /// Whose table stands in for the extension table.
    pub(super) single: Option<NationalLanguage>,
}

impl Shift {
    /// The ways to use the tables of `language`, the one with the shortest header first.
    pub(super) fn ways(language: NationalLanguage) -> impl Iterator<Item = Self> {
        let (only, none) = (Some(language), None);
        let ways = [(none, only), (only, none), (only, only)];
        let ways = ways.map(|(locking, single)| Self { locking, single });
        ways.into_iter().filter(move |way| way.locking.is_none() || language != NationalLanguage::Spanish)
    }

    /// The shift that `elements` announce; the last of each kind counts (3GPP TS 23.040, 9.2.3.24.15 and 16).
    pub(super) fn read(elements: &[u8]) -> Self {
        let last = |wanted: u8| {
            let found = elements::iter(elements).filter(|&(id, value)| id == wanted && value.len() == 1);
            found.filter_map(|(_, value)| NationalLanguage::from_id(value[0])).last()
        };
        // A widespread library writes the identifiers 24 and 25 in decimal.
        let either = |right: u8, wrong: u8| last(right).or_else(|| last(wrong));
        Self { locking: either(elements::LOCKING_SHIFT, 0x19), single: either(elements::SINGLE_SHIFT, 0x18) }
    }

    /// The elements that announce the shift, in wire form.
    pub(super) fn elements(self) -> Vec<u8> {
        let mut out = Vec::new();
        for (id, language) in [(elements::SINGLE_SHIFT, self.single), (elements::LOCKING_SHIFT, self.locking)] {
            if let Some(language) = language {
                out.extend_from_slice(&[id, 1, language.id()]);
            }
        }
        out
    }

    /// The code of `c`, [`ESCAPED`] if it stands in the single-shift table; `None` if neither table has it.
    pub(super) fn code(self, c: char) -> Option<u16> {
        let unit = u16::try_from(u32::from(c)).ok().filter(|&unit| unit != 0)?;
        let find = |codes: &Reverse| {
            let first = codes.partition_point(|&(known, _)| known < unit);
            codes.get(first).filter(|&&(known, _)| known == unit).map(|&(_, code)| u16::from(code))
        };
        let locked = find(reverse(self.locking, &tables::OF_DEFAULT, &tables::OF_LOCKING));
        let escaped = find(reverse(self.single, &tables::OF_EXTENSION, &tables::OF_SINGLE));
        let escaped = escaped.map(|code| ESCAPED | code);
        [locked, escaped].into_iter().flatten().find(|&code| !self.is_doubtful(code))
    }

    /// Codes that handsets may show as another character: they are understood, and never sent.
    fn is_doubtful(self, code: u16) -> bool {
        // The specification prints PA here, which it also has at 0x3D; half of the implementations read DDA.
        let kannada_dda = self.locking == Some(NationalLanguage::Kannada) && code == 0x24;
        // The euro sign is missing in the specification's table and present in some implementations.
        let telugu_euro = self.single == Some(NationalLanguage::Telugu) && code == ESCAPED | 0x65;
        kannada_dda || telugu_euro
    }

    /// What `septets` (one in each octet) say. A code that no table defines shows as a space, an octet that is no
    /// septet as U+FFFD.
    pub(super) fn decode(self, septets: &[u8]) -> String {
        let (locking, single) = (self.locking_table(), self.single_table());
        let mut out = String::with_capacity(septets.len());
        let mut rest = septets.iter().copied();
        while let Some(octet) = rest.next() {
            out.push(if octet != ESCAPE {
                shown(octet, &[locking])
            } else {
                // An escape that nothing follows, or a second one, is for a table yet to come: it shows as a space.
                rest.next().map_or(' ', |code| shown(code, &[single, locking]))
            });
        }
        out
    }

    fn locking_table(self) -> &'static Table {
        self.locking.map_or(&tables::DEFAULT, locking)
    }

    fn single_table(self) -> &'static Table {
        self.single.map_or(&tables::EXTENSION, single)
    }
}

fn locking(language: NationalLanguage) -> &'static Table {
    // Spanish has no locking table; whoever announces it means the default alphabet.
    if language == NationalLanguage::Spanish { &tables::DEFAULT } else { &tables::LOCKING[row(language)] }
}

fn single(language: NationalLanguage) -> &'static Table {
    &tables::SINGLE[row(language)]
}

fn reverse(
    language: Option<NationalLanguage>,
    default: &'static Reverse,
    each: &'static [Reverse],
) -> &'static Reverse {
    language.map_or(default, |language| &each[row(language)])
}

fn row(language: NationalLanguage) -> usize {
    usize::from(language.id()) - 1
}

/// The character of `code` in the first of `tables` that defines it.
fn shown(code: u8, tables: &[&Table]) -> char {
    if code > 0x7f {
        return char::REPLACEMENT_CHARACTER;
    }
    let units = tables.iter().map(|table| table[usize::from(code)]);
    units.filter(|&unit| unit != 0).find_map(|unit| char::from_u32(u32::from(unit))).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::super::gsm7;
    use super::*;

    const DEFAULT_ROWS: &str = include_str!("tables/gsm0338.csv");
    const NATIONAL_ROWS: &str = include_str!("tables/national_shift_tables.csv");

    /// Table, code and character of each row, read by another reader than the compiler's.
    fn rows<R>(csv: &'static str, read: impl Fn(&csv::StringRecord) -> R) -> Vec<R> {
        csv::Reader::from_reader(csv.as_bytes()).records().map(|row| read(&row.unwrap())).collect()
    }

    fn code_and_character(row: &csv::StringRecord, first: usize) -> (u8, Option<char>) {
        let unit = u32::from_str_radix(&row[first + 1], 16).ok();
        (u8::from_str_radix(&row[first], 16).unwrap(), unit.map(|unit| char::from_u32(unit).unwrap()))
    }

    #[test]
    fn every_row_of_the_default_tables_holds_both_ways() {
        let rows = rows(DEFAULT_ROWS, |row| (row[0].to_owned(), code_and_character(row, 1)));
        assert_eq!(rows.len(), 140);
        for (table, (code, character)) in rows {
            let escaped = table == "extension";
            let septets = if escaped { vec![ESCAPE, code] } else { vec![code] };
            let Some(character) = character else {
                let shown = if escaped && code == 0x0d { "\r" } else { " " };
                assert_eq!(Shift::default().decode(&septets), shown, "{table} {code:02X}");
                continue;
            };
            assert_eq!(Shift::default().decode(&septets), character.to_string(), "{table} {code:02X}");
            let expected = u16::from(code) | if escaped { ESCAPED } else { 0 };
            assert_eq!(gsm7::code(character), Some(expected), "{table} {code:02X}");
            assert_eq!(Shift::default().code(character), Some(expected), "{table} {code:02X}");
        }
    }

    #[test]
    fn every_row_of_the_national_tables_holds_both_ways() {
        let rows = rows(NATIONAL_ROWS, |row| {
            let language = NationalLanguage::from_id(row[0].parse().unwrap()).unwrap();
            assert_eq!(language.as_str(), &row[1]);
            (language, row[2].to_owned(), code_and_character(row, 3))
        });
        assert_eq!(rows.len(), 2332);
        for (language, table, (code, character)) in rows {
            let place = format!("{language} {table} {code:02X}");
            let escaped = table == "single";
            let shift = if escaped {
                Shift { locking: None, single: Some(language) }
            } else {
                Shift { locking: Some(language), single: None }
            };
            let septets = if escaped { vec![ESCAPE, code] } else { vec![code] };
            let Some(character) = character else {
                let shown = if code == 0x0d { "\r" } else { " " };
                assert_eq!(shift.decode(&septets), shown, "{place}");
                continue;
            };
            assert_eq!(shift.decode(&septets), character.to_string(), "{place}");
            let written = shift.code(character);
            if shift.is_doubtful(u16::from(code) | if escaped { ESCAPED } else { 0 }) {
                assert!(written.is_none() || shift != Shift { locking: Some(language), single: None }, "{place}");
                continue;
            }
            // Some characters stand twice, in the default alphabet or in the same table: any of the codes says them.
            let written = written.unwrap_or_else(|| panic!("{place} cannot be written"));
            let [high, low] = written.to_be_bytes();
            let septets = if high == 0 { vec![low] } else { vec![high, low] };
            assert_eq!(shift.decode(&septets), character.to_string(), "{place}");
            assert!(written <= u16::from(code) || escaped, "{place} is written as {written:04X}");
        }
    }

    #[test]
    fn doubtful_codes_are_understood_and_never_sent() {
        let kannada = Shift { locking: Some(NationalLanguage::Kannada), single: Some(NationalLanguage::Kannada) };
        assert_eq!(kannada.decode(&[0x24]), "\u{ca1}");
        assert_eq!(kannada.code('\u{ca1}'), None);
        let telugu = Shift { locking: None, single: Some(NationalLanguage::Telugu) };
        assert_eq!(telugu.decode(&[ESCAPE, 0x65]), "€");
        assert_eq!(telugu.code('€'), None);
    }

    #[test]
    fn an_unknown_escape_shows_the_character_of_the_locking_table() {
        let plain = Shift::default();
        assert_eq!(plain.decode(&[ESCAPE, 0x41]), "A");
        assert_eq!(plain.decode(&[0x41, ESCAPE]), "A ");
        assert_eq!(plain.decode(&[ESCAPE, ESCAPE, 0x41]), " A");
        assert_eq!(plain.decode(&[0x41, 0x80, 0xff]), "A\u{fffd}\u{fffd}");
        let turkish = Shift { locking: Some(NationalLanguage::Turkish), single: None };
        assert_eq!(turkish.decode(&[0x04, ESCAPE, 0x07]), "€ı");
    }

    #[test]
    fn shift_elements_are_read_in_either_notation() {
        let turkish = Some(NationalLanguage::Turkish);
        let both = Shift { locking: turkish, single: turkish };
        assert_eq!(both.elements(), [0x24, 1, 1, 0x25, 1, 1]);
        assert_eq!(Shift::read(&both.elements()), both);
        assert_eq!(Shift::read(&[0x18, 1, 1, 0x19, 1, 1]), both, "written in decimal by mistake");
        assert_eq!(Shift::read(&[0x24, 1, 3, 0x24, 1, 1]).single, turkish, "the last counts");
        assert_eq!(Shift::read(&[0x24, 1, 0, 0x25, 1, 14]), Shift::default(), "reserved languages");
        assert_eq!(Shift::read(&[0x24, 2, 1, 1, 0x25, 9, 1]), Shift::default(), "damaged elements");
    }
}
