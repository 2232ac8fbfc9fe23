//! The notifier's loop: take the callbacks that are due, target by target, post them, record how it went.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::bells::{Bells, until};
use super::clock::now;
use super::notifier_metrics::NotifierMetrics;
use super::watch::Beat;
use crate::callback::{self, Outcome, Poster, Signer};
use crate::pipeline::{Taken, Turn, give_up_behind, notify, take_in_turn};
use crate::policy::callback_retry::{Next, after_failure};
use crate::policy::callback_targets::{Change, Place, Targets, Verdict};
use crate::store::callback::{Callback, Ending};
use crate::store::{Store, StoreError};

/// After an error of the store the next turn waits this long.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// While callbacks wait for places that others have, they are looked at this often.
const LOOK_WHILE_CROWDED: Duration = Duration::from_millis(100);
/// Tries that ended are recorded this many at a time at most.
const ENDED_MAX: usize = 512;

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
    /// How many are posted to one target at a time.
    pub concurrency: usize,
    /// What is counted.
    pub metrics: NotifierMetrics,
    /// Beats once a turn.
    pub beat: Beat,
}

type Ended = (Callback, Ending, String);

/// A target that failed again, and how.
type Failing = (String, String);

/// What a turn at the store gave, and whether callbacks wait for places that others have. What could not be recorded is
/// given back.
type Turned = Result<(Taken, bool), (StoreError, Arc<Vec<Ended>>)>;

/// The targets, shared with the writer's thread, which looks at them while it takes what is due.
#[derive(Clone)]
struct Shared(Arc<Mutex<Targets>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Targets> {
        // Whole after every call, so a panic elsewhere leaves it usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is on its way, and what came back.
struct Work {
    targets: Shared,
    posts: JoinSet<(Callback, Outcome)>,
    places: HashMap<Id, Place>,
    /// By the number of its place: ends a callback that waits for its answer.
    cuts: BTreeMap<u64, oneshot::Sender<()>>,
    ended: Vec<Ended>,
    failing: Vec<Failing>,
}

impl NotifierTask {
    /// Runs until the stop; what is under way then is posted again at the next start.
    pub async fn run(self) {
        let targets = Targets::new(self.concurrency, now().as_millis().cast_unsigned());
        let mut work = Work {
            targets: Shared(Arc::new(Mutex::new(targets))),
            posts: JoinSet::new(),
            places: HashMap::new(),
            cuts: BTreeMap::new(),
            ended: Vec::new(),
            failing: Vec::new(),
        };
        let (mut last, mut next_at) = (String::new(), None);
        let mut turn = Some(Box::pin(self.turn(&mut work, &last)));
        while !self.bells.stopping() {
            self.beat.turn();
            // One transaction at a time records and takes; while it is written, posting goes on.
            if turn.is_none() && !work.ended.is_empty() {
                turn = Some(Box::pin(self.turn(&mut work, &last)));
            }
            tokio::select! {
                Some(done) = work.posts.join_next_with_id(), if work.ended.len() < ENDED_MAX => self.ended(&mut work, done),
                turned = async { turn.as_mut().expect("guarded").await }, if turn.is_some() => {
                    turn = None;
                    match turned {
                        Ok((taken, crowded)) => {
                            (last, next_at) = (taken.last, taken.next_at);
                            taken.callbacks.into_iter().for_each(|callback| self.post(&mut work, callback));
                            if crowded {
                                next_at = next_at.into_iter().chain([now().plus(LOOK_WHILE_CROWDED)]).min();
                                self.cut(&mut work);
                            }
                        }
                        Err((error, unrecorded)) => {
                            tracing::warn!(%error, "Callbacks wait until the store works again: {error}");
                            work.ended.extend(Arc::unwrap_or_clone(unrecorded));
                            until(Some(now().plus(PAUSE_AFTER_ERROR))).await;
                            next_at = Some(now());
                        }
                    }
                    self.metrics.targets(work.targets.lock().counts());
                },
                () = self.bells.wait(&self.bells.callbacks, next_at), if turn.is_none() && work.ended.is_empty() => {
                    turn = Some(Box::pin(self.turn(&mut work, &last)));
                }
            }
        }
    }

    /// Records what ended and takes what is due.
    fn turn(&self, work: &mut Work, last: &str) -> impl Future<Output = Turned> + Send + 'static {
        let (store, settings, targets) = (self.store.clone(), self.bells.settings(), work.targets.clone());
        let (ended, failing) = (Arc::new(std::mem::take(&mut work.ended)), std::mem::take(&mut work.failing));
        let (give_up_after, last, at) = (self.give_up_after, last.to_owned(), Instant::now());
        async move {
            let recorded = Arc::clone(&ended);
            let turned = store
                .write(move |tx| {
                    let turn = Turn::new(tx, &settings, now());
                    notify::record(&turn, &recorded)?;
                    for (origin, note) in &failing {
                        let count = give_up_behind(&turn, origin, give_up_after, note)?;
                        if count > 0 {
                            tracing::warn!("Gave up {count} callbacks that waited for {origin}: {note}");
                        }
                    }
                    let targets = targets.lock();
                    let mut round = targets.round(at.into_std());
                    let taken = take_in_turn(&turn, &mut round, &last)?;
                    Ok((taken, round.is_crowded()))
                })
                .await;
            turned.map_err(|error| (error, ended))
        }
    }

    /// Posts one callback.
    fn post(&self, work: &mut Work, callback: Callback) {
        let origin = crate::model::origin_of(&callback.target);
        let place = work.targets.lock().begin(&origin, Instant::now().into_std());
        let (poster, signer) = (self.poster.clone(), self.signer.clone());
        let (cut, to_cut) = oneshot::channel();
        work.cuts.insert(place.number(), cut);
        let task = work.posts.spawn(async move {
            let post = callback::Callback {
                id: callback.id(),
                url: callback.target.clone(),
                body: callback.body.clone().into(),
            };
            let (begun, at) = (Instant::now(), now());
            let outcome = tokio::select! {
                outcome = poster.post(&signer, &post, at) => outcome,
                // The sender is dropped only with the loop.
                _ = to_cut => cut_short(begun.elapsed()),
            };
            (callback, outcome)
        });
        work.places.insert(task.id(), place);
    }

    fn cut(&self, work: &mut Work) {
        let numbers = work.targets.lock().cut(Instant::now().into_std());
        for cut in numbers.into_iter().filter_map(|number| work.cuts.remove(&number)) {
            let _ = cut.send(());
        }
    }

    /// Frees the place of a callback that came back, and says how it ended.
    fn ended(&self, work: &mut Work, done: Result<(Id, (Callback, Outcome)), JoinError>) {
        let id = done.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(place) = work.places.remove(&id) else { return };
        work.cuts.remove(&place.number());
        let (verdict, note) = match &done {
            Ok((_, (_, outcome))) => (verdict(outcome), note_of(outcome)),
            Err(_) => (Verdict::Answers, String::new()),
        };
        let change = work.targets.lock().end(&place, verdict, Instant::now().into_std());
        let origin = place.origin();
        match change {
            Change::Same => {}
            Change::Failed => {
                tracing::warn!(
                    postrider.target = origin,
                    "Callbacks to {origin} wait, one is tried now and then: {note}"
                );
            }
            Change::FailsOn => work.failing.push((origin.to_owned(), note)),
            Change::Recovered => tracing::info!(postrider.target = origin, "Callbacks to {origin} are taken again"),
        }
        match done {
            Ok((_, (callback, outcome))) => {
                let (ending, note) = ending(&callback, outcome, self.give_up_after);
                self.metrics.ended(&ending);
                if ending == Ending::Dead {
                    tracing::warn!(postrider.message = %callback.message, "Gave up a callback: {note}");
                }
                work.ended.push((callback, ending, note));
            }
            Err(error) => tracing::error!(%error, "A callback's task failed; it is posted again later"),
        }
    }
}

fn cut_short(after: Duration) -> Outcome {
    let reason = format!("no answer within {:.1} s, and others wait", after.as_secs_f32());
    Outcome::Retry { status: None, reason, retry_after: None }
}

/// What an outcome says about its target: one that refuses this callback is there, one that is broken or busy is not.
fn verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Retry { status: None | Some(408 | 429 | 500..), retry_after, .. } => {
            Verdict::Fails { retry_after: *retry_after }
        }
        Outcome::Retry { status: Some(_), .. }
        | Outcome::Delivered { .. }
        | Outcome::Gone
        | Outcome::Forbidden { .. } => Verdict::Answers,
    }
}

fn note_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Retry { reason, .. } | Outcome::Forbidden { reason } => reason.clone(),
        Outcome::Delivered { status } => format!("answered {status}"),
        Outcome::Gone => "the target wants no callbacks any more (410)".to_owned(),
    }
}

fn ending(callback: &Callback, outcome: Outcome, give_up_after: Duration) -> (Ending, String) {
    let note = note_of(&outcome);
    match outcome {
        Outcome::Delivered { .. } => (Ending::Done, note),
        Outcome::Gone | Outcome::Forbidden { .. } => (Ending::Dead, note),
        Outcome::Retry { retry_after, .. } => {
            let (failures, seed) = (callback.tries + 1, callback.message.as_i64().cast_unsigned());
            match after_failure(failures, callback.created_at, now(), retry_after, seed, give_up_after) {
                Next::At(at) => (Ending::Again(at), note),
                Next::DeadLetter => (Ending::Dead, note),
            }
        }
    }
}

#[cfg(test)]
#[path = "notifier_tests.rs"]
mod tests;
