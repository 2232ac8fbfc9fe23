//! Gathers what a link has to tell, and hands it to the settler in batches.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::handle::Shared;
use postrider_model::{LinkEvent, LinkName, MessageId, SubmitOutcome, SubmitResult};

/// Events that may wait before a modem is no longer read from.
const CROWD: usize = 1_024;

/// The events of one or more turns.
///
/// A segment's place in the link is free again only when its outcome is in the channel, so a slow settler slows the
/// dispatcher, and what is gathered here never exceeds what the link may hold.
#[derive(Debug)]
pub(super) struct Reporter {
    name: LinkName,
    shared: Arc<Shared>,
    events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>,
    gathered: Vec<LinkEvent>,
    first_outcomes: usize,
}

impl Reporter {
    pub fn new(name: LinkName, shared: Arc<Shared>, events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>) -> Self {
        Self { name, shared, events, gathered: Vec::new(), first_outcomes: 0 }
    }

    /// Anything but a first outcome.
    pub fn push(&mut self, event: LinkEvent) {
        self.gathered.push(event);
    }

    /// The first outcome of a segment.
    pub fn outcome(&mut self, message: MessageId, attempt: u32, index: u8, outcome: SubmitOutcome) {
        self.first_outcomes += 1;
        self.push(LinkEvent::Submit(SubmitResult { message, attempt, index, outcome }));
    }

    /// Whether something waits for the settler.
    pub fn is_waiting(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// Whether so much waits that no more may be asked for.
    pub fn is_crowded(&self) -> bool {
        self.gathered.len() >= CROWD
    }

    /// Waits until the settler has room. A settler that is gone has room for everything.
    pub async fn room(&self) {
        let _ = self.events.reserve().await;
    }

    /// Hands over what was gathered, if the settler has room.
    pub fn try_flush(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        match self.events.try_reserve() {
            Ok(permit) => permit.send((self.name.clone(), std::mem::take(&mut self.gathered))),
            Err(mpsc::error::TrySendError::Full(())) => return,
            // Without a settler nobody can be told; the leases on disk say what happened.
            Err(mpsc::error::TrySendError::Closed(())) => self.gathered.clear(),
        }
        self.shared.release(std::mem::take(&mut self.first_outcomes));
    }

    /// Hands over what was gathered, waiting for the settler.
    pub async fn flush(&mut self) {
        while self.is_waiting() {
            self.room().await;
            self.try_flush();
        }
    }
}
