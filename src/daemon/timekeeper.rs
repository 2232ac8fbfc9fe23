//! The timekeeper's loop: notices that the wall clock was set, lets everything that waits move with it, and says so.

use std::path::Path;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::bells::Bells;
use super::clock::now;
use super::watch::Beat;
use crate::link::{clock_step, up_millis};
use crate::model::catalog;
use crate::pipeline::{ClockChange, Wakes, follow_clock};
use crate::policy::wall_clock::{Reading, Trust};
use crate::store::Store;

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(250);
/// So many looks pass before the clocks are kept though nothing happened.
const LOOKS_KEPT: u32 = 240;
/// So many looks pass before it is asked again whether a clock that is not believed is right now.
const LOOKS_ASKED: u32 = 8;
/// Names the boot that the machine is in.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// systemd-timesyncd touches this file whenever it has set the clock or found it right.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";
/// A time service that has not looked for longer confirms nothing.
const CONFIRMED_FOR: Duration = Duration::from_secs(86_400);

/// What the loop needs.
pub struct TimekeeperTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// Beats once a turn.
    pub beat: Beat,
}

impl TimekeeperTask {
    /// Runs until the stop.
    pub async fn run(self) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.bells.stop.clone();
        let (mut looks, mut trust) = (0_u32, None);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            self.beat.turn();
            looks = looks.saturating_add(1);
            let asked = trust != Some(Trust::Set) && looks >= LOOKS_ASKED;
            if clock_step() != 0 || asked || looks >= LOOKS_KEPT {
                trust = self.look().await.or(trust);
                looks = 0;
            }
        }
        self.look().await;
    }

    /// Looks at the clocks and writes what is seen.
    async fn look(&self) -> Option<Trust> {
        let boot = boot();
        let looked = self
            .store
            .write(move |tx| {
                // Read on the writer's thread: no other transaction comes between the reading and the jump.
                let step = clock_step();
                let confirmed = is_confirmed(step);
                follow_clock(tx, &reading(boot.clone()), step, confirmed)
            })
            .await;
        match looked {
            Ok(change) => {
                report(&change);
                if change.step_millis != 0 || change.was != change.trust {
                    self.bells.ring(Wakes { dispatch: true, callbacks: true, steps: true });
                }
                Some(change.trust)
            }
            Err(error) => {
                tracing::warn!(%error, "The clock was not kept: {error}");
                None
            }
        }
    }
}

/// Both clocks now.
pub fn reading(boot: String) -> Reading {
    Reading { boot, up_millis: up_millis(), wall: now() }
}

/// Which boot of the machine it is; empty where the kernel does not tell.
pub fn boot() -> String {
    std::fs::read_to_string(BOOT_ID).map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// Whether a time service has set the clock lately, or found it right; it was set by `step` milliseconds just now.
pub fn is_confirmed(step: i64) -> bool {
    let Ok(touched) = Path::new(SYNCHRONIZED).metadata().and_then(|data| data.modified()) else { return false };
    let Ok(touched) = jiff::Timestamp::try_from(touched) else { return false };
    let (touched, now) = (crate::model::Timestamp::from(touched), now().shifted(step));
    touched <= now.shifted(1_000) && now.since(touched) <= CONFIRMED_FOR
}

/// Says what happened to the clock.
pub fn report(change: &ClockChange) {
    let ClockChange { step_millis, was, trust, wall, believed } = *change;
    if step_millis != 0 {
        let (way, by) = if step_millis > 0 { ("ahead", step_millis) } else { ("back", step_millis.saturating_neg()) };
        let by = Duration::from_millis(by.unsigned_abs());
        let by = if by > Duration::from_secs(10) { Duration::from_secs(by.as_secs()) } else { by };
        let by = jiff::SignedDuration::try_from(by).unwrap_or(jiff::SignedDuration::MAX);
        tracing::warn!(
            message_id = catalog::CLOCK_STEPPED.id,
            postrider.step_ms = step_millis,
            "The clock was set {way} by {by:#} and shows {wall}; what waits has moved with it, what has a date has not"
        );
    }
    match (was, trust) {
        (Trust::Set, Trust::Set) => {}
        (_, Trust::Set) => {
            tracing::info!("The clock is believed again: it shows {wall}; marketing and scheduled texts go on");
        }
        (was, trust) if was == trust && step_millis == 0 => {}
        (_, Trust::Behind) => tracing::error!(
            message_id = catalog::CLOCK_NOT_SET.id,
            postrider.clock = %wall,
            "The clock of this machine is not set: it shows {wall}, and it was {believed} already; marketing and scheduled \
             texts wait until it is right, one-time codes and transactional texts go on"
        ),
        (_, Trust::Ahead) => tracing::error!(
            message_id = catalog::CLOCK_NOT_SET.id,
            postrider.clock = %wall,
            "The clock of this machine leapt: it shows {wall}, and the last time that was believed is {believed}; marketing \
             and scheduled texts wait until it is right or confirmed, one-time codes and transactional texts go on"
        ),
    }
}
