//! Resolves the names of callback targets, and lets through only addresses that the operator allows.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::{Semaphore, oneshot};
use tower::Service;

use postrider_model::AllowedTargets;

/// Look-ups at once. They have threads of their own: the system's resolver may hang for half a minute, and neither reads of
/// the store nor look-ups of other names wait for it.
const LOOK_UPS_MAX: usize = 384;
/// The system's resolver is not deep.
const STACK_SIZE_BYTES: usize = 512 << 10;

static LOOK_UPS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(LOOK_UPS_MAX)));

/// Connects to a target at an address that is allowed for its port. Each new connection is asked for anew, so a name that
/// later resolves into the own network ("DNS rebinding") is stopped when it does.
#[derive(Debug, Clone)]
pub struct GuardedConnector {
    allowed: Arc<AllowedTargets>,
    connect_timeout: Duration,
}

impl GuardedConnector {
    /// A connector to what `allowed` allows.
    pub fn new(allowed: Arc<AllowedTargets>, connect_timeout: Duration) -> Self {
        Self { allowed, connect_timeout }
    }
}

impl Service<Uri> for GuardedConnector {
    type Response = <HttpConnector<FilteredResolver> as Service<Uri>>::Response;
    type Error = <HttpConnector<FilteredResolver> as Service<Uri>>::Error;
    type Future = <HttpConnector<FilteredResolver> as Service<Uri>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        // An address that stands in the URL itself is not resolved; the poster has asked for it.
        let mut tcp = HttpConnector::new_with_resolver(FilteredResolver { allowed: Arc::clone(&self.allowed), port });
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.connect_timeout));
        tcp.call(uri)
    }
}

/// The system's resolver behind a filter, for connections to one port.
#[derive(Debug, Clone)]
pub struct FilteredResolver {
    allowed: Arc<AllowedTargets>,
    port: u16,
}

impl Service<Name> for FilteredResolver {
    type Response = std::collections::vec_deque::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (allowed, port) = (Arc::clone(&self.allowed), self.port);
        Box::pin(async move {
            let found = look_up(name.as_str().to_owned()).await?;
            filter(&allowed, name.as_str(), port, found.into_iter()).map(VecDeque::into_iter)
        })
    }
}

/// Asks the system's resolver, in a thread that ends whenever it answers.
async fn look_up(name: String) -> io::Result<Vec<SocketAddr>> {
    let stopped = || io::Error::other("the look-up of the name ended without an answer");
    let permit = Arc::clone(&LOOK_UPS).acquire_owned().await.map_err(|_| stopped())?;
    let (answer, answered) = oneshot::channel();
    thread::Builder::new().name("look-up".to_owned()).stack_size(STACK_SIZE_BYTES).spawn(move || {
        let found = (name.as_str(), 0).to_socket_addrs().map(Iterator::collect);
        drop(permit);
        // Nobody waits any more when the callback took too long.
        let _ = answer.send(found);
    })?;
    answered.await.map_err(|_| stopped())?
}

fn filter(
    allowed: &AllowedTargets,
    host: &str,
    port: u16,
    found: impl Iterator<Item = SocketAddr>,
) -> io::Result<VecDeque<SocketAddr>> {
    let (good, bad): (VecDeque<_>, VecDeque<_>) = found.partition(|one| allowed.allows_address(host, one.ip(), port));
    match (good.is_empty(), bad.front()) {
        (true, Some(stopped)) => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{host} resolves to {}, which is not among the allowed callback networks", stopped.ip()),
        )),
        _ => Ok(good),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_address_is_named_and_stopped() {
        let allowed = AllowedTargets::parse(["shop.example", "127.0.0.1:9000"]).unwrap();
        let inner: SocketAddr = "169.254.169.254:0".parse().unwrap();
        let own: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let outer: SocketAddr = "93.184.215.14:0".parse().unwrap();
        let error = filter(&allowed, "shop.example", 80, [inner].into_iter()).unwrap_err();
        assert!(error.to_string().contains("169.254.169.254"), "{error}");
        assert_eq!(filter(&allowed, "shop.example", 80, [inner, own, outer].into_iter()).unwrap(), [outer]);
        assert_eq!(filter(&allowed, "shop.example", 9_000, [own].into_iter()).unwrap(), [own]);
    }
}
