//! Brings a table into the database, chunk by chunk, with a progress bar and a file of refused rows.
//!
//! Each chunk is one transaction of the tool's own, between those of a running daemon: both take turns on the file, and
//! neither waits long for the other. What a crash interrupts is there up to a chunk; the same file may be brought in again.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use csv::StringRecord;
use indicatif::{ProgressBar, ProgressStyle};

use super::database::Which;
use super::out;
use super::time::instant;
use crate::campaign::charset::Charset;
use crate::config::Settings;
use crate::daemon::intake::{Item, Outcome, Reading, Refused, Row, Table, reasons, write};
use crate::daemon::now;
use crate::model::Country;
use crate::store::{Database, Options};

/// Rows in one transaction: few enough that a daemon's own write does not wait long, many enough that the disk's part in
/// each commit does not count.
const CHUNK: usize = 10_000;
/// The import's own page cache: the index of the numbers is written to in no order.
const CACHE_SIZE_BYTES: usize = 64 << 20;
/// How long the write-ahead log may grow: a chunk touches pages all over the file.
const WAL_SIZE_BYTES: usize = 128 << 20;
/// Refused rows that are shown at once; the file has all of them.
const REFUSED_SHOWN: usize = 5;

/// A table, and how it comes in.
#[derive(Debug, clap::Args)]
pub struct Source {
    /// The table: names of columns in its first row; commas, semicolons or tabs between the cells
    file: PathBuf,
    /// Its encoding: utf-8, euc-kr or cp949, windows-874 or tis-620, windows-1252, utf-16; found out if absent
    #[arg(long, value_name = "ENCODING", value_parser = Charset::parse)]
    encoding: Option<Charset>,
    /// The country of numbers that have no country code, like KR; messages.default_country if absent
    #[arg(long, value_name = "COUNTRY")]
    country: Option<Country>,
    /// Read and check the whole file, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Where rows that are wrong go; beside the file if absent
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

/// `COLUMN=FIELD`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((column, field)) if !column.is_empty() => Ok((column.to_owned(), field.trim().to_owned())),
        _ => Err(format!("\"{text}\" is not COLUMN=FIELD")),
    }
}

/// What became of the rows.
#[derive(Debug, Default)]
struct Tally {
    new: usize,
    changed: usize,
    same: usize,
}

/// Brings the table in; `reading` says from the names of its columns and the country of its numbers how its rows are read.
pub fn bring_in(
    source: &Source,
    reading: impl FnOnce(&[String], Option<Country>) -> Result<Reading, String>,
) -> anyhow::Result<ExitCode> {
    let begun = instant();
    let settings: Option<Settings> = source.which.settings()?;
    let usual = || settings.as_ref().and_then(|settings| settings.messages.default_country);
    let country = source.country.or_else(usual);
    let shown = source.file.display();
    let table = Table::open(&source.file, source.encoding, country)?;
    let reading = reading(table.columns(), country).map_err(|error| anyhow!("{shown}: {error}"))?;
    if source.encoding.is_none() && table.charset() != Charset::UTF_8 {
        out::complain(format_args!("read as {}; --encoding says another", table.charset().name()));
    }
    if !reading.unused().is_empty() {
        out::complain(format_args!("left out: {} (--map brings them in)", reading.unused().join(", ")));
    }
    // A dry run asks the database nothing either: whether rows are new is not known then.
    let database = if source.dry_run { None } else { Some(source.which.open_with(enlarge)?) };
    let beside = || source.file.with_extension("refused.csv");
    let mut import = Import {
        refused: Refused::new(source.refused.clone().unwrap_or_else(beside), table.columns()),
        bar: bar(table.progress().0),
        table,
        reading,
        database,
        chunk: Vec::with_capacity(CHUNK),
        tally: Tally::default(),
    };
    import.read_all()?;
    import.bar.finish_and_clear();
    import.report(begun.elapsed())
}

fn enlarge(options: &mut Options) {
    (options.cache_size_bytes, options.wal_size_bytes) = (CACHE_SIZE_BYTES, WAL_SIZE_BYTES);
}

fn bar(size: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left");
    ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

struct Import {
    table: Table,
    reading: Reading,
    database: Option<Database>,
    refused: Refused,
    chunk: Vec<(Item, u64, StringRecord)>,
    tally: Tally,
    bar: ProgressBar,
}

impl Import {
    fn rows(&self) -> usize {
        self.tally.new + self.tally.changed + self.tally.same + self.refused.count
    }

    fn read_all(&mut self) -> anyhow::Result<()> {
        let at = now();
        while let Some((line, row)) = self.table.next_row()? {
            match row {
                Row::Cells(row) => match self.reading.read(&row, at) {
                    Ok(item) => self.chunk.push((item, line, row)),
                    Err(faults) => self.refused.add(line, &row, &reasons(&faults))?,
                },
                Row::Broken(row, why) => self.refused.add(line, &row, &why)?,
            }
            if self.chunk.len() >= CHUNK {
                self.commit()?;
                self.bar.set_position(self.table.progress().1);
                self.bar.set_message(out::count(self.rows(), "row"));
            }
        }
        self.commit()?;
        self.refused.finish()
    }

    fn commit(&mut self) -> anyhow::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        let Some(database) = &mut self.database else {
            self.tally.same += chunk.len();
            return Ok(());
        };
        let at = now();
        let outcomes: Vec<_> =
            database.write(|tx| chunk.iter().map(|(item, _, _)| write(tx, item, at)).collect::<Result<_, _>>())?;
        for ((_, line, row), outcome) in chunk.iter().zip(outcomes) {
            match outcome {
                Ok(Outcome::New) => self.tally.new += 1,
                Ok(Outcome::Changed) => self.tally.changed += 1,
                Ok(Outcome::Same) => self.tally.same += 1,
                Err(fault) => self.refused.add(*line, row, &reasons(&[fault]))?,
            }
        }
        Ok(())
    }

    fn report(&self, took: Duration) -> anyhow::Result<ExitCode> {
        let Tally { new, changed, same } = self.tally;
        let (rows, refused) = (self.rows(), self.refused.count);
        if self.database.is_none() {
            let would = out::count(same, "row");
            out::line(format_args!("{would} would come in, {refused} refused; nothing was written"))?;
        } else {
            let (rows, seconds) = (out::count(rows, "row"), took.as_secs_f64());
            out::line(format_args!(
                "{rows} in {seconds:.1} s: {new} new, {changed} changed, {same} as they were, {refused} refused"
            ))?;
        }
        for (line, reason) in self.refused.shown.iter().take(REFUSED_SHOWN) {
            out::line(format_args!("line {line}: {reason}"))?;
        }
        if refused > 0 {
            out::line(format_args!("all refused rows: {}", self.refused.path().display()))?;
        }
        Ok(if rows > 0 && refused == rows { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
