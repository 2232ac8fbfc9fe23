//! Reads the CSV tables beside it while the program is compiled, so that they cost neither start-up time nor heap.

use super::profile::{Level, NationalLanguage};

/// The characters of 128 codes as UTF-16 units; 0 where no character is defined.
pub(super) type Table = [u16; 128];

/// The codes of a table's characters, sorted by the character; its gaps stand first, as character 0.
pub(super) type Reverse = [(u16, u8); 128];

const GSM_CSV: &[u8] = include_bytes!("tables/gsm0338.csv");
const NATIONAL_CSV: &[u8] = include_bytes!("tables/national_shift_tables.csv");
const REPLACEMENT_CSV: &[u8] = include_bytes!("tables/transliteration.csv");
const LANGUAGES: usize = NationalLanguage::ALL.len();

/// The default alphabet.
pub(super) static DEFAULT: Table = GSM_TABLES.0;
/// The extension table, reached through an escape.
pub(super) static EXTENSION: Table = GSM_TABLES.1;
/// The locking-shift tables, by language id less one. Spanish has none: its row is empty.
pub(super) static LOCKING: [Table; LANGUAGES] = NATIONAL_TABLES.0;
/// The single-shift tables, by language id less one.
pub(super) static SINGLE: [Table; LANGUAGES] = NATIONAL_TABLES.1;

/// [`DEFAULT`] by character.
pub(super) static OF_DEFAULT: Reverse = reverse(&GSM_TABLES.0);
/// [`EXTENSION`] by character.
pub(super) static OF_EXTENSION: Reverse = reverse(&GSM_TABLES.1);
/// [`LOCKING`] by character.
pub(super) static OF_LOCKING: [Reverse; LANGUAGES] = reverse_each(&NATIONAL_TABLES.0);
/// [`SINGLE`] by character.
pub(super) static OF_SINGLE: [Reverse; LANGUAGES] = reverse_each(&NATIONAL_TABLES.1);

/// What may stand in for a character.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replacement {
    /// The character.
    pub(super) from: u16,
    /// Its Unicode name.
    pub(super) name: &'static str,
    /// Up to three UTF-16 units, filled up with zeros.
    pub(super) to: [u16; 3],
    /// The level that allows it.
    pub(super) level: Level,
}

/// The replacements, sorted by the character.
pub(super) static REPLACEMENTS: [Replacement; count_rows(REPLACEMENT_CSV)] = {
    let csv = REPLACEMENT_CSV;
    let mut rows = [Replacement { from: 0, name: "", to: [0; 3], level: Level::Punct }; count_rows(REPLACEMENT_CSV)];
    let (mut line, mut row) = (next_line(csv, 0), 0);
    while row < rows.len() {
        rows[row] = Replacement {
            from: hex(csv, field(csv, line, 0)),
            name: text(csv, field(csv, line, 1)),
            to: units(csv, field(csv, line, 2)),
            level: level(csv, field(csv, line, 3)),
        };
        line = next_line(csv, line);
        row += 1;
    }
    rows
};

const GSM_TABLES: (Table, Table) = {
    let mut tables = ([0; 128], [0; 128]);
    let mut line = next_line(GSM_CSV, 0);
    while line < GSM_CSV.len() {
        let (code, unit) = (hex(GSM_CSV, field(GSM_CSV, line, 1)), hex(GSM_CSV, field(GSM_CSV, line, 2)));
        match GSM_CSV[line] {
            b'd' => tables.0[code as usize] = unit,
            b'e' => tables.1[code as usize] = unit,
            _ => panic!("gsm0338.csv: the table is default or extension"),
        }
        line = next_line(GSM_CSV, line);
    }
    tables
};

const NATIONAL_TABLES: ([Table; LANGUAGES], [Table; LANGUAGES]) = {
    let mut tables = ([[0; 128]; LANGUAGES], [[0; 128]; LANGUAGES]);
    let csv = NATIONAL_CSV;
    let mut line = next_line(csv, 0);
    while line < csv.len() {
        let language = decimal(csv, field(csv, line, 0)) - 1;
        let (code, unit) = (hex(csv, field(csv, line, 3)), hex(csv, field(csv, line, 4)));
        match csv[field(csv, line, 2).0] {
            b'l' => tables.0[language][code as usize] = unit,
            b's' => tables.1[language][code as usize] = unit,
            _ => panic!("national_shift_tables.csv: the table is locking or single"),
        }
        line = next_line(csv, line);
    }
    tables
};

const fn reverse_each(tables: &[Table; LANGUAGES]) -> [Reverse; LANGUAGES] {
    let mut each = [[(0, 0); 128]; LANGUAGES];
    let mut language = 0;
    while language < LANGUAGES {
        each[language] = reverse(&tables[language]);
        language += 1;
    }
    each
}

const fn reverse(table: &Table) -> Reverse {
    let mut sorted = [(0, 0); 128];
    let mut code = 0;
    while code < 128 {
        // A later code of the same character goes behind the earlier one, which is then found first.
        let mut place = code;
        while place > 0 && sorted[place - 1].0 > table[code] {
            sorted[place] = sorted[place - 1];
            place -= 1;
        }
        sorted[place] = (table[code], code as u8);
        code += 1;
    }
    sorted
}

/// Where the line after the one at `at` begins.
const fn next_line(csv: &[u8], mut at: usize) -> usize {
    while at < csv.len() && csv[at] != b'\n' {
        at += 1;
    }
    at + 1
}

/// Start and end of field `number` (from 0) of the line that begins at `at`, quotation marks included.
const fn field(csv: &[u8], mut at: usize, number: usize) -> (usize, usize) {
    let mut passed = 0;
    let mut start = at;
    let mut quoted = false;
    while at < csv.len() && csv[at] != b'\n' {
        if csv[at] == b'"' {
            quoted = !quoted;
        } else if csv[at] == b',' && !quoted {
            if passed == number {
                return (start, at);
            }
            passed += 1;
            start = at + 1;
        }
        at += 1;
    }
    assert!(passed == number, "the line has too few fields");
    (start, at)
}

/// The hexadecimal number of up to four digits at `span`; 0 when it is empty.
const fn hex(csv: &[u8], (mut at, end): (usize, usize)) -> u16 {
    let mut value = 0;
    while at < end {
        value = value << 4
            | match csv[at] {
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'A'..=b'F' => digit - b'A' + 10,
                _ => panic!("hexadecimal digits are 0-9 and A-F"),
            } as u16;
        at += 1;
    }
    value
}

const fn decimal(csv: &[u8], (mut at, end): (usize, usize)) -> usize {
    let mut value = 0;
    while at < end {
        value = value * 10 + (csv[at] - b'0') as usize;
        at += 1;
    }
    value
}

const fn count_rows(csv: &[u8]) -> usize {
    let (mut line, mut rows) = (next_line(csv, 0), 0);
    while line < csv.len() {
        line = next_line(csv, line);
        rows += 1;
    }
    rows
}

const fn text(csv: &'static [u8], (start, end): (usize, usize)) -> &'static str {
    match str::from_utf8(csv.split_at(end).0.split_at(start).1) {
        Ok(text) => text,
        Err(_) => panic!("the table is UTF-8"),
    }
}

/// The up to three characters at `span`, without quotation marks around them; `\n` is a line feed.
const fn units(csv: &[u8], (mut at, mut end): (usize, usize)) -> [u16; 3] {
    if end - at > 1 && csv[at] == b'"' {
        at += 1;
        // A quotation mark inside stands twice, and no replacement has one beside another character.
        end = if csv[at] == b'"' { at + 1 } else { end - 1 };
    }
    let mut units = [0; 3];
    let mut count = 0;
    while at < end {
        let octet = csv[at] as u16;
        if octet == b'\\' as u16 && at + 1 < end {
            assert!(csv[at + 1] == b'n', "the only escape is a line feed");
            units[count] = b'\n' as u16;
            at += 2;
        } else if octet < 0x80 {
            units[count] = octet;
            at += 1;
        } else {
            assert!(octet >> 5 == 0b110, "replacements stay below U+0800");
            units[count] = (octet & 0x1f) << 6 | (csv[at + 1] & 0x3f) as u16;
            at += 2;
        }
        count += 1;
    }
    units
}

const fn level(csv: &[u8], (start, end): (usize, usize)) -> Level {
    match csv.split_at(end).0.split_at(start).1 {
        b"punct" => Level::Punct,
        b"space" => Level::Space,
        b"fullwidth" => Level::Fullwidth,
        b"accent" => Level::Accent,
        b"greek_upper" => Level::GreekUpper,
        b"symbol" => Level::Symbol,
        _ => panic!("transliteration.csv: the level is unknown"),
    }
}
