//! The settler's loop: what the links report goes into rows, many reports in one commit; then the carriers get their answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::bells::{Bells, until};
use super::clock::now;
use super::dispatcher::SlowDown;
use super::links::{LinkEvents, Links};
use crate::link::AckResult;
use crate::model::{AckToken, ErrorClass, LinkEvent, LinkName, SubmitOutcome};
use crate::pipeline::{Turn, Wakes, settle, settle_apart};
use crate::store::{Store, StoreError};

/// How many reads of links may wait for the settler.
pub const EVENTS_MAX: usize = 256;
/// How many of them share one turn.
const TURN_MAX: usize = 64;
/// How soon outcomes that the store refused are tried again.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);
/// The longest wait for reports.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// The pause after a throttling answer that names none.
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);

/// What the loop needs.
pub struct SettlerTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// The links.
    pub links: Links,
    /// What they report.
    pub events: mpsc::Receiver<LinkEvents>,
    /// The dispatcher's ear for throttling carriers.
    pub slow: mpsc::Sender<SlowDown>,
    /// Beats once a turn.
    pub beat: super::watch::Beat,
}

impl SettlerTask {
    /// Runs until all links are gone and everything they reported is in rows.
    pub async fn run(mut self) {
        let mut reports = Vec::with_capacity(TURN_MAX);
        loop {
            self.beat.turn();
            // A settler that nobody tells anything turns all the same, so that it is not taken for a stuck one.
            match timeout(IDLE_MAX, self.events.recv_many(&mut reports, TURN_MAX)).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(_) => continue,
            }
            self.slow_down(&reports);
            let reports = Arc::new(std::mem::take(&mut reports));
            let Some((wakes, refused)) = self.settle(&reports).await else { return };
            for (name, events) in reports.iter() {
                let is_refused = |token: &AckToken| refused.iter().any(|(link, other)| link == name && other == token);
                let (no, yes): (Vec<_>, Vec<_>) = events.iter().filter_map(ack_of).partition(is_refused);
                self.links.ack(name, yes, AckResult::Ok);
                self.links.ack(name, no, AckResult::Permanent);
            }
            self.bells.ring(wakes);
        }
    }

    /// Writes `reports`, however long it takes: an outcome must not be lost to a full disk. Returns whom to wake, and what is
    /// answered with a no. `None` when the store is gone.
    async fn settle(&self, reports: &Arc<Vec<LinkEvents>>) -> Option<(Wakes, Vec<(LinkName, AckToken)>)> {
        let mut careful = false;
        loop {
            self.beat.turn();
            let (settings, work) = (self.bells.settings(), reports.clone());
            let turn = self.store.write(move |tx| {
                let turn = Turn::new(tx, &settings, now());
                let settle = if careful { settle_apart } else { settle };
                for (name, events) in work.iter() {
                    settle(&turn, name, events)?;
                }
                Ok((turn.wakes(), turn.refused()))
            });
            match turn.await {
                Ok(settled) => return Some(settled),
                Err(StoreError::Closed(_) | StoreError::Io(_) | StoreError::Damaged(_)) => return None,
                // Once more at once, and event by event: the others are recorded.
                Err(StoreError::Row(_)) if !careful => careful = true,
                Err(error) => {
                    tracing::warn!(%error, "Outcomes of {} reads wait for the store: {error}", reports.len());
                    until(Some(now().plus(PAUSE_AFTER_ERROR))).await;
                }
            }
        }
    }

    fn slow_down(&self, reports: &[LinkEvents]) {
        for (name, events) in reports {
            let pause = events.iter().filter_map(throttled).max();
            if let Some(pause) = pause {
                // A full ear has heard of enough throttling.
                let _ = self.slow.try_send(SlowDown { link: name.clone(), pause });
            }
        }
    }
}

/// The pause that an event asks for, if it is a throttling answer.
fn throttled(event: &LinkEvent) -> Option<Duration> {
    let LinkEvent::Submit(result) = event else { return None };
    match &result.outcome {
        SubmitOutcome::Refused { class: ErrorClass::Backoff, retry_after, .. } => {
            Some(retry_after.unwrap_or(THROTTLE_PAUSE))
        }
        SubmitOutcome::Refused { .. }
        | SubmitOutcome::Accepted { .. }
        | SubmitOutcome::NotSent { .. }
        | SubmitOutcome::Unanswered { .. } => None,
    }
}

fn ack_of(event: &LinkEvent) -> Option<AckToken> {
    match event {
        LinkEvent::Receipt { ack, .. } | LinkEvent::Inbound { ack, .. } | LinkEvent::Modem { ack, .. } => *ack,
        LinkEvent::Submit(_) | LinkEvent::Health(_) | LinkEvent::Session { .. } => None,
    }
}
