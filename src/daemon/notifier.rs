//! The notifier's loop: take the callbacks that are due, post several at a time, record how it went.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::bells::{Bells, until};
use super::clock::now;
use crate::callback::{self, Outcome, Poster, Signer};
use crate::pipeline::{Turn, notify};
use crate::policy::callback_retry::{Next, after_failure};
use crate::store::callback::{Callback, Ending};
use crate::store::{Store, StoreError};

/// After an error of the store the next turn waits this long.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// What the loop needs.
pub struct NotifierTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// Posts one callback.
    pub poster: Arc<Poster>,
    /// Signs it.
    pub signer: Arc<Signer>,
    /// The age at which a callback becomes a dead letter.
    pub give_up_after: Duration,
    /// How many are posted at a time.
    pub concurrency: usize,
}

type Ended = (Callback, Ending, String);

/// What a turn at the store gave: callbacks to post, and when the next is due.
type Taken = Result<(Vec<Callback>, Option<crate::model::Timestamp>), StoreError>;

impl NotifierTask {
    /// Runs until the stop; what is under way then is posted again at the next start.
    pub async fn run(self) {
        let (mut posts, mut waiting, mut ended) = (JoinSet::new(), VecDeque::new(), Vec::new());
        let mut turn = Some(Box::pin(self.turn(Vec::new())));
        let mut next_at = None;
        while !self.bells.stopping() {
            while posts.len() < self.concurrency
                && let Some(callback) = waiting.pop_front()
            {
                posts.spawn(self.post(callback));
            }
            // One transaction at a time records and takes; while it is written, posting goes on.
            if turn.is_none() && (ended.len() >= self.concurrency || waiting.is_empty() && !ended.is_empty()) {
                turn = Some(Box::pin(self.turn(std::mem::take(&mut ended))));
            }
            tokio::select! {
                Some(done) = posts.join_next() => match done {
                    Ok(end) => ended.push(end),
                    Err(error) => tracing::error!(%error, "A callback's task failed; it is posted again later"),
                },
                taken = async { turn.as_mut().expect("guarded").await }, if turn.is_some() => {
                    turn = None;
                    match taken {
                        Ok((callbacks, at)) => (waiting.extend(callbacks), next_at = at),
                        Err(error) => {
                            tracing::warn!(%error, "Callbacks wait until the store works again: {error}");
                            until(Some(now().plus(PAUSE_AFTER_ERROR))).await;
                            ((), next_at = Some(now()))
                        }
                    };
                },
                () = self.bells.wait(&self.bells.callbacks, next_at), if turn.is_none() && waiting.is_empty() => {
                    turn = Some(Box::pin(self.turn(std::mem::take(&mut ended))));
                }
            }
        }
    }

    /// Records what ended and takes what is due.
    fn turn(&self, ended: Vec<Ended>) -> impl Future<Output = Taken> + Send + 'static {
        let (store, settings, limit) = (self.store.clone(), self.bells.settings(), self.concurrency * 4);
        async move {
            store
                .write(move |tx| {
                    let turn = Turn::new(tx, &settings, now());
                    notify::record(&turn, &ended)?;
                    notify::take(&turn, limit)
                })
                .await
        }
    }

    /// Posts one callback and says how it ended.
    fn post(&self, callback: Callback) -> impl Future<Output = Ended> + Send + 'static {
        let (poster, signer, give_up_after) = (self.poster.clone(), self.signer.clone(), self.give_up_after);
        async move {
            let post = callback::Callback {
                id: callback.id(),
                url: callback.target.clone(),
                body: callback.body.clone().into(),
            };
            let outcome = poster.post(&signer, &post, now()).await;
            let (ending, note) = ending(&callback, outcome, give_up_after);
            if ending == Ending::Dead {
                tracing::warn!(postrider.message = %callback.message, "Gave up a callback: {note}");
            }
            (callback, ending, note)
        }
    }
}

fn ending(callback: &Callback, outcome: Outcome, give_up_after: Duration) -> (Ending, String) {
    match outcome {
        Outcome::Delivered { status } => (Ending::Done, format!("answered {status}")),
        Outcome::Gone => (Ending::Dead, "the target wants no callbacks any more (410)".to_owned()),
        Outcome::Forbidden { reason } => (Ending::Dead, reason),
        Outcome::Retry { reason, retry_after, .. } => {
            let (failures, seed) = (callback.tries + 1, callback.message.as_i64().cast_unsigned());
            match after_failure(failures, callback.created_at, now(), retry_after, seed, give_up_after) {
                Next::At(at) => (Ending::Again(at), reason),
                Next::DeadLetter => (Ending::Dead, reason),
            }
        }
    }
}
