//! The dispatcher's loop: lease what is due to the links that have room, and hand it over once the lease is on disk.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::bells::{Bells, until};
use super::clock::now;
use super::links::{LinkEvents, Links};
use crate::model::LinkName;
use crate::pipeline::{Dispatcher, Turn, dispatch};
use crate::store::{Store, StoreError};

/// After an error of the store the next turn waits this long.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// How many notices of throttling carriers may wait for the dispatcher.
pub const SLOW_MAX: usize = 64;

/// The network said that a link is too fast.
#[derive(Debug, Clone)]
pub struct SlowDown {
    /// The link.
    pub link: LinkName,
    /// How long it wants to be left alone.
    pub pause: Duration,
}

/// What the loop needs.
pub struct DispatcherTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// The links.
    pub links: Links,
    /// Where outcomes go that no link can report.
    pub events: mpsc::Sender<LinkEvents>,
    /// Notices of throttling carriers.
    pub slow: mpsc::Receiver<SlowDown>,
    /// What the store kept of the throttles.
    pub kept: BTreeMap<String, i64>,
    /// Beats once a turn.
    pub beat: super::watch::Beat,
}

impl DispatcherTask {
    /// Runs until the stop.
    pub async fn run(mut self) {
        let mut state = Dispatcher::new(&self.kept);
        let mut careful = false;
        while !self.bells.stopping() {
            self.beat.turn();
            while let Ok(slow) = self.slow.try_recv() {
                state.slow_down(&slow.link, now(), slow.pause);
            }
            let offers = self.links.offers();
            if offers.is_empty() {
                self.bells.wait(&self.bells.dispatch, None).await;
                continue;
            }
            let (settings, before) = (self.bells.settings(), state.clone());
            let turn = self.store.write(move |tx| {
                let mut state = before.clone();
                let leased = dispatch(&Turn::new(tx, &settings, now()).carefully(careful), &mut state, offers.clone())?;
                Ok((state, leased))
            });
            match turn.await {
                Ok((after, leased)) => {
                    (state, careful) = (after, false);
                    let (any, more) = (!leased.submissions.is_empty(), leased.more);
                    for (name, submission) in leased.submissions {
                        if let Some(not_taken) = self.links.offer(&name, submission) {
                            // The settler is gone only when the daemon stops; then the lease is a doubt, as in a crash.
                            let _ = self.events.send(not_taken).await;
                        }
                    }
                    // Places that became free while the leases were written rang before they were looked at.
                    let again = any && (more || self.links.have_room());
                    if !again {
                        self.bells.wait(&self.bells.dispatch, leased.next_at).await;
                    }
                }
                // Once more at once, and message by message: the others go on.
                Err(StoreError::Row(_)) if !careful => careful = true,
                Err(error) => {
                    tracing::warn!(%error, "Nothing is sent until the store works again: {error}");
                    until(Some(now().plus(PAUSE_AFTER_ERROR))).await;
                }
            }
        }
    }
}
