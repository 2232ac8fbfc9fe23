//! Carries the simulated carrier's octets over TCP, in the clear or over TLS.
//!
//! One task owns the listener and all connections; the machine behind a lock decides everything. The handle looks at the
//! machine, changes its faults, lets handsets send, and waits for what a test wants to see.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::carrier::Carrier;
use super::connection::ConnectionId;
use super::settings::CarrierSettings;
use postrider_model::Timestamp;

/// Octets read at a time; one buffer serves all connections.
const READ_OCTETS: usize = 64 * 1024;
/// TLS handshakes under way at most.
const HANDSHAKES_MAX: usize = 64;

/// Where and how the carrier listens.
#[derive(Default)]
pub struct ServerSettings {
    /// What it is.
    pub carrier: CarrierSettings,
    /// Its seed.
    pub seed: u64,
    /// TLS instead of plain TCP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The ledger's lines go here, before the answers that they record leave.
    pub ledger_file: Option<File>,
}

/// A listening simulated carrier. It stops when the handle is dropped.
#[derive(Debug)]
pub struct CarrierServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    outbinds: mpsc::Sender<TcpStream>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    carrier: Mutex<Carrier>,
    /// Somebody changed the machine from outside.
    wake: Notify,
    /// A turn is over.
    turned: Notify,
}

impl Shared {
    /// The machine holds no invariant over a panic elsewhere, so a poisoned lock is as good as a clean one.
    fn lock(&self) -> MutexGuard<'_, Carrier> {
        self.carrier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CarrierServer {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is in use or not ours.
    pub async fn listen(address: SocketAddr, mut settings: ServerSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        settings.carrier.lines |= settings.ledger_file.is_some();
        let carrier = Carrier::new(settings.carrier, settings.seed, now(), wall());
        let shared = Arc::new(Shared { carrier: Mutex::new(carrier), wake: Notify::new(), turned: Notify::new() });
        let (stop, stopped) = oneshot::channel();
        let (outbinds, outbound) = mpsc::channel(HANDSHAKES_MAX);
        let server = Server {
            shared: Arc::clone(&shared),
            sockets: Vec::new(),
            buffer: vec![0; READ_OCTETS].into_boxed_slice(),
            ledger_file: settings.ledger_file,
            outbound,
        };
        let task = tokio::spawn(server.run(listener, settings.tls.map(TlsAcceptor::from), stopped));
        Ok(Self { address, shared, stop: Some(stop), outbinds, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Looks at the machine, or changes it; what that causes leaves at once.
    pub fn with<T>(&self, work: impl FnOnce(&mut Carrier, Instant) -> T) -> T {
        let result = work(&mut self.shared.lock(), now());
        self.shared.wake.notify_one();
        result
    }

    /// Waits until the machine is as `wanted` says.
    pub async fn until(&self, mut wanted: impl FnMut(&Carrier) -> bool) {
        loop {
            let turned = self.shared.turned.notified();
            tokio::pin!(turned);
            // Registered before the look, so that a turn in between is not missed.
            turned.as_mut().enable();
            if wanted(&self.shared.lock()) {
                return;
            }
            turned.await;
        }
    }

    /// Connects to a client and asks it to bind.
    ///
    /// # Errors
    /// When the client does not listen there.
    pub async fn outbind(&self, client: SocketAddr) -> io::Result<()> {
        let tcp = TcpStream::connect(client).await?;
        let _ = tcp.set_nodelay(true);
        // The task is gone only when the server was stopped.
        let _ = self.outbinds.send(tcp).await;
        Ok(())
    }

    /// Stops listening and breaks all connections.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }
}

/// One client's connection.
struct Socket {
    id: ConnectionId,
    stream: Box<dyn Duplex>,
    out: BytesMut,
    gone: bool,
}

/// TCP or TLS over it.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

struct Server {
    shared: Arc<Shared>,
    sockets: Vec<Socket>,
    buffer: Box<[u8]>,
    ledger_file: Option<File>,
    /// Connections that we made ourselves.
    outbound: mpsc::Receiver<TcpStream>,
}

impl Server {
    async fn run(mut self, listener: TcpListener, tls: Option<TlsAcceptor>, mut stopped: oneshot::Receiver<()>) {
        let (shaken, mut handshakes) = mpsc::channel::<Box<dyn Duplex>>(HANDSHAKES_MAX);
        let shared = Arc::clone(&self.shared);
        loop {
            let deadline = shared.lock().poll_timeout();
            tokio::select! {
                biased;
                _ = &mut stopped => return,
                () = poll_fn(|cx| poll_sockets(&mut self.sockets, &mut self.buffer, &self.shared, cx)) => {}
                Some(tcp) = self.outbound.recv() => {
                    let id = self.add(Box::new(tcp));
                    self.shared.lock().send_outbind(id);
                }
                accepted = listener.accept() => if let Ok((tcp, _)) = accepted {
                    self.accept(tcp, tls.as_ref(), &shaken);
                },
                Some(stream) = handshakes.recv() => { self.add(stream); }
                () = sleep_until(deadline) => {}
                () = shared.wake.notified() => {}
            }
            self.finish_turn();
        }
    }

    fn accept(&mut self, tcp: TcpStream, tls: Option<&TlsAcceptor>, shaken: &mpsc::Sender<Box<dyn Duplex>>) {
        let _ = tcp.set_nodelay(true);
        let Some(tls) = tls else {
            self.add(Box::new(tcp));
            return;
        };
        let (handshake, shaken) = (tls.accept(tcp), shaken.clone());
        tokio::spawn(async move {
            // A client that fails the handshake sees why on its own side.
            if let Ok(stream) = handshake.await {
                let _ = shaken.send(Box::new(stream)).await;
            }
        });
    }

    fn add(&mut self, stream: Box<dyn Duplex>) -> ConnectionId {
        let id = self.shared.lock().handle_connect(now());
        self.sockets.push(Socket { id, stream, out: BytesMut::new(), gone: false });
        id
    }

    /// What is due happens, the ledger reaches its file, and only then the answers reach their connections.
    fn finish_turn(&mut self) {
        let now = now();
        let mut carrier = self.shared.lock();
        carrier.handle_timeout(now);
        if let (Some(file), Some(lines)) = (&mut self.ledger_file, carrier.take_lines()) {
            // A full disk ends the simulation rather than its honesty.
            file.write_all(lines.as_bytes()).expect("the ledger file can be written");
        }
        for socket in &mut self.sockets {
            if socket.out.is_empty() {
                carrier.poll_transmit(socket.id, &mut socket.out);
            }
            if socket.gone {
                carrier.handle_closed(socket.id, now);
            }
        }
        self.sockets.retain(|socket| !socket.gone);
        while let Some(id) = carrier.poll_close() {
            // Octets that the machine gave out may still wait for the kernel.
            if let Some(socket) = self.sockets.iter_mut().find(|socket| socket.id == id) {
                socket.last_words();
            }
            self.sockets.retain(|socket| socket.id != id);
            carrier.handle_closed(id, now);
        }
        drop(carrier);
        self.shared.turned.notify_waiters();
    }
}

/// Reads and writes what can be read and written; ready as soon as anything was.
fn poll_sockets(sockets: &mut [Socket], buffer: &mut [u8], shared: &Shared, cx: &mut Context<'_>) -> Poll<()> {
    let mut moved = false;
    for socket in sockets {
        moved |= socket.poll_write(cx);
        moved |= socket.poll_read(cx, buffer, shared);
    }
    if moved { Poll::Ready(()) } else { Poll::Pending }
}

impl Socket {
    fn poll_write(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while !self.out.is_empty() && !self.gone {
            match Pin::new(&mut self.stream).poll_write(cx, &self.out) {
                Poll::Ready(Ok(octets)) if octets > 0 => self.out.advance(octets),
                Poll::Ready(_) => self.gone = true,
                Poll::Pending => break,
            }
            moved = true;
        }
        if let Poll::Ready(Err(_)) = Pin::new(&mut self.stream).poll_flush(cx) {
            self.gone = true;
            moved = true;
        }
        moved
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8], shared: &Shared) -> bool {
        if self.gone {
            return false;
        }
        let mut read = ReadBuf::new(buffer);
        match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
            Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                shared.lock().handle_bytes(self.id, read.filled(), now());
            }
            Poll::Ready(_) => self.gone = true,
            Poll::Pending => return false,
        }
        true
    }

    /// One try to write what is left, before the connection is closed.
    fn last_words(&mut self) {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        self.poll_write(&mut cx);
        let _ = Pin::new(&mut self.stream).poll_shutdown(&mut cx);
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[expect(clippy::disallowed_methods, reason = "the ledger shows the wall clock, read once at the start")]
fn wall() -> Timestamp {
    jiff::Timestamp::now().into()
}
