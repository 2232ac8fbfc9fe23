//! The listener of short links and pages: opened with the API's, stopped before the loops, off unless it is configured.

use std::sync::Arc;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::clock::now;
use crate::http::pages::{Pages, PagesSettings, router};
use crate::http::{Front, HttpSettings, Listener, PagesMetrics, Server, Surroundings};
use crate::store::Store;

/// Everything that the pages are made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PagesParts {
    /// The server; without a place to listen at there are no pages.
    pub server: HttpSettings,
    /// What may be asked.
    pub pages: PagesSettings,
}

/// The running listener.
pub struct PagesServer {
    /// Where it listens.
    pub addresses: Vec<String>,
    task: JoinHandle<()>,
}

impl PagesServer {
    /// Opens the sockets and serves until `stop`.
    ///
    /// # Errors
    /// Says which address cannot be listened on.
    pub async fn start(
        parts: PagesParts,
        store: Store,
        house: Arc<dyn Surroundings>,
        metrics: PagesMetrics,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let mut listeners = Vec::new();
        for address in &parts.server.listen {
            let listener = Listener::open(address).await;
            listeners.push(listener.with_context(|| format!("pages: cannot listen on {address}"))?);
        }
        let addresses = listeners.iter().map(Listener::describe).collect();
        let http = metrics.http.clone();
        let pages = Pages::new(parts.pages, store, now, house, metrics);
        let front = Front::new(router(pages), &parts.server, http);
        let server = Server::new(front, parts.server);
        Ok(Self { addresses, task: tokio::spawn(server.run(listeners, stop)) })
    }

    /// Waits until the requests under way are answered.
    pub async fn stopped(self) {
        let _ = self.task.await;
    }
}
