//! One writing connection and what it keeps between transactions: the id clock and the tally.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::clock::{ClockMemory, ClockState};
use super::epoch::{self, EpochFile};
use super::lock::FileLock;
use super::person::{Person, PersonKey};
use super::standing::{self, Standing};
use super::{StoreError, Tally, migrate};
use postrider_model::{IdClock, MessageId, PhoneNumber, Timestamp, catalog};

/// How the file is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file; its `-wal` and `-shm` lie beside it.
    pub path: PathBuf,
    /// The writer's page cache.
    pub cache_size_bytes: usize,
    /// How long the write-ahead log may grow before it is moved into the file.
    pub wal_size_bytes: usize,
}

impl Options {
    /// The usual settings for the file `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), cache_size_bytes: 12 << 20, wal_size_bytes: 16 << 20 }
    }
}

const PAGE_SIZE_BYTES: usize = 4096;
/// How long another process that writes is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many rows that were set aside in one transaction have a line of their own in the journal.
const ASIDE_LINES_MAX: usize = 10;

/// The writing side of the database. There is one at a time; the writer thread owns it.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    memory: Memory,
    /// What SQLite counts up when another process has written.
    version: i64,
    /// Of all runs; only the daemon counts.
    commits: u64,
    /// The mark outside of the file, if this is the daemon's.
    epoch: Option<EpochFile>,
    /// Let go last.
    _lock: Option<FileLock>,
}

/// What a transaction may change besides rows; it is put back when the transaction fails.
#[derive(Debug, Clone)]
struct Memory {
    ids: RefCell<IdClock>,
    tally: RefCell<Tally>,
    /// Under which numbers are hashed.
    person_key: PersonKey,
    /// Whether the log is to be emptied after this transaction.
    leaves_no_trace: Cell<bool>,
    standing: Cell<Standing>,
    /// Rows that this transaction set aside, for the journal.
    asides: RefCell<Vec<String>>,
    /// How the wall clock stands.
    clock: ClockMemory,
}

/// An open transaction. All reading and writing of the pipeline goes through it.
#[derive(Debug)]
pub struct Tx<'a> {
    connection: &'a Connection,
    memory: &'a Memory,
}

impl Tx<'_> {
    /// The connection, for the queries of this module's table files.
    pub(super) fn sql(&self) -> &Connection {
        self.connection
    }

    /// The connection, for functions that only read; they see what this transaction wrote.
    pub fn connection(&self) -> &Connection {
        self.connection
    }

    /// A new id, larger than every id in the store.
    pub fn next_id(&self, now: Timestamp) -> MessageId {
        self.memory.ids.borrow_mut().next(now)
    }

    /// Does `work`; what it wrote is taken back if it ends with a no.
    ///
    /// # Errors
    /// Those of `work`, and SQLite's own.
    pub fn attempt<T, E>(
        &self,
        work: impl FnOnce(&Self) -> Result<Result<T, E>, StoreError>,
    ) -> Result<Result<T, E>, StoreError> {
        let run = |sql: &str| self.connection.prepare_cached(sql)?.execute([]).map(drop);
        run("SAVEPOINT attempt")?;
        let before = self.memory.clone();
        let done = work(self)?;
        if done.is_err() {
            run("ROLLBACK TO attempt")?;
            self.memory.ids.swap(&before.ids);
            self.memory.tally.swap(&before.tally);
            self.memory.standing.swap(&before.standing);
            self.memory.asides.swap(&before.asides);
        }
        run("RELEASE attempt")?;
        Ok(done)
    }

    /// The counts as this transaction sees them.
    pub fn tally(&self) -> Tally {
        *self.memory.tally.borrow()
    }

    /// Who a number belongs to, as the tables of consent know it.
    pub fn person(&self, number: &PhoneNumber) -> Person {
        self.memory.person_key.person(number)
    }

    /// A code of eight letters and digits that follows from `seed` and cannot be guessed without this file.
    pub fn code(&self, seed: &str) -> String {
        self.memory.person_key.code(seed)
    }

    /// How the wall clock stands.
    pub fn clock(&self) -> ClockState {
        self.memory.clock.state.get()
    }

    pub(super) fn set_clock(&self, state: ClockState) {
        self.memory.clock.state.set(state);
    }

    pub(super) fn clock_shift(&self) -> Option<fn(i64)> {
        self.memory.clock.shift
    }

    /// Asks that after the commit nothing of what this transaction deletes is left in the write-ahead log either.
    pub fn leave_no_trace(&self) {
        self.memory.leaves_no_trace.set(true);
    }

    /// Whether the message `id` is held because its file was put back.
    pub(super) fn holds(&self, id: MessageId) -> bool {
        self.memory.standing.get().held_upto.is_some_and(|upto| id.as_i64() <= upto)
    }

    /// Whether the file was put back and nobody has released what it holds.
    pub fn is_restored(&self) -> bool {
        self.memory.standing.get().held_upto.is_some()
    }

    pub(super) fn held_upto(&self) -> Option<i64> {
        self.memory.standing.get().held_upto
    }

    pub(super) fn hold_upto(&self, upto: Option<i64>) {
        self.memory.standing.set(Standing { held_upto: upto, ..self.memory.standing.get() });
    }

    /// How many rows are set aside.
    pub(super) fn damaged(&self) -> usize {
        self.memory.standing.get().damaged
    }

    /// Counts a row that was set aside; the journal tells of it after the commit.
    pub(super) fn set_aside(&self, line: String) {
        self.memory.asides.borrow_mut().push(line);
        let standing = self.memory.standing.get();
        self.memory.standing.set(Standing { damaged: standing.damaged + 1, ..standing });
    }

    pub(super) fn taken_back(&self, rows: usize) {
        let standing = self.memory.standing.get();
        self.memory.standing.set(Standing { damaged: standing.damaged.saturating_sub(rows), ..standing });
    }

    /// The newest id that was given out.
    pub(super) fn last_id(&self) -> i64 {
        self.memory.ids.borrow().last()
    }

    pub(super) fn change_tally(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.memory.tally.borrow_mut());
    }
}

impl Database {
    /// Opens or creates the file and brings its schema up to date, for tools. A daemon may work on it at the same time: both
    /// take turns. Only a file that needs another schema must be nobody else's for that moment.
    ///
    /// # Errors
    /// Says what is wrong with the file; it is never wiped.
    pub fn open(options: &Options) -> Result<Self, StoreError> {
        Self::open_with(options, None)
    }

    /// Opens or creates the file for the daemon, which holds it with `lock` as long as this value lives.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open_held(options: &Options, lock: FileLock) -> Result<Self, StoreError> {
        Self::open_with(options, Some(lock))
    }

    fn open_with(options: &Options, lock: Option<FileLock>) -> Result<Self, StoreError> {
        let open = |reason: String| StoreError::Open { path: options.path.clone(), reason };
        epoch::is_there(&options.path)?;
        let connection = Connection::open(&options.path).map_err(|error| open(error.to_string()))?;
        Self::prepare(connection, options, lock).map_err(|error| match error {
            StoreError::Damaged(reason) | StoreError::Sqlite(reason) => open(reason),
            other @ (StoreError::Busy(_)
            | StoreError::DiskFull
            | StoreError::Closed(_)
            | StoreError::Open { .. }
            | StoreError::Held { .. }
            | StoreError::Lost { .. }
            | StoreError::Newer { .. }
            | StoreError::Io(_)
            | StoreError::Row(_)) => other,
        })
    }

    /// A database that lives in memory, for tests and the simulation.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?, &Options::at(""), None)
    }

    fn prepare(mut connection: Connection, options: &Options, lock: Option<FileLock>) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(96);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // An acknowledged message must survive a power cut, so every commit waits for the disk.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", false)?;
        // What is deleted is overwritten, so that nobody reads an erased number or an old text from the file.
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "cache_size", kibibytes(options.cache_size_bytes))?;
        connection.pragma_update(None, "wal_autocheckpoint", options.wal_size_bytes / PAGE_SIZE_BYTES)?;
        connection.pragma_update(None, "journal_size_limit", options.wal_size_bytes * 2)?;
        // Otherwise each new value of a LIMIT or an OFFSET has its statement prepared anew.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // Another schema under a running daemon would break its statements.
        let is_file = !options.path.as_os_str().is_empty();
        let _changing = match migrate::is_behind(&connection)? && lock.is_none() && is_file {
            true => Some(FileLock::take(&options.path, None)?),
            false => None,
        };
        migrate::migrate(&mut connection)?;
        // What an attempt may have to take back is kept in memory; SQLite would write it to a temporary file. Set after the
        // migration, whose indexes are sorted on the disk.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        let memory = Memory {
            ids: RefCell::new(IdClock::after(last_id(&connection)?)),
            tally: RefCell::new(Tally::load(&connection)?),
            person_key: PersonKey::load(&connection)?,
            leaves_no_trace: Cell::new(false),
            standing: Cell::new(standing::standing(&connection)?),
            asides: RefCell::default(),
            clock: ClockMemory { state: Cell::new(ClockState::load(&connection)?), shift: None },
        };
        let version = data_version(&connection)?;
        Ok(Self { connection, memory, version, commits: 0, epoch: None, _lock: lock })
    }

    /// From now on every commit counts, and moves the mark outside of the file.
    pub(super) fn count_commits(&mut self, epoch: EpochFile, commits: u64) {
        self.commits = commits;
        self.epoch = Some(epoch);
    }

    /// The end of an orderly stop, or of one after the file was found damaged; the next start looks at the file only then.
    pub(super) fn close(mut self, end: epoch::End) {
        if let Some(mut epoch) = self.epoch.take() {
            drop(self.connection);
            epoch.end(end);
        }
    }

    /// The mark's file once more, for who brings it to the disk.
    pub(super) fn epoch_again(&self) -> Option<EpochFile> {
        self.epoch.as_ref().and_then(|epoch| epoch.again().ok())
    }

    /// Makes all indexes anew from their tables.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn rebuild_indexes(&mut self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("REINDEX")?)
    }

    /// How the file stands after the last commit.
    pub fn standing(&self) -> Standing {
        self.memory.standing.get()
    }

    /// Lets the process's time jump by `shift` when the clock's steps are written, and back when they are not kept.
    pub fn on_clock_step(&mut self, shift: fn(i64)) {
        self.memory.clock.shift = Some(shift);
    }

    /// Runs `work` in one transaction that reached the disk when this returns `Ok`.
    ///
    /// # Errors
    /// Whatever `work` returns, or the commit's own error; nothing of it is kept then.
    pub fn write<T>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let fresh = self.refresh();
        let before = self.memory.clone();
        let changes = self.connection.total_changes();
        let tx = Tx { connection: &self.connection, memory: &self.memory };
        let mut counted = self.commits;
        let result = fresh.and_then(|()| work(&tx)).and_then(|value| {
            let tally = *self.memory.tally.borrow();
            tally.save(&before.tally.borrow(), &self.connection)?;
            let changed = self.connection.total_changes() != changes;
            counted += u64::from(self.epoch.is_some() && changed);
            if counted != self.commits || tx.last_id() != before.ids.borrow().last() {
                epoch::advance(&self.connection, counted - self.commits, tx.last_id())?;
            }
            self.connection.execute_batch("COMMIT")?;
            Ok(value)
        });
        if result.is_err() {
            // A failed commit may have ended the transaction already; rolling back twice is harmless.
            let _ = self.connection.execute_batch("ROLLBACK");
            self.memory.clock.taken_back(&before.clock);
            self.memory = before;
            return result;
        }
        // Before anybody acts on what was committed.
        if let Some(epoch) = self.epoch.as_mut().filter(|_| counted != self.commits) {
            epoch.reach(counted);
        }
        self.commits = counted;
        tell_set_aside(&std::mem::take(&mut *self.memory.asides.borrow_mut()));
        if self.memory.leaves_no_trace.take() {
            self.empty_log();
        }
        result
    }

    /// Reads again what is kept in memory, if another process has written since.
    fn refresh(&mut self) -> Result<(), StoreError> {
        let version = data_version(&self.connection)?;
        if version == self.version {
            return Ok(());
        }
        let last = last_id(&self.connection)?.max(self.memory.ids.borrow().last());
        self.memory.tally.replace(Tally::load(&self.connection)?);
        self.memory.ids.replace(IdClock::after(last));
        self.memory.standing.set(standing::standing(&self.connection)?);
        self.version = version;
        Ok(())
    }

    /// Moves the write-ahead log into the file and cuts it. A reader that holds it up is waited for shortly; then the log is
    /// emptied with a later checkpoint.
    fn empty_log(&self) {
        let _ = self.connection.busy_timeout(Duration::from_millis(200));
        let emptied: rusqlite::Result<i64> =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        if !matches!(emptied, Ok(0)) {
            tracing::debug!("The write-ahead log is in use; it is emptied later");
        }
        let _ = self.connection.busy_timeout(BUSY_TIMEOUT);
    }

    /// The counts after the last commit.
    pub fn tally(&self) -> Tally {
        *self.memory.tally.borrow()
    }

    /// Reads on the writing connection, for tests and tools that own the database.
    ///
    /// # Errors
    /// Whatever `work` returns.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        work(&self.connection)
    }
}

/// The largest id in the file.
fn last_id(connection: &Connection) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT max(coalesce((SELECT max(id) FROM message), 0), coalesce((SELECT max(id) FROM inbound), 0), \
         coalesce((SELECT last_id FROM epoch WHERE typeof(last_id) = 'integer'), 0))",
    )?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// A number that differs from the last one if another connection has written in between.
fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

/// One line for each row that was set aside, and one for the rest of many.
fn tell_set_aside(rows: &[String]) {
    for row in rows.iter().take(ASIDE_LINES_MAX) {
        tracing::error!(
            message_id = catalog::ROW_DAMAGED.id,
            "A row cannot be read and is set aside; everything else goes on: {row}"
        );
    }
    if rows.len() > ASIDE_LINES_MAX {
        let more = rows.len() - ASIDE_LINES_MAX;
        tracing::error!(
            message_id = catalog::ROW_DAMAGED.id,
            "{more} more rows are set aside; postrider doctor shows them"
        );
    }
}

/// Opens a second connection that can only read.
///
/// # Errors
/// Says why the file cannot be opened.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    epoch::is_there(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| StoreError::Open { path: path.to_owned(), reason: error.to_string() })?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", kibibytes(1 << 20))?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// SQLite takes cache sizes in KiB as negative numbers.
fn kibibytes(bytes: usize) -> i64 {
    -i64::try_from(bytes / 1024).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_model::State;

    #[test]
    fn a_failed_transaction_leaves_rows_and_counts_as_they_were() {
        let mut database = Database::in_memory().unwrap();
        let result: Result<(), _> = database.write(|tx| {
            tx.change_tally(|tally| tally.add(State::Queued));
            tx.sql().execute("INSERT INTO reference VALUES (1, 1)", [])?;
            Err(StoreError::DiskFull)
        });
        assert!(result.is_err());
        assert_eq!(database.tally(), Tally::default());
        let rows: i64 =
            database.read(|c| Ok(c.query_row("SELECT count(*) FROM reference", [], |row| row.get(0))?)).unwrap();
        assert_eq!(rows, 0);
        database.write(|_| Ok(())).unwrap();
    }

    #[test]
    fn what_is_not_a_database_is_named_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postrider.db");
        std::fs::write(&path, "this is a shopping list, not a database\n".repeat(200)).unwrap();
        let error = Database::open(&Options::at(&path)).unwrap_err();
        assert!(error.to_string().contains("postrider.db"), "{error}");
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("this is a shopping list"));
    }
}
