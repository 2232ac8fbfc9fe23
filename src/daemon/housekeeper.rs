//! The housekeeper's loop: timers of messages, room on the disk, and the proof of life for systemd.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::bells::Bells;
use super::clock::now;
use super::systemd::Systemd;
use crate::model::catalog;
use crate::pipeline::{Turn, Wakes, sweep};
use crate::store::Store;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);
/// How many bounded sweeps one look does at the most.
const SWEEPS_MAX: usize = 20;

/// Counts the turns of a loop, so that the housekeeper can tell whether it still turns.
#[derive(Debug, Clone, Default)]
pub struct Beat(Arc<AtomicU64>);

impl Beat {
    /// One more turn.
    pub fn turn(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether there is room for new messages on the disk.
#[derive(Debug, Clone, Default)]
pub struct DiskRoom(Arc<AtomicBool>);

impl DiskRoom {
    /// Whether the disk has less room than the configuration keeps free.
    pub fn is_short(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the loop needs.
pub struct HousekeeperTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// The database file; its disk is watched.
    pub path: PathBuf,
    /// New messages are refused while less than this is free.
    pub disk_free_min_bytes: u64,
    /// Where the result of that watch goes.
    pub disk: DiskRoom,
    /// The service manager.
    pub systemd: Systemd,
    /// One line about the whole, for `systemctl status`.
    pub status: Box<dyn Fn() -> String + Send + Sync>,
}

impl HousekeeperTask {
    /// Runs until the stop.
    pub async fn run(self) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.bells.stop.clone();
        let mut status_at = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.watch_disk();
            // The sweep goes through the writer: if it comes back, the writer turns.
            if self.sweep().await {
                self.systemd.watchdog();
            }
            let line = (self.status)();
            if status_at.as_ref() != Some(&line) {
                self.systemd.status(&line);
                status_at = Some(line);
            }
        }
    }

    /// Returns whether the store did its part.
    async fn sweep(&self) -> bool {
        for _ in 0..SWEEPS_MAX {
            let settings = self.bells.settings();
            let turn = self.store.write(move |tx| {
                let turn = Turn::new(tx, &settings, now());
                Ok((sweep(&turn)?, turn.wakes()))
            });
            match turn.await {
                Ok((swept, wakes)) => {
                    self.bells.ring(wakes);
                    if !swept.more {
                        return true;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "The sweep of timers failed: {error}");
                    return false;
                }
            }
        }
        true
    }

    fn watch_disk(&self) {
        let dir = self.path.parent().unwrap_or(&self.path);
        let Ok(stat) = rustix::fs::statvfs(dir) else { return };
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        let short = free < self.disk_free_min_bytes;
        if self.disk.0.swap(short, Ordering::Relaxed) != short {
            let (free, min) = (free >> 20, self.disk_free_min_bytes >> 20);
            if short {
                tracing::error!(
                    message_id = catalog::DISK_SHORT.id,
                    "Only {free} MiB are free on the disk of {}; new messages are refused until it is {min} MiB",
                    self.path.display()
                );
            } else {
                tracing::info!("The disk has room again ({free} MiB); new messages are accepted");
                self.bells.ring(Wakes { dispatch: true, callbacks: true });
            }
        }
    }
}
