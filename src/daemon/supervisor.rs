//! Runs the daemon's loops by name, and sees to it that none of them ends unnoticed.
//!
//! A loop that panics, or ends before the stop, is told by its name, and [`Ended`] stops the whole daemon in order: a gateway
//! whose callbacks or timers are dead is worse than one that the service manager starts anew. A loop that hangs is found by
//! its [`Beat`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::caught::caught_while;
use super::watch::Beat;
use crate::model::catalog;

/// A loop that ended though it should not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The loop.
    pub name: String,
    /// How it ended, as the rest of a sentence that its name begins.
    pub how: String,
}

/// The beats of the running loops, by name. They are shared with whoever asks whether all of them turn.
#[derive(Debug, Clone, Default)]
pub struct Beats(Arc<Mutex<BTreeMap<String, Beat>>>);

impl Beats {
    /// The map is whole after every statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Beat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turns of every loop so far.
    pub fn turns(&self) -> Vec<(String, u64)> {
        self.lock().iter().map(|(name, beat)| (name.clone(), beat.turns())).collect()
    }
}

/// Starts loops.
pub struct Supervisor {
    beats: Beats,
    stop: watch::Receiver<bool>,
    ended: mpsc::Sender<Ended>,
    #[cfg(test)]
    plants: Arc<tests::Plants>,
}

impl Supervisor {
    /// One whose loops run until `stop` is true, and the news of those that end before.
    pub fn new(stop: watch::Receiver<bool>) -> (Self, mpsc::Receiver<Ended>) {
        let (ended, news) = mpsc::channel(1);
        let supervisor = Self {
            beats: Beats::default(),
            stop,
            ended,
            #[cfg(test)]
            plants: Arc::default(),
        };
        (supervisor, news)
    }

    /// The beats of its loops.
    pub fn beats(&self) -> Beats {
        self.beats.clone()
    }

    /// Starts a loop that beats once a turn.
    pub fn spawn_loop<F>(&self, name: &str, work: impl FnOnce(Beat) -> F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let beat = Beat::default();
        self.beats.lock().insert(name.to_owned(), beat.clone());
        self.spawn(name, work(beat))
    }

    /// Starts what waits for somebody outside, and so has no turns of its own.
    pub fn spawn(&self, name: &str, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        #[cfg(test)]
        let work = self.plants.in_the_way_of(name, work);
        let (name, stop, ended) = (name.to_owned(), self.stop.clone(), self.ended.clone());
        tokio::spawn(async move {
            let how = match caught_while(&format!("The {name}"), work).await {
                Ok(()) if *stop.borrow() => return,
                Ok(()) => "ended though nobody stopped it".to_owned(),
                Err(panic) => format!("panicked: {panic:#}"),
            };
            tracing::error!(
                message_id = catalog::LOOP_ENDED.id,
                postrider.task = name,
                "The {name} {how}; postrider stops, and the service manager starts it anew"
            );
            // The first one stops the daemon, and so the others.
            let _ = ended.try_send(Ended { name, how });
        })
    }
}

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;

    /// Panics that a test plants in running loops.
    #[derive(Debug, Default)]
    pub struct Plants(Mutex<BTreeMap<String, Arc<Notify>>>);

    impl Plants {
        pub fn in_the_way_of<F: Future<Output = ()>>(&self, name: &str, work: F) -> impl Future<Output = ()> + use<F> {
            let plant = Arc::new(Notify::new());
            self.0.lock().unwrap().insert(name.to_owned(), plant.clone());
            async move {
                tokio::select! {
                    () = work => {}
                    () = plant.notified() => panic!("planted"),
                }
            }
        }

        pub fn names(&self) -> Vec<String> {
            self.0.lock().unwrap().keys().cloned().collect()
        }

        pub fn plant(&self, name: &str) {
            self.0.lock().unwrap()[name].notify_one();
        }
    }

    impl Supervisor {
        pub fn plants(&self) -> Arc<Plants> {
            self.plants.clone()
        }
    }

    #[tokio::test]
    async fn a_loop_that_panics_or_ends_is_told_by_its_name() {
        let (_stop, stopped) = watch::channel(false);
        let (supervisor, mut news) = Supervisor::new(stopped);
        let idle = supervisor.spawn_loop("idle", |beat| async move {
            loop {
                beat.rest(Duration::from_secs(60)).await;
            }
        });
        supervisor.spawn("server", std::future::pending());
        supervisor.plants().plant("server");
        let ended = news.recv().await.unwrap();
        assert_eq!(ended.name, "server");
        assert!(ended.how.contains("panicked") && ended.how.contains("planted"), "{ended:?}");
        supervisor.spawn("short", async {});
        assert_eq!(news.recv().await.unwrap().name, "short");
        assert_eq!(supervisor.beats().turns().len(), 1, "only loops beat");
        idle.abort();
    }

    #[tokio::test]
    async fn what_ends_at_the_stop_is_no_news() {
        let (stop, stopped) = watch::channel(false);
        let (supervisor, mut news) = Supervisor::new(stopped.clone());
        let task = supervisor.spawn("loop", async move {
            let mut stopped = stopped;
            let _ = stopped.wait_for(|stop| *stop).await;
        });
        stop.send_replace(true);
        task.await.unwrap();
        assert!(news.try_recv().is_err());
    }
}
