//! Tells a database that is older than the last run: a small file beside it, `postrider.db.epoch`, says which database ran
//! here last, in which run, and how many commits it had made.
//!
//! Every commit of the daemon counts in the database and, once the disk has it, in the mark outside; only then does anybody
//! act on it. So after a crash the database is as far as the mark or further. A database that is behind its mark lacks
//! something that was acted on: it is a backup that was put back, or its log was cut.
//!
//! The mark is written in place and reaches the disk within a second; a process that is killed loses nothing of it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, params};
use rustix::fs::{Mode, OFlags, fstat, fstatfs, open};
use rustix::io::pwrite;

use super::{StoreError, lock, row};

/// Begins the file.
const MAGIC: &[u8; 8] = b"postrid1";
/// Less than what a disk writes at once, so that it is written whole or not at all.
const MARK_SIZE_BYTES: usize = 64;
/// The daemon's group may read it.
const MODE: Mode = Mode::from_raw_mode(0o640);
/// Filesystems on which a file keeps its inode number: ext, xfs, btrfs, f2fs, zfs, tmpfs.
const KEEPS_INODES: [i128; 6] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0x0102_1994];

/// How far a database was when it last was this machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Which database.
    pub database: [u8; 16],
    /// Which run of the daemon; 0 before the first.
    pub run: u64,
    /// What tells that run from the same one of a copy.
    pub nonce: i64,
    /// How many commits were made in all.
    pub commits: u64,
    /// How the run ended.
    pub end: End,
    /// The inode of the file that says so: a copy of it has another.
    inode: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// It runs still, or was killed.
    #[default]
    Open,
    /// In order.
    Stopped,
    /// The database was found damaged.
    Damaged,
}

impl Mark {
    /// The mark of a run that began after so many commits.
    pub fn new(database: [u8; 16], run: u64, nonce: i64, commits: u64) -> Self {
        Self { database, run, nonce, commits, ..Self::default() }
    }

    fn to_bytes(self) -> [u8; MARK_SIZE_BYTES] {
        let end = match self.end {
            End::Open => 0,
            End::Stopped => 1,
            End::Damaged => 2_u64,
        };
        let numbers =
            [self.run, self.nonce.cast_unsigned(), self.commits, self.inode, end].map(u64::to_be_bytes).concat();
        let mut out = [&MAGIC[..], &self.database, &numbers].concat();
        // Eight octets are not left, so the sum takes the place of the upper half of the last number, which is none.
        let sum = row::hash(&[&out]).to_be_bytes();
        out.truncate(MARK_SIZE_BYTES);
        let mut mark = [0; MARK_SIZE_BYTES];
        mark.iter_mut().zip(out).for_each(|(to, from)| *to = from);
        mark[56..60].copy_from_slice(&sum[..4]);
        mark
    }

    /// `None` if the octets are no mark.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC).filter(|_| bytes.len() == MARK_SIZE_BYTES)?;
        let (database, numbers) = rest.split_first_chunk::<16>()?;
        let (numbers, _) = numbers.as_chunks::<8>();
        let [run, nonce, commits, inode, end] = <[[u8; 8]; 5]>::try_from(numbers).ok()?.map(u64::from_be_bytes);
        let end = match end & 0xffff_ffff {
            0 => End::Open,
            1 => End::Stopped,
            2 => End::Damaged,
            _ => return None,
        };
        let mark = Self { database: *database, run, nonce: nonce.cast_signed(), commits, end, inode };
        (mark.to_bytes() == bytes).then_some(mark)
    }
}

/// What stands in the place of the mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Missing,
    /// A file that cannot be read, and why.
    Unreadable(String),
    /// A mark; `copied` if its file is a copy of the one that was written here.
    Mark {
        /// The mark.
        mark: Mark,
        /// Whether the file was copied.
        copied: bool,
    },
}

/// Where the mark of the database at `path` is.
///
/// # Errors
/// The system's own.
pub fn beside(path: &Path) -> io::Result<PathBuf> {
    lock::beside(path, ".epoch")
}

/// Reads the mark of the database at `path`.
pub fn find(path: &Path) -> Found {
    let read = || -> io::Result<Found> {
        let mut file = File::open(beside(path)?)?;
        let mut bytes = Vec::with_capacity(MARK_SIZE_BYTES + 1);
        Read::by_ref(&mut file).take(MARK_SIZE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        let Some(mark) = Mark::from_bytes(&bytes) else { return Ok(Found::Unreadable("it holds no mark".to_owned())) };
        let copied = keeps_inodes(&file) && fstat(&file)?.st_ino != mark.inode;
        Ok(Found::Mark { mark, copied })
    };
    read().unwrap_or_else(|error| {
        let is_missing = error.kind() == io::ErrorKind::NotFound;
        if is_missing { Found::Missing } else { Found::Unreadable(error.to_string()) }
    })
}

fn keeps_inodes(file: &File) -> bool {
    fstatfs(file).is_ok_and(|stat| KEEPS_INODES.contains(&i128::from(stat.f_type)))
}

/// Makes sure that SQLite does not begin a new database where one with commits is expected: it would delete the log beside an
/// empty file, and with it what can be saved.
///
/// # Errors
/// [`StoreError::Lost`].
pub fn is_there(path: &Path) -> Result<(), StoreError> {
    let what = match fs::metadata(path) {
        Ok(file) if file.len() > 0 => return Ok(()),
        Ok(_) => "empty",
        Err(error) if error.kind() == io::ErrorKind::NotFound => "not there",
        Err(_) => return Ok(()),
    };
    match find(path) {
        Found::Mark { mark, .. } if mark.commits > 0 => Err(StoreError::Lost {
            path: path.to_owned(),
            what,
            commits: mark.commits,
            epoch: beside(path).unwrap_or_default(),
        }),
        Found::Mark { .. } | Found::Missing | Found::Unreadable(_) => Ok(()),
    }
}

/// A run of the daemon, as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Which one, from 1.
    pub n: u64,
    /// What tells it from the same one of a copy.
    pub nonce: i64,
    /// The commits before it.
    pub after: u64,
}

/// What the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Own {
    /// Which one it is.
    pub database: [u8; 16],
    /// How many commits it has.
    pub commits: u64,
    /// The runs that it saw, the oldest first.
    pub runs: Vec<Run>,
}

/// Reads what the database says of itself; a row that cannot be read is written anew, so that it counts as another database.
///
/// # Errors
/// SQLite's own.
pub fn own(connection: &Connection) -> Result<Own, StoreError> {
    let read = || -> Result<Own, StoreError> {
        let sql = "SELECT database, commits FROM epoch WHERE one = 1";
        let (database, commits) = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut statement = connection.prepare("SELECT n, nonce, after FROM run ORDER BY n")?;
        let runs = statement.query_map([], |row| Ok(Run { n: row.get(0)?, nonce: row.get(1)?, after: row.get(2)? }))?;
        Ok(Own { database, commits, runs: runs.collect::<Result<_, _>>()? })
    };
    match read() {
        Err(StoreError::Row(_) | StoreError::Sqlite(_)) => {}
        known => return known,
    }
    connection.execute(
        "INSERT OR REPLACE INTO epoch (one, database, commits, last_id) VALUES (1, randomblob(16), 0, 0)",
        [],
    )?;
    connection.execute("DELETE FROM run", [])?;
    read()
}

/// Why a database is not the one that ran here last, as it was then; `None` if it is, or if none ran yet.
pub fn judge(own: &Own, found: &Found) -> Option<String> {
    let (mark, copied) = match found {
        Found::Missing if own.runs.is_empty() => return None,
        Found::Missing => return Some("the file that says how far the last run came is not beside it".to_owned()),
        Found::Unreadable(why) => {
            return Some(format!("the file that says how far the last run came is damaged: {why}"));
        }
        Found::Mark { mark, copied } => (mark, *copied),
    };
    if mark.database != own.database {
        return Some(format!("another database, {}, ran here last", short(&mark.database)));
    }
    if own.commits < mark.commits {
        let lacking = mark.commits - own.commits;
        return Some(format!("it lacks the last {lacking} of {} commits of run {}", mark.commits, mark.run));
    }
    if copied {
        return Some(
            "the file that says how far the last run came is a copy: the whole directory was put back".to_owned(),
        );
    }
    // A mark of run 0 was made just before the first run.
    if mark.run == 0 {
        return None;
    }
    let place = own.runs.iter().position(|run| run.n == mark.run && run.nonce == mark.nonce);
    let Some(place) = place else {
        return Some(format!("it did not see run {}, which was the last one here", mark.run));
    };
    let end = own.runs.get(place + 1).map_or(own.commits, |next| next.after);
    (end < mark.commits).then(|| format!("it is a copy that went on elsewhere before the end of run {}", mark.run))
}

/// The beginning of a database's id, for people.
pub fn short(database: &[u8; 16]) -> String {
    database.iter().take(4).map(|octet| format!("{octet:02x}")).collect()
}

/// Counts `commits` more in the database, and keeps the newest id.
///
/// # Errors
/// SQLite's own.
pub fn advance(connection: &Connection, commits: u64, last_id: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE epoch SET commits = commits + ?1, last_id = max(last_id, ?2) WHERE one = 1")?
        .execute(params![commits, last_id])?;
    Ok(())
}

/// The mark's file, open.
#[derive(Debug)]
pub struct EpochFile {
    file: File,
    path: PathBuf,
    mark: Mark,
    /// Whether it was written since it was brought to the disk last.
    moved: Arc<AtomicBool>,
    /// Whether the last write failed; it is told once.
    failed: bool,
}

impl EpochFile {
    /// Puts `mark` beside the database at `path`, on the disk before this returns.
    ///
    /// # Errors
    /// The system's own.
    pub fn create(path: &Path, mark: Mark) -> io::Result<Self> {
        let place = beside(path)?;
        let fresh = place.with_extension("epoch-new");
        let _ = fs::remove_file(&fresh);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mut file = File::from(open(&fresh, flags, MODE)?);
        let mark = Mark { inode: fstat(&file)?.st_ino, ..mark };
        file.write_all(&mark.to_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &place)?;
        File::open(place.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        Ok(Self { file, path: place, mark, moved: Arc::default(), failed: false })
    }

    /// The same file once more, to be brought to the disk by another thread.
    ///
    /// # Errors
    /// The system's own.
    pub fn again(&self) -> io::Result<Self> {
        let (file, path) = (self.file.try_clone()?, self.path.clone());
        Ok(Self { file, path, mark: self.mark, moved: self.moved.clone(), failed: false })
    }

    /// Notes that the database has made so many commits.
    pub fn reach(&mut self, commits: u64) {
        self.mark.commits = commits;
        self.write();
    }

    /// Notes how the run ended.
    pub fn end(&mut self, end: End) {
        self.mark.end = end;
        self.write();
        self.sync_moved();
    }

    /// Brings it to the disk, if it was written since the last time.
    pub fn sync_moved(&self) {
        if self.moved.swap(false, Ordering::Relaxed) {
            let _ = self.file.sync_data();
        }
    }

    fn write(&mut self) {
        let written = pwrite(&self.file, &self.mark.to_bytes(), 0);
        self.moved.store(true, Ordering::Relaxed);
        if let Err(error) = &written
            && !self.failed
        {
            let path = self.path.display();
            tracing::warn!("{path} cannot be written, so an old backup may not be told from this database: {error}");
        }
        self.failed = written.is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [u8; 16] = [7; 16];

    fn mark(run: u64, commits: u64) -> Found {
        let nonce = i64::try_from(run).unwrap() * 11;
        Found::Mark { mark: Mark { database: OWN, run, nonce, commits, ..Mark::default() }, copied: false }
    }

    /// A database that saw runs which ended after so many commits each.
    fn database(ends: &[u64]) -> Own {
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let runs = (1..).zip(starts).take(ends.len());
        let runs = runs.map(|(n, after)| Run { n, nonce: i64::try_from(n).unwrap() * 11, after }).collect();
        Own { database: OWN, commits: ends.last().copied().unwrap_or(0), runs }
    }

    #[test]
    fn a_mark_reads_back_and_a_flipped_bit_is_seen() {
        let mark = Mark { database: OWN, run: 3, nonce: -5, commits: 1 << 40, end: End::Damaged, inode: u64::MAX };
        let bytes = mark.to_bytes();
        assert_eq!(Mark::from_bytes(&bytes), Some(mark));
        for place in 0..MARK_SIZE_BYTES * 8 {
            let mut flipped = bytes;
            flipped[place / 8] ^= 1 << (place % 8);
            assert_eq!(Mark::from_bytes(&flipped), None, "bit {place}");
        }
        assert_eq!(Mark::from_bytes(&bytes[..63]), None);
        assert_eq!(Mark::from_bytes(b""), None);
    }

    #[test]
    fn a_crash_is_no_restore() {
        assert_eq!(judge(&database(&[]), &Found::Missing), None, "a new file, or one of an older version");
        assert_eq!(judge(&database(&[40, 90]), &mark(2, 90)), None, "an orderly stop");
        assert_eq!(judge(&database(&[40, 90]), &mark(2, 89)), None, "killed between commit and mark");
        assert_eq!(judge(&database(&[40, 90]), &mark(2, 50)), None, "a power cut took marks back");
        assert_eq!(judge(&database(&[40, 40]), &mark(1, 40)), None, "killed while it started");
        assert_eq!(judge(&database(&[0]), &mark(0, 0)), None, "killed in the first start");
    }

    #[test]
    fn what_is_older_than_the_last_run_is_told() {
        let told = |own: &[u64], found: &Found| judge(&database(own), found).unwrap_or_default();
        assert!(told(&[40, 89], &mark(2, 90)).contains("lacks the last 1 of 90 commits"));
        assert!(told(&[40], &mark(2, 90)).contains("lacks"));
        assert!(told(&[40], &mark(2, 40)).contains("did not see run 2"), "not even one commit was made since");
        assert!(told(&[40], &Found::Missing).contains("not beside it"));
        assert!(told(&[40], &Found::Unreadable("x".to_owned())).contains("damaged"));
        assert!(told(&[40, 120], &mark(1, 60)).contains("went on elsewhere"), "its run 2 began before that end");
        let Found::Mark { mark: one, .. } = mark(1, 40) else { unreachable!() };
        let other = Found::Mark { mark: Mark { database: [8; 16], ..one }, copied: false };
        assert!(told(&[40], &other).contains("another database"));
        assert!(told(&[40], &Found::Mark { mark: Mark { nonce: 1, ..one }, copied: false }).contains("did not see"));
        assert!(told(&[40], &Found::Mark { mark: one, copied: true }).contains("whole directory"));
    }

    #[test]
    fn the_file_knows_that_it_was_copied_and_an_empty_database_is_not_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        assert_eq!(find(&path), Found::Missing);
        let mut file = EpochFile::create(&path, Mark { database: OWN, run: 1, ..Mark::default() }).unwrap();
        is_there(&path).unwrap();
        file.reach(12);
        file.end(End::Stopped);
        let Found::Mark { mark, copied } = find(&path) else { panic!("it is there") };
        assert_eq!((mark.run, mark.commits, mark.end, copied), (1, 12, End::Stopped, false));
        assert!(is_there(&path).unwrap_err().to_string().contains("is not there, though 12 commits"));
        fs::write(&path, "").unwrap();
        assert!(is_there(&path).unwrap_err().to_string().contains("is empty, though 12 commits"));
        let place = beside(&path).unwrap();
        let octets = fs::read(&place).unwrap();
        if keeps_inodes(&File::open(&place).unwrap()) {
            fs::write(folder.path().join("copy"), &octets).unwrap();
            fs::rename(folder.path().join("copy"), &place).unwrap();
            assert!(matches!(find(&path), Found::Mark { copied: true, .. }));
        }
        fs::write(&place, "").unwrap();
        assert!(matches!(find(&path), Found::Unreadable(_)));
    }
}
