//! The stepper's loop: campaigns, workflows and whatever else goes on by itself, a bounded piece in each transaction.

use std::time::Duration;

use super::bells::Bells;
use super::clock::now;
use super::watch::Beat;
use crate::pipeline::{Turn, step};
use crate::store::{Store, StoreError};

/// How long it waits after an error of the store.
const PAUSE: Duration = Duration::from_secs(5);

/// How long it sleeps at most: another process may have written something that is due, and rings no bell.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// What the loop needs.
pub struct StepperTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// Beats once a turn.
    pub beat: Beat,
}

impl StepperTask {
    /// Runs until the stop.
    pub async fn run(self) {
        let mut careful = false;
        while !self.bells.stopping() {
            self.beat.turn();
            let settings = self.bells.settings();
            let turn = self.store.write(move |tx| {
                let turn = Turn::new(tx, &settings, now()).carefully(careful);
                Ok((step(&turn)?, turn.wakes()))
            });
            let next = match turn.await {
                Ok((progress, wakes)) => {
                    careful = false;
                    self.bells.ring(wakes);
                    if progress.done > 0 {
                        continue;
                    }
                    progress.next
                }
                // Once more at once, and each by itself: the others go on.
                Err(StoreError::Row(_)) if !careful => {
                    careful = true;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "Campaigns and workflows wait: {error}");
                    Some(now().plus(PAUSE))
                }
            };
            let latest = now().plus(SLEEP_MAX);
            let next = Some(next.map_or(latest, |next| next.min(latest)));
            self.bells.wait(&self.bells.steps, next).await;
        }
    }
}
