//! Moves octets between a port and its machine, and opens and closes the port.

use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::pty::Pty;
use super::telnet::Telnet;
use super::usb::UsbSocket;
use super::{PortMachine, Shared, TcpForm, now};
use crate::modem::PortChange;

/// Octets read at a time.
const READ_OCTETS: usize = 4096;

/// What the handle asks for.
#[derive(Debug)]
pub(super) enum Order {
    Unplug(oneshot::Sender<()>),
    Replug(oneshot::Sender<io::Result<()>>),
}

/// Where ports come from.
#[derive(Debug)]
pub(super) enum Source {
    Pty { link: Option<PathBuf>, last: Option<PathBuf>, socket: Option<UsbSocket> },
    Tcp { listener: TcpListener, form: TcpForm },
}

/// An open port.
#[derive(Debug)]
pub(super) enum Port {
    Pty(Pty),
    Tcp(TcpStream, Option<Telnet>),
}

impl Source {
    /// A new pseudo terminal with its link.
    pub fn open(&mut self) -> io::Result<Port> {
        let Self::Pty { link, last, socket } = self else { return Err(ErrorKind::Unsupported.into()) };
        let pty = Pty::open(last.as_deref())?;
        *last = Some(pty.path.clone());
        if let Some(link) = link {
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(&pty.path, link)?;
        }
        if let Some(socket) = socket {
            socket.plug(&pty.path)?;
        }
        Ok(Port::Pty(pty))
    }

    fn remove_link(&self) {
        let Self::Pty { link, socket, .. } = self else { return };
        if let Some(socket) = socket {
            socket.unplug();
        }
        if let Some(link) = link {
            let _ = std::fs::remove_file(link);
        }
    }
}

impl Port {
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Pty(pty) => Some(pty.path.clone()),
            Self::Tcp(..) => None,
        }
    }

    /// Reads what is there; 0 is the end.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Pty(pty) => loop {
                let mut guard = ready!(pty.master.poll_read_ready(cx))?;
                match rustix::io::read(pty.master.get_ref(), &mut *buffer) {
                    Ok(count) => {
                        pty.share();
                        return Poll::Ready(Ok(count));
                    }
                    Err(rustix::io::Errno::AGAIN) => guard.clear_ready(),
                    Err(error) => return Poll::Ready(Err(error.into())),
                }
            },
            Self::Tcp(stream, _) => {
                let mut read = ReadBuf::new(buffer);
                ready!(Pin::new(stream).poll_read(cx, &mut read))?;
                Poll::Ready(Ok(read.filled().len()))
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Pty(pty) => loop {
                let mut guard = ready!(pty.master.poll_write_ready(cx))?;
                match rustix::io::write(pty.master.get_ref(), octets) {
                    Err(rustix::io::Errno::AGAIN) => guard.clear_ready(),
                    result => return Poll::Ready(result.map_err(io::Error::from)),
                }
            },
            Self::Tcp(stream, _) => Pin::new(stream).poll_write(cx, octets),
        }
    }
}

/// The task.
pub(super) struct Carrier<M> {
    shared: Arc<Shared<M>>,
    source: Source,
    port: Option<Port>,
    plugged: bool,
    out: Vec<u8>,
    buffer: Box<[u8]>,
}

impl<M: PortMachine> Carrier<M> {
    pub fn new(shared: Arc<Shared<M>>, source: Source, port: Option<Port>) -> Self {
        Self { shared, source, port, plugged: true, out: Vec::new(), buffer: vec![0; READ_OCTETS].into_boxed_slice() }
    }

    pub async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let shared = Arc::clone(&self.shared);
        loop {
            let deadline = shared.lock().poll_timeout();
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
                () = poll_fn(|cx| poll_port(&mut self.port, &mut self.out, &mut self.buffer, &shared, cx)) => {}
                stream = accept(&self.source) => self.connect(stream),
                () = sleep_until(deadline) => {}
                () = shared.wake.notified() => {}
            }
            self.finish_turn();
        }
        self.source.remove_link();
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Unplug(done) => {
                self.close();
                self.plugged = false;
                self.shared.lock().handle_unplugged();
                let _ = done.send(());
            }
            Order::Replug(done) => {
                let opened = self.open();
                self.shared.lock().handle_plugged(now());
                let _ = done.send(opened);
            }
        }
    }

    fn open(&mut self) -> io::Result<()> {
        self.close();
        self.plugged = true;
        if matches!(self.source, Source::Pty { .. }) {
            let port = self.source.open()?;
            *self.shared.place() = port.path();
            self.port = Some(port);
        }
        Ok(())
    }

    fn close(&mut self) {
        self.source.remove_link();
        *self.shared.place() = None;
        self.port = None;
        self.out.clear();
    }

    fn connect(&mut self, stream: TcpStream) {
        // A stick that is pulled out lets its server answer, and nothing more.
        if !self.plugged {
            return;
        }
        let _ = stream.set_nodelay(true);
        let Source::Tcp { form, .. } = &self.source else { return };
        self.out.clear();
        self.port = Some(Port::Tcp(stream, (*form == TcpForm::Rfc2217).then(Telnet::default)));
    }

    /// What is due happens, and what the machine says is written as far as the port takes it.
    fn finish_turn(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut machine = shared.lock();
        machine.handle_timeout(now());
        while let Some(change) = machine.poll_port() {
            match change {
                PortChange::Gone => self.close(),
                // A port that cannot be had stays away, which the gateway sees.
                PortChange::Back => drop(self.open()),
            }
        }
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while self.out.is_empty() {
            let Some(octets) = machine.poll_transmit() else { break };
            // Without anybody at the other end of a serial server the octets are lost, as on a bare wire.
            let Some(port) = &mut self.port else { continue };
            self.out = if matches!(port, Port::Tcp(_, Some(_))) { Telnet::write(&octets) } else { octets };
            if let Poll::Ready(Ok(count)) = port.poll_write(&mut cx, &self.out) {
                self.out.drain(..count);
            }
        }
        drop(machine);
        self.shared.turned.notify_waiters();
    }
}

/// Reads and writes what can be read and written; ready as soon as anything was.
fn poll_port<M: PortMachine>(
    open: &mut Option<Port>,
    out: &mut Vec<u8>,
    buffer: &mut [u8],
    shared: &Shared<M>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let Some(port) = open else { return Poll::Pending };
    let (mut moved, mut ended) = (false, false);
    while !out.is_empty() && !ended {
        match port.poll_write(cx, out) {
            Poll::Ready(Ok(count)) if count > 0 => drop(out.drain(..count)),
            Poll::Ready(_) => ended = true,
            Poll::Pending => break,
        }
        moved = true;
    }
    match port.poll_read(cx, buffer) {
        Poll::Pending => {}
        Poll::Ready(Ok(count)) if count > 0 => {
            moved = true;
            let octets = buffer.get(..count).unwrap_or_default();
            match port {
                Port::Tcp(_, Some(telnet)) => {
                    let (data, answers) = telnet.read(octets);
                    out.extend(answers);
                    shared.lock().handle_bytes(now(), &data);
                }
                Port::Pty(_) | Port::Tcp(_, None) => shared.lock().handle_bytes(now(), octets),
            }
        }
        Poll::Ready(_) => ended = true,
    }
    if ended {
        // The other end is gone; the modem is not.
        *open = None;
        out.clear();
    }
    if moved || ended { Poll::Ready(()) } else { Poll::Pending }
}

async fn accept(source: &Source) -> TcpStream {
    if let Source::Tcp { listener, .. } = source {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                return stream;
            }
        }
    }
    pending().await
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => pending().await,
    }
}
