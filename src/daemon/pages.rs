//! The listener of short links and pages: opened with the API's, stopped before the loops, off unless it is configured.

use std::sync::Arc;

use anyhow::Context;
use tokio::sync::watch;

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

/// The listener with its sockets open.
pub struct PagesServer {
    /// Where it listens.
    pub addresses: Vec<String>,
    listeners: Vec<Listener>,
    server: Server,
}

impl PagesServer {
    /// Opens the sockets.
    ///
    /// # Errors
    /// Says which address cannot be listened on.
    pub async fn open(
        parts: PagesParts,
        store: &Store,
        house: Arc<dyn Surroundings>,
        metrics: PagesMetrics,
    ) -> anyhow::Result<Self> {
        let mut listeners = Vec::new();
        for address in &parts.server.listen {
            let listener = Listener::open(address).await;
            listeners.push(listener.with_context(|| format!("pages: cannot listen on {address}"))?);
        }
        let addresses = listeners.iter().map(Listener::describe).collect();
        let http = metrics.http.clone();
        let pages = Pages::new(parts.pages, store.clone(), now, house, metrics);
        let front = Front::new(router(pages), &parts.server, http);
        Ok(Self { addresses, listeners, server: Server::new(front, parts.server) })
    }

    /// Serves until `stop`, and until the requests under way are answered.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        self.server.run(self.listeners, stop.clone()).await;
        // Without a place to listen at there is nothing to serve.
        let _ = stop.wait_for(|stop| *stop).await;
    }
}
