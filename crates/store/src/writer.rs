//! The writer thread: many requests share one commit, and each is answered after the disk has it.
//!
//! A group is everything that waits when the thread looks. If one piece of work in it fails, the group is rolled back
//! and each piece runs again in a transaction of its own, so that nobody pays for a neighbour's error.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::database::open_reader;
use super::epoch::{End, EpochFile};
use super::{Database, Standing, StoreError, Tally, Tx};
use postrider_model::catalog;

/// How much work may wait for the writer.
pub const WORK_MAX: usize = 4096;
/// How much of it shares one commit.
const GROUP_MAX: usize = 1024;
/// How many idle reading connections are kept.
const READERS_KEPT: usize = 4;

/// Work for the writer, and the way back for its result.
trait Work: Send {
    fn run(&mut self, tx: &Tx<'_>) -> Result<(), StoreError>;
    fn finish(self: Box<Self>, commit: Result<(), StoreError>);
}

struct WorkOf<F, T> {
    work: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Work for WorkOf<F, T>
where
    F: FnMut(&Tx<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> Result<(), StoreError> {
        self.value = Some((self.work)(tx)?);
        Ok(())
    }

    fn finish(self: Box<Self>, commit: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        let answer = commit.and_then(|()| value.ok_or_else(|| StoreError::Closed("work that never ran".to_owned())));
        // The one who asked may have gone; the work is done all the same.
        let _ = reply.send(answer);
    }
}

/// A handle to the store: writes go to the writer thread, reads use connections of their own.
#[derive(Clone)]
pub struct Store {
    work: mpsc::Sender<Box<dyn Work>>,
    tally: watch::Receiver<Tally>,
    standing: watch::Receiver<Standing>,
    failure: watch::Receiver<Option<StoreError>>,
    stopper: Stopper,
    epoch: Option<Arc<EpochFile>>,
    readers: Arc<Readers>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Store {
    /// Starts the writer thread over `database`, whose file is `path`. The thread ends when all handles are gone.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(database: Database, path: PathBuf) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (work, inbox) = mpsc::channel(WORK_MAX);
        let (tally_out, tally) = watch::channel(database.tally());
        let (standing_out, standing) = watch::channel(database.standing());
        let (failure_out, failure) = watch::channel(None);
        let stopper = Stopper(failure_out.clone());
        let epoch = database.epoch_again().map(Arc::new);
        let writer = Writer { database, inbox, tally: tally_out, standing: standing_out, failure: failure_out };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || writer.run())?;
        let readers = Arc::new(Readers { path, idle: Mutex::new(Vec::new()) });
        Ok((Self { work, tally, standing, failure, stopper, epoch, readers }, thread))
    }

    /// Runs `work` on the writer thread; `Ok` means that the disk has it.
    ///
    /// `work` may run twice when a neighbour in its group failed; the first run is rolled back then.
    ///
    /// # Errors
    /// The work's own error, the commit's, or [`StoreError::Closed`].
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(WorkOf { work, value: None, reply });
        self.work.send(job).await.map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?
    }

    /// As [`Store::write`], but refuses with [`StoreError::Busy`] instead of waiting in line.
    ///
    /// # Errors
    /// As [`Store::write`], and [`StoreError::Busy`].
    pub async fn try_write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(WorkOf { work, value: None, reply });
        self.work.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy(WORK_MAX),
            mpsc::error::TrySendError::Closed(_) => self.closed(),
        })?;
        answer.await.map_err(|_| self.closed())?
    }

    /// Reads on a connection of its own. It blocks: async callers wrap it in a blocking task.
    ///
    /// # Errors
    /// Whatever `work` returns, or why the file cannot be opened.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.readers.idle.lock().ok().and_then(|mut idle| idle.pop());
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.readers.path)?,
        };
        let result = work(&connection);
        if let Ok(mut idle) = self.readers.idle.lock()
            && idle.len() < READERS_KEPT
        {
            idle.push(connection);
        }
        result
    }

    /// The message counts after the last commit.
    pub fn tally(&self) -> Tally {
        *self.tally.borrow()
    }

    /// How the file stands besides its messages, after the last commit.
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Brings the mark beside the file to the disk, if it moved. It blocks.
    pub fn sync_epoch(&self) {
        if let Some(epoch) = &self.epoch {
            epoch.sync_moved();
        }
    }

    /// What stops the store from outside.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Waits until the writer has stopped after an error, and returns it.
    pub async fn failed(&self) -> StoreError {
        let mut failure = self.failure.clone();
        loop {
            if let Some(error) = failure.borrow_and_update().clone() {
                return error;
            }
            if failure.changed().await.is_err() {
                return self.closed();
            }
        }
    }

    fn closed(&self) -> StoreError {
        match &*self.failure.borrow() {
            Some(error) => StoreError::Closed(error.to_string()),
            None => StoreError::Closed("shutting down".to_owned()),
        }
    }
}

/// Stops the store when something was found out about the file: nothing more is written, and the daemon ends.
#[derive(Clone)]
pub struct Stopper(watch::Sender<Option<StoreError>>);

impl Stopper {
    /// Stops it because of `error`.
    pub fn stop(&self, error: StoreError) {
        tracing::error!(message_id = catalog::STORE_FAILED.id, %error, "The store stopped: {error}");
        self.0.send_replace(Some(error));
    }
}

struct Writer {
    database: Database,
    inbox: mpsc::Receiver<Box<dyn Work>>,
    tally: watch::Sender<Tally>,
    standing: watch::Sender<Standing>,
    failure: watch::Sender<Option<StoreError>>,
}

impl Writer {
    fn run(mut self) {
        let mut group = Vec::with_capacity(64);
        while self.inbox.blocking_recv_many(&mut group, GROUP_MAX) > 0 && self.failure.borrow().is_none() {
            let outcome = self.commit_group(&mut group);
            if let Err(error) = outcome {
                // What the disk holds is unknown now. Nothing more is written; the daemon exits and looks at restart.
                tracing::error!(message_id = catalog::STORE_FAILED.id, %error, "The store stopped: {error}");
                self.failure.send_replace(Some(error));
                break;
            }
        }
        let end = match &*self.failure.borrow() {
            None => End::Stopped,
            Some(StoreError::Damaged(_)) => End::Damaged,
            Some(_) => End::Open,
        };
        self.database.close(end);
    }

    /// Before the answers go out: whoever was answered must find the message counted.
    fn publish(&self) {
        self.tally.send_replace(self.database.tally());
        let standing = self.database.standing();
        self.standing.send_if_modified(|known| std::mem::replace(known, standing) != standing);
    }

    /// Commits all of `group` together, or one by one; `Err` only after an error that ends the writer.
    fn commit_group(&mut self, group: &mut Vec<Box<dyn Work>>) -> Result<(), StoreError> {
        let together = self.database.write(|tx| group.iter_mut().try_for_each(|work| work.run(tx)));
        self.publish();
        match together {
            Ok(()) => group.drain(..).for_each(|work| work.finish(Ok(()))),
            Err(error) if error.is_fatal() || group.len() == 1 => {
                group.drain(..).for_each(|work| work.finish(Err(error.clone())));
                if error.is_fatal() {
                    return Err(error);
                }
            }
            Err(_) => return self.commit_each(group),
        }
        Ok(())
    }

    fn commit_each(&mut self, group: &mut Vec<Box<dyn Work>>) -> Result<(), StoreError> {
        let mut fatal = None;
        for mut work in group.drain(..) {
            let result = match &fatal {
                None => self.database.write(|tx| work.run(tx)),
                Some(error) => Err(StoreError::clone(error)),
            };
            if let Err(error) = &result
                && error.is_fatal()
            {
                fatal = Some(error.clone());
            }
            self.publish();
            work.finish(result);
        }
        fatal.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::*;

    fn start() -> (tempfile::TempDir, Store, JoinHandle<()>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.db");
        let database = Database::open(&Options::at(&path)).unwrap();
        let (store, thread) = Store::start(database, path).unwrap();
        (dir, store, thread)
    }

    #[tokio::test]
    async fn an_error_in_a_group_costs_only_its_own_work() {
        let (_dir, store, _thread) = start();
        let mut waiting = tokio::task::JoinSet::new();
        for n in 0..50_i64 {
            let store = store.clone();
            waiting.spawn(async move {
                store
                    .write(move |tx| {
                        tx.sql().execute("INSERT INTO reference VALUES (?1, 0)", [n])?;
                        if n == 25 { Err(StoreError::Row("planted".to_owned())) } else { Ok(n) }
                    })
                    .await
            });
        }
        let results = waiting.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
        let rows = store.read(|c| Ok(c.query_row("SELECT count(*) FROM reference", [], |row| row.get::<_, i64>(0))?));
        assert_eq!(rows.unwrap(), 49);
    }

    #[tokio::test]
    async fn after_a_disk_error_nothing_is_written_any_more() {
        let (_dir, store, thread) = start();
        let result = store.write(|_| Err::<(), _>(StoreError::Io("planted".to_owned()))).await;
        assert!(matches!(result, Err(StoreError::Io(_))));
        assert!(matches!(store.failed().await, StoreError::Io(_)));
        thread.join().unwrap();
        assert!(matches!(store.write(|_| Ok(())).await, Err(StoreError::Closed(reason)) if reason.contains("planted")));
    }

    #[tokio::test]
    async fn the_thread_ends_when_the_last_handle_is_gone() {
        let (_dir, store, thread) = start();
        store.write(|_| Ok(())).await.unwrap();
        drop(store);
        thread.join().unwrap();
    }
}
