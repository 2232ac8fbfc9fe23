//! One connection with its session: moves octets between both, and keeps count of what the kernel did not take.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::Stream;
use postrider_model::MessageId;
use postrider_smpp::session::Session;

/// Octets read at a time by a quiet line, and by a busy one.
const READ_OCTETS: (usize, usize) = (4 * 1024, 64 * 1024);

/// Names one segment of one lease in the session's outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentToken {
    pub message: MessageId,
    pub attempt: u32,
    pub index: u8,
}

/// What the store is to be told of the carrier's reading.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    /// The place of the newest incoming message; receipts need no proof.
    message: u64,
    read_to: u64,
    told_to: u64,
}

impl Deliveries {
    /// An incoming message has this place.
    pub fn handle_message(&mut self, place: u64) {
        self.message = place;
    }

    /// The carrier read our answers up to here.
    pub fn handle_read(&mut self, up_to: u64) {
        self.read_to = up_to;
    }

    /// Whether a message may be among the deliveries behind `after`.
    pub fn has_message(&self, after: u64) -> bool {
        self.message > after
    }

    /// What the store is to know now: up to where our answers were read, if that is about a message and news.
    pub fn take_news(&mut self) -> Option<u64> {
        let news = self.read_to > self.told_to && self.has_message(self.told_to);
        self.told_to = self.told_to.max(self.read_to);
        news.then_some(self.read_to)
    }
}

/// A connection and its session.
#[derive(Debug)]
pub(super) struct Line {
    /// Names the session in acknowledgements; never used again for another one.
    pub number: u32,
    pub session: Session<SegmentToken>,
    pub peer: Option<SocketAddr>,
    /// The carrier's deliveries over it, as far as the store is told of them.
    pub deliveries: Deliveries,
    /// The session asked for the end of the connection, or the connection ended.
    pub ended: bool,
    stream: Stream,
    /// What the session gave out and the kernel did not take yet.
    out: Bytes,
    flush: bool,
    /// Writing failed with this.
    broken: Option<io::Error>,
    buffer: Vec<u8>,
    filled: usize,
}

/// Why a poll of a line was worth it.
#[derive(Debug)]
pub(super) enum Moved {
    /// Octets went or came; those that came wait for [`Line::take_input`].
    Octets,
    /// The connection is gone.
    Gone(Option<io::Error>),
}

impl Line {
    pub fn new(number: u32, stream: Stream, peer: Option<SocketAddr>, session: Session<SegmentToken>) -> Self {
        let buffer = vec![0; READ_OCTETS.0];
        Self {
            number,
            session,
            peer,
            deliveries: Deliveries::default(),
            ended: false,
            stream,
            out: Bytes::new(),
            flush: false,
            broken: None,
            buffer,
            filled: 0,
        }
    }

    /// Writes what is to be written and reads what is there, if the session wants to read.
    pub fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Moved> {
        if self.ended {
            return Poll::Pending;
        }
        let mut moved = false;
        if self.broken.is_none() {
            match self.poll_write(cx) {
                Ok(wrote) => moved = wrote,
                // Answers that came before the break are still in the kernel, and each ends a doubt: read them first.
                Err(error) => self.broken = Some(error),
            }
        }
        if self.filled == 0 && self.session.wants_read(now) {
            let mut read = ReadBuf::new(&mut self.buffer);
            match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if read.filled().is_empty() => return Poll::Ready(Moved::Gone(self.broken.take())),
                Poll::Ready(Ok(())) => (self.filled, moved) = (read.filled().len(), true),
                Poll::Ready(Err(error)) => return Poll::Ready(Moved::Gone(Some(error))),
                Poll::Pending => {}
            }
        }
        if moved {
            return Poll::Ready(Moved::Octets);
        }
        match self.broken.take() {
            Some(error) => Poll::Ready(Moved::Gone(Some(error))),
            None => Poll::Pending,
        }
    }

    /// Gives the session what was read. The buffer grows when it was filled, and shrinks when little came.
    pub fn take_input(&mut self, now: Instant) {
        if self.filled == 0 {
            return;
        }
        let filled = std::mem::take(&mut self.filled);
        self.session.handle_bytes(now, &self.buffer[..filled]);
        if filled == self.buffer.len() && filled < READ_OCTETS.1 {
            self.buffer.resize(READ_OCTETS.1, 0);
        } else if filled < READ_OCTETS.0 / 4 && self.buffer.len() > READ_OCTETS.0 {
            self.buffer = vec![0; READ_OCTETS.0];
        }
    }

    /// Takes what the session wants to send, one block a turn.
    pub fn take_output(&mut self) {
        if self.out.is_empty()
            && let Some(out) = self.session.poll_transmit()
        {
            (self.out, self.flush) = (out, true);
        }
    }

    /// The connection is gone, or is given up: the session settles what is open.
    pub fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            // The peer may still read what says goodbye; a connection that does not take it at once keeps it.
            let mut cx = Context::from_waker(Waker::noop());
            if self.poll_write(&mut cx).is_ok() {
                let _ = Pin::new(&mut self.stream).poll_shutdown(&mut cx);
            }
            self.session.handle_disconnect(self.out.len());
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut moved = false;
        while !self.out.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.out) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(octets)) => self.out.advance(octets),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(moved),
            }
            moved = true;
        }
        // TLS keeps octets of its own until it is flushed.
        if self.flush
            && let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(cx)
        {
            flushed?;
            self.flush = false;
        }
        Ok(moved)
    }
}
