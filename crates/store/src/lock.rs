//! Holds a database for one daemon: a lock file beside it, `postrider.db.lock`, that the kernel frees with the process.
//!
//! The lock is on a file of its own, because SQLite's locks on the database would go with any of our descriptors of it. It
//! stands beside the file that the path leads to in the end, so that a link or a relative path meets the same lock.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Gid, Mode, OFlags, Uid, fchown, flock, fstat, open as open_file, stat};

use super::StoreError;
use super::holder::Holder;
use postrider_model::Timestamp;

/// The daemon's group may see who holds the file.
const MODE: Mode = Mode::from_raw_mode(0o640);
/// A path that leads through more links leads nowhere.
const LINKS_MAX: usize = 16;
/// What is read of a lock file.
const HOLDER_SIZE_MAX: u64 = 512;

/// The exclusive hold on a database file; it ends with the value, or with the process.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl FileLock {
    /// Holds the database at `path`, before anything is read from it; `since` is told to whoever asks.
    ///
    /// # Errors
    /// [`StoreError::Held`] names the process that holds it; nothing was changed then. Else why the lock cannot be had.
    pub fn take(path: &Path, since: Option<Timestamp>) -> Result<Self, StoreError> {
        let open = |error: io::Error, file: &Path| StoreError::Open {
            path: path.to_owned(),
            reason: format!("its lock {}: {error}", file.display()),
        };
        let place = lock_path(path).map_err(|error| open(error, path))?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC;
        let file = open_file(&place, flags, MODE).map_err(|error| open(error.into(), &place))?;
        let mut file = File::from(file);
        give_to_owner(&file, &place);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let _ = Read::by_ref(&mut file).take(HOLDER_SIZE_MAX).read_to_string(&mut text);
                return Err(StoreError::Held { path: path.to_owned(), holder: Holder::parse(&text) });
            }
            Err(error) => return Err(open(error.into(), &place)),
        }
        // Who holds it is said for people; the lock holds without the words.
        let _ = say(&mut file, &Holder::of_this_process(since).text());
        Ok(Self { file })
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // The file stays: whoever waits to lock it may have opened it already.
        let _ = say(&mut self.file, "");
    }
}

/// Root may have made the file just now; the daemon, which owns the directory, could then not open it.
fn give_to_owner(file: &File, place: &Path) {
    let folder = place.parent().and_then(|folder| stat(folder).ok());
    if let (Ok(own), Some(folder)) = (fstat(file), folder)
        && own.st_uid == 0
        && folder.st_uid != 0
    {
        let _ = fchown(file, Some(Uid::from_raw(folder.st_uid)), Some(Gid::from_raw(folder.st_gid)));
    }
}

fn say(file: &mut File, text: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())
}

/// The file that `path` leads to, whether or not it is there yet.
///
/// # Errors
/// When its directory is not there, or the links lead in a circle.
pub fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it names no file"))?;
        let here = folder.canonicalize()?.join(name);
        match fs::read_link(&here) {
            Ok(target) => path = here.with_file_name("").join(target),
            Err(_) => return Ok(here),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// A file beside the database that belongs to it: `postrider.db` and `.lock`.
///
/// # Errors
/// As [`real_path`].
pub fn beside(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let mut name = real_path(path)?.into_os_string();
    name.push(suffix);
    Ok(name.into())
}

fn lock_path(path: &Path) -> io::Result<PathBuf> {
    beside(path, ".lock")
}

/// Whether a file has other names (hard links). By one of them another process can open it past the lock, and with a log of
/// its own.
pub fn has_other_names(path: &Path) -> bool {
    stat(path).is_ok_and(|file| file.st_nlink > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn held(result: Result<FileLock, StoreError>) -> Holder {
        match result {
            Err(StoreError::Held { holder, .. }) => holder,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_holds_the_file_and_the_next_is_told_who() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let lock = FileLock::take(&path, Some(NOW)).unwrap();
        let holder = held(FileLock::take(&path, None));
        assert_eq!((holder.pid, holder.since), (Some(std::process::id()), Some(NOW)));
        let told = holder.to_string();
        assert!(told.contains(&format!("process {}", std::process::id())) && told.contains("2026-11-22T"), "{told}");
        assert!(!path.exists(), "the database itself was not touched");
        drop(lock);
        FileLock::take(&path, None).unwrap();
    }

    #[test]
    fn links_and_relative_ways_lead_to_the_same_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (data, links) = (folder.path().join("data"), folder.path().join("links"));
        fs::create_dir_all(&data).unwrap();
        fs::create_dir_all(&links).unwrap();
        let path = data.join("a.db");
        // Also before there is a database.
        std::os::unix::fs::symlink("../data/a.db", links.join("b.db")).unwrap();
        std::os::unix::fs::symlink(&data, links.join("folder")).unwrap();
        let _lock = FileLock::take(&path, None).unwrap();
        for way in [links.join("b.db"), links.join("folder/a.db"), data.join("../links/../data/./a.db")] {
            held(FileLock::take(&way, None));
        }
        fs::write(&path, "").unwrap();
        fs::hard_link(&path, data.join("c.db")).unwrap();
        assert!(has_other_names(&path));
        std::os::unix::fs::symlink("round.db", data.join("round.db")).unwrap();
        assert!(matches!(FileLock::take(&data.join("round.db"), None), Err(StoreError::Open { .. })));
    }

    #[test]
    fn what_a_lock_file_says_is_taken_as_words_only() {
        let odd = Holder::parse("no number\nx\u{1b}[31m\n99999999999999999999\n");
        assert_eq!(odd, Holder { pid: None, program: "x[31m".to_owned(), since: None });
        assert_eq!(odd.to_string(), "another process (x[31m)");
        let own = Holder::of_this_process(Some(NOW));
        assert_eq!(Holder::parse(&own.text()), own);
    }
}
