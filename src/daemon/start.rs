//! The first steps of a start: hold the file, look it over after a crash, and see whether it was put back. Nothing is read from
//! a file that another daemon holds, and nothing is sent from one that is damaged or older than the last run.

use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::clock::now;
use super::timekeeper;
use crate::link::shift_line;
use crate::model::catalog;
use crate::pipeline::start_clock;
use crate::store::{Begun, Database, End, FileLock, Options, Store, StoreError, has_other_names, quick_check, restore};

/// A file that is looked over for longer is used meanwhile.
const CHECK_WAIT_MAX: Duration = Duration::from_secs(1);
/// How many messages one transaction holds or releases.
const HELD_AT_ONCE: usize = 5_000;
/// How a database begins (SQLite, "Database File Format", 1.3.1).
const SQLITE_HEAD: &[u8; 16] = b"SQLite format 3\0";
/// What tells this boot of the machine from others.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Opens the store for the daemon.
///
/// # Errors
/// [`StoreError::Held`] if another daemon has it; else what is wrong with the file.
pub fn open(options: &Options) -> anyhow::Result<(Store, JoinHandle<()>)> {
    let path = &options.path;
    let lock = FileLock::take(path, Some(now()))?;
    if has_other_names(path) {
        tracing::warn!(
            "{} has more than one name on its disk (hard links). Open it by one name only: by another, a second daemon \
             would not be noticed, and SQLite would keep a second log",
            path.display()
        );
    }
    let end = restore::last_end(path);
    let check = look_over(path, end)?;
    let mut database = Database::open_held(options, lock)?;
    if end == End::Damaged {
        // Its pages are whole, so what the last run stumbled over is an index.
        tracing::warn!("The last run found the database damaged; its tables are whole, and its indexes are made anew");
        database.rebuild_indexes()?;
    }
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce)?;
    let begun = database.begin_run(path, i64::from_ne_bytes(nonce), now())?;
    tell(&begun, database.standing().held_upto.is_some());
    // Before anything looks at what is due: how much of the wall clock's difference has really passed.
    let reading = timekeeper::reading(timekeeper::boot());
    let change = database.write(|tx| start_clock(tx, &reading, timekeeper::is_confirmed(0)))?;
    timekeeper::report(&change);
    database.on_clock_step(shift_line);
    let (store, writer) = Store::start(database, path.clone())?;
    if let Some(check) = check {
        let stop = store.stopper();
        std::thread::Builder::new().name("check".to_owned()).spawn(move || match check.recv() {
            Ok(Err(error)) if error.is_fatal() => stop.stop(error),
            Ok(Err(error)) => tracing::warn!(%error, "The database could not be looked over: {error}"),
            Ok(Ok(())) | Err(_) => tracing::info!("The database was looked over: it is whole"),
        })?;
    }
    Ok((store, writer))
}

type Check = Receiver<Result<(), StoreError>>;

/// Looks the file over unless the last run ended in order. Gives back a look that takes longer; one at a file that was found
/// damaged before is waited for.
fn look_over(path: &Path, end: End) -> Result<Option<Check>, StoreError> {
    let wait = match end {
        End::Stopped => return Ok(None),
        // What is no database at all has no damage; whoever opens it says what it is.
        _ if !is_database(path) => return Ok(None),
        End::Open => CHECK_WAIT_MAX,
        End::Damaged => Duration::MAX,
    };
    let (done, check) = sync_channel(1);
    let of = path.to_owned();
    let thread = std::thread::Builder::new().name("check".to_owned());
    thread.spawn(move || done.send(quick_check(&of))).map_err(|error| StoreError::Io(error.to_string()))?;
    match check.recv_timeout(wait) {
        Ok(Err(damaged @ StoreError::Damaged(_))) => Err(damaged),
        // What cannot be opened for reading is told by whoever opens it for writing.
        Ok(_) | Err(RecvTimeoutError::Disconnected) => Ok(None),
        Err(RecvTimeoutError::Timeout) => {
            tracing::info!("The last run did not end in order: the database is looked over in the background");
            Ok(Some(check))
        }
    }
}

/// Whether the file begins as every SQLite database does.
fn is_database(path: &Path) -> bool {
    let mut head = [0; SQLITE_HEAD.len()];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && &head == SQLITE_HEAD
}

fn tell(begun: &Begun, held: bool) {
    let boot = std::fs::read_to_string(BOOT_ID).unwrap_or_default();
    let Begun { run, database, commits, .. } = begun;
    tracing::info!("Run {run} of database {database}, {commits} commits before it, boot {}", boot.trim());
    let what = "its unfinished messages, campaigns and workflows are held until a person says postrider restore --release; \
                new messages are taken and sent";
    match &begun.restored {
        Some(why) => {
            tracing::error!(message_id = catalog::DATABASE_RESTORED.id, "The database was put back ({why}): {what}")
        }
        None if held => tracing::warn!(
            message_id = catalog::DATABASE_RESTORED.id,
            "The database was put back in an earlier run: {what}"
        ),
        None => {}
    }
}

/// Takes out of the queues what a file that was put back holds, or puts back what a release left, before anything is sent.
///
/// # Errors
/// The store's own.
pub async fn hold(store: &Store) -> Result<(), StoreError> {
    let mut held = 0;
    loop {
        let some = |tx: &crate::store::Tx<'_>| {
            Ok((restore::hold_some(tx, HELD_AT_ONCE)?, restore::release_some(tx, HELD_AT_ONCE)?))
        };
        let (taken, released) = store.write(some).await?;
        held += taken;
        if taken + released == 0 {
            break;
        }
    }
    if held > 0 {
        tracing::warn!(
            message_id = catalog::DATABASE_RESTORED.id,
            "{held} messages of the database that was put back are held; postrider restore --status counts them"
        );
    }
    Ok(())
}
