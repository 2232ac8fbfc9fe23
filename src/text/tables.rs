//! Reads the CSV tables beside it while the program is compiled, so that they cost neither start-up time nor heap.

use super::profile::NationalLanguage;

/// The characters of 128 codes as UTF-16 units; 0 where no character is defined.
pub(super) type Table = [u16; 128];

const GSM_CSV: &[u8] = include_bytes!("tables/gsm0338.csv");
const NATIONAL_CSV: &[u8] = include_bytes!("tables/national_shift_tables.csv");
const LANGUAGES: usize = NationalLanguage::ALL.len();

/// The default alphabet.
pub(super) static DEFAULT: Table = GSM_TABLES.0;
/// The extension table, reached through an escape.
pub(super) static EXTENSION: Table = GSM_TABLES.1;
/// The locking-shift tables, by language id less one. Spanish has none: its row is empty.
pub(super) static LOCKING: [Table; LANGUAGES] = NATIONAL_TABLES.0;
/// The single-shift tables, by language id less one.
pub(super) static SINGLE: [Table; LANGUAGES] = NATIONAL_TABLES.1;

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
