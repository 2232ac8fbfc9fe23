//! The bells that wake the loops. They carry no data: who is woken looks at the rows.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::clock::now;
use crate::model::Timestamp;
use crate::pipeline::{Settings, Wakes};

/// What all loops share: the bells, the settings in force, and the stop.
#[derive(Clone)]
pub struct Bells {
    /// Something is due to be sent, or a link has room.
    pub dispatch: Arc<Notify>,
    /// A callback is due.
    pub callbacks: Arc<Notify>,
    /// A campaign, a workflow or the like has something to do.
    pub steps: Arc<Notify>,
    /// The pipeline's settings in force.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// Becomes true when the daemon stops.
    pub stop: watch::Receiver<bool>,
}

impl Bells {
    /// Bells that nobody has rung.
    pub fn new(settings: watch::Receiver<Arc<Settings>>, stop: watch::Receiver<bool>) -> Self {
        Self { dispatch: Arc::default(), callbacks: Arc::default(), steps: Arc::default(), settings, stop }
    }

    /// Rings for whoever a turn says has something to look at.
    pub fn ring(&self, wakes: Wakes) {
        if wakes.dispatch {
            self.dispatch.notify_one();
        }
        if wakes.callbacks {
            self.callbacks.notify_one();
        }
        if wakes.steps {
            self.steps.notify_one();
        }
    }

    /// The settings in force.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }

    /// Whether the daemon stops.
    pub fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits for `bell`, for `deadline`, or for the stop.
    pub async fn wait(&self, bell: &Notify, deadline: Option<Timestamp>) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = bell.notified() => {}
            () = until(deadline) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

/// The longest sleep.
const SLEEP_MAX: Duration = Duration::from_secs(10);
/// How often wall-clock deadlines are looked at again: neither a clock that was set nor a machine that was suspended stalls
/// a loop for longer.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Sleeps until the wall clock shows `deadline`, or for ten seconds.
pub async fn until(deadline: Option<Timestamp>) {
    let end = Instant::now() + SLEEP_MAX;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let wait = deadline.map_or(left, |at| at.since(now()).min(left));
        if wait.is_zero() {
            return;
        }
        sleep_until(Instant::now() + wait.min(LOOK_AGAIN)).await;
    }
}
