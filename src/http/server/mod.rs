//! Accepts connections and carries requests to the API, within bounds.
//!
//! `listen` opens the sockets, `host` keeps out requests for others, `watch` keeps peers from being slow for ever.

mod host;
mod listen;
mod watch;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch as channel};
use tower::Service;
use tower_http::catch_panic::CatchPanic;

use super::metrics::HttpMetrics;
use super::problem::{CONTENT_TYPE, Problem};
use super::settings::HttpSettings;
use host::Hosts;
use watch::{Progress, Watched};

pub use listen::{Listener, Stream};

/// A pause after the system refuses to accept: it is out of descriptors, and trying at once would burn a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection; nobody with an address on a unix socket.
#[derive(Debug, Clone, Copy, Default)]
pub struct Peer(pub Option<IpAddr>);

/// What every request passes before it reaches its handler.
#[derive(Clone)]
pub struct Front {
    router: Router,
    hosts: Arc<Hosts>,
    metrics: HttpMetrics,
}

impl Front {
    /// Puts the checks that hold for all requests before `router`.
    pub fn new(router: Router, settings: &HttpSettings, metrics: HttpMetrics) -> Self {
        Self { router, hosts: Arc::new(Hosts::new(&settings.hosts)), metrics }
    }

    /// Answers one request. `local` says that it came over a unix socket, whose users name no host worth checking.
    pub async fn handle(&self, request: Request<Body>, local: bool) -> Response {
        let response = match self.hosts.check(request.version(), request.uri(), request.headers()) {
            Err(problem) if !local => problem.into_response(),
            Ok(()) | Err(_) => {
                // A bug in one request must not take down the others on the connection.
                let mut guarded = CatchPanic::custom(self.router.clone(), answer_panic);
                match guarded.call(request).await {
                    Ok(response) => response.map(Body::new),
                    Err(never) => match never {},
                }
            }
        };
        self.metrics.answered(response.status());
        response
    }
}

fn answer_panic(_: Box<dyn std::any::Any + Send>) -> Response<http_body_util::Full<bytes::Bytes>> {
    tracing::error!("A request handler panicked; please report it with the lines above");
    let problem = Problem::bug();
    let json = problem.to_json();
    let (head, _) = problem.into_response().into_parts();
    Response::from_parts(head, json.into())
}

/// The HTTP server.
#[derive(Clone)]
pub struct Server {
    front: Front,
    settings: Arc<HttpSettings>,
    connections: Arc<Semaphore>,
}

impl Server {
    /// A server that answers with `front`.
    pub fn new(front: Front, settings: HttpSettings) -> Self {
        let connections = Arc::new(Semaphore::new(settings.connections_max));
        Self { front, settings: Arc::new(settings), connections }
    }

    /// Serves on `listeners` until `stop` becomes true or its sender is gone; then lets requests under way finish, for
    /// the time that the settings allow.
    pub async fn run(self, listeners: Vec<Listener>, stop: channel::Receiver<bool>) {
        let mut loops = tokio::task::JoinSet::new();
        for listener in listeners {
            loops.spawn(self.clone().accept(listener, stop.clone()));
        }
        loops.join_all().await;
        let all = u32::try_from(self.settings.connections_max).unwrap_or(u32::MAX);
        let drained = tokio::time::timeout(self.settings.shutdown_timeout, self.connections.acquire_many(all)).await;
        if drained.is_err() {
            let open = self.settings.connections_max.saturating_sub(self.connections.available_permits());
            tracing::warn!(open, "Closing {open} connections whose requests did not finish");
        }
    }

    async fn accept(self, listener: Listener, mut stop: channel::Receiver<bool>) {
        tracing::info!(address = %listener.describe(), "Listening on {}", listener.describe());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stopped(&mut stop) => return,
            };
            match accepted {
                Ok(stream) => self.admit(stream, &stop),
                Err(error) => {
                    tracing::warn!(%error, "Cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(&self, stream: Stream, stop: &channel::Receiver<bool>) {
        match Arc::clone(&self.connections).try_acquire_owned() {
            Ok(permit) => {
                tokio::spawn(self.clone().converse(stream, permit, stop.clone()));
            }
            Err(_) => {
                self.front.metrics.turned_away();
                turn_away(stream);
            }
        }
    }

    async fn converse(self, stream: Stream, permit: OwnedSemaphorePermit, mut stop: channel::Receiver<bool>) {
        let _permit = permit;
        let local = matches!(stream, Stream::Unix(_));
        let peer = Peer(match &stream {
            Stream::Tcp(stream) => stream.peer_addr().ok().map(|address| address.ip()),
            Stream::Unix(_) => None,
        });
        let progress = Arc::new(Progress::default());
        let settings = &self.settings;
        let watched = Watched::new(stream, Arc::clone(&progress), settings.head_timeout, settings.write_timeout);
        let front = self.front.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let (front, progress) = (front.clone(), Arc::clone(&progress));
            request.extensions_mut().insert(peer);
            progress.begin();
            async move {
                let response = front.handle(request.map(Body::new), local).await;
                progress.end();
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.idle_timeout)
            .max_headers(settings.headers_max)
            .max_buf_size(settings.head_size_bytes_max.max(8 << 10))
            .serve_connection(TokioIo::new(watched), service);
        let mut connection = std::pin::pin!(connection);
        let done = tokio::select! {
            done = connection.as_mut() => done,
            () = stopped(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = done {
            tracing::debug!(%error, "A connection ended: {error}");
        }
    }
}

/// Waits until the server is to stop; without a sender nobody could tell it later.
async fn stopped(stop: &mut channel::Receiver<bool>) {
    let _ = stop.wait_for(|&stop| stop).await;
}

/// Tells a connection too many to come again; it is written if the socket takes it at once.
fn turn_away(stream: Stream) {
    let wait = Duration::from_secs(1);
    let body = Problem::unavailable("busy", "there are too many connections; try again in a second", wait).to_json();
    let mut answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: {CONTENT_TYPE}\r\nRetry-After: {}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        wait.as_secs(),
        body.len(),
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    // A peer that does not read it has nothing to complain about.
    let _ = match &stream {
        Stream::Tcp(stream) => stream.try_write(&answer),
        Stream::Unix(stream) => stream.try_write(&answer),
    };
}

#[cfg(test)]
mod tests;
