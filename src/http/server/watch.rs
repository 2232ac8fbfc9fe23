//! Closes a connection whose peer sends its request head, or takes its answer, too slowly.
//!
//! ```text
//!         first octet          head complete          answer done
//! Idle ───────────────▶ Head ───────────────▶ Busy ───────────────▶ Idle
//!  │ idle_timeout         │ head_timeout        │ body_timeout, write_timeout
//!  ▼                      ▼                     ▼
//! closed                closed                408 or closed
//! ```
//!
//! Idle time is hyper's to watch, the body is the handler's; this watches the head and the writing.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::listen::Stream;

/// How many requests a connection has begun and ended. The service counts, the stream looks.
#[derive(Debug, Default)]
pub struct Progress {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Progress {
    /// A head is complete.
    pub fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// A handler is done.
    pub fn end(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn busy(&self) -> bool {
        self.begun() != self.ended.load(Ordering::Relaxed)
    }
}

/// A stream that gives up on a peer that is too slow.
pub struct Watched {
    stream: Stream,
    progress: Arc<Progress>,
    head_timeout: Duration,
    write_timeout: Duration,
    /// How many requests had begun when the last octet outside a request was read.
    read_at: Option<u64>,
    head_deadline: Option<Pin<Box<Sleep>>>,
    write_deadline: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    /// Watches `stream`; `progress` is what the service counts.
    pub fn new(stream: Stream, progress: Arc<Progress>, head_timeout: Duration, write_timeout: Duration) -> Self {
        Self { stream, progress, head_timeout, write_timeout, read_at: None, head_deadline: None, write_deadline: None }
    }

    /// Whether octets of a head have come and the head is not complete.
    fn in_head(&self) -> bool {
        !self.progress.busy() && self.read_at == Some(self.progress.begun())
    }

    /// What a write that cannot go on waits for.
    fn stalled<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let wait = self.write_timeout;
        over(self.write_deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(wait))), context)
    }
}

fn over<T>(deadline: &mut Pin<Box<Sleep>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
    deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let read = match &mut this.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(context, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(context, buf),
        };
        if read.is_ready() {
            if !this.progress.busy() {
                this.read_at = Some(this.progress.begun());
            }
            return read;
        }
        if !this.in_head() {
            this.head_deadline = None;
            return Poll::Pending;
        }
        let wait = this.head_timeout;
        over(this.head_deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(wait))), context)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(context, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_write(context, buf),
        };
        if written.is_pending() {
            return self.stalled(context);
        }
        self.write_deadline = None;
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, bufs),
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(context, bufs),
        };
        if written.is_pending() {
            return self.stalled(context);
        }
        self.write_deadline = None;
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
