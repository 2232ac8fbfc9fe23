//! Carries the octets of a simulated modem over a pseudo terminal or TCP, and pulls it out and plugs it in again.
//!
//! | file | decides |
//! |---|---|
//! | `pty` | how a pseudo terminal is opened so that it behaves like a stick's port |
//! | `telnet` | the part of RFC 2217 that a serial server speaks |
//! | `usb` | a bus of our own making, for gateways that search for modems |
//! | `task` | nothing: it moves octets between the port and the machine |
//!
//! One task carries one modem; it sleeps while nothing happens, so that dozens of modems in one process cost little.

mod pty;
mod task;
mod telnet;
#[cfg(test)]
mod tests;
mod usb;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot};

use super::fixture_player::Player;
use super::modem::{Fault, ModemFaults, PortChange, SimModem, SimModemSettings};
use task::{Carrier, Order, Source};

pub use usb::{UsbSocket, UsbTree};

/// Orders that wait for the task.
const ORDERS_MAX: usize = 16;

/// A machine behind a serial port.
pub trait PortMachine: Send + 'static {
    /// Octets from the gateway.
    fn handle_bytes(&mut self, now: Instant, octets: &[u8]);
    /// Does what is due.
    fn handle_timeout(&mut self, now: Instant);
    /// Octets for the gateway.
    fn poll_transmit(&mut self) -> Option<Vec<u8>>;
    /// When something is due.
    fn poll_timeout(&self) -> Option<Instant>;
    /// What happened to the port.
    fn poll_port(&mut self) -> Option<PortChange>;
    /// It lost its power.
    fn handle_unplugged(&mut self);
    /// It has power again.
    fn handle_plugged(&mut self, now: Instant);
}

impl PortMachine for SimModem {
    fn handle_bytes(&mut self, now: Instant, octets: &[u8]) {
        Self::handle_bytes(self, now, octets);
    }

    fn handle_timeout(&mut self, now: Instant) {
        Self::handle_timeout(self, now);
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        Self::poll_transmit(self)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Self::poll_timeout(self)
    }

    fn poll_port(&mut self) -> Option<PortChange> {
        Self::poll_port(self)
    }

    fn handle_unplugged(&mut self) {
        Self::handle_unplugged(self);
    }

    fn handle_plugged(&mut self, now: Instant) {
        Self::handle_plugged(self, now);
    }
}

impl PortMachine for Player {
    fn handle_bytes(&mut self, now: Instant, octets: &[u8]) {
        Self::handle_bytes(self, now, octets);
    }

    fn handle_timeout(&mut self, now: Instant) {
        Self::handle_timeout(self, now);
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        Self::poll_transmit(self)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Self::poll_timeout(self)
    }

    fn poll_port(&mut self) -> Option<PortChange> {
        Self::poll_port(self)
    }

    fn handle_unplugged(&mut self) {
        Self::handle_unplugged(self);
    }

    fn handle_plugged(&mut self, now: Instant) {
        Self::handle_timeout(self, now);
    }
}

/// What is spoken over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpForm {
    /// The octets alone.
    Raw,
    /// Telnet with the serial options of RFC 2217.
    Rfc2217,
}

/// A simulated modem on a port. It is unplugged when the handle is dropped.
#[derive(Debug)]
pub struct ModemServer<M = SimModem> {
    shared: Arc<Shared<M>>,
    orders: mpsc::Sender<Order>,
    address: Option<SocketAddr>,
}

#[derive(Debug)]
pub(super) struct Shared<M> {
    machine: Mutex<M>,
    /// Where the port is; `None` while it is unplugged.
    path: Mutex<Option<PathBuf>>,
    /// Somebody changed the machine from outside.
    wake: Notify,
    /// A turn is over.
    turned: Notify,
}

impl<M> Shared<M> {
    /// The machine holds no invariant over a panic elsewhere, so a poisoned lock is as good as a clean one.
    fn lock(&self) -> MutexGuard<'_, M> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.path.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModemServer {
    /// A modem on a pseudo terminal. With `link`, a symbolic link there leads to it while it is plugged in.
    ///
    /// # Errors
    /// When no pseudo terminal can be had, or the link cannot be made.
    pub fn on_pty(settings: SimModemSettings, seed: u64, link: Option<&Path>) -> io::Result<Self> {
        Self::machine_on_pty(SimModem::new(now(), settings, seed), link)
    }

    /// A modem on a bus of our own making.
    ///
    /// # Errors
    /// When its persona has no USB side, no pseudo terminal can be had, or the bus's folder cannot be written.
    pub fn on_usb(settings: SimModemSettings, seed: u64, tree: &Arc<UsbTree>, place: &str) -> io::Result<Self> {
        let socket = tree.socket(place, &settings.persona).ok_or(io::ErrorKind::Unsupported)?;
        Self::machine_on_usb(SimModem::new(now(), settings, seed), socket)
    }

    /// A modem behind a serial server on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is in use or not ours.
    pub async fn on_tcp(settings: SimModemSettings, seed: u64, address: SocketAddr, form: TcpForm) -> io::Result<Self> {
        Self::machine_on_tcp(SimModem::new(now(), settings, seed), address, form).await
    }

    /// A handset sends a text to the modem.
    ///
    /// # Errors
    /// When the text is too long for one message.
    pub fn receive(&self, from: &str, text: &str) -> Result<(), postrider_text::TextError> {
        self.with(|modem, now| modem.receive(now, from, text))
    }

    /// Changes what goes wrong from here on.
    pub fn set_faults(&self, faults: ModemFaults) {
        self.with(|modem, now| modem.set_faults(now, faults));
    }

    /// One fault at its next occasion.
    pub fn once(&self, fault: Fault) {
        self.with(|modem, _| modem.once(fault));
    }
}

impl<M: PortMachine> ModemServer<M> {
    /// Any machine on a pseudo terminal, as [`ModemServer::on_pty`].
    ///
    /// # Errors
    /// When no pseudo terminal can be had, or the link cannot be made.
    pub fn machine_on_pty(machine: M, link: Option<&Path>) -> io::Result<Self> {
        let mut source = Source::Pty { link: link.map(Path::to_owned), last: None, socket: None };
        let port = source.open()?;
        Ok(Self::start(machine, source, Some(port), None))
    }

    /// Any machine as a stick on a bus of our own making. Every plug gives its ports other names.
    ///
    /// # Errors
    /// When no pseudo terminal can be had, or the bus's folder cannot be written.
    pub fn machine_on_usb(machine: M, socket: UsbSocket) -> io::Result<Self> {
        let mut source = Source::Pty { link: None, last: None, socket: Some(socket) };
        let port = source.open()?;
        Ok(Self::start(machine, source, Some(port), None))
    }

    /// Any machine behind a serial server, as [`ModemServer::on_tcp`].
    ///
    /// # Errors
    /// When the address is in use or not ours.
    pub async fn machine_on_tcp(machine: M, address: SocketAddr, form: TcpForm) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self::start(machine, Source::Tcp { listener, form }, None, Some(address)))
    }

    fn start(machine: M, source: Source, port: Option<task::Port>, address: Option<SocketAddr>) -> Self {
        let path = port.as_ref().and_then(task::Port::path);
        let shared = Arc::new(Shared {
            machine: Mutex::new(machine),
            path: Mutex::new(path),
            wake: Notify::new(),
            turned: Notify::new(),
        });
        let (orders, waiting) = mpsc::channel(ORDERS_MAX);
        tokio::spawn(Carrier::new(Arc::clone(&shared), source, port).run(waiting));
        Self { shared, orders, address }
    }

    /// The pseudo terminal; `None` while it is unplugged, and over TCP.
    pub fn path(&self) -> Option<PathBuf> {
        self.shared.place().clone()
    }

    /// The serial server's address.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Pulls it out: the port hangs up, its link goes, and the modem has no power. Done when this returns.
    pub async fn unplug(&self) {
        let (done, waits) = oneshot::channel();
        // The task lives as long as this handle.
        let _ = self.orders.send(Order::Unplug(done)).await;
        let _ = waits.await;
    }

    /// Plugs it in again; a pseudo terminal has another name then. The modem starts cold.
    ///
    /// # Errors
    /// When no pseudo terminal can be had, or the link cannot be made.
    pub async fn replug(&self) -> io::Result<Option<PathBuf>> {
        let (done, waits) = oneshot::channel();
        let _ = self.orders.send(Order::Replug(done)).await;
        waits.await.unwrap_or(Ok(()))?;
        Ok(self.path())
    }

    /// Looks at the machine, or changes it; what that causes leaves at once.
    pub fn with<T>(&self, work: impl FnOnce(&mut M, Instant) -> T) -> T {
        let result = work(&mut self.shared.lock(), now());
        self.shared.wake.notify_one();
        result
    }

    /// Waits until the machine is as `wanted` says.
    pub async fn until(&self, mut wanted: impl FnMut(&mut M) -> bool) {
        loop {
            let turned = self.shared.turned.notified();
            tokio::pin!(turned);
            // Registered before the look, so that a turn in between is not missed.
            turned.as_mut().enable();
            if wanted(&mut self.shared.lock()) {
                return;
            }
            turned.await;
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
