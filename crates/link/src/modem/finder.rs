//! Brings ports and modems together: opens fixed ports, asks what is plugged in who it is, and gives each link its port.
//!
//! A link is known by what its configuration says of it, never by the name of a tty: a stick that comes back under another
//! number, or in another socket, is given to the same link. A port that closed while its device stayed is opened again for
//! the same link without asking.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::board::Board;
use super::devices::{Devices, Standing, Trouble};
use super::ends::{Closed, spawn};
use super::fault::Fault;
use super::port::Wire;
use super::probing::Found;
use super::settings::{LinkSettings, ModemsSettings, is_same};
use super::slot::{PortStanding, Slot};
use super::sysfs::{Sysfs, UsbDevice};
use crate::clock::Moment;
use postrider_config::{Finding, Modem, ModemPort, Modems as Configured};
use postrider_model::{LinkEvent, LinkName};

/// How long links that a reload removes may settle.
const RELOAD_SETTLE: Duration = Duration::from_secs(10);

/// What the daemon tells the finder.
pub(super) enum Command {
    /// The configuration is another one now.
    Reload(Box<Configured>, oneshot::Sender<()>),
    /// What may be the modem that is sought is tried at once; what that is comes back in words.
    Look(Sought, oneshot::Sender<Vec<String>>),
    /// Everything ends within this.
    Stop(Duration),
}

/// What a technician wants found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// Whatever is plugged in here: `1-1.2`.
    Place(String),
    /// The modem of this link.
    Link(LinkName),
}

/// What a task of the finder brought.
pub(super) enum Done {
    /// A port was opened for a link, or not.
    Opened { link: LinkName, result: Result<(Wire, String), Fault> },
    /// A device was asked.
    Probed { usb: UsbDevice, tries: u32, result: Result<Found, Fault> },
    /// A link ended.
    Stopped(LinkName),
}

/// The task.
pub(super) struct Finder {
    pub settings: ModemsSettings,
    pub board: Board,
    pub events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>,
    pub commands: mpsc::Receiver<Command>,
    pub closed_in: mpsc::Sender<Closed>,
    pub closed: mpsc::Receiver<Closed>,
    pub sysfs: Sysfs,
    pub devices: Devices,
    pub links: BTreeMap<LinkName, Slot>,
    pub work: JoinSet<Done>,
}

impl Finder {
    pub fn new(
        settings: ModemsSettings,
        board: Board,
        events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let (closed_in, closed) = mpsc::channel(64);
        let sysfs = Sysfs::new(settings.roots.clone());
        let (devices, links, work) = (Devices::default(), BTreeMap::new(), JoinSet::new());
        Self { settings, board, events, commands, closed_in, closed, sysfs, devices, links, work }
    }

    /// Starts the links of the configuration; they have no ports yet.
    pub fn start_missing(&mut self) {
        let list = std::mem::take(&mut self.settings.modems.list);
        for modem in &list {
            if !self.links.contains_key(&LinkName::modem(&modem.group, &modem.name)) {
                self.start(modem.clone(), false);
            }
        }
        self.settings.modems.list = list;
    }

    pub fn start(&mut self, modem: Modem, discovered: bool) -> LinkName {
        let now = Moment::read().now;
        let settings = LinkSettings::new(&modem, &self.settings);
        let name = settings.name();
        let ends = spawn(settings, self.events.clone(), self.closed_in.clone());
        self.board.insert(name.clone(), ends.link.clone(), ends.modem.clone());
        let port = PortStanding::Waiting { next: now, tries: 0, last: None };
        let trouble = Trouble::default();
        self.links.insert(name.clone(), Slot { modem, ends, port, discovered, since: now, was_there: false, trouble });
        name
    }

    pub async fn run(mut self) {
        let mut tick = tokio::time::interval(self.settings.poll_every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let looks = !self.links.is_empty() || self.settings.modems.discover;
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Reload(modems, done)) => {
                        self.reload(*modems);
                        let _ = done.send(());
                    }
                    Some(Command::Look(sought, tried)) => {
                        let _ = tried.send(self.look_again(&sought, Moment::read().now));
                    }
                    Some(Command::Stop(limit)) => return self.stop(limit).await,
                    None => return self.stop(Duration::ZERO).await,
                },
                Some(closed) = self.closed.recv() => self.handle_closed(&closed),
                Some(done) = self.work.join_next(), if !self.work.is_empty() => {
                    // A task that panicked has told so; what it was about is tried again after a reload or replug.
                    if let Ok(done) = done {
                        self.handle_done(done);
                    }
                }
                _ = tick.tick(), if looks => {}
            }
            self.look();
        }
    }

    /// One look at everything: what came, what went, what is due.
    fn look(&mut self) {
        let now = Moment::read().now;
        if let Some(found) = self.sysfs.poll() {
            let in_use = self.links.iter().filter_map(|(name, link)| Some((name.clone(), link.port.tty()?.clone())));
            for lost in self.devices.update(found, &in_use.collect(), now) {
                // The port's own end is told by the link; until then its last port is no longer worth a try.
                if let Some(PortStanding::Waiting { last, .. }) = self.links.get_mut(&lost).map(|link| &mut link.port) {
                    *last = None;
                }
            }
            self.claim_fixed(now);
        }
        self.open_due(now);
        self.probe_due(now);
        self.tell_missing(now);
        self.board.set_strays(&self.devices);
    }

    /// A device of which a fixed port is configured belongs to that link, whether it has it open or not.
    pub fn claim_fixed(&mut self, now: Instant) {
        for (name, link) in &self.links {
            let Finding::Port(ModemPort::Device(path)) = &link.modem.finding else { continue };
            let Some(place) = self.devices.of_tty(path).map(|device| device.usb.path.clone()) else { continue };
            if self.devices.of_link(name).is_some_and(|device| device.usb.path != place) {
                self.devices.release(name, now);
            }
            if let Some(device) = self.devices.get_mut(&place) {
                device.standing = Standing::Claimed(name.clone());
            }
        }
    }

    fn reload(&mut self, new: Configured) {
        let old = std::mem::replace(&mut self.settings.modems, new);
        let modems = &self.settings.modems;
        let mut gone = Vec::new();
        for (name, link) in &mut self.links {
            let named = |modem: &&Modem| LinkName::modem(&modem.group, &modem.name) == *name;
            let kept = match modems.list.iter().find(named) {
                Some(new) if !link.discovered && is_same((&link.modem, &old), (new, modems)) => Some(new.clone()),
                Some(_) => None,
                // A modem that has a name now is no longer one that was only found.
                None if link.discovered && modems.discover && !link.is_named_by(&modems.list) => {
                    let new = Modem::new(&link.modem.name, link.modem.finding.clone(), modems);
                    is_same((&link.modem, &old), (&new, modems)).then_some(new)
                }
                None => None,
            };
            match kept {
                Some(modem) => link.modem = modem,
                None => gone.push(name.clone()),
            }
        }
        for name in gone {
            self.end(&name, RELOAD_SETTLE);
        }
        self.start_missing();
        // What was nobody's may be somebody's now.
        let now = Moment::read().now;
        for device in self.devices.values_mut() {
            if matches!(device.standing, Standing::Nobodys { .. }) {
                device.standing = Standing::Unknown { next: now, tries: 0 };
            }
        }
        self.claim_fixed(now);
    }

    fn end(&mut self, name: &LinkName, limit: Duration) {
        let Some(link) = self.links.get_mut(name) else { return };
        link.port = PortStanding::Stopping;
        let handle = link.ends.link.clone();
        let name = name.clone();
        self.work.spawn(async move {
            handle.shutdown(limit).await;
            Done::Stopped(name)
        });
    }

    async fn stop(mut self, limit: Duration) {
        for link in self.links.values() {
            link.ends.link.begin_shutdown(limit);
        }
        for link in std::mem::take(&mut self.links).into_values() {
            link.ends.link.stopped().await;
        }
        self.work.shutdown().await;
    }
}
