//! Resolves the names of callback targets, and lets through only addresses that the operator allows.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use crate::model::AllowedTargets;

/// The system's resolver behind a filter. It is asked for each new connection, so a name that later resolves into the
/// own network ("DNS rebinding") is stopped when it does.
#[derive(Debug, Clone)]
pub struct FilteredResolver {
    allowed: Arc<AllowedTargets>,
}

impl FilteredResolver {
    /// A resolver that lets through what `allowed` allows.
    pub fn new(allowed: Arc<AllowedTargets>) -> Self {
        Self { allowed }
    }
}

impl Service<Name> for FilteredResolver {
    type Response = std::collections::vec_deque::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allowed = Arc::clone(&self.allowed);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            filter(&allowed, name.as_str(), found).map(VecDeque::into_iter)
        })
    }
}

fn filter(
    allowed: &AllowedTargets,
    host: &str,
    found: impl Iterator<Item = SocketAddr>,
) -> io::Result<VecDeque<SocketAddr>> {
    let (good, bad): (VecDeque<_>, VecDeque<_>) = found.partition(|one| allowed.allows_address(host, one.ip()));
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
        let allowed = AllowedTargets::parse(["shop.example"]).unwrap();
        let inner: SocketAddr = "169.254.169.254:0".parse().unwrap();
        let outer: SocketAddr = "93.184.215.14:0".parse().unwrap();
        let error = filter(&allowed, "shop.example", [inner].into_iter()).unwrap_err();
        assert!(error.to_string().contains("169.254.169.254"), "{error}");
        assert_eq!(filter(&allowed, "shop.example", [inner, outer].into_iter()).unwrap(), [outer]);
    }
}
