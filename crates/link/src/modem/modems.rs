//! All modems of this machine, as the daemon holds them.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::board::{Board, Stray};
use super::finder::{Command, Finder, Sought};
use super::handle::ModemHandle;
use super::settings::ModemsSettings;
use crate::handle::LinkHandle;
use postrider_config::Modems as Configured;
use postrider_model::{LinkEvent, LinkName};

/// The running modems. They come and go; a link stays while its modem is unplugged.
#[derive(Debug)]
pub struct Modems {
    board: Board,
    commands: mpsc::Sender<Command>,
    configured: Mutex<Configured>,
    stopped: watch::Receiver<bool>,
}

/// Starts the modems. They report to `events` until they are shut down.
pub fn spawn(settings: ModemsSettings, events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>) -> Modems {
    let board = Board::default();
    let (commands, commands_in) = mpsc::channel(4);
    let (stopped_out, stopped) = watch::channel(false);
    let configured = Mutex::new(settings.modems.clone());
    let mut finder = Finder::new(settings, board.clone(), events, commands_in);
    finder.start_missing();
    tokio::spawn(async move {
        finder.run().await;
        stopped_out.send_replace(true);
    });
    Modems { board, commands, configured, stopped }
}

impl Modems {
    /// All modems that have a link, by the names of their links.
    pub fn handles(&self) -> Vec<(LinkHandle, ModemHandle)> {
        self.board.links()
    }

    /// The modem whose link has this name.
    pub fn get(&self, name: &LinkName) -> Option<(LinkHandle, ModemHandle)> {
        self.board.get(name)
    }

    /// Devices that are or may be modems and that no link has, with what keeps them from being used.
    pub fn strays(&self) -> Vec<Stray> {
        self.board.strays()
    }

    /// Whether `new` leaves every modem as it is.
    pub fn is_same(&self, new: &Configured) -> bool {
        self.configured.lock().is_ok_and(|configured| *configured == *new)
    }

    /// Puts another configuration into force: modems that are new are started, those that are gone or different settle and
    /// stop, the others do not notice. Returns once that has begun.
    pub async fn reload(&self, new: Configured) {
        if let Ok(mut configured) = self.configured.lock() {
            configured.clone_from(&new);
        }
        let (done, taken) = oneshot::channel();
        if self.commands.send(Command::Reload(Box::new(new), done)).await.is_ok() {
            let _ = taken.await;
        }
    }

    /// Tries at once whatever may be the modem that is sought, without a wait for its turn. Returns what that is, in words.
    pub async fn look_again(&self, sought: Sought) -> Vec<String> {
        let (tried, words) = oneshot::channel();
        match self.commands.send(Command::Look(sought, tried)).await {
            Ok(()) => words.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    /// Begins to stop: nothing new is taken, a segment that is under way gets up to `limit`.
    pub fn begin_shutdown(&self, limit: Duration) {
        // A full channel means that a reload is under way; the links are told by `shutdown` then.
        let _ = self.commands.try_send(Command::Stop(limit));
    }

    /// Waits until every segment has its outcome and every port is closed.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.clone();
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }

    /// Stops all modems within `limit`.
    pub async fn shutdown(&self, limit: Duration) {
        // A finder that is gone has stopped already.
        let _ = self.commands.send(Command::Stop(limit)).await;
        self.stopped().await;
    }
}
