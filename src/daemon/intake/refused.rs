//! The file of refused rows: their cells, the line that they had, and the reason. It is made with the first of them.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use csv::StringRecord;

/// How many refused rows are told besides.
const SHOWN_MAX: usize = 10;

/// Refused rows on their way into their file.
pub struct Refused {
    path: PathBuf,
    columns: Vec<String>,
    writer: Option<csv::Writer<File>>,
    /// The first of them, with their lines and reasons.
    pub shown: Vec<(u64, String)>,
    /// How many there are.
    pub count: usize,
}

impl Refused {
    /// The rows of a table with these columns will go into the file `path`.
    pub fn new(path: PathBuf, columns: &[String]) -> Self {
        Self { path, columns: columns.to_vec(), writer: None, shown: Vec::new(), count: 0 }
    }

    /// Where they go.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The disk's own.
    pub fn add(&mut self, line: u64, row: &StringRecord, reason: &str) -> anyhow::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path).with_context(|| format!("cannot write {}", self.path.display()))?;
                let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
                writer.write_record(self.columns.iter().map(String::as_str).chain(["line", "reason"]))?;
                self.writer.insert(writer)
            }
        };
        // A row with too few or too many cells is brought to the columns' number, so that the reason stands in its own.
        let cells = (0..self.columns.len()).map(|place| row.get(place).unwrap_or_default());
        writer.write_record(cells.chain([line.to_string().as_str(), reason]))?;
        self.count += 1;
        if self.shown.len() < SHOWN_MAX {
            self.shown.push((line, reason.to_owned()));
        }
        Ok(())
    }

    /// Brings everything to the disk.
    ///
    /// # Errors
    /// The disk's own.
    pub fn finish(&mut self) -> anyhow::Result<()> {
        if let Some(writer) = &mut self.writer {
            writer.flush().with_context(|| format!("cannot write {}", self.path.display()))?;
        }
        Ok(())
    }
}
