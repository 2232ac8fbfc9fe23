//! The rows of a table in a file: CSV parted by commas, semicolons or tabs, in any usual encoding.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, ensure};
use csv::{ByteRecord, StringRecord};
use encoding_rs::{CoderResult, Decoder};

use crate::campaign::charset::{Charset, delimiter};
use crate::model::Country;

/// How much of a file is looked at to tell its encoding.
const HEAD_SIZE_BYTES: u64 = 256 << 10;
/// How much is read and decoded at once.
const PIECE_SIZE_BYTES: usize = 64 << 10;
/// Most columns.
const COLUMNS_MAX: usize = 1_000;

/// One row.
#[derive(Debug)]
pub enum Row {
    /// Its cells.
    Cells(StringRecord),
    /// It cannot be read; its cells as far as that goes, and why.
    Broken(StringRecord, String),
}

/// A table that is read from its beginning to its end.
pub struct Table {
    reader: csv::Reader<Transcoder>,
    columns: Vec<String>,
    charset: Charset,
    size: u64,
    /// Whether lines end as they do on Windows; the reader counts such an end with the next line only.
    crlf: bool,
    row: ByteRecord,
}

impl Table {
    /// Opens a file. Without `declared` its encoding is found out, with a look at the shop's country.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn open(path: &Path, declared: Option<Charset>, country: Option<Country>) -> anyhow::Result<Self> {
        let shown = path.display();
        let mut head = Vec::new();
        let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
        let size = file.metadata()?.len();
        file.take(HEAD_SIZE_BYTES).read_to_end(&mut head)?;
        ensure!(!head.is_empty(), "{shown} is empty");
        let charset = declared.unwrap_or_else(|| Charset::detect(&head, country));
        let text = charset.encoding().decode(&head).0;
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let delimiter = delimiter(first);
        let source = Transcoder::new(File::open(path)?, charset);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(source);
        let header = reader.headers().with_context(|| {
            format!("the first row of {shown} cannot be read as {}; name its encoding", charset.name())
        })?;
        let columns: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        ensure!(
            columns.len() < COLUMNS_MAX,
            "the first row of {shown} has {} columns; is this a table?",
            columns.len()
        );
        let crlf = text.contains("\r\n");
        Ok(Self { reader, columns, charset, size, crlf, row: ByteRecord::new() })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The encoding that it is read in.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// How large the file is, and how much of it is read, in octets.
    pub fn progress(&self) -> (u64, u64) {
        (self.size, self.reader.get_ref().taken)
    }

    /// The next row that is not empty, with its line.
    ///
    /// # Errors
    /// The disk's own.
    pub fn next_row(&mut self) -> anyhow::Result<Option<(u64, Row)>> {
        while self.reader.read_byte_record(&mut self.row)? {
            let line = self.line();
            let row = match StringRecord::from_byte_record(self.row.clone()) {
                Ok(cells) if cells.iter().all(|cell| cell.trim().is_empty()) => continue,
                Ok(cells) if cells.iter().any(|cell| cell.contains('\u{fffd}')) => {
                    Row::Broken(cells, format!("the row has octets that are not {}", self.charset.name()))
                }
                Ok(cells) => Row::Cells(cells),
                Err(error) => {
                    let lossy = error.into_byte_record();
                    let cells = lossy.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
                    Row::Broken(cells, "the row is not UTF-8, as the rows before it; name the encoding".to_owned())
                }
            };
            return Ok(Some((line, row)));
        }
        Ok(None)
    }

    /// The line on which the row begins that was just read. The reader's own word for it is that of the end of the row
    /// before, from where it looks for this one.
    fn line(&self) -> u64 {
        let (end, source) = (self.reader.position(), self.reader.get_ref());
        let inside = self.row.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let lacks_end = end.byte() == source.given && source.last != b'\n';
        let counted = u64::from(!self.crlf && !lacks_end);
        end.line().saturating_sub(inside + counted)
    }
}

/// Reads a file as UTF-8, whatever it is written in.
struct Transcoder {
    file: File,
    /// None where the octets are UTF-8 already: what is wrong with them shows in its row then.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// Which octets of `raw` are not decoded yet.
    left: std::ops::Range<usize>,
    at_end: bool,
    /// A decoder that has said its last may not be asked again.
    finished: bool,
    taken: u64,
    /// How many octets were given on, and the last of them.
    given: u64,
    last: u8,
}

impl Transcoder {
    fn new(file: File, charset: Charset) -> Self {
        let decoder = (charset != Charset::UTF_8).then(|| charset.encoding().new_decoder_with_bom_removal());
        let raw = if decoder.is_some() { vec![0; PIECE_SIZE_BYTES] } else { Vec::new() };
        Self { file, decoder, raw, left: 0..0, at_end: false, finished: false, taken: 0, given: 0, last: b'\n' }
    }
}

impl Read for Transcoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let written = self.decode(out)?;
        if let Some(last) = written.checked_sub(1).and_then(|at| out.get(at)) {
            (self.given, self.last) = (self.given + written as u64, *last);
        }
        Ok(written)
    }
}

impl Transcoder {
    fn decode(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else {
            let read = self.file.read(out)?;
            self.taken += read as u64;
            return Ok(read);
        };
        if self.finished {
            return Ok(0);
        }
        loop {
            if self.left.is_empty() && !self.at_end {
                let read = self.file.read(&mut self.raw)?;
                self.taken += read as u64;
                self.left = 0..read;
                self.at_end = read == 0;
            }
            let piece = self.raw.get(self.left.clone()).unwrap_or_default();
            let (result, read, written, _) = decoder.decode_to_utf8(piece, out, self.at_end);
            self.left.start += read;
            self.finished = self.at_end && result == CoderResult::InputEmpty;
            if written > 0 || self.finished {
                return Ok(written);
            }
            if result == CoderResult::OutputFull {
                // A letter may take more room than is left at the end of the caller's buffer; its next one is empty.
                return Err(io::Error::other("the buffer of the table's reader is too small"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{EUC_KR, WINDOWS_874};

    use super::*;

    fn rows(octets: &[u8], declared: Option<&str>) -> (Vec<String>, Vec<String>, &'static str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, octets).unwrap();
        let declared = declared.map(|name| Charset::parse(name).unwrap());
        let mut table = Table::open(&path, declared, None).unwrap();
        let mut rows = Vec::new();
        while let Some((line, row)) = table.next_row().unwrap() {
            rows.push(match row {
                Row::Cells(cells) => format!("{line}:{}", cells.iter().collect::<Vec<_>>().join("|")),
                Row::Broken(_, why) => format!("{line}!{why}"),
            });
        }
        (table.columns().to_vec(), rows, table.charset().name())
    }

    #[test]
    fn tables_in_any_usual_encoding_have_the_same_rows() {
        let korean = "번호;이름\r\n010-1;\"김;지수\"\r\n\r\n010-2;박서준\r\n";
        let expected = (
            vec!["번호".to_owned(), "이름".to_owned()],
            vec!["2:010-1|김;지수".to_owned(), "4:010-2|박서준".to_owned()],
        );
        let utf16: Vec<u8> = std::iter::once(0xfeff).chain(korean.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let bom = format!("\u{feff}{korean}");
        for octets in [korean.as_bytes(), bom.as_bytes(), &EUC_KR.encode(korean).0, &utf16] {
            let (columns, rows, name) = rows(octets, None);
            assert_eq!((columns, rows), expected, "{name}");
        }
        let thai = WINDOWS_874.encode("เบอร์โทร\tชื่อ\n0812345678\tสมชาย\n").0;
        assert_eq!(rows(&thai, None).1, ["2:0812345678|สมชาย"]);
        assert_eq!(rows(&thai, Some("tis-620")).2, "windows-874");
    }

    #[test]
    fn a_long_table_is_decoded_piece_by_piece() {
        let row = "010-1234-5678;김지수\n";
        let text = format!("번호;이름\n{}", row.repeat(20_000));
        let (_, rows, _) = rows(&EUC_KR.encode(&text).0, None);
        assert_eq!(rows.len(), 20_000);
        assert!(rows.iter().all(|row| row.ends_with("|김지수")));
    }

    #[test]
    fn a_broken_row_is_told_and_the_next_one_read() {
        let (_, rows, _) = rows(b"number,name\n1,a\n2,\xff\xfe\n\n\"3\",c", Some("utf-8"));
        assert_eq!((rows.len(), rows[1].starts_with("3!the row is not UTF-8"), rows[2].as_str()), (3, true, "5:3|c"));
        let (_, rows, _) = super::tests::rows(b"number,name\n1,\xb1\xe8\n2,\xb1\n", Some("euc-kr"));
        assert!(rows[0].ends_with('김') && rows[1].contains("not EUC-KR"), "{rows:?}");
    }
}
