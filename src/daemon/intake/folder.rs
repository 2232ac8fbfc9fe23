//! Takes the files that a till puts into a folder, once each is complete.
//!
//! ```text
//! FOLDER/sales.csv ── same size and time at two looks ─▶ row by row into the store ─▶ FOLDER/done/sales.csv
//!                                                          └─ rows that are wrong ─▶ FOLDER/refused/sales.csv
//! ```
//!
//! A file stays where it is until all its rows are in. A crash in between begins it anew, which changes nothing: a
//! contact that is as the row says stays so, and an event counts once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, anyhow};
use tokio::runtime::Handle;

use super::{Item, Outcome, Reading, Refused, Row, Table, reasons, write};
use crate::campaign::event_import::{EventMapping, Repeats, Usual};
use crate::campaign::import::Mapping;
use crate::config::{Watch, WatchKind};
use crate::daemon::bells::Bells;
use crate::daemon::clock::now;
use crate::daemon::watch::Beat;
use crate::model::Timestamp;
use crate::pipeline::Wakes;
use crate::store::{Store, StoreError, Tx};

/// Rows in one transaction: messages go between two of them.
const CHUNK: usize = 500;
/// Most files that one look remembers; a folder with more is worked off by and by.
const FILES_MAX: usize = 1_000;
/// How many names are tried for a file whose name is taken in `done`.
const NAMES_MAX: usize = 10_000;

/// What the loop needs.
pub struct FolderTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// The folder.
    pub watch: Watch,
    /// Beats once a turn.
    pub beat: Beat,
}

impl FolderTask {
    /// Runs until the stop.
    pub async fn run(self) {
        let Self { store, bells, watch, beat } = self;
        let (mut look, every) = (Look::new(watch), bells.clone());
        let never = tokio::sync::Notify::new();
        while !bells.stopping() {
            beat.turn();
            // A long table turns with each of its chunks.
            let (store, beat) = (store.clone(), beat.clone());
            let period = look.watch.every;
            let turn = tokio::task::spawn_blocking(move || {
                let handle = Handle::current();
                let mut into = |work: Chunk| {
                    beat.turn();
                    handle.block_on(store.write(move |tx| work.write(tx)))
                };
                let took = look.turn(now(), &mut into);
                (look, took)
            });
            // A panic while a file is read goes on as one of this loop.
            let (back, took) = turn.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            look = back;
            if took > 0 {
                every.ring(Wakes { steps: true, ..Wakes::default() });
            }
            every.wait(&never, Some(now().plus(period))).await;
        }
    }
}

/// Rows that go into the store together.
#[derive(Debug, Clone)]
pub struct Chunk {
    items: Arc<Vec<Item>>,
    now: Timestamp,
}

impl Chunk {
    /// Writes them all.
    ///
    /// # Errors
    /// The store's own.
    pub fn write(&self, tx: &Tx<'_>) -> Result<Vec<Result<Outcome, String>>, StoreError> {
        let one = |item: &Item| write(tx, item, self.now).map(|outcome| outcome.map_err(|fault| fault.detail));
        self.items.iter().map(one).collect()
    }
}

/// What a file looked like: its size, and when it was last written to.
type Shape = (u64, Option<SystemTime>);

type Outcomes = Vec<Result<Outcome, String>>;
type Into<'a> = &'a mut dyn FnMut(Chunk) -> Result<Outcomes, StoreError>;

/// What is remembered of a folder from one look to the next.
pub struct Look {
    watch: Watch,
    /// How large each file was, and when it was last written to.
    seen: BTreeMap<PathBuf, Shape>,
    /// What was told last about the folder as a whole, so that it is told once.
    told: Option<String>,
}

impl Look {
    /// The first look at a folder is yet to come.
    pub fn new(watch: Watch) -> Self {
        Self { watch, seen: BTreeMap::new(), told: None }
    }

    /// Looks, and takes the files that did not change since the look before. Returns how many it took.
    pub fn turn(&mut self, now: Timestamp, into: Into<'_>) -> usize {
        let files = match self.files() {
            Ok(files) => files,
            Err(error) => {
                self.tell(format!("{error:#}"));
                return 0;
            }
        };
        let mut took = 0;
        let mut seen = BTreeMap::new();
        for (path, state) in files {
            if self.seen.get(&path) != Some(&state) {
                seen.insert(path, state);
                continue;
            }
            match self.take(&path, now, into) {
                Ok(()) => took += 1,
                Err(error) => {
                    self.tell(format!("{} waits: {error:#}", path.display()));
                    seen.insert(path, state);
                }
            }
        }
        self.seen = seen;
        took
    }

    fn tell(&mut self, what: String) {
        if self.told.as_ref() != Some(&what) {
            tracing::warn!("Folder {}: {what}", self.watch.name);
            self.told = Some(what);
        }
    }

    /// The tables in the folder, each with its size and time. What others still lock or write beside is no table.
    fn files(&self) -> anyhow::Result<Vec<(PathBuf, Shape)>> {
        let folder = &self.watch.folder;
        let entries = fs::read_dir(folder)
            .with_context(|| format!("{} cannot be read; make it, and let postrider's user in", folder.display()))?;
        let mut files = Vec::new();
        for entry in entries.take(FILES_MAX) {
            let entry = entry?;
            let (path, data) = (entry.path(), entry.metadata()?);
            if data.is_file() && data.len() > 0 && is_table(&path) && !is_locked(&path) {
                files.push((path, (data.len(), data.modified().ok())));
            }
        }
        files.sort();
        Ok(files)
    }

    fn take(&mut self, path: &Path, now: Timestamp, into: Into<'_>) -> anyhow::Result<()> {
        let name = path.file_name().context("the file has no name")?;
        let (done, refused) = (self.watch.folder.join("done"), self.watch.folder.join("refused"));
        for folder in [&done, &refused] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let shown = path.display();
        match bring_in(&self.watch, path, &free_name(Path::new(name), &refused)?, now, into) {
            Ok(tally) => {
                move_to(path, &done)?;
                tally.tell(&self.watch.name, path);
            }
            Err(Trouble::Store(error)) => return Err(error.into()),
            Err(Trouble::File(error)) => {
                move_to(path, &refused)?;
                tracing::warn!(
                    "Folder {}: {shown} cannot be read and went to {}: {error:#}",
                    self.watch.name,
                    refused.display()
                );
            }
        }
        self.told = None;
        Ok(())
    }
}

fn is_table(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let lower = name.to_lowercase();
    let temporary = name.starts_with(['.', '~', '#']) || name.ends_with('~');
    !temporary && [".csv", ".txt", ".tsv"].iter().any(|end| lower.ends_with(end))
}

/// Whether somebody says by a file beside it that this one is not complete: `sales.csv.lock`, `.~lock.sales.csv#`.
fn is_locked(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return true };
    [format!("{name}.lock"), format!("{name}.part"), format!(".~lock.{name}#")]
        .iter()
        .any(|lock| path.with_file_name(lock).exists())
}

/// Moves a file into a folder, under a name that no other file has.
fn move_to(path: &Path, folder: &Path) -> anyhow::Result<()> {
    let free = free_name(path, folder)?;
    fs::rename(path, &free).with_context(|| format!("cannot move {} to {}", path.display(), free.display()))
}

/// The file's own name in a folder, or the next that is free: `sales.csv`, `sales-1.csv`.
fn free_name(path: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("file");
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or("csv");
    let names = (0..NAMES_MAX).map(|n| if n == 0 { format!("{stem}.{end}") } else { format!("{stem}-{n}.{end}") });
    let free = names.map(|name| folder.join(name)).find(|path| !path.exists());
    free.with_context(|| format!("{} is full of files named {stem}", folder.display()))
}

/// Whose fault it is that a file is not brought in.
enum Trouble {
    /// The store's: the file is tried again.
    Store(StoreError),
    /// The file's own.
    File(anyhow::Error),
}

impl<E: std::convert::Into<anyhow::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::File(error.into())
    }
}

/// What became of a file's rows.
#[derive(Debug, Default)]
struct Tally {
    new: usize,
    changed: usize,
    same: usize,
    refused: usize,
    charset: &'static str,
    refused_file: PathBuf,
}

impl Tally {
    fn tell(&self, watch: &str, path: &Path) {
        let Self { new, changed, same, refused, charset, refused_file } = self;
        let name = path.file_name().unwrap_or_default().display();
        let told = format!("{new} new, {changed} changed, {same} as they were, {refused} refused ({charset})");
        if *refused > 0 {
            tracing::warn!(
                "Folder {watch}: took {name}: {told}; refused rows with their reasons: {}",
                refused_file.display()
            );
        } else {
            tracing::info!("Folder {watch}: took {name}: {told}");
        }
    }
}

fn reading(watch: &Watch, columns: &[String]) -> Result<Reading, String> {
    // Of a file's columns those are mapped that it has: tills leave columns out when they are empty.
    let given: Vec<(String, String)> = watch
        .columns
        .iter()
        .filter(|(column, _)| columns.contains(column))
        .map(|(column, field)| (column.clone(), field.clone()))
        .collect();
    Ok(match watch.kind {
        WatchKind::Contacts => {
            Reading::Contacts(Box::new(Mapping::new(columns, &given, &watch.tags, &watch.lists, watch.country)?))
        }
        WatchKind::Events => {
            let usual = Usual {
                undated_is_now: false,
                kind: watch.event.clone(),
                currency: watch.currency.clone(),
                country: watch.country,
                zone: watch.time_zone.clone(),
            };
            Reading::Events(Box::new(EventMapping::new(columns, &given, usual)?), Repeats::default())
        }
    })
}

fn bring_in(watch: &Watch, path: &Path, refused: &Path, now: Timestamp, into: Into<'_>) -> Result<Tally, Trouble> {
    let mut table = Table::open(path, watch.encoding, watch.country)?;
    let mut reading = reading(watch, table.columns()).map_err(|error| anyhow!("{error}"))?;
    let mut refused = Refused::new(refused.to_owned(), table.columns());
    let mut tally =
        Tally { charset: table.charset().name(), refused_file: refused.path().to_owned(), ..Tally::default() };
    let (mut items, mut rows) = (Vec::new(), Vec::new());
    loop {
        let next = table.next_row()?;
        let at_end = next.is_none();
        match next {
            Some((line, Row::Cells(row))) => match reading.read(&row, now) {
                Ok(item) => {
                    items.push(item);
                    rows.push((line, row));
                }
                Err(faults) => refused.add(line, &row, &reasons(&faults))?,
            },
            Some((line, Row::Broken(row, why))) => refused.add(line, &row, &why)?,
            None => {}
        }
        if items.len() < CHUNK && !at_end {
            continue;
        }
        let chunk = Chunk { items: Arc::new(std::mem::take(&mut items)), now };
        let outcomes = if rows.is_empty() { Vec::new() } else { into(chunk).map_err(Trouble::Store)? };
        for ((line, row), outcome) in rows.drain(..).zip(outcomes) {
            match outcome {
                Ok(Outcome::New) => tally.new += 1,
                Ok(Outcome::Changed) => tally.changed += 1,
                Ok(Outcome::Same) => tally.same += 1,
                Err(why) => refused.add(line, &row, &why)?,
            }
        }
        if at_end {
            refused.finish()?;
            tally.refused = refused.count;
            return Ok(tally);
        }
    }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
