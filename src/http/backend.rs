//! The HTTP side's hands on the store: bounded reading, and writing that answers after the commit.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::store::{Store, StoreError, Tx};

use super::problem::Problem;

/// How long a query waits for its turn before it is refused.
const READ_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long a write may take; a disk that hangs must not hold all connections for ever.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(60);

/// A handle to the store with a bound on how many queries run at once.
#[derive(Clone)]
pub struct Backend {
    store: Store,
    reads: Arc<Semaphore>,
}

impl Backend {
    /// A backend over `store` that runs at most `reads_max` queries at once.
    pub fn new(store: Store, reads_max: usize) -> Self {
        Self { store, reads: Arc::new(Semaphore::new(reads_max.max(1))) }
    }

    /// Runs a query on a blocking thread.
    ///
    /// # Errors
    /// The store's error as a problem; 503 when too many queries wait.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(READ_WAIT_MAX, Arc::clone(&self.reads).acquire_owned()).await;
        let Ok(Ok(permit)) = turn else {
            return Err(Problem::unavailable("busy", "too many queries wait", Duration::from_secs(1)));
        };
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            store.read(query)
        });
        match done.await {
            Ok(result) => result.map_err(|error| problem_of(&error)),
            Err(_) => Err(broken()),
        }
    }

    /// Runs `work` on the writer; when this returns, the disk has it.
    ///
    /// # Errors
    /// The store's error as a problem.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        match tokio::time::timeout(WRITE_WAIT_MAX, self.store.try_write(work)).await {
            Ok(result) => result.map_err(|error| problem_of(&error)),
            Err(_) => Err(Problem::unavailable(
                "outcome_unknown",
                "the disk did not answer in time, so nobody knows yet whether this was done; ask again with the same Idempotency-Key",
                Duration::from_secs(10),
            )),
        }
    }

    /// How many messages wait to be sent.
    pub fn backlog(&self) -> i64 {
        self.store.tally().backlog()
    }
}

/// Whose move it is after an error of the store, as an answer.
fn problem_of(error: &StoreError) -> Problem {
    match error {
        StoreError::Busy(_) => Problem::unavailable("busy", error.to_string(), Duration::from_secs(1)),
        StoreError::DiskFull => Problem::unavailable(
            "disk_full",
            "the server's disk is full; nothing was accepted",
            Duration::from_secs(30),
        ),
        StoreError::Closed(_) => Problem::unavailable("stopping", error.to_string(), Duration::from_secs(5)),
        StoreError::Open { .. }
        | StoreError::Newer { .. }
        | StoreError::Held { .. }
        | StoreError::Lost { .. }
        | StoreError::Io(_)
        | StoreError::Damaged(_)
        | StoreError::Row(_)
        | StoreError::Sqlite(_) => {
            tracing::error!(%error, "A request failed in the store: {error}");
            broken()
        }
    }
}

/// The store failed in a way that the caller cannot mend; the log says how.
fn broken() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "store_failed", "the server's store failed; its log says why")
}
