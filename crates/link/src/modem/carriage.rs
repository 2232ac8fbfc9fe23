//! Moves octets between a modem's machine and its port, and keeps count of what the kernel did not take.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::port::Wire;

/// Octets read at a time: a PDU line is about 350 octets.
const READ_OCTETS: usize = 1_024;

/// An open port and what is on its way to it.
pub(super) struct Carriage {
    wire: Wire,
    /// The last transmit, and how much of it the kernel took.
    out: Vec<u8>,
    written: usize,
    flushed: bool,
    /// Writing failed with this.
    broken: Option<io::Error>,
    buffer: Box<[u8]>,
}

/// What a poll brought.
#[derive(Debug)]
pub(super) enum Moved {
    /// So many octets came; they are in [`Carriage::input`].
    Came(usize),
    /// The kernel has the whole last transmit.
    Written,
    /// The port is gone.
    Gone(String),
}

impl Carriage {
    pub fn new(wire: Wire) -> Self {
        let buffer = vec![0; READ_OCTETS].into_boxed_slice();
        Self { wire, out: Vec::new(), written: 0, flushed: true, broken: None, buffer }
    }

    /// The port itself.
    pub fn into_wire(self) -> Wire {
        self.wire
    }

    /// Whether the kernel has everything, so that the next transmit can be given.
    pub fn is_clear(&self) -> bool {
        self.written >= self.out.len()
    }

    /// Sends `octets`; only when it is clear.
    pub fn send(&mut self, octets: Vec<u8>) {
        debug_assert!(self.is_clear());
        (self.out, self.written, self.flushed) = (octets, 0, false);
    }

    /// Octets of the last transmit that never reached the kernel.
    pub fn unwritten(&self) -> usize {
        self.out.len().saturating_sub(self.written)
    }

    /// The first `octets` of what came.
    pub fn input(&self, octets: usize) -> &[u8] {
        self.buffer.get(..octets).unwrap_or_default()
    }

    /// Writes what is to be written and reads what is there.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Moved> {
        let was_clear = self.is_clear();
        if self.broken.is_none()
            && let Err(error) = self.poll_write(cx)
        {
            // An answer that came before the break is still in the kernel, and ends a doubt: it is read first.
            self.broken = Some(error);
        }
        let mut read = ReadBuf::new(&mut self.buffer);
        match Pin::new(&mut self.wire).poll_read(cx, &mut read) {
            Poll::Ready(Ok(())) if read.filled().is_empty() => {
                return Poll::Ready(Moved::Gone(self.why("it was closed from the other side")));
            }
            Poll::Ready(Ok(())) => return Poll::Ready(Moved::Came(read.filled().len())),
            Poll::Ready(Err(error)) => return Poll::Ready(Moved::Gone(self.why(&error.to_string()))),
            Poll::Pending => {}
        }
        match &self.broken {
            Some(error) => Poll::Ready(Moved::Gone(error.to_string())),
            None if !was_clear && self.is_clear() => Poll::Ready(Moved::Written),
            None => Poll::Pending,
        }
    }

    fn why(&self, end: &str) -> String {
        self.broken.as_ref().map_or_else(|| end.to_owned(), ToString::to_string)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Some(left) = self.out.get(self.written..).filter(|left| !left.is_empty()) {
            match Pin::new(&mut self.wire).poll_write(cx, left) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(octets)) => self.written += octets,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        if !self.flushed
            && let Poll::Ready(flushed) = AsyncWrite::poll_flush(Pin::new(&mut self.wire), cx)
        {
            flushed?;
            self.flushed = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_the_kernel_did_not_take_is_counted() {
        let (ours, mut theirs) = tokio::io::duplex(4);
        let mut carriage = Carriage::new(Box::new(ours));
        carriage.send(b"AT+CSQ\r".to_vec());
        let poll = poll_fn(|cx| Poll::Ready(carriage.poll(cx).is_pending())).await;
        assert!(poll && !carriage.is_clear());
        assert_eq!(carriage.unwritten(), 3);
        let mut read = [0; 4];
        theirs.read_exact(&mut read).await.unwrap();
        assert!(matches!(poll_fn(|cx| carriage.poll(cx)).await, Moved::Written));
        assert_eq!(carriage.unwritten(), 0);
    }

    #[tokio::test]
    async fn an_answer_that_came_before_the_break_is_read_first() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut carriage = Carriage::new(Box::new(ours));
        theirs.write_all(b"+CMGS: 7\r\n").await.unwrap();
        drop(theirs);
        carriage.send(b"AT\r".to_vec());
        let Moved::Came(octets) = poll_fn(|cx| carriage.poll(cx)).await else { panic!() };
        assert_eq!(carriage.input(octets), b"+CMGS: 7\r\n");
        assert!(matches!(poll_fn(|cx| carriage.poll(cx)).await, Moved::Gone(_)));
        assert_eq!(carriage.unwritten(), 3);
    }
}
