//! `postrider contact import`: a CSV file into the database, chunk by chunk.
//!
//! Each chunk is one transaction of the tool's own, between those of a running daemon: both take turns on the file, and
//! neither waits long for the other. What a crash interrupts is there up to a chunk; the same file may be brought in again.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, ensure};
use csv::{ByteRecord, StringRecord};
use indicatif::{ProgressBar, ProgressStyle};

use crate::campaign::contact::ContactChange;
use crate::campaign::fault::Fault;
use crate::campaign::import::Mapping;
use crate::cli::database::Which;
use crate::cli::out;
use crate::cli::time::instant;
use crate::daemon::now;
use crate::model::Country;
use crate::store::campaign::contact::{self, Upserted};
use crate::store::{Database, Options};

/// Rows in one transaction: few enough that a daemon's own write does not wait long, many enough that the disk's part in
/// each commit does not count.
const CHUNK: usize = 10_000;
/// The import's own page cache: the index of the numbers is written to in no order.
const CACHE_SIZE_BYTES: usize = 64 << 20;
/// How long the write-ahead log may grow: a chunk touches pages all over the file.
const WAL_SIZE_BYTES: usize = 128 << 20;
/// How much of a file is looked at to tell what parts its cells.
const HEAD_SIZE_BYTES: usize = 64 << 10;
/// Refused rows that are shown at once; the file has all of them.
const REFUSED_SHOWN: usize = 5;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The CSV file: UTF-8, with names of columns in its first row; commas, semicolons or tabs between the cells
    file: PathBuf,
    /// Which column is which field, like "Shoe size=attribute.size:number"; "-" leaves a column out
    ///
    /// Fields: number, name, name_part, locale, time_zone, tags, lists, and attribute.NAME with :text, :number, :date,
    /// :boolean or :list.
    #[arg(long = "map", value_name = "COLUMN=FIELD", value_parser = pair)]
    map: Vec<(String, String)>,
    /// A tag for all of them; may be given more than once
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// A list that all of them are put on; may be given more than once
    #[arg(long = "list", value_name = "LIST")]
    lists: Vec<String>,
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

fn pair(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((column, field)) if !column.is_empty() => Ok((column.to_owned(), field.trim().to_owned())),
        _ => Err(format!("\"{text}\" is not COLUMN=FIELD")),
    }
}

/// What became of the rows.
#[derive(Debug, Default)]
struct Tally {
    created: usize,
    changed: usize,
    unchanged: usize,
    refused: usize,
}

impl Tally {
    fn rows(&self) -> usize {
        self.created + self.changed + self.unchanged + self.refused
    }
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let begun = instant();
    let settings = args.which.settings()?;
    let usual = || settings.as_ref().and_then(|settings| settings.messages.default_country);
    let delimiter = delimiter(&args.file)?;
    let file = File::open(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let size = file.metadata()?.len();
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
    let columns = columns(&mut reader)?;
    let mapping = Mapping::new(&columns, &args.map, &args.tags, &args.lists, args.country.or_else(usual));
    let mapping = mapping.map_err(|error| anyhow!("{}: {error}", args.file.display()))?;
    if !mapping.unused().is_empty() {
        out::complain(format_args!("left out: {} (--map brings them in)", mapping.unused().join(", ")));
    }
    // A dry run asks the database nothing either: whether contacts are new is not known then.
    let database = if args.dry_run { None } else { Some(args.which.open_with(enlarge)?) };
    let mut import = Import {
        mapping,
        database,
        refused: Refused::new(args, columns),
        chunk: Vec::with_capacity(CHUNK),
        tally: Tally::default(),
        bar: bar(size),
    };
    import.read_all(&mut reader)?;
    import.bar.finish_and_clear();
    import.report(args, begun.elapsed())
}

fn enlarge(options: &mut Options) {
    (options.cache_size_bytes, options.wal_size_bytes) = (CACHE_SIZE_BYTES, WAL_SIZE_BYTES);
}

/// The names of the columns.
fn columns(reader: &mut csv::Reader<File>) -> anyhow::Result<Vec<String>> {
    let header = reader.headers().context("the first row cannot be read; it has the names of the columns, in UTF-8")?;
    let columns: Vec<String> =
        header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    ensure!(columns.len() < 1_000, "the first row has {} columns; is this a CSV file?", columns.len());
    Ok(columns)
}

/// What parts the cells: what the first row has most of.
fn delimiter(path: &Path) -> anyhow::Result<u8> {
    let mut head = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.take(HEAD_SIZE_BYTES as u64).read_to_end(&mut head)?;
    ensure!(!head.is_empty(), "{} is empty", path.display());
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
    Ok([b',', b';', b'\t'].into_iter().max_by_key(|delimiter| (count(*delimiter), *delimiter == b',')).unwrap_or(b','))
}

fn bar(size: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left");
    ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

struct Import {
    mapping: Mapping,
    database: Option<Database>,
    refused: Refused,
    chunk: Vec<(ContactChange, u64, StringRecord)>,
    tally: Tally,
    bar: ProgressBar,
}

impl Import {
    fn read_all(&mut self, reader: &mut csv::Reader<File>) -> anyhow::Result<()> {
        let mut row = ByteRecord::new();
        while reader.read_byte_record(&mut row)? {
            let line = row.position().map_or(0, csv::Position::line);
            match StringRecord::from_byte_record(row.clone()) {
                Ok(row) => self.take(line, row)?,
                Err(error) => {
                    let reason = "the row is not UTF-8; save the file as UTF-8 and bring it in again";
                    let lossy = error
                        .into_byte_record()
                        .iter()
                        .map(|cell| String::from_utf8_lossy(cell).into_owned())
                        .collect();
                    self.tally.refused += 1;
                    self.refused.add(line, &lossy, reason)?;
                }
            }
            if self.chunk.len() >= CHUNK {
                self.commit()?;
                self.bar.set_position(reader.position().byte());
                self.bar.set_message(out::count(self.tally.rows(), "row"));
            }
        }
        self.commit()?;
        self.refused.finish()
    }

    fn take(&mut self, line: u64, row: StringRecord) -> anyhow::Result<()> {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        match self.mapping.read(|place| row.get(place)) {
            Ok(change) => self.chunk.push((change, line, row)),
            Err(faults) => {
                self.tally.refused += 1;
                self.refused.add(line, &row, &reasons(&faults))?;
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> anyhow::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        let Some(database) = &mut self.database else {
            self.tally.unchanged += chunk.len();
            return Ok(());
        };
        let at = now();
        let outcomes: Vec<Result<Upserted, Fault>> =
            database.write(|tx| chunk.iter().map(|(change, _, _)| contact::upsert(tx, change, at)).collect())?;
        for ((_, line, row), outcome) in chunk.iter().zip(outcomes) {
            match outcome {
                Ok(Upserted::Created) => self.tally.created += 1,
                Ok(Upserted::Changed) => self.tally.changed += 1,
                Ok(Upserted::Unchanged) => self.tally.unchanged += 1,
                Err(fault) => {
                    self.tally.refused += 1;
                    self.refused.add(*line, row, &reasons(&[fault]))?;
                }
            }
        }
        Ok(())
    }

    fn report(&self, args: &Args, took: std::time::Duration) -> anyhow::Result<ExitCode> {
        let Tally { created, changed, unchanged, refused } = self.tally;
        if args.dry_run {
            out::line(format_args!(
                "{} would come in, {refused} refused; nothing was written",
                out::count(unchanged, "row")
            ))?;
        } else {
            let rows = out::count(self.tally.rows(), "row");
            let seconds = took.as_secs_f64();
            out::line(format_args!(
                "{rows} in {seconds:.1} s: {created} new, {changed} changed, {unchanged} as they were, {refused} refused"
            ))?;
        }
        for (line, reason) in &self.refused.shown {
            out::line(format_args!("line {line}: {reason}"))?;
        }
        if refused > 0 {
            out::line(format_args!("all refused rows: {}", self.refused.path.display()))?;
        }
        Ok(if self.tally.rows() > 0 && refused == self.tally.rows() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn reasons(faults: &[Fault]) -> String {
    faults.iter().map(|fault| fault.detail.clone()).collect::<Vec<_>>().join("; ")
}

/// The file of refused rows: their cells, the line that they had, and the reason. It is made with the first of them.
struct Refused {
    path: PathBuf,
    columns: Vec<String>,
    writer: Option<csv::Writer<File>>,
    shown: Vec<(u64, String)>,
}

impl Refused {
    fn new(args: &Args, columns: Vec<String>) -> Self {
        let beside = || args.file.with_extension("refused.csv");
        Self { path: args.refused.clone().unwrap_or_else(beside), columns, writer: None, shown: Vec::new() }
    }

    fn add(&mut self, line: u64, row: &StringRecord, reason: &str) -> anyhow::Result<()> {
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
        if self.shown.len() < REFUSED_SHOWN {
            self.shown.push((line, reason.to_owned()));
        }
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        if let Some(writer) = &mut self.writer {
            writer.flush().with_context(|| format!("cannot write {}", self.path.display()))?;
        }
        Ok(())
    }
}
